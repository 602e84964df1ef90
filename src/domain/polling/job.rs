//! One thing that is read of a phone again and again.

use std::time::{Duration, Instant};

use super::backoff::delay;
use crate::domain::contacts::phonebook::Filter;
use crate::domain::request::{PhoneError, PhoneRequest, StatusQuery};

/// A function that the phone lacks, or denies to our user, is tried again after this: another firmware or user may have it.
pub const UNSUPPORTED_RETRY: Duration = Duration::from_hours(1);
/// Delay after the first miss; it doubles with each further one, up to the interval of the job.
const RETRY: Duration = Duration::from_secs(30);
/// After this many misses in a row what a job has read is not known any more.
const MISSES: u32 = 3;

/// What a job reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The lines, a status, the clock or the identity.
    Status(StatusQuery),
    /// One list of the values that the settings name, by the phone's names.
    Values(Vec<String>),
    /// The groups of the phone's contacts.
    Groups,
    /// The phone's contacts.
    Contacts,
}

/// When a job may run at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Always.
    Always,
    /// While the lines are answered.
    LinesHeard,
    /// While the lines are answered, everything of the status was tried, and no call is being set up.
    Quiet,
}

/// What became of a request of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was answered; `after_misses` if the one before was not.
    Answered {
        /// Whether it was missed before.
        after_misses: bool,
    },
    /// The first miss: a person may want to know.
    FirstMiss,
    /// Nothing new.
    Patience,
    /// It was missed too often, or the phone lacks it: what it has read is not known any more.
    GivenUp,
}

/// One thing that is read again and again, and what became of it so far.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) what: Subject,
    pub(super) gate: Gate,
    every: Duration,
    /// When it is due; none as long as nobody has wanted it.
    pub(super) due: Option<Instant>,
    /// When it is due if nobody pulls it forward.
    planned: Option<Instant>,
    pub(super) asked: Option<Instant>,
    /// When it is wanted; an answer to what was asked before does not satisfy that.
    wanted: Option<Instant>,
    pub(super) misses: u32,
    pub(super) tried: bool,
    unsupported_until: Option<Instant>,
    /// Whether the phone lacked it the last time.
    is_lacking: bool,
    /// Whether the whole phonebook is read, because the phone does not list contacts.
    by_phonebook: bool,
}

impl Job {
    pub(super) fn new(what: Subject, gate: Gate, every: Duration, due: Option<Instant>) -> Self {
        Self {
            what,
            gate,
            every,
            due,
            planned: due,
            asked: None,
            wanted: None,
            misses: 0,
            tried: false,
            unsupported_until: None,
            is_lacking: false,
            by_phonebook: false,
        }
    }

    pub(super) fn is_lines(&self) -> bool {
        self.what == Subject::Status(StatusQuery::Lines)
    }

    /// Returns the request that it sends next.
    pub(super) fn request(&self) -> PhoneRequest {
        match &self.what {
            Subject::Status(query) => PhoneRequest::Read(*query),
            Subject::Values(names) => PhoneRequest::GetValues(names.clone()),
            Subject::Groups => PhoneRequest::GetGroups,
            Subject::Contacts if self.by_phonebook => PhoneRequest::DownloadPhonebook,
            Subject::Contacts => PhoneRequest::GetContacts(Filter::default()),
        }
    }

    fn plan(&mut self, due: Instant) {
        (self.due, self.planned) = (Some(due), Some(due));
    }

    /// Makes it due at this time at the latest; not before the phone may have it again.
    pub(super) fn pull_forward(&mut self, at: Instant) {
        let at = self.unsupported_until.map_or(at, |until| until.max(at));
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
        self.wanted = Some(self.wanted.map_or(at, |wanted| wanted.min(at)));
    }

    /// Lets those that are due now be first.
    pub(super) fn wait_in_line(&mut self, now: Instant) {
        self.due = self.due.map(|due| if due < now { now } else { due });
    }

    /// Makes it due not before this time.
    pub(super) fn put_off(&mut self, until: Instant) {
        if let Some(due) = self.due {
            self.plan(due.max(until));
        }
    }

    /// Makes it due at exactly this time.
    pub(super) fn move_to(&mut self, at: Instant) {
        self.plan(at);
    }

    /// Forgets that the phone lacks it.
    pub(super) fn forget_unsupported(&mut self) {
        self.unsupported_until = None;
    }

    /// Notes that somebody else found that the phone lacks it.
    pub(super) fn is_unsupported(&mut self, now: Instant) {
        if self.what == Subject::Contacts && !self.by_phonebook {
            self.by_phonebook = true;
            return;
        }
        let until = now + UNSUPPORTED_RETRY.max(self.every);
        self.unsupported_until = Some(until);
        self.put_off(until);
    }

    /// Notes that its request is sent.
    pub(super) fn asks(&mut self, now: Instant) {
        self.wanted = self.wanted.filter(|wanted| *wanted > now);
        self.asked = Some(now);
    }

    /// Notes an answer to a request that was sent at `asked`. It is due again after `every`, or when somebody has wanted it
    /// since it was sent.
    pub(super) fn answered(&mut self, asked: Instant, every: Option<Duration>) -> Verdict {
        let due = asked + every.unwrap_or(self.every);
        self.plan(self.wanted.map_or(due, |wanted| wanted.min(due)));
        let after_misses = self.misses > 0;
        (self.misses, self.tried, self.unsupported_until) = (0, true, None);
        (self.is_lacking, self.by_phonebook) = (false, false);
        Verdict::Answered { after_misses }
    }

    /// Notes that its request failed; `lines` is the delay for the lines, which have their own pace. A try that somebody
    /// pulled forward while it was missed does not count.
    pub(super) fn missed(
        &mut self,
        error: &PhoneError,
        lines: impl FnOnce() -> Duration,
        now: Instant,
    ) -> Verdict {
        let lacks = error.is_unavailable() && !self.is_lines();
        if lacks && let Some(wanted) = self.wanted {
            self.due = Some(wanted);
            return Verdict::Patience;
        }
        if lacks && self.what == Subject::Contacts && !self.by_phonebook {
            // it may hand all of them out in one piece
            self.by_phonebook = true;
            self.due = Some(now);
            return Verdict::Patience;
        }
        self.wanted = None;
        self.by_phonebook = false;
        if self.misses > 0 && self.asked.is_some_and(|asked| Some(asked) < self.planned) {
            self.due = self.planned.map(|planned| planned.max(now));
            return Verdict::Patience;
        }
        self.misses += 1;
        self.tried = true;
        if lacks {
            let until = now + UNSUPPORTED_RETRY.max(self.every);
            self.unsupported_until = Some(until);
            self.plan(until);
            let is_news = !std::mem::replace(&mut self.is_lacking, true);
            return if is_news { Verdict::GivenUp } else { Verdict::Patience };
        }
        self.is_lacking = false;
        let pause = if self.is_lines() { lines() } else { delay(RETRY, self.misses, self.every) };
        self.plan(now + pause);
        match self.misses {
            MISSES => Verdict::GivenUp,
            1 => Verdict::FirstMiss,
            _ => Verdict::Patience,
        }
    }
}
