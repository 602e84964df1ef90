//! What was announced before, by this bridge, and the broker still has.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::contract::topic::{Base, Topic};

use super::announcement::components;

/// Maximum size of what is read, in bytes: that of thousands of phones.
const SIZE: usize = 256 * 1024 * 1024;

/// The components of what was announced, by object id.
#[derive(Debug, Default)]
pub(super) struct Found {
    components: BTreeMap<String, BTreeMap<String, String>>,
    /// The size of what they were read from, in bytes.
    size: usize,
}

impl Found {
    /// Handles what is announced under an object id: the last that comes counts, for another bridge may take it over.
    pub(super) fn hear(&mut self, object: &str, payload: &[u8], base: &Base) {
        if self.size + payload.len() > SIZE {
            return;
        }
        let parsed = serde_json::from_slice::<Value>(payload).unwrap_or_default();
        if is_of_this_bridge(&parsed, base) {
            self.size += payload.len();
            self.components.insert(object.to_owned(), components(&parsed));
        } else {
            self.components.remove(object);
        }
    }

    /// Returns the components by object id.
    pub(super) fn into_components(self) -> BTreeMap<String, BTreeMap<String, String>> {
        self.components
    }
}

/// Another bridge on the same broker has other topics, and its devices are none of our business.
fn is_of_this_bridge(payload: &Value, base: &Base) -> bool {
    let state = base.render(&Topic::BridgeState);
    let availability = payload["availability"].as_array().into_iter().flatten();
    payload["origin"]["name"] == "gxv2mqtt"
        && (availability.into_iter().any(|entry| entry["topic"] == state)
            || payload["components"]["connection"]["state_topic"] == state)
}
