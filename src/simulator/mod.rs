//! Phones that are not there: a model of one phone and its calls, and the vendor's HTTP in front of it. It speaks from the
//! vendor's guide and from captured answers, and uses nothing else of this crate, so that it cannot share our misreadings.
//!
//! | Room | What is in it |
//! |---|---|
//! | `profile` | what kind of phone |
//! | `model`, `line`, `phonebook`, `sessions` | the phone itself; pure, time is an argument |
//! | `event`, `news` | what changes of it are called; pure |
//! | `http`, `door`, `status`, `orders`, `settings`, `contacts` | what it says; `function`, `request`, `reply` are the words |
//! | `push`, `template` | what it says by itself: URLs that it calls when something happens |
//! | `fault`, `socket` | how it fails: wrong answers, resets, the plug |
//! | `journal` | what clients did to it |
//! | `page` | a web page to play the people at both ends, and the control interface behind it |
//! | `life` | calls that come by themselves |
//! | `clock` | the time, and what happens when it has come |
//!
//! # Control interface
//!
//! `GET /simulator/state` answers with everything the page shows. `POST /simulator/<action>` takes a JSON object, answers
//! 200 with `{"ok":true}` (and the `line` that a call took) or 409 with `{"ok":false}` when the phone is not in a state for
//! it. The content type must be JSON, which keeps other sites' pages out.
//!
//! | Action | Object |
//! |---|---|
//! | `ring` | `number`, `name`, `account` (1) |
//! | `flap` | the same, and `milliseconds` (300): a blocked number, the line is idle again by itself |
//! | `dial` | `number`, `account` (1): somebody dials at the phone |
//! | `answer` `reject` `hang-up` `hold` `resume` | `line`: somebody at the phone |
//! | `caller-gives-up` `far-end-rings` `far-end-answers` `far-end-is-busy` `far-end-hangs-up` | `line`: the other party |
//! | `register` `unregister` | `account` |
//! | `reboot` `expire-sessions` | `{}` |
//! | `unplug` | `seconds` (30) |
//! | `push` | `event`, `url`: what the phone calls when that happens; empty for nothing. `state` lists the events |
//!
//! ```sh
//! curl -H 'Content-Type: application/json' -d '{"name":"Ada","number":"+15550100"}' http://127.0.0.1:8080/simulator/ring
//! ```

mod clock;
mod contacts;
mod door;
mod event;
mod fault;
mod function;
mod http;
mod journal;
mod life;
mod line;
mod model;
mod news;
mod orders;
mod page;
mod phonebook;
mod power;
mod profile;
mod push;
mod reply;
mod request;
mod sessions;
mod settings;
mod socket;
mod state;
mod status;
mod template;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use self::{clock::now, model::Phone, socket::Socket, state::State};
pub use self::{
    event::{PushEvent, UnknownEvent},
    fault::Fault,
    function::Function,
    journal::Happening,
    life::{Pace, friends},
    line::{Line, LineState},
    model::Caller,
    profile::{
        Account, Dialect, Digest, FarEnd, LoginAnswer, Person, Profile, Resume, Unauthorized,
    },
    push::Pushed,
};

/// A running simulated phone. Clones are the same phone; it runs until `stop` is cancelled.
#[derive(Clone, Debug)]
pub struct Simulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    state: Mutex<State>,
    socket: tokio::sync::Mutex<Socket>,
    /// When something happens next by itself.
    due: watch::Sender<Option<Instant>>,
    /// Wakes who calls URLs.
    news: Notify,
    stop: CancellationToken,
}

impl Simulator {
    /// Starts a phone that listens at an address, port 0 for any that is free.
    pub async fn start(
        address: SocketAddr,
        profile: Profile,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let listener = socket::listen(address)?;
        let address = listener.local_addr()?;
        let inner = Inner {
            address,
            state: Mutex::new(State::new(profile, address.ip(), now())),
            socket: tokio::sync::Mutex::new(Socket::Unplugged(None)),
            due: watch::Sender::new(None),
            news: Notify::new(),
            stop,
        };
        let simulator = Self { inner: Arc::new(inner) };
        let socket =
            Socket::listening(listener, http::router(simulator.clone()), &simulator.inner.stop);
        *simulator.inner.socket.lock().await = socket;
        drop(tokio::spawn(clock::run(simulator.clone())));
        drop(tokio::spawn(push::run(simulator.clone())));
        Ok(simulator)
    }

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
        self.with(|state, _| state.faults = fault::Faults::default());
    }

    /// Ends all sessions, as their time would.
    pub fn expire_sessions(&self) {
        self.with(|state, _| state.sessions.expire());
    }

    /// Looks at the phone, or changes it, with everything done that is due by now.
    fn with<T>(&self, use_it: impl FnOnce(&mut State, Instant) -> T) -> T {
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
