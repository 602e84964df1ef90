//! What the phone answered, or that it did not: what that says of the phone, and of the command that asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::input::{Note, Now};
use super::state::{Effects, InFlight, Twin};
use crate::domain::call;
use crate::domain::command::pending::PendingCommand;
use crate::domain::contract::snapshot::Problem;
use crate::domain::polling::{Subject, Verdict};
use crate::domain::request::{Answer, PhoneError, PhoneRequest, StatusQuery};
use crate::domain::telephony::Line;
use crate::domain::values::named::Shown;

/// The contacts are read this long after a change: more changes may follow.
const SETTLED: Duration = Duration::from_secs(3);

impl Twin {
    /// Handles how the request in flight went; `sent` if the phone may have got it.
    pub(super) fn answered(
        &mut self,
        result: Result<Answer, PhoneError>,
        sent: bool,
        now: Now,
        effects: &mut Effects,
    ) {
        let Some(InFlight { request, since, command, instruction }) = self.in_flight.take() else {
            return;
        };
        let clear_no = result.as_ref().is_err_and(|error| !sent || error.is_a_clear_no());
        if let Some(instruction) = instruction.filter(|_| clear_no) {
            self.call(call::Input::Refused(instruction), now, effects);
        }
        self.unsupported.answered(&request, &result, now.instant);
        if result.is_ok() {
            self.presence.answered(now.instant);
        }
        let is_poll = command.is_none();
        match &result {
            Err(PhoneError::SessionEnded(wait)) => self.wait_for_login(*wait, now, effects),
            Err(error) if error.is_refused_login() => self.login_refused(error, now, effects),
            // only what a command wanted to know counts in a pause
            _ if self.presence.pause.is_some() && is_poll => {}
            Ok(answer) => self.learn(&request, answer, is_poll, since, now, effects),
            Err(error) => self.missed(&request, error, is_poll, since, now, effects),
        }
        if let Some(command) = command {
            self.go_on(command, &request, result, sent, now, effects);
        }
    }

    /// Goes on with a command, or answers it.
    fn go_on(
        &mut self,
        mut command: PendingCommand,
        request: &PhoneRequest,
        result: Result<Answer, PhoneError>,
        sent: bool,
        now: Now,
        effects: &mut Effects,
    ) {
        match command.answered(request, result, sent) {
            Some(result) => effects.finish(&command.header, result, now),
            None if command.wants_clock() => {
                let clock = self.picture.snapshot.clock_json();
                effects.finish(&command.header, Ok(clock), now);
            }
            None => self.queue.put_back(command),
        }
    }

    /// Handles an answer.
    fn learn(
        &mut self,
        request: &PhoneRequest,
        answer: &Answer,
        is_poll: bool,
        asked: Instant,
        now: Now,
        effects: &mut Effects,
    ) {
        if self.contacts.learn(request, answer, is_poll) && self.options.contacts_poll.is_some() {
            effects.note(Note::Contacts(self.contacts.len()));
            self.switchboard.know(self.contacts.names());
        }
        let snapshot = &mut self.picture.snapshot;
        match answer {
            Answer::Lines(lines) => self.lines(lines, asked, now, effects),
            Answer::Status(status) => snapshot.status = *status,
            Answer::Accounts(accounts) if *request != PhoneRequest::GetRegistered => {
                snapshot.accounts.clone_from(accounts);
            }
            Answer::Clock(clock) => {
                if self.picture.set_clock(*clock, asked, now) {
                    self.forget_unsupported(now);
                }
            }
            Answer::Identity(identity) => snapshot.identity.clone_from(identity),
            Answer::Values(values) => {
                let notes =
                    self.values_log.take(&self.options.values, values, &mut snapshot.values);
                effects.notes(notes);
            }
            Answer::PasswordChanged { ours: true } => effects.note(Note::PasswordChanged),
            Answer::Accounts(_)
            | Answer::PasswordChanged { ours: false }
            | Answer::Contacts(_)
            | Answer::Phonebook { .. }
            | Answer::Groups(_)
            | Answer::Done => {}
        }
        self.after(request, now);
        let busy = self.picture.is_busy();
        let job = self.polling.answered(request, is_poll, Ok(()), asked, busy, now.instant);
        match job {
            Some((Subject::Status(query), Verdict::Answered { after_misses: true }))
                if query != StatusQuery::Lines =>
            {
                effects.note(Note::Works(query));
            }
            Some((Subject::Values(_), _)) => {
                let well = self.polling.values_are_well();
                effects.notes(self.values_log.works(well));
            }
            Some((Subject::Contacts, _)) => drop(self.contacts.note(None)),
            Some((Subject::Status(_) | Subject::Groups, _)) | None => {}
        }
    }

    /// Handles the lines: the phone answers, and takes our login.
    fn lines(&mut self, lines: &Arc<[Line]>, asked: Instant, now: Now, effects: &mut Effects) {
        if *lines != self.picture.snapshot.lines {
            self.polling.pull_forward(StatusQuery::Status, now.instant);
            self.polling.pull_forward(StatusQuery::Accounts, now.instant);
        }
        effects.notes(self.picture.set_lines(lines));
        self.call(call::Input::Seen(Arc::clone(lines), asked), now, effects);
        let was_away = self.picture.snapshot.problem != Problem::None;
        let was_met = self.presence.is_met;
        let away = self.presence.is_there(now.instant);
        if was_away || !was_met || self.polling.is_missing() {
            // it may have been restarted, however short that was
            self.polling.pull_forward(StatusQuery::Clock, now.instant);
            effects.note(Note::Online(away));
        }
        if was_away || !was_met {
            self.polling.pull_values_forward(now.instant);
            self.polling.pull_contacts_forward(now.instant);
        }
        if was_away {
            self.polling.pull_status_forward(now.instant);
            self.forget_unsupported(now);
        }
        self.picture.snapshot.problem = Problem::None;
        self.polling.login_worked();
    }

    /// Forgets what the phone lacks, and has all it keeps read: it was restarted or away, perhaps for another firmware.
    pub(super) fn forget_unsupported(&mut self, now: Now) {
        self.unsupported.forget();
        self.polling.forget_unsupported(now.instant);
    }

    /// Handles that there is no answer.
    fn missed(
        &mut self,
        request: &PhoneRequest,
        error: &PhoneError,
        is_poll: bool,
        asked: Instant,
        now: Now,
        effects: &mut Effects,
    ) {
        self.after(request, now);
        if !is_poll {
            if matches!(error, PhoneError::Unsupported(_)) {
                self.polling.is_unsupported(request, now.instant);
            }
            if matches!(request, PhoneRequest::GetValues(_) | PhoneRequest::SetValues(_)) {
                // it may have obeyed all the same
                self.polling.pull_values_forward(now.instant);
            }
        }
        let lines = *request == PhoneRequest::Read(StatusQuery::Lines);
        if lines && self.picture.snapshot.problem == Problem::Paused {
            // the pause is over, and the phone is not there
            self.is_away_because(error);
        }
        let busy = self.picture.is_busy();
        let job = self.polling.answered(request, is_poll, Err(error), asked, busy, now.instant);
        if let Some((subject, verdict)) = job {
            self.judge(&subject, verdict, error, now, effects);
        }
    }

    /// Draws the consequences of a poll that was not answered.
    fn judge(
        &mut self,
        subject: &Subject,
        verdict: Verdict,
        error: &PhoneError,
        now: Now,
        effects: &mut Effects,
    ) {
        match (subject, verdict) {
            (_, Verdict::Patience | Verdict::Answered { .. }) | (Subject::Groups, _) => {}
            (Subject::Status(StatusQuery::Lines), Verdict::FirstMiss) => {
                self.presence.is_away(now.instant);
                effects.note(Note::Missed(error.clone()));
            }
            (Subject::Status(StatusQuery::Lines), Verdict::GivenUp) => {
                self.is_away_because(error);
                effects.note(Note::Offline(error.clone()));
            }
            (Subject::Status(query), verdict) => {
                if verdict == Verdict::FirstMiss || error.is_unavailable() {
                    effects.note(Note::Failing(*query, error.clone()));
                }
                if verdict == Verdict::GivenUp {
                    self.picture.forget(*query);
                }
            }
            (Subject::Values(names), verdict) => {
                effects.notes(self.values_log.fails(error));
                let lost = self.options.values.iter();
                for named in
                    lost.filter(|named| verdict == Verdict::GivenUp && names.contains(&named.value))
                {
                    self.picture.snapshot.values.insert(named.key.clone(), Shown::default());
                }
            }
            (Subject::Contacts, _) => {
                effects.notes(self.contacts.note(Some(error)).map(Note::NoContacts));
            }
        }
    }

    /// Has read again what a request may have changed, whether or not it was answered.
    fn after(&mut self, request: &PhoneRequest, now: Now) {
        match request {
            PhoneRequest::Dial { .. } | PhoneRequest::Operate { .. } | PhoneRequest::System(_) => {
                self.polling.boost(now.instant);
            }
            PhoneRequest::SaveContact(_)
            | PhoneRequest::DeleteContact(_)
            | PhoneRequest::DeleteAllContacts
            | PhoneRequest::AddGroup(_)
            | PhoneRequest::EditGroup { .. } => {
                self.polling.pull_contacts_forward(now.instant + SETTLED);
            }
            PhoneRequest::Read(_)
            | PhoneRequest::GetRegistered
            | PhoneRequest::GetValues(_)
            | PhoneRequest::SetValues(_)
            | PhoneRequest::ChangePassword { .. }
            | PhoneRequest::GetContacts(_)
            | PhoneRequest::DownloadPhonebook
            | PhoneRequest::GetGroups => {}
        }
    }

    /// Sends nothing to the phone for a while: another login could lock it.
    fn login_refused(&mut self, error: &PhoneError, now: Now, effects: &mut Effects) {
        let delay = self.polling.login_refused(now.instant);
        self.presence.is_away(now.instant);
        self.is_away_because(error);
        effects.note(Note::LoginRefused(error.clone(), delay));
    }

    /// Leaves the phone alone until the next login: it takes them, and so is online as long as its lines are read in
    /// between. That is logged once, and again after a quiet while.
    fn wait_for_login(&mut self, wait: Duration, now: Now, effects: &mut Effects) {
        self.polling.suspend_until(now.instant + wait);
        if self.presence.session_ended(now.instant) {
            effects.note(Note::SessionsEnd);
        }
    }

    fn is_away_because(&mut self, error: &PhoneError) {
        self.presence.is_met = true;
        let problem = Problem::from(error);
        match &mut self.presence.pause {
            Some(pause) => pause.problem = problem,
            None => self.picture.snapshot.problem = problem,
        }
        self.picture.snapshot.forget_the_present();
    }
}
