//! Floor 4: one process tree.
