//! One call in progress: how far it is, and when what a line shows is still the same call.

use std::time::{Duration, Instant};

use jiff::SignedDuration;

use super::evidence::may_be_same;
use super::{Call, Now};
use crate::domain::call::push::Push;
use crate::domain::contacts::directory::Names;
use crate::domain::telephony::number::same;
use crate::domain::telephony::{Line, LineState};

/// The pause between two tries to hang up, and how many there are.
const HANG_UP_AGAIN: (Duration, u8) = (Duration::from_secs(2), 5);

/// No call rings for longer.
const RINGS: SignedDuration = SignedDuration::from_mins(10);

/// A call in progress.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub(super) struct Live {
    pub(super) call: Call,
    /// The number that was looked up last.
    pub(super) looked_up: Option<String>,
    pub(super) stage: Stage,
    /// Whether users know of it: not while it may be a flap, or only somebody who lifts the client.
    pub(super) announced: bool,
    pub(super) hang_up: Option<HangUp>,
    /// When it was seen first.
    pub(super) since: Instant,
    /// When it was seen last.
    pub(super) seen: Now,
    /// Whether it is of before the bridge was started, and was not seen since.
    pub(super) remembered: bool,
    /// Whether its number is what the line shows, not what somebody else said.
    pub(super) number_is_shown: bool,
    /// When the phone was told to turn it away, or said that it was.
    pub(super) turned_away: Option<Instant>,
    /// Whether the push of its beginning has come.
    pub(super) hinted: bool,
    /// The SIP Call-ID, where that push told it.
    pub(super) sip_id: Option<String>,
}

/// When a call that nobody answers is to be ended.
#[derive(Debug, Clone)]
pub(super) struct HangUp {
    pub(super) at: Now,
    /// The number that was dialled: a call with another is another.
    pub(super) number: String,
    next: Instant,
    tries: u8,
}

impl HangUp {
    pub(super) fn new(at: Now, number: String) -> Self {
        Self { at, number, next: at.instant, tries: 0 }
    }

    /// Returns when to try next; not for ever, if the phone does not obey.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.tries < HANG_UP_AGAIN.1).then_some(self.next)
    }

    /// Returns `true` if to try now.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.due().is_some_and(|due| due <= now);
        if due {
            self.tries += 1;
            self.next = now + HANG_UP_AGAIN.0;
        }
        due
    }
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It rings here.
    Ringing,
    /// A number is being entered, or on its way out.
    Dialing,
    /// It rings there.
    Calling,
    /// It is up.
    Up,
    /// It waits.
    Held,
}

impl Stage {
    /// Returns `true` if people talk, or did.
    pub(super) fn is_up(self) -> bool {
        matches!(self, Self::Up | Self::Held)
    }
}

/// What a line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// No call, or one that is over for the people at this phone.
    Nothing,
    /// A code that is not known.
    Unknown,
    /// A call that did not come about.
    Failed,
    /// A call.
    Call(Stage),
}

impl Shown {
    pub(super) fn of(state: LineState) -> Self {
        match state {
            LineState::Idle | LineState::Ending | LineState::Transferred => Self::Nothing,
            LineState::Unknown => Self::Unknown,
            LineState::Failed => Self::Failed,
            LineState::Ringing => Self::Call(Stage::Ringing),
            LineState::Dialing => Self::Call(Stage::Dialing),
            LineState::Calling | LineState::Ringback => Self::Call(Stage::Calling),
            LineState::InCall
            | LineState::Conference
            | LineState::Paging
            | LineState::IpCall
            | LineState::Transferring => Self::Call(Stage::Up),
            LineState::OnHold => Self::Call(Stage::Held),
        }
    }
}

impl Live {
    pub(super) fn new(call: Call, stage: Stage, now: Now) -> Self {
        Self {
            looked_up: call.number.clone(),
            call,
            stage,
            announced: false,
            hang_up: None,
            since: now.instant,
            seen: now,
            remembered: false,
            number_is_shown: false,
            turned_away: None,
            hinted: false,
            sip_id: None,
        }
    }

    /// Returns `true` if it began to ring so long before the bridge was started that what rings now is another.
    pub(super) fn is_long_over(&self, now: Now) -> bool {
        let began = self.call.started.filter(|_| self.remembered && !self.stage.is_up());
        began.is_some_and(|began| now.wall.duration_since(began.wall) > RINGS)
    }

    /// Returns `true` if what its line shows can be this call. After a gap, or a restart, another number is another call; so
    /// it is while it rings, here or there. Later the other party may change: a call is handed on.
    pub(super) fn can_be(&self, stage: Stage, line: &Line, unwatched: bool) -> bool {
        use Stage::{Calling, Dialing, Held, Ringing, Up};
        let forward = match (self.stage, stage) {
            (Ringing, Ringing | Up | Held)
            | (Dialing | Calling, Dialing | Calling | Up | Held)
            | (Up | Held, Up | Held) => true,
            (Ringing, Dialing | Calling)
            | (Dialing | Calling, Ringing)
            | (Up | Held, Ringing | Dialing | Calling) => false,
        };
        let redialled = self.number_is_shown && self.stage == Calling && stage == Calling;
        let strict = self.remembered || unwatched || redialled || stage == Ringing;
        forward && (!strict || may_be_same(self.call.number.as_deref(), line.number.as_deref()))
    }

    /// Handles what the line says of the other party: what comes late is filled in.
    pub(super) fn fill(&mut self, line: &Line) {
        let same = may_be_same(self.call.number.as_deref(), line.number.as_deref());
        // a number that is being entered grows
        let open = !self.number_is_shown || self.stage == Stage::Dialing;
        if open && line.number.is_some() {
            self.call.number.clone_from(&line.number);
            self.number_is_shown = true;
        }
        if line.name.is_some() && (same || open) {
            self.call.name.clone_from(&line.name);
        }
        self.call.account = line.account.or(self.call.account);
    }

    /// Handles what the push of its beginning says that the lines did not, if that has the same number: else anybody
    /// who can push would say who it is.
    pub(super) fn fill_from(&mut self, push: &Push, account: Option<u16>) {
        let call = &mut self.call;
        call.name = call.name.take().or_else(|| push.name.clone());
        call.account = call.account.or(account);
    }

    /// Says for sure whether a push is about this call: it has its Call-ID, or else its number.
    pub(super) fn is_told_by(&self, push: &Push) -> bool {
        match (&push.call_id, &self.sip_id) {
            (Some(one), Some(other)) => one == other,
            (Some(id), None) if *id == self.call.call_id => true,
            _ => match (&push.remote, &self.call.number) {
                (Some(one), Some(other)) => same(one, other),
                _ => false,
            },
        }
    }

    /// Looks up who has the number. One who was known before a restart, or whose card was deleted since, stays.
    pub(super) fn recognise(&mut self, names: &Names) {
        let call = &mut self.call;
        let found = call.number.as_deref().and_then(|number| names.find(number));
        if found.is_some() || self.looked_up != call.number {
            call.person = found;
            self.looked_up.clone_from(&call.number);
        }
    }

    /// Returns the number that was dialled with a time limit, if this has turned out to be another call.
    pub(super) fn unmask(&mut self) -> Option<String> {
        let limit = self.hang_up.as_ref().filter(|_| self.stage != Stage::Dialing)?;
        if may_be_same(self.call.number.as_deref(), Some(&limit.number)) {
            return None;
        }
        self.hang_up.take().map(|limit| limit.number)
    }
}
