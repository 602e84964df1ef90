//! The way in: what the rest of the bridge asks of the link.

use tokio::sync::mpsc;

use crate::domain::contract::topic::Publication;

/// Requests that wait for the link.
const INBOX: usize = 256;

/// What can be asked of the link.
#[derive(Debug)]
pub(super) enum LinkRequest {
    Publish(Publication),
    Unsubscribe(Vec<String>),
    Greet,
}

/// A handle to publish with; cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox(mpsc::Sender<LinkRequest>);

impl Outbox {
    pub(super) fn new() -> (Self, mpsc::Receiver<LinkRequest>) {
        let (sender, inbox) = mpsc::channel(INBOX);
        (Self(sender), inbox)
    }

    /// Hands a message to the link. Returns at once while the broker is away (the link drops what is only the present);
    /// waits while a connected broker is slower than we are; forgets the message after the link has ended.
    pub async fn publish(&self, publication: Publication) {
        self.ask(LinkRequest::Publish(publication)).await;
    }

    /// Takes filters of the plan back, until the next connection.
    pub async fn unsubscribe(&self, filters: Vec<String>) {
        self.ask(LinkRequest::Unsubscribe(filters)).await;
    }

    /// Says that the bridge is online: after everything that was published before, so that nobody takes what is left of
    /// an earlier connection for the present.
    pub async fn greet(&self) {
        self.ask(LinkRequest::Greet).await;
    }

    async fn ask(&self, request: LinkRequest) {
        if self.0.send(request).await.is_err() {
            tracing::debug!("the link has ended; a message to it is lost");
        }
    }
}
