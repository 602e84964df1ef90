//! Keeps the log readable, and the disk free, whatever phones, brokers and neighbours do: each line of the program is written
//! only so often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tracing::callsite::Identifier;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How often a line is written at once: each of many phones may say the same.
const BURST: f64 = 1000.0;
/// How often it is written in the long run, in a second.
const PACE: f64 = 1.0;

/// Leaves out what is logged too often. What somebody asked for, below `info`, is none of it.
#[derive(Debug, Default)]
pub(super) struct NoFlood(Mutex<HashMap<Identifier, Bucket>>);

impl<S: Subscriber> Layer<S> for NoFlood {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > LevelFilter::INFO {
            return true;
        }
        let left_out = {
            let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = now();
            buckets.entry(metadata.callsite()).or_insert_with(|| Bucket::new(now)).take(now)
        };
        match left_out {
            None => false,
            Some(0) => true,
            Some(left_out) => {
                tracing::warn!(left_out, "there are too many lines like the next one");
                true
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it counts lines, whatever time tests make up")]
fn now() -> Instant {
    Instant::now()
}

/// How often one line may still be written.
#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
    left_out: u64,
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self { left: BURST, at: now, left_out: 0 }
    }

    /// Takes a line. Returns how many were left out before it; none if it is left out, too.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left, self.at) = ((self.left + passed * PACE).min(BURST), now);
        if self.left < 1.0 {
            self.left_out += 1;
            return None;
        }
        self.left -= 1.0;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_that_comes_too_often_is_left_out_and_counted() {
        let start = now();
        let mut bucket = Bucket::new(start);
        let at = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..1000 {
            assert_eq!(bucket.take(start), Some(0));
        }
        for _ in 0..10_000 {
            assert_eq!(bucket.take(start), None);
        }
        assert_eq!(bucket.take(at(1)), Some(10_000));
        assert_eq!(bucket.take(at(1)), None);
        assert_eq!(bucket.take(at(3)), Some(1));
        assert_eq!(bucket.take(at(3)), Some(0));
        assert_eq!(bucket.take(at(10_000)), Some(0));
        assert!((bucket.left - (BURST - 1.0)).abs() < f64::EPSILON, "no more than a burst");
    }
}
