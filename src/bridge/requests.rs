//! Requests to the bridge itself: carries them out, and answers each of them once.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::domain::contract::bridge_request::{self, BridgeRequest, parse};
use crate::domain::contract::topic::Topic;
use crate::domain::telephony::PhoneId;
use crate::domain::twin::Now;
use crate::homeassistant::announcer::Input;
use crate::phone::task::Message;

use super::departure::Asker;
use super::fleet::Phone;
use super::router::Router;

impl Router {
    /// Handles a message on a request's topic.
    pub(super) async fn request(&mut self, name: &str, payload: &[u8], retained: bool) {
        let (asker, request) = parse(name, payload, retained);
        let outcome = match request {
            Ok(BridgeRequest::Info) => Ok(self.overview.facts().info()),
            Ok(BridgeRequest::Health) => {
                Ok(self.overview.facts().health(Instant::now().into_std()))
            }
            Ok(BridgeRequest::Reload) => return self.reload(Asker::Request(asker)).await,
            Ok(BridgeRequest::Rediscover) => {
                self.announce(Input::Asked).await;
                Ok(json!({}))
            }
            Ok(BridgeRequest::Pause { phone, time }) => self.pause(&phone, time),
            Ok(BridgeRequest::Resume { phone }) => self.resume(&phone),
            Err(why) => Err(why),
        };
        match &outcome {
            Ok(_) => tracing::debug!(request = name, "done"),
            Err(why) => tracing::warn!(request = name, "not done: {why}"),
        }
        self.respond(&asker, &outcome).await;
    }

    pub(super) async fn respond(
        &self,
        asker: &bridge_request::Asker,
        outcome: &Result<Value, String>,
    ) {
        let topic = Topic::BridgeResponse(asker.name.clone());
        let response = asker.response(outcome);
        self.outbox.publish(self.base.publication(&topic, response)).await;
    }

    fn resume(&self, phone: &PhoneId) -> Result<Value, String> {
        tell(self.phone(phone)?, Message::Resume)?;
        Ok(json!({ "phone": phone.as_str() }))
    }

    fn pause(&self, phone: &PhoneId, time: Duration) -> Result<Value, String> {
        let wall = Timestamp::now() + SignedDuration::try_from(time).unwrap_or_default();
        let until = Now { instant: (Instant::now() + time).into_std(), wall };
        tell(self.phone(phone)?, Message::Pause(until))?;
        Ok(json!({ "phone": phone.as_str(), "until": format!("{wall:.0}") }))
    }

    fn phone(&self, id: &PhoneId) -> Result<&Phone, String> {
        self.fleet.phones.get(id).ok_or_else(|| {
            let ids: Vec<_> = self.fleet.phones.keys().map(PhoneId::as_str).collect();
            format!("there is no phone {:?}; there are {}", id.as_str(), ids.join(", "))
        })
    }
}

fn tell(phone: &Phone, message: Message) -> Result<(), String> {
    phone
        .messages
        .try_send(Box::new(message))
        .map_err(|_| "too many messages at once for this phone".to_owned())
}
