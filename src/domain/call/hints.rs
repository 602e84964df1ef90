//! What explains calls: pushes, and what the bridge told the phone.

use std::time::Instant;

use super::super::push::{Push, PushKind};
use super::engine::{Engine, later};
use super::evidence::may_be_same;
use super::live::{HangUp, Live, Stage};
use super::{Direction, EventType, Now};

impl Engine {
    /// Takes in that the phone called our URL.
    pub(super) fn pushed(&mut self, push: &Push, account: Option<u16>, now: Now) {
        use PushKind::{
            Booted, Established, Held, Incoming, Missed, OffHook, OnHook, Outgoing, Registered,
            Rejected, Resumed, Terminated, Transferring, Unregistered,
        };
        match push.kind {
            Registered | Unregistered | Booted => return,
            Incoming => self.began(push, account, Direction::Incoming, now),
            Outgoing => self.began(push, account, Direction::Outgoing, now),
            Rejected => {
                if let Some(line) = self.rings(push) {
                    self.turn_away(line, Some(now.instant));
                }
            }
            Missed => {
                if !self.evidence.is_past(push) {
                    self.evidence.hint(push.clone(), account, now);
                }
            }
            // the lines will say so
            Established | Terminated | Held | Resumed | Transferring | OffHook | OnHook => {}
        }
        self.nudged = Some(now.instant);
    }

    fn began(&mut self, push: &Push, account: Option<u16>, direction: Direction, now: Now) {
        let gap = self.habits.gap;
        let slots = self.lines.values_mut();
        let seen = slots.filter_map(|slot| slot.call.as_mut()).find(|live| {
            !live.hinted
                && live.call.direction == Some(direction)
                && now.instant.saturating_duration_since(live.since) < gap
                && may_be_same(live.call.number.as_deref(), push.remote.as_deref())
        });
        match seen {
            // the poll was faster
            Some(live) => {
                live.fill_from(push, account);
                live.recognise(&self.names);
            }
            None => self.evidence.hint(push.clone(), account, now),
        }
    }

    /// Looks for what explains a call: what the bridge told the phone, or a push. Says whether it is one for sure.
    pub(super) fn explain(&mut self, live: &mut Live, now: Now) -> bool {
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
            self.take_details(live, &[PushKind::Outgoing], now);
            return true;
        }
        let kinds: &[PushKind] = match live.call.direction {
            Some(Direction::Incoming) => &[PushKind::Incoming],
            Some(Direction::Outgoing) => &[PushKind::Outgoing],
            None => &[PushKind::Incoming, PushKind::Outgoing],
        };
        match self.take_details(live, kinds, now) {
            Some(PushKind::Incoming) => live.call.direction = Some(Direction::Incoming),
            Some(_) => live.call.direction = Some(Direction::Outgoing),
            None => return false,
        }
        // a push does not make a call of a flap
        live.stage != Stage::Ringing
    }

    /// Fills in what a push said of a call.
    fn take_details(&mut self, live: &mut Live, kinds: &[PushKind], now: Now) -> Option<PushKind> {
        let number = live.call.number.as_deref();
        let hint = self.evidence.take_hint(kinds, number, now.instant)?;
        live.fill_from(&hint.push, hint.account);
        // once users know a call it keeps its id
        if !live.announced {
            self.name_after(live, &hint.push);
        }
        Some(hint.push.kind)
    }

    /// Gives a call the SIP Call-ID of its push, which is the same in the log of the server.
    fn name_after(&mut self, live: &mut Live, push: &Push) {
        if let Some(id) = push.call_id.as_ref().filter(|id| self.evidence.take_id(id)) {
            live.call.call_id.clone_from(id);
        }
    }

    /// A call that only the phone knows of: it was missed before anybody looked.
    pub(super) fn confirm_missed(&mut self, now: Now) {
        while let Some(hint) = self.evidence.take_hint(&[PushKind::Missed], None, now.instant) {
            // the lines decide: while it rings it is not missed, and what is just over was said already
            let told = hint.push.call_id.as_ref().is_some_and(|id| self.evidence.has_id(id));
            if told || self.evidence.is_past(&hint.push) || self.rings(&hint.push).is_some() {
                continue;
            }
            let mut live = self.make(Some(Direction::Incoming), Stage::Ringing, now);
            live.fill_from(&hint.push, hint.account);
            let number = live.call.number.as_deref();
            let until = hint.at.instant;
            let began = self.evidence.take_hint(&[PushKind::Incoming], number, until);
            live.call.started = began.map(|hint| hint.at);
            self.name_after(&mut live, &hint.push);
            live.call.ended = Some(hint.at);
            live.recognise(&self.names);
            self.ring_doorbell(&mut live);
            self.evidence.over(&live.call, now.instant);
            self.say(EventType::Missed, &live.call, now);
        }
    }

    /// Returns the line of the ringing call that a push is about.
    fn rings(&self, push: &Push) -> Option<u16> {
        let mut ringing = self.live().filter(|live| live.stage == Stage::Ringing);
        let about = |live: &Live| {
            push.call_id.as_ref() == Some(&live.call.call_id)
                || may_be_same(live.call.number.as_deref(), push.remote.as_deref())
        };
        ringing.find(|live| about(live))?.call.line
    }

    /// Notes that the call that rings on a line is being turned away, or that it is not.
    pub(super) fn turn_away(&mut self, line: u16, at: Option<Instant>) {
        if let Some(live) = self.lines.get_mut(&line).and_then(|slot| slot.call.as_mut()) {
            live.turned_away = at;
        }
    }
}
