//! The one clock.

use std::time::Instant;

/// The time; a paused one in tests that want that.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
