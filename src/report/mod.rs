//! Floor 5: the report at the end.
