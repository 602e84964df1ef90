//! Somebody else at the broker, who listens and speaks with another client than ours.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use mqtt5::{Message, MqttClient, PublishOptions, QoS, RetainHandling, SubscribeOptions};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long anything may take that has to happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) topic: String,
    pub(crate) payload: String,
    /// Whether it had been published before, or to stay.
    pub(crate) retained: bool,
}

/// Everything that was heard, in order.
#[derive(Clone)]
pub(crate) struct Recorder {
    heard: watch::Receiver<Vec<Heard>>,
}

impl Recorder {
    /// Returns an recorder, and the way to put messages into it.
    pub(crate) fn new() -> (Self, watch::Sender<Vec<Heard>>) {
        let (sender, heard) = watch::channel(Vec::new());
        (Self { heard }, sender)
    }

    /// Waits for what `find` finds in all that was heard.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut find: impl FnMut(&[Heard]) -> Option<T>,
    ) -> T {
        let mut heard = self.heard.clone();
        let mut found = None;
        let search = heard.wait_for(|heard| {
            found = find(heard);
            found.is_some()
        });
        let ended = timeout(DEADLINE, search).await.map(|ended| drop(ended.unwrap()));
        assert!(ended.is_ok(), "waited too long for {what}; heard {:#?}", self.heard.borrow());
        found.unwrap()
    }

    /// Waits until the newest message on a topic is this.
    pub(crate) async fn shows(&self, topic: &str, payload: &str) {
        let what = format!("{payload:?} on {topic}");
        self.until(&what, |heard| newest(heard, topic).filter(|newest| newest.payload == payload))
            .await;
    }

    /// Waits until the newest message on a topic is JSON with this in a field.
    pub(crate) async fn shows_field(
        &self,
        topic: &str,
        field: &str,
        value: impl Into<Value>,
    ) -> Value {
        let value = value.into();
        let what = format!("{field} = {value} on {topic}");
        self.until(&what, |heard| {
            let json: Value = serde_json::from_str(&newest(heard, topic)?.payload).ok()?;
            (json[field] == value).then_some(json)
        })
        .await
    }

    /// Waits for the result of the command with this id.
    pub(crate) async fn result(&self, id: &str) -> Value {
        self.until(&format!("the result of {id}"), |heard| {
            let results = heard.iter().filter(|heard| heard.topic.ends_with("/result"));
            let mut results = results.filter_map(|heard| serde_json::from_str(&heard.payload).ok());
            results.find(|result: &Value| result["id"] == id)
        })
        .await
    }

    /// Waits for the bridge's response with this transaction.
    pub(crate) async fn response(&self, transaction: &str) -> Value {
        self.until(&format!("the response to {transaction}"), |heard| {
            let ours = heard.iter().filter(|heard| heard.topic.contains("/bridge/response/"));
            let mut ours = ours.filter_map(|heard| serde_json::from_str(&heard.payload).ok());
            ours.find(|response: &Value| response["transaction"] == transaction)
        })
        .await
    }

    /// Returns every message on a topic, as JSON.
    pub(crate) fn json(&self, topic: &str) -> Vec<Value> {
        let heard = self.heard.borrow();
        let on_it = heard.iter().filter(|heard| heard.topic == topic);
        on_it.map(|heard| serde_json::from_str(&heard.payload).unwrap()).collect()
    }

    /// Returns how many messages came on a topic.
    pub(crate) fn count(&self, topic: &str) -> usize {
        self.heard.borrow().iter().filter(|heard| heard.topic == topic).count()
    }

    /// Returns the newest payload on a topic.
    pub(crate) fn newest(&self, topic: &str) -> Option<String> {
        newest(&self.heard.borrow(), topic).map(|heard| heard.payload)
    }

    /// Returns every topic on which something was heard.
    pub(crate) fn topics(&self) -> BTreeSet<String> {
        self.heard.borrow().iter().map(|heard| heard.topic.clone()).collect()
    }

    /// Returns everything that was heard.
    pub(crate) fn all(&self) -> Vec<Heard> {
        self.heard.borrow().clone()
    }
}

/// Returns the newest message on a topic.
pub(crate) fn newest(heard: &[Heard], topic: &str) -> Option<Heard> {
    heard.iter().rev().find(|heard| heard.topic == topic).cloned()
}

async fn connect(broker: SocketAddr) -> MqttClient {
    let client = MqttClient::new(format!("neighbour-{}", fastrand::u32(..)));
    let url = format!("mqtt://{broker}");
    timeout(DEADLINE, client.connect(&url)).await.unwrap().unwrap();
    client
}

fn listening() -> SubscribeOptions {
    SubscribeOptions {
        qos: QoS::AtLeastOnce,
        retain_as_published: true,
        retain_handling: RetainHandling::SendAtSubscribe,
        ..SubscribeOptions::default()
    }
}

fn heard(message: Message) -> Heard {
    let payload = String::from_utf8_lossy(&message.payload).into_owned();
    Heard { topic: message.topic, payload, retained: message.retain }
}

/// A client of another library.
pub(crate) struct Neighbour {
    client: MqttClient,
    pub(crate) recorder: Recorder,
    sender: watch::Sender<Vec<Heard>>,
    recalling: Option<MqttClient>,
}

impl Neighbour {
    /// Connects, and listens to everything.
    pub(crate) async fn connect(broker: SocketAddr) -> Self {
        let client = connect(broker).await;
        let (recorder, sender) = Recorder::new();
        let all = sender.clone();
        let put = move |message| all.send_modify(|all| all.push(heard(message)));
        client.subscribe_with_options("#", listening(), put).await.unwrap();
        Self { client, recorder, sender, recalling: None }
    }

    /// Asks by name for what is retained on these topics, at a broker that does not send it to `#`.
    pub(crate) async fn recall(&mut self, broker: SocketAddr, topics: BTreeSet<String>) {
        let client = connect(broker).await;
        for topic in topics {
            let all = self.sender.clone();
            // it may come later than what replaced it
            let put = move |message: Message| {
                all.send_if_modified(|all| {
                    let is_new = newest(all, &message.topic).is_none();
                    if is_new {
                        all.push(heard(message));
                    }
                    is_new
                });
            };
            client.subscribe_with_options(&topic, listening(), put).await.unwrap();
        }
        self.recalling = Some(client);
    }

    /// Publishes a message, and waits until the broker has it.
    pub(crate) async fn publish(&self, topic: &str, payload: &[u8], retain: bool) {
        let options = PublishOptions { qos: QoS::AtLeastOnce, retain, ..PublishOptions::default() };
        let sent = self.client.publish_with_options(topic, payload.to_vec(), options);
        timeout(DEADLINE, sent).await.unwrap().unwrap();
    }

    /// Takes back everything that was published to stay.
    pub(crate) async fn take_back(&self) {
        for topic in self.recorder.topics() {
            self.publish(&topic, b"", true).await;
        }
    }
}
