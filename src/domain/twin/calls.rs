//! What calls mean for the twin: it feeds the switchboard, and does what comes of it.

use super::input::{Effect, Note, Now};
use super::state::{Effects, Twin};
use crate::domain::call;
use crate::domain::call::push::{Push, PushKind};
use crate::domain::contract::snapshot::Problem;
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::request::{Operation, PhoneRequest, StatusQuery};
use crate::domain::telephony::number::bare;

impl Effects {
    /// Adds what comes of calls.
    pub(super) fn of_calls(&mut self, effects: Vec<call::Effect>) {
        for effect in effects {
            match effect {
                call::Effect::Publish(topic, payload) => {
                    self.push_after_states(Effect::Publish(topic, payload));
                }
                call::Effect::Log(event, call) => {
                    self.push_after_states(Effect::Note(Note::Call(event, Box::new(call))));
                }
                call::Effect::NeverSeen(number) => {
                    self.push_after_states(Effect::Note(Note::NeverSeen(number)));
                }
                // the others are polled again in a moment: a call may be answered while this one is being ended
                call::Effect::HangUp(line) => {
                    self.hang_up.get_or_insert(line);
                }
            }
        }
    }
}

impl Twin {
    /// Lets the switchboard handle something.
    pub(super) fn call(&mut self, input: call::Input, now: Now, effects: &mut Effects) {
        let of_calls = self.switchboard.handle(input, now);
        effects.of_calls(of_calls);
    }

    /// Handles that the phone called our URL: a hint that a poll confirms.
    pub(super) fn pushed(&mut self, push: Push, now: Now, effects: &mut Effects) {
        if let (Some(ours), Some(theirs)) = (&self.picture.snapshot.identity.mac, &push.mac)
            && ours != theirs
        {
            if !std::mem::replace(&mut self.strange_push, true) {
                effects.note(Note::StrangePush(theirs.clone()));
            }
            return;
        }
        if self.barred(now).is_some() {
            return;
        }
        match push.kind {
            PushKind::Booted => {
                self.polling.boost(now.instant);
                if self.polling.is_told_of_boot(now.instant) {
                    self.forget_unsupported(now);
                    self.polling.pull_status_forward(now.instant);
                }
            }
            PushKind::Registered | PushKind::Unregistered => {
                self.polling.is_told_of_accounts(now.instant);
            }
            PushKind::Incoming
            | PushKind::Outgoing
            | PushKind::Established
            | PushKind::Terminated
            | PushKind::Missed
            | PushKind::Rejected
            | PushKind::Held
            | PushKind::Resumed
            | PushKind::Transferring
            | PushKind::OffHook
            | PushKind::OnHook => self.polling.boost(now.instant),
        }
        let account = push.local.as_deref().and_then(|local| self.account(local));
        self.call(call::Input::Pushed(push, account), now, effects);
    }

    /// Returns the account with this number, which may be written as an address: `sip:1001@pbx`. Where several have it,
    /// at other servers, only the very text tells which it is.
    fn account(&self, local: &str) -> Option<u16> {
        let ids = || {
            let accounts = self.picture.snapshot.accounts.iter();
            accounts.filter_map(|account| Some((account.id, account.sip_id.as_deref()?)))
        };
        let exact = ids().find(|(_, sip_id)| *sip_id == local);
        let wanted = bare(local);
        let mut alike = ids().filter(|(_, sip_id)| bare(sip_id) == wanted);
        let only = alike.next().filter(|_| alike.next().is_none());
        exact.or(only).map(|(id, _)| id)
    }

    /// Handles a topic that was published before we started, or before the broker forgot us.
    pub(super) fn retained(
        &mut self,
        topic: PhoneTopic,
        payload: &str,
        now: Now,
        effects: &mut Effects,
    ) {
        let of_calls = self.switchboard.retained(&topic, payload, now);
        effects.of_calls(of_calls);
        self.picture.retained(&self.options, topic, payload);
    }

    /// Ends the call that nobody answers, right after it was seen.
    pub(super) fn hang_up(&mut self, now: Now, effects: &mut Effects) {
        let may = self.in_flight.is_none() && self.barred(now).is_none();
        if let Some(line) = effects.hang_up.take().filter(|_| may) {
            let request = PhoneRequest::Operate { operation: Operation::HangUp, line };
            effects.note(Note::GivenUp(line));
            self.send(request, None, None, now, effects);
        }
    }

    /// Ends the calls whose lines were not seen for too long, whatever it was that happened now.
    pub(super) fn give_up_calls(&mut self, now: Now, effects: &mut Effects) {
        if self.switchboard.wake().is_some_and(|wake| wake <= now.instant) {
            self.call(call::Input::Woke, now, effects);
        }
    }

    /// Has the lines polled when a call wants it; not of a phone that is not there.
    pub(super) fn poll_in_time(&mut self, now: Now) {
        let is_there = self.picture.snapshot.problem == Problem::None && !self.polling.is_missing();
        if let Some(at) = self.switchboard.look_at().filter(|at| is_there && *at > now.instant) {
            self.polling.pull_forward(StatusQuery::Lines, at);
        }
    }
}
