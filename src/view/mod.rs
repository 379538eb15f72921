//! Floor 3: session → serialisable views.
