//! The broker: the one link to it, and what it needs to be reached.
//!
//! `link` holds the connection for months, `probe` tries it once. Below them: `session` is one connection from CONNACK
//! to goodbye, `connection` the only user of rumqttc, over a `wire` that `dial` has laid; `queue`, `flight`, `backoff` and
//! `reason` are plain values.

mod backoff;
mod connection;
mod dial;
mod event;
mod flight;
mod healing;
pub mod link;
mod notice;
mod options;
mod outbox;
mod plan;
pub mod probe;
mod queue;
mod reason;
mod session;
mod sieve;
mod tls;
mod translation;
mod wire;

pub use link::{Heard, Link, Lost};
pub use notice::Notice;
pub use options::{BrokerOptions, ClientCertificate, Tls};
pub use outbox::Outbox;
pub use plan::{Patience, Plan, Subscription};
pub use probe::{Probe, Trial, probe, retained};
pub use queue::Tally;
pub use reason::Reason;
pub use tls::Error as TlsError;
