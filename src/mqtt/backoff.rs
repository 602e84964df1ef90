//! How long to wait before the next try.

use std::time::Duration;

/// Doubles from the first delay to the longest that fits the reason.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    first: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration) -> Self {
        Self { first, next: first }
    }

    /// The delay before the next try, at most `longest`; `jitter` (0 to 1) takes away up to half of it, so that the clients of
    /// a broker that comes back do not all arrive at once.
    pub(super) fn delay(&mut self, longest: Duration, jitter: f64) -> Duration {
        let delay = self.next.min(longest);
        self.next = (delay * 2).min(longest);
        delay.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
    }

    /// The connection served: the next loss is a new one.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(30);

    #[test]
    fn doubles_up_to_the_longest_and_starts_anew() {
        let mut backoff = Backoff::new(Duration::from_millis(500));
        let mut delays =
            || (0..8).map(|_| backoff.delay(LONGEST, 0.0).as_millis()).collect::<Vec<_>>();
        assert_eq!(delays(), [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(
            backoff.delay(Duration::from_secs(1), 0.0).as_millis(),
            1000,
            "for another reason"
        );
        backoff.reset();
        assert_eq!(backoff.delay(LONGEST, 0.0).as_millis(), 500);
    }

    #[test]
    fn jitter_takes_away_up_to_half() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second);
        for (jitter, expected) in [(0.0, 1000), (0.5, 750), (1.0, 500), (7.0, 500)] {
            assert_eq!(backoff.delay(second, jitter).as_millis(), expected, "jitter {jitter}");
        }
    }
}
