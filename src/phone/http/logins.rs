//! The sessions at the phone: how old it is, and how fast another one is opened where sessions keep ending.

use std::time::Duration;

use tokio::time::Instant;

/// A session that ends sooner was ended by somebody, or the phone's are short.
const SHORT: Duration = Duration::from_mins(1);
/// The first pause between two logins where sessions are short, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));
/// This many logins in a row that were accepted, and were then useless, count as a refused one.
const USELESS: u32 = 3;

/// The session that is open, and those before it.
///
/// A login that was taken brings no phone nearer to its lock. So a session that ends is opened again at once, and where they
/// keep ending, at a growing pace: a person who has logged in to the phone's page is not thrown out each second.
#[derive(Debug, Default)]
pub(super) struct Logins {
    /// When it was opened.
    since: Option<Instant>,
    /// When one was opened last.
    opened: Option<Instant>,
    /// Number of sessions in a row that were short.
    short: u32,
    /// Number of sessions in a row in which nothing was answered.
    useless: u32,
}

impl Logins {
    pub(super) fn is_open(&self) -> bool {
        self.since.is_some()
    }

    /// Notes that one was opened.
    pub(super) fn opens(&mut self, now: Instant) {
        (self.since, self.opened) = (Some(now), Some(now));
    }

    /// Notes that it has ended.
    pub(super) fn ends(&mut self, now: Instant) {
        let Some(since) = self.since.take() else { return };
        self.short = if now - since < SHORT { self.short + 1 } else { 0 };
    }

    /// Notes that the phone answered in it.
    pub(super) fn is_good(&mut self) {
        self.useless = 0;
    }

    /// Notes that it has ended before the phone answered. Returns whether another login is worthwhile.
    pub(super) fn was_useless(&mut self, now: Instant) -> bool {
        self.ends(now);
        self.useless += 1;
        self.useless < USELESS
    }

    /// Returns how long to wait before another one is opened.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let (Some(opened), Some(doublings)) = (self.opened, self.short.checked_sub(3)) else {
            return Duration::ZERO;
        };
        let pause = PAUSES.0.saturating_mul(1 << doublings.min(16)).min(PAUSES.1);
        (opened + pause).saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn where_sessions_keep_ending_logins_are_slower_and_slower() {
        let (mut session, mut now) = (Logins::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..9 {
            session.opens(now);
            session.ends(now);
            pauses.push(session.wait(now).as_secs());
            now += session.wait(now);
        }
        assert_eq!(pauses, [0, 0, 2, 4, 8, 16, 32, 60, 60]);
        session.opens(now);
        session.ends(now + 50 * SECOND);
        assert_eq!(session.wait(now + 50 * SECOND), 10 * SECOND, "it counts from login to login");
        session.opens(now);
        session.ends(now + SHORT);
        assert_eq!(session.wait(now + SHORT), Duration::ZERO, "this one has lasted");
    }

    #[tokio::test(start_paused = true)]
    async fn logins_that_are_good_for_nothing_are_given_up() {
        let (mut session, now) = (Logins::default(), Instant::now());
        let mut tried = |good| {
            session.opens(now);
            if good {
                session.is_good();
            }
            session.was_useless(now)
        };
        let worth = [false, false, true, false, false, false].map(&mut tried);
        assert_eq!(worth, [true, true, true, true, false, false]);
    }
}
