//! A link that runs, and what it is told to do.

use std::net::SocketAddr;
use std::time::Duration;

use gxv2mqtt::domain::contract::topic::{Delivery, Publication};
use gxv2mqtt::mqtt::{BrokerOptions, Heard, Link, Notice, Outbox, Patience, Plan, Subscription};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::broker::{Client, ScriptedBroker, within};

pub(crate) fn message(topic: &str, payload: &str, delivery: Delivery) -> Publication {
    Publication { topic: topic.to_owned(), payload: payload.as_bytes().to_vec(), delivery }
}

pub(crate) fn state(payload: &str) -> Publication {
    message("b/state", payload, Delivery::State)
}

pub(crate) fn event(payload: &str) -> Publication {
    message("b/event", payload, Delivery::Event)
}

pub(crate) fn plan() -> Plan {
    let subscription =
        |filter: &str, retained| Subscription { filter: filter.to_owned(), retained };
    Plan {
        will: message("b/bridge/state", "offline", Delivery::Lasting),
        birth: message("b/bridge/state", "online", Delivery::Lasting),
        subscriptions: vec![
            subscription("b/+/command/+", false),
            subscription("discovery/+/config", true),
        ],
        back: Some("discovery/status".to_owned()),
    }
}

pub(crate) fn options(address: SocketAddr) -> BrokerOptions {
    let client_id = "bridge".to_owned();
    BrokerOptions { client_id, ..BrokerOptions::at(address.ip().to_string(), address.port()) }
}

pub(crate) fn quick() -> Patience {
    Patience {
        stall: Duration::from_millis(800),
        first_retry: Duration::from_millis(20),
        longest_retry: Duration::from_millis(100),
        takeover: Duration::from_millis(700),
        goodbye: Duration::from_millis(500),
        ..Patience::default()
    }
}

/// A link that runs.
pub(crate) struct Running {
    pub(crate) outbox: Outbox,
    pub(crate) heard: Heard,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(address: SocketAddr) -> Self {
        Self::start_with(&options(address), quick())
    }

    pub(crate) fn start_with(options: &BrokerOptions, patience: Patience) -> Self {
        let (link, outbox, heard) = Link::new(options, plan(), patience).unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(link.run(stop.clone()));
        Self { outbox, heard, stop, task }
    }

    pub(crate) async fn publish(&self, publication: Publication) {
        within("the link to take a message", self.outbox.publish(publication)).await;
    }

    /// Waits for the connection, be it after another one that was lost.
    #[track_caller]
    pub(crate) fn connected(&mut self) -> impl Future<Output = ()> {
        within("the link to connect", async {
            let mut news = self.heard.recv().await.unwrap();
            while matches!(news, Notice::Away | Notice::Listening) {
                news = self.heard.recv().await.unwrap();
            }
            assert_eq!(news, Notice::Connected);
        })
    }

    /// Waits for the connection, and says that the bridge is online.
    pub(crate) async fn greeted(&mut self) {
        self.connected().await;
        self.outbox.greet().await;
    }

    #[track_caller]
    pub(crate) fn message(&mut self) -> impl Future<Output = (String, String, bool)> {
        within("a message", async {
            let mut news = self.heard.recv().await.unwrap();
            while news == Notice::Listening {
                news = self.heard.recv().await.unwrap();
            }
            match news {
                Notice::Message { topic, payload, retained } => {
                    (topic, String::from_utf8(payload).unwrap(), retained)
                }
                Notice::Connected | Notice::Listening | Notice::Away => {
                    panic!("{news:?} instead of a message")
                }
            }
        })
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        within("the link to stop", self.task).await.unwrap();
    }
}

pub(crate) fn said(topic: &str, payload: &str) -> (String, String) {
    (topic.to_owned(), payload.to_owned())
}

pub(crate) fn command(payload: &str, retained: bool) -> (String, String, bool) {
    ("b/phone/command/dial".to_owned(), payload.to_owned(), retained)
}

/// Goes through the retained subscription that follows the news that we are connected.
pub(crate) async fn settle(
    stage: &ScriptedBroker,
    link: &mut Running,
    properties: &[u8],
) -> Client {
    let mut client = stage.ready_client(properties).await;
    link.connected().await;
    let filters = client.answer_subscribe().await;
    assert_eq!(filters, [("discovery/+/config".to_owned(), 0b0000_1000)]);
    assert_eq!(within("the news", link.heard.recv()).await, Some(Notice::Listening));
    client
}
