//! Floor 4: request → reply, usage, classified fault.
