//! What is announced of one device: what should be, what was sent, and what Home Assistant knows of it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Instant;

use serde_json::{Value, json};

use crate::domain::contract::topic::Base;
use crate::domain::telephony::PhoneId;
use crate::homeassistant::discovery;

use super::DISTANCE;

/// Whose device it is. Phones name the bridge as the device that they are reached through: it comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Bridge,
    Phone(PhoneId),
}

impl Owner {
    pub(super) fn object_id(&self, base: &Base) -> String {
        match self {
            Self::Bridge => discovery::bridge_id(base),
            Self::Phone(id) => discovery::object_id(base, id),
        }
    }
}

/// What is, and what should be, announced of one device. Payloads are large: they are made when they are sent, and only their
/// fingerprints are kept.
#[derive(Debug, Default)]
pub(super) struct Announcement {
    /// What should be announced; none if that has to be sent again, be it the same.
    pub(super) wanted: Option<u64>,
    /// Whether the payload names all that there is: only then, what is not in it is taken back.
    pub(super) complete: bool,
    /// Keys and platforms that Home Assistant knows, as JSON: most of the time nobody looks.
    shown: Box<str>,
    /// What was sent last.
    sent: Option<u64>,
    pub(super) due: Option<Instant>,
    quiet_until: Option<Instant>,
}

impl Announcement {
    /// Returns that of a device of which all is known from the start.
    pub(super) fn complete() -> Self {
        Self { complete: true, ..Self::default() }
    }

    /// Notes that Home Assistant knows these keys and platforms, too.
    pub(super) fn knows(&mut self, components: BTreeMap<String, String>) {
        let mut shown = self.shown();
        shown.extend(components);
        self.set_shown(&shown);
    }

    fn shown(&self) -> BTreeMap<String, String> {
        serde_json::from_str(&self.shown).unwrap_or_default()
    }

    fn set_shown(&mut self, shown: &BTreeMap<String, String>) {
        self.shown = json!(shown).to_string().into();
    }

    /// Handles what should be announced, not before this time.
    pub(super) fn want(&mut self, payload: &Value, earliest: Instant) {
        let wanted = Some(fingerprint(&payload.to_string()));
        if self.wanted != wanted {
            self.wanted = wanted;
            self.due = Some(self.quiet_until.map_or(earliest, |until| until.max(earliest)));
        }
    }

    /// Returns what to send now that it is due, out of what should be announced, if that is known.
    pub(super) fn send(&mut self, payload: Option<Value>, now: Instant) -> Option<String> {
        self.due = None;
        let mut payload = payload?;
        let wanted = components(&payload);
        // one that becomes another kind of entity is taken back first, too
        let mut gone = self.shown();
        gone.retain(|key, platform| wanted.get(key) != Some(platform));
        if !self.complete && !gone.is_empty() {
            // it has not answered since we started: what was known of it before is better than nothing
            return None;
        }
        let mut shown = wanted;
        for (key, platform) in gone {
            payload["components"][&key] = json!({ "platform": platform });
            shown.remove(&key);
        }
        self.set_shown(&shown);
        let payload = payload.to_string();
        let sent = fingerprint(&payload);
        if self.sent.replace(sent) != Some(sent) {
            self.quiet_until = Some(now + DISTANCE);
            self.due = self.quiet_until;
        }
        Some(payload)
    }
}

/// Returns what tells a payload from another one.
pub(super) fn fingerprint(payload: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    payload.hash(&mut hasher);
    hasher.finish()
}

/// Returns the keys and platforms of a payload's components.
pub(super) fn components(payload: &Value) -> BTreeMap<String, String> {
    let components = payload["components"].as_object().into_iter().flatten();
    components
        .filter_map(|(key, component)| {
            Some((key.clone(), component["platform"].as_str()?.to_owned()))
        })
        .collect()
}
