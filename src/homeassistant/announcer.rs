//! When devices are announced, and how those that went away are taken back.
//!
//! On each connection it first listens to what was announced before (retained), so that entities and phones which are
//! no longer there can be taken back, also after a restart. Home Assistant skips parts of a payload that comes while it
//! still works on another of the same device: so two different ones keep a distance, and the last is sent once more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::domain::entity::Device;
use crate::domain::phone::PhoneId;
use crate::domain::topic::{Base, Delivery, Publication, Topic};

use super::{Options, discovery};

/// How long what was announced before is listened to.
const LISTEN: Duration = Duration::from_secs(2);
/// The distance of two payloads of one device.
const DISTANCE: Duration = Duration::from_secs(2);
/// After Home Assistant's birth, states follow the announcement after this.
const STATES_AFTER: Duration = Duration::from_secs(1);
/// How long an announcement waits after Home Assistant's birth: at least, and at random so much more.
const BIRTH_WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(4));

/// What can happen to the announcer.
#[derive(Debug)]
pub enum Event {
    /// The broker is there (again).
    Connected,
    /// It sends what was announced before, from now on and in a moment.
    Listening,
    /// The broker is gone.
    Away,
    /// A message on a topic that [`Announcer::subscription`] matches.
    Found {
        /// The topic.
        topic: String,
        /// The payload.
        payload: Vec<u8>,
    },
    /// A phone is now like this.
    Described(Box<Device>),
    /// Home Assistant has started.
    Born,
    /// Somebody wants everything to be announced again.
    Asked,
    /// The bridge has these phones from now on.
    Phones(BTreeSet<PhoneId>),
    /// The time of [`Announcer::wake`] has come.
    Woke,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Publish this.
    Publish(Publication),
    /// Publish all states again.
    PublishStates,
    /// What was announced before is known: unsubscribe from it.
    StopListening,
}

/// Announces the devices of one bridge.
#[derive(Debug)]
pub struct Announcer {
    options: Options,
    base: Base,
    phones: BTreeSet<PhoneId>,
    /// None, if nothing is to be announced.
    devices: BTreeMap<String, Announcement>,
    listening: Listening,
    connected: bool,
    announce_at: Option<Instant>,
    states_at: Option<Instant>,
    rng: fastrand::Rng,
}

/// Whether what was announced before is listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listening {
    No,
    /// The broker has still to say that it sends it.
    Asked,
    Until(Instant),
}

/// What is, and what should be, announced of one device.
#[derive(Debug, Default)]
struct Announcement {
    wanted: Option<Value>,
    complete: bool,
    /// Keys and platforms that Home Assistant knows.
    shown: BTreeMap<String, String>,
    sent: Option<Value>,
    due: Option<Instant>,
    quiet_until: Option<Instant>,
}

impl Announcer {
    /// Takes the phones of the settings: others of this bridge that were announced before are taken back.
    pub fn new(options: Options, base: Base, phones: BTreeSet<PhoneId>, seed: u64) -> Self {
        let bridge = Announcement {
            wanted: Some(discovery::bridge(&base)),
            complete: true,
            ..Announcement::default()
        };
        let bridge = options.discovery.then(|| (discovery::BRIDGE.to_owned(), bridge));
        Self {
            options,
            base,
            phones,
            devices: bridge.into_iter().collect(),
            listening: Listening::No,
            connected: false,
            announce_at: None,
            states_at: None,
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    /// Returns the filter of what was announced before.
    pub fn subscription(&self) -> String {
        format!("{}/device/+/config", self.options.discovery_prefix)
    }

    /// Returns when [`Event::Woke`] is wanted.
    pub fn wake(&self) -> Option<Instant> {
        if !self.connected {
            return None;
        }
        match self.listening {
            Listening::Asked => return None,
            Listening::Until(until) => return Some(until),
            Listening::No => {}
        }
        let dues = self.devices.values().filter_map(|device| device.due);
        dues.chain(self.announce_at).chain(self.states_at).min()
    }

    /// Takes in what happened, and returns what is to be done, in this order.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Connected => {
                self.connected = true;
                self.listening = Listening::Asked;
            }
            Event::Listening => self.listening = Listening::Until(now + LISTEN),
            // what it has not told by now is told after the next connection
            Event::Away => (self.connected, self.listening) = (false, Listening::No),
            Event::Found { topic, payload } => actions.extend(self.found(&topic, &payload)),
            Event::Described(device) => self.described(&device, now),
            Event::Born => {
                let (least, more) = BIRTH_WAIT;
                self.announce_at = Some(now + least + more.mul_f64(self.rng.f64()));
            }
            Event::Asked => self.announce_at = Some(now),
            Event::Phones(phones) => actions.extend(self.take_back(phones)),
            Event::Woke => {}
        }
        actions.extend(self.due(now));
        actions
    }

    fn found(&mut self, topic: &str, payload: &[u8]) -> Option<Action> {
        let object = topic
            .strip_prefix(&format!("{}/device/", self.options.discovery_prefix))
            .and_then(|rest| rest.strip_suffix("/config"));
        let object = object.filter(|_| self.listening != Listening::No)?;
        let payload = serde_json::from_slice::<Value>(payload).ok()?;
        let phone = object.strip_prefix("gxv2mqtt_");
        let ours = phone.is_some() && self.is_of_this_bridge(&payload);
        if !ours {
            return None;
        }
        let known = object == discovery::BRIDGE
            || phone.and_then(|id| id.parse().ok()).is_some_and(|id| self.phones.contains(&id));
        if !known || !self.options.discovery {
            return Some(self.publication(object, String::new()));
        }
        let device = self.devices.entry(object.to_owned()).or_default();
        device.shown.extend(components(&payload));
        None
    }

    /// Takes back the devices of phones that the bridge does not have any more.
    fn take_back(&mut self, phones: BTreeSet<PhoneId>) -> Vec<Action> {
        let before = std::mem::replace(&mut self.phones, phones);
        let gone: Vec<String> = before.difference(&self.phones).map(discovery::object_id).collect();
        for object in &gone {
            self.devices.remove(object);
        }
        // what is left of them while the broker is away is found on the next connection
        let tell = self.options.discovery && self.connected;
        gone.iter().filter(|_| tell).map(|object| self.publication(object, String::new())).collect()
    }

    /// Another bridge on the same broker has other topics, and its devices are none of our business.
    fn is_of_this_bridge(&self, payload: &Value) -> bool {
        let state = self.base.render(&Topic::BridgeState);
        let availability = payload["availability"].as_array().into_iter().flatten();
        payload["origin"]["name"] == "gxv2mqtt"
            && (availability.into_iter().any(|entry| entry["topic"] == state)
                || payload["components"]["connection"]["state_topic"] == state)
    }

    fn described(&mut self, phone: &Device, now: Instant) {
        if !self.options.discovery {
            return;
        }
        let device = self.devices.entry(discovery::object_id(&phone.id)).or_default();
        device.wanted = Some(discovery::phone(&self.base, phone));
        device.complete = phone.complete;
        device.due = Some(device.quiet_until.map_or(now, |until| until.max(now)));
    }

    fn due(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        if !self.connected {
            return actions;
        }
        match self.listening {
            Listening::Asked => return actions,
            Listening::Until(until) if now < until => return actions,
            Listening::Until(_) => {
                self.listening = Listening::No;
                self.announce_all(now);
                actions.push(Action::StopListening);
            }
            Listening::No => {}
        }
        if self.announce_at.is_some_and(|at| at <= now) {
            self.announce_at = None;
            self.announce_all(now);
            self.states_at = Some(now + STATES_AFTER);
        }
        actions.extend(self.announce(now));
        if self.states_at.is_some_and(|at| at <= now) {
            self.states_at = None;
            actions.push(Action::PublishStates);
        }
        actions
    }

    fn announce_all(&mut self, now: Instant) {
        for device in self.devices.values_mut() {
            device.due = Some(now);
        }
    }

    fn announce(&mut self, now: Instant) -> Vec<Action> {
        let mut payloads: Vec<(String, String)> = Vec::new();
        for (object, device) in &mut self.devices {
            if let Some(payload) = device.payload(now) {
                payloads.push((object.clone(), payload.to_string()));
            }
        }
        // phones name the bridge as the device that they are reached through: it comes first
        payloads.sort_by_key(|(object, _)| object != discovery::BRIDGE);
        payloads.into_iter().map(|(object, payload)| self.publication(&object, payload)).collect()
    }

    fn publication(&self, object: &str, payload: String) -> Action {
        let prefix = &self.options.discovery_prefix;
        Action::Publish(Publication {
            topic: format!("{prefix}/device/{object}/config"),
            payload: payload.into_bytes(),
            delivery: Delivery::Lasting,
        })
    }
}

impl Announcement {
    /// Returns what to send now, if anything is due.
    fn payload(&mut self, now: Instant) -> Option<Value> {
        self.due.filter(|due| *due <= now)?;
        self.due = None;
        let mut payload = self.wanted.clone()?;
        let wanted = components(&payload);
        // one that becomes another kind of entity is taken back first, too
        let mut gone = self.shown.clone();
        gone.retain(|key, platform| wanted.get(key) != Some(platform));
        if !self.complete && !gone.is_empty() {
            // it has not answered since we started: what was known of it before is better than nothing
            return None;
        }
        self.shown = wanted;
        for (key, platform) in gone {
            payload["components"][&key] = json!({ "platform": platform });
            self.shown.remove(&key);
        }
        if self.sent.as_ref() != Some(&payload) {
            self.quiet_until = Some(now + DISTANCE);
            self.due = self.quiet_until;
        }
        self.sent = Some(payload.clone());
        Some(payload)
    }
}

/// Returns the keys and platforms of a payload's components.
fn components(payload: &Value) -> BTreeMap<String, String> {
    let components = payload["components"].as_object().into_iter().flatten();
    components
        .filter_map(|(key, component)| {
            Some((key.clone(), component["platform"].as_str()?.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
