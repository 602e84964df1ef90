//! Whether the phone is there, since when, and whether somebody wants it for themselves.

use std::time::{Duration, Instant};

use super::input::Now;
use crate::domain::command::result::{ErrorCode, Failure};
use crate::domain::contract::health::Vitals;
use crate::domain::contract::snapshot::Problem;

/// Sessions that end are logged again after they did not end for this long.
const QUIET: Duration = Duration::from_mins(30);

/// What is known of the phone's presence besides its problem, which is in the snapshot.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Whether anything is known of the phone yet, be it that it is away.
    pub(super) is_met: bool,
    pub(super) away_since: Option<Instant>,
    answered_at: Option<Instant>,
    pub(super) pause: Option<Pause>,
    /// When a session was found to have ended soon after the login, at last.
    sessions_ended: Option<Instant>,
}

/// A pause: nothing is sent to the phone, because somebody wants its only session for themselves.
#[derive(Debug)]
pub(super) struct Pause {
    pub(super) until: Now,
    /// What was wrong with the phone before, or has turned out since.
    pub(super) problem: Problem,
}

impl Presence {
    /// Notes that the phone has answered something.
    pub(super) fn answered(&mut self, now: Instant) {
        self.answered_at = Some(now);
    }

    /// Notes that the phone is there. Returns how long it was away.
    pub(super) fn is_there(&mut self, now: Instant) -> Option<Duration> {
        self.is_met = true;
        self.away_since.take().map(|since| now - since)
    }

    /// Notes that the phone is not there.
    pub(super) fn is_away(&mut self, now: Instant) {
        self.away_since.get_or_insert(now);
    }

    /// Notes that a session has ended soon after the login. Returns `true` if the log has to know.
    pub(super) fn session_ended(&mut self, now: Instant) -> bool {
        let before = self.sessions_ended.replace(now);
        before.is_none_or(|at| now.duration_since(at) >= QUIET)
    }

    /// Begins a pause, or changes its end; `problem` is what is wrong with the phone.
    pub(super) fn pause(&mut self, until: Now, problem: Problem) {
        let problem = self.pause.as_ref().map_or(problem, |pause| pause.problem);
        self.pause = Some(Pause { until, problem });
        self.is_met = true;
    }

    /// Ends the pause if its time is up, or `at_once`. Returns what was wrong with the phone before it.
    pub(super) fn end_pause(&mut self, at_once: bool, now: Now) -> Option<Problem> {
        let ends = |pause: &mut Pause| at_once || pause.until.instant <= now.instant;
        self.pause.take_if(ends).map(|pause| pause.problem)
    }

    /// Returns why nothing may be sent to the phone, if it is paused.
    pub(super) fn paused(&self) -> Option<Failure> {
        let until = self.pause.as_ref()?.until;
        let message = format!(
            "the phone is paused until {:.0}; the bridge's request resume ends that",
            until.wall
        );
        Some(Failure::new(ErrorCode::Unreachable, message))
    }

    /// Returns how the phone is.
    pub(super) fn vitals(&self, problem: Problem) -> Vitals {
        Vitals {
            problem: self.is_met.then_some(problem),
            answered: self.answered_at,
            paused_until: self.pause.as_ref().map(|pause| pause.until),
        }
    }
}
