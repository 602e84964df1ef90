//! One connection to the broker, thrown away when it fails; the only user of rumqttc
//! (with `translation`, which speaks for it).
//!
//! A task of its own polls rumqttc's event loop and hands on what happens; requests are only ever *tried*. So rumqttc's
//! full channels, its retransmissions and its packet id collisions never hold anything up, and nothing of them outlives
//! the connection.

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnectProperties, Filter, LastWill, Packet, RetainForwardRule,
};
use rumqttc::v5::{AsyncClient, Event as Polled, EventLoop, MqttOptions};
use rumqttc::{NetworkOptions, TlsConfiguration, Transport, valid_filter, valid_topic};
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::flight::{UNWRITTEN, WINDOW};
use super::link::{Patience, Subscription};
use super::translation::{reason, translate};
use super::{Options, Reason, tls};
use crate::domain::topic::{Delivery, Publication};

/// The largest packet we take; the broker is told, and keeps bigger ones.
const LARGEST_PACKET: u32 = 4 * 1024 * 1024;
/// The largest packet of MQTT itself.
const LARGEST_EVER: usize = 268_435_455;
/// Events that wait for the link's loop.
const EVENTS: usize = 64;

/// What happens on a connection.
#[derive(Debug)]
pub(super) enum Event {
    Opened(Limits),
    /// SUBACK: for each filter, why it was refused, if it was.
    Subscribed(Vec<Option<String>>),
    Unsubscribed,
    Message {
        topic: String,
        payload: Vec<u8>,
        retained: bool,
    },
    /// A request was written; a message with this packet id, or 0.
    Written(u16),
    /// A message was acknowledged; perhaps with a refusal.
    Acknowledged {
        id: u16,
        refusal: Option<String>,
    },
    SaidGoodbye,
    /// A ping or another sign of life.
    Alive,
    Closed(Reason),
}

/// What the broker allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) receive_maximum: u16,
    pub(super) packet: usize,
    pub(super) keep_alive: Duration,
}

/// Why a request was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsendable {
    #[error("it has {size} bytes, and the broker takes {limit} at most")]
    TooLarge { size: usize, limit: usize },
    #[error("its topic is not valid: check mqtt.base_topic")]
    Invalid,
    /// The word of it, `Event::Closed`, is on its way.
    #[error("the connection is closed")]
    Closed,
}

/// Opens connections, all alike.
pub(super) struct Dialer {
    options: MqttOptions,
    patience: Patience,
}

impl Dialer {
    pub(super) fn client_id(&self) -> String {
        self.options.client_id()
    }

    pub(super) fn new(options: &Options, patience: Patience) -> Result<Self, tls::Error> {
        // An address of IPv6 goes without brackets: rumqttc joins it with the port, and checks certificates against it.
        let host = options.host.trim_start_matches('[').trim_end_matches(']');
        let mut made = MqttOptions::new(options.client_id.as_str(), host, options.port);
        made.set_connect_properties(ConnectProperties {
            session_expiry_interval: Some(0),
            max_packet_size: Some(LARGEST_PACKET),
            ..ConnectProperties::new()
        });
        made.set_clean_start(true);
        made.set_keep_alive(patience.keep_alive);
        made.set_connection_timeout(patience.connect.as_secs());
        made.set_outgoing_inflight_upper_limit(WINDOW);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        made.set_network_options(network);
        let password = options.password.as_ref().map_or("", ExposeSecret::expose_secret);
        if options.username.is_some() || options.password.is_some() {
            made.set_credentials(options.username.as_deref().unwrap_or_default(), password);
        }
        if let Some(wanted) = &options.tls {
            let configuration = TlsConfiguration::Rustls(tls::configuration(wanted)?);
            made.set_transport(Transport::tls_with_config(configuration));
        }
        Ok(Self { options: made, patience })
    }

    /// The broker publishes this when the connection ends without a goodbye. There is no will delay: a session that
    /// expires at once sends its will at once in any case.
    pub(super) fn with_will(mut self, will: &Publication) -> Self {
        let (qos, retain) = travel(will.delivery);
        self.options.set_last_will(LastWill::new(
            &will.topic,
            will.payload.clone(),
            qos,
            retain,
            None,
        ));
        self
    }

    /// Starts to connect; `Event::Opened` or `Event::Closed` comes first.
    pub(super) fn dial(&self) -> Connection {
        let (client, eventloop) = AsyncClient::new(self.options.clone(), UNWRITTEN);
        let (told, events) = mpsc::channel(EVENTS);
        let task = tokio::spawn(drive(eventloop, told, self.patience));
        Connection { client, events, task, limit: LARGEST_EVER }
    }
}

/// An open connection, or one about to open; closed when dropped.
pub(super) struct Connection {
    client: AsyncClient,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
    limit: usize,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Waits for what happens next; may be dropped at any time.
    pub(super) async fn event(&mut self) -> Event {
        let event = self.events.recv().await;
        if let Some(Event::Opened(limits)) = &event {
            self.limit = limits.packet;
        }
        // Without a last word, the task panicked.
        event.unwrap_or_else(|| Event::Closed(Reason::Broken("the MQTT library failed".to_owned())))
    }

    pub(super) fn publish(&self, publication: &Publication) -> Result<(), Unsendable> {
        let (qos, retain) = travel(publication.delivery);
        let size = packet_size(publication, qos);
        if size > self.limit {
            return Err(Unsendable::TooLarge { size, limit: self.limit });
        }
        let payload = publication.payload.clone();
        let sent = self.client.try_publish(&publication.topic, qos, retain, payload);
        // The channel is never full, see `flight::UNWRITTEN`.
        sent.map_err(|_| closed_or_invalid(valid_topic(&publication.topic)))
    }

    /// Subscribes with qos 0: on a session that does not outlive its connection, more would only add acknowledgements.
    /// A flag for retained messages is kept as it was published, so that a retained command is seen for what it is.
    /// `no local` stays off: it would hide our own last will.
    pub(super) fn subscribe<'a>(
        &self,
        subscriptions: impl IntoIterator<Item = &'a Subscription>,
    ) -> Result<(), Unsendable> {
        let mut valid = true;
        let filters = subscriptions.into_iter().map(|subscription| {
            valid &= valid_filter(&subscription.filter);
            let mut filter = Filter::new(&subscription.filter, QoS::AtMostOnce);
            filter.preserve_retain = true;
            filter.retain_forward_rule = if subscription.retained {
                RetainForwardRule::OnEverySubscribe
            } else {
                RetainForwardRule::Never
            };
            filter
        });
        let sent = self.client.try_subscribe_many(filters);
        sent.map_err(|_| closed_or_invalid(valid))
    }

    pub(super) fn unsubscribe(&self, filter: &str) -> Result<(), Unsendable> {
        self.client.try_unsubscribe(filter).map_err(|_| closed_or_invalid(valid_filter(filter)))
    }

    /// Asks for a DISCONNECT after everything that was handed over before.
    pub(super) fn say_goodbye(&self) -> Result<(), Unsendable> {
        self.client.try_disconnect().map_err(|_| Unsendable::Closed)
    }
}

/// rumqttc does not say which of the two it was.
fn closed_or_invalid(valid: bool) -> Unsendable {
    if valid { Unsendable::Closed } else { Unsendable::Invalid }
}

fn travel(delivery: Delivery) -> (QoS, bool) {
    match delivery {
        Delivery::State => (QoS::AtMostOnce, true),
        Delivery::Lasting => (QoS::AtLeastOnce, true),
        Delivery::Event => (QoS::AtLeastOnce, false),
    }
}

/// The size of a PUBLISH without properties.
fn packet_size(publication: &Publication, qos: QoS) -> usize {
    let id = if qos == QoS::AtMostOnce { 0 } else { 2 };
    let rest = 2 + publication.topic.len() + id + 1 + publication.payload.len();
    let length_bytes = match rest {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    };
    1 + length_bytes + rest
}

/// Polls the event loop until it fails; waits for nothing else but room to tell.
async fn drive(mut eventloop: EventLoop, told: mpsc::Sender<Event>, patience: Patience) {
    let started = Instant::now();
    let mut opened = false;
    loop {
        let last = match eventloop.poll().await {
            Ok(Polled::Incoming(Packet::ConnAck(answer))) => {
                opened = true;
                told.send(Event::Opened(limits(&mut eventloop, &answer, patience))).await
            }
            Ok(happened) => told.send(translate(happened)).await,
            Err(error) => {
                let reason = reason(&error, opened, started.elapsed(), &eventloop.options);
                // What came in one go with the end of the connection: acknowledgements, mostly.
                for happened in std::mem::take(&mut eventloop.state.events) {
                    if told.send(translate(happened)).await.is_err() {
                        return;
                    }
                }
                // Nobody left to tell is fine.
                told.send(Event::Closed(reason)).await.ok();
                return;
            }
        };
        if last.is_err() {
            return;
        }
    }
}

/// What the broker allows, out of its CONNACK. Also puts right the keep-alive that rumqttc took from it: 0 would make
/// it ping without end, and a long one would leave a dead connection unnoticed; to ping more often is always allowed.
fn limits(eventloop: &mut EventLoop, answer: &ConnAck, patience: Patience) -> Limits {
    let theirs = eventloop.options.keep_alive();
    if theirs.is_zero() || theirs > patience.keep_alive {
        eventloop.options.set_keep_alive(patience.keep_alive);
    }
    let properties = answer.properties.as_ref();
    let packet =
        properties.and_then(|properties| properties.max_packet_size).map(|size| size as usize);
    Limits {
        receive_maximum: properties
            .and_then(|properties| properties.receive_max)
            .unwrap_or(u16::MAX),
        packet: packet.unwrap_or(LARGEST_EVER).min(LARGEST_EVER),
        keep_alive: theirs.max(patience.keep_alive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_size_of_a_packet() {
        for (payload, qos, expected) in [
            (0, 0, 6),
            (0, 1, 8),
            (123, 0, 129),
            (124, 0, 131),
            (16_377, 1, 16_386),
            (16_378, 1, 16_388),
        ] {
            let delivery = if qos == 0 { Delivery::State } else { Delivery::Event };
            let publication =
                Publication { topic: "t".to_owned(), payload: vec![0; payload], delivery };
            let (qos, _) = travel(delivery);
            let mut theirs =
                rumqttc::v5::mqttbytes::v5::Publish::new("t", qos, vec![0_u8; payload], None);
            theirs.pkid = 1;
            assert_eq!(packet_size(&publication, qos), theirs.size(), "payload of {payload}");
            assert_eq!(packet_size(&publication, qos), expected, "payload of {payload}");
        }
    }
}
