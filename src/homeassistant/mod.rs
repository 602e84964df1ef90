//! Home Assistant: discovery payloads out of the table of entities, and when they are sent. Pure.

pub mod announcer;
pub mod discovery;
mod setting;

/// What Home Assistant is told, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryOptions {
    /// Whether phones are announced.
    pub discovery: bool,
    /// Home Assistant's discovery prefix.
    pub discovery_prefix: String,
    /// Where Home Assistant publishes its birth and will.
    pub status_topic: String,
}

impl Default for DiscoveryOptions {
    fn default() -> Self {
        Self {
            discovery: true,
            discovery_prefix: "homeassistant".to_owned(),
            status_topic: "homeassistant/status".to_owned(),
        }
    }
}
