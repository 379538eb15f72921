//! Floor 6: owns the session and the adapters.
