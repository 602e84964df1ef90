//! Values of the phone as entities, told twice: over the embedded broker, and over Mosquitto.

use std::sync::Arc;
use std::time::Duration;

use gxv2mqtt::domain::values::named::{Choice, NamedValue, ValueKind};
use gxv2mqtt::phone::dialect::DialectKind;
use gxv2mqtt::simulator::{Fault, Function, Happening, Profile};
use serde_json::{Value, json};

use super::support::bed::{TestBed, at, looked_at};
use super::support::recorder::Heard;
use super::support::stories;

stories! {
    values_are_shown_and_set
    a_value_that_the_phone_keeps_is_shown_as_it_is
    a_value_that_the_phone_does_not_know_is_unavailable
    values_come_and_go_with_the_settings
    a_phone_in_the_cti_dialect_has_values_too
}

const DEVICE: &str = "homeassistant/device/gxv2mqtt_kitchen/config";

fn value(key: &str, value: &str, kind: ValueKind) -> NamedValue {
    let key = key.parse().unwrap();
    NamedValue { name: format!("The {key}"), key, value: value.to_owned(), kind, icon: None }
}

fn volume() -> NamedValue {
    value("volume", "8352", ValueKind::Number { min: 0, max: 10, step: 1, unit: None })
}

fn keypad() -> NamedValue {
    let choice = |label: &str, value: &str| Choice { label: label.into(), value: value.into() };
    let choices = vec![choice("Off", "0"), choice("Automatic", "2")];
    value("keypad", "22234", ValueKind::Select(choices))
}

fn dialling() -> NamedValue {
    value("dialling", "1561", ValueKind::Switch { on: "1".into(), off: "0".into() })
}

fn have(bed: &mut TestBed, values: Vec<NamedValue>) {
    bed.settings.phones[0].values = values.into();
    bed.settings.phones[0].values_poll = Duration::from_millis(500);
}

async fn shows(bed: &TestBed, key: &str, value: impl Into<Value>, raw: &str) {
    let topic = at(&format!("values/{key}"));
    let shown = json!({ "value": value.into(), "raw": raw });
    bed.recorder()
        .until(&format!("{shown} on {topic}"), |heard| {
            let newest = heard.iter().rev().find(|heard| heard.topic == topic)?;
            let newest: Value = serde_json::from_str(&newest.payload).ok()?;
            (newest == shown).then_some(())
        })
        .await;
}

/// Waits for an announcement in which the component is like this; none, if there is none.
async fn announces(bed: &TestBed, key: &str, what: &str, find: impl Fn(&Value) -> bool) {
    bed.recorder()
        .until(&format!("{key} {what}"), |heard| {
            let newest = heard.iter().rev().find(|heard| heard.topic == DEVICE)?;
            let newest: Value = serde_json::from_str(&newest.payload).ok()?;
            find(&newest["components"][key]).then_some(())
        })
        .await;
}

/// Does what Home Assistant does with the payload of a template, and returns the result's code; none if it is done.
async fn set(bed: &TestBed, payload: &Value) -> Option<String> {
    let id = format!("set {}", fastrand::u32(..));
    let result = bed.command(&id, "set_values", payload.to_string().trim_matches(['{', '}'])).await;
    result["error"]["code"].as_str().map(str::to_owned)
}

async fn values_are_shown_and_set(bed: &mut TestBed) {
    have(bed, vec![volume(), keypad(), dialling()]);
    bed.begin().await;
    shows(bed, "volume", 5, "5").await;
    shows(bed, "keypad", "Automatic", "2").await;
    shows(bed, "dialling", "ON", "1").await;
    announces(bed, "value_volume", "is a number", |it| it["platform"] == "number").await;

    // allow is empty
    assert_eq!(set(bed, &json!({"P8352": 7})).await, None);
    shows(bed, "volume", 7, "7").await;
    assert_eq!(set(bed, &json!({"P22234": "0", "P1561": "0"})).await, None);
    shows(bed, "keypad", "Off", "0").await;
    shows(bed, "dialling", "OFF", "0").await;
    assert_eq!(set(bed, &json!({"P8352": 11})).await.as_deref(), Some("bad_payload"));
    assert_eq!(set(bed, &json!({"P8352": 1, "P35": "x"})).await.as_deref(), Some("not_allowed"));
    let written = |happening: &Happening| matches!(happening, Happening::ValueSet { .. });
    assert_eq!(bed.phone.happenings().iter().filter(|it| written(it)).count(), 3);

    // a person turns it down at the phone
    bed.phone.set_value("8352", "1");
    shows(bed, "volume", 1, "1").await;
    bed.phone.set_value("22234", "1");
    shows(bed, "keypad", Value::Null, "1").await;
}

async fn a_value_that_the_phone_keeps_is_shown_as_it_is(bed: &mut TestBed) {
    let stubborn_values = ["8352".to_owned()].into();
    bed.replace_phone(Profile { stubborn_values, ..Profile::default() }).await;
    have(bed, vec![volume()]);
    bed.begin().await;
    shows(bed, "volume", 5, "5").await;
    assert_eq!(set(bed, &json!({"P8352": 7})).await.as_deref(), Some("refused"));
    shows(bed, "volume", 5, "5").await;
    assert_eq!(bed.recorder().count(&at("values/volume")), 1, "it was never said to be another");
}

async fn a_value_that_the_phone_does_not_know_is_unavailable(bed: &mut TestBed) {
    let strange = value("strange", "9999", ValueKind::Switch { on: "1".into(), off: "0".into() });
    have(bed, vec![volume(), strange]);
    bed.begin().await;
    shows(bed, "volume", 5, "5").await;
    let unknown = r#"{"value":null,"raw":null}"#;
    bed.recorder().shows(&at("values/strange"), unknown).await;
    bed.phone.set_fault(Function::GetValues, Fault::Status(404));
    bed.recorder().shows(&at("values/volume"), unknown).await;
    let asked = bed.phone.requests(Function::GetValues);
    looked_at(&bed.phone, 10).await;
    assert_eq!(bed.phone.requests(Function::GetValues), asked, "it is not asked in vain");
    bed.recorder().shows(&at("availability"), "online").await;
}

async fn values_come_and_go_with_the_settings(bed: &mut TestBed) {
    have(bed, vec![volume(), keypad()]);
    bed.begin().await;
    shows(bed, "volume", 5, "5").await;
    shows(bed, "keypad", "Automatic", "2").await;
    announces(bed, "value_keypad", "is a select", |it| it["platform"] == "select").await;
    let mut settings = bed.settings.clone();
    let sensor = value("volume", "8352", ValueKind::Sensor { unit: None });
    settings.phones[0].values = Arc::from([sensor, dialling()]);
    let response = bed.reload(Ok(settings)).await;
    assert_eq!(response["data"]["changed"], json!(["kitchen"]), "{response}");
    bed.recorder().shows(&at("values/keypad"), "").await;
    shows(bed, "volume", "5", "5").await;
    shows(bed, "dialling", "ON", "1").await;
    let gone = json!({"platform": "select"});
    bed.recorder()
        .until("the end of the select", |heard| {
            let device = heard.iter().filter(|heard| heard.topic == DEVICE);
            let mut payloads = device.filter_map(|heard| serde_json::from_str(&heard.payload).ok());
            payloads.any(|it: Value| it["components"]["value_keypad"] == gone).then_some(())
        })
        .await;
    announces(bed, "value_keypad", "is no more", Value::is_null).await;
    announces(bed, "value_volume", "is a sensor", |it| {
        it["platform"] == "sensor" && it["unique_id"].is_string()
    })
    .await;
    assert_eq!(set(bed, &json!({"P8352": 7})).await.as_deref(), Some("not_allowed"));
    let all = bed.recorder().all();
    let taken_back =
        |heard: &&Heard| heard.topic == at("values/volume") && heard.payload.is_empty();
    assert!(!all.iter().any(|heard| taken_back(&heard)), "what stays is never gone");
}

async fn a_phone_in_the_cti_dialect_has_values_too(bed: &mut TestBed) {
    bed.add_phone("desk", DialectKind::Cti, Profile::cti()).await;
    bed.settings.phones[1].values = Arc::from([volume()]);
    bed.begin().await;
    bed.recorder().shows_field("gxv2mqtt/desk/values/volume", "value", 5).await;
    let topic = "gxv2mqtt/desk/command/set_values";
    bed.publish(topic, br#"{"P8352": 3, "id": "desk"}"#, false).await;
    assert_eq!(bed.recorder().result("desk").await["ok"], true);
    bed.recorder().shows_field("gxv2mqtt/desk/values/volume", "value", 3).await;
}
