//! The twin itself: what it is made of, and the few things that all its parts do.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::contacts::Contacts;
use super::input::{Effect, Note, Now, TwinOptions};
use super::picture::Picture;
use super::presence::Presence;
use super::queue::Queue;
use super::values::ValuesLog;
use crate::domain::call::{CallSettings, Instruction, Switchboard};
use crate::domain::command::pending::PendingCommand;
use crate::domain::command::result::{CommandHeader, ErrorCode, Failure};
use crate::domain::contract::health::Vitals;
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::polling::{Extras, Polling, UnsupportedFunctions};
use crate::domain::request::PhoneRequest;

/// A phone that is not seen for this many of its polls, or for this long, may have done anything in the meantime.
const GAP: (u32, Duration) = (2, Duration::from_secs(10));
/// A line that was not polled for this many in-call intervals plus a margin counts as unobserved: one poll that failed is enough.
const BLIND: (u32, Duration) = (3, Duration::from_secs(1));

/// The bridge's picture of one phone.
#[derive(Debug)]
pub struct Twin {
    pub(super) options: TwinOptions,
    pub(super) presence: Presence,
    pub(super) polling: Polling,
    /// What the phone can't do.
    pub(super) unsupported: UnsupportedFunctions,
    pub(super) queue: Queue,
    pub(super) in_flight: Option<InFlight>,
    /// Whether the last request was a poll, and not a command's.
    pub(super) poll_was_last: bool,
    pub(super) switchboard: Switchboard,
    pub(super) contacts: Contacts,
    pub(super) values_log: ValuesLog,
    pub(super) picture: Picture,
    /// Whether the log knows of a push of another phone.
    pub(super) strange_push: bool,
    /// Whether nothing more is sent to the phone.
    pub(super) leaving: bool,
}

/// The request that waits for its answer.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) request: PhoneRequest,
    pub(super) since: Instant,
    /// The command that wants it; none of a poll.
    pub(super) command: Option<PendingCommand>,
    /// What the phone is told with it that explains what its lines do next.
    pub(super) instruction: Option<Instruction>,
}

/// What comes of one input.
#[derive(Debug, Default)]
pub(super) struct Effects {
    before_states: Vec<Effect>,
    after_states: Vec<Effect>,
    /// The line whose call is to be ended.
    pub(super) hang_up: Option<u16>,
}

impl Effects {
    /// Adds what is done before the states are published.
    pub(super) fn push(&mut self, effect: Effect) {
        self.before_states.push(effect);
    }

    /// Adds what is done when the states are published: events are read together with them.
    pub(super) fn push_after_states(&mut self, effect: Effect) {
        self.after_states.push(effect);
    }

    /// Adds something that the log has to know.
    pub(super) fn note(&mut self, note: Note) {
        self.push(Effect::Note(note));
    }

    /// Adds what the log has to know, if anything.
    pub(super) fn notes(&mut self, notes: impl IntoIterator<Item = Note>) {
        self.before_states.extend(notes.into_iter().map(Effect::Note));
    }

    /// Answers a command.
    pub(super) fn finish(
        &mut self,
        header: &CommandHeader,
        result: Result<Value, Failure>,
        now: Now,
    ) {
        self.push(Effect::Publish(PhoneTopic::Result, header.result(&result, now.wall)));
        self.note(match result {
            Ok(_) => Note::Done(header.name.clone()),
            Err(failure) => Note::NotDone(header.name.clone(), failure),
        });
    }

    /// Adds the states that have changed: what was to be done after them comes now, and what follows is done last.
    pub(super) fn publish(&mut self, states: impl IntoIterator<Item = Effect>) {
        self.before_states.extend(states);
        self.before_states.append(&mut self.after_states);
    }

    /// Returns all of it in order.
    pub(super) fn into_vec(self) -> Vec<Effect> {
        self.before_states
    }
}

impl Twin {
    /// Starts with nothing known. The seed spreads the twins of several phones over time.
    pub fn new(options: TwinOptions, now: Instant, seed: u64) -> Self {
        let extras = Extras {
            values: options.values.iter().map(|named| named.value.clone()).collect(),
            values_every: options.values_every,
            contacts_every: options.contacts_poll,
        };
        Self {
            presence: Presence::default(),
            polling: Polling::new(options.pace, &extras, now, seed),
            unsupported: UnsupportedFunctions::default(),
            queue: Queue::default(),
            in_flight: None,
            poll_was_last: false,
            switchboard: Switchboard::new(call_settings(&options)),
            contacts: Contacts::default(),
            values_log: ValuesLog::default(),
            picture: Picture::new(&options),
            strange_push: false,
            leaving: false,
            options,
        }
    }

    /// Returns how the phone is.
    pub fn vitals(&self) -> Vitals {
        self.presence.vitals(self.picture.snapshot.problem)
    }

    /// Returns why nothing may be sent to the phone at present.
    pub(super) fn barred(&self, now: Now) -> Option<Failure> {
        if let Some(paused) = self.presence.paused() {
            return Some(paused);
        }
        let minutes = self.polling.login_backoff(now.instant)?.as_secs().div_ceil(60);
        Some(Failure::new(
            ErrorCode::Unauthorized,
            format!(
                "the phone refused our login, and is left alone for {minutes} more min so that it does not lock; \
                 fix username and password, and reload the settings or restart the bridge"
            ),
        ))
    }

    /// Sends a request; only if none is in flight.
    pub(super) fn send(
        &mut self,
        request: PhoneRequest,
        command: Option<PendingCommand>,
        instruction: Option<Instruction>,
        now: Now,
        effects: &mut Effects,
    ) {
        let is_poll = command.is_none();
        self.polling.asks(&request, is_poll, now.instant);
        self.poll_was_last = is_poll;
        effects.push(Effect::Send(request.clone()));
        self.in_flight = Some(InFlight { request, since: now.instant, command, instruction });
    }
}

/// Returns what the calls of the phone need of its settings.
pub(super) fn call_settings(options: &TwinOptions) -> CallSettings {
    CallSettings {
        min_ring: options.min_ring,
        gap: GAP.1.max(options.pace.active * GAP.0),
        blind: GAP.1.min(options.pace.active * BLIND.0 + BLIND.1),
        doorbell: options.doorbell.clone(),
    }
}
