//! What the bridge knows of itself and of all phones, for whoever wants to read it.

use std::collections::BTreeMap;
use std::fs;

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::contract::health::{Facts, PhoneFacts, Vitals};
use crate::domain::telephony::{Identity, PhoneId};
use crate::mqtt::Lost;
use crate::phone::PhoneOptions;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the bridge knows of itself and of all phones. The router keeps it; others read it by [`Overview::facts`], or wait for a
/// change of it.
#[derive(Clone)]
pub(super) struct Overview {
    known: watch::Sender<Known>,
    started: Instant,
    started_at: Timestamp,
    lost: Lost,
}

#[derive(Default)]
struct Known {
    connected_since: Option<Timestamp>,
    phones: BTreeMap<PhoneId, KnownPhone>,
}

struct KnownPhone {
    name: String,
    url: String,
    dialect: &'static str,
    identity: Identity,
    vitals: watch::Receiver<Vitals>,
}

impl Overview {
    /// Begins now, without a phone.
    pub(super) fn new(lost: Lost) -> Self {
        let known = watch::Sender::default();
        Self { known, started: Instant::now(), started_at: Timestamp::now(), lost }
    }

    /// Notes since when the broker is there, if it is.
    pub(super) fn connected(&self, since: Option<Timestamp>) {
        self.known.send_modify(|known| known.connected_since = since);
    }

    /// Adds a phone, or another version of it.
    pub(super) fn add(&self, options: &PhoneOptions, vitals: watch::Receiver<Vitals>) {
        let phone = KnownPhone {
            name: options.name.clone(),
            url: options.url.to_string(),
            dialect: options.dialect.name(),
            identity: Identity::default(),
            vitals,
        };
        self.known.send_modify(|known| drop(known.phones.insert(options.id.clone(), phone)));
    }

    /// Removes a phone.
    pub(super) fn remove(&self, id: &PhoneId) {
        self.known.send_modify(|known| drop(known.phones.remove(id)));
    }

    /// Notes what a phone says it is. Returns its MAC address and another phone with the same, if that is news.
    pub(super) fn identify(&self, id: &PhoneId, identity: &Identity) -> Option<(String, PhoneId)> {
        let mut is_news = false;
        self.known.send_if_modified(|known| {
            let Some(phone) = known.phones.get_mut(id) else { return false };
            is_news = phone.identity.own_mac() != identity.own_mac();
            let has_changed = phone.identity != *identity;
            phone.identity.clone_from(identity);
            has_changed
        });
        let mac = identity.own_mac().filter(|_| is_news)?;
        let known = self.known.borrow();
        let mut others = known.phones.iter().filter(|(other, _)| *other != id);
        let (other, _) = others.find(|(_, phone)| phone.identity.own_mac() == Some(mac))?;
        Some((mac.to_owned(), other.clone()))
    }

    /// Returns the payload of `B/bridge/info`.
    pub(super) fn info(&self) -> String {
        json!({
            "version": VERSION,
            "started_at": format!("{:.0}", self.started_at),
            "phones": self.known.borrow().phones.keys().map(PhoneId::as_str).collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// Returns all that can be said at present.
    pub(super) fn facts(&self) -> Facts {
        let known = self.known.borrow();
        let facts = |(id, phone): (&PhoneId, &KnownPhone)| PhoneFacts {
            id: id.clone(),
            name: phone.name.clone(),
            url: phone.url.clone(),
            dialect: phone.dialect,
            identity: phone.identity.clone(),
            vitals: *phone.vitals.borrow(),
        };
        Facts {
            version: VERSION,
            started_at: self.started_at,
            uptime: self.started.elapsed(),
            memory: memory(),
            connected_since: known.connected_since,
            lost_events: self.lost.events.total(),
            lost_messages: self.lost.messages.total(),
            phones: known.phones.iter().map(facts).collect(),
        }
    }
}

/// Returns the memory that this process takes, where Linux tells it.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = kilobytes.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
