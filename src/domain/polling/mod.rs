//! When a phone is asked what: the pace of each query, and the patience with a phone that does not answer.

use std::time::{Duration, Instant};

use crate::domain::request::{PhoneError, StatusQuery};

/// Phone and account status are read this often, and whenever a line changed.
const STATUS_EVERY: Duration = Duration::from_secs(30);
/// Clock and identity are read this often, and when the phone came back.
const SLOW_EVERY: Duration = Duration::from_mins(5);
/// What the phone does not have, or not for us, is tried this often: a new firmware, or another user, may bring it.
pub const UNSUPPORTED_RETRY: Duration = Duration::from_hours(1);
/// The slowest tries of a phone that does not answer.
const SLOWEST: Duration = Duration::from_secs(30);
/// A value is given up, or the phone offline, after this many misses in a row.
const MISSES: u32 = 3;
/// The first pause after a refused login: five bad ones lock these phones, some until they are restarted.
const HOLD: Duration = Duration::from_mins(10);
/// The longest pause after refused logins.
const LONGEST_HOLD: Duration = Duration::from_hours(6);
/// After a command, a push and a call the lines are watched closely for this long.
const LIVELY: Duration = Duration::from_secs(10);

/// The first look at a phone is at a random moment within this.
const SPREAD: Duration = Duration::from_secs(2);

/// How often the lines are read.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// While all are idle.
    pub idle: Duration,
    /// While one is not.
    pub active: Duration,
}

/// When each query is due, and what became of it before.
#[derive(Debug)]
pub struct Schedule {
    pace: Pace,
    watches: [Watch; StatusQuery::ALL.len()],
    lively_until: Option<Instant>,
    rng: fastrand::Rng,
}

#[derive(Debug, Clone, Copy)]
struct Watch {
    due: Instant,
    /// When it is due if nobody hurries.
    planned: Instant,
    asked: Option<Instant>,
    /// When it is to be asked, be it while an earlier one is under way.
    wanted: Option<Instant>,
    misses: u32,
    tried: bool,
}

/// What a failed query means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first miss: a person may want to know.
    FirstMiss,
    /// Nothing new.
    Patience,
    /// It was missed too often: what it told is not known any more.
    GivenUp,
}

impl Schedule {
    /// Starts with a look at the lines at a random moment of the first tick, or two seconds, so that several phones are not in step.
    pub fn new(pace: Pace, now: Instant, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let due = now + pace.idle.min(SPREAD).mul_f64(rng.f64());
        Self { pace, watches: [Watch::new(due); StatusQuery::ALL.len()], lively_until: None, rng }
    }

    /// Returns the query that is due for longest; of a phone that is not heard only the lines are asked.
    ///
    /// Not the most urgent one: a phone that is slower than its lines are due would never be asked for the rest.
    pub fn due(&self, now: Instant) -> Option<StatusQuery> {
        let query = self.first();
        (self.watch(query).due <= now).then_some(query)
    }

    /// Returns when the next query is due.
    pub fn next(&self) -> Instant {
        self.watch(self.first()).due
    }

    fn first(&self) -> StatusQuery {
        let all = StatusQuery::ALL.into_iter();
        let first = all.min_by_key(|query| self.watch(*query).due);
        first.filter(|_| !self.missing()).unwrap_or(StatusQuery::Lines)
    }

    /// Says whether every query was tried.
    pub fn all_tried(&self) -> bool {
        self.watches.iter().all(|watch| watch.tried)
    }

    /// Says whether the phone has gone unheard, be it once.
    pub fn missing(&self) -> bool {
        self.watch(StatusQuery::Lines).misses > 0
    }

    /// Makes a query due at this time at the latest; an answer to one that was asked before does not do.
    pub fn pull_forward(&mut self, query: StatusQuery, at: Instant) {
        let watch = self.watch_mut(query);
        watch.due = watch.due.min(at);
        watch.wanted = Some(watch.wanted.map_or(at, |wanted| wanted.min(at)));
    }

    /// Makes all queries but the one about the lines due now.
    pub fn pull_forward_others(&mut self, now: Instant) {
        for query in StatusQuery::ALL.into_iter().filter(|query| *query != StatusQuery::Lines) {
            self.pull_forward(query, now);
        }
    }

    /// Watches the lines closely for a while: something was just done to them. A phone that does not answer is not looked
    /// at more often than one that does.
    pub fn boost(&mut self, now: Instant) {
        let last = self.watch(StatusQuery::Lines).asked.filter(|_| self.missing());
        let at = last.map_or(now, |last| now.max(last + self.pace.idle));
        self.pull_forward(StatusQuery::Lines, at);
        self.lively_until = Some(now + LIVELY);
    }

    /// Asks nothing before this.
    pub fn hold_until(&mut self, until: Instant) {
        for watch in &mut self.watches {
            watch.plan(watch.due.max(until));
        }
        self.watch_mut(StatusQuery::Lines).plan(until);
    }

    /// Notes that a query is being asked.
    pub fn asks(&mut self, query: StatusQuery, now: Instant) {
        let watch = self.watch_mut(query);
        watch.wanted = watch.wanted.filter(|wanted| *wanted > now);
        watch.asked = Some(now);
    }

    /// Notes an answer to a query that was asked at `asked`; `busy` if a line is not idle.
    ///
    /// Returns whether the query had been missed before.
    pub fn answered(&mut self, query: StatusQuery, asked: Instant, busy: bool) -> bool {
        let lively = self.lively_until.is_some_and(|until| asked < until);
        let every = match query {
            StatusQuery::Lines if busy || lively => self.pace.active,
            StatusQuery::Lines => self.pace.idle,
            StatusQuery::Status | StatusQuery::Accounts => STATUS_EVERY,
            StatusQuery::Clock | StatusQuery::Identity => SLOW_EVERY,
        };
        if query == StatusQuery::Lines && busy {
            self.lively_until = self.lively_until.max(Some(asked + LIVELY));
        }
        let watch = self.watch_mut(query);
        let missed = watch.misses > 0;
        let due = watch.wanted.map_or(asked + every, |wanted| wanted.min(asked + every));
        watch.plan(due);
        (watch.misses, watch.tried) = (0, true);
        missed
    }

    /// Notes that a query was not answered. While one is missed, another try that somebody hurried does not count.
    pub fn missed(&mut self, query: StatusQuery, trouble: &PhoneError, now: Instant) -> Verdict {
        let watch = self.watch_mut(query);
        watch.wanted = None;
        if watch.misses > 0 && watch.asked.is_some_and(|asked| asked < watch.planned) {
            watch.due = watch.planned.max(now);
            return Verdict::Patience;
        }
        let misses = watch.misses + 1;
        let pause = match query {
            StatusQuery::Lines => {
                let slower = self.pace.idle.saturating_mul(1 << misses.min(16));
                slower.min(SLOWEST).mul_f64(0.75 + self.rng.f64() / 4.0)
            }
            _ if trouble.is_unavailable() => UNSUPPORTED_RETRY,
            StatusQuery::Status | StatusQuery::Accounts => STATUS_EVERY,
            StatusQuery::Clock | StatusQuery::Identity => SLOW_EVERY.min(STATUS_EVERY * misses),
        };
        let watch = self.watch_mut(query);
        watch.plan(now + pause);
        (watch.misses, watch.tried) = (misses, true);
        match misses {
            MISSES => Verdict::GivenUp,
            1 if query != StatusQuery::Lines && trouble.is_silence() => {
                // whether the phone is there is for the lines to find out
                self.pull_forward(StatusQuery::Lines, now);
                Verdict::Patience
            }
            1 => Verdict::FirstMiss,
            _ => Verdict::Patience,
        }
    }

    fn watch(&self, query: StatusQuery) -> &Watch {
        &self.watches[query as usize]
    }

    fn watch_mut(&mut self, query: StatusQuery) -> &mut Watch {
        &mut self.watches[query as usize]
    }
}

impl Watch {
    fn new(due: Instant) -> Self {
        Self { due, planned: due, asked: None, wanted: None, misses: 0, tried: false }
    }

    fn plan(&mut self, due: Instant) {
        (self.due, self.planned) = (due, due);
    }
}

/// Returns the pause after this many refused logins in a row.
pub fn hold(refusals: u32) -> Duration {
    HOLD.saturating_mul(1 << refusals.saturating_sub(1).min(16)).min(LONGEST_HOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(now: Instant) -> Schedule {
        let pace = Pace { idle: Duration::from_secs(2), active: Duration::from_millis(500) };
        Schedule::new(pace, now, 7)
    }

    #[expect(clippy::disallowed_methods, reason = "any instant does: tests only add to it")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_silent_phone_is_asked_slower_and_slower() {
        let now = start();
        let mut schedule = schedule(now);
        let mut pauses = Vec::new();
        for miss in 1..=20u32 {
            let verdict = schedule.missed(StatusQuery::Lines, &PhoneError::Timeout, now);
            assert_eq!(verdict == Verdict::FirstMiss, miss == 1);
            assert_eq!(verdict == Verdict::GivenUp, miss == 3);
            pauses.push(schedule.watch(StatusQuery::Lines).due - now);
        }
        for (pause, full) in pauses.iter().zip([4, 8, 16, 30, 30, 30]) {
            let full = Duration::from_secs(full);
            assert!(*pause <= full && *pause >= full.mul_f64(0.75), "{pause:?} of {full:?}");
        }
        assert!(pauses.iter().all(|pause| *pause <= SLOWEST));
    }

    #[test]
    fn who_hurries_does_not_wear_out_the_patience() {
        let now = start();
        let mut schedule = schedule(now);
        let lines = StatusQuery::Lines;
        let miss = |schedule: &mut Schedule, at| {
            schedule.asks(lines, at);
            schedule.missed(lines, &PhoneError::Timeout, at)
        };
        assert_eq!(miss(&mut schedule, now), Verdict::FirstMiss);
        let planned = schedule.watch(lines).due;
        let (mut at, mut asked) = (now, 0);
        while at < planned {
            schedule.boost(at);
            if schedule.due(at).is_some() {
                asked += 1;
                assert_eq!(miss(&mut schedule, at), Verdict::Patience);
                assert_eq!(schedule.watch(lines).due, planned.max(at), "the next is as it was");
            }
            at += Duration::from_millis(200);
        }
        assert_eq!(asked, 1, "it is tried at once, but not faster than a phone that is well");
        assert_eq!(miss(&mut schedule, planned), Verdict::Patience);
        let next = schedule.next();
        assert_eq!(miss(&mut schedule, next), Verdict::GivenUp);
    }

    #[test]
    fn phones_are_not_in_step() {
        let now = start();
        let pace = Pace { idle: Duration::from_secs(2), active: Duration::from_millis(500) };
        let firsts: Vec<_> =
            (0..50).map(|seed| Schedule::new(pace, now, seed).next() - now).collect();
        let early = firsts.iter().filter(|first| **first < Duration::from_secs(1)).count();
        assert!(firsts.iter().all(|first| *first <= pace.idle));
        assert!((10..=40).contains(&early), "{early} of 50 in the first half");
    }

    #[test]
    fn holds_grow() {
        let minutes = [1, 2, 3, 4, 5, 6, 7, 60].map(|n| hold(n).as_secs() / 60);
        assert_eq!(minutes, [10, 20, 40, 80, 160, 320, 360, 360]);
    }
}
