//! What the link does on each connection, and how long it waits for what.

use std::time::Duration;

use crate::domain::contract::topic::Publication;

/// What the link does on each connection.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the broker publishes when we vanish, and we ourselves when we stop.
    pub will: Publication,
    /// What [`Outbox::greet`](super::Outbox::greet) publishes, and the link again whenever somebody says otherwise; on the same topic.
    pub birth: Publication,
    /// What we want to hear.
    pub subscriptions: Vec<Subscription>,
    /// A topic on which a subscriber says that it is back; events that waited for the broker need not wait for it, too.
    pub back: Option<String>,
}

/// One topic filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The filter.
    pub filter: String,
    /// Whether the broker sends what it has retained, after each `Notice::Connected`.
    pub retained: bool,
}

/// How long the link waits for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection to open; whole seconds.
    pub connect: Duration,
    /// Between signs of life; at least 5 s.
    pub keep_alive: Duration,
    /// For progress on an open connection.
    pub stall: Duration,
    /// Before the second try.
    pub first_retry: Duration,
    /// Before any other try, while the broker is not away for long.
    pub soon_retry: Duration,
    /// Before any other try, while it is away for longer.
    pub retry: Duration,
    /// Before any other try, if somebody has to fix something first.
    pub longest_retry: Duration,
    /// How long a connection must hold to count as a good one: the next loss is a new one.
    pub served: Duration,
    /// After another client took our connection over.
    pub takeover: Duration,
    /// Before `online` is put back once more.
    pub heal: Duration,
    /// For the broker to come back, as an event.
    pub event: Duration,
    /// For the last acknowledgements, when we stop.
    pub goodbye: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            stall: Duration::from_secs(20),
            first_retry: Duration::from_millis(500),
            soon_retry: Duration::from_secs(1),
            retry: Duration::from_secs(5),
            longest_retry: Duration::from_secs(30),
            served: Duration::from_secs(5),
            takeover: Duration::from_secs(30),
            heal: Duration::from_secs(30),
            event: Duration::from_mins(1),
            goodbye: Duration::from_secs(2),
        }
    }
}
