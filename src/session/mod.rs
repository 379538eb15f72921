//! Floor 2: the core, a pure state machine.
