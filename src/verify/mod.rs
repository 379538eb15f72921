//! Floor 5: proves.
