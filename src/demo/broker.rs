//! The embedded broker: MQTT 5 in memory, for the demo and for tests. Nothing of it outlives the process.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Context as _;
use mqtt5::broker::events::{BrokerEventHandler, ClientPublishEvent, PublishAction};
use mqtt5::broker::{
    BrokerConfig, BrokerShutdownHandle, MqttBroker, StorageBackendType, StorageConfig,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A message that somebody published.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
}

/// A broker in this process.
pub struct Broker {
    address: SocketAddr,
    shutdown: BrokerShutdownHandle,
    task: JoinHandle<()>,
}

impl Broker {
    /// Starts a broker; port 0 is any. Each message is also sent to `seen`, as long as there is room.
    pub async fn start(
        address: SocketAddr,
        seen: Option<mpsc::Sender<Seen>>,
    ) -> anyhow::Result<Self> {
        let memory =
            StorageConfig::new().with_backend(StorageBackendType::Memory).with_persistence(false);
        let mut config = BrokerConfig::new()
            .with_bind_address(address)
            .with_storage(memory)
            .with_sys_topics_enabled(false);
        if let Some(seen) = seen {
            config = config.with_event_handler(Arc::new(Watcher { seen }));
        }
        let mut broker = MqttBroker::with_config(config).await?;
        let address = broker.local_addr().context("the broker has no address")?;
        let shutdown = broker.shutdown_handle();
        let mut ready = broker.ready_receiver();
        let task = tokio::spawn(async move {
            if let Err(error) = broker.run().await {
                tracing::error!(%error, "the embedded broker failed");
            }
        });
        ready.wait_for(|ready| *ready).await.context("the broker ended")?;
        Ok(Self { address, shutdown, task })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it, and waits until it is gone.
    pub async fn stop(self) {
        self.shutdown.shutdown();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the embedded broker panicked");
        }
    }
}

struct Watcher {
    seen: mpsc::Sender<Seen>,
}

impl BrokerEventHandler for Watcher {
    fn on_client_publish<'a>(
        &'a self,
        event: ClientPublishEvent,
    ) -> Pin<Box<dyn Future<Output = PublishAction> + Send + 'a>> {
        let seen = Seen { topic: event.topic.to_string(), payload: event.payload.to_vec() };
        if self.seen.try_send(seen).is_err() {
            tracing::debug!("a message was not shown");
        }
        Box::pin(async { PublishAction::Continue })
    }
}
