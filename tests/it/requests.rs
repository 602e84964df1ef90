//! What users ask of the bridge itself, told twice: over the embedded broker, and over Mosquitto with its own tools.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gxv2mqtt::bridge::{self, Source};
use gxv2mqtt::config::{Format, Settings};
use gxv2mqtt::demo::broker::Broker;
use gxv2mqtt::mqtt;
use gxv2mqtt::phone::Tls;
use gxv2mqtt::phone::dialect::DialectKind;
use gxv2mqtt::simulator::{Caller, Fault, Function, Happening, Profile, Simulator};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::support::bed::{TestBed, looked_at, options, start_phone};
use super::support::recorder::{Heard, Neighbour};
use super::support::stories;

stories! {
    the_bridge_says_what_it_is
    the_bridge_says_whether_all_is_well
    what_is_no_request_is_answered_too
    a_paused_phone_is_left_alone
    a_pause_ends_by_itself
    everything_is_announced_again
    phones_come_and_go_while_another_is_in_a_call
    a_changed_phone_goes_on_with_its_call_and_its_counters
    broken_settings_leave_all_as_it_was
    a_pause_outlives_a_reload
    a_refused_login_outlives_a_reload
    a_phone_that_hangs_holds_nobody_up_when_it_is_taken_out
    a_command_to_a_phone_that_begins_anew_waits_for_it
    one_bridge_leaves_the_devices_of_another_alone
}

const KITCHEN: &str = "gxv2mqtt/kitchen";

fn at(place: &str) -> String {
    format!("{KITCHEN}/{place}")
}

fn data(response: &Value) -> &Value {
    assert_eq!(response["status"], "ok", "{response}");
    &response["data"]
}

fn error(response: &Value) -> &str {
    assert_eq!(response["status"], "error", "{response}");
    response["error"].as_str().unwrap()
}

async fn the_bridge_says_what_it_is(bed: &mut TestBed) {
    bed.add_phone("hall", DialectKind::Cti, Profile::cti()).await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
    let response = bed.request("info", "").await;
    let info = data(&response);
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    let [hall, kitchen] = [&info["phones"][0], &info["phones"][1]];
    assert_eq!(
        *kitchen,
        json!({"id": "kitchen", "name": "The kitchen phone",
            "url": bed.settings.phones[0].url.as_str(), "dialect": "gxv", "model": "GXV3370",
            "firmware": kitchen["firmware"], "availability": "online", "problem": "none",
            "paused_until": null})
    );
    assert!(kitchen["firmware"].is_string());
    assert_eq!([&hall["id"], &hall["dialect"]], ["hall", "cti"]);
}

async fn the_bridge_says_whether_all_is_well(bed: &mut TestBed) {
    bed.begin().await;
    let response = bed.request("health", "").await;
    let health = data(&response);
    assert_eq!(health["healthy"], true, "{health}");
    assert!(health["broker"]["connected_since"].is_string());
    assert_eq!(health["broker"]["lost_events"], 0);
    assert!(health["memory_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(health["phones"][0]["answered_seconds_ago"].as_u64().unwrap() < 10);
    bed.phone.unplug().await;
    bed.recorder().shows(&at("problem"), "unreachable").await;
    let response = bed.request("health", "").await;
    let health = data(&response);
    assert_eq!(health["healthy"], false);
    assert_eq!(health["reasons"], json!(["kitchen: unreachable"]));
}

async fn what_is_no_request_is_answered_too(bed: &mut TestBed) {
    bed.begin().await;
    let response = bed.request("explode", "").await;
    assert!(error(&response).contains("there are info, health"), "{response}");
    let response = bed.request("device/rename", "").await;
    assert!(error(&response).contains("no such request"), "{response}");
    let response = bed.request("pause", r#""phone":"attic""#).await;
    assert_eq!(error(&response), "there is no phone \"attic\"; there are kitchen");

    let payload = br#"{"transaction":"stale","phone":"kitchen"}"#;
    bed.publish("gxv2mqtt/bridge/request/pause", payload, true).await;
    let response = bed.recorder().response("stale").await;
    assert!(error(&response).contains("retained"), "{response}");
    bed.publish("gxv2mqtt/bridge/request/pause", b"", true).await;
    bed.publish("gxv2mqtt/bridge/request/info", &vec![b'x'; 100_000], false).await;
    bed.request("health", "").await;
    let all = bed.recorder().all();
    let responses: Vec<_> =
        all.iter().filter(|heard| heard.topic.contains("/bridge/response/")).collect();
    assert!(responses.iter().all(|heard| !heard.retained));
    // each request has one, also the empty message that takes the retained one back, and the one that is too long
    assert_eq!(responses.len(), 7, "{responses:#?}");
    assert!(responses[5].payload.contains("more than 16384 bytes"), "{:?}", responses[5]);
    assert_eq!(bed.recorder().newest(&at("availability")).as_deref(), Some("online"));
}

/// Returns until when the kitchen is paused.
fn paused_until(info: &Value) -> &Value {
    let phones = info["phones"].as_array().unwrap();
    let kitchen = phones.iter().find(|phone| phone["id"] == "kitchen").unwrap();
    &kitchen["paused_until"]
}

async fn a_paused_phone_is_left_alone(bed: &mut TestBed) {
    let hall = bed.add_phone("hall", DialectKind::Gxv, Profile::default()).await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
    let response = bed.request("pause", r#""phone":"kitchen","for":"10m""#).await;
    assert!(data(&response)["until"].is_string(), "{response}");
    bed.recorder().shows(&at("problem"), "paused").await;
    bed.recorder().shows(&at("availability"), "offline").await;
    // what was under way is over
    looked_at(&hall, 3).await;
    let before = bed.phone.all_requests();
    let result = bed.command("d", "dial", r#""number":"1001""#).await;
    assert_eq!(result["error"]["code"], "unreachable");
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains(data(&response)["until"].as_str().unwrap()), "{message}");
    bed.phone.ring(Caller::new("Ann", "1")).unwrap();
    looked_at(&hall, 10).await;
    assert_eq!(bed.phone.all_requests(), before, "it is asked nothing");
    let info = bed.request("info", "").await;
    assert_eq!(*paused_until(data(&info)), data(&response)["until"]);
    let health = bed.request("health", "").await;
    assert_eq!(data(&health)["healthy"], true, "a pause is wanted");

    data(&bed.request("resume", r#""phone":"kitchen""#).await);
    bed.recorder().shows(&at("availability"), "online").await;
    bed.recorder().shows(&at("problem"), "none").await;
    bed.recorder().shows(&at("call_state"), "ringing").await;
    assert_eq!(logins(&bed.phone), 1, "its session has outlived the pause");
}

async fn a_pause_ends_by_itself(bed: &mut TestBed) {
    bed.begin().await;
    data(&bed.request("pause", r#""phone":"kitchen","for":"1s""#).await);
    bed.recorder().shows(&at("problem"), "paused").await;
    bed.recorder().shows(&at("problem"), "none").await;
    bed.recorder().shows(&at("availability"), "online").await;
}

fn bad_logins(phone: &Simulator) -> usize {
    let happenings = phone.happenings().into_iter();
    happenings.filter(|happening| matches!(happening, Happening::BadLogin { .. })).count()
}

fn logins(phone: &Simulator) -> usize {
    let happenings = phone.happenings().into_iter();
    happenings.filter(|happening| matches!(happening, Happening::LoggedIn { .. })).count()
}

async fn everything_is_announced_again(bed: &mut TestBed) {
    bed.begin().await;
    let config = "homeassistant/device/gxv2mqtt_kitchen/config";
    let twice = |count: usize| {
        let what = format!("{count} announcements");
        let recorder = bed.recorder();
        async move {
            recorder
                .until(&what, |heard| {
                    (heard.iter().filter(|heard| heard.topic == config).count() >= count)
                        .then_some(())
                })
                .await;
        }
    };
    twice(2).await;
    let announced = bed.recorder().count(config);
    let states = bed.recorder().count(&at("call_state"));
    data(&bed.request("rediscover", "").await);
    twice(announced + 1).await;
    bed.recorder()
        .until("the states", |heard| {
            let again = heard.iter().filter(|heard| heard.topic == at("call_state")).count();
            (again > states).then_some(())
        })
        .await;
}

/// Returns the topics below a place that still hold something.
fn retained<'a>(heard: &'a [Heard], place: &str) -> Vec<&'a str> {
    let last: BTreeMap<_, _> =
        heard.iter().map(|heard| (heard.topic.as_str(), heard.payload.as_str())).collect();
    let event = |topic: &str| topic.contains("/event/") || topic.ends_with("/result");
    let held = last
        .into_iter()
        .filter(|(topic, text)| topic.starts_with(place) && !text.is_empty() && !event(topic));
    held.map(|(topic, _)| topic).collect()
}

async fn phones_come_and_go_while_another_is_in_a_call(bed: &mut TestBed) {
    let hall = bed.add_phone("hall", DialectKind::Gxv, Profile::default()).await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
    let device = |id: &str| format!("homeassistant/device/gxv2mqtt_{id}/config");
    bed.recorder()
        .until("the hall's device", |heard| {
            heard.iter().any(|heard| heard.topic == device("hall")).then_some(())
        })
        .await;
    let line = bed.phone.ring(Caller::new("Ann", "1")).unwrap();
    bed.phone.answer(line);
    bed.recorder().shows(&at("call_state"), "in_call").await;
    let calm = bed.recorder().count(&at("availability"));
    let attic = start_phone(Profile::default(), &bed.phones).await;

    let mut settings = bed.settings.clone();
    settings.phones.remove(1);
    settings.phones.insert(0, options("attic", DialectKind::Gxv, attic.address()));
    settings.log.format = Format::Json;
    let response = bed.reload(Ok(settings.clone())).await;
    assert_eq!(
        *data(&response),
        json!({"added": ["attic"], "changed": [], "removed": ["hall"], "unchanged": ["kitchen"],
            "needs_restart": ["log"]})
    );
    bed.recorder().shows("gxv2mqtt/attic/availability", "online").await;
    bed.recorder().shows("gxv2mqtt/attic/missed_calls", "0").await;
    bed.recorder().shows_field("gxv2mqtt/bridge/info", "phones", json!(["attic", "kitchen"])).await;
    bed.recorder().shows(&device("hall"), "").await;
    bed.recorder().shows("gxv2mqtt/hall/availability", "").await;
    let all = bed.recorder().all();
    let of_hall = all.iter().filter(|heard| heard.topic == "gxv2mqtt/hall/availability");
    let of_hall: Vec<_> = of_hall.map(|heard| heard.payload.as_str()).collect();
    assert_eq!(of_hall[of_hall.len() - 2..], ["offline", ""]);
    let gone = |heard: &[Heard]| retained(heard, "gxv2mqtt/hall/").is_empty().then_some(());
    bed.recorder().until("the hall to be taken back", gone).await;
    let asked = hall.all_requests();

    bed.phone.far_end_hangs_up(line);
    bed.recorder().shows(&at("call_state"), "idle").await;
    assert_eq!(bed.recorder().count(&at("availability")), calm, "the kitchen did not notice");
    assert_eq!(logins(&bed.phone), 1);
    assert_eq!(hall.all_requests(), asked, "nothing is asked of a phone that was removed");
    // the event comes after the state
    bed.recorder().shows_field(&at("event/call"), "event_type", "ended").await;

    settings.log = bed.settings.log;
    let response = bed.reload(Ok(settings)).await;
    assert_eq!(data(&response)["unchanged"], json!(["attic", "kitchen"]));
    assert_eq!(data(&response)["needs_restart"], json!([]));
    let result = bed.command("still", "refresh", "").await;
    assert_eq!(result["ok"], true, "{result}");
    assert_eq!([logins(&bed.phone), logins(&attic)], [1, 1]);
}

async fn a_changed_phone_goes_on_with_its_call_and_its_counters(bed: &mut TestBed) {
    bed.begin().await;
    bed.recorder().shows(&at("missed_calls"), "0").await;
    let missed = bed.phone.ring(Caller::new("Ann", "1")).unwrap();
    bed.recorder().shows(&at("call_state"), "ringing").await;
    bed.phone.caller_gives_up(missed);
    bed.recorder().shows(&at("missed_calls"), "1").await;
    let line = bed.phone.ring(Caller::new("Bob", "2")).unwrap();
    bed.recorder().shows(&at("call_state"), "ringing").await;
    bed.phone.answer(line);
    bed.recorder().shows(&at("call_state"), "in_call").await;
    let mut settings = bed.settings.clone();
    settings.phones[0].name = "The new phone".into();
    let response = bed.reload(Ok(settings)).await;
    assert_eq!(data(&response)["changed"], json!(["kitchen"]));
    bed.recorder().shows(&at("availability"), "online").await;
    let config = "homeassistant/device/gxv2mqtt_kitchen/config";
    let what = "the new name";
    bed.recorder()
        .until(what, |heard| {
            let mut all = heard.iter().filter(|heard| heard.topic == config);
            all.any(|heard| heard.payload.contains("The new phone")).then_some(())
        })
        .await;
    bed.phone.far_end_hangs_up(line);
    bed.recorder().shows_field(&at("event/call"), "event_type", "ended").await;
    let events = bed.recorder().json(&at("event/call"));
    let types: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["incoming", "missed", "incoming", "answered", "ended"]);
    assert_eq!(events[2]["call_id"], events[4]["call_id"], "it is the same call");
    assert_eq!(events[2]["started_at"], events[4]["started_at"]);
    assert_eq!(bed.recorder().newest(&at("missed_calls")).as_deref(), Some("1"));
    let info = bed.request("info", "").await;
    assert_eq!(data(&info)["phones"][0]["name"], "The new phone");
}

async fn broken_settings_leave_all_as_it_was(bed: &mut TestBed) {
    bed.begin().await;
    let all = bed.recorder().count(&at("availability"));
    let why = "failed to use phones.kitchen.pol from settings.toml: unknown".to_owned();
    let response = bed.reload(Err(why.clone())).await;
    assert_eq!(error(&response), why);
    let mut settings = bed.settings.clone();
    let mut hall = settings.phones[0].clone();
    hall.id = "hall".parse().unwrap();
    hall.url = "https://127.0.0.1:1".parse().unwrap();
    hall.tls = Tls::Ca(b"no certificate".to_vec());
    settings.phones[0].name = "Another".into();
    settings.phones.push(hall);
    let response = bed.reload(Ok(settings)).await;
    assert!(error(&response).starts_with("phones.hall.tls_ca_file"), "{response}");
    let info = bed.request("info", "").await;
    assert_eq!(data(&info)["phones"].as_array().unwrap().len(), 1);
    assert_eq!(data(&info)["phones"][0]["name"], "The kitchen phone");
    assert_eq!(bed.recorder().count(&at("availability")), all);
    assert_eq!(logins(&bed.phone), 1);
}

async fn a_pause_outlives_a_reload(bed: &mut TestBed) {
    let hall = bed.add_phone("hall", DialectKind::Gxv, Profile::default()).await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
    data(&bed.request("pause", r#""phone":"kitchen""#).await);
    bed.recorder().shows(&at("problem"), "paused").await;
    looked_at(&hall, 3).await;
    let before = bed.phone.all_requests();
    data(&bed.request("reload", "").await);
    let mut settings = bed.settings.clone();
    settings.phones[0].name = "The new phone".into();
    data(&bed.reload(Ok(settings)).await);
    looked_at(&hall, 5).await;
    assert_eq!(bed.phone.all_requests(), before, "it was paused before, and is");
    assert_eq!(bed.recorder().newest(&at("problem")).as_deref(), Some("paused"));
    data(&bed.request("resume", r#""phone":"kitchen""#).await);
    bed.recorder().shows(&at("availability"), "online").await;
}

async fn a_refused_login_outlives_a_reload(bed: &mut TestBed) {
    let right = bed.settings.phones[0].password.replace("wrong".into());
    bed.start_bridge();
    bed.recorder().shows(&at("problem"), "unauthorized").await;
    let mut settings = bed.settings.clone();
    for name in ["Hall", "Attic", "Cellar"] {
        settings.phones[0].name = name.into();
        let response = bed.reload(Ok(settings.clone())).await;
        assert_eq!(data(&response)["changed"], json!(["kitchen"]));
        let result = bed.command("x", "dial", r#""number":"1""#).await;
        assert_eq!(result["error"]["code"], "unauthorized", "{result}");
    }
    assert_eq!(bad_logins(&bed.phone), 1, "five of them lock a phone");
    settings.phones[0].password = right;
    data(&bed.reload(Ok(settings)).await);
    bed.recorder().shows(&at("availability"), "online").await;
    assert_eq!(bad_logins(&bed.phone), 1);
}

#[tokio::test]
async fn settings_that_are_from_no_file_are_not_read_again() {
    let broker = Broker::start(([127, 0, 0, 1], 0).into(), None).await.unwrap();
    let address = broker.address();
    let neighbour = Neighbour::connect(address).await;
    let kitchen = options("kitchen", DialectKind::Gxv, ([127, 0, 0, 1], 1).into());
    let mqtt = mqtt::BrokerOptions::at(address.ip().to_string(), address.port());
    let stop = CancellationToken::new();
    let bridge = tokio::spawn(bridge::run(Settings::new(mqtt, vec![kitchen]), stop.clone()));
    neighbour.recorder.shows("gxv2mqtt/bridge/state", "online").await;
    let payload = br#"{"transaction":"demo"}"#;
    neighbour.publish("gxv2mqtt/bridge/request/reload", payload, false).await;
    let response = neighbour.recorder.response("demo").await;
    assert!(error(&response).contains("from no file"), "{response}");
    stop.cancel();
    bridge.await.unwrap().unwrap();
    broker.stop().await;
}

async fn a_phone_that_hangs_holds_nobody_up_when_it_is_taken_out(bed: &mut TestBed) {
    let hall = bed.add_phone("hall", DialectKind::Gxv, Profile::default()).await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
    let line = hall.ring(Caller::new("Ann", "1")).unwrap();
    hall.answer(line);
    bed.recorder().shows("gxv2mqtt/hall/call_state", "in_call").await;
    hall.set_fault(None, Fault::NeverAnswers);
    let asked = hall.all_requests();
    while hall.all_requests() == asked {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut settings = bed.settings.clone();
    settings.phones.remove(1);
    let reload = async {
        data(&bed.reload(Ok(settings)).await);
        Instant::now()
    };
    let command = async {
        assert_eq!(bed.command("during", "refresh", "").await["ok"], true);
        Instant::now()
    };
    let (reloaded, done) = tokio::join!(reload, command);
    assert!(done < reloaded, "the kitchen waited for the hall");
    bed.recorder().shows("gxv2mqtt/hall/call_state", "").await;
    let last = bed.recorder().json("gxv2mqtt/hall/event/call").pop().unwrap();
    assert_eq!(last["event_type"], "ended", "every call that begins ends");
    assert_eq!(last["ended_at"], Value::Null);
}

async fn a_command_to_a_phone_that_begins_anew_waits_for_it(bed: &mut TestBed) {
    bed.begin().await;
    bed.phone.set_fault(Function::GetLineStatus, Fault::Delay(Duration::from_secs(3)));
    let asked = bed.phone.all_requests();
    while bed.phone.all_requests() == asked {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut settings = bed.settings.clone();
    settings.phones[0].name = "The new phone".into();
    let command = async {
        // until the reload has begun, and before the answer that it waits for
        tokio::time::sleep(Duration::from_secs(1)).await;
        bed.command("during", "get_time", "").await
    };
    let (response, result) = tokio::join!(bed.reload(Ok(settings)), command);
    assert_eq!(data(&response)["changed"], json!(["kitchen"]));
    assert_eq!(result["ok"], true, "{result}");
}

async fn one_bridge_leaves_the_devices_of_another_alone(bed: &mut TestBed) {
    bed.begin().await;
    let device = |object: &str| format!("homeassistant/device/{object}/config");
    let mut other = bed.settings.clone();
    other.base_topic = "house/phones".into();
    other.mqtt.client_id = "another".into();
    let hall = start_phone(Profile::default(), &bed.phones).await;
    other.phones = vec![options("kitchen", DialectKind::Gxv, hall.address())];
    let (stop, written) = (CancellationToken::new(), Arc::new(Mutex::new(other.clone())));
    let read = Arc::clone(&written);
    let read = move || Ok(read.lock().unwrap().clone());
    let source = Source { read: Arc::new(read), asked: mpsc::channel(1).1 };
    let task = tokio::spawn(bridge::run_with(other.clone(), Some(source), stop.clone()));
    for object in
        ["gxv2mqtt_bridge", "gxv2mqtt_kitchen", "house-2fphones_bridge", "house-2fphones_kitchen"]
    {
        let topic = device(object);
        let there = |heard: &[Heard]| heard.iter().any(|heard| heard.topic == topic).then_some(());
        bed.recorder().until(object, there).await;
    }
    // the other's kitchen goes, and ours stays
    other.phones[0].id = "cellar".parse().unwrap();
    *written.lock().unwrap() = other;
    bed.publish("house/phones/bridge/request/reload", b"{}", false).await;
    bed.recorder().shows(&device("house-2fphones_kitchen"), "").await;
    bed.recorder().shows("house/phones/kitchen/availability", "").await;
    assert_ne!(bed.recorder().newest(&device("gxv2mqtt_kitchen")).as_deref(), Some(""));
    let ids = |object: &str| {
        let text = bed.recorder().newest(&device(object)).unwrap();
        let payload: Value = serde_json::from_str(&text).unwrap();
        let components = payload["components"].as_object().unwrap().values();
        let ids = components.filter_map(|one| one["unique_id"].as_str().map(str::to_owned));
        ids.collect::<BTreeSet<_>>()
    };
    assert!(ids("gxv2mqtt_bridge").is_disjoint(&ids("house-2fphones_bridge")));
    stop.cancel();
    task.await.unwrap().unwrap();
}
