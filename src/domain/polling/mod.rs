//! When a phone is polled for what: every periodic request is a `Job`, and this is the one place that decides which is next,
//! how long a failed one waits, and that nothing is sent after a refused login.

mod backoff;
mod job;
#[cfg(test)]
mod tests;
mod unsupported;

use std::time::{Duration, Instant};

use crate::domain::request::{PhoneError, PhoneRequest, StatusQuery};
use crate::domain::values;

use backoff::delay;
use job::{Gate, Job};

pub use backoff::LoginBackoff;
pub use job::{Subject, UNSUPPORTED_RETRY, Verdict};
pub use unsupported::UnsupportedFunctions;

/// The least time between two requests for what the phone says by itself has changed.
const TOLD: Duration = Duration::from_secs(2);
/// No phone boots twice within this.
const BOOT: Duration = Duration::from_secs(30);
/// Interval of phone and account status; they are also read whenever a line changed.
const STATUS_EVERY: Duration = Duration::from_secs(30);
/// Interval of clock and identity; they are also read when the phone came back.
const SLOW_EVERY: Duration = Duration::from_mins(5);
/// Maximum delay between two tries of a phone that does not answer.
const SLOWEST: Duration = Duration::from_secs(30);
/// After a command, a push and a call the lines are polled at the active interval for this long.
const BOOST: Duration = Duration::from_secs(10);
/// The first request to a phone is sent at a random moment within this.
const SPREAD: Duration = Duration::from_secs(2);

/// How often the lines are read.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// While all are idle.
    pub idle: Duration,
    /// While one is not.
    pub active: Duration,
}

/// What is read besides the status.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// The values that the settings name, by the phone's names.
    pub values: Vec<String>,
    /// How often these are read.
    pub values_every: Duration,
    /// How often the contacts are read, if at all.
    pub contacts_every: Option<Duration>,
}

/// All jobs of one phone.
#[derive(Debug)]
pub struct Polling {
    pace: Pace,
    jobs: Vec<Job>,
    boosted_until: Option<Instant>,
    /// Nothing is due before this, whoever pulls it forward.
    not_before: Option<Instant>,
    /// When the phone last said by itself that it has booted.
    booted: Option<Instant>,
    /// When its registration is, or was, read because of such word.
    told: Option<Instant>,
    login: LoginBackoff,
    rng: fastrand::Rng,
}

impl Polling {
    /// Starts with the lines, at a random moment of the first interval or two seconds, so that several phones are not in
    /// step. Values and contacts are not due before the phone has answered.
    pub fn new(pace: Pace, extras: &Extras, now: Instant, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let due = Some(now + pace.idle.min(SPREAD).mul_f64(rng.f64()));
        let status = StatusQuery::ALL.into_iter().map(|query| {
            let (gate, every) = match query {
                StatusQuery::Lines => (Gate::Always, pace.idle),
                StatusQuery::Status | StatusQuery::Accounts => (Gate::LinesHeard, STATUS_EVERY),
                StatusQuery::Clock | StatusQuery::Identity => (Gate::LinesHeard, SLOW_EVERY),
            };
            Job::new(Subject::Status(query), gate, every, due)
        });
        let lists = values::lists(&extras.values).into_iter();
        let values = lists.map(|list| {
            Job::new(Subject::Values(list), Gate::LinesHeard, extras.values_every, None)
        });
        let contacts = extras.contacts_every.into_iter().flat_map(|every| {
            [Subject::Groups, Subject::Contacts]
                .map(|what| Job::new(what, Gate::Quiet, every, None))
        });
        Self {
            pace,
            jobs: status.chain(values).chain(contacts).collect(),
            boosted_until: None,
            not_before: None,
            booted: None,
            told: None,
            login: LoginBackoff::default(),
            rng,
        }
    }

    /// Returns the request that is due for longest, if one is due; `quiet` if no call is being set up.
    ///
    /// Not the most urgent one: a phone that is slower than its lines are due would never be polled for the rest.
    pub fn next(&self, quiet: bool, now: Instant) -> Option<PhoneRequest> {
        let is_due = |job: &&Job| self.due_of(job, quiet).is_some_and(|due| due <= now);
        self.jobs.iter().filter(is_due).min_by_key(|job| job.due).map(Job::request)
    }

    /// Returns when the next request is due.
    pub fn wake(&self, quiet: bool) -> Option<Instant> {
        self.jobs.iter().filter_map(|job| self.due_of(job, quiet)).min()
    }

    fn due_of(&self, job: &Job, quiet: bool) -> Option<Instant> {
        let is_open = match job.gate {
            Gate::Always => true,
            Gate::LinesHeard => !self.is_missing(),
            Gate::Quiet => quiet && !self.is_missing() && self.all_tried(),
        };
        let due = job.due.filter(|_| is_open)?;
        Some(self.not_before.map_or(due, |not_before| not_before.max(due)))
    }

    fn lines(&self) -> &Job {
        &self.jobs[0]
    }

    fn of_status(&self) -> &[Job] {
        &self.jobs[..StatusQuery::ALL.len()]
    }

    /// Returns `true` if everything of the status was tried.
    pub fn all_tried(&self) -> bool {
        self.of_status().iter().all(|job| job.tried)
    }

    /// Returns `true` if the lines were not answered the last time.
    pub fn is_missing(&self) -> bool {
        self.lines().misses > 0
    }

    /// Returns `true` if every list of values was answered the last time.
    pub fn values_are_well(&self) -> bool {
        let mut lists = self.jobs.iter().filter(|job| matches!(job.what, Subject::Values(_)));
        lists.all(|job| job.misses == 0)
    }

    /// Returns the lists of values, each for one request.
    pub fn value_lists(&self) -> impl Iterator<Item = &[String]> {
        self.jobs.iter().filter_map(|job| match &job.what {
            Subject::Values(names) => Some(names.as_slice()),
            Subject::Status(_) | Subject::Groups | Subject::Contacts => None,
        })
    }

    fn pull(&mut self, at: Instant, is_meant: impl Fn(&Subject) -> bool) {
        for job in self.jobs.iter_mut().filter(|job| is_meant(&job.what)) {
            job.pull_forward(at);
        }
    }

    /// Makes a part of the status due at this time at the latest; an answer to what was asked before does not satisfy that.
    pub fn pull_forward(&mut self, query: StatusQuery, at: Instant) {
        self.pull(at, |what| *what == Subject::Status(query));
    }

    /// Notes that the phone says by itself that its registration has changed: it is read now, but not each time where the phone
    /// says it again and again.
    pub fn is_told_of_accounts(&mut self, now: Instant) {
        let at = match self.told {
            // that is to come
            Some(last) if now < last => return,
            Some(last) => now.max(last + TOLD),
            None => now,
        };
        self.told = Some(at);
        self.pull_forward(StatusQuery::Accounts, at);
        self.pull_forward(StatusQuery::Status, at);
    }

    /// Notes that the phone says by itself that it has booted. Returns `false` if it did so a moment ago: no phone boots so fast.
    pub fn is_told_of_boot(&mut self, now: Instant) -> bool {
        let is_news = self.booted.is_none_or(|before| now - before >= BOOT);
        if is_news {
            self.booted = Some(now);
        }
        is_news
    }

    /// Makes all of the status but the lines due.
    pub fn pull_status_forward(&mut self, at: Instant) {
        let lines = Subject::Status(StatusQuery::Lines);
        self.pull(at, |what| matches!(what, Subject::Status(_)) && *what != lines);
    }

    /// Makes all values due at this time at the latest.
    pub fn pull_values_forward(&mut self, at: Instant) {
        self.pull(at, |what| matches!(what, Subject::Values(_)));
    }

    /// Makes groups and contacts due at this time at the latest.
    pub fn pull_contacts_forward(&mut self, at: Instant) {
        self.pull(at, is_of_contacts);
    }

    /// Makes groups and contacts due, even if the phone was found to lack them.
    pub fn insist_on_contacts(&mut self, now: Instant) {
        for job in self.jobs.iter_mut().filter(|job| is_of_contacts(&job.what)) {
            job.forget_unsupported();
            job.pull_forward(now);
        }
    }

    /// Forgets what the phone was found to lack, and has values and contacts read: it was restarted or away.
    pub fn forget_unsupported(&mut self, now: Instant) {
        self.jobs.iter_mut().for_each(Job::forget_unsupported);
        self.pull_values_forward(now);
        self.pull_contacts_forward(now);
    }

    /// Polls the lines at the active interval for a while: something was just done to them. A phone that does not answer is
    /// not polled more often than one that does.
    pub fn boost(&mut self, now: Instant) {
        let last = self.lines().asked.filter(|_| self.is_missing());
        let at = last.map_or(now, |last| now.max(last + self.pace.idle));
        self.pull_forward(StatusQuery::Lines, at);
        self.boosted_until = Some(now + BOOST);
    }

    /// Sends nothing before this, and then the lines first.
    pub fn suspend_until(&mut self, until: Instant) {
        self.not_before = Some(until);
        self.jobs.iter_mut().for_each(|job| job.put_off(until));
        self.jobs[0].move_to(until);
    }

    /// Notes that the phone refused our login. Returns how long nothing is sent: another try could lock the phone.
    pub fn login_refused(&mut self, now: Instant) -> Duration {
        let delay = self.login.refused(now);
        self.suspend_until(now + delay);
        delay
    }

    /// Notes that the phone takes our login.
    pub fn login_worked(&mut self) {
        self.login = LoginBackoff::default();
    }

    /// Returns how long nothing is sent, because the phone refused our login.
    pub fn login_backoff(&self, now: Instant) -> Option<Duration> {
        self.login.until(now).map(|until| until - now)
    }

    /// Returns the refusals so far, for the polling that follows this one.
    pub fn into_login_backoff(self) -> LoginBackoff {
        self.login
    }

    /// Goes on with the refusals of the polling before. Returns `true` if nothing may be sent for a while.
    pub fn resume_login_backoff(&mut self, login: LoginBackoff, now: Instant) -> bool {
        self.login = login;
        let until = login.until(now);
        if let Some(until) = until {
            self.suspend_until(until);
        }
        until.is_some()
    }

    /// Notes that a request is sent, whoever wants it.
    pub fn asks(&mut self, request: &PhoneRequest, is_poll: bool, now: Instant) {
        if let Some(place) = self.place_of(request, is_poll) {
            self.jobs[place].asks(now);
        }
    }

    /// Handles how a request went that was sent at `asked`; `busy` if a line is not idle. Returns the job that it belongs to,
    /// and what became of it; none where it belongs to none.
    pub fn answered(
        &mut self,
        request: &PhoneRequest,
        is_poll: bool,
        result: Result<(), &PhoneError>,
        asked: Instant,
        busy: bool,
        now: Instant,
    ) -> Option<(Subject, Verdict)> {
        let is_lines = *request == PhoneRequest::Read(StatusQuery::Lines);
        let boosted = self.boosted_until.is_some_and(|until| asked < until);
        let active = (is_lines && (busy || boosted)).then_some(self.pace.active);
        if is_lines && busy && result.is_ok() {
            self.boosted_until = self.boosted_until.max(Some(asked + BOOST));
        }
        let slower = delay(self.pace.idle * 2, self.lines().misses + 1, SLOWEST);
        let place = self.place_of(request, is_poll)?;
        let (job, rng) = (&mut self.jobs[place], &mut self.rng);
        let mut verdict = match result {
            Ok(()) => job.answered(asked, active),
            Err(error) => job.missed(error, || slower.mul_f64(0.75 + rng.f64() / 4.0), now),
        };
        let what = job.what.clone();
        if !matches!(what, Subject::Status(_)) {
            // the next list waits for the lines, if they are due
            let others = self.jobs.iter_mut().filter(|job| !matches!(job.what, Subject::Status(_)));
            others.for_each(|job| job.wait_in_line(now));
        }
        if verdict == Verdict::FirstMiss && !is_lines && result.is_err_and(PhoneError::is_silence) {
            // whether the phone is there is for the lines to find out
            self.pull_forward(StatusQuery::Lines, now);
            verdict = Verdict::Patience;
        }
        Some((what, verdict))
    }

    /// Notes that the phone lacks a function, as a command has found out.
    pub fn is_unsupported(&mut self, request: &PhoneRequest, now: Instant) {
        // the lines are polled whatever a command was told
        if let Some(place) = self.place_of(request, true).filter(|place| *place > 0) {
            self.jobs[place].is_unsupported(now);
        }
    }

    /// A command that reads the status does the work of the job; one that reads the rest wants it for itself.
    fn place_of(&self, request: &PhoneRequest, is_poll: bool) -> Option<usize> {
        self.jobs.iter().position(|job| {
            (is_poll || matches!(job.what, Subject::Status(_))) && job.request() == *request
        })
    }
}

fn is_of_contacts(what: &Subject) -> bool {
    matches!(what, Subject::Groups | Subject::Contacts)
}
