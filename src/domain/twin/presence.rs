//! Whether the phone is there and takes our login, and what is still known of it if not.

use std::time::Duration;

use super::pause::paused;
use super::{Effect, Note, Now, Twin};
use crate::domain::command::result::{ErrorCode, Failure};
use crate::domain::contract::snapshot::Problem;
use crate::domain::polling::{Verdict, hold};
use crate::domain::request::{PhoneError, StatusQuery};
use crate::domain::telephony::PhoneStatus;

/// Sessions that did not keep ending for this long are said to, if they begin to again.
const QUIET: Duration = Duration::from_mins(30);

impl Twin {
    /// Takes in that the phone answers and takes our login.
    pub(super) fn heard(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let was_away = self.snapshot.problem != Problem::None;
        if was_away || !self.met || self.schedule.missing() {
            let away = self.away_since.map(|since| now.instant - since);
            // it may have been restarted, however short that was
            self.schedule.pull_forward(StatusQuery::Clock, now.instant);
            effects.push(Effect::Note(Note::Online(away)));
        }
        if was_away || !self.met {
            self.readings.reading.pull_forward(now.instant);
        }
        if was_away {
            self.schedule.pull_forward_others(now.instant);
            self.forget_lacking(now);
        }
        self.snapshot.problem = Problem::None;
        self.met = true;
        self.away_since = None;
        self.held = None;
        self.refusals = 0;
    }

    /// Forgets what the phone lacks, and has all it keeps read: it was restarted or away, perhaps for another firmware.
    pub(super) fn forget_lacking(&mut self, now: Now) {
        self.lacking.forget();
        self.readings.reading.pull_forward(now.instant);
        self.contacts.read_at(now.instant);
    }

    pub(super) fn missed(
        &mut self,
        query: StatusQuery,
        trouble: &PhoneError,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if trouble.is_refused_login() {
            self.hold(trouble, now, effects);
            return;
        }
        if query == StatusQuery::Lines && self.snapshot.problem == Problem::Paused {
            // the pause is over, and the phone is not there
            self.leave(trouble);
        }
        let verdict = self.schedule.missed(query, trouble, now.instant);
        match (query, verdict) {
            (_, Verdict::Patience) => {}
            (StatusQuery::Lines, Verdict::FirstMiss) => {
                self.away_since = self.away_since.or(Some(now.instant));
                effects.push(Effect::Note(Note::Missed(trouble.clone())));
            }
            (StatusQuery::Lines, Verdict::GivenUp) => {
                self.leave(trouble);
                effects.push(Effect::Note(Note::Offline(trouble.clone())));
            }
            (_, Verdict::FirstMiss) => {
                effects.push(Effect::Note(Note::Failing(query, trouble.clone())));
            }
            (_, Verdict::GivenUp) => self.forget(query),
        }
    }

    /// Asks nothing of the phone for a while: another try could lock it.
    pub(super) fn hold(&mut self, trouble: &PhoneError, now: Now, effects: &mut Vec<Effect>) {
        self.refusals += 1;
        let pause = hold(self.refusals);
        self.held = Some(now.instant + pause);
        self.away_since = self.away_since.or(Some(now.instant));
        self.schedule.hold_until(now.instant + pause);
        self.readings.reading.hold_until(now.instant + pause);
        self.leave(trouble);
        effects.push(Effect::Note(Note::Held(trouble.clone(), pause)));
    }

    /// Leaves the phone alone until the next login: it takes them, and so is online as long as its lines are read in
    /// between. That is said once, and again after a quiet while.
    pub(super) fn wait_for_login(&mut self, wait: Duration, now: Now, effects: &mut Vec<Effect>) {
        let until = now.instant + wait;
        self.schedule.hold_until(until);
        self.readings.reading.hold_until(until);
        let before = self.sessions_ended.replace(now.instant);
        if before.is_none_or(|at| now.instant.duration_since(at) >= QUIET) {
            effects.push(Effect::Note(Note::SessionsEnd));
        }
    }

    pub(super) fn leave(&mut self, trouble: &PhoneError) {
        self.met = true;
        let problem = Problem::from(trouble);
        match &mut self.pause {
            Some(pause) => pause.problem = problem,
            None => self.snapshot.problem = problem,
        }
        self.snapshot.forget_the_present();
    }

    pub(super) fn forget(&mut self, query: StatusQuery) {
        match query {
            StatusQuery::Lines => self.snapshot.forget_the_present(),
            StatusQuery::Status => self.snapshot.status = PhoneStatus::Unknown,
            StatusQuery::Accounts => {
                for account in &mut self.snapshot.accounts {
                    account.registered = None;
                }
            }
            StatusQuery::Clock => {
                self.snapshot.clock = None;
                self.snapshot.clock_skew = None;
                self.snapshot.booted_at = None;
            }
            // who the phone is does not change because it can't say so at present
            StatusQuery::Identity => {}
        }
    }

    /// Returns why nothing may be asked of the phone at present.
    pub(super) fn barred(&self, now: Now) -> Option<Failure> {
        if let Some(pause) = &self.pause {
            return Some(paused(pause.until));
        }
        let until = self.held.filter(|until| *until > now.instant)?;
        let minutes = (until - now.instant).as_secs().div_ceil(60);
        Some(Failure::new(
            ErrorCode::Unauthorized,
            format!(
                "the phone refused our login, and is left alone for {minutes} more min so that it does not lock; \
                 mend username and password, and reload the settings or restart the bridge"
            ),
        ))
    }
}
