//! Decides about each call: whose it is, whether it is taken, and what it is answered. It waits for nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::request::{self, Refusal};
use super::token::Tokens;
use crate::domain::call::push::Push;
use crate::domain::telephony::PhoneId;

/// Maximum number of pushes of one phone that are handled within [`WINDOW`]; polls make up for the others.
pub(super) const PUSHES: u32 = 50;
/// See [`PUSHES`].
pub(super) const WINDOW: Duration = Duration::from_secs(10);
/// The least time between two warnings of one sort: anybody in the network could fill the log.
const WARNINGS: Duration = Duration::from_mins(1);

/// What a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It is taken.
    Ok,
    /// It is not HTTP.
    BadRequest,
    /// No phone has that token, or there is no such event: which, is not told.
    NotFound,
    /// It is no `GET`.
    NotAllowed,
    /// Its head is too long.
    TooLong,
    /// Its phone has called too often.
    TooMany,
    /// Too many pushes wait.
    Busy,
}

impl Status {
    /// Returns the whole answer.
    pub(super) fn answer(self) -> String {
        let (status, more) = match self {
            Self::Ok => ("200 OK", ""),
            Self::BadRequest => ("400 Bad Request", ""),
            Self::NotFound => ("404 Not Found", ""),
            Self::NotAllowed => ("405 Method Not Allowed", "Allow: GET, HEAD\r\n"),
            Self::TooLong => ("431 Request Header Fields Too Large", ""),
            Self::TooMany => ("429 Too Many Requests", ""),
            Self::Busy => ("503 Service Unavailable", ""),
        };
        format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n{more}\r\n")
    }
}

/// Lets pushes in.
pub(super) struct Gate {
    tokens: watch::Receiver<Tokens>,
    pushes: mpsc::Sender<(PhoneId, Push)>,
    memory: Mutex<Memory>,
}

/// What was seen lately.
#[derive(Default)]
struct Memory {
    strangers: Warning,
    floods: Warning,
    windows: HashMap<PhoneId, Window>,
}

/// How often one phone has called since a moment.
struct Window {
    since: Instant,
    count: u32,
}

impl Gate {
    /// Takes whose tokens there are, and where pushes go.
    pub(super) fn new(
        tokens: watch::Receiver<Tokens>,
        pushes: mpsc::Sender<(PhoneId, Push)>,
    ) -> Self {
        Self { tokens, pushes, memory: Mutex::default() }
    }

    /// Decides about the head of a request.
    pub(super) fn decide(&self, head: &[u8], peer: IpAddr, now: Instant) -> Status {
        let request = match request::read(head) {
            Ok(request) => request,
            Err(Refusal::NoRequest) => return Status::BadRequest,
            Err(Refusal::NoGet) => return Status::NotAllowed,
        };
        let whose = |token| self.tokens.borrow().get(&token).cloned();
        let Some(phone) = request.token.and_then(whose) else {
            if self.remember(|memory| memory.strangers.is_due(now)) {
                tracing::warn!(
                    %peer,
                    "a push with a token of no phone; `gxv2mqtt push-urls` prints the right ones"
                );
            }
            return Status::NotFound;
        };
        match request.push {
            None => {
                tracing::debug!(%phone, "a push of no event that is known");
                Status::NotFound
            }
            Some(_) if request.only_asks => Status::Ok,
            Some(push) => self.take(&phone, push, now),
        }
    }

    fn take(&self, phone: &PhoneId, push: Push, now: Instant) -> Status {
        let kind = push.kind.word();
        if self.remember(|memory| memory.is_flood(phone, now)) {
            if self.remember(|memory| memory.floods.is_due(now)) {
                tracing::warn!(%phone, "it pushes too often; the excess is dropped");
            }
            return Status::TooMany;
        }
        if self.pushes.try_send((phone.clone(), push)).is_err() {
            tracing::debug!(%phone, kind, "a push is dropped: too many are waiting");
            return Status::Busy;
        }
        tracing::debug!(%phone, kind, "a push");
        Status::Ok
    }

    fn remember<T>(&self, what: impl FnOnce(&mut Memory) -> T) -> T {
        what(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Memory {
    /// Counts a push. Returns `true` if it is one too many.
    fn is_flood(&mut self, phone: &PhoneId, now: Instant) -> bool {
        let fresh = Window { since: now, count: 0 };
        let window = self.windows.entry(phone.clone()).or_insert(fresh);
        if now.saturating_duration_since(window.since) >= WINDOW {
            *window = Window { since: now, count: 0 };
        }
        window.count = window.count.saturating_add(1);
        window.count > PUSHES
    }
}

/// When something was warned of last.
#[derive(Default)]
pub(super) struct Warning(Option<Instant>);

impl Warning {
    /// Returns `true` if it may be logged as a warning again, and assumes that it is.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.0.is_none_or(|last| now.saturating_duration_since(last) >= WARNINGS);
        if due {
            self.0 = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant does: the test only adds to it")]
    fn a_phone_that_called_too_often_is_heard_again_in_the_next_window() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        let [kitchen, hall]: [PhoneId; 2] = ["kitchen", "hall"].map(|id| id.parse().unwrap());
        let late = start + WINDOW.mul_f64(0.9);
        assert!((0..PUSHES).all(|_| !memory.is_flood(&kitchen, start)));
        assert!(memory.is_flood(&kitchen, late));
        assert!(!memory.is_flood(&hall, late), "another phone is another matter");
        assert!(!memory.is_flood(&kitchen, start + WINDOW));
        // and a whole window of them
        assert!((1..PUSHES).all(|_| !memory.is_flood(&kitchen, start + WINDOW)));
        assert!(memory.is_flood(&kitchen, start + WINDOW));
    }
}
