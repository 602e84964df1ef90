//! What Home Assistant is told of each kind of setting.

use super::*;

pub(crate) fn settings() -> Vec<NamedValue> {
    let choice = |label: &str, value: &str| Choice { label: label.into(), value: value.into() };
    let kinds = [
        ("dnd", "1", ValueKind::Switch { on: "1".into(), off: "0".into() }),
        (
            "brightness",
            "334",
            ValueKind::Number { min: 10, max: 100, step: 10, unit: Some("%".into()) },
        ),
        ("keypad", "22234", ValueKind::Select(vec![choice("Off", "0"), choice("\"}}", "2")])),
        ("label", "270", ValueKind::Text),
        ("firmware", "68", ValueKind::Sensor { unit: None }),
    ];
    let setting = |(key, value, kind): (&str, &str, ValueKind)| {
        let (key, name) = (key.parse().unwrap(), format!("The {key}"));
        NamedValue { key, name, value: value.to_owned(), kind, icon: Some("mdi:cog".into()) }
    };
    kinds.into_iter().map(setting).collect()
}

#[test]
fn each_kind_is_an_entity_of_its_own() {
    let places = || Places {
        state: "P/values/x".into(),
        command: "P/command/set_values".into(),
        availability: json!([{ "topic": "B/bridge/state" }]),
    };
    let all: Map<_, _> = settings()
        .iter()
        .map(|setting| (component_key(setting), component(setting, places())))
        .collect();
    let text = serde_json::to_string_pretty(&all).unwrap();
    insta::with_settings!({ snapshot_path => "../../../tests/snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("discovery_values", text);
    });
}
