//! What users rely on, told twice: over the embedded broker, and over Mosquitto with its own tools.

use gxv2mqtt::phone::dialect::Kind;
use gxv2mqtt::simulator::{FarEnd, Function, Happening, LineState, Profile};
use serde_json::{Value, json};

use super::support::ear::Heard;
use super::support::stories;
use super::support::world::{World, at, caller, looked_at};

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

async fn a_call_comes_is_answered_held_and_ended(world: &mut World) {
    world.begin().await;
    world.ear().shows(&at("call_state"), "idle").await;
    let line = world.phone.ring(caller()).unwrap();
    world.ear().shows(&at("call_state"), "ringing").await;
    world.ear().shows(&at("ringing"), "ON").await;
    let shown = world.ear().shows_field(&at("lines/1"), "state", "ringing").await;
    assert_eq!(
        shown,
        json!({"line": 1, "state": "ringing", "code": "2", "account": 1, "name": "Ann Example",
            "number": "+15550123", "active": false})
    );
    world.ear().shows(&at("status"), "ringing").await;

    assert_ok(&world.command("a", "answer", "").await);
    world.ear().shows(&at("call_state"), "in_call").await;
    world.ear().shows(&at("in_call"), "ON").await;
    world.ear().shows(&at("ringing"), "OFF").await;
    assert_ok(&world.command("b", "hold", "").await);
    world.ear().shows(&at("call_state"), "on_hold").await;
    assert_eq!(code(&world.command("c", "hold", "").await), "no_such_call");
    assert_ok(&world.command("d", "resume", &format!(r#""line":{line}"#)).await);
    world.ear().shows(&at("call_state"), "in_call").await;
    assert_ok(&world.command("e", "hangup", "").await);
    world.ear().shows(&at("call_state"), "idle").await;
    world.ear().shows(&at("in_call"), "OFF").await;
    assert_eq!(world.phone.lines()[0].state, LineState::Idle);
}

async fn a_call_is_rejected(world: &mut World) {
    world.begin().await;
    world.phone.ring(caller()).unwrap();
    world.ear().shows(&at("call_state"), "ringing").await;
    world.publish(&at("command/reject"), b"PRESS", false).await;
    world.ear().shows(&at("call_state"), "idle").await;
    world.ear().shows_field(&at("result"), "command", "reject").await;
}

async fn a_number_is_dialled(world: &mut World) {
    world.begin().await;
    world.publish(&at("command/dial"), b"1001", false).await;
    world.ear().shows(&at("call_state"), "calling").await;
    let dialled =
        |number: &str, account| Happening::Dialled { number: number.to_owned(), account, line: 1 };
    assert!(
        world.phone.happenings().contains(&dialled("1001", 1)),
        "{:?}",
        world.phone.happenings()
    );
    assert!(world.phone.far_end_answers(1));
    world.ear().shows(&at("call_state"), "in_call").await;
    world.phone.far_end_hangs_up(1);
    world.ear().shows(&at("call_state"), "idle").await;

    let result = world.command("star", "dial", r#""number":"*21#+49","account":1"#).await;
    assert_ok(&result);
    assert!(world.phone.happenings().contains(&dialled("*21#+49", 1)));
    world.command("over", "hangup", "").await;
}

async fn a_phone_in_the_cti_dialect_works_too(world: &mut World) {
    let profile = Profile { far_end: FarEnd::MANUAL, ..Profile::cti() };
    let hall = world.add_phone("hall", Kind::Cti, profile).await;
    world.begin().await;
    world.ear().shows("gxv2mqtt/hall/availability", "online").await;
    hall.ring(caller()).unwrap();
    let shown = world.ear().shows_field("gxv2mqtt/hall/lines/1", "state", "ringing").await;
    assert_eq!([&shown["name"], &shown["number"]], [&json!("Ann Example"), &json!("+15550123")]);
    world.publish("gxv2mqtt/hall/command/answer", b"", false).await;
    world.ear().shows("gxv2mqtt/hall/call_state", "in_call").await;
    world.publish("gxv2mqtt/hall/command/hangup", b"1", false).await;
    world.ear().shows("gxv2mqtt/hall/call_state", "idle").await;
    world.ear().shows(&at("call_state"), "idle").await;
}

async fn nothing_is_done_that_was_not_asked_for(world: &mut World) {
    world.publish(&at("command/reboot"), b"PRESS", true).await;
    world.begin().await;
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
        let result = world.command(&format!("case {number}"), name, arguments).await;
        assert_eq!(code(&result), expected, "{name} {arguments}");
    }
    world.publish(&at("command/dial"), b"{\"number\": \"1", false).await;
    world.publish(&at("command/dial"), noise.as_bytes(), false).await;
    world.publish(&at("command/dial"), b"\xff\xfe\x00", false).await;
    world.publish(&at("command/provision"), b"", true).await;
    world.publish("gxv2mqtt/nobody/command/reboot", b"", false).await;
    assert_ok(&world.command("last", "refresh", "").await);
    let results = cases.len() + 4 + 1;
    assert_eq!(world.ear().count(&at("result")), results);
    for function in [Function::MakeCall, Function::PhoneOperation, Function::SystemOperation] {
        assert_eq!(world.phone.requests(function), 0, "{function:?}");
    }
}

async fn what_is_published_says_who_the_phone_is(world: &mut World) {
    world.begin().await;
    let info = world.ear().shows_field(&at("info"), "model", "GXV3370").await;
    assert_eq!(info["dialect"], "gxv");
    assert_eq!(info["mac"], "00:0b:82:12:34:56");
    assert!(!info.to_string().contains("admin"), "{info}");
    let account = world.ear().shows_field(&at("accounts/1"), "registered", true).await;
    assert_eq!(account["sip_id"], "1001");
    world.phone.register(1, false);
    assert_ok(&world.command("r", "refresh", "").await);
    world.ear().shows_field(&at("accounts/1"), "registered", false).await;
    let time = world.command("t", "get_time", "").await;
    assert!(time["data"]["uptime_seconds"].is_u64(), "{time}");
    assert!(time["data"]["booted_at"].as_str().unwrap().ends_with('Z'));
    let bridge =
        world.ear().shows_field("gxv2mqtt/bridge/info", "phones", json!(["kitchen"])).await;
    assert_eq!(bridge["version"], env!("CARGO_PKG_VERSION"));
}

async fn the_device_is_announced_and_strangers_are_left_alone(world: &mut World) {
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
    world.publish(&config("gxv2mqtt_kitchen"), ours.as_bytes(), true).await;
    world.publish(&config("gxv2mqtt_removed"), ours.as_bytes(), true).await;
    world.publish(&config("gxv2mqtt_other"), theirs.as_bytes(), true).await;
    world.publish(&config("someone"), b"{\"components\":{}}", true).await;
    world.begin().await;

    let kitchen = config("gxv2mqtt_kitchen");
    world
        .ear()
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
    world.ear().shows(&config("gxv2mqtt_removed"), "").await;
    assert_eq!(world.ear().newest(&config("gxv2mqtt_other")), Some(theirs));
    assert_eq!(world.ear().newest(&config("someone")).as_deref(), Some("{\"components\":{}}"));
    assert!(world.ear().newest(&config("gxv2mqtt_bridge")).is_some());
}

async fn home_assistant_starts_and_is_told_again(world: &mut World) {
    world.begin().await;
    let config = "homeassistant/device/gxv2mqtt_kitchen/config";
    world.ear().until("discovery", |heard| heard.iter().find(|h| h.topic == config).cloned()).await;
    let topic = at("call_state");
    let times = |heard: &[Heard]| heard.iter().filter(|heard| heard.topic == topic).count();
    let before = times(&world.ear().all());
    world.publish("homeassistant/status", b"online", false).await;
    world.ear().until("states again", |heard| (times(heard) > before).then_some(())).await;
    let all = world.ear().all();
    let birth = all.iter().position(|heard| heard.topic == "homeassistant/status").unwrap();
    let mut after = all[birth..].iter().map(|heard| heard.topic.as_str());
    assert!(after.any(|topic| topic == config), "discovery comes before the states");
    assert!(after.any(|topic| topic == at("call_state")));
}

async fn the_broker_crashes_and_all_is_right_again(world: &mut World) {
    world.begin().await;
    for round in 0..2 {
        world.kill_broker().await;
        let line = world.phone.ring(caller()).unwrap();
        world.restart_broker().await;
        world.ear().shows("gxv2mqtt/bridge/state", "online").await;
        world.ear().shows(&at("availability"), "online").await;
        world.ear().shows(&at("call_state"), "ringing").await;
        let topic = "homeassistant/device/gxv2mqtt_kitchen/config";
        world
            .ear()
            .until("discovery", |heard| heard.iter().find(|h| h.topic == topic).cloned())
            .await;
        assert_ok(&world.command(&format!("round {round}"), "answer", "").await);
        world.ear().shows(&at("call_state"), "in_call").await;
        world.phone.hang_up(line);
        world.ear().shows(&at("call_state"), "idle").await;
    }
}

async fn the_bridge_stops_and_starts(world: &mut World) {
    world.begin().await;
    world.stop_bridge().await;
    world.ear().shows("gxv2mqtt/bridge/state", "offline").await;
    let all = world.ear().all();
    let place = |topic: &str| {
        all.iter().rposition(|heard| heard.topic == topic && heard.payload == "offline").unwrap()
    };
    assert!(place(&at("availability")) < place("gxv2mqtt/bridge/state"), "the link goes last");
    world.begin().await;
    world.ear().shows("gxv2mqtt/bridge/state", "online").await;
}

async fn the_bridge_crashes_and_starts(world: &mut World) {
    world.begin().await;
    world.kill_bridge().await;
    world.ear().shows("gxv2mqtt/bridge/state", "offline").await;
    world.phone.ring(caller()).unwrap();
    world.begin().await;
    world.ear().shows("gxv2mqtt/bridge/state", "online").await;
    world.ear().shows(&at("call_state"), "ringing").await;
}

/// What was retained when the bridge said that it is online, the last time that it did.
fn newest_before_online(world: &World, place: &str) -> String {
    let all = world.ear().all();
    let online =
        |heard: &Heard| heard.topic == "gxv2mqtt/bridge/state" && heard.payload == "online";
    let end = all.iter().rposition(online).unwrap();
    let mut before = all[..end].iter().rev();
    before.find(|heard| heard.topic == at(place)).unwrap().payload.clone()
}

async fn nothing_old_is_shown_as_the_present(world: &mut World) {
    world.begin().await;
    let line = world.phone.ring(caller()).unwrap();
    world.ear().shows(&at("ringing"), "ON").await;
    world.kill_bridge().await;
    world.ear().shows("gxv2mqtt/bridge/state", "offline").await;
    world.phone.caller_gives_up(line);
    world.phone.unplug().await;
    world.start_bridge();
    world.ear().shows("gxv2mqtt/bridge/state", "online").await;
    assert_eq!(newest_before_online(world, "availability"), "offline");
    world.ear().shows(&at("problem"), "unreachable").await;
    world.ear().shows_field(&at("lines/1"), "state", "unknown").await;
    assert!(world.ear().newest(&at("info")).unwrap().contains("GXV3370"), "it is still known");

    world.phone.plug_in().await.unwrap();
    world.ear().shows(&at("availability"), "online").await;
    let seen = world.ear().newest(&at("ringing"));
    assert_eq!(seen.as_deref(), Some("OFF"), "the state comes before that it is true");
    world.kill_broker().await;
    world.phone.ring(caller()).unwrap();
    world.restart_broker().await;
    world.ear().shows("gxv2mqtt/bridge/state", "online").await;
    world.ear().shows(&at("ringing"), "ON").await;
}

async fn what_is_left_from_before_is_taken_back(world: &mut World) {
    world.publish("gxv2mqtt/bridge/info", br#"{"phones":["attic","kitchen"]}"#, true).await;
    world.publish("gxv2mqtt/attic/call_state", b"ringing", true).await;
    world.publish("gxv2mqtt/attic/lines/1", b"{}", true).await;
    world.publish("gxv2mqtt/garage/status", b"open", true).await;
    world.publish("gxv2mqtt/boiler/system", b"42", true).await;
    world.publish("gxv2mqtt/solar/values/power", b"3000", true).await;
    world.publish(&at("lines/9"), b"{\"state\":\"ringing\"}", true).await;
    world.publish("gxv2mqtt/notes", b"mine", true).await;
    world.publish("elsewhere/attic/call_state", b"ringing", true).await;
    world.begin().await;
    world.ear().shows("gxv2mqtt/attic/call_state", "").await;
    world.ear().shows("gxv2mqtt/attic/lines/1", "").await;
    world.ear().shows(&at("lines/9"), "").await;
    world.ear().shows_field(&at("lines/1"), "state", "idle").await;
    world.ear().shows_field("gxv2mqtt/bridge/info", "phones", json!(["kitchen"])).await;
    for (topic, text) in [
        ("gxv2mqtt/notes", "mine"),
        ("gxv2mqtt/garage/status", "open"),
        ("gxv2mqtt/boiler/system", "42"),
        ("gxv2mqtt/solar/values/power", "3000"),
    ] {
        assert_eq!(world.ear().newest(topic).as_deref(), Some(text), "{topic} is not ours");
    }
    assert_eq!(world.ear().newest("elsewhere/attic/call_state").as_deref(), Some("ringing"));
}

async fn the_phone_is_unplugged_and_comes_back(world: &mut World) {
    world.begin().await;
    world.phone.ring(caller()).unwrap();
    world.ear().shows(&at("ringing"), "ON").await;
    world.phone.unplug().await;
    world.ear().shows(&at("availability"), "offline").await;
    world.ear().shows(&at("problem"), "unreachable").await;
    world.ear().shows(&at("ringing"), "unknown").await;
    world.ear().shows(&at("call_state"), "unknown").await;
    world.phone.plug_in().await.unwrap();
    world.ear().shows(&at("availability"), "online").await;
    world.ear().shows(&at("problem"), "none").await;
}

async fn the_phone_restarts(world: &mut World) {
    world.begin().await;
    assert_ok(&world.command("boot", "reboot", "").await);
    assert!(world.phone.happenings().contains(&Happening::RebootAsked));
    world.ear().shows(&at("availability"), "offline").await;
    world.ear().shows(&at("availability"), "online").await;
    let logins = world.phone.happenings();
    let logins = logins.iter().filter(|happening| matches!(happening, Happening::LoggedIn { .. }));
    assert_eq!(logins.count(), 2, "its sessions were gone");
}

async fn a_wrong_password_is_tried_once(world: &mut World) {
    world.settings.phones[0].password = Some("wrong".into());
    let hall = world.add_phone("hall", Kind::Gxv, Profile::default()).await;
    world.start_bridge();
    world.ear().shows(&at("problem"), "unauthorized").await;
    world.ear().shows(&at("availability"), "offline").await;
    world.ear().shows(&at("status"), "unauthorized").await;
    assert_eq!(code(&world.command("x", "dial", r#""number":"1""#).await), "unauthorized");
    assert_eq!(code(&world.command("y", "refresh", "").await), "unauthorized");
    world.ear().shows("gxv2mqtt/hall/availability", "online").await;
    looked_at(&hall, 10).await;
    let happenings = world.phone.happenings();
    let bad = happenings.iter().filter(|h| matches!(h, Happening::BadLogin { .. })).count();
    assert_eq!(bad, 1, "{happenings:?}");
    assert!(hall.happenings().iter().all(|h| !matches!(h, Happening::BadLogin { .. })));
}

async fn the_session_ends_and_is_renewed_once(world: &mut World) {
    world.begin().await;
    let before = world.ear().count(&at("availability"));
    world.phone.expire_sessions();
    world.phone.ring(caller()).unwrap();
    world.ear().shows(&at("call_state"), "ringing").await;
    let happenings = world.phone.happenings();
    let logins = happenings.iter().filter(|h| matches!(h, Happening::LoggedIn { .. })).count();
    assert_eq!(logins, 2, "{happenings:?}");
    assert_eq!(world.ear().count(&at("availability")), before, "nobody noticed");
}

async fn commands_to_a_phone_that_is_away_fail_in_time(world: &mut World) {
    world.begin().await;
    world.phone.unplug().await;
    let result = world.command("gone", "dial", r#""number":"1001""#).await;
    assert_eq!(code(&result), "unreachable");
    world.phone.plug_in().await.unwrap();
    world.ear().shows(&at("availability"), "online").await;
    assert!(world.phone.happenings().iter().all(|h| !matches!(h, Happening::Dialled { .. })));
}
