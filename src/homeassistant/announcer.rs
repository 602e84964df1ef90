//! When devices are announced, and how those that went away are taken back.
//!
//! On each connection it first listens to what was announced before (retained), so that entities and phones which are
//! no longer there can be taken back, also after a restart. Home Assistant skips parts of a payload that comes while it
//! still works on another of the same device: so two different ones keep a distance, and the last is sent once more.

mod announcement;
mod found;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::domain::contract::entity::Device;
use crate::domain::contract::topic::{Base, Delivery, Publication};
use crate::domain::telephony::PhoneId;

use super::{DiscoveryOptions, discovery};
use announcement::{Announcement, Owner};
use found::Found;

/// How long what was announced before is listened to.
const LISTEN: Duration = Duration::from_secs(2);
/// And until nothing was sent for so long.
const QUIET: Duration = Duration::from_secs(1);
/// Maximum number of devices that are announced at once: payloads are large.
const BATCH: usize = 32;
/// The next ones follow after this.
const PAUSE: Duration = Duration::from_millis(20);
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
    devices: BTreeMap<Owner, Announcement>,
    /// The phones as they were described last.
    described: BTreeMap<PhoneId, Device>,
    /// Which phones claim a MAC address.
    claims: BTreeMap<String, BTreeSet<PhoneId>>,
    /// What is announced and is ours, as far as it was heard since the connection opened.
    found: Found,
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

impl Announcer {
    /// Takes the phones of the settings: others of this bridge that were announced before are taken back.
    pub fn new(
        options: DiscoveryOptions,
        base: Base,
        phones: BTreeSet<PhoneId>,
        seed: u64,
    ) -> Self {
        let bridge = options.discovery.then(|| (Owner::Bridge, Announcement::complete()));
        Self {
            options,
            base,
            phones,
            devices: bridge.into_iter().collect(),
            described: BTreeMap::new(),
            claims: BTreeMap::new(),
            found: Found::default(),
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
                self.found = Found::default();
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

    /// Handles what is announced on a topic.
    fn found(&mut self, topic: &str, payload: &[u8]) {
        let object = topic
            .strip_prefix(&format!("{}/device/", self.options.discovery_prefix))
            .and_then(|rest| rest.strip_suffix("/config"));
        if let Some(object) = object.filter(|_| self.listening != Listening::No) {
            self.found.hear(object, payload, &self.base);
        }
    }

    /// Takes back what was found of phones that the bridge does not have, or not under this id any more.
    fn judge(&mut self, now: Instant) -> Vec<Effect> {
        let phones = self.phones.iter().cloned().map(Owner::Phone);
        let mut known: BTreeMap<String, Owner> = phones
            .chain([Owner::Bridge])
            .map(|owner| (owner.object_id(&self.base), owner))
            .collect();
        let ours = format!("{}_", discovery::bridge_slug(&self.base));
        let mut effects = Vec::new();
        for (object, components) in std::mem::take(&mut self.found).into_components() {
            if self.options.discovery
                && let Some(owner) = known.remove(&object)
            {
                self.devices.entry(owner).or_default().knows(components);
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
            self.devices.remove(&Owner::Phone(phone.clone()));
            let gone = self.described.remove(&phone);
            if let Some(mac) = gone.as_ref().and_then(|gone| gone.identity.own_mac()) {
                self.unclaim(mac, &phone);
                self.want_again(mac, now);
            }
            // what is left of them while the broker is away is found on the next connection
            if self.options.discovery && self.connected {
                effects.push(self.publication(&object, String::new()));
            }
        }
        effects
    }

    fn described(&mut self, phone: Device, now: Instant) {
        if !self.options.discovery {
            return;
        }
        let id = phone.id.clone();
        let device = self.devices.entry(Owner::Phone(id.clone())).or_default();
        // be it the same as before: whoever describes it wants it to be told
        device.wanted = None;
        device.complete = phone.complete;
        let mac = phone.identity.own_mac().map(str::to_owned);
        let before = self.described.insert(id.clone(), phone);
        let mac_before = before.and_then(|before| before.identity.own_mac().map(str::to_owned));
        if let Some(mac) = &mac_before {
            self.unclaim(mac, &id);
        }
        if let Some(mac) = &mac {
            self.claims.entry(mac.clone()).or_default().insert(id.clone());
        }
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
        for id in self.claims.get(mac).cloned().unwrap_or_default() {
            self.want(&id, now);
        }
    }

    fn unclaim(&mut self, mac: &str, phone: &PhoneId) {
        if let Some(claiming) = self.claims.get_mut(mac) {
            claiming.remove(phone);
            if claiming.is_empty() {
                self.claims.remove(mac);
            }
        }
    }

    /// Renews what is wanted of a phone.
    fn want(&mut self, id: &PhoneId, now: Instant) {
        let owner = Owner::Phone(id.clone());
        let Some(wanted) = self.payload_of(&owner) else { return };
        let earliest = self.earliest(now);
        if let Some(device) = self.devices.get_mut(&owner) {
            device.want(&wanted, earliest);
        }
    }

    /// Returns what should be announced of a device; none as long as that is not known.
    fn payload_of(&self, owner: &Owner) -> Option<Value> {
        let Owner::Phone(id) = owner else { return Some(discovery::bridge(&self.base)) };
        let phone = self.described.get(id)?;
        let claiming = phone.identity.own_mac().and_then(|mac| self.claims.get(mac));
        if claiming.is_some_and(|claiming| claiming.len() == 1) {
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
        let due: Vec<Owner> = due.map(|(owner, _)| owner.clone()).collect();
        let mut effects = Vec::new();
        for owner in due.iter().skip(BATCH) {
            if let Some(device) = self.devices.get_mut(owner) {
                device.due = Some(now + PAUSE);
            }
        }
        for owner in due.into_iter().take(BATCH) {
            let wanted = self.payload_of(&owner);
            let Some(device) = self.devices.get_mut(&owner) else { continue };
            if let Some(payload) = device.send(wanted, now) {
                effects.push(self.publication(&owner.object_id(&self.base), payload));
            }
        }
        effects
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

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
