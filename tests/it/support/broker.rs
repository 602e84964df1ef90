//! Brokers to try a client against: a real one in this process, a proxy in front of it that can cut connections, a
//! reference with another client library, and a broker played by the test itself, packet by packet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mqtt5::broker::config::TlsConfig;
use mqtt5::broker::{
    BrokerConfig, BrokerShutdownHandle, MqttBroker, StorageBackendType, StorageConfig,
};
use mqtt5::{Message, MqttClient, PublishOptions, QoS, RetainHandling, SubscribeOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Waits for something that has to happen soon.
#[track_caller]
pub(crate) fn within<T>(what: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
    let what = what.to_owned();
    let caller = std::panic::Location::caller();
    async move {
        tokio::time::timeout(Duration::from_secs(10), future)
            .await
            .unwrap_or_else(|_| panic!("waited too long for {what} ({caller})"))
    }
}

/// A broker in this process.
pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    pub(crate) tls_address: Option<SocketAddr>,
    stop: BrokerShutdownHandle,
    task: JoinHandle<()>,
}

impl Broker {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), None).await
    }

    pub(crate) async fn start_at(address: SocketAddr, tls: Option<TlsConfig>) -> Self {
        let storage =
            StorageConfig::new().with_backend(StorageBackendType::Memory).with_persistence(false);
        let mut config = BrokerConfig::new()
            .with_bind_address(address)
            .with_storage(storage)
            .with_sys_topics_enabled(false);
        if let Some(tls) = tls {
            config = config.with_tls(tls);
        }
        let mut broker = MqttBroker::with_config(config).await.unwrap();
        let address = broker.local_addr().unwrap();
        let (tls_address, stop) = (broker.tls_local_addr(), broker.shutdown_handle());
        let mut ready = broker.ready_receiver();
        let task = tokio::spawn(async move { broker.run().await.unwrap() });
        within("the broker to be ready", ready.wait_for(|ready| *ready)).await.unwrap();
        Self { address, tls_address, stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.shutdown();
        within("the broker to stop", self.task).await.unwrap();
    }
}

/// Another client, with another library, to reference by.
pub(crate) struct ReferenceClient {
    client: MqttClient,
    messages: mpsc::UnboundedReceiver<Message>,
    sender: mpsc::UnboundedSender<Message>,
}

impl ReferenceClient {
    pub(crate) async fn connect(address: SocketAddr, client_id: &str) -> Self {
        let client = MqttClient::new(client_id);
        within("the reference to connect", client.connect(&format!("mqtt://{address}")))
            .await
            .unwrap();
        let (sender, messages) = mpsc::unbounded_channel();
        Self { client, messages, sender }
    }

    pub(crate) async fn listen(&self, filter: &str) {
        let sender = self.sender.clone();
        let options = SubscribeOptions {
            qos: QoS::AtLeastOnce,
            retain_as_published: true,
            retain_handling: RetainHandling::SendAtSubscribe,
            ..SubscribeOptions::default()
        };
        let heard = move |message| drop(sender.send(message));
        self.client.subscribe_with_options(filter, options, heard).await.unwrap();
    }

    pub(crate) async fn publish(&self, topic: &str, payload: &str, retain: bool) {
        let options = PublishOptions { qos: QoS::AtLeastOnce, retain, ..PublishOptions::default() };
        let sent = self.client.publish_with_options(topic, payload, options);
        within("the reference to publish", sent).await.unwrap();
    }

    /// The next message: topic and payload.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = (String, String)> {
        let next = within("a message at the reference", self.messages.recv());
        async {
            let message = next.await.unwrap();
            (message.topic, String::from_utf8(message.payload).unwrap())
        }
    }

    /// Skips messages until this one; gives back those skipped.
    #[track_caller]
    pub(crate) fn until<'a>(
        &'a mut self,
        topic: &'a str,
        payload: &'a str,
    ) -> impl Future<Output = Vec<(String, String)>> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let mut skipped = Vec::new();
            let search = async {
                loop {
                    let message = self.messages.recv().await.unwrap();
                    if message.topic == topic && message.payload == payload.as_bytes() {
                        return;
                    }
                    skipped.push((message.topic, String::from_utf8(message.payload).unwrap()));
                }
            };
            let found = tokio::time::timeout(Duration::from_secs(10), search).await;
            assert!(found.is_ok(), "no {payload} on {topic} ({caller}), only {skipped:?}");
            skipped
        }
    }
}

/// A way to a broker that can be closed.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    /// Open, and how often it was cut.
    state: Arc<watch::Sender<(bool, usize)>>,
}

impl Proxy {
    pub(crate) async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new((true, 0)));
        let seen = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut changes = seen.subscribe();
                if !changes.borrow_and_update().0 {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(target).await else { return };
                    near.set_nodelay(true).unwrap();
                    far.set_nodelay(true).unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = changes.changed() => {}
                    }
                });
            }
        });
        Self { address, state }
    }

    /// Cuts what is connected; new connections pass.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.1 += 1);
    }

    /// Cuts what is connected, and refuses new connections.
    pub(crate) fn close(&self) {
        self.state.send_modify(|state| *state = (false, state.1 + 1));
    }

    pub(crate) fn open(&self) {
        self.state.send_modify(|state| *state = (true, state.1 + 1));
    }
}

/// A packet of a client, as far as the tests look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet {
    Connect,
    Subscribe { id: u16, filters: Vec<(String, u8)> },
    Unsubscribe { id: u16 },
    Publish { topic: String, payload: Vec<u8>, id: u16, retain: bool },
    Ping,
    Disconnect { reason: u8 },
    Other(u8),
}

/// A broker played by the test.
pub(crate) struct ScriptedBroker {
    pub(crate) address: SocketAddr,
    listener: TcpListener,
}

impl ScriptedBroker {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { address: listener.local_addr().unwrap(), listener }
    }

    /// Waits for a connection and its CONNECT.
    #[track_caller]
    pub(crate) fn client(&self) -> impl Future<Output = Client> {
        let accepted = within("a client", self.listener.accept());
        async {
            let mut client = Client { stream: accepted.await.unwrap().0 };
            assert_eq!(client.next().await, Packet::Connect);
            client
        }
    }

    /// Waits for a connection, and goes with it until it hears what it wants to; CONNACK has `properties`.
    pub(crate) async fn ready_client(&self, properties: &[u8]) -> Client {
        let mut client = self.client().await;
        client.accept(properties).await;
        client.answer_subscribe().await;
        client
    }
}

/// The other end of a connection to the stage.
pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    /// The next packet.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Packet> {
        let caller = std::panic::Location::caller();
        async move {
            let packet = tokio::time::timeout(Duration::from_secs(10), self.read()).await;
            let packet =
                packet.unwrap_or_else(|_| panic!("waited too long for a packet ({caller})"));
            packet.unwrap_or_else(|| panic!("the client closed the connection ({caller})"))
        }
    }

    /// The next packet, or nothing at the end of the connection.
    pub(crate) async fn read(&mut self) -> Option<Packet> {
        let kind = self.stream.read_u8().await.ok()?;
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.stream.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        Some(parse(kind, &body))
    }

    /// The next PUBLISH: topic, payload as text, packet id.
    #[track_caller]
    pub(crate) fn message(&mut self) -> impl Future<Output = (String, String, u16)> {
        let next = self.next();
        async {
            match next.await {
                Packet::Publish { topic, payload, id, .. } => {
                    (topic, String::from_utf8(payload).unwrap(), id)
                }
                other @ (Packet::Connect
                | Packet::Subscribe { .. }
                | Packet::Unsubscribe { .. }
                | Packet::Ping
                | Packet::Disconnect { .. }
                | Packet::Other(_)) => panic!("{other:?} instead of a message"),
            }
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// CONNACK: welcome.
    pub(crate) async fn accept(&mut self, properties: &[u8]) {
        let length = u8::try_from(properties.len()).unwrap();
        self.send(&[&[0x20, length + 3, 0, 0, length], properties].concat()).await;
    }

    /// CONNACK: no.
    pub(crate) async fn refuse(&mut self, code: u8) {
        self.send(&[0x20, 3, 0, code, 0]).await;
    }

    /// Waits for a SUBSCRIBE and grants all of it; gives back its filters and their options.
    pub(crate) async fn answer_subscribe(&mut self) -> Vec<(String, u8)> {
        let Packet::Subscribe { id, filters } = self.next().await else {
            panic!("no SUBSCRIBE");
        };
        self.grant(id, filters.len()).await;
        filters
    }

    /// SUBACK: all granted.
    pub(crate) async fn grant(&mut self, id: u16, filters: usize) {
        let mut answer = vec![0x90, 3 + u8::try_from(filters).unwrap()];
        answer.extend(id.to_be_bytes());
        answer.resize(5 + filters, 0);
        self.send(&answer).await;
    }

    pub(crate) async fn acknowledge(&mut self, id: u16) {
        let [high, low] = id.to_be_bytes();
        self.send(&[0x40, 2, high, low]).await;
    }

    /// PUBLISH with qos 0.
    pub(crate) async fn publish(&mut self, topic: &str, payload: &str) {
        let length = u8::try_from(3 + topic.len() + payload.len()).unwrap();
        let mut packet = vec![0x30, length, 0, u8::try_from(topic.len()).unwrap()];
        packet.extend(topic.as_bytes());
        packet.push(0);
        packet.extend(payload.as_bytes());
        self.send(&packet).await;
    }
}

fn parse(kind: u8, body: &[u8]) -> Packet {
    let number = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    match kind >> 4 {
        1 => Packet::Connect,
        3 => {
            let topic_end = 2 + usize::from(number(0));
            let has_id = kind & 0b0110 != 0;
            let start = topic_end + if has_id { 3 } else { 1 };
            Packet::Publish {
                topic: String::from_utf8(body[2..topic_end].to_vec()).unwrap(),
                payload: body[start..].to_vec(),
                id: if has_id { number(topic_end) } else { 0 },
                retain: kind & 1 != 0,
            }
        }
        8 => {
            let (mut filters, mut at) = (Vec::new(), 3);
            while at < body.len() {
                let end = at + 2 + usize::from(number(at));
                let filter = String::from_utf8(body[at + 2..end].to_vec()).unwrap();
                filters.push((filter, body[end]));
                at = end + 1;
            }
            Packet::Subscribe { id: number(0), filters }
        }
        10 => Packet::Unsubscribe { id: number(0) },
        12 => Packet::Ping,
        14 => Packet::Disconnect { reason: body.first().copied().unwrap_or(0) },
        _ => Packet::Other(kind),
    }
}
