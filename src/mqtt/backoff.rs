//! How long to wait before the next try.

use std::time::Duration;

/// Doubles from the first delay to the longest.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The delay before the next try; `jitter` (0 to 1) takes away up to half of it, so that the clients of a broker
    /// that comes back do not all arrive at once.
    pub(super) fn delay(&mut self, jitter: f64) -> Duration {
        let delay = self.next.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0);
        self.next = (self.next * 2).min(self.longest);
        delay
    }

    /// The connection held: the next loss is a new one.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest_and_starts_anew() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
        let mut delays = || (0..8).map(|_| backoff.delay(0.0).as_millis()).collect::<Vec<_>>();
        assert_eq!(delays(), [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        backoff.reset();
        assert_eq!(backoff.delay(0.0).as_millis(), 500);
    }

    #[test]
    fn jitter_takes_away_up_to_half() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(1));
        for (jitter, expected) in [(0.0, 1000), (0.5, 750), (1.0, 500), (7.0, 500)] {
            assert_eq!(backoff.delay(jitter).as_millis(), expected, "jitter {jitter}");
        }
    }
}
