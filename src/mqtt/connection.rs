//! One connection to the broker, thrown away when it fails; the only user of rumqttc
//! (with `translation`, which speaks for it).
//!
//! A task of its own polls rumqttc's event loop and passes on what happens; requests are only ever *tried*. So rumqttc's
//! full channels, its retransmissions and its packet id collisions never hold anything up, and nothing of them outlives
//! the connection.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rumqttc::{
    AsyncClient, Broker, ConnAck, ConnectProperties, Event as Polled, EventLoop, LastWill,
    MqttOptions, Packet, PublishOptions, QoS, RetainForwardRule, SubscribeFilter, valid_filter,
    valid_topic,
};
use tokio::io::sink;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::dial::{Address, Stream};
use super::event::{ConnectionEvent, Limits};
use super::flight::{UNWRITTEN, WINDOW};
use super::options::BrokerOptions;
use super::plan::{Patience, Subscription};
use super::reason::Reason;
use super::tls;
use super::translation::{reason, translate};
use super::wire::Wire;
use crate::domain::contract::topic::{Delivery, Publication};
use crate::domain::secret::Secret;

/// The largest packet we take; the broker is told, and keeps bigger ones.
const LARGEST_PACKET: u32 = 4 * 1024 * 1024;
/// The largest packet of MQTT itself.
const LARGEST_EVER: usize = 268_435_455;
/// Events that wait for the link's loop.
const EVENTS: usize = 64;

/// Why a request was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsendable {
    #[error("it has {size} bytes, and the broker takes {limit} at most")]
    TooLarge { size: usize, limit: usize },
    #[error("its topic is not valid: check mqtt.base_topic")]
    Invalid,
    /// The word of it, `ConnectionEvent::Closed`, is on its way.
    #[error("the connection is closed")]
    Closed,
}

/// Opens connections, all alike.
pub(super) struct Dialer {
    address: Arc<Address>,
    options: MqttOptions,
    patience: Patience,
}

impl Dialer {
    pub(super) fn new(options: &BrokerOptions, patience: Patience) -> Result<Self, tls::Error> {
        let address = Arc::new(Address::new(options)?);
        let broker = Broker::tcp(options.host.as_str(), options.port);
        let mut made = MqttOptions::new(options.client_id.as_str(), broker);
        made.set_connect_properties(ConnectProperties {
            session_expiry_interval: Some(0),
            max_packet_size: Some(LARGEST_PACKET),
            ..ConnectProperties::new()
        });
        made.set_clean_start(true);
        made.set_keep_alive(seconds(patience.keep_alive));
        // The name, the socket, TLS and the CONNACK have each a limit of their own: see `dial` and `wire`.
        made.set_connect_timeout(patience.connect * 5);
        made.set_outgoing_inflight_upper_limit(WINDOW);
        let password = options.password.as_ref().map_or("", Secret::expose);
        if options.username.is_some() || options.password.is_some() {
            let user = options.username.as_deref().unwrap_or_default();
            made.set_credentials(user, password.to_owned());
        }
        Ok(Self { address, options: made, patience })
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

    /// Starts to connect; `ConnectionEvent::Opened` or `ConnectionEvent::Closed` comes first.
    pub(super) fn dial(&self) -> Connection {
        let mut options = self.options.clone();
        let (parting, parted) = oneshot::channel();
        let (parting, address) = (Arc::new(Mutex::new(Some(parting))), Arc::clone(&self.address));
        let Patience { connect, keep_alive, .. } = self.patience;
        options.set_socket_connector(move |_, _| {
            let (address, parting) = (Arc::clone(&address), Arc::clone(&parting));
            async move {
                let stream = address.connect(connect).await.map_err(io::Error::other)?;
                // Each client connects once, so it is there.
                let parting = parting.lock().ok().and_then(|mut parting| parting.take());
                Ok(Wire::new(stream, connect, seconds(keep_alive), parting))
            }
        });
        let (client, eventloop) = AsyncClient::builder(options).capacity(UNWRITTEN).build();
        let (told, events) = mpsc::channel(EVENTS);
        let task = tokio::spawn(drive(eventloop, told, parted));
        Connection { client, events, task, limit: LARGEST_EVER }
    }
}

fn seconds(time: Duration) -> u16 {
    u16::try_from(time.as_secs()).unwrap_or(u16::MAX)
}

/// An open connection, or one about to open; closed when dropped.
pub(super) struct Connection {
    client: AsyncClient,
    events: mpsc::Receiver<ConnectionEvent>,
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
    pub(super) async fn event(&mut self) -> ConnectionEvent {
        let event = self.events.recv().await;
        if let Some(ConnectionEvent::Opened(limits)) = &event {
            self.limit = limits.packet;
        }
        // Without a last word, the task panicked.
        event.unwrap_or_else(|| {
            ConnectionEvent::Closed(Reason::Broken("the MQTT library failed".to_owned()))
        })
    }

    pub(super) fn publish(&self, publication: &Publication) -> Result<(), Unsendable> {
        let (qos, retain) = travel(publication.delivery);
        let size = packet_size(publication, qos);
        if size > self.limit {
            return Err(Unsendable::TooLarge { size, limit: self.limit });
        }
        let payload = publication.payload.clone();
        let options = PublishOptions::new(qos).retain(retain);
        let sent = self.client.try_publish(publication.topic.as_str(), payload, options);
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
            let mut filter = SubscribeFilter::new(&subscription.filter, QoS::AtMostOnce);
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

    pub(super) fn unsubscribe(&self, filters: &[String]) -> Result<(), Unsendable> {
        let valid = filters.iter().all(|filter| valid_filter(filter));
        let asked = self.client.try_unsubscribe_many(filters.iter().map(String::as_str));
        asked.map_err(|_| closed_or_invalid(valid))
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
async fn drive(
    mut eventloop: EventLoop,
    told: mpsc::Sender<ConnectionEvent>,
    parted: oneshot::Receiver<Stream>,
) {
    let (mut opened, mut leaving) = (false, false);
    loop {
        let event = match eventloop.poll().await {
            Ok(Polled::Incoming(Packet::ConnAck(answer))) => {
                opened = true;
                ConnectionEvent::Opened(limits(&answer))
            }
            Ok(happened) => translate(happened),
            Err(error) => {
                let reason = reason(&error, opened, &eventloop.options);
                drop(eventloop);
                if leaving {
                    see_off(parted).await;
                }
                // Nobody left to tell is fine.
                told.send(ConnectionEvent::Closed(reason)).await.ok();
                return;
            }
        };
        leaving |= matches!(event, ConnectionEvent::SaidGoodbye);
        if told.send(event).await.is_err() {
            return;
        }
    }
}

/// Reads until the broker closes, too: a socket that is closed with something unread takes our DISCONNECT with it.
async fn see_off(parted: oneshot::Receiver<Stream>) {
    if let Ok(mut stream) = parted.await {
        tokio::io::copy(&mut stream, &mut sink()).await.ok();
    }
}

/// What the broker allows, out of its CONNACK.
fn limits(answer: &ConnAck) -> Limits {
    let properties = answer.properties.as_ref();
    let packet =
        properties.and_then(|properties| properties.max_packet_size).map(|size| size as usize);
    Limits {
        receive_maximum: properties
            .and_then(|properties| properties.receive_max)
            .unwrap_or(u16::MAX),
        packet: packet.unwrap_or(LARGEST_EVER).min(LARGEST_EVER),
        retain: properties.is_none_or(|properties| properties.retain_available != Some(0)),
        qos: properties.is_none_or(|properties| properties.max_qos != Some(0)),
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
            let mut theirs = rumqttc::Publish::new("t", qos, vec![0_u8; payload], None);
            theirs.pkid = 1;
            assert_eq!(packet_size(&publication, qos), theirs.size(), "payload of {payload}");
            assert_eq!(packet_size(&publication, qos), expected, "payload of {payload}");
        }
    }
}
