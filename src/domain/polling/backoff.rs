//! How long to wait before the next attempt.

use std::time::{Duration, Instant};

/// Delay after the first refused login: five refusals lock these phones, some until they are restarted.
const LOGIN: Duration = Duration::from_mins(10);
/// Maximum delay after refused logins.
const LONGEST_LOGIN: Duration = Duration::from_hours(6);

/// Returns the delay after this many misses in a row (from 1): it doubles with each, up to `longest`.
pub(super) fn delay(first: Duration, misses: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << misses.saturating_sub(1).min(16)).min(longest)
}

/// How often the phone has refused our login in a row, and until when nothing is sent to it because of that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoginBackoff {
    refusals: u32,
    until: Option<Instant>,
}

impl LoginBackoff {
    /// Notes a refused login. Returns how long nothing may be sent.
    pub(super) fn refused(&mut self, now: Instant) -> Duration {
        self.refusals += 1;
        let delay = delay(LOGIN, self.refusals, LONGEST_LOGIN);
        self.until = Some(now + delay);
        delay
    }

    /// Returns until when nothing may be sent, if that is later than `now`.
    pub(super) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant does: the test only adds to it")]
    fn the_delay_after_refused_logins_doubles() {
        let now = Instant::now();
        let mut backoff = LoginBackoff::default();
        let minutes: Vec<_> = (0..9).map(|_| backoff.refused(now).as_secs() / 60).collect();
        assert_eq!(minutes, [10, 20, 40, 80, 160, 320, 360, 360, 360]);
        assert_eq!(backoff.until(now), Some(now + LONGEST_LOGIN));
        assert_eq!(backoff.until(now + LONGEST_LOGIN), None);
    }
}
