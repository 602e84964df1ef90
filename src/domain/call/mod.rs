//! Calls: what lines do over time, as calls with a beginning, an end and events.
//!
//! `engine` is the reducer, `live` one call of it; `hints`, `pushes` and `evidence` explain what the lines do; `book` is what users
//! see of it and what survives a restart, `switchboard` all of it for one phone.

pub mod doorbell;
mod engine;
mod evidence;
mod hints;
#[cfg(test)]
mod laws;
mod live;
pub mod push;
mod pushes;
#[cfg(test)]
mod stories;
mod switchboard;
mod topics;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::domain::call::doorbell::DoorbellRule;
use crate::domain::call::push::Push;
use crate::domain::contacts::directory::Person;
use crate::domain::telephony::Line;
use crate::domain::telephony::number::{is_nobody, same};
use crate::domain::time::Now;

pub use switchboard::{Effect, Switchboard};
pub use topics::CallTopics;

/// What the settings say of the calls of one phone.
#[derive(Debug, Clone)]
pub struct CallSettings {
    /// A call that rings shorter than this is none.
    pub min_ring: Duration,
    /// A phone that was not seen for this long may have done anything in the meantime.
    pub gap: Duration,
    /// A line that was not seen for this long, and shows another number, shows another call. No longer than the gap.
    pub blind: Duration,
    /// Which calls are the doorbell; one of them must fit.
    pub doorbell: Vec<DoorbellRule>,
}

/// Who began a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Somebody else.
    Incoming,
    /// Somebody at this phone.
    Outgoing,
}

/// What happens to a call: the `event_type` of `P/event/call`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// Somebody calls.
    Incoming,
    /// This phone calls somebody.
    Outgoing,
    /// It was answered, here or there.
    Answered,
    /// It waits.
    Held,
    /// It goes on.
    Resumed,
    /// It is over: it was up, or the one who called here gave up.
    Ended,
    /// It rang here, and nobody answered.
    Missed,
    /// It rang here, and was turned away.
    Rejected,
    /// It went out, and did not come about.
    Failed,
}

impl EventType {
    /// Every type, and what it means.
    pub const TABLE: [(Self, &'static str, &'static str); 9] = [
        (Self::Incoming, "incoming", "somebody calls"),
        (Self::Outgoing, "outgoing", "this phone calls somebody"),
        (Self::Answered, "answered", "the call was answered, here or there"),
        (Self::Held, "held", "the call waits"),
        (Self::Resumed, "resumed", "the call goes on"),
        (Self::Ended, "ended", "the call is over"),
        (Self::Missed, "missed", "it rang here, and nobody answered at this phone"),
        (Self::Rejected, "rejected", "it rang here, and was turned away"),
        (Self::Failed, "failed", "it went out, and did not come about"),
    ];

    /// Returns the word of this type.
    pub fn word(self) -> &'static str {
        Self::TABLE.iter().find(|(known, ..)| *known == self).map_or("", |(_, word, _)| word)
    }

    /// Returns `true` if nothing more comes of the call.
    pub fn is_last(self) -> bool {
        match self {
            Self::Ended | Self::Missed | Self::Rejected | Self::Failed => true,
            Self::Incoming | Self::Outgoing | Self::Answered | Self::Held | Self::Resumed => false,
        }
    }
}

/// What made us poll when something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It was time to.
    Poll,
    /// The phone said that something happened.
    Push,
}

/// One call; none where it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Unique: the SIP Call-ID where a push told it in time, else made up.
    pub call_id: String,
    /// The line, from 1.
    pub line: Option<u16>,
    /// The account, from 1.
    pub account: Option<u16>,
    /// Who began it.
    pub direction: Option<Direction>,
    /// The other party's name, as the phone or its push said it.
    pub name: Option<String>,
    /// The other party's number.
    pub number: Option<String>,
    /// Who has that number, as address books say.
    pub person: Option<Arc<Person>>,
    /// When it began.
    pub started: Option<Now>,
    /// When it was answered.
    pub answered: Option<Now>,
    /// When it was over.
    pub ended: Option<Now>,
    /// Whether it was ever up, even if it is not known since when.
    pub was_up: bool,
    /// Whether it rang as the doorbell: it is no telephone call for people.
    pub doorbell: bool,
}

impl Call {
    /// Returns the other party's name as users see it: an address book's, where the phone said none, or only the number.
    pub fn shown_name(&self) -> Option<&str> {
        let name = self.name.as_deref();
        let says_more = |name: &str| {
            !is_nobody(name) && self.number.as_ref().is_none_or(|number| !same(name, number))
        };
        let contact = self.person.as_ref().map(|person| person.name.as_str());
        name.filter(|name| says_more(name)).or(contact).or(name)
    }

    /// Returns how long it rang: until it was answered, or until it was over.
    pub fn ring_time(&self) -> Option<Duration> {
        between(self.started, if self.was_up { self.answered } else { self.ended })
    }

    /// Returns how long people talked, once it is over.
    pub fn talk_time(&self, over: bool) -> Option<Duration> {
        if over && !self.was_up {
            return Some(Duration::ZERO);
        }
        between(self.answered, self.ended)
    }
}

fn between(from: Option<Now>, until: Option<Now>) -> Option<Duration> {
    Some(until?.instant.saturating_duration_since(from?.instant))
}

/// What the engine handles.
#[derive(Debug, Clone)]
pub enum Input {
    /// The phone said what its lines do, when it was asked at this time.
    Seen(Arc<[Line]>, Instant),
    /// The phone called our URL; the account is the one whose number it named.
    Pushed(Push, Option<u16>),
    /// The phone is being told to do this.
    Told(Instruction),
    /// The phone refused to, or was never told.
    Refused(Instruction),
    /// Somebody wants missed calls to be counted from 0 again.
    MissedReset,
    /// The phone is not polled any more.
    Removed,
    /// The time of [`Switchboard::wake`] has come.
    Woke,
}

/// What the bridge told the phone to do that explains what its lines do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// To call a number, and to give up after a while.
    Dial(String, Option<Duration>),
    /// To turn away the call that rings on a line.
    TurnAway(u16),
}

/// What the engine says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Something happened to a call.
    Call(EventType, Call, Source),
    /// A call is the doorbell; with the label of the rule that it fits.
    Doorbell(Call, Option<String>),
    /// The call on this line is to be ended: it was dialled with a time limit, and nobody answers.
    HangUp(u16),
    /// The call that was dialled with a time limit was never seen: nothing will be hung up.
    NeverSeen(String),
}
