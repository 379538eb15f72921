//! Floor 4: git.
