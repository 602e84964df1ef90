//! What the bridge knows of itself.

use std::collections::BTreeMap;
use std::fs;

use jiff::Timestamp;
use serde_json::json;
use tokio::time::Instant;

use crate::domain::contract::health::{Facts, PhoneFacts};
use crate::domain::telephony::PhoneId;
use crate::mqtt::Lost;

use super::fleet::Phone;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the bridge knows of itself.
pub(super) struct About {
    pub(super) connected_since: Option<Timestamp>,
    started: Instant,
    started_at: Timestamp,
    lost: Lost,
}

impl About {
    /// Begins now.
    pub(super) fn new(lost: Lost) -> Self {
        Self { connected_since: None, started: Instant::now(), started_at: Timestamp::now(), lost }
    }

    /// Returns the payload of `B/bridge/info`.
    pub(super) fn info<'a>(&self, phones: impl Iterator<Item = &'a PhoneId>) -> String {
        json!({
            "version": VERSION,
            "started_at": format!("{:.0}", self.started_at),
            "phones": phones.map(PhoneId::as_str).collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// Returns all that can be said at present.
    pub(super) fn facts(&self, phones: &BTreeMap<PhoneId, Phone>) -> Facts {
        Facts {
            version: VERSION,
            started_at: self.started_at,
            uptime: self.started.elapsed(),
            memory: memory(),
            connected_since: self.connected_since,
            lost_events: self.lost.events.total(),
            lost_messages: self.lost.messages.total(),
            phones: phones.values().map(facts).collect(),
        }
    }
}

fn facts(phone: &Phone) -> PhoneFacts {
    PhoneFacts {
        id: phone.options.id.clone(),
        name: phone.options.name.clone(),
        url: phone.options.url.to_string(),
        dialect: phone.options.dialect.name(),
        identity: phone.identity.clone(),
        vitals: *phone.vitals.borrow(),
    }
}

/// Returns the memory that this process takes, where Linux tells it.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = kilobytes.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
