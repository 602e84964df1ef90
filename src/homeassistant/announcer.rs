//! When devices are announced, and how those that went away are taken back.
//!
//! On each connection it first listens to what was announced before (retained), so that entities and phones which are
//! no longer there can be taken back, also after a restart. Home Assistant skips parts of a payload that comes while it
//! still works on another of the same device: so two different ones keep a distance, and the last is sent once more.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::domain::contract::entity::Device;
use crate::domain::contract::topic::{Base, Delivery, Publication, Topic};
use crate::domain::telephony::PhoneId;

use super::{DiscoveryOptions, discovery};

/// How long what was announced before is listened to.
const LISTEN: Duration = Duration::from_secs(2);
/// And until nothing was sent for so long.
const QUIET: Duration = Duration::from_secs(1);
/// The distance of two payloads of one device.
const DISTANCE: Duration = Duration::from_secs(2);
/// After Home Assistant's birth, states follow the announcement after this.
const STATES_AFTER: Duration = Duration::from_secs(1);
/// How long an announcement waits after Home Assistant's birth: at least, and at random so much more.
const BIRTH_WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(4));

/// What can happen to the announcer.
#[derive(Debug)]
pub enum Input {
    /// The broker is there (again).
    Connected,
    /// It sends what was announced before, from now on and in a moment.
    Listening,
    /// It has sent something that was retained: more may come.
    Retained,
    /// The broker is gone.
    Away,
    /// A message on a topic that one of [`Announcer::subscriptions`] matches.
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
pub enum Effect {
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
    options: DiscoveryOptions,
    base: Base,
    phones: BTreeSet<PhoneId>,
    /// None, if nothing is to be announced.
    devices: BTreeMap<String, Announcement>,
    /// The phones as they were described last.
    described: BTreeMap<PhoneId, Device>,
    /// The components of what is announced and is ours, as far as it was heard since the connection opened.
    found: BTreeMap<String, BTreeMap<String, String>>,
    /// Nothing is announced before this: the same entities were just taken back under other ids.
    hushed_until: Option<Instant>,
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

/// What is, and what should be, announced of one device. Payloads are large: they are made when they are sent, and only their
/// fingerprints are kept.
#[derive(Debug, Default)]
struct Announcement {
    /// Whose it is; none of the bridge's own.
    phone: Option<PhoneId>,
    /// What should be announced; none as long as that is not known.
    wanted: Option<u64>,
    complete: bool,
    /// Keys and platforms that Home Assistant knows.
    shown: BTreeMap<String, String>,
    /// What was sent last.
    sent: Option<u64>,
    due: Option<Instant>,
    quiet_until: Option<Instant>,
}

impl Announcer {
    /// Takes the phones of the settings: others of this bridge that were announced before are taken back.
    pub fn new(
        options: DiscoveryOptions,
        base: Base,
        phones: BTreeSet<PhoneId>,
        seed: u64,
    ) -> Self {
        let bridge = Announcement {
            wanted: Some(fingerprint(&discovery::bridge(&base))),
            complete: true,
            ..Announcement::default()
        };
        let bridge = options.discovery.then(|| (discovery::bridge_id(&base), bridge));
        Self {
            options,
            base,
            phones,
            devices: bridge.into_iter().collect(),
            described: BTreeMap::new(),
            found: BTreeMap::new(),
            hushed_until: None,
            listening: Listening::No,
            connected: false,
            announce_at: None,
            states_at: None,
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    /// Returns the filters of what was announced before: of anybody, and of our own by name, for a broker that sends nothing
    /// retained to a filter with wildcards (`RabbitMQ`).
    pub fn subscriptions(&self) -> Vec<String> {
        let own = self.phones.iter().map(|phone| discovery::object_id(&self.base, phone));
        let own = own.chain([discovery::bridge_id(&self.base), "+".to_owned()]);
        own.map(|object| format!("{}/device/{object}/config", self.options.discovery_prefix))
            .collect()
    }

    /// Returns when [`Input::Woke`] is wanted.
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

    /// Handles what happened, and returns what is to be done, in this order.
    pub fn handle(&mut self, event: Input, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Input::Connected => {
                self.connected = true;
                self.listening = Listening::Asked;
                self.found.clear();
            }
            Input::Listening => self.listening = Listening::Until(now + LISTEN),
            Input::Retained => {
                if let Listening::Until(until) = &mut self.listening {
                    *until = (*until).max(now + QUIET);
                }
            }
            // what it has not told by now is told after the next connection
            Input::Away => (self.connected, self.listening) = (false, Listening::No),
            Input::Found { topic, payload } => self.found(&topic, &payload),
            Input::Described(device) => self.described(*device, now),
            Input::Born => {
                let (least, more) = BIRTH_WAIT;
                self.announce_at = Some(now + least + more.mul_f64(self.rng.f64()));
            }
            Input::Asked => self.announce_at = Some(now),
            Input::Phones(phones) => effects.extend(self.take_back(phones, now)),
            Input::Woke => {}
        }
        effects.extend(self.due(now));
        effects
    }

    /// Handles what is announced on a topic: the last that comes counts, for another bridge may take it over.
    fn found(&mut self, topic: &str, payload: &[u8]) {
        let object = topic
            .strip_prefix(&format!("{}/device/", self.options.discovery_prefix))
            .and_then(|rest| rest.strip_suffix("/config"));
        let Some(object) = object.filter(|_| self.listening != Listening::No) else { return };
        let payload = serde_json::from_slice::<Value>(payload).unwrap_or_default();
        if self.is_of_this_bridge(&payload) {
            self.found.insert(object.to_owned(), components(&payload));
        } else {
            self.found.remove(object);
        }
    }

    /// Takes back what was found of phones that the bridge does not have, or not under this id any more.
    fn judge(&mut self, now: Instant) -> Vec<Effect> {
        let mut known: BTreeSet<String> =
            self.phones.iter().map(|phone| discovery::object_id(&self.base, phone)).collect();
        known.insert(discovery::bridge_id(&self.base));
        let ours = format!("{}_", discovery::bridge_slug(&self.base));
        let mut effects = Vec::new();
        for (object, components) in std::mem::take(&mut self.found) {
            if self.options.discovery && known.contains(&object) {
                self.devices.entry(object).or_default().shown.extend(components);
                continue;
            }
            if !object.starts_with(&ours) {
                self.hushed_until = Some(now + DISTANCE);
            }
            effects.push(self.publication(&object, String::new()));
        }
        effects
    }

    /// Takes back the devices of phones that the bridge does not have any more.
    fn take_back(&mut self, phones: BTreeSet<PhoneId>, now: Instant) -> Vec<Effect> {
        let before = std::mem::replace(&mut self.phones, phones);
        let gone: Vec<PhoneId> = before.difference(&self.phones).cloned().collect();
        let mut effects = Vec::new();
        for phone in gone {
            let object = discovery::object_id(&self.base, &phone);
            self.devices.remove(&object);
            let gone = self.described.remove(&phone);
            if let Some(mac) = gone.as_ref().and_then(|gone| gone.identity.own_mac()) {
                self.want_again(mac, now);
            }
            // what is left of them while the broker is away is found on the next connection
            if self.options.discovery && self.connected {
                effects.push(self.publication(&object, String::new()));
            }
        }
        effects
    }

    /// Another bridge on the same broker has other topics, and its devices are none of our business.
    fn is_of_this_bridge(&self, payload: &Value) -> bool {
        let state = self.base.render(&Topic::BridgeState);
        let availability = payload["availability"].as_array().into_iter().flatten();
        payload["origin"]["name"] == "gxv2mqtt"
            && (availability.into_iter().any(|entry| entry["topic"] == state)
                || payload["components"]["connection"]["state_topic"] == state)
    }

    fn described(&mut self, phone: Device, now: Instant) {
        if !self.options.discovery {
            return;
        }
        let device = self.devices.entry(discovery::object_id(&self.base, &phone.id)).or_default();
        // be it the same as before: whoever describes it wants it to be told
        device.wanted = None;
        device.phone = Some(phone.id.clone());
        device.complete = phone.complete;
        let mac = phone.identity.own_mac().map(str::to_owned);
        let id = phone.id.clone();
        let before = self.described.insert(id.clone(), phone);
        let mac_before = before.and_then(|before| before.identity.own_mac().map(str::to_owned));
        self.want(&id, now);
        if mac_before != mac {
            for changed in [mac_before, mac].into_iter().flatten() {
                self.want_again(&changed, now);
            }
        }
    }

    /// Renews what is wanted of the phones with this MAC address: where two claim the same, Home Assistant would make one
    /// device of them, so it is nobody's connection.
    fn want_again(&mut self, mac: &str, now: Instant) {
        for id in self.claiming(mac) {
            self.want(&id, now);
        }
    }

    /// Returns the phones with this MAC address.
    fn claiming(&self, mac: &str) -> Vec<PhoneId> {
        let claims = |phone: &&Device| phone.identity.own_mac() == Some(mac);
        self.described.values().filter(claims).map(|phone| phone.id.clone()).collect()
    }

    /// Renews what is wanted of a phone.
    fn want(&mut self, id: &PhoneId, now: Instant) {
        let object = discovery::object_id(&self.base, id);
        let Some(wanted) = self.payload_of(Some(id)).as_ref().map(fingerprint) else { return };
        let earliest = self.earliest(now);
        let Some(device) = self.devices.get_mut(&object) else { return };
        if device.wanted != Some(wanted) {
            device.wanted = Some(wanted);
            device.due = Some(device.quiet_until.map_or(earliest, |until| until.max(earliest)));
        }
    }

    /// Returns what should be announced of a phone, or of the bridge itself.
    fn payload_of(&self, phone: Option<&PhoneId>) -> Option<Value> {
        let Some(id) = phone else { return Some(discovery::bridge(&self.base)) };
        let phone = self.described.get(id)?;
        let shared = phone.identity.own_mac().is_some_and(|mac| self.claiming(mac).len() > 1);
        if !shared && phone.identity.own_mac().is_some() {
            return Some(discovery::phone(&self.base, phone));
        }
        let mut phone = phone.clone();
        phone.identity.mac = None;
        Some(discovery::phone(&self.base, &phone))
    }

    fn earliest(&self, now: Instant) -> Instant {
        self.hushed_until.map_or(now, |until| until.max(now))
    }

    fn due(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.connected {
            return effects;
        }
        match self.listening {
            Listening::Asked => return effects,
            Listening::Until(until) if now < until => return effects,
            Listening::Until(_) => {
                self.listening = Listening::No;
                effects.extend(self.judge(now));
                self.announce_all(now);
                effects.push(Effect::StopListening);
            }
            Listening::No => {}
        }
        if self.announce_at.is_some_and(|at| at <= now) {
            self.announce_at = None;
            self.announce_all(now);
            self.states_at = Some(now + STATES_AFTER);
        }
        effects.extend(self.announce(now));
        if self.states_at.is_some_and(|at| at <= now) {
            self.states_at = None;
            effects.push(Effect::PublishStates);
        }
        effects
    }

    fn announce_all(&mut self, now: Instant) {
        let earliest = self.earliest(now);
        for device in self.devices.values_mut() {
            device.due = Some(earliest);
        }
    }

    fn announce(&mut self, now: Instant) -> Vec<Effect> {
        let is_due = |device: &Announcement| device.due.is_some_and(|due| due <= now);
        let due = self.devices.iter().filter(|(_, device)| is_due(device));
        let due: Vec<_> =
            due.map(|(object, device)| (object.clone(), device.phone.clone())).collect();
        let mut payloads: Vec<(String, String)> = Vec::new();
        for (object, phone) in due {
            let wanted = self.payload_of(phone.as_ref());
            let Some(device) = self.devices.get_mut(&object) else { continue };
            device.due = None;
            let wanted = wanted.filter(|_| device.wanted.is_some());
            if let Some(payload) = wanted.and_then(|wanted| device.payload(wanted, now)) {
                payloads.push((object, payload.to_string()));
            }
        }
        // phones name the bridge as the device that they are reached through: it comes first
        let bridge = discovery::bridge_id(&self.base);
        payloads.sort_by_key(|(object, _)| *object != bridge);
        payloads.into_iter().map(|(object, payload)| self.publication(&object, payload)).collect()
    }

    fn publication(&self, object: &str, payload: String) -> Effect {
        let prefix = &self.options.discovery_prefix;
        Effect::Publish(Publication {
            topic: format!("{prefix}/device/{object}/config"),
            payload: payload.into_bytes(),
            delivery: Delivery::Lasting,
        })
    }
}

impl Announcement {
    /// Returns what to send now, out of what should be announced.
    fn payload(&mut self, mut payload: Value, now: Instant) -> Option<Value> {
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
        let sent = fingerprint(&payload);
        if self.sent.replace(sent) != Some(sent) {
            self.quiet_until = Some(now + DISTANCE);
            self.due = self.quiet_until;
        }
        Some(payload)
    }
}

/// Returns what tells a payload from another one.
fn fingerprint(payload: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    payload.to_string().hash(&mut hasher);
    hasher.finish()
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
