//! A simulated phone from outside: what tests and people do to it, and what they see.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::clock::now;
use super::fault::{Fault, Faults};
use super::function::Function;
use super::journal::Happening;
use super::line::Line;
use super::model::{Caller, Phone};
use super::socket::Socket;
use super::state::State;

/// A running simulated phone. Clones are the same phone; it runs until `stop` is cancelled.
#[derive(Clone, Debug)]
pub struct Simulator {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) address: SocketAddr,
    pub(super) state: Mutex<State>,
    pub(super) socket: tokio::sync::Mutex<Socket>,
    /// When something happens next by itself.
    pub(super) due: watch::Sender<Option<Instant>>,
    /// Wakes who calls URLs.
    pub(super) news: Notify,
    pub(super) stop: CancellationToken,
}

impl Simulator {
    /// Where it listens, or will listen again.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// A call comes in. The line that rings, or `None` when none is free, the account is not registered, or the phone is
    /// away.
    pub fn ring(&self, caller: Caller) -> Option<u16> {
        self.with(|state, now| {
            let reachable = state.reachable();
            reachable.then(|| state.phone.ring(caller, now)).flatten()
        })
    }

    /// A blocked number calls: as [`Self::ring`], but the line is idle again by itself, and no missed call is counted.
    pub fn flap(&self, caller: Caller, rings_for: Duration) -> Option<u16> {
        self.with(|state, now| {
            let reachable = state.reachable();
            reachable.then(|| state.phone.flap(caller, rings_for, now)).flatten()
        })
    }

    /// Somebody at the phone dials, with an account counted from 1. The line it takes.
    pub fn dial(&self, number: &str, account: u16) -> Option<u16> {
        self.with(|state, now| {
            let reachable = state.reachable();
            reachable.then(|| state.phone.dial(number, account, now)).flatten()
        })
    }

    /// The caller gives up while it rings. Like all that follow: `false` when the line is not in a state for it.
    pub fn caller_gives_up(&self, line: u16) -> bool {
        self.on(line, Phone::caller_gives_up)
    }

    /// Somebody at the phone takes the call.
    pub fn answer(&self, line: u16) -> bool {
        self.on(line, Phone::answer)
    }

    /// Somebody at the phone turns the call away.
    pub fn reject(&self, line: u16) -> bool {
        self.on(line, Phone::reject)
    }

    /// Somebody at the phone ends the call.
    pub fn hang_up(&self, line: u16) -> bool {
        self.on(line, Phone::hang_up)
    }

    /// Somebody at the phone puts the call on hold.
    pub fn hold(&self, line: u16) -> bool {
        self.on(line, Phone::hold)
    }

    /// Somebody at the phone goes on with a call on hold.
    pub fn resume(&self, line: u16) -> bool {
        self.on(line, Phone::resume)
    }

    /// The other phone begins to ring.
    pub fn far_end_rings(&self, line: u16) -> bool {
        self.on(line, Phone::far_end_rings)
    }

    /// The other phone is answered.
    pub fn far_end_answers(&self, line: u16) -> bool {
        self.on(line, Phone::far_end_answers)
    }

    /// The other phone is busy.
    pub fn far_end_is_busy(&self, line: u16) -> bool {
        self.on(line, Phone::far_end_is_busy)
    }

    /// The other party ends the call.
    pub fn far_end_hangs_up(&self, line: u16) -> bool {
        self.on(line, Phone::far_end_hangs_up)
    }

    /// The line shows a code or word that no guide explains; [`Self::hang_up`] clears it.
    pub fn show(&self, line: u16, shown: &str) -> bool {
        self.on(line, |phone, line, now| phone.show(line, shown, now))
    }

    /// An account, counted from 1, registers at its server or is signed off.
    pub fn register(&self, account: u16, registered: bool) -> bool {
        self.with(|state, _| state.phone.register(account, registered))
    }

    /// A person changes a value at the phone.
    pub fn set_value(&self, name: &str, value: &str) {
        self.with(|state, _| state.phone.values.insert(name.to_owned(), value.to_owned()));
    }

    /// All lines as they are now.
    pub fn lines(&self) -> Vec<Line> {
        self.with(|state, _| state.phone.lines().to_vec())
    }

    /// How many calls the phone itself counts as missed since it booted.
    pub fn missed_calls(&self) -> u32 {
        self.with(|state, _| state.phone.missed)
    }

    /// What clients did to the phone, the oldest first.
    pub fn happenings(&self) -> Vec<Happening> {
        self.with(|state, _| state.journal.all().cloned().collect())
    }

    /// How many requests for a function arrived.
    pub fn requests(&self, function: Function) -> u64 {
        self.with(|state, _| state.requests.get(&function).copied().unwrap_or_default())
    }

    /// How many requests arrived for any function.
    pub fn all_requests(&self) -> u64 {
        self.with(|state, _| state.requests.values().sum())
    }

    /// From now on answers of this function, or of all, are wrong in this way.
    pub fn set_fault(&self, function: impl Into<Option<Function>>, fault: Fault) {
        let function = function.into();
        self.with(|state, _| state.faults.set(function, fault));
    }

    /// From now on requests are answered as they should be; those that hang already go on hanging.
    pub fn clear_faults(&self) {
        self.with(|state, _| state.faults = Faults::default());
    }

    /// Ends all sessions, as their time would.
    pub fn expire_sessions(&self) {
        self.with(|state, _| state.sessions.expire());
    }

    /// Looks at the phone, or changes it, with everything done that is due by now.
    pub(super) fn with<T>(&self, use_it: impl FnOnce(&mut State, Instant) -> T) -> T {
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        state.phone.advance(now);
        let used = use_it(&mut state, now);
        state.push_news(&self.inner.news);
        self.inner.due.send_if_modified(|due| {
            let earlier = std::mem::replace(due, state.phone.due());
            earlier != *due
        });
        used
    }

    fn on(&self, line: u16, act: impl FnOnce(&mut Phone, u16, Instant) -> bool) -> bool {
        self.with(|state, now| act(&mut state.phone, line, now))
    }
}
