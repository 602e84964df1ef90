//! Pushes that wait for the call that they are about, and how one is found for a call.
//!
//! A push explains a call with the same number. Without a number it fits any call, so it explains one only if there is no
//! other that it could be, and only until the lines were polled: what is not there then is over.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Now;
use crate::domain::call::push::{Push, PushKind};
use crate::domain::telephony::number::same;

/// So long a push is good for, if the phone could not be polled.
pub(super) const HINT: Duration = Duration::from_secs(10);
/// A push and what the lines show may be so far apart: a phone does not do both at once.
pub(super) const APART: Duration = Duration::from_secs(2);
/// Maximum number of pushes that are kept.
const KEPT: usize = 64;

/// A push that no call was seen for yet.
#[derive(Debug, Clone)]
pub(super) struct Hint {
    pub(super) push: Push,
    pub(super) account: Option<u16>,
    pub(super) at: Now,
    /// Whether the lines were polled since, or its call is known to be over: only its number tells now what it is
    /// about.
    stale: bool,
}

/// How a push was found for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Both have the same number.
    Number,
    /// One of them has none, and there is no other push, and no other call, that it could be.
    Alone,
}

/// A call that the push of its beginning is wanted for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'a> {
    /// What began, as pushes say it.
    pub(super) kinds: &'a [PushKind],
    pub(super) number: Option<&'a str>,
    /// When it was seen first.
    pub(super) since: Instant,
    /// Whether it is the only call that is new.
    pub(super) alone: bool,
    /// The numbers that the lines show.
    pub(super) shown: &'a [String],
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    hints: VecDeque<Hint>,
}

impl Pushes {
    /// Keeps a push until a call is seen that it is about; one that is there already is only said again.
    pub(super) fn keep(&mut self, push: Push, account: Option<u16>, at: Now) {
        let again = |hint: &Hint| {
            let what = |push: &Push| (push.kind, push.call_id.clone(), push.remote.clone());
            what(&hint.push) == what(&push)
        };
        if !self.hints.iter().any(again) {
            self.put(Hint { push, account, at, stale: false });
        }
    }

    /// Takes the push of a call's beginning: the one with its number, else the one that can be about no other call.
    pub(super) fn take_beginning(&mut self, sought: Sought<'_>) -> Option<(Hint, Fit)> {
        let Sought { kinds, number, since, alone, shown } = sought;
        let numbered = |hint: &Hint| {
            let at = hint.at.instant;
            let apart = at.max(since) - at.min(since);
            kinds.contains(&hint.push.kind) && apart < HINT && number.is_some_and(|n| hint.has(n))
        };
        if let Some(place) = self.hints.iter().position(numbered) {
            return Some((self.hints.remove(place)?, Fit::Number));
        }
        let vague = |hint: &Hint| {
            let late = hint.at.instant.saturating_duration_since(since) >= APART;
            let of_another = shown.iter().any(|number| hint.has(number));
            kinds.contains(&hint.push.kind)
                && (number.is_none() || hint.push.remote.is_none())
                && !(late || of_another || hint.stale)
        };
        let mut places = (0..self.hints.len()).filter(|place| vague(&self.hints[*place]));
        let only = places.next().filter(|_| alone && places.next().is_none())?;
        Some((self.hints.remove(only)?, Fit::Alone))
    }

    /// Returns `true` if a push tells of the beginning of a call with this number.
    pub(super) fn announce(&self, number: &str) -> bool {
        self.hints.iter().any(|hint| hint.begins() && hint.has(number))
    }

    /// Takes the push of the beginning of a call that was missed: it tells when that was.
    pub(super) fn take_beginning_of(&mut self, missed: &Hint) -> Option<Hint> {
        let place = self.hints.iter().position(|hint| {
            hint.push.kind == PushKind::Incoming
                && hint.at.instant <= missed.at.instant
                && match (&hint.push.call_id, &missed.push.call_id) {
                    (Some(one), Some(other)) => one == other,
                    _ => missed.push.remote.as_ref().is_some_and(|number| hint.has(number)),
                }
        })?;
        self.hints.remove(place)
    }

    /// Takes the pushes of missed calls that came up to this time.
    pub(super) fn take_missed(&mut self, until: Instant) -> Vec<Hint> {
        let due = |hint: &Hint| !hint.begins() && hint.at.instant <= until;
        let (missed, others): (Vec<_>, Vec<_>) = self.hints.drain(..).partition(due);
        self.hints = others.into();
        missed
    }

    /// Puts a push (back) that may still turn out to be about what is seen.
    pub(super) fn put(&mut self, hint: Hint) {
        if self.hints.len() == KEPT {
            self.hints.pop_front();
        }
        self.hints.push_back(hint);
    }

    /// Notes that the call with this id is explained, or over: no push is about a new one with it.
    pub(super) fn settle(&mut self, id: &str) {
        for hint in self.hints.iter_mut().filter(|hint| hint.push.call_id.as_deref() == Some(id)) {
            hint.stale = true;
        }
    }

    /// Notes that the lines, when they were asked for, did not show the calls whose beginning pushes told before.
    pub(super) fn looked(&mut self, asked: Instant) {
        self.hints.retain(|hint| !hint.begins() || asked < hint.at.instant + APART);
        for hint in self.hints.iter_mut().filter(|hint| hint.at.instant <= asked) {
            hint.stale = true;
        }
    }

    /// Forgets what is old.
    pub(super) fn forget(&mut self, now: Instant) {
        self.hints.retain(|hint| now.saturating_duration_since(hint.at.instant) < HINT);
    }
}

impl Hint {
    fn begins(&self) -> bool {
        self.push.kind != PushKind::Missed
    }

    fn has(&self, number: &str) -> bool {
        self.push.remote.as_ref().is_some_and(|remote| same(remote, number))
    }
}
