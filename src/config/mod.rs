//! Floor 1: how cco behaves, as checked values with their origin.
