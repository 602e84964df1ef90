//! Tries the broker: all that `run` does there, on topics that nobody reads.

use std::ops::RangeInclusive;
use std::sync::Arc;

use tokio::time::Instant;

use super::table::{Row, Verdict};
use crate::config::Settings;
use crate::domain::contract::entity::Device;
use crate::domain::contract::topic::{Base, Delivery, Publication};
use crate::domain::telephony::Identity;
use crate::homeassistant::discovery;
use crate::mqtt::{self, Trial};

/// Lines and accounts that a phone is assumed to have, as long as it has not been polled.
const LINES: RangeInclusive<u16> = 1..=6;
/// Messages of this size, in bytes, must go through at least.
const SMALL: usize = 1024;

/// Returns what `run` needs of the broker, on topics that nobody reads.
fn trial(settings: &Settings) -> Trial {
    let base = Base::new(&settings.base_topic);
    let topic = |place: &str| format!("{}/{place}", settings.base_topic);
    let mut filters =
        vec![base.commands(), base.requests(), settings.homeassistant.status_topic.clone()];
    filters.extend(base.states());
    let message = |topic, payload: &str, delivery| Publication {
        topic,
        payload: payload.as_bytes().to_vec(),
        delivery,
    };
    let mut topics = Vec::new();
    let mut largest = SMALL;
    for options in &settings.phones {
        let mine = topic(&format!("{}/check", options.id));
        topics.push(message(mine, "check", Delivery::Event));
        let device = Device {
            id: options.id.clone(),
            name: options.name.clone(),
            identity: Identity::default(),
            url: options.url.to_string(),
            lines: LINES.collect(),
            accounts: LINES.collect(),
            values: Arc::clone(&options.values),
            complete: true,
        };
        largest = largest.max(discovery::phone(&base, &device).to_string().len());
    }
    if settings.homeassistant.discovery {
        let prefix = &settings.homeassistant.discovery_prefix;
        filters.push(format!("{prefix}/device/+/config"));
        // Home Assistant reads only what ends in config
        let device = format!("{prefix}/device/{}/check", discovery::bridge_id(&base));
        topics.push(message(device, "check", Delivery::Event));
    }
    Trial { filters, topics, echo: topic("bridge/response/check"), largest }
}

/// Tries the broker.
pub(super) async fn row(settings: &Settings) -> Row {
    let started = Instant::now();
    let trial = trial(settings);
    let (verdict, remark) = match mqtt::probe(&settings.mqtt, &trial).await {
        Ok(probe) if probe.refused.is_empty() => (
            Verdict::Works,
            format!("MQTT 5, messages up to {} bytes; may write and read", probe.largest_message),
        ),
        Ok(probe) => {
            let refused: Vec<_> =
                probe.refused.iter().map(|(topic, why)| format!("{topic}: {why}")).collect();
            (Verdict::Fails, format!("it refuses {}", refused.join("; ")))
        }
        Err(error) => (Verdict::Fails, error.to_string()),
    };
    Row::needed("broker", "connect", verdict, Some(started.elapsed()), remark)
}
