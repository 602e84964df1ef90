//! What calls mean for the twin: it feeds the switchboard, and does what comes of it.

use super::{Effect, Note, Now, Twin};
use crate::domain::call;
use crate::domain::call::push::{Push, PushKind};
use crate::domain::contract::snapshot::Problem;
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::request::{Operation, PhoneRequest, StatusQuery};
use crate::domain::telephony::number::bare;

impl Twin {
    /// Lets the switchboard take something in.
    pub(super) fn call(&mut self, input: call::Input, now: Now) {
        let effects = self.switchboard.take(input, now);
        self.carry_out(effects);
    }

    /// Keeps what comes of calls until the states are published: events are read together with them.
    pub(super) fn carry_out(&mut self, effects: Vec<call::Effect>) {
        for effect in effects {
            match effect {
                call::Effect::Tell(topic, payload) => {
                    self.told.push(Effect::Publish(topic, payload));
                }
                call::Effect::Log(event, call) => {
                    self.told.push(Effect::Note(Note::Call(event, call)));
                }
                call::Effect::HangUp(line) => self.hang_ups.push(line),
                call::Effect::NeverSeen(number) => {
                    self.told.push(Effect::Note(Note::NeverSeen(number)));
                }
            }
        }
    }

    /// Takes in that the phone called our URL: a hint that a look at the phone confirms.
    pub(super) fn pushed(&mut self, push: Push, now: Now, effects: &mut Vec<Effect>) {
        if let (Some(ours), Some(theirs)) = (&self.snapshot.identity.mac, &push.mac)
            && ours != theirs
        {
            if !std::mem::replace(&mut self.strange_push, true) {
                effects.push(Effect::Note(Note::StrangePush(theirs.clone())));
            }
            return;
        }
        if self.barred(now).is_some() {
            return;
        }
        match push.kind {
            PushKind::Booted => {
                self.forget_lacking(now);
                self.schedule.boost(now.instant);
                self.schedule.pull_forward_others(now.instant);
            }
            PushKind::Registered | PushKind::Unregistered => {
                self.schedule.pull_forward(StatusQuery::Accounts, now.instant);
                self.schedule.pull_forward(StatusQuery::Status, now.instant);
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
            | PushKind::OnHook => self.schedule.boost(now.instant),
        }
        let account = push.local.as_deref().and_then(|local| self.account(local));
        self.call(call::Input::Pushed(push, account), now);
    }

    /// Returns the account with this number, which may be written as an address: `sip:1001@pbx`. Where several have it,
    /// at other servers, only the very text tells which it is.
    fn account(&self, local: &str) -> Option<u16> {
        let ids = || {
            let accounts = self.snapshot.accounts.iter();
            accounts.filter_map(|account| Some((account.id, account.sip_id.as_deref()?)))
        };
        let exact = ids().find(|(_, sip_id)| *sip_id == local);
        let wanted = bare(local);
        let mut alike = ids().filter(|(_, sip_id)| bare(sip_id) == wanted);
        let only = alike.next().filter(|_| alike.next().is_none());
        exact.or(only).map(|(id, _)| id)
    }

    /// Takes in a topic that was published before we started, or before the broker forgot us.
    pub(super) fn remembered(&mut self, topic: PhoneTopic, payload: &str, now: Now) {
        let effects = self.switchboard.remember(&topic, payload, now);
        self.carry_out(effects);
        let numbered = matches!(topic, PhoneTopic::Line(_) | PhoneTopic::Account(_));
        let value = matches!(topic, PhoneTopic::Value(_));
        if !(numbered || value) || self.published.contains_key(&topic) {
            return;
        }
        if let PhoneTopic::Value(key) = &topic {
            let left = self.remember_value(key, payload);
            self.published.insert(topic, left);
            return;
        }
        if !self.snapshot.heard {
            self.snapshot.remember(&topic);
        }
        // whatever it says there is not what we say: the next publication replaces it, or takes it back
        self.published.insert(topic, String::new());
    }

    /// Tells the switchboard that the phone did not do what it was told, or was to be.
    pub(super) fn not_obeyed(&mut self, now: Now) {
        if let Some(instruction) = self.instruction.take() {
            self.call(call::Input::Refused(instruction), now);
        }
    }

    /// Ends the calls that nobody answers, each right after it was seen.
    pub(super) fn hang_up(&mut self, now: Now, effects: &mut Vec<Effect>) {
        // the others are looked at again in a moment: a call may be answered while this one is being ended
        let line = std::mem::take(&mut self.hang_ups).into_iter().next();
        if let Some(line) = line.filter(|_| self.asking.is_none() && self.barred(now).is_none()) {
            let ask = PhoneRequest::Operate { operation: Operation::HangUp, line };
            effects.push(Effect::Note(Note::GivenUp(line)));
            self.ask(ask, None, now, effects);
        }
    }

    /// Ends the calls whose lines were not seen for too long, whatever it was that happened now.
    pub(super) fn give_up_calls(&mut self, now: Now) {
        if self.switchboard.wake().is_some_and(|wake| wake <= now.instant) {
            self.call(call::Input::Woke, now);
        }
    }

    /// Has the lines looked at when a call wants it; not of a phone that is not there.
    pub(super) fn look_in_time(&mut self, now: Now) {
        let there = self.snapshot.problem == Problem::None && !self.schedule.missing();
        if let Some(at) = self.switchboard.look_at().filter(|at| there && *at > now.instant) {
            self.schedule.pull_forward(StatusQuery::Lines, at);
        }
    }
}
