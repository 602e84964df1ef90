//! One try of the broker, for `gxv2mqtt check`: connects, subscribes, publishes on topics that nobody reads, leaves.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::connection::{Connection, Dialer, Unsendable};
use super::event::{ConnectionEvent, Limits};
use super::options::BrokerOptions;
use super::plan::{Patience, Subscription};
use super::reason::Reason;
use super::reason::meaning;
use super::tls;
use crate::domain::contract::topic::{Delivery, Publication};

/// How long an acknowledgement, or our own message, may take.
const ANSWER: Duration = Duration::from_secs(5);

/// What is tried.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// Filters that are subscribed to.
    pub filters: Vec<String>,
    /// Topics that are published to: nobody may read them.
    pub topics: Vec<Publication>,
    /// One that is also read back, and on which the last will is.
    pub echo: String,
    /// The size of the largest message, in bytes.
    pub largest: usize,
}

/// What the try showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The largest message the broker says it takes, with its topic and header, in bytes.
    pub largest_message: usize,
    /// Filters and topics that the broker refuses, with its reason.
    pub refused: Vec<(String, String)>,
}

/// Why the try failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificates are unusable.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// The broker cannot be used.
    #[error(transparent)]
    Broker(#[from] Reason),
}

/// Tries the broker under a client id of its own, so that a running bridge keeps its connection.
pub async fn probe(options: &BrokerOptions, trial: &Trial) -> Result<Probe, Error> {
    let patience = Patience::default();
    let options =
        BrokerOptions { client_id: format!("{}-check", options.client_id), ..options.clone() };
    let dialer = Dialer::new(&options, patience)?;
    let will = message(&trial.echo, "", Delivery::Lasting);
    let mut connection =
        if trial.echo.is_empty() { dialer.dial() } else { dialer.with_will(&will).dial() };
    let deadline = Instant::now() + patience.connect + patience.goodbye;
    let asked = timeout_at(deadline, ask(&mut connection, trial)).await;
    let (limits, answers) = asked.unwrap_or(Err(Reason::NoAnswer(patience.connect)))?;
    let filters = filters(trial).into_iter().zip(answers);
    let mut refused: Vec<_> =
        filters.filter_map(|(filter, code)| Some((filter, meaning(code?)))).collect();
    if !trial.echo.is_empty() {
        refused.extend(write(&mut connection, trial).await);
    }
    if connection.say_goodbye().is_ok() {
        // The answers are in; a goodbye that does not get through changes nothing.
        let soon = Instant::now() + patience.goodbye;
        timeout_at(soon, closed(&mut connection)).await.ok();
    }
    Ok(Probe { largest_message: limits.packet, refused })
}

fn filters(trial: &Trial) -> Vec<String> {
    let echo = (!trial.echo.is_empty()).then(|| trial.echo.clone());
    trial.filters.iter().cloned().chain(echo).collect()
}

fn message(topic: &str, payload: impl Into<Vec<u8>>, delivery: Delivery) -> Publication {
    Publication { topic: topic.to_owned(), payload: payload.into(), delivery }
}

/// Publishes on each topic, and reads one of them back; returns what does not work.
async fn write(connection: &mut Connection, trial: &Trial) -> Vec<(String, String)> {
    let mut refused = Vec::new();
    let echo = &trial.echo;
    let large = message(echo, vec![b' '; trial.largest], Delivery::Event);
    let all = std::iter::once(message(echo, "check", Delivery::Lasting))
        .chain(trial.topics.iter().cloned())
        .chain([large, message(echo, "", Delivery::Lasting)]);
    let mut heard = false;
    for publication in all {
        let topic = publication.topic.clone();
        let size = publication.payload.len();
        let of_this = if size > 1000 { format!("{topic} ({size} bytes)") } else { topic };
        match connection.publish(&publication) {
            Ok(()) => {}
            Err(why @ Unsendable::TooLarge { .. }) => {
                refused.push((of_this, why.to_string()));
                continue;
            }
            Err(why) => {
                refused.push((of_this, why.to_string()));
                return refused;
            }
        }
        match timeout(ANSWER, acknowledged(connection, echo, &mut heard)).await {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(code))) => refused.push((of_this, meaning(code))),
            Ok(Err(reason)) => {
                refused.push((of_this, reason.to_string()));
                return refused;
            }
            Err(_) => refused.push((of_this, format!("no answer within {ANSWER:?}"))),
        }
    }
    let wait = async { while !heard && heard_more(connection, echo, &mut heard).await {} };
    timeout(ANSWER, wait).await.ok();
    if !heard && !refused.iter().any(|(topic, _)| topic == echo) {
        let why = "what is published there does not come back; check what the broker lets this user write and read";
        refused.push((echo.clone(), why.to_owned()));
    }
    refused
}

/// Waits for an acknowledgement; returns the reason code of a refusal.
async fn acknowledged(
    connection: &mut Connection,
    echo: &str,
    heard: &mut bool,
) -> Result<Option<u8>, Reason> {
    loop {
        match connection.event().await {
            ConnectionEvent::Acknowledged { refusal, .. } => return Ok(refusal),
            ConnectionEvent::Message { topic, .. } => *heard |= topic == echo,
            ConnectionEvent::Closed(reason) => return Err(reason),
            ConnectionEvent::Opened(_)
            | ConnectionEvent::Subscribed(_)
            | ConnectionEvent::Unsubscribed
            | ConnectionEvent::Written(_)
            | ConnectionEvent::SaidGoodbye
            | ConnectionEvent::Pinged
            | ConnectionEvent::Alive => {}
        }
    }
}

/// Handles one more event; returns `false` once the connection is closed.
async fn heard_more(connection: &mut Connection, echo: &str, heard: &mut bool) -> bool {
    let event = connection.event().await;
    *heard |= matches!(&event, ConnectionEvent::Message { topic, .. } if topic == echo);
    !matches!(event, ConnectionEvent::Closed(_))
}

/// How long a retained message may take to come.
const RETAINED: Duration = Duration::from_secs(3);

/// Returns the retained message on a topic, if there is one; under a client id of its own, too.
pub async fn retained(options: &BrokerOptions, topic: &str) -> Result<Option<String>, Error> {
    let patience = Patience { connect: Duration::from_secs(5), ..Patience::default() };
    let options =
        BrokerOptions { client_id: format!("{}-health", options.client_id), ..options.clone() };
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
            ConnectionEvent::Opened(_) => {
                let filter = Subscription { filter: wanted.to_owned(), retained: true };
                connection
                    .subscribe(&[filter])
                    .map_err(|error| Reason::Broken(error.to_string()))?;
            }
            ConnectionEvent::Subscribed(answers) => {
                if let Some(Some(code)) = answers.into_iter().next() {
                    let why = meaning(code);
                    return Err(Reason::Broken(format!(
                        "subscribing to {wanted} is refused: {why}"
                    )));
                }
            }
            ConnectionEvent::Message { topic, payload, .. } if topic == wanted => {
                return Ok(String::from_utf8_lossy(&payload).into_owned());
            }
            ConnectionEvent::Closed(reason) => return Err(reason),
            ConnectionEvent::Message { .. }
            | ConnectionEvent::Unsubscribed
            | ConnectionEvent::Written(_)
            | ConnectionEvent::Acknowledged { .. }
            | ConnectionEvent::SaidGoodbye
            | ConnectionEvent::Pinged
            | ConnectionEvent::Alive => {}
        }
    }
}

async fn ask(
    connection: &mut Connection,
    trial: &Trial,
) -> Result<(Limits, Vec<Option<u8>>), Reason> {
    let subscriptions: Vec<_> =
        filters(trial).into_iter().map(|filter| Subscription { filter, retained: false }).collect();
    let mut allowed = None;
    loop {
        match (connection.event().await, allowed) {
            (ConnectionEvent::Opened(limits), _) => {
                if let Some(code) = limits.lacks() {
                    return Err(Reason::Refused(code));
                }
                if subscriptions.is_empty() {
                    return Ok((limits, Vec::new()));
                }
                allowed = Some(limits);
                connection.subscribe(&subscriptions).map_err(|_| {
                    Reason::Broken("a topic filter is not valid: check mqtt.base_topic".to_owned())
                })?;
            }
            (ConnectionEvent::Subscribed(answers), Some(limits)) => return Ok((limits, answers)),
            (ConnectionEvent::Closed(reason), _) => return Err(reason),
            _ => {}
        }
    }
}

async fn closed(connection: &mut Connection) {
    while !matches!(
        connection.event().await,
        ConnectionEvent::SaidGoodbye | ConnectionEvent::Closed(_)
    ) {}
}
