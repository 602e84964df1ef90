//! One try of the broker, for `gxv2mqtt check`: connects, subscribes, publishes nothing, leaves.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::connection::{Connection, Dialer, Event, Limits};
use super::link::{Patience, Subscription};
use super::reason::meaning;
use super::{Options, Reason, tls};

/// What the try showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The largest message the broker takes, with its topic and header, in bytes.
    pub largest_message: usize,
    /// Filters that the broker refuses, with its reason.
    pub refused: Vec<(String, String)>,
}

/// Why the try failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificates are no use.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// The broker cannot be used.
    #[error(transparent)]
    Broker(#[from] Reason),
}

/// Tries the broker under a client id of its own, so that a running bridge keeps its connection.
///
/// Whether the broker lets us *publish* cannot be known without doing so: a running link warns about it.
pub async fn probe(options: &Options, filters: &[String]) -> Result<Probe, Error> {
    let patience = Patience::default();
    let options = Options { client_id: format!("{}-check", options.client_id), ..options.clone() };
    let mut connection = Dialer::new(&options, patience)?.dial();
    let deadline = Instant::now() + patience.connect + patience.goodbye;
    let asked = timeout_at(deadline, ask(&mut connection, filters)).await;
    let (limits, answers) = asked.unwrap_or(Err(Reason::NoAnswer(patience.connect)))?;
    if connection.say_goodbye().is_ok() {
        // The answers are in; a goodbye that does not get through changes nothing.
        timeout_at(deadline, closed(&mut connection)).await.ok();
    }
    let refused = filters
        .iter()
        .cloned()
        .zip(answers)
        .filter_map(|(filter, code)| Some((filter, meaning(code?))))
        .collect();
    Ok(Probe { largest_message: limits.packet, refused })
}

/// How long a retained message may take to come.
const RETAINED: Duration = Duration::from_secs(3);

/// Returns the retained message on a topic, if there is one; under a client id of its own, too.
pub async fn retained(options: &Options, topic: &str) -> Result<Option<String>, Error> {
    let patience = Patience { connect: Duration::from_secs(5), ..Patience::default() };
    let options = Options { client_id: format!("{}-health", options.client_id), ..options.clone() };
    let mut connection = Dialer::new(&options, patience)?.dial();
    let deadline = Instant::now() + patience.connect + RETAINED;
    let found = timeout_at(deadline, find(&mut connection, topic)).await;
    if connection.say_goodbye().is_ok() {
        let soon = Instant::now() + Duration::from_secs(1);
        timeout_at(soon, closed(&mut connection)).await.ok();
    }
    match found {
        Ok(found) => Ok(Some(found?)),
        // a broker that does not answer ends the connection, and sooner: this one has nothing to say
        Err(_) => Ok(None),
    }
}

async fn find(connection: &mut Connection, wanted: &str) -> Result<String, Reason> {
    loop {
        match connection.event().await {
            Event::Opened(_) => {
                let filter = Subscription { filter: wanted.to_owned(), retained: true };
                connection
                    .subscribe(&[filter])
                    .map_err(|error| Reason::Broken(error.to_string()))?;
            }
            Event::Subscribed(answers) => {
                if let Some(Some(code)) = answers.into_iter().next() {
                    let why = meaning(code);
                    return Err(Reason::Broken(format!(
                        "subscribing to {wanted} is refused: {why}"
                    )));
                }
            }
            Event::Message { topic, payload, .. } if topic == wanted => {
                return Ok(String::from_utf8_lossy(&payload).into_owned());
            }
            Event::Closed(reason) => return Err(reason),
            Event::Message { .. }
            | Event::Unsubscribed
            | Event::Written(_)
            | Event::Acknowledged { .. }
            | Event::SaidGoodbye
            | Event::Pinged
            | Event::Alive => {}
        }
    }
}

async fn ask(
    connection: &mut Connection,
    filters: &[String],
) -> Result<(Limits, Vec<Option<u8>>), Reason> {
    let subscriptions: Vec<_> = filters
        .iter()
        .map(|filter| Subscription { filter: filter.clone(), retained: false })
        .collect();
    let mut allowed = None;
    loop {
        match (connection.event().await, allowed) {
            (Event::Opened(limits), _) if subscriptions.is_empty() => {
                return Ok((limits, Vec::new()));
            }
            (Event::Opened(limits), _) => {
                allowed = Some(limits);
                connection.subscribe(&subscriptions).map_err(|_| {
                    Reason::Broken("a topic filter is not valid: check mqtt.base_topic".to_owned())
                })?;
            }
            (Event::Subscribed(answers), Some(limits)) => return Ok((limits, answers)),
            (Event::Closed(reason), _) => return Err(reason),
            _ => {}
        }
    }
}

async fn closed(connection: &mut Connection) {
    while !matches!(connection.event().await, Event::SaidGoodbye | Event::Closed(_)) {}
}
