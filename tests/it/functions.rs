//! The functions of the phone's API beyond calls, told twice: over the embedded broker, and over Mosquitto.

use gxv2mqtt::domain::command::policy::Guarded;
use gxv2mqtt::phone::dialect::DialectKind;
use gxv2mqtt::simulator::{Caller, Fault, Function, Happening, Person, Profile};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::support::bed::{TestBed, at};
use super::support::stories;

stories! {
    a_wrong_clock_is_told_from_a_time_zone
    accounts_are_listed
    values_are_read_and_written
    contacts_are_kept_and_can_be_put_back
    thousands_of_contacts_come_in_pages
    groups_are_kept
    a_call_is_not_cut_off_by_a_restart
    a_lacking_function_is_asked_for_once
    a_password_is_changed_and_nobody_is_locked_out
    a_phone_in_the_cti_dialect_has_them_too
}

/// Sends a command, and returns the data of its result.
async fn data(bed: &TestBed, name: &str, arguments: &str) -> Value {
    let result = result(bed, name, arguments).await;
    assert_eq!(result["ok"], true, "{result}");
    result["data"].clone()
}

/// Sends a command, and returns the code of its error.
async fn code(bed: &TestBed, name: &str, arguments: &str) -> String {
    let result = result(bed, name, arguments).await;
    assert_eq!(result["ok"], false, "{result}");
    result["error"]["code"].as_str().unwrap().to_owned()
}

async fn result(bed: &TestBed, name: &str, arguments: &str) -> Value {
    let id = format!("{name} {}", fastrand::u64(..));
    bed.command(&id, name, arguments).await
}

async fn a_wrong_clock_is_told_from_a_time_zone(bed: &mut TestBed) {
    // in Kathmandu, and 200 seconds fast; it says no seconds
    let clock_offset = SignedDuration::from_mins(5 * 60 + 45) + SignedDuration::from_secs(200);
    bed.replace_phone(Profile { clock_offset, ..Profile::default() }).await;
    let right = bed.add_phone("hall", DialectKind::Gxv, Profile::default()).await;
    bed.begin().await;
    let told = data(bed, "get_time", "").await;
    let skew = told["clock_skew_seconds"].as_i64().unwrap();
    assert!((135..=201).contains(&skew), "{told}");
    bed.recorder().shows_field(&at("system"), "clock_skew_seconds", skew).await;
    bed.recorder().shows_field("gxv2mqtt/hall/system", "clock_skew_seconds", 0).await;
    assert!(right.requests(Function::GetTime) > 0);
}

async fn accounts_are_listed(bed: &mut TestBed) {
    bed.begin().await;
    let office = bed.recorder().shows_field(&at("accounts/2"), "registered", false).await;
    let all = data(bed, "list_accounts", "").await;
    assert_eq!(all["accounts"][1], office);
    let registered = data(bed, "list_accounts", r#""registered":true"#).await;
    assert_eq!(registered, json!({"accounts": [all["accounts"][0]]}));
    data(bed, "refresh", "").await;
    assert_eq!(bed.recorder().json(&at("accounts/2")), [office], "it was never taken back");
}

async fn values_are_read_and_written(bed: &mut TestBed) {
    let stubborn = ["35".to_owned()].into();
    let values = [("35".to_owned(), "1001".to_owned())].into();
    let profile = Profile { stubborn_values: stubborn, values, ..Profile::default() };
    bed.replace_phone(profile).await;
    bed.settings.phones[0].policy.allow = [Guarded::SetValues].into();
    bed.begin().await;
    let read = data(bed, "get_values", r#""names":"68:vendor_name:P1561""#).await;
    assert_eq!(read, json!({"68": "1.0.3.62", "vendor_name": "Grandstream", "1561": "1"}));
    let written = data(bed, "set_values", r#""P1561":"0","P8352":"7""#).await;
    assert_eq!(written, json!({"1561": "0", "8352": "7"}));
    assert_eq!(data(bed, "get_values", r#""names":["8352"]"#).await, json!({"8352": "7"}));
    assert_eq!(code(bed, "set_values", r#""P35":"1002""#).await, "refused");
    // each list of names is short, however long the command's
    let names: Vec<_> = (1000..1099).map(|name| name.to_string()).collect();
    let many = data(bed, "get_values", &format!(r#""names":"{}""#, names.join(":"))).await;
    assert_eq!(many.as_object().unwrap().len(), 99);
    let overlong =
        |happening: &Happening| matches!(happening, Happening::OverlongValuesRequest { .. });
    assert!(!bed.phone.happenings().iter().any(overlong));
}

async fn contacts_are_kept_and_can_be_put_back(bed: &mut TestBed) {
    bed.settings.phones[0].policy.allow = [Guarded::DeleteAllContacts].into();
    bed.begin().await;
    for arguments in [
        r#""first_name":"Ann","last_name":"Example","work":"1001","email":"ann@example.com""#,
        r#""name":"Zoë & Söhne","home":"+49 30 1","group":"100""#,
    ] {
        data(bed, "save_contact", arguments).await;
    }
    let all = data(bed, "list_contacts", "").await;
    assert_eq!([&all["total"], &all["pages"]], [&json!(2), &json!(1)], "{all}");
    assert_eq!(all["contacts"][1]["name"], "Zoë & Söhne");
    let found = data(bed, "list_contacts", r#""name":"Ann""#).await;
    assert_eq!(found["contacts"][0]["work"], "1001");
    let id = found["contacts"][0]["id"].as_str().unwrap();
    data(bed, "save_contact", &format!(r#""contact":"{id}","mobile":"0171""#)).await;
    let one = data(bed, "list_contacts", &format!(r#""contact":"{id}""#)).await;
    let ann = &one["contacts"][0];
    let known = [&ann["name"], &ann["work"], &ann["mobile"], &ann["email"]];
    assert_eq!(
        known,
        ["Ann Example", "1001", "0171", "ann@example.com"].map(Value::from).each_ref()
    );
    data(bed, "save_contact", &format!(r#""contact":"{id}","work":"""#)).await;
    let one = data(bed, "list_contacts", &format!(r#""contact":"{id}""#)).await;
    assert_eq!(
        [&one["contacts"][0]["work"], &one["contacts"][0]["mobile"]],
        [&json!(null), &json!("0171")]
    );
    data(bed, "save_contact", &format!(r#""contact":"{id}","work":"1001""#)).await;

    let before = data(bed, "delete_all_contacts", "").await;
    assert_eq!(before["contacts"].as_array().unwrap().len(), 2);
    assert_eq!(data(bed, "list_contacts", "").await["total"], 0);
    for contact in before["contacts"].as_array().unwrap() {
        let mut contact = contact.as_object().unwrap().clone();
        contact.remove("id");
        let arguments = Value::Object(contact).to_string();
        data(bed, "save_contact", arguments.trim_matches(['{', '}'])).await;
    }
    let after = data(bed, "list_contacts", "").await;
    assert_eq!(after["contacts"][0]["mobile"], "0171");
    let id = after["contacts"][1]["id"].as_str().unwrap();
    data(bed, "delete_contact", &format!(r#""contact":"{id}""#)).await;
    assert_eq!(data(bed, "list_contacts", "").await["total"], 1);
    assert_eq!(code(bed, "delete_contact", r#""contact":"99""#).await, "refused");
    let book = data(bed, "download_phonebook", r#""xml":true"#).await;
    assert_eq!([&book["total"], &book["contacts"][0]["work"]], [&json!(1), &json!("1001")]);
    assert_eq!(book["contacts"][0]["email"], "ann@example.com");
    assert!(book["xml"].as_str().unwrap().contains("<FirstName>Ann</FirstName>"), "{book}");
}

async fn thousands_of_contacts_come_in_pages(bed: &mut TestBed) {
    let name = |n: usize| format!("Zoë & Söhne, {n} {}", "Lane ".repeat(70));
    let contact = |n: usize| Person::new(&name(n), &n.to_string());
    let contacts: Vec<_> = (0..3000).map(contact).collect();
    bed.replace_phone(Profile { contacts, ..Profile::default() }).await;
    bed.settings.phones[0].policy.allow = [Guarded::DeleteAllContacts].into();
    bed.begin().await;
    let (mut pages, mut numbers) = (1, Vec::new());
    for page in 1.. {
        if page > pages {
            break;
        }
        let told = data(bed, "download_phonebook", &format!(r#""page":{page}"#)).await;
        assert_eq!([&told["page"], &told["total"]], [&json!(page), &json!(3000)]);
        pages = told["pages"].as_u64().unwrap();
        let on_it = told["contacts"].as_array().unwrap();
        numbers.extend(on_it.iter().map(|contact| contact["work"].as_str().unwrap().to_owned()));
    }
    assert!(
        pages > 11,
        "over a megabyte, which is the limit of answers about other things: {pages} pages"
    );
    assert_eq!(numbers, (0..3000).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(code(bed, "download_phonebook", r#""xml":true"#).await, "not_allowed");
    assert_eq!(data(bed, "list_contacts", "").await["total"], 3000);
    // more than a result can hold
    assert_eq!(code(bed, "delete_all_contacts", "").await, "not_allowed");
    assert_eq!(bed.phone.requests(Function::DeleteAllContacts), 0);
}

async fn groups_are_kept(bed: &mut TestBed) {
    bed.begin().await;
    data(bed, "add_group", r#""name":"Family""#).await;
    let groups = data(bed, "list_groups", "").await;
    let family = &groups["groups"][2];
    assert_eq!(family["name"], "Family");
    let id = family["id"].as_str().unwrap();
    data(bed, "rename_group", &format!(r#""group":"{id}","name":"Friends""#)).await;
    assert_eq!(data(bed, "list_groups", "").await["groups"][2]["name"], "Friends");
    assert_eq!(
        code(bed, "rename_group", &format!(r#""group":"{id}","name":"""#)).await,
        "bad_payload"
    );
    data(bed, "delete_group", &format!(r#""group":"{id}""#)).await;
    assert_eq!(data(bed, "list_groups", "").await["groups"].as_array().unwrap().len(), 2);
}

async fn a_call_is_not_cut_off_by_a_restart(bed: &mut TestBed) {
    bed.begin().await;
    bed.phone.ring(Caller::new("Ann", "1001")).unwrap();
    assert_eq!(code(bed, "reboot", "").await, "not_allowed");
    assert!(!bed.phone.happenings().contains(&Happening::RebootAsked));
    data(bed, "reboot", r#""force":true"#).await;
    assert!(bed.phone.happenings().contains(&Happening::RebootAsked));
}

async fn a_lacking_function_is_asked_for_once(bed: &mut TestBed) {
    bed.phone.set_fault(Function::GetGroups, Fault::Status(404));
    bed.begin().await;
    for _ in 0..3 {
        assert_eq!(code(bed, "list_groups", "").await, "unsupported");
    }
    assert_eq!(bed.phone.requests(Function::GetGroups), 1);
    assert_eq!(data(bed, "list_contacts", "").await["total"], 0);
    bed.recorder().shows(&at("availability"), "online").await;
}

async fn a_password_is_changed_and_nobody_is_locked_out(bed: &mut TestBed) {
    bed.settings.phones[0].policy.allow = [Guarded::ChangePassword].into();
    bed.begin().await;
    let change = |role, old, new| format!(r#""role":"{role}","old":"{old}","new":"{new}""#);
    assert_eq!(code(bed, "change_password", &change("admin", "no", "n3w")).await, "refused");
    let user = data(bed, "change_password", &change("user", "123", "n3w user")).await;
    assert_eq!(user, json!({"ours": false}));
    let admin = data(bed, "change_password", &change("admin", "admin", " n3w&ü ")).await;
    assert_eq!(admin, json!({"ours": true}));
    bed.phone.expire_sessions();
    bed.phone.ring(Caller::new("Ann", "1001")).unwrap();
    bed.recorder().shows(&at("call_state"), "ringing").await;
    let bad = |happening: &Happening| matches!(happening, Happening::BadLogin { .. });
    assert!(!bed.phone.happenings().iter().any(bad), "it logs in with the new one");
    let results = bed.recorder().json(&at("result"));
    assert!(results.iter().all(|result| !result.to_string().contains("n3w")), "{results:?}");
}

async fn a_phone_in_the_cti_dialect_has_them_too(bed: &mut TestBed) {
    let phone = bed.add_phone("desk", DialectKind::Cti, Profile::cti()).await;
    bed.settings.phones[1].policy.allow = [Guarded::SetValues, Guarded::DeleteAllContacts].into();
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/desk/availability", "online").await;
    let commands = [
        ("get_values", r#"{"names":"phone_model"}"#, r#"{"phone_model":"GRP2614"}"#),
        ("set_values", r#"{"values":{"P8352":"7"}}"#, r#"{"8352":"7"}"#),
        ("save_contact", r#"{"name":"Ann","work":"1001"}"#, "null"),
        ("list_contacts", "{}", r#""work":"1001""#),
        ("download_phonebook", "{}", r#""work":"1001""#),
        ("delete_contact", r#"{"contact":"0"}"#, "null"),
        ("delete_all_contacts", "{}", r#"{"contacts":[]}"#),
        ("add_group", r#"{"name":"Family"}"#, "null"),
        ("rename_group", r#"{"group":"202","name":"Friends"}"#, "null"),
        ("list_groups", "{}", r#"{"id":"202","name":"Friends"}"#),
        ("delete_group", r#"{"group":"202"}"#, "null"),
        ("list_accounts", r#"{"registered":true}"#, r#"[{"id":1,"name":"Home""#),
        ("get_time", "{}", r#""clock_skew_seconds":0"#),
        ("provision", "{}", "null"),
        ("reboot", "{}", "null"),
    ];
    for (command, arguments, data) in commands {
        let mut payload: Value = serde_json::from_str(arguments).unwrap();
        payload["id"] = json!(command);
        let topic = format!("gxv2mqtt/desk/command/{command}");
        bed.publish(&topic, payload.to_string().as_bytes(), false).await;
        let result = bed.recorder().result(command).await;
        assert_eq!(result["ok"], true, "{result}");
        assert!(result["data"].to_string().contains(data), "{result}");
    }
    assert_eq!(phone.requests(Function::SaveContact), 1);
}
