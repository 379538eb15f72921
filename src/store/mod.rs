//! Floor 4: the journal and sled.
