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
mod handle;
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
mod pushes;
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
mod ticker;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use self::{clock::now, handle::Inner, socket::Socket, state::State};
pub use self::{
    event::{PushEvent, UnknownEvent},
    fault::Fault,
    function::Function,
    handle::Simulator,
    journal::Happening,
    life::{Pace, friends},
    line::{Line, LineState},
    model::Caller,
    profile::{
        Account, Dialect, Digest, FarEnd, LoginAnswer, Person, Profile, Resume, Unauthorized,
    },
    pushes::Pushed,
};

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
        drop(tokio::spawn(ticker::run(simulator.clone())));
        drop(tokio::spawn(push::run(simulator.clone())));
        Ok(simulator)
    }
}
