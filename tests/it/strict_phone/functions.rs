//! Contacts, groups, accounts, values, the clock, a restart, a new password.

use std::time::Duration;

use gxv2mqtt::domain::command::policy::Guarded;
use serde_json::{Value, json};

use super::Bench;
use crate::support::bed::at;
use crate::support::strict_phone::habits::{BeyondCti, CallSettings, Style};
use crate::support::strict_phone::model::Contact;
use crate::support::strict_phone::{Moment, habits::End};

fn ann() -> Contact {
    Contact {
        first: "Ann".to_owned(),
        last: "Example".to_owned(),
        group: "0".to_owned(),
        numbers: ["1001", "", "+49 30 1", ""].map(str::to_owned),
        email: String::new(),
    }
}

#[tokio::test]
async fn contacts_are_listed_saved_and_deleted() {
    let bench = Bench::begin(CallSettings::gxv()).await;
    bench.phone.phone().model.contacts.insert(7, ann());
    let listed = bench.does("list_contacts", "").await;
    let contact = &listed["contacts"][0];
    assert_eq!([&contact["id"], &contact["name"]], [&json!("7"), &json!("Ann Example")]);
    assert_eq!([&contact["work"], &contact["mobile"]], [&json!("1001"), &json!("+49 30 1")]);

    bench.does("save_contact", r##""name":"Jörg & Söhne + 50%","work":"#20""##).await;
    let saved = bench.phone.phone().model.contacts[&8].clone();
    assert_eq!(saved.name(), "Jörg & Söhne + 50%");
    assert_eq!(saved.numbers[0], "#20");

    bench.does("save_contact", r#""contact":"7","home":"2002""#).await;
    let changed = bench.phone.phone().model.contacts[&7].clone();
    assert_eq!(changed.name(), "Ann Example");
    assert_eq!(changed.numbers, ["1001", "2002", "+49 30 1", ""], "what is not said stays");
    assert_eq!(changed.group, "0");

    bench.does("delete_contact", r#""contact":"8""#).await;
    assert!(!bench.phone.phone().model.contacts.contains_key(&8));
    assert!(["bad_payload", "refused"].contains(&&*bench.fails("delete_contact", "").await));
    bench.end().await;
}

async fn groups_are_changed(habits: CallSettings) {
    let bench = Bench::begin(habits).await;
    let groups = bench.does("list_groups", "").await;
    let text = groups.to_string();
    assert!(text.contains("blacklist") && text.contains("\"100\""), "{groups}");
    bench.does("add_group", r#""name":"Family & friends""#).await;
    let group = |id| bench.phone.phone().model.groups.get(&id).cloned();
    assert_eq!(group(101).as_deref(), Some("Family & friends"));
    bench.does("rename_group", r#""group":"101","name":"Family""#).await;
    assert_eq!(group(101).as_deref(), Some("Family"));
    assert_eq!(bench.fails("rename_group", r#""group":"101","name":"""#).await, "bad_payload");
    assert_eq!(group(101).as_deref(), Some("Family"), "an empty name deletes");
    bench.does("delete_group", r#""group":"101""#).await;
    assert_eq!(group(101), None);
    bench.end().await;
}

#[tokio::test]
async fn groups_are_listed_and_changed() {
    groups_are_changed(CallSettings::gxv()).await;
}

#[tokio::test]
async fn groups_are_understood_as_the_table_of_the_guide_spells_them() {
    groups_are_changed(CallSettings { texts: true, ..CallSettings::gxv() }).await;
}

async fn accounts_are_known(habits: CallSettings) {
    let bench = Bench::begin(habits).await;
    let account = bench.bed.recorder().shows_field(&at("accounts/1"), "registered", true).await;
    assert_eq!([&account["sip_id"], &account["name"]], [&json!("1001"), &json!("Desk")]);
    bench.bed.recorder().shows_field(&at("accounts/2"), "registered", false).await;
    let registered = bench.does("list_accounts", r#""registered":true"#).await;
    assert_eq!(registered["accounts"].as_array().unwrap().len(), 1, "{registered}");
    bench.end().await;
}

#[tokio::test]
async fn accounts_of_a_gxv_are_known() {
    accounts_are_known(CallSettings::gxv()).await;
}

#[tokio::test]
async fn accounts_with_texts_for_numbers_are_known() {
    accounts_are_known(CallSettings { texts: true, ..CallSettings::gxv() }).await;
}

#[tokio::test]
async fn accounts_of_a_cti_phone_are_known() {
    accounts_are_known(CallSettings::cti()).await;
}

#[tokio::test]
async fn values_are_read_in_short_lists_and_read_back_when_they_were_set() {
    let mut bench = Bench::new(CallSettings::gxv()).await;
    bench.bed.settings.phones[0].policy.allow = [Guarded::SetValues].into();
    bench.bed.begin().await;
    let names: Vec<_> = (0..40).map(|number| format!("{}", 8300 + number)).collect();
    let names = format!(r#""names":"{}:a_name_that_is_longer_than_others""#, names.join(":"));
    let values = bench.does("get_values", &names).await;
    assert!(values.to_string().contains("8339"), "{values}");
    bench.does("set_values", r#""values":{"P270":"Küche & Flur + #1","P8352":"7"}"#).await;
    let value = |key: &str| bench.phone.phone().model.values.get(key).cloned();
    assert_eq!(value("270").as_deref(), Some("Küche & Flur + #1"));
    assert_eq!(value("8352").as_deref(), Some("7"));

    bench.phone.phone().model.stubborn.push("8352".to_owned());
    assert_eq!(bench.fails("set_values", r#""values":{"P8352":"3"}"#).await, "refused");
    assert_eq!(bench.count("api.values.post", "P8352", "3"), 1, "it is written once");
    bench.end().await;
}

#[tokio::test]
async fn the_clock_of_the_guide_is_read() {
    let bench = Bench::begin(CallSettings::gxv()).await;
    let time = bench.does("get_time", "").await;
    let uptime = ((21 * 24 + 1) * 60 + 50) * 60 + 23;
    assert_eq!(time["uptime_seconds"], json!(uptime), "{time}");
    assert!(time["time"].as_str().unwrap().starts_with("2016-08-30T11:30"), "{time}");
    bench.end().await;
}

#[tokio::test]
async fn the_phonebook_is_read_whatever_it_calls_itself() {
    let style = Style { content_type: "text/html", before: "\r\n ", ..Style::PLAIN };
    let bench = Bench::begin(CallSettings { style, ..CallSettings::gxv() }).await;
    bench.phone.phone().model.contacts.insert(7, ann());
    let book = bench.does("download_phonebook", "").await;
    assert_eq!(book["contacts"][0]["work"], "1001", "{book}");
    bench.end().await;
}

async fn the_phone_restarts(broken: Option<Moment>) {
    let restart = Duration::from_secs(3);
    let bench = Bench::begin(CallSettings { restart, ..CallSettings::gxv() }).await;
    if let Some(moment) = broken {
        bench.phone.break_at("api-sys_operation", moment, End::Reset);
    }
    bench.does("reboot", "").await;
    bench.shows("availability", "offline").await;
    bench.shows("availability", "online").await;
    assert_eq!(bench.phone.phone().model.restarts, 1);
    assert_eq!(bench.phone.asked("api-sys_operation").len(), 1);
    assert_eq!(bench.phone.phone().door.logins, 2);
    bench.end().await;
}

#[tokio::test]
async fn the_phone_answers_and_restarts() {
    the_phone_restarts(None).await;
}

#[tokio::test]
async fn the_phone_restarts_in_the_middle_of_its_answer() {
    the_phone_restarts(Some(Moment::Answering)).await;
}

#[tokio::test]
async fn a_new_password_is_used_at_once() {
    let mut bench = Bench::new(CallSettings::gxv()).await;
    let allow = [Guarded::ChangePassword];
    bench.bed.settings.phones[0].policy.allow = allow.into();
    bench.bed.begin().await;
    let password = "ä & + # 100% = \"new\"";
    let arguments = json!({"role": "admin", "old": "admin", "new": password}).to_string();
    let data: Value = bench.does("change_password", &arguments[1..arguments.len() - 1]).await;
    assert_eq!(data["ours"], true, "{data}");
    assert_eq!(bench.phone.phone().door.password, password);
    bench.does("refresh", "").await;
    let (logins, refused) = {
        let phone = bench.phone.phone();
        (phone.door.logins, phone.door.refused)
    };
    assert_eq!((logins, refused), (2, 0));
    bench.end().await;
}

async fn the_cti_guide_is_enough(beyond_cti: BeyondCti, codes: &[&str]) {
    let bench = Bench::begin(CallSettings { beyond_cti, ..CallSettings::cti() }).await;
    for command in ["get_time", "list_contacts"] {
        let code = bench.fails(command, "").await;
        assert!(codes.contains(&code.as_str()), "{command}: {code}");
    }
    bench.shows("problem", "none").await;
    bench.phone.phone().model.rings("Ann Example", "+15550123");
    bench.shows("call_state", "ringing").await;
    bench.assert_never_away();
    assert_eq!(bench.phone.phone().door.refused, 0);
    bench.bed.end().await;
}

#[tokio::test]
async fn a_cti_phone_lacks_what_its_guide_has_not() {
    the_cti_guide_is_enough(BeyondCti::NotFound, &["unsupported"]).await;
}

#[tokio::test]
async fn a_cti_phone_denies_what_its_guide_has_not() {
    the_cti_guide_is_enough(BeyondCti::Unauthorized, &["unauthorized", "unsupported"]).await;
}
