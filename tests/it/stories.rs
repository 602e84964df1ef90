//! What users rely on, told twice: over the embedded broker, and over Mosquitto with its own tools.

use gxv2mqtt::phone::dialect::DialectKind;
use gxv2mqtt::simulator::{FarEnd, Function, Happening, LineState, Profile};
use serde_json::{Value, json};

use super::support::bed::{TestBed, at, caller, looked_at};
use super::support::recorder::Heard;
use super::support::stories;

stories! {
    a_call_comes_is_answered_held_and_ended
    a_call_is_rejected
    a_number_is_dialled
    a_phone_in_the_cti_dialect_works_too
    nothing_is_done_that_was_not_asked_for
    what_is_published_says_who_the_phone_is
    home_assistant_starts_and_is_told_again
    the_broker_crashes_and_all_is_right_again
    the_bridge_stops_and_starts
    the_bridge_crashes_and_starts
    the_phone_is_unplugged_and_comes_back
    the_phone_restarts
    a_wrong_password_is_tried_once
    the_session_ends_and_is_renewed_once
    commands_to_a_phone_that_is_away_fail_in_time
    [
        the_device_is_announced_and_strangers_are_left_alone
        nothing_old_is_shown_as_the_present
        what_is_left_from_before_is_taken_back
    ]
}

fn code(result: &Value) -> &str {
    assert_eq!(result["ok"], false, "{result}");
    result["error"]["code"].as_str().unwrap()
}

fn assert_ok(result: &Value) {
    assert_eq!(result["ok"], true, "{result}");
}

async fn a_call_comes_is_answered_held_and_ended(bed: &mut TestBed) {
    bed.begin().await;
    bed.recorder().shows(&at("call_state"), "idle").await;
    let line = bed.phone.ring(caller()).unwrap();
    bed.recorder().shows(&at("call_state"), "ringing").await;
    bed.recorder().shows(&at("ringing"), "ON").await;
    let shown = bed.recorder().shows_field(&at("lines/1"), "state", "ringing").await;
    assert_eq!(
        shown,
        json!({"line": 1, "state": "ringing", "code": "2", "account": 1, "name": "Ann Example",
            "number": "+15550123", "active": false})
    );
    bed.recorder().shows(&at("status"), "ringing").await;

    assert_ok(&bed.command("a", "answer", "").await);
    bed.recorder().shows(&at("call_state"), "in_call").await;
    bed.recorder().shows(&at("in_call"), "ON").await;
    bed.recorder().shows(&at("ringing"), "OFF").await;
    assert_ok(&bed.command("b", "hold", "").await);
    bed.recorder().shows(&at("call_state"), "on_hold").await;
    assert_eq!(code(&bed.command("c", "hold", "").await), "no_such_call");
    assert_ok(&bed.command("d", "resume", &format!(r#""line":{line}"#)).await);
    bed.recorder().shows(&at("call_state"), "in_call").await;
    assert_ok(&bed.command("e", "hangup", "").await);
    bed.recorder().shows(&at("call_state"), "idle").await;
    bed.recorder().shows(&at("in_call"), "OFF").await;
    assert_eq!(bed.phone.lines()[0].state, LineState::Idle);
}

async fn a_call_is_rejected(bed: &mut TestBed) {
    bed.begin().await;
    bed.phone.ring(caller()).unwrap();
    bed.recorder().shows(&at("call_state"), "ringing").await;
    bed.publish(&at("command/reject"), b"PRESS", false).await;
    bed.recorder().shows(&at("call_state"), "idle").await;
    bed.recorder().shows_field(&at("result"), "command", "reject").await;
}

async fn a_number_is_dialled(bed: &mut TestBed) {
    bed.begin().await;
    bed.publish(&at("command/dial"), b"1001", false).await;
    bed.recorder().shows(&at("call_state"), "calling").await;
    let dialled =
        |number: &str, account| Happening::Dialled { number: number.to_owned(), account, line: 1 };
    assert!(bed.phone.happenings().contains(&dialled("1001", 1)), "{:?}", bed.phone.happenings());
    assert!(bed.phone.far_end_answers(1));
    bed.recorder().shows(&at("call_state"), "in_call").await;
    bed.phone.far_end_hangs_up(1);
    bed.recorder().shows(&at("call_state"), "idle").await;

    let result = bed.command("star", "dial", r#""number":"*21#+49","account":1"#).await;
    assert_ok(&result);
    assert!(bed.phone.happenings().contains(&dialled("*21#+49", 1)));
    bed.command("over", "hangup", "").await;
}

async fn a_phone_in_the_cti_dialect_works_too(bed: &mut TestBed) {
    let profile = Profile { far_end: FarEnd::MANUAL, ..Profile::cti() };
    let hall = bed.add_phone("hall", DialectKind::Cti, profile).await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
    hall.ring(caller()).unwrap();
    let shown = bed.recorder().shows_field("gxv2mqtt/hall/lines/1", "state", "ringing").await;
    assert_eq!([&shown["name"], &shown["number"]], [&json!("Ann Example"), &json!("+15550123")]);
    bed.publish("gxv2mqtt/hall/command/answer", b"", false).await;
    bed.recorder().shows("gxv2mqtt/hall/call_state", "in_call").await;
    bed.publish("gxv2mqtt/hall/command/hangup", b"1", false).await;
    bed.recorder().shows("gxv2mqtt/hall/call_state", "idle").await;
    bed.recorder().shows(&at("call_state"), "idle").await;
}

async fn nothing_is_done_that_was_not_asked_for(bed: &mut TestBed) {
    bed.publish(&at("command/reboot"), b"PRESS", true).await;
    bed.begin().await;
    let noise = "x".repeat(1024 * 1024);
    let cases = [
        ("factory_reset", "", "not_allowed"),
        ("dial", r#""number":"sip:evil@example.com""#, "not_allowed"),
        ("dial", r#""number":"1&account=5""#, "not_allowed"),
        ("dial", "", "bad_payload"),
        ("dial", r#""number":"1","acount":2"#, "bad_payload"),
        ("answer", "", "no_such_call"),
        ("reject", "", "no_such_call"),
        ("hangup", "", "no_such_call"),
        ("hold", "", "no_such_call"),
        ("resume", "", "no_such_call"),
        ("answer", r#""line":9"#, "no_such_line"),
        ("explode", "", "unsupported"),
    ];
    for (number, (name, arguments, expected)) in cases.into_iter().enumerate() {
        let result = bed.command(&format!("case {number}"), name, arguments).await;
        assert_eq!(code(&result), expected, "{name} {arguments}");
    }
    bed.publish(&at("command/dial"), b"{\"number\": \"1", false).await;
    bed.publish(&at("command/dial"), noise.as_bytes(), false).await;
    bed.publish(&at("command/dial"), b"\xff\xfe\x00", false).await;
    bed.publish(&at("command/provision"), b"", true).await;
    bed.publish("gxv2mqtt/nobody/command/reboot", b"", false).await;
    assert_ok(&bed.command("last", "refresh", "").await);
    let results = cases.len() + 4 + 1;
    assert_eq!(bed.recorder().count(&at("result")), results);
    for function in [Function::MakeCall, Function::PhoneOperation, Function::SystemOperation] {
        assert_eq!(bed.phone.requests(function), 0, "{function:?}");
    }
}

async fn what_is_published_says_who_the_phone_is(bed: &mut TestBed) {
    bed.begin().await;
    let info = bed.recorder().shows_field(&at("info"), "model", "GXV3370").await;
    assert_eq!(info["dialect"], "gxv");
    assert_eq!(info["mac"], "00:0b:82:12:34:56");
    assert!(!info.to_string().contains("admin"), "{info}");
    let account = bed.recorder().shows_field(&at("accounts/1"), "registered", true).await;
    assert_eq!(account["sip_id"], "1001");
    bed.phone.register(1, false);
    assert_ok(&bed.command("r", "refresh", "").await);
    bed.recorder().shows_field(&at("accounts/1"), "registered", false).await;
    let time = bed.command("t", "get_time", "").await;
    assert!(time["data"]["uptime_seconds"].is_u64(), "{time}");
    assert!(time["data"]["booted_at"].as_str().unwrap().ends_with('Z'));
    let bridge =
        bed.recorder().shows_field("gxv2mqtt/bridge/info", "phones", json!(["kitchen"])).await;
    assert_eq!(bridge["version"], env!("CARGO_PKG_VERSION"));
}

async fn the_device_is_announced_and_strangers_are_left_alone(bed: &mut TestBed) {
    let config = |object: &str| format!("homeassistant/device/{object}/config");
    let device = |state: &str| {
        json!({
            "origin": {"name": "gxv2mqtt"},
            "availability": [{"topic": state}],
            "components": {"line_9": {"platform": "sensor"}, "dial": {"platform": "text"}},
        })
        .to_string()
    };
    let ours = device("gxv2mqtt/bridge/state");
    let theirs = device("elsewhere/bridge/state");
    bed.publish(&config("gxv2mqtt_kitchen"), ours.as_bytes(), true).await;
    bed.publish(&config("gxv2mqtt_removed"), ours.as_bytes(), true).await;
    bed.publish(&config("gxv2mqtt_other"), theirs.as_bytes(), true).await;
    bed.publish(&config("someone"), b"{\"components\":{}}", true).await;
    bed.begin().await;

    let kitchen = config("gxv2mqtt_kitchen");
    bed.recorder()
        .until("the line that went away to be taken back", |heard| {
            let mut payloads = heard
                .iter()
                .filter(|heard| heard.topic == kitchen)
                .filter_map(|h| serde_json::from_str::<Value>(&h.payload).ok());
            let stub = json!({"platform": "sensor"});
            payloads.find(|payload| {
                payload["components"]["line_9"] == stub
                    && payload["components"]["line_1"].is_object()
            })?;
            payloads.find(|payload| payload["components"]["line_9"].is_null())
        })
        .await;
    bed.recorder().shows(&config("gxv2mqtt_removed"), "").await;
    assert_eq!(bed.recorder().newest(&config("gxv2mqtt_other")), Some(theirs));
    assert_eq!(bed.recorder().newest(&config("someone")).as_deref(), Some("{\"components\":{}}"));
    assert!(bed.recorder().newest(&config("gxv2mqtt_bridge")).is_some());
}

async fn home_assistant_starts_and_is_told_again(bed: &mut TestBed) {
    bed.begin().await;
    let config = "homeassistant/device/gxv2mqtt_kitchen/config";
    bed.recorder()
        .until("discovery", |heard| heard.iter().find(|h| h.topic == config).cloned())
        .await;
    let topic = at("call_state");
    let times = |heard: &[Heard]| heard.iter().filter(|heard| heard.topic == topic).count();
    let before = times(&bed.recorder().all());
    bed.publish("homeassistant/status", b"online", false).await;
    bed.recorder().until("states again", |heard| (times(heard) > before).then_some(())).await;
    let all = bed.recorder().all();
    let birth = all.iter().position(|heard| heard.topic == "homeassistant/status").unwrap();
    let mut after = all[birth..].iter().map(|heard| heard.topic.as_str());
    assert!(after.any(|topic| topic == config), "discovery comes before the states");
    assert!(after.any(|topic| topic == at("call_state")));
}

async fn the_broker_crashes_and_all_is_right_again(bed: &mut TestBed) {
    bed.begin().await;
    for round in 0..2 {
        bed.kill_broker().await;
        let line = bed.phone.ring(caller()).unwrap();
        bed.restart_broker().await;
        bed.recorder().shows("gxv2mqtt/bridge/state", "online").await;
        bed.recorder().shows(&at("availability"), "online").await;
        bed.recorder().shows(&at("call_state"), "ringing").await;
        let topic = "homeassistant/device/gxv2mqtt_kitchen/config";
        bed.recorder()
            .until("discovery", |heard| heard.iter().find(|h| h.topic == topic).cloned())
            .await;
        assert_ok(&bed.command(&format!("round {round}"), "answer", "").await);
        bed.recorder().shows(&at("call_state"), "in_call").await;
        bed.phone.hang_up(line);
        bed.recorder().shows(&at("call_state"), "idle").await;
    }
}

async fn the_bridge_stops_and_starts(bed: &mut TestBed) {
    bed.begin().await;
    bed.stop_bridge().await;
    bed.recorder().shows("gxv2mqtt/bridge/state", "offline").await;
    let all = bed.recorder().all();
    let place = |topic: &str| {
        all.iter().rposition(|heard| heard.topic == topic && heard.payload == "offline").unwrap()
    };
    assert!(place(&at("availability")) < place("gxv2mqtt/bridge/state"), "the link goes last");
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/bridge/state", "online").await;
}

async fn the_bridge_crashes_and_starts(bed: &mut TestBed) {
    bed.begin().await;
    bed.kill_bridge().await;
    bed.recorder().shows("gxv2mqtt/bridge/state", "offline").await;
    bed.phone.ring(caller()).unwrap();
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/bridge/state", "online").await;
    bed.recorder().shows(&at("call_state"), "ringing").await;
}

/// What was retained when the bridge said that it is online, the last time that it did.
fn newest_before_online(bed: &TestBed, place: &str) -> String {
    let all = bed.recorder().all();
    let online =
        |heard: &Heard| heard.topic == "gxv2mqtt/bridge/state" && heard.payload == "online";
    let end = all.iter().rposition(online).unwrap();
    let mut before = all[..end].iter().rev();
    before.find(|heard| heard.topic == at(place)).unwrap().payload.clone()
}

async fn nothing_old_is_shown_as_the_present(bed: &mut TestBed) {
    bed.begin().await;
    let line = bed.phone.ring(caller()).unwrap();
    bed.recorder().shows(&at("ringing"), "ON").await;
    bed.kill_bridge().await;
    bed.recorder().shows("gxv2mqtt/bridge/state", "offline").await;
    bed.phone.caller_gives_up(line);
    bed.phone.unplug().await;
    bed.start_bridge();
    bed.recorder().shows("gxv2mqtt/bridge/state", "online").await;
    assert_eq!(newest_before_online(bed, "availability"), "offline");
    bed.recorder().shows(&at("problem"), "unreachable").await;
    bed.recorder().shows_field(&at("lines/1"), "state", "unknown").await;
    assert!(bed.recorder().newest(&at("info")).unwrap().contains("GXV3370"), "it is still known");

    bed.phone.plug_in().await.unwrap();
    bed.recorder().shows(&at("availability"), "online").await;
    let seen = bed.recorder().newest(&at("ringing"));
    assert_eq!(seen.as_deref(), Some("OFF"), "the state comes before that it is true");
    bed.kill_broker().await;
    bed.phone.ring(caller()).unwrap();
    bed.restart_broker().await;
    bed.recorder().shows("gxv2mqtt/bridge/state", "online").await;
    bed.recorder().shows(&at("ringing"), "ON").await;
}

async fn what_is_left_from_before_is_taken_back(bed: &mut TestBed) {
    bed.publish("gxv2mqtt/bridge/info", br#"{"phones":["attic","kitchen"]}"#, true).await;
    bed.publish("gxv2mqtt/attic/call_state", b"ringing", true).await;
    bed.publish("gxv2mqtt/attic/lines/1", b"{}", true).await;
    bed.publish("gxv2mqtt/garage/status", b"open", true).await;
    bed.publish("gxv2mqtt/boiler/system", b"42", true).await;
    bed.publish("gxv2mqtt/solar/values/power", b"3000", true).await;
    bed.publish(&at("lines/9"), b"{\"state\":\"ringing\"}", true).await;
    bed.publish("gxv2mqtt/notes", b"mine", true).await;
    bed.publish("elsewhere/attic/call_state", b"ringing", true).await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/attic/call_state", "").await;
    bed.recorder().shows("gxv2mqtt/attic/lines/1", "").await;
    bed.recorder().shows(&at("lines/9"), "").await;
    bed.recorder().shows_field(&at("lines/1"), "state", "idle").await;
    bed.recorder().shows_field("gxv2mqtt/bridge/info", "phones", json!(["kitchen"])).await;
    for (topic, text) in [
        ("gxv2mqtt/notes", "mine"),
        ("gxv2mqtt/garage/status", "open"),
        ("gxv2mqtt/boiler/system", "42"),
        ("gxv2mqtt/solar/values/power", "3000"),
    ] {
        assert_eq!(bed.recorder().newest(topic).as_deref(), Some(text), "{topic} is not ours");
    }
    assert_eq!(bed.recorder().newest("elsewhere/attic/call_state").as_deref(), Some("ringing"));
}

async fn the_phone_is_unplugged_and_comes_back(bed: &mut TestBed) {
    bed.begin().await;
    bed.phone.ring(caller()).unwrap();
    bed.recorder().shows(&at("ringing"), "ON").await;
    bed.phone.unplug().await;
    bed.recorder().shows(&at("availability"), "offline").await;
    bed.recorder().shows(&at("problem"), "unreachable").await;
    bed.recorder().shows(&at("ringing"), "unknown").await;
    bed.recorder().shows(&at("call_state"), "unknown").await;
    bed.phone.plug_in().await.unwrap();
    bed.recorder().shows(&at("availability"), "online").await;
    bed.recorder().shows(&at("problem"), "none").await;
}

async fn the_phone_restarts(bed: &mut TestBed) {
    bed.begin().await;
    assert_ok(&bed.command("boot", "reboot", "").await);
    assert!(bed.phone.happenings().contains(&Happening::RebootAsked));
    bed.recorder().shows(&at("availability"), "offline").await;
    bed.recorder().shows(&at("availability"), "online").await;
    let logins = bed.phone.happenings();
    let logins = logins.iter().filter(|happening| matches!(happening, Happening::LoggedIn { .. }));
    assert_eq!(logins.count(), 2, "its sessions were gone");
}

async fn a_wrong_password_is_tried_once(bed: &mut TestBed) {
    bed.settings.phones[0].password = Some("wrong".into());
    let hall = bed.add_phone("hall", DialectKind::Gxv, Profile::default()).await;
    bed.start_bridge();
    bed.recorder().shows(&at("problem"), "unauthorized").await;
    bed.recorder().shows(&at("availability"), "offline").await;
    bed.recorder().shows(&at("status"), "unauthorized").await;
    assert_eq!(code(&bed.command("x", "dial", r#""number":"1""#).await), "unauthorized");
    assert_eq!(code(&bed.command("y", "refresh", "").await), "unauthorized");
    bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
    looked_at(&hall, 10).await;
    let happenings = bed.phone.happenings();
    let bad = happenings.iter().filter(|h| matches!(h, Happening::BadLogin { .. })).count();
    assert_eq!(bad, 1, "{happenings:?}");
    assert!(hall.happenings().iter().all(|h| !matches!(h, Happening::BadLogin { .. })));
}

async fn the_session_ends_and_is_renewed_once(bed: &mut TestBed) {
    bed.begin().await;
    let before = bed.recorder().count(&at("availability"));
    bed.phone.expire_sessions();
    bed.phone.ring(caller()).unwrap();
    bed.recorder().shows(&at("call_state"), "ringing").await;
    let happenings = bed.phone.happenings();
    let logins = happenings.iter().filter(|h| matches!(h, Happening::LoggedIn { .. })).count();
    assert_eq!(logins, 2, "{happenings:?}");
    assert_eq!(bed.recorder().count(&at("availability")), before, "nobody noticed");
}

async fn commands_to_a_phone_that_is_away_fail_in_time(bed: &mut TestBed) {
    bed.begin().await;
    bed.phone.unplug().await;
    let result = bed.command("gone", "dial", r#""number":"1001""#).await;
    assert_eq!(code(&result), "unreachable");
    bed.phone.plug_in().await.unwrap();
    bed.recorder().shows(&at("availability"), "online").await;
    assert!(bed.phone.happenings().iter().all(|h| !matches!(h, Happening::Dialled { .. })));
}
