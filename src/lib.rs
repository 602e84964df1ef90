//! gxv2mqtt makes Grandstream GXV phones first-class citizens of a smart home: it polls each phone over its HTTP API,
//! publishes what changed to MQTT with Home Assistant discovery, and turns MQTT commands into calls of that API.
//!
//! # Map
//!
//! ```text
//! phone --HTTP--> phone::http --> dialect --> Answer ---> +------+ --> Effect::Publish --> bridge::router --> mqtt::link --> broker
//! phone --GET---> phone::push -----> Push --------------> | twin | --> Effect::Send -----> dialect --> phone::http
//! broker -------> mqtt::link --> Topic ---> Command ----> +------+     Twin::wake -------> the timer of the phone's task
//! ```
//!
//! - [`domain`]: what the bridge knows and decides, without I/O. From the ground up:
//!   `telephony` (the words of the phone's user), `values` (the phone's own settings), `contacts` (who has which number);
//!   `request` (what can be asked of a phone, and its answers);
//!   `call` (line states over time → calls and their events), `command` (payload → policy → requests → result),
//!   `polling` (what is read when); `contract` (what MQTT and Home Assistant see, each one table);
//!   `twin` (the reducer of one phone, which joins them).
//! - [`homeassistant`]: discovery payloads out of the table of entities, and when they are sent.
//! - [`phone`]: `dialect` is how to talk to a phone, as plain values; `http` sends it; `task` owns one phone; `push` receives what
//!   phones report by themselves.
//! - [`mqtt`]: the link to the broker.
//! - [`tls`]: certificates, for phones and brokers alike; [`file`](mod@file): files that the settings name.
//! - [`names`]: the address book of the settings, read from its file; `domain::contacts` finds names in it.
//! - [`config`], [`cli`]: what was written, and what was meant; [`mod@log`]: what is logged, and what never is.
//! - [`bridge`]: starts the tasks, connects and supervises them, stops them in order. `router` passes messages on, `fleet` has the
//!   phones' tasks, `overview` what is known of all, `requests` and `reload` carry out what is asked of the bridge itself.
//! - [`check`], `demo`, [`push_urls`], [`reference`](mod@reference), [`program`]: the other subcommands.
//! - `simulator`: phones that are not there; written from the vendor's guide, not from `phone`.
//! - `fuzzing`: each reader of what others write, for `fuzz/` and `tests/corpus.rs`.
//!
//! # What holds everywhere
//!
//! - `domain`, `homeassistant` and `phone::dialect` do no I/O and read no clock: time is an argument, effects are values.
//! - Arrows point one way: no two files use each other; `domain` uses nothing of ours; `homeassistant`, `phone`, `mqtt` and `names` use `domain` only;
//!   `simulator` uses none of them. `tests/architecture.rs` holds this.
//! - One task owns one phone. Channels are bounded; a stuck phone delays only itself.
//! - State is never queued while the broker is away: when it is back, everything is published again. That is the diff
//!   against nothing, and the same path as the first start and Home Assistant's birth.
//! - A phone is sent a request only because a job was due, or because somebody asked.
//! - What the lines do decides what is a call; what a phone pushes only makes the bridge poll, and explains what it sees.

pub mod domain;
pub mod file;
pub mod tls;

pub mod homeassistant;
pub mod mqtt;
pub mod names;
pub mod phone;

pub mod cli;
pub mod config;
pub mod log;

pub mod bridge;
pub mod check;
pub mod program;
pub mod push_urls;
pub mod reference;

#[doc(hidden)]
pub mod fuzzing;

#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "simulator")]
pub mod simulator;
