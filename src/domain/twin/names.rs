//! The names that the phone's own contacts give: read now and then, and after a change; never while a call is being set up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Effect, Note, Now, Twin};
use crate::domain::contacts::directory::{Directory, Names};
use crate::domain::contacts::phonebook::{Contact, Filter, Group, cards};
use crate::domain::contract::snapshot::Problem;
use crate::domain::polling::UNSUPPORTED_RETRY;
use crate::domain::request::{Answer, PhoneError, PhoneRequest};
use crate::domain::telephony::LineState;

/// After a change so much time passes before the contacts are read: more changes may follow.
const SETTLED: Duration = Duration::from_secs(3);
/// After this a reading that failed is tried again.
const AGAIN: Duration = Duration::from_mins(5);

/// The phone's own contacts, and when they are read.
#[derive(Debug)]
pub(super) struct Contacts {
    every: Option<Duration>,
    due: Option<Instant>,
    /// Whether the groups were read, and the contacts are next.
    groups_done: bool,
    /// Whether the phone lacks contacts one by one, and its whole phonebook is read in their place.
    by_phonebook: bool,
    /// When the reading that is under way began.
    began: Option<Instant>,
    /// When somebody wanted them to be read, and they were not since.
    wanted: Option<Instant>,
    /// Whether they are to be asked for, though the phone was found to lack them.
    insisting: bool,
    listed: Vec<Contact>,
    groups: Vec<Group>,
    names: Names,
    trouble: Option<PhoneError>,
}

impl Contacts {
    /// Starts with none known; they are read as soon as the phone has said all else.
    pub(super) fn new(every: Option<Duration>, now: Instant) -> Self {
        Self {
            every,
            due: every.map(|_| now),
            groups_done: false,
            by_phonebook: false,
            began: None,
            wanted: None,
            insisting: false,
            listed: Vec::new(),
            groups: Vec::new(),
            names: Names::default(),
            trouble: None,
        }
    }

    /// Goes on with what is known; it is read again all the same.
    pub(super) fn follow(&mut self, before: Self) {
        if self.every.is_some() {
            let Self { listed, groups, names, trouble, .. } = before;
            (self.listed, self.groups, self.names, self.trouble) = (listed, groups, names, trouble);
        }
    }

    /// Has them read at this time.
    pub(super) fn read_at(&mut self, at: Instant) {
        self.due = self.every.map(|_| at);
        self.groups_done = false;
    }

    /// Has them read now, even if the phone was found to lack them.
    pub(super) fn insist(&mut self, now: Instant) {
        self.read_at(now);
        self.wanted = Some(now);
        self.insisting = true;
    }

    fn next(&self) -> PhoneRequest {
        match (self.groups_done, self.by_phonebook) {
            (false, _) => PhoneRequest::GetGroups,
            (true, false) => PhoneRequest::GetContacts(Filter::default()),
            (true, true) => PhoneRequest::DownloadPhonebook,
        }
    }

    /// Notes that a part of them is being asked for.
    fn asks(&mut self, now: Instant) {
        self.began.get_or_insert(now);
    }

    /// Takes in how a reading of our own went.
    fn done(&mut self, ask: &PhoneRequest, result: &Result<Answer, PhoneError>, now: Instant) {
        let away = result.as_ref().is_err_and(PhoneError::is_silence)
            || matches!(result, Err(PhoneError::SessionEnded(_)));
        let gone = matches!(
            result,
            Err(PhoneError::Unreachable(_)
                | PhoneError::BadCertificate(_)
                | PhoneError::SessionEnded(_))
        );
        if *ask == PhoneRequest::GetGroups && !gone {
            // without groups the contacts have names all the same
            self.groups_done = true;
            return;
        }
        let lacks = result.as_ref().is_err_and(PhoneError::is_unavailable);
        if lacks && matches!(ask, PhoneRequest::GetContacts(_)) {
            // it may hand all of them out in one piece
            self.by_phonebook = true;
            return;
        }
        self.by_phonebook = false;
        let began = self.began.take();
        // an answer that is older than the wish does not fulfil it
        let stale = self.wanted.is_some_and(|wanted| began.is_some_and(|began| began < wanted));
        self.wanted = None;
        if stale && !gone {
            return self.read_at(now);
        }
        let every = self.every.unwrap_or(UNSUPPORTED_RETRY);
        let pause = match result {
            Err(trouble) if trouble.is_unavailable() => UNSUPPORTED_RETRY.max(every),
            Err(_) if away => AGAIN.min(every),
            Ok(_) | Err(_) => every,
        };
        self.read_at(now + pause);
        self.insisting = false;
    }

    fn own(&self) -> Arc<Directory> {
        let cards = cards(&self.listed, &self.groups);
        Arc::new(Directory::new(self.names.others.country(), cards))
    }
}

impl Twin {
    /// Takes in the names of the settings.
    pub(super) fn named(&mut self, others: Arc<Directory>) {
        let moved = self.contacts.names.others.country() != others.country();
        self.contacts.names.others = others;
        if moved {
            self.contacts.names.own = self.contacts.own();
        }
        self.switchboard.know(self.contacts.names.clone());
    }

    /// Takes in what an answer says of the contacts, whoever asked for it.
    pub(super) fn learn_names(
        &mut self,
        ask: &PhoneRequest,
        result: &Result<Answer, PhoneError>,
        ours: bool,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let contacts = &mut self.contacts;
        let changes = matches!(
            ask,
            PhoneRequest::SaveContact(_)
                | PhoneRequest::DeleteContact(_)
                | PhoneRequest::DeleteAllContacts
                | PhoneRequest::AddGroup(_)
                | PhoneRequest::EditGroup { .. }
        );
        let reads = matches!(
            ask,
            PhoneRequest::GetContacts(_)
                | PhoneRequest::GetGroups
                | PhoneRequest::DownloadPhonebook
        );
        if changes {
            contacts.read_at(now.instant + SETTLED);
        } else if ours && reads {
            contacts.done(ask, result, now.instant);
            let trouble = result.as_ref().err();
            // a phone that lacks contacts one by one is asked for its phonebook first
            let said_all = matches!(ask, PhoneRequest::GetContacts(_)) && !contacts.by_phonebook
                || *ask == PhoneRequest::DownloadPhonebook;
            if said_all && trouble != contacts.trouble.as_ref() {
                contacts.trouble = trouble.cloned();
                effects.extend(trouble.cloned().map(|why| Effect::Note(Note::NoContacts(why))));
            }
        }
        let new = match (ask, result) {
            (PhoneRequest::GetContacts(filter), Ok(Answer::Contacts(new)))
                if *filter == Filter::default() =>
            {
                std::mem::replace(&mut contacts.listed, new.clone()) != *new
            }
            (PhoneRequest::DownloadPhonebook, Ok(Answer::Phonebook { contacts: new, .. }))
                if ours =>
            {
                std::mem::replace(&mut contacts.listed, new.clone()) != *new
            }
            (PhoneRequest::GetGroups, Ok(Answer::Groups(new))) => {
                std::mem::replace(&mut contacts.groups, new.clone()) != *new
            }
            _ => false,
        };
        if new && contacts.every.is_some() {
            contacts.names.own = contacts.own();
            effects.push(Effect::Note(Note::Contacts(contacts.names.own.len())));
            self.switchboard.know(self.contacts.names.clone());
        }
    }

    /// Returns when the contacts are to be read; not of a phone that has other things to do.
    pub(super) fn names_due(&self) -> Option<Instant> {
        let there = self.snapshot.problem == Problem::None && !self.schedule.missing();
        let known = self.met && self.schedule.all_tried();
        let quiet = self.snapshot.lines.iter().all(|line| is_quiet(line.state));
        self.contacts.due.filter(|_| there && known && quiet)
    }

    /// Reads the contacts, if it is time to and there is nothing else to ask.
    pub(super) fn read_names(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while self.asking.is_none()
            && self.pause.is_none()
            && self.names_due().is_some_and(|due| due <= now.instant)
        {
            let ask = self.contacts.next();
            match self.lacking.why(&ask, now.instant) {
                Some(why) if !self.contacts.insisting => {
                    let lacking = Err(PhoneError::Unsupported(why.to_owned()));
                    self.contacts.done(&ask, &lacking, now.instant);
                }
                _ => {
                    self.contacts.asks(now.instant);
                    self.ask(ask, None, now, effects);
                }
            }
        }
    }
}

/// Says whether a line can do without being looked at for the length of one more request.
fn is_quiet(state: LineState) -> bool {
    match state {
        LineState::Idle
        | LineState::InCall
        | LineState::OnHold
        | LineState::Conference
        | LineState::Paging
        | LineState::IpCall
        | LineState::Transferred
        | LineState::Failed
        // a code that nobody knows may stand there for ever
        | LineState::Unknown => true,
        LineState::Dialing
        | LineState::Ringing
        | LineState::Calling
        | LineState::Ringback
        | LineState::Transferring
        | LineState::Ending => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant does: the test only adds to it")]
    fn a_wish_outlives_the_answer_that_was_under_way() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let hour = Duration::from_hours(1);
        let (groups, all) = (PhoneRequest::GetGroups, PhoneRequest::GetContacts(Filter::default()));
        let mut contacts = Contacts::new(Some(hour), start);
        let read = |contacts: &mut Contacts, from: u64, wish: bool| {
            contacts.asks(at(from));
            if wish {
                contacts.insist(at(from + 1));
            }
            contacts.done(&groups, &Ok(Answer::Groups(Vec::new())), at(from + 2));
            contacts.asks(at(from + 2));
            contacts.done(&all, &Ok(Answer::Contacts(Vec::new())), at(from + 3));
        };
        read(&mut contacts, 0, false);
        assert_eq!(contacts.due, Some(at(3) + hour));
        read(&mut contacts, 10, true);
        assert_eq!(contacts.due, Some(at(13)), "what was read may be older than the wish");
        assert!(contacts.insisting);
        read(&mut contacts, 20, false);
        assert_eq!((contacts.due, contacts.insisting), (Some(at(23) + hour), false));
    }
}
