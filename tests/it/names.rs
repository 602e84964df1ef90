//! Names for numbers, told twice: over the embedded broker, and over Mosquitto.

use std::fs;
use std::time::Duration;

use gxv2mqtt::phone::dialect::DialectKind;
use gxv2mqtt::simulator::{Caller, Fault, Function, Person, Profile, Simulator};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::support::bed::{TestBed, at};
use super::support::recorder::DEADLINE;
use super::support::stories;

stories! {
    callers_have_the_names_of_the_phones_contacts
    a_contact_that_is_saved_is_known_soon
    an_address_book_names_who_is_not_in_the_phone
    an_address_book_is_read_again
    a_phone_that_keeps_its_contacts_to_itself_stays_online
}

/// Waits until the phone was asked for its contacts so often, and has answered.
async fn contacts_are_read(bed: &TestBed, phone: &Simulator, times: u64) {
    let asked = async {
        while phone.requests(Function::GetContacts) < times {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, asked).await.unwrap();
    // whatever is asked later is answered later
    let id = format!("time {}", fastrand::u64(..));
    bed.command(&id, "get_time", "").await;
}

/// Lets a call come, and returns what the newest event on a topic says of who it is.
async fn who(bed: &TestBed, phone: &str, number: &str) -> Value {
    let topic = format!("gxv2mqtt/{phone}/event/call");
    bed.recorder()
        .until("the call", |heard| {
            let events = heard.iter().filter(|heard| heard.topic == topic);
            let mut events = events.filter_map(|heard| serde_json::from_str(&heard.payload).ok());
            let told =
                |event: &Value| event["number"] == number && event["event_type"] == "incoming";
            let event: Value = events.find(told)?;
            Some(
                ["name", "contact", "group", "groups"]
                    .map(|key| event[key].clone())
                    .to_vec()
                    .into(),
            )
        })
        .await
}

async fn callers_have_the_names_of_the_phones_contacts(bed: &mut TestBed) {
    let ann = Person::new("Ann Example", "030 123456").of("Family");
    let bob = Person::new("Bob Example", "1002");
    bed.replace_phone(Profile { contacts: vec![ann, bob], ..Profile::default() }).await;
    bed.settings.names.country = "DE".parse().ok();
    bed.begin().await;
    contacts_are_read(bed, &bed.phone, 1).await;
    bed.phone.ring(Caller::new("", "+4930123456")).unwrap();
    let ann = json!(["Ann Example", "Ann Example", "Family", ["Family"]]);
    assert_eq!(who(bed, "kitchen", "+4930123456").await, ann);
    bed.recorder().shows_field(&at("last_caller"), "contact", "Ann Example").await;
    bed.recorder().shows_field(&at("last_caller"), "group", "Family").await;
    bed.phone.ring(Caller::new("Bobby", "1002")).unwrap();
    let bob = json!(["Bobby", "Bob Example", "default", ["default"]]);
    assert_eq!(who(bed, "kitchen", "1002").await, bob);
    bed.phone.ring(Caller::new("", "21002")).unwrap();
    assert_eq!(who(bed, "kitchen", "21002").await, json!([null, null, null, []]));
    // a line is what the phone says
    bed.recorder().shows_field(&at("lines/1"), "name", Value::Null).await;
}

async fn a_contact_that_is_saved_is_known_soon(bed: &mut TestBed) {
    bed.begin().await;
    contacts_are_read(bed, &bed.phone, 1).await;
    bed.command("save", "save_contact", r#""name":"Ann Example","work":"1001""#).await;
    contacts_are_read(bed, &bed.phone, 2).await;
    bed.phone.ring(Caller::new("", "1001")).unwrap();
    assert_eq!(who(bed, "kitchen", "1001").await[0], "Ann Example");
}

async fn an_address_book_names_who_is_not_in_the_phone(bed: &mut TestBed) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.vcf");
    let card = |name: &str, number: &str| {
        format!(
            "BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL:{number}\nCATEGORIES:Work,Friends\nEND:VCARD\n"
        )
    };
    let cards = [
        card("Carl", "+49 (0)30 654321"),
        "BEGIN:VCARD\nbroken\nEND:VCARD\n".to_owned(),
        card("Dora", "1001"),
    ];
    fs::write(&file, cards.concat()).unwrap();
    bed.settings.names.file = Some(file);
    let own = vec![Person::new("Ann Example", "1001")];
    bed.replace_phone(Profile { contacts: own, ..Profile::default() }).await;
    let hall = bed.add_phone("hall", DialectKind::Cti, Profile::cti()).await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
    contacts_are_read(bed, &bed.phone, 1).await;
    bed.phone.ring(Caller::new("", "004930654321")).unwrap();
    let expected = json!(["Carl", "Carl", "Work", ["Work", "Friends"]]);
    assert_eq!(who(bed, "kitchen", "004930654321").await, expected);
    bed.phone.ring(Caller::new("", "1001")).unwrap();
    assert_eq!(who(bed, "kitchen", "1001").await[0], "Ann Example", "the phone's own comes first");
    hall.ring(Caller::new("", "1001")).unwrap();
    assert_eq!(who(bed, "hall", "1001").await[0], "Dora", "and is not another phone's");
}

async fn an_address_book_is_read_again(bed: &mut TestBed) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    bed.begin().await;
    bed.phone.ring(Caller::new("", "1001")).unwrap();
    assert_eq!(who(bed, "kitchen", "1001").await[0], Value::Null);
    let mut settings = bed.settings.clone();
    fs::write(&file, "name;number;group\nAnn Example;1001;Family\n").unwrap();
    settings.names.file = Some(file);
    let response = bed.reload(Ok(settings)).await;
    let data = json!({"added": [], "changed": [], "removed": [], "unchanged": ["kitchen"], "needs_restart": []});
    assert_eq!(response["data"], data);
    // the call in progress has got its name
    bed.recorder().shows_field(&at("last_caller"), "name", "Ann Example").await;
    bed.phone.answer(1);
    bed.recorder().shows_field(&at("last_caller"), "group", "Family").await;
}

async fn a_phone_that_keeps_its_contacts_to_itself_stays_online(bed: &mut TestBed) {
    let hall = bed.add_phone("hall", DialectKind::Cti, Profile::cti()).await;
    for phone in [&bed.phone, &hall] {
        phone.set_fault(Function::GetGroups, Fault::Status(401));
        phone.set_fault(Function::GetContacts, Fault::Status(401));
    }
    bed.begin().await;
    contacts_are_read(bed, &bed.phone, 1).await;
    contacts_are_read(bed, &hall, 1).await;
    // all of it again: each login of the kitchen phone was of use
    bed.command("refresh", "refresh", "").await;
    contacts_are_read(bed, &bed.phone, 3).await;
    for phone in ["kitchen", "hall"] {
        bed.recorder().shows(&format!("gxv2mqtt/{phone}/problem"), "none").await;
        bed.recorder().shows(&format!("gxv2mqtt/{phone}/availability"), "online").await;
        let topic = format!("gxv2mqtt/{phone}/problem");
        let heard = bed.recorder().all();
        let problems: Vec<_> = heard.iter().filter(|heard| heard.topic == topic).collect();
        assert!(problems.iter().all(|heard| heard.payload == "none"), "{phone}");
    }
}
