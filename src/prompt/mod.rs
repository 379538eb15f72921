//! Floor 3: session → texts.
