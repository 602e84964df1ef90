//! What is known of calls from elsewhere than the lines: pushes, what the bridge itself told the phone, and calls that
//! are just over. All of it is soon forgotten.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::number::same;
use super::super::push::{Push, PushKind};
use super::{Call, Direction, Now};

/// So long a push is good for.
const HINT: Duration = Duration::from_secs(10);
/// So long the call that was dialled may take to be seen.
const DIALLED: Duration = Duration::from_secs(15);
/// So many pieces of each kind are kept.
const KEPT: usize = 64;

/// A push that no call was seen for yet.
#[derive(Debug, Clone)]
pub(super) struct Hint {
    pub(super) push: Push,
    pub(super) account: Option<u16>,
    pub(super) at: Now,
}

/// A number that the bridge told the phone to call.
#[derive(Debug, Clone)]
pub(super) struct Dialled {
    pub(super) number: String,
    pub(super) hang_up_after: Option<Duration>,
    pub(super) at: Instant,
}

/// A call that is over.
#[derive(Debug)]
struct Past {
    call_id: String,
    number: Option<String>,
    incoming: bool,
    at: Instant,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    hints: VecDeque<Hint>,
    dialled: VecDeque<Dialled>,
    past: VecDeque<Past>,
    ids: VecDeque<String>,
}

impl Evidence {
    /// Keeps a push until a call is seen that it is about.
    pub(super) fn hint(&mut self, push: Push, account: Option<u16>, at: Now) {
        keep(&mut self.hints, Hint { push, account, at });
    }

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

    /// Keeps a call that is over.
    pub(super) fn over(&mut self, call: &Call, at: Instant) {
        let incoming = call.direction == Some(Direction::Incoming);
        let (call_id, number) = (call.call_id.clone(), call.number.clone());
        keep(&mut self.past, Past { call_id, number, incoming, at });
    }

    /// Says whether a push can be about an incoming call that is just over.
    pub(super) fn is_past(&self, push: &Push) -> bool {
        self.past.iter().filter(|past| past.incoming).any(|past| {
            push.call_id.as_ref() == Some(&past.call_id)
                || may_be_same(past.number.as_deref(), push.remote.as_deref())
        })
    }

    /// Takes an id that a push brought, unless a call had it before: a phone may repeat itself.
    pub(super) fn take_id(&mut self, id: &str) -> bool {
        let new = !self.has_id(id);
        if new {
            keep(&mut self.ids, id.to_owned());
        }
        new
    }

    /// Says whether a call had this id.
    pub(super) fn has_id(&self, id: &str) -> bool {
        self.ids.iter().any(|used| used == id)
    }

    /// Takes the push of one of these kinds, up to this time, that can be about a call with this number.
    pub(super) fn take_hint(
        &mut self,
        kinds: &[PushKind],
        number: Option<&str>,
        until: Instant,
    ) -> Option<Hint> {
        let place = self.hints.iter().position(|hint| {
            kinds.contains(&hint.push.kind)
                && hint.at.instant <= until
                && may_be_same(hint.push.remote.as_deref(), number)
        })?;
        self.hints.remove(place)
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
        self.hints.retain(|hint| young(hint.at.instant, HINT));
        self.past.retain(|past| young(past.at, HINT));
        let (kept, old): (Vec<_>, Vec<_>) =
            self.dialled.drain(..).partition(|one| young(one.at, DIALLED));
        self.dialled = kept.into();
        old.into_iter().filter(|one| one.hang_up_after.is_some()).collect()
    }
}

/// Says whether two numbers may be the same; one that is not known may be any.
pub(super) fn may_be_same(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        _ => true,
    }
}

fn keep<T>(all: &mut VecDeque<T>, one: T) {
    if all.len() == KEPT {
        all.pop_front();
    }
    all.push_back(one);
}
