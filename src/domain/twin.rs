//! The bridge's picture of one phone as a reducer: (event, now) in, actions out, and when to be woken next.
//!
//! It never waits and never fails. At most one request is under way; the shell carries it out and comes back with
//! [`Event::Answered`].

mod event;
#[cfg(test)]
mod stories;

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use super::ask::{Answer, Ask, Question, Trouble};
use super::command::{Command, parse};
use super::entity::Device;
use super::order::{Order, Step};
use super::outcome::{ErrorCode, Failure, Request};
use super::phone::{CallState, Line, LineState, PhoneClock, PhoneStatus};
use super::schedule::{Schedule, Verdict, hold};
use super::snapshot::{Problem, Snapshot, State, clock_json, diff};
use super::topic::PhoneTopic;

pub use event::{Action, Event, Note, Now, Settings};

/// A command that the phone could not be told of for this long is too late.
const COMMAND_LIFETIME: Duration = Duration::from_secs(10);
/// So many commands may wait.
const ORDERS: usize = 16;
/// So many numbers may be dialled within [`DIALS_WITHIN`]: an automation that runs wild can be dear.
const DIALS: usize = 20;
/// See [`DIALS`].
const DIALS_WITHIN: Duration = Duration::from_mins(1);
/// So many unknown codes are remembered as reported.
const CODES: usize = 64;

/// The bridge's picture of one phone.
#[derive(Debug)]
pub struct Twin {
    settings: Settings,
    snapshot: Snapshot,
    /// Whether anything is known of the phone yet, be it that it is away.
    met: bool,
    away_since: Option<Instant>,
    held: Option<Instant>,
    refusals: u32,
    schedule: Schedule,
    orders: VecDeque<Order>,
    /// When the last numbers were to be dialled.
    dials: VecDeque<Instant>,
    asking: Option<Asking>,
    published: State,
    described: Option<Device>,
    codes: BTreeSet<String>,
}

#[derive(Debug)]
struct Asking {
    ask: Ask,
    since: Instant,
    order: Option<Order>,
}

impl Twin {
    /// Starts with nothing known. The seed spreads the twins of several phones over time.
    pub fn new(settings: Settings, now: Instant, seed: u64) -> Self {
        Self {
            snapshot: Snapshot::unseen(settings.url.clone(), settings.dialect),
            met: false,
            away_since: None,
            held: None,
            refusals: 0,
            schedule: Schedule::new(settings.pace, now, seed),
            orders: VecDeque::new(),
            dials: VecDeque::new(),
            asking: None,
            published: State::new(),
            described: None,
            codes: BTreeSet::new(),
            settings,
        }
    }

    /// Returns when [`Event::Woke`] is wanted, if nothing happens before.
    pub fn wake(&self) -> Option<Instant> {
        let deadline = self.orders.iter().map(|order| order.deadline).min();
        let due = self.asking.is_none().then(|| self.schedule.next());
        deadline.into_iter().chain(due).min()
    }

    /// Takes in what happened, and returns what is to be done, in this order.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Woke => {}
            Event::Answered(result) => self.answered(result, now, &mut actions),
            Event::Commanded { name, payload, retained } => {
                self.commanded(&name, &payload, retained, now, &mut actions);
            }
            Event::Forgotten => self.published.clear(),
            Event::Remembered(topic) => self.remembered(topic),
            Event::Stopping => return self.goodbye(now),
        }
        self.drop_late_orders(now, &mut actions);
        self.publish(&mut actions);
        self.ask_next(now, &mut actions);
        actions
    }

    fn goodbye(&mut self, now: Now) -> Vec<Action> {
        let mut actions = Vec::new();
        let under_way = self.asking.take().and_then(|asking| asking.order);
        let failure = Failure::new(ErrorCode::TooLate, "the bridge is stopping");
        for order in under_way.into_iter().chain(self.orders.drain(..)) {
            finish(&order.request, Err(failure.clone()), now, &mut actions);
        }
        if self.met {
            actions.push(Action::Publish(PhoneTopic::Availability, "offline".to_owned()));
        }
        actions
    }

    fn commanded(
        &mut self,
        name: &str,
        payload: &[u8],
        retained: bool,
        now: Now,
        actions: &mut Vec<Action>,
    ) {
        let (request, command) = parse(name, payload, retained);
        let command = command.and_then(|command| {
            self.settings.policy.permits(&command)?;
            self.limit(&command, now.instant)?;
            Ok(command)
        });
        match command {
            Ok(command) => {
                let deadline = now.instant + COMMAND_LIFETIME;
                self.orders.push_back(Order::new(request, command, deadline));
            }
            Err(failure) => finish(&request, Err(failure), now, actions),
        }
    }

    fn limit(&mut self, command: &Command, now: Instant) -> Result<(), Failure> {
        let refused = |message| Err(Failure::new(ErrorCode::RateLimited, message));
        if self.orders.len() >= ORDERS {
            return refused(format!("{ORDERS} commands are waiting for the phone"));
        }
        if matches!(command, Command::Dial { .. }) {
            self.dials.retain(|at| now.duration_since(*at) < DIALS_WITHIN);
            if self.dials.len() >= DIALS {
                return refused(format!("{DIALS} numbers were dialled within a minute"));
            }
            self.dials.push_back(now);
        }
        Ok(())
    }

    fn answered(&mut self, result: Result<Answer, Trouble>, now: Now, actions: &mut Vec<Action>) {
        let Some(Asking { ask, since, order }) = self.asking.take() else {
            return;
        };
        let trouble = result.as_ref().err().cloned();
        match (&ask, result) {
            (Ask::Read(question), Ok(answer)) => self.read(*question, answer, since, now, actions),
            (Ask::Read(question), Err(trouble)) => self.missed(*question, &trouble, now, actions),
            (_, Ok(_)) => self.schedule.liven(now.instant),
            (_, Err(trouble)) => {
                if trouble.is_refused_login() {
                    self.hold(&trouble, now, actions);
                }
                self.schedule.liven(now.instant);
            }
        }
        let Some(mut order) = order else { return };
        match order.answered(&ask, trouble) {
            Some(outcome) => finish(&order.request, outcome, now, actions),
            None if order.wants_clock() => {
                let clock = clock_json(self.snapshot.clock.as_ref(), self.snapshot.booted_at);
                finish(&order.request, Ok(clock), now, actions);
            }
            None => self.orders.push_front(order),
        }
    }

    /// Takes in what the phone said.
    fn read(
        &mut self,
        question: Question,
        answer: Answer,
        asked: Instant,
        now: Now,
        actions: &mut Vec<Action>,
    ) {
        match answer {
            Answer::Lines(lines) => {
                self.note_unknown_codes(&lines, actions);
                if lines != self.snapshot.lines {
                    self.schedule.hasten(Question::Status, now.instant);
                    self.schedule.hasten(Question::Accounts, now.instant);
                }
                let (before, now_is) = (CallState::of(&self.snapshot.lines), CallState::of(&lines));
                if before != now_is && self.snapshot.heard {
                    actions.push(Action::Note(Note::CallState(now_is)));
                }
                self.snapshot.lines = lines;
                self.snapshot.heard = true;
                self.heard(now, actions);
            }
            Answer::Status(status) => self.snapshot.status = status,
            Answer::Accounts(accounts) => self.snapshot.accounts = accounts,
            Answer::Clock(clock) => self.set_clock(clock, now.wall),
            Answer::Identity(identity) => self.snapshot.identity = identity,
            Answer::Done => {}
        }
        let busy = self.snapshot.lines.iter().any(|line| line.state != LineState::Idle);
        let was_missed = self.schedule.answered(question, asked, busy);
        if was_missed && question != Question::Lines {
            actions.push(Action::Note(Note::Works(question)));
        }
    }

    /// Takes in that the phone answers and takes our login.
    fn heard(&mut self, now: Now, actions: &mut Vec<Action>) {
        let was_away = self.snapshot.problem != Problem::None;
        if was_away || !self.met || self.schedule.missing() {
            let away = self.away_since.map(|since| now.instant - since);
            actions.push(Action::Note(Note::Online(away)));
        }
        if was_away {
            self.schedule.hasten_all(now.instant);
        }
        self.snapshot.problem = Problem::None;
        self.met = true;
        self.away_since = None;
        self.held = None;
        self.refusals = 0;
    }

    fn missed(
        &mut self,
        question: Question,
        trouble: &Trouble,
        now: Now,
        actions: &mut Vec<Action>,
    ) {
        if trouble.is_refused_login() {
            self.hold(trouble, now, actions);
            return;
        }
        let verdict = self.schedule.missed(question, trouble, now.instant);
        match (question, verdict) {
            (_, Verdict::Patience) => {}
            (Question::Lines, Verdict::FirstMiss) => {
                self.away_since = self.away_since.or(Some(now.instant));
                actions.push(Action::Note(Note::Missed(trouble.clone())));
            }
            (Question::Lines, Verdict::GivenUp) => {
                self.leave(trouble);
                actions.push(Action::Note(Note::Offline(trouble.clone())));
            }
            (_, Verdict::FirstMiss) => {
                actions.push(Action::Note(Note::Failing(question, trouble.clone())));
            }
            (_, Verdict::GivenUp) => self.forget(question),
        }
    }

    /// Asks nothing of the phone for a while: another try could lock it.
    fn hold(&mut self, trouble: &Trouble, now: Now, actions: &mut Vec<Action>) {
        self.refusals += 1;
        let pause = hold(self.refusals);
        self.held = Some(now.instant + pause);
        self.away_since = self.away_since.or(Some(now.instant));
        self.schedule.hold_until(now.instant + pause);
        self.leave(trouble);
        actions.push(Action::Note(Note::Held(trouble.clone(), pause)));
    }

    fn leave(&mut self, trouble: &Trouble) {
        self.met = true;
        self.snapshot.problem = Problem::from(trouble);
        self.snapshot.forget_the_present();
    }

    fn forget(&mut self, question: Question) {
        match question {
            Question::Lines => self.snapshot.forget_the_present(),
            Question::Status => self.snapshot.status = PhoneStatus::Unknown,
            Question::Accounts => {
                for account in &mut self.snapshot.accounts {
                    account.registered = None;
                }
            }
            Question::Clock => {
                self.snapshot.clock = None;
                self.snapshot.booted_at = None;
            }
            // who the phone is does not change because it can't say so at present
            Question::Identity => {}
        }
    }

    fn set_clock(&mut self, clock: PhoneClock, wall: Timestamp) {
        self.snapshot.clock = Some(clock);
        self.snapshot.booted_at =
            clock.uptime.map(|uptime| uptime.booted_at(self.snapshot.booted_at, wall));
    }

    fn note_unknown_codes(&mut self, lines: &[Line], actions: &mut Vec<Action>) {
        for line in lines.iter().filter(|line| line.state == LineState::Unknown) {
            let code = line.code.clone().unwrap_or_default();
            if self.codes.len() < CODES && self.codes.insert(code.clone()) {
                actions.push(Action::Note(Note::UnknownCode(code)));
            }
        }
    }

    fn drop_late_orders(&mut self, now: Now, actions: &mut Vec<Action>) {
        let (late, rest) =
            self.orders.drain(..).partition(|order: &Order| order.deadline <= now.instant);
        self.orders = rest;
        for order in late {
            let message = "the phone was busy with other requests until the time was up";
            let failure = Failure::new(ErrorCode::TooLate, message);
            finish(&order.request, Err(failure), now, actions);
        }
    }

    /// Takes in a topic that was published before we started, or before the broker forgot us.
    fn remembered(&mut self, topic: PhoneTopic) {
        let numbered = matches!(topic, PhoneTopic::Line(_) | PhoneTopic::Account(_));
        if !numbered || self.published.contains_key(&topic) {
            return;
        }
        if !self.snapshot.heard {
            self.snapshot.remember(&topic);
        }
        // whatever it says there is not what we say: the next publication replaces it, or takes it back
        self.published.insert(topic, String::new());
    }

    /// Publishes what changed. A phone is offline until it has said all that it can say: what users saw before is not
    /// replaced by what is only not known yet, and what is left of it is not taken for the present.
    fn publish(&mut self, actions: &mut Vec<Action>) {
        let tried = self.schedule.all_tried() || self.snapshot.problem != Problem::None;
        let known = self.met && tried;
        if !known {
            let offline = "offline".to_owned();
            let before = self.published.insert(PhoneTopic::Availability, offline.clone());
            if before.as_ref() != Some(&offline) {
                actions.push(Action::Publish(PhoneTopic::Availability, offline));
            }
            return;
        }
        let state = self.snapshot.state();
        let changes = diff(&self.published, &state);
        actions.extend(changes.into_iter().map(|(topic, text)| Action::Publish(topic, text)));
        self.published = state;
        let Settings { id, name, .. } = &self.settings;
        let device = Device::of(id, name, &self.snapshot);
        if self.described.as_ref() != Some(&device) {
            self.described = Some(device.clone());
            actions.push(Action::Describe(device));
        }
    }

    fn ask_next(&mut self, now: Now, actions: &mut Vec<Action>) {
        while self.asking.is_none()
            && let Some(mut order) = self.orders.pop_front()
        {
            match self.barred(now) {
                Some(failure) => finish(&order.request, Err(failure), now, actions),
                None => match order.step(&self.snapshot.lines) {
                    Step::Done(outcome) => finish(&order.request, outcome, now, actions),
                    Step::Ask(ask) => self.ask(ask, Some(order), now, actions),
                },
            }
        }
        if self.asking.is_none()
            && let Some(question) = self.schedule.due(now.instant)
        {
            self.ask(Ask::Read(question), None, now, actions);
        }
    }

    fn ask(&mut self, ask: Ask, order: Option<Order>, now: Now, actions: &mut Vec<Action>) {
        actions.push(Action::Ask(ask.clone()));
        self.asking = Some(Asking { ask, since: now.instant, order });
    }

    /// Returns why nothing may be asked of the phone at present.
    fn barred(&self, now: Now) -> Option<Failure> {
        let until = self.held.filter(|until| *until > now.instant)?;
        let minutes = (until - now.instant).as_secs().div_ceil(60);
        Some(Failure::new(
            ErrorCode::Unauthorized,
            format!(
                "the phone refused our login, and is left alone for {minutes} more min so that it does not lock; \
                 mend username and password, and restart the bridge"
            ),
        ))
    }
}

fn finish(request: &Request, outcome: Result<Value, Failure>, now: Now, actions: &mut Vec<Action>) {
    actions.push(Action::Publish(PhoneTopic::Result, request.result(&outcome, now.wall)));
    actions.push(Action::Note(match outcome {
        Ok(_) => Note::Done(request.name.clone()),
        Err(failure) => Note::NotDone(request.name.clone(), failure),
    }));
}
