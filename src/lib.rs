//! gxv2mqtt makes Grandstream GXV phones first-class citizens of a smart home: it polls each phone over its HTTP API,
//! publishes what changed to MQTT with Home Assistant discovery, and turns MQTT commands into calls of that API.
//!
//! # Map
//!
//! ```text
//! phone --HTTP--> phone::http --> dialect --> Answer ---> +------+ --> Action::Publish --> mqtt::link --> broker
//!                                                         | twin | --> Action::PhoneRequest -----> dialect --> phone::http
//! phone --GET---> phone::push --> Push -----------------> |      |     Twin::wake -------> the task's timer
//! broker -------> mqtt::link --> Topic ----> Command ---> +------+
//! ```
//!
//! - [`domain`]: what the bridge knows and decides. `twin` is the reducer of one phone, `schedule` its pace, `call` its
//!   calls and their events, `directory` the names of numbers, `order` a command on its way, `snapshot` its picture and
//!   the topics that show it; `topic`, `command`, `bridge_request` and `entity` hold the tables that topics, commands,
//!   requests, discovery and the reference come from; `setting` is a value of the phone that users have named; `health`
//!   is what the bridge says of itself.
//! - [`homeassistant`]: discovery payloads out of the table of entities and of settings, and when they are sent.
//! - [`phone`]: `dialect` says how to talk to a phone, `http` sends it, `task` owns one phone; `push` hears what phones
//!   say by themselves.
//! - [`mqtt`]: the link to the broker.
//! - [`tls`]: certificates, for phones and brokers alike.
//! - [`names`]: the address book of the settings, read from its file; what a number's name is, `domain::contacts::directory` says.
//! - [`config`], [`cli`]: what was written, and what was meant; [`mod@log`]: what is logged, and what never is.
//! - [`bridge`]: starts the tasks, connects them, watches over them, stops them in order; `router` is the crossroads,
//!   `fleet` the phones' tasks, `requests` and `reload` what is asked of the bridge itself.
//! - [`check`], [`demo`], [`push_urls`], [`reference`](mod@reference), [`program`]: the other calls of the program.
//! - [`simulator`]: phones that are not there; written from the vendor's guide, not from `phone`.
//!
//! # What holds everywhere
//!
//! - `domain`, `homeassistant` and `phone::dialect` do no I/O and read no clock: time is an argument, effects are values.
//! - Arrows point one way: `domain` uses nothing of ours; `homeassistant`, `phone`, `mqtt` and `names` use `domain` only;
//!   `simulator` uses none of them. `tests/architecture.rs` holds this.
//! - One task owns one phone. Channels are bounded; a stuck phone delays only itself.
//! - State is never queued while the broker is away: when it is back, everything is published again. That is the diff
//!   against nothing, and the same path as the first start and Home Assistant's birth.
//! - A phone is asked for something only because it was due to be read, or because somebody asked.
//! - What the lines do decides what is a call; what a phone pushes only makes the bridge poll, and explains what it sees.

pub mod domain;
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

#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "simulator")]
pub mod simulator;
