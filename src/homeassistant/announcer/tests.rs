//! Stories of the announcer, in simulated time.

use serde_json::json;

use super::*;
use crate::domain::telephony::Identity;
use crate::domain::values::named::{NamedValue, ValueKind};

const BASE: &str = "gxv2mqtt";

pub(super) struct Story {
    pub(super) announcer: Announcer,
    pub(super) start: Instant,
}

impl Story {
    #[expect(clippy::disallowed_methods, reason = "any instant does: stories only add to it")]
    pub(super) fn new(discovery: bool) -> Self {
        let options = DiscoveryOptions {
            discovery,
            discovery_prefix: "ha".into(),
            status_topic: "ha/status".into(),
        };
        let phones = [("kitchen".parse().unwrap())].into();
        let announcer = Announcer::new(options, Base::new(BASE), phones, 1);
        Self { announcer, start: Instant::now() }
    }

    /// Lets something happen after so many seconds; returns what came of it, in short.
    fn at(&mut self, seconds: u64, event: Input) -> Vec<String> {
        let now = self.start + Duration::from_secs(seconds);
        self.announcer.handle(event, now).iter().map(short).collect()
    }

    /// The broker is there, and sends what it has.
    fn connected(&mut self, seconds: u64) -> Vec<String> {
        let mut told = self.at(seconds, Input::Connected);
        told.extend(self.at(seconds, Input::Listening));
        told
    }

    fn found(&mut self, object: &str, payload: &Value) -> Vec<String> {
        let topic = format!("ha/device/{object}/config");
        self.at(1, Input::Found { topic, payload: payload.to_string().into_bytes() })
    }
}

fn short(effect: &Effect) -> String {
    match effect {
        Effect::PublishStates => "states".into(),
        Effect::StopListening => "stop listening".into(),
        Effect::Publish(publication) => {
            let object = publication.topic.split('/').nth(2).unwrap();
            let payload = serde_json::from_slice::<Value>(&publication.payload).unwrap_or_default();
            let numbered = |key: &&String| key.ends_with(|c: char| c.is_ascii_digit());
            let components = payload["components"].as_object().into_iter().flatten();
            let lines: Vec<String> = components
                .filter(|(key, _)| numbered(key))
                .map(|(key, value)| {
                    let stub = if value["unique_id"].is_null() { " gone" } else { "" };
                    format!("{key}{stub}")
                })
                .collect();
            let taken_back = if publication.payload.is_empty() { " taken back" } else { "" };
            format!("{object}{taken_back} {}", lines.join(", ")).trim_end().to_owned()
        }
    }
}

pub(super) fn kitchen(lines: &[u16], complete: bool) -> Input {
    Input::Described(Box::new(Device {
        id: "kitchen".parse().unwrap(),
        name: "Kitchen".into(),
        identity: Identity::default(),
        url: "http://192.0.2.1/".into(),
        lines: lines.to_vec(),
        accounts: Vec::new(),
        values: Vec::new().into(),
        complete,
    }))
}

pub(super) fn payload(lines: &[u16]) -> Value {
    let Input::Described(device) = kitchen(lines, true) else { unreachable!() };
    discovery::phone(&Base::new(BASE), &device)
}

#[test]
fn it_listens_first_and_sends_each_new_payload_twice() {
    let mut story = Story::new(true);
    assert_eq!(story.announcer.wake(), None);
    assert!(story.at(0, kitchen(&[1, 2], true)).is_empty(), "there is no broker yet");
    assert!(story.connected(0).is_empty());
    let both = ["gxv2mqtt_bridge", "gxv2mqtt_kitchen line_1, line_2"];
    assert_eq!(story.at(2, Input::Woke), [&["stop listening"], &both[..]].concat());
    assert_eq!(story.at(4, Input::Woke), both);
    assert!(story.at(9, Input::Woke).is_empty());
    assert_eq!(story.announcer.wake(), None);
}

#[test]
fn what_went_away_is_taken_back_also_after_a_restart() {
    let mut story = Story::new(true);
    story.at(0, kitchen(&[1], true));
    story.connected(0);
    assert!(story.found("gxv2mqtt_kitchen", &payload(&[1, 2])).is_empty());
    assert!(story.found("gxv2mqtt_attic", &payload(&[1])).is_empty());
    assert!(story.found("zigbee", &json!({ "origin": { "name": "zigbee" } })).is_empty());
    let told = story.at(2, Input::Woke);
    assert_eq!(told[0], "gxv2mqtt_attic taken back");
    assert!(told.iter().all(|told| !told.contains("zigbee")), "{told:?}");
    assert!(told.contains(&"gxv2mqtt_kitchen line_1, line_2 gone".to_owned()), "{told:?}");
    assert!(story.at(4, Input::Woke).contains(&"gxv2mqtt_kitchen line_1".to_owned()));

    assert!(story.at(5, kitchen(&[], true)).is_empty(), "two payloads keep their distance");
    assert_eq!(story.at(6, Input::Woke), ["gxv2mqtt_kitchen line_1 gone"]);
    assert_eq!(story.at(8, Input::Woke), ["gxv2mqtt_kitchen"]);
}

#[test]
fn another_bridge_is_left_alone() {
    let mut story = Story::new(true);
    story.connected(0);
    let Input::Described(device) = kitchen(&[1], true) else { unreachable!() };
    let theirs = discovery::phone(&Base::new("elsewhere"), &device);
    assert!(story.found("gxv2mqtt_attic", &theirs).is_empty());
}

#[test]
fn a_phone_that_is_away_keeps_what_is_known_of_it() {
    let mut story = Story::new(true);
    story.at(0, kitchen(&[], false));
    story.connected(0);
    story.found("gxv2mqtt_kitchen", &payload(&[1, 2]));
    assert_eq!(story.at(2, Input::Woke), ["stop listening", "gxv2mqtt_bridge"]);
    assert_eq!(
        story.at(60, kitchen(&[1, 2], true)),
        ["gxv2mqtt_bridge", "gxv2mqtt_kitchen line_1, line_2"]
    );

    let mut never_seen = Story::new(true);
    never_seen.at(0, kitchen(&[], false));
    never_seen.connected(0);
    assert!(never_seen.at(2, Input::Woke).contains(&"gxv2mqtt_kitchen".to_owned()));
}

#[test]
fn home_assistants_birth_is_answered_after_a_while() {
    let mut story = Story::new(true);
    story.at(0, kitchen(&[1], true));
    story.connected(0);
    for second in [2, 4, 9] {
        story.at(second, Input::Woke);
    }
    assert!(story.at(100, Input::Born).is_empty());
    let (least, more) = BIRTH_WAIT;
    let born = story.start + Duration::from_secs(100);
    let wait = story.announcer.wake().unwrap() - born;
    assert!(wait >= least && wait <= least + more, "{wait:?}");
    assert_eq!(story.at(106, Input::Woke), ["gxv2mqtt_bridge", "gxv2mqtt_kitchen line_1"]);
    assert_eq!(story.at(107, Input::Woke), ["states"]);
    assert_eq!(story.announcer.wake(), None);
}

#[test]
fn without_discovery_only_the_states_are_said_again() {
    let mut story = Story::new(false);
    story.connected(0);
    assert!(story.found("gxv2mqtt_kitchen", &payload(&[1])).is_empty());
    assert_eq!(story.at(2, Input::Woke), ["gxv2mqtt_kitchen taken back", "stop listening"]);
    assert!(story.at(3, kitchen(&[1], true)).is_empty());
    story.at(10, Input::Born);
    assert!(story.at(16, Input::Woke).is_empty());
    assert_eq!(story.at(17, Input::Woke), ["states"]);
}

#[test]
fn everything_is_announced_again_when_somebody_asks() {
    let mut story = Story::new(true);
    story.connected(0);
    story.at(0, kitchen(&[1], true));
    assert!(story.at(1, Input::Asked).is_empty(), "it still listens");
    story.at(10, Input::Woke);
    story.at(20, Input::Woke);
    let both = ["gxv2mqtt_bridge", "gxv2mqtt_kitchen line_1"];
    assert_eq!(story.at(30, Input::Asked), both);
    assert_eq!(story.at(31, Input::Woke), ["states"]);
}

#[test]
fn a_phone_that_is_taken_out_is_taken_back_and_may_return() {
    let mut story = Story::new(true);
    story.connected(0);
    story.at(0, kitchen(&[1], true));
    story.at(2, Input::Woke);
    story.at(4, Input::Woke);
    let hall = || ["hall".parse().unwrap()].into();
    assert_eq!(story.at(10, Input::Phones(hall())), ["gxv2mqtt_kitchen taken back"]);
    assert!(story.at(10, Input::Phones(hall())).is_empty());
    assert_eq!(story.at(20, Input::Asked), ["gxv2mqtt_bridge"]);
    assert_eq!(story.at(21, Input::Woke), ["states"]);
    let both = ["hall".parse().unwrap(), "kitchen".parse().unwrap()].into();
    assert!(story.at(30, Input::Phones(both)).is_empty());
    assert_eq!(story.at(31, kitchen(&[2], true)), ["gxv2mqtt_kitchen line_2"]);
}

#[test]
fn a_connection_that_breaks_at_once_has_told_nothing() {
    let mut story = Story::new(true);
    story.at(0, kitchen(&[1], true));
    story.connected(0);
    story.at(1, Input::Away);
    assert_eq!(story.announcer.wake(), None);
    assert!(story.at(3, Input::Woke).is_empty());
    story.connected(10);
    story.found("gxv2mqtt_kitchen", &payload(&[1, 2]));
    let told = story.at(12, Input::Woke);
    assert_eq!(told, ["stop listening", "gxv2mqtt_bridge", "gxv2mqtt_kitchen line_1, line_2 gone"]);
}

#[test]
fn an_entity_that_becomes_another_kind_is_taken_back_first() {
    let value = |kind| NamedValue {
        key: "volume".parse().unwrap(),
        name: "Volume".into(),
        value: "8352".into(),
        kind,
        icon: None,
    };
    let described = |kind| {
        let Input::Described(mut device) = kitchen(&[], true) else { unreachable!() };
        device.values = vec![value(kind)].into();
        Input::Described(device)
    };
    let sent = |story: &mut Story, seconds, event| {
        let now = story.start + Duration::from_secs(seconds);
        let effects = story.announcer.handle(event, now);
        let kitchen = effects.into_iter().find_map(|effect| match effect {
            Effect::Publish(it) if it.topic.contains("kitchen") => Some(it.payload),
            Effect::Publish(_) | Effect::PublishStates | Effect::StopListening => None,
        });
        let payload: Value = serde_json::from_slice(&kitchen?).unwrap();
        let component = &payload["components"]["value_volume"];
        let stub = component["unique_id"].is_null();
        Some((component["platform"].as_str()?.to_owned(), stub))
    };
    let mut story = Story::new(true);
    story.connected(0);
    story.at(0, described(ValueKind::Text));
    assert_eq!(sent(&mut story, 2, Input::Woke), Some(("text".to_owned(), false)));
    sent(&mut story, 4, Input::Woke);
    let sensor = ValueKind::Sensor { unit: None };
    let stub = Some(("text".to_owned(), true));
    assert_eq!(sent(&mut story, 9, described(sensor)), stub);
    assert_eq!(sent(&mut story, 11, Input::Woke), Some(("sensor".to_owned(), false)));
    assert_eq!(sent(&mut story, 13, Input::Woke), Some(("sensor".to_owned(), false)));
    assert_eq!(story.announcer.wake(), None);
}

#[test]
fn a_broker_that_takes_its_time_is_waited_for() {
    let mut story = Story::new(true);
    story.at(0, kitchen(&[1], true));
    story.at(0, Input::Connected);
    assert_eq!(story.announcer.wake(), None);
    assert!(story.at(9, Input::Woke).is_empty());
    story.at(10, Input::Listening);
    story.found("gxv2mqtt_kitchen", &payload(&[1, 2]));
    let told = story.at(12, Input::Woke);
    assert_eq!(told, ["stop listening", "gxv2mqtt_bridge", "gxv2mqtt_kitchen line_1, line_2 gone"]);
}

#[test]
fn a_broker_that_has_much_to_send_is_listened_to_until_the_end() {
    let mut story = Story::new(true);
    story.connected(0);
    for second in 1..=30 {
        assert!(story.at(second, Input::Retained).is_empty());
        assert!(story.at(second, Input::Woke).is_empty(), "{second}");
    }
    assert!(story.at(31, Input::Woke).contains(&"stop listening".to_owned()));
}

#[test]
fn a_device_of_before_under_another_id_is_taken_back_before_its_entities_come_again() {
    let options = DiscoveryOptions { discovery_prefix: "ha".into(), ..DiscoveryOptions::default() };
    let phones = ["kitchen".parse().unwrap()].into();
    let base = Base::new("house");
    let mut story = Story::new(true);
    story.announcer = Announcer::new(options, base.clone(), phones, 1);
    let Input::Described(device) = kitchen(&[1], true) else { unreachable!() };
    let ours = discovery::phone(&base, &device);
    story.at(0, Input::Described(device));
    story.connected(0);
    story.found("gxv2mqtt_kitchen", &ours);
    assert_eq!(story.at(2, Input::Woke), ["gxv2mqtt_kitchen taken back", "stop listening"]);
    assert_eq!(story.at(4, Input::Woke), ["house_bridge", "house_kitchen line_1"]);
}

#[test]
fn a_device_that_another_bridge_took_over_is_not_taken_back() {
    let mut story = Story::new(true);
    story.connected(0);
    story.found("gxv2mqtt_attic", &payload(&[1]));
    let Input::Described(device) = kitchen(&[1], true) else { unreachable!() };
    story.found("gxv2mqtt_attic", &discovery::phone(&Base::new("elsewhere"), &device));
    assert!(!story.at(2, Input::Woke).iter().any(|told| told.contains("attic")));
}

#[test]
fn a_mac_address_that_two_phones_claim_is_no_connection() {
    let mut story = Story::new(true);
    story.announcer.phones.insert("hall".parse().unwrap());
    story.connected(0);
    let described = |id: &str, mac: &str| {
        let Input::Described(mut device) = kitchen(&[], true) else { unreachable!() };
        device.id = id.parse().unwrap();
        device.identity.mac = Some(mac.to_owned());
        Input::Described(device)
    };
    let connections = |story: &Story, id: &str| {
        let owner = Owner::Phone(id.parse().unwrap());
        let wanted = story.announcer.payload_of(&owner).unwrap();
        let fingerprint = announcement::fingerprint(&wanted.to_string());
        let device = &story.announcer.devices[&owner];
        assert_eq!(device.wanted, Some(fingerprint), "it is renewed at once");
        wanted["device"]["connections"].as_array().map_or(0, Vec::len)
    };
    story.at(0, described("kitchen", "c0:74:ad:00:00:01"));
    assert_eq!(connections(&story, "kitchen"), 1);
    story.at(0, described("hall", "c0:74:ad:00:00:01"));
    assert_eq!([connections(&story, "kitchen"), connections(&story, "hall")], [0, 0]);
    story.at(3, described("hall", "00:00:00:00:00:00"));
    assert_eq!([connections(&story, "kitchen"), connections(&story, "hall")], [1, 0]);
}
