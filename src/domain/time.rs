//! The time, as an argument: only the shell reads the clock.

use std::time::Instant;

use jiff::Timestamp;

/// A moment, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For pauses: it never goes backwards.
    pub instant: Instant,
    /// For people.
    pub wall: Timestamp,
}
