//! What is known of calls besides what the lines show now: what the bridge itself told the phone, which calls were just
//! missed, and which ids there were. All of it is soon forgotten.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::pushes::HINT;
use super::{Call, Direction};
use crate::domain::call::push::Push;
use crate::domain::telephony::number::same;

/// So long the call that was dialled may take to be seen.
const DIALLED: Duration = Duration::from_secs(15);
/// Maximum number of pieces of each kind that are kept.
const KEPT: usize = 128;

/// A number that the bridge told the phone to call.
#[derive(Debug, Clone)]
pub(super) struct Dialled {
    pub(super) number: String,
    pub(super) hang_up_after: Option<Duration>,
    pub(super) at: Instant,
}

/// A call that came, and is over without being answered.
#[derive(Debug)]
struct Past {
    number: Option<String>,
    /// The SIP Call-ID, where a push told it.
    sip_id: Option<String>,
    /// Whether the push that it was missed has come.
    confirmed: bool,
    at: Instant,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    dialled: VecDeque<Dialled>,
    past: VecDeque<Past>,
    ids: VecDeque<String>,
}

impl Evidence {
    /// Keeps a number that is being dialled.
    pub(super) fn dialled(&mut self, number: String, limit: Option<Duration>, at: Instant) {
        keep(&mut self.dialled, Dialled { number, hang_up_after: limit, at });
    }

    /// Forgets a number: the phone refused to dial it.
    pub(super) fn not_dialled(&mut self, number: &str) {
        if let Some(place) = self.dialled.iter().rposition(|one| one.number == number) {
            self.dialled.remove(place);
        }
    }

    /// Forgets all that was dialled.
    pub(super) fn forget_dialled(&mut self) {
        self.dialled.clear();
    }

    /// Keeps a call that is over. It is confirmed, if only the push that it was missed told of it.
    pub(super) fn over(
        &mut self,
        call: &Call,
        sip_id: Option<String>,
        confirmed: bool,
        at: Instant,
    ) {
        self.take_id(&call.call_id);
        if call.direction == Some(Direction::Incoming) && !call.was_up {
            keep(&mut self.past, Past { number: call.number.clone(), sip_id, confirmed, at });
        }
    }

    /// Returns `true` if a push is about a missed call that is just over. One without a number can be about any, but each of
    /// these is missed only once; and Call-IDs that differ are different calls.
    pub(super) fn is_past(&mut self, push: &Push) -> bool {
        let again = |past: &Past| match (&past.number, &push.remote) {
            (Some(one), Some(other)) => same(one, other),
            (None, None) => push.call_id.is_none(),
            (Some(_), None) | (None, Some(_)) => false,
        };
        let may_be = |past: &Past| {
            !past.confirmed && may_be_same(past.number.as_deref(), push.remote.as_deref())
        };
        let find = |fits: &dyn Fn(&Past) -> bool| {
            let open = |past: &Past| may_be_one(past.sip_id.as_ref(), push.call_id.as_ref());
            self.past.iter().rposition(|past| open(past) && fits(past))
        };
        let place = find(&again).or_else(|| find(&may_be));
        let Some(past) = place.and_then(|place| self.past.get_mut(place)) else { return false };
        past.confirmed = true;
        if let Some(id) = &push.call_id {
            past.sip_id.get_or_insert_with(|| id.clone());
            self.take_id(id);
        }
        true
    }

    /// Takes an id that a push brought, unless a call had it before: a phone may repeat itself.
    pub(super) fn take_id(&mut self, id: &str) -> bool {
        let new = !self.has_id(id);
        if new {
            keep(&mut self.ids, id.to_owned());
        }
        new
    }

    /// Returns `true` if a call had this id.
    pub(super) fn has_id(&self, id: &str) -> bool {
        self.ids.iter().any(|used| used == id)
    }

    /// Takes what was dialled, if a call with this number, seen first at this time, can be it. One that was there before
    /// the order is another, unless it shows the very number: a phone may dial on a line that is off hook.
    pub(super) fn take_dialled(&mut self, number: Option<&str>, since: Instant) -> Option<Dialled> {
        let shows = |one: &Dialled| number.is_some_and(|number| same(&one.number, number));
        let place =
            self.dialled.iter().position(shows).or_else(|| {
                self.dialled.iter().position(|one| number.is_none() && one.at <= since)
            })?;
        self.dialled.remove(place)
    }

    /// Forgets what is old; returns what was dialled with a time limit and never seen.
    pub(super) fn forget(&mut self, now: Instant) -> Vec<Dialled> {
        let young = |at: Instant, lifetime| now.saturating_duration_since(at) < lifetime;
        self.past.retain(|past| young(past.at, HINT));
        let (kept, old): (Vec<_>, Vec<_>) =
            self.dialled.drain(..).partition(|one| young(one.at, DIALLED));
        self.dialled = kept.into();
        old.into_iter().filter(|one| one.hang_up_after.is_some()).collect()
    }
}

/// Returns `true` if two numbers may be the same; one that is not known may be any.
pub(super) fn may_be_same(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        _ => true,
    }
}

/// Returns `true` if two Call-IDs may be of the same call: only one that is not known can be another.
pub(super) fn may_be_one(one: Option<&String>, other: Option<&String>) -> bool {
    one.is_none() || other.is_none() || one == other
}

fn keep<T>(all: &mut VecDeque<T>, one: T) {
    if all.len() == KEPT {
        all.pop_front();
    }
    all.push_back(one);
}
