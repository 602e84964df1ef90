//! The bridge's picture of one phone as a reducer: (event, now) in, effects out, and when to be woken next.
//!
//! It never waits and never fails. At most one request is under way; the shell carries it out and comes back with
//! [`Input::Answered`].

mod calls;
mod clock;
mod handover;
mod input;
mod names;
mod orders;
mod pause;
mod presence;
mod reading;
#[cfg(test)]
mod stories;
mod unsupported;
mod values;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::domain::call::{self, CallSettings, Instruction, Switchboard};
use crate::domain::command::pending::{PendingCommand, Step};
use crate::domain::command::result::{CommandHeader, Failure};
use crate::domain::contract::entity::Device;
use crate::domain::contract::snapshot::{Problem, Snapshot, State, diff};
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::polling::Schedule;
use crate::domain::request::{Answer, PhoneError, PhoneRequest, StatusQuery};
use crate::domain::telephony::{Line, LineState};

use names::Contacts;
use pause::Pause;
use unsupported::UnsupportedFunctions;
use values::Readings;

pub use handover::Handover;
pub use input::{Effect, Input, Note, Now, Settings, ValuesNote};

/// A phone that is not seen for so many of its polls, or for this long, may have done anything in the meantime.
const GAP: (u32, Duration) = (2, Duration::from_secs(10));
/// So many looks in a call, and so much more, make a line one that nobody watched: one look that failed does.
const BLIND: (u32, Duration) = (3, Duration::from_secs(1));
/// So many unknown codes are remembered as reported.
const CODES: usize = 64;

/// The bridge's picture of one phone.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub struct Twin {
    settings: Settings,
    snapshot: Snapshot,
    /// Whether anything is known of the phone yet, be it that it is away.
    met: bool,
    away_since: Option<Instant>,
    answered_at: Option<Instant>,
    pause: Option<Pause>,
    held: Option<Instant>,
    refusals: u32,
    /// When a session was found to have ended soon after the login, at last.
    sessions_ended: Option<Instant>,
    schedule: Schedule,
    readings: Readings,
    orders: VecDeque<PendingCommand>,
    /// When the last numbers were to be dialled.
    dials: VecDeque<Instant>,
    asking: Option<Asking>,
    /// Whether the bridge itself wanted to know what was asked last.
    looked: bool,
    switchboard: Switchboard,
    /// What comes of calls, until the states are published.
    told: Vec<Effect>,
    /// What the phone can't do.
    lacking: UnsupportedFunctions,
    contacts: Contacts,
    /// Lines whose call is to be ended.
    hang_ups: Vec<u16>,
    /// What the phone is being told that explains what its lines do next.
    instruction: Option<Instruction>,
    /// Whether nothing more is asked of the phone.
    leaving: bool,
    /// Whether a push of another phone has come.
    strange_push: bool,
    published: State,
    described: Option<Device>,
    codes: BTreeSet<String>,
}

#[derive(Debug)]
struct Asking {
    ask: PhoneRequest,
    since: Instant,
    order: Option<PendingCommand>,
}

impl Twin {
    /// Starts with nothing known. The seed spreads the twins of several phones over time.
    pub fn new(settings: Settings, now: Instant, seed: u64) -> Self {
        Self {
            snapshot: Snapshot::unseen(
                settings.name.clone(),
                settings.url.clone(),
                settings.dialect,
            ),
            met: false,
            away_since: None,
            answered_at: None,
            pause: None,
            held: None,
            refusals: 0,
            sessions_ended: None,
            schedule: Schedule::new(settings.pace, now, seed),
            readings: Readings::new(&settings, now),
            orders: VecDeque::new(),
            dials: VecDeque::new(),
            asking: None,
            looked: false,
            switchboard: Switchboard::new(habits(&settings)),
            told: Vec::new(),
            lacking: UnsupportedFunctions::default(),
            contacts: Contacts::new(settings.contacts_poll, now),
            hang_ups: Vec::new(),
            instruction: None,
            leaving: false,
            strange_push: false,
            published: State::new(),
            described: None,
            codes: BTreeSet::new(),
            settings,
        }
    }

    /// Returns when [`Input::Woke`] is wanted, if nothing happens before.
    pub fn wake(&self) -> Option<Instant> {
        let waiting = self.orders.iter().filter(|order| !order.is_under_way());
        let deadline = waiting.map(|order| order.deadline).min();
        let due = match &self.pause {
            Some(pause) => Some(pause.until.instant),
            None if self.asking.is_some() => None,
            None => self.names_due().into_iter().chain([self.next_look()]).min(),
        };
        deadline.into_iter().chain(due).chain(self.switchboard.wake()).min()
    }

    /// Takes in what happened, and returns what is to be done, in this order.
    pub fn handle(&mut self, event: Input, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.end_pause(now, &mut effects);
        match event {
            Input::Woke => {}
            Input::Answered(result) => self.answered(result, true, now, &mut effects),
            Input::NotSent(trouble) => self.answered(Err(trouble), false, now, &mut effects),
            Input::Commanded { name, payload, retained } => {
                self.commanded(&name, &payload, retained, now, &mut effects);
            }
            Input::RepublishAll => self.published.clear(),
            Input::Retained(topic, payload) => self.remembered(topic, &payload, now),
            Input::RetainedComplete => {
                let effects = self.switchboard.remember_no_more(now);
                self.carry_out(effects);
            }
            Input::Named(others) => self.named(others),
            Input::Pushed(push) => self.pushed(push, now, &mut effects),
            Input::Paused(until) => self.pause(until, now, &mut effects),
            Input::Resumed => self.resume(now, &mut effects),
            Input::Leaving => self.leaving = true,
            Input::Stopping => return self.goodbye(now),
        }
        self.drop_late_orders(now, &mut effects);
        self.give_up_calls(now);
        self.look_in_time(now);
        self.publish(&mut effects);
        effects.append(&mut self.told);
        self.ask_next(now, &mut effects);
        effects
    }

    /// Takes in how the request under way went; `sent` if the phone may have got it.
    fn answered(
        &mut self,
        result: Result<Answer, PhoneError>,
        sent: bool,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(Asking { ask, since, order }) = self.asking.take() else {
            return;
        };
        if let Err(trouble) = &result
            && (!sent || trouble.is_a_clear_no())
        {
            self.not_obeyed(now);
        }
        self.lacking.answered(&ask, &result, now.instant);
        self.learn_names(&ask, &result, order.is_none(), now, effects);
        self.instruction = None;
        if result.is_ok() {
            self.answered_at = Some(now.instant);
        }
        match (&ask, &result) {
            (_, Err(PhoneError::SessionEnded(wait))) => {
                self.wait_for_login(*wait, now, effects);
            }
            (PhoneRequest::Read(_), _) if self.pause.is_some() => {
                self.answered_in_pause(&result, now, effects);
            }
            (PhoneRequest::Read(query), Ok(answer)) => {
                self.read(*query, answer.clone(), since, now, effects);
            }
            (PhoneRequest::Read(query), Err(trouble)) => self.missed(*query, trouble, now, effects),
            (_, Err(trouble)) if trouble.is_refused_login() => self.hold(trouble, now, effects),
            (_, Ok(Answer::PasswordChanged { ours: true })) => {
                effects.push(Effect::Note(Note::PasswordChanged));
            }
            (
                PhoneRequest::Dial { .. } | PhoneRequest::Operate { .. } | PhoneRequest::System(_),
                _,
            ) => {
                self.schedule.boost(now.instant);
            }
            _ => {}
        }
        self.hear_values(&ask, &result, order.is_none(), now, effects);
        let Some(mut order) = order else { return };
        match order.answered(&ask, result, sent) {
            Some(outcome) => finish(&order.request, outcome, now, effects),
            None if order.wants_clock() => {
                finish(&order.request, Ok(self.snapshot.clock_json()), now, effects);
            }
            None if order.yields() => self.orders.push_back(order),
            None => self.orders.push_front(order),
        }
    }

    /// Takes in what the phone said.
    fn read(
        &mut self,
        query: StatusQuery,
        answer: Answer,
        asked: Instant,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        match answer {
            Answer::Lines(lines) => {
                self.note_unknown_codes(&lines, effects);
                if lines != self.snapshot.lines {
                    self.schedule.pull_forward(StatusQuery::Status, now.instant);
                    self.schedule.pull_forward(StatusQuery::Accounts, now.instant);
                }
                self.snapshot.lines.clone_from(&lines);
                self.call(call::Input::Seen(lines, asked), now);
                self.snapshot.heard = true;
                self.heard(now, effects);
            }
            Answer::Status(status) => self.snapshot.status = status,
            Answer::Accounts(accounts) => self.snapshot.accounts = accounts,
            Answer::Clock(clock) => self.set_clock(clock, asked, now),
            Answer::Identity(identity) => self.snapshot.identity = identity,
            Answer::Values(_)
            | Answer::PasswordChanged { .. }
            | Answer::Contacts(_)
            | Answer::Phonebook { .. }
            | Answer::Groups(_)
            | Answer::Done => {}
        }
        let busy = self.snapshot.lines.iter().any(|line| line.state != LineState::Idle);
        let was_missed = self.schedule.answered(query, asked, busy);
        if was_missed && query != StatusQuery::Lines {
            effects.push(Effect::Note(Note::Works(query)));
        }
    }

    fn note_unknown_codes(&mut self, lines: &[Line], effects: &mut Vec<Effect>) {
        for line in lines.iter().filter(|line| line.state == LineState::Unknown) {
            let code = line.code.clone().unwrap_or_default();
            if self.codes.len() < CODES && self.codes.insert(code.clone()) {
                effects.push(Effect::Note(Note::UnknownCode(code)));
            }
        }
    }

    /// Publishes what changed. A phone is offline until it has said all that it can say: what users saw before is not
    /// replaced by what is only not known yet, and what is left of it is not taken for the present.
    fn publish(&mut self, effects: &mut Vec<Effect>) {
        let tried = self.schedule.all_tried() || self.snapshot.problem != Problem::None;
        let known = self.met && tried;
        if !known {
            let offline = "offline".to_owned();
            let before = self.published.insert(PhoneTopic::Availability, offline.clone());
            if before.as_ref() != Some(&offline) {
                effects.push(Effect::Publish(PhoneTopic::Availability, offline));
            }
            return;
        }
        self.snapshot.calls = self.switchboard.topics();
        let state = self.snapshot.state();
        let changes = diff(&self.published, &state);
        effects.extend(changes.into_iter().map(|(topic, text)| Effect::Publish(topic, text)));
        self.published = state;
        let Settings { id, name, .. } = &self.settings;
        let values = Arc::clone(&self.settings.values);
        let device = Device::of(id, name, values, &self.snapshot);
        if self.described.as_ref() != Some(&device) {
            self.described = Some(device.clone());
            effects.push(Effect::Describe(device));
        }
    }

    fn ask_next(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.leaving {
            return;
        }
        self.hang_up(now, effects);
        let patient =
            self.orders.front().is_some_and(|order| order.is_under_way() && order.is_patient());
        // one look between two of its requests: the lines of a slow phone are always due
        if patient && !self.looked {
            self.read_next(now, effects);
        }
        while self.asking.is_none()
            && let Some(mut order) = self.orders.pop_front()
        {
            let step = match self.barred(now) {
                Some(failure) => Step::Done(Err(failure)),
                None => order.step(&self.snapshot.lines),
            };
            match step {
                Step::Done(outcome) => finish(&order.request, outcome, now, effects),
                Step::Send(ask) => match self.lacking.why(&ask, now.instant) {
                    Some(why) if !order.insists() => {
                        let trouble = PhoneError::Unsupported(why.to_owned());
                        finish(&order.request, Err(trouble.into()), now, effects);
                    }
                    _ => self.order(ask, order, now, effects),
                },
            }
        }
        self.read_next(now, effects);
        self.read_names(now, effects);
    }

    fn order(
        &mut self,
        ask: PhoneRequest,
        order: PendingCommand,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        self.instruction = order.instruction(&ask, &self.snapshot.lines);
        if let Some(instruction) = self.instruction.clone() {
            self.call(call::Input::Told(instruction), now);
        }
        self.ask(ask, Some(order), now, effects);
    }

    fn read_next(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.asking.is_none() && self.pause.is_none() {
            self.read_values_next(now, effects);
        }
        if self.asking.is_none()
            && self.pause.is_none()
            && let Some(query) = self.schedule.due(now.instant)
        {
            self.ask(PhoneRequest::Read(query), None, now, effects);
        }
    }

    fn ask(
        &mut self,
        ask: PhoneRequest,
        order: Option<PendingCommand>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if let PhoneRequest::Read(query) = ask {
            self.schedule.asks(query, now.instant);
        }
        self.looked = order.is_none();
        effects.push(Effect::Send(ask.clone()));
        self.asking = Some(Asking { ask, since: now.instant, order });
    }
}

fn habits(settings: &Settings) -> CallSettings {
    CallSettings {
        min_ring: settings.min_ring,
        gap: GAP.1.max(settings.pace.active * GAP.0),
        blind: GAP.1.min(settings.pace.active * BLIND.0 + BLIND.1),
        doorbell: settings.doorbell.clone(),
    }
}

fn finish(
    request: &CommandHeader,
    outcome: Result<Value, Failure>,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    effects.push(Effect::Publish(PhoneTopic::Result, request.result(&outcome, now.wall)));
    effects.push(Effect::Note(match outcome {
        Ok(_) => Note::Done(request.name.clone()),
        Err(failure) => Note::NotDone(request.name.clone(), failure),
    }));
}
