//! Floor 5: plans.
