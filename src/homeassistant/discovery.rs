//! The discovery payload of one device: a walk over the table of entities.
//!
//! Home Assistant drops a whole device for one key that it does not know at the root, in `device` or in `origin`; so
//! only keys that every version from 2024.12 knows stand there.

use serde_json::{Map, Value, json};

use crate::domain::entity::{Category, Device, ENTITIES, Each, Entity, Kind, PROBLEM_KEY};
use crate::domain::phone::PhoneId;
use crate::domain::setting::Setting;
use crate::domain::topic::{Base, PhoneTopic, Topic};

use super::setting::{self, Places};

/// The object id of the bridge's own device.
pub const BRIDGE: &str = "gxv2mqtt_bridge";

/// Returns the object id of a phone's device.
pub fn object_id(phone: &PhoneId) -> String {
    format!("gxv2mqtt_{phone}")
}

/// Returns the payload that announces the bridge itself.
pub fn bridge(base: &Base) -> Value {
    let state = base.render(&Topic::BridgeState);
    json!({
        "device": {
            "identifiers": [BRIDGE],
            "name": "gxv2mqtt",
            "model": "Bridge",
            "sw_version": env!("CARGO_PKG_VERSION"),
        },
        "origin": origin(),
        "components": {
            "connection": {
                "platform": "binary_sensor",
                "unique_id": format!("{BRIDGE}_connection"),
                "name": "Connection",
                "device_class": "connectivity",
                "entity_category": "diagnostic",
                "state_topic": state,
                "payload_on": "online",
                "payload_off": "offline",
            },
            "version": {
                "platform": "sensor",
                "unique_id": format!("{BRIDGE}_version"),
                "name": "Version",
                "icon": "mdi:tag",
                "entity_category": "diagnostic",
                "state_topic": base.render(&Topic::BridgeInfo),
                "value_template": "{{ value_json.version }}",
                "availability": [{ "topic": state }],
            },
            "rediscover": {
                "platform": "button",
                "unique_id": format!("{BRIDGE}_rediscover"),
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
        "device": about(device),
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

fn value_component(base: &Base, device: &Device, value: &Setting) -> Value {
    let topic = |place: PhoneTopic| base.render(&Topic::Phone(device.id.clone(), place));
    let places = Places {
        state: topic(PhoneTopic::Value(value.key.clone())),
        command: topic(PhoneTopic::Command("set_values".to_owned())),
        availability: availability(base, device),
    };
    let mut component = setting::component(value, places);
    let key = setting::component_key(value);
    component["unique_id"] = json!(format!("{}_{key}", object_id(&device.id)));
    component
}

fn origin() -> Value {
    json!({ "name": "gxv2mqtt", "sw_version": env!("CARGO_PKG_VERSION") })
}

fn about(device: &Device) -> Value {
    let mut about = json!({
        "identifiers": [object_id(&device.id)],
        "name": device.name,
        "configuration_url": device.url,
        "via_device": BRIDGE,
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
    if let Some(mac) = &identity.mac {
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
    component["unique_id"] = json!(format!("{}_{key}", object_id(&device.id)));
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
    if entity.key == PROBLEM_KEY {
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
                "value_template": format!("{{{{ {} }}}}", fields.join(" or ")),
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
    use crate::domain::phone::Identity;

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
        let base = Base::new("b");
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
