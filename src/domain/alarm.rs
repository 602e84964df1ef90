//! When a loop wakes its reducer: never in a tight circle, even if the reducer breaks its law.

use std::time::{Duration, Instant};

/// How long a reducer that wants to be woken for what it has just done waits.
const DELAY: Duration = Duration::from_secs(1);

/// The timer of a loop around a reducer.
///
/// The law of every reducer: after an event that was handled at some moment, its next wake-up is later, or there is none.
#[derive(Debug, Default)]
pub struct Alarm {
    at: Option<Instant>,
    warned: bool,
}

impl Alarm {
    /// Sets it to what the reducer wants after an event at `now`. Returns whether the log has to be told, once, that the
    /// law is broken.
    #[must_use]
    pub fn set(&mut self, wanted: Option<Instant>, now: Instant) -> bool {
        let broken = wanted.is_some_and(|wanted| wanted <= now);
        self.at = if broken { Some(now + DELAY) } else { wanted };
        broken && !std::mem::replace(&mut self.warned, true)
    }

    /// Returns when the reducer is to be woken.
    pub fn at(&self) -> Option<Instant> {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant does: the test only adds to it")]
    fn a_reducer_that_wants_to_be_woken_at_once_waits_and_is_told_of_once() {
        let now = Instant::now();
        let mut alarm = Alarm::default();
        assert_eq!(alarm.at(), None);
        assert!(!alarm.set(Some(now + DELAY * 5), now));
        assert_eq!(alarm.at(), Some(now + DELAY * 5));
        let earlier = now.checked_sub(DELAY).unwrap();
        for (round, wanted) in [now, now, earlier].into_iter().enumerate() {
            assert_eq!(alarm.set(Some(wanted), now), round == 0);
            assert_eq!(alarm.at(), Some(now + DELAY));
        }
        assert!(!alarm.set(None, now));
        assert_eq!(alarm.at(), None);
    }
}
