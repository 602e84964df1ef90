//! Pauses: nothing is asked of a phone for a while, because somebody wants its only session for themselves.

use super::{Effect, Note, Now, Twin};
use crate::domain::command::result::{ErrorCode, Failure};
use crate::domain::contract::health::Vitals;
use crate::domain::contract::snapshot::Problem;
use crate::domain::request::{Answer, PhoneError, StatusQuery};

/// A pause that has begun.
#[derive(Debug)]
pub(super) struct Pause {
    pub(super) until: Now,
    /// What was wrong with the phone before, or has turned out since.
    pub(super) problem: Problem,
}

impl Twin {
    /// Returns how the phone is.
    pub fn vitals(&self) -> Vitals {
        Vitals {
            problem: self.met.then_some(self.snapshot.problem),
            answered: self.answered_at,
            paused_until: self.pause.as_ref().map(|pause| pause.until),
        }
    }

    /// Leaves the phone alone until then. The commands that wait for it are answered at once; the request that is under
    /// way ends as it would.
    pub(super) fn pause(&mut self, until: Now, now: Now, effects: &mut Vec<Effect>) {
        let problem = self.pause.as_ref().map_or(self.snapshot.problem, |pause| pause.problem);
        self.pause = Some(Pause { until, problem });
        self.met = true;
        self.away_since = self.away_since.or(Some(now.instant));
        self.snapshot.problem = Problem::Paused;
        self.snapshot.forget_the_present();
        effects.push(Effect::Note(Note::Paused(until.wall)));
        let failure = paused(until);
        for order in std::mem::take(&mut self.orders) {
            super::finish(&order.request, Err(failure.clone()), now, effects);
        }
    }

    /// Looks at the phone again, if it was paused: it stays offline until it has answered.
    pub(super) fn resume(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let Some(pause) = self.pause.take() else { return };
        effects.push(Effect::Note(Note::Resumed));
        if self.barred(now).is_some() {
            self.snapshot.problem = pause.problem;
            self.snapshot.forget_the_present();
        } else {
            self.schedule.pull_forward(StatusQuery::Lines, now.instant);
        }
    }

    /// Ends the pause whose time is up.
    pub(super) fn end_pause(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.pause.as_ref().is_some_and(|pause| pause.until.instant <= now.instant) {
            self.resume(now, effects);
        }
    }

    /// Takes in how a look at the phone went that was under way when the pause began: only that our login was refused
    /// is kept, for the phone counts it.
    pub(super) fn answered_in_pause(
        &mut self,
        result: &Result<Answer, PhoneError>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if let Err(trouble) = result
            && trouble.is_refused_login()
        {
            self.hold(trouble, now, effects);
        }
    }
}

/// Says that nothing is asked of the phone until then.
pub(super) fn paused(until: Now) -> Failure {
    let message = format!(
        "the phone is paused until {:.0}; the bridge's request resume ends that",
        until.wall
    );
    Failure::new(ErrorCode::Unreachable, message)
}
