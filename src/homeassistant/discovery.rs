//! The discovery payload of one device: a walk over the table of entities.
//!
//! Home Assistant drops a whole device for one key that it does not know at the root, in `device` or in `origin`; so
//! only keys that every version from 2024.12 knows stand there.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::domain::contract::entity::{Category, Device, ENTITIES, Each, Entity, Kind};
use crate::domain::contract::topic::{Base, PhoneTopic, Topic};
use crate::domain::telephony::PhoneId;
use crate::domain::values::named::NamedValue;

use super::setting::{self, Places};

/// The longest state that Home Assistant takes, in characters.
const LONGEST_STATE: usize = 255;

/// Returns what all ids of a bridge begin with: the base topic, in which each byte that is no letter or digit is `-` and its
/// two hexadecimal digits. So no two bridges have the same, and the first `_` of an id ends it.
pub fn bridge_slug(base: &Base) -> String {
    let mut slug = String::new();
    for byte in base.as_str().bytes() {
        if byte.is_ascii_alphanumeric() {
            slug.push(char::from(byte));
        } else {
            write!(slug, "-{byte:02x}").expect("a text takes everything");
        }
    }
    slug
}

/// Returns the object id of the bridge's own device.
pub fn bridge_id(base: &Base) -> String {
    format!("{}_bridge", bridge_slug(base))
}

/// Returns the object id of a phone's device.
pub fn object_id(base: &Base, phone: &PhoneId) -> String {
    format!("{}_{phone}", bridge_slug(base))
}

/// Returns the payload that announces the bridge itself.
pub fn bridge(base: &Base) -> Value {
    let state = base.render(&Topic::BridgeState);
    let bridge = bridge_id(base);
    json!({
        "device": {
            "identifiers": [bridge],
            "name": "gxv2mqtt",
            "model": "Bridge",
            "sw_version": env!("CARGO_PKG_VERSION"),
        },
        "origin": origin(),
        "components": {
            "connection": {
                "platform": "binary_sensor",
                "unique_id": format!("{bridge}_connection"),
                "name": "Connection",
                "device_class": "connectivity",
                "entity_category": "diagnostic",
                "state_topic": state,
                "payload_on": "online",
                "payload_off": "offline",
            },
            "version": {
                "platform": "sensor",
                "unique_id": format!("{bridge}_version"),
                "name": "Version",
                "icon": "mdi:tag",
                "entity_category": "diagnostic",
                "state_topic": base.render(&Topic::BridgeInfo),
                "value_template": "{{ value_json.version }}",
                "availability": [{ "topic": state }],
            },
            "rediscover": {
                "platform": "button",
                "unique_id": format!("{bridge}_rediscover"),
                "name": "Rediscover",
                "icon": "mdi:refresh",
                "entity_category": "diagnostic",
                "command_topic": base.render(&Topic::BridgeRequest("rediscover".to_owned())),
                "qos": 1,
                "availability": [{ "topic": state }],
            },
        },
    })
}

/// Returns the payload that announces a phone.
pub fn phone(base: &Base, device: &Device) -> Value {
    let mut components = Map::new();
    for entity in ENTITIES {
        for number in numbers(entity, device) {
            let key = entity.key.replace("<n>", &number.to_string());
            let component = component(base, device, entity, number);
            components.insert(key, component);
        }
    }
    for value in device.values.iter() {
        components.insert(setting::component_key(value), value_component(base, device, value));
    }
    json!({
        "device": about(base, device),
        "origin": origin(),
        "availability": availability(base, device),
        "availability_mode": "all",
        "components": components,
    })
}

/// Where bridge and phone say that they are there.
fn availability(base: &Base, device: &Device) -> Value {
    json!([
        { "topic": base.render(&Topic::BridgeState) },
        { "topic": base.render(&Topic::Phone(device.id.clone(), PhoneTopic::Availability)) },
    ])
}

fn value_component(base: &Base, device: &Device, value: &NamedValue) -> Value {
    let topic = |place: PhoneTopic| base.render(&Topic::Phone(device.id.clone(), place));
    let places = Places {
        state: topic(PhoneTopic::Value(value.key.clone())),
        command: topic(PhoneTopic::Command("set_values".to_owned())),
        availability: availability(base, device),
    };
    let mut component = setting::component(value, places);
    let key = setting::component_key(value);
    component["unique_id"] = json!(format!("{}_{key}", object_id(base, &device.id)));
    component
}

fn origin() -> Value {
    json!({ "name": "gxv2mqtt", "sw_version": env!("CARGO_PKG_VERSION") })
}

fn about(base: &Base, device: &Device) -> Value {
    let mut about = json!({
        "identifiers": [object_id(base, &device.id)],
        "name": device.name,
        "configuration_url": device.url,
        "via_device": bridge_id(base),
    });
    let identity = &device.identity;
    let known = [
        ("manufacturer", &identity.vendor),
        ("model", &identity.model),
        ("sw_version", &identity.firmware),
        ("hw_version", &identity.hardware),
    ];
    for (key, value) in known {
        if let Some(value) = value {
            about[key] = json!(value);
        }
    }
    if let Some(mac) = identity.own_mac() {
        about["connections"] = json!([["mac", mac]]);
    }
    about
}

fn numbers(entity: &Entity, device: &Device) -> Vec<u16> {
    match entity.each {
        Each::Phone => vec![0],
        Each::Line => device.lines.clone(),
        Each::Account => device.accounts.clone(),
    }
}

fn component(base: &Base, device: &Device, entity: &Entity, number: u16) -> Value {
    let topic = |place: PhoneTopic| base.render(&Topic::Phone(device.id.clone(), place));
    let key = entity.key.replace("<n>", &number.to_string());
    let mut component = platform(&entity.kind, number, topic);
    if let Kind::Trigger { .. } = entity.kind {
        // no entity: it has neither an id nor a name, and Home Assistant lists it as "subtype" type: "missed" call
        component["type"] = json!(entity.name.to_lowercase());
        return component;
    }
    component["unique_id"] = json!(format!("{}_{key}", object_id(base, &device.id)));
    component["name"] = json!(entity.name.replace("<n>", &number.to_string()));
    if let Some(icon) = entity.icon {
        component["icon"] = json!(icon);
    }
    if let Some(category) = entity.category {
        component["entity_category"] = json!(match category {
            Category::Config => "config",
            Category::Diagnostic => "diagnostic",
        });
    }
    if entity.without_phone {
        component["availability"] = json!([{ "topic": base.render(&Topic::BridgeState) }]);
    }
    component
}

/// Returns what depends on the kind: the platform, its topics and templates.
fn platform(kind: &Kind, number: u16, topic: impl Fn(PhoneTopic) -> String) -> Value {
    match kind {
        Kind::Words { topic: at, words, field, attributes } => {
            let mut sensor = json!({
                "platform": "sensor", "device_class": "enum", "options": words(),
                "state_topic": topic(at(number)),
            });
            if let Some(field) = field {
                sensor["value_template"] = json!(format!("{{{{ value_json.{field} }}}}"));
            }
            with_attributes(sensor, attributes)
        }
        Kind::Text { topic: at, fields, attributes } => {
            let fields: Vec<_> = fields.iter().map(|f| format!("value_json.{f}")).collect();
            let sensor = json!({
                "platform": "sensor", "state_topic": topic(at(number)),
                "value_template": short(&fields.join(" or ")),
            });
            with_attributes(sensor, attributes)
        }
        Kind::Count { topic: at } => json!({
            "platform": "sensor", "state_topic": topic(at(number)), "state_class": "total_increasing",
        }),
        Kind::Event { topic: at, types, class } => event(&topic(at.clone()), &types(), *class),
        Kind::Trigger { topic: at, event_type } => json!({
            "platform": "device_automation", "automation_type": "trigger",
            "subtype": event_type.word(), "payload": event_type.word(),
            "topic": topic(at.clone()), "value_template": "{{ value_json.event_type }}", "qos": 1,
        }),
        Kind::Moment { topic: at, field } => json!({
            "platform": "sensor", "device_class": "timestamp", "state_topic": topic(at(number)),
            "value_template": format!("{{{{ value_json.{field} }}}}"),
        }),
        Kind::Seconds { topic: at, field } => json!({
            "platform": "sensor", "unit_of_measurement": "s", "state_class": "measurement",
            "state_topic": topic(at(number)),
            "value_template": format!("{{{{ value_json.{field} }}}}"),
        }),
        // "None" is Home Assistant's word for a state that is not known
        Kind::OnOff { topic: at } => json!({
            "platform": "binary_sensor", "state_topic": topic(at(number)),
            "value_template": "{{ 'None' if value == 'unknown' else value }}",
        }),
        Kind::Connected { topic: at, field, attributes } => {
            let value = format!("value_json.{field}");
            let sensor = json!({
                "platform": "binary_sensor", "device_class": "connectivity",
                "state_topic": topic(at(number)),
                "value_template":
                    format!("{{{{ 'None' if {value} is none else 'ON' if {value} else 'OFF' }}}}"),
            });
            with_attributes(sensor, attributes)
        }
        Kind::Button { command, restarts } => {
            button(&topic(PhoneTopic::Command((*command).to_owned())), *restarts)
        }
        Kind::Entry { command } => {
            entry(&topic(PhoneTopic::Command((*command).to_owned())), &topic(PhoneTopic::CallState))
        }
    }
}

/// Returns a template of a text: of a longer one Home Assistant would make an unknown state. It is whole in the topic, and
/// in the attributes.
fn short(expression: &str) -> String {
    format!("{{{{ ({expression}) | string | truncate({LONGEST_STATE}, true, '…', 0) }}}}")
}

fn event(topic: &str, types: &[&str], class: Option<&str>) -> Value {
    let mut event =
        json!({ "platform": "event", "event_types": types, "state_topic": topic, "qos": 1 });
    if let Some(class) = class {
        event["device_class"] = json!(class);
    }
    event
}

fn button(topic: &str, restarts: bool) -> Value {
    let mut button = json!({ "platform": "button", "command_topic": topic, "qos": 1 });
    if restarts {
        button["device_class"] = json!("restart");
    }
    button
}

/// It has no state of its own: it is shown empty, instead of as unknown.
fn entry(topic: &str, any_state: &str) -> Value {
    json!({
        "platform": "text", "command_topic": topic, "qos": 1, "max": 64,
        "state_topic": any_state, "value_template": "{{ '' }}",
    })
}

fn with_attributes(mut sensor: Value, attributes: &[&str]) -> Value {
    if !attributes.is_empty() {
        let pairs: Vec<_> = attributes.iter().map(|a| format!("'{a}': value_json.{a}")).collect();
        sensor["json_attributes_topic"] = sensor["state_topic"].clone();
        sensor["json_attributes_template"] =
            json!(format!("{{{{ {{{}}} | tojson }}}}", pairs.join(", ")));
    }
    sensor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::telephony::Identity;

    fn device() -> Device {
        Device {
            id: "kitchen".parse().unwrap(),
            name: "Kitchen phone".into(),
            identity: Identity {
                model: Some("GXV3380".into()),
                vendor: Some("Grandstream".into()),
                firmware: Some("1.0.1.7".into()),
                hardware: None,
                mac: Some("c0:74:ad:01:02:03".into()),
            },
            url: "http://192.0.2.50/".into(),
            lines: vec![1],
            accounts: vec![1],
            values: Vec::new().into(),
            complete: true,
        }
    }

    #[test]
    fn a_phone_is_announced() {
        let payload =
            serde_json::to_string_pretty(&phone(&Base::new("gxv2mqtt"), &device())).unwrap();
        insta::with_settings!({ snapshot_path => "../../tests/snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("discovery_phone", payload);
        });
    }

    #[test]
    fn two_bridges_never_share_an_id() {
        let slug = |base: &str| bridge_slug(&Base::new(base));
        assert_eq!(slug("gxv2mqtt"), "gxv2mqtt");
        assert_eq!(slug("house/phones"), "house-2fphones");
        let bases = ["a/b", "a_b", "a-b", "a-2fb", "a b", "ab", "A/b", "a/b/c", "ä", "gxv2mqtt/a"];
        let mut slugs: Vec<_> = bases.into_iter().map(slug).collect();
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(slugs.iter().all(|slug| slug.chars().all(legal)), "{slugs:?}");
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), bases.len());

        let phone_of = |base: &str| phone(&Base::new(base), &device()).to_string();
        let ours = phone_of("house/phones");
        assert!(!ours.contains("gxv2mqtt_"), "{ours}");
        assert!(ours.contains(r#""via_device":"house-2fphones_bridge""#), "{ours}");
        assert!(!bridge(&Base::new("house/phones")).to_string().contains("gxv2mqtt_"));
    }

    #[test]
    fn only_keys_that_every_home_assistant_knows_stand_where_others_are_refused() {
        let root = ["device", "origin", "availability", "availability_mode", "components"];
        let about = [
            "identifiers",
            "connections",
            "name",
            "manufacturer",
            "model",
            "sw_version",
            "hw_version",
            "configuration_url",
            "via_device",
        ];
        let platforms = [
            "sensor",
            "binary_sensor",
            "button",
            "text",
            "event",
            "device_automation",
            "switch",
            "number",
            "select",
        ];
        let values = Device { values: setting::tests::settings().into(), ..device() };
        let base = Base::new("gxv2mqtt");
        for payload in [phone(&base, &device()), phone(&base, &values), bridge(&base)] {
            let keys =
                |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert!(keys(&payload).iter().all(|key| root.contains(&key.as_str())));
            assert!(keys(&payload["device"]).iter().all(|key| about.contains(&key.as_str())));
            assert_eq!(keys(&payload["origin"]), ["name", "sw_version"]);
            for component in payload["components"].as_object().unwrap().values() {
                assert!(platforms.contains(&component["platform"].as_str().unwrap()));
                let id = component["unique_id"].as_str().unwrap_or_default();
                let trigger = component["platform"] == "device_automation";
                assert_eq!(id.starts_with("gxv2mqtt_"), !trigger, "{component}");
            }
        }
    }
}
