//! Floor 5: acts.
