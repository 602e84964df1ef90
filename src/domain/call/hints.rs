//! What explains calls: pushes, and what the bridge told the phone.

use std::time::Instant;

use super::engine::{Engine, later};
use super::evidence::{may_be_one, may_be_same};
use super::live::{HangUp, Live, Stage};
use super::pushes::{APART, Fit, Hint, Sought};
use super::{Direction, EventType, Now, Output, Source};
use crate::domain::call::push::{Push, PushKind};

impl Engine {
    /// Notes that the phone called our URL.
    pub(super) fn pushed(&mut self, push: &Push, account: Option<u16>, now: Now) {
        use PushKind::{
            Booted, Established, Held, Incoming, Missed, OffHook, OnHook, Outgoing, Registered,
            Rejected, Resumed, Terminated, Transferring, Unregistered,
        };
        match push.kind {
            Registered | Unregistered | Booted => return,
            Incoming | Outgoing => self.keep(push, account, now),
            Missed => {
                // it may come again, but it does not begin any more
                push.call_id.iter().for_each(|id| self.pushes.settle(id));
                self.keep(push, account, now);
            }
            Rejected => {
                if let Some(line) = self.rings(push) {
                    self.turn_away(line, Some(now.instant));
                }
            }
            // the lines will say so
            Established | Terminated | Held | Resumed | Transferring | OffHook | OnHook => {}
        }
        self.nudged = Some(now.instant);
    }

    /// Keeps a push for the next poll, unless it is about a call that was explained before.
    fn keep(&mut self, push: &Push, account: Option<u16>, now: Now) {
        if !push.call_id.as_deref().is_some_and(|id| self.is_used(id)) {
            self.pushes.keep(push.clone(), account, now);
        }
    }

    /// Looks for what explains a call: what the bridge told the phone, or a push.
    pub(super) fn explain(&mut self, live: &mut Live, now: Now) -> Option<Fit> {
        let incoming = live.call.direction == Some(Direction::Incoming);
        let number = live.call.number.as_deref();
        // one that nobody saw begin may be anything
        let may_be_dialled = !incoming && (live.call.direction.is_some() || number.is_some());
        if may_be_dialled && let Some(dialled) = self.evidence.take_dialled(number, live.since) {
            live.call.direction = Some(Direction::Outgoing);
            if let Some(after) = dialled.hang_up_after {
                let at = later(now, dialled.at + after);
                live.hang_up = Some(HangUp::new(at, dialled.number.clone()));
            }
            live.call.number.get_or_insert(dialled.number);
            self.take_push(live);
            return Some(Fit::Number);
        }
        self.take_push(live)
    }

    /// Handles what the push of a call's beginning says of it. One with another number does not say who it is.
    pub(super) fn take_push(&mut self, live: &mut Live) -> Option<Fit> {
        if live.hinted {
            return None;
        }
        let kinds: &[PushKind] = match live.call.direction {
            Some(Direction::Incoming) => &[PushKind::Incoming],
            Some(Direction::Outgoing) => &[PushKind::Outgoing],
            None => &[PushKind::Incoming, PushKind::Outgoing],
        };
        let (hint, fit) = self.pushes.take_beginning(Sought {
            kinds,
            number: live.call.number.as_deref(),
            since: live.since,
            alone: self.look.one_is_new,
            shown: &self.look.numbers,
        })?;
        live.hinted = true;
        if live.call.direction.is_none() {
            let incoming = hint.push.kind == PushKind::Incoming;
            let direction = if incoming { Direction::Incoming } else { Direction::Outgoing };
            live.call.direction = Some(direction);
        }
        if fit == Fit::Number {
            live.fill_from(&hint.push, hint.account);
        }
        self.name_after(live, &hint.push);
        Some(fit)
    }

    /// Gives a call the SIP Call-ID of its push, which is the same in the log of the server; once users know a call it
    /// keeps its id.
    fn name_after(&mut self, live: &mut Live, push: &Push) {
        let Some(id) = push.call_id.as_ref().filter(|id| !self.is_used(id)) else { return };
        self.evidence.take_id(id);
        self.pushes.settle(id);
        live.sip_id = Some(id.clone());
        if !live.announced {
            live.call.call_id.clone_from(id);
        }
    }

    /// Returns `true` if a call has, or had, this id.
    fn is_used(&self, id: &str) -> bool {
        self.evidence.has_id(id) || self.live().any(|live| live.call.call_id == id)
    }

    /// Calls that only the phone knows of: they were missed before anybody polled.
    pub(super) fn confirm_missed(&mut self, asked: Instant, now: Now) {
        for hint in self.pushes.take_missed(asked) {
            let used = hint.push.call_id.as_deref().is_some_and(|id| self.is_used(id));
            // the lines decide: while it rings it is not missed, and what is just over was said already
            if used || self.rings(&hint.push).is_some() || self.evidence.is_past(&hint.push) {
                continue;
            }
            if self.may_ring(&hint.push) && asked < hint.at.instant + APART {
                self.pushes.put(hint);
            } else {
                self.only_missed(&hint, now);
            }
        }
    }

    /// Tells of a call that was missed, as the phone says, and that nobody saw. Who can push can claim it: so it is what
    /// the push says, and neither somebody of the address book nor the doorbell.
    fn only_missed(&mut self, hint: &Hint, now: Now) {
        let mut live = self.make(Some(Direction::Incoming), Stage::Ringing, now);
        live.call.number.clone_from(&hint.push.remote);
        live.call.account = hint.account;
        live.call.started = self.pushes.take_beginning_of(hint).map(|began| began.at);
        live.call.ended = Some(hint.at);
        self.name_after(&mut live, &hint.push);
        self.evidence.over(&live.call, live.sip_id, true, now.instant);
        self.outputs.push(Output::Call(EventType::Missed, live.call, Source::Push));
    }

    /// Returns the line of the ringing call that a push is about for sure.
    fn rings(&self, push: &Push) -> Option<u16> {
        let mut ringing = self.live().filter(|live| live.stage == Stage::Ringing);
        ringing.find(|live| live.is_told_by(push))?.call.line
    }

    /// Returns `true` if a push may be about a call that rings, as far as numbers and Call-IDs are known.
    fn may_ring(&self, push: &Push) -> bool {
        let mut ringing = self.live().filter(|live| live.stage == Stage::Ringing);
        ringing.any(|live| {
            may_be_one(live.sip_id.as_ref(), push.call_id.as_ref())
                && may_be_same(live.call.number.as_deref(), push.remote.as_deref())
        })
    }

    /// Notes that the call that rings on a line is being turned away, or that it is not.
    pub(super) fn turn_away(&mut self, line: u16, at: Option<Instant>) {
        if let Some(live) = self.lines.get_mut(&line).and_then(|slot| slot.call.as_mut()) {
            live.turned_away = at;
        }
    }
}
