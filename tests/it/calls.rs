//! What users hear of calls, told twice: over the embedded broker, and over Mosquitto with its own tools.

use std::net::SocketAddr;
use std::time::Duration;

use gxv2mqtt::domain::call::doorbell::{DoorbellRule, Pattern};
use gxv2mqtt::domain::call::push::PushKind;
use gxv2mqtt::phone::dialect::Kind;
use gxv2mqtt::phone::push::urls;
use gxv2mqtt::simulator::{Caller, Function, Happening, LineState, PushEvent};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::stories;
use super::support::world::{World, at, caller, looked_at};

stories! {
    a_call_is_told_from_beginning_to_end
    a_call_that_nobody_answers_is_counted
    a_call_that_was_turned_away_is_not_missed
    a_dialled_call_is_given_up_unless_it_is_answered
    the_doorbell_rings_beside_the_call
    a_call_outlives_a_restart_of_the_bridge
    a_call_outlives_a_crash_of_the_bridge
    a_call_is_missed_while_the_broker_is_away
    counters_are_right_after_both_crashed
    a_phone_that_pushes_is_heard_at_once
    lost_pushes_heal_by_polling
    pushes_that_lie_change_nothing
}

/// Waits for so many events of calls; returns their types, and the last one.
async fn events(world: &World, count: usize) -> (Vec<String>, Value) {
    let topic = at("event/call");
    let what = format!("{count} events");
    world
        .ear()
        .until(&what, |heard| {
            (heard.iter().filter(|heard| heard.topic == topic).count() >= count).then_some(())
        })
        .await;
    let all = world.ear().json(&topic);
    let types = all.iter().map(|event| event["event_type"].as_str().unwrap().to_owned()).collect();
    (types, all.last().unwrap().clone())
}

/// Waits until the bridge knows what was before it was started.
async fn begin(world: &mut World) {
    world.begin().await;
    world
        .ear()
        .until("the calls in progress", |heard| {
            let mut all = heard.iter().rev();
            all.any(|heard| heard.topic == at("calls")).then_some(())
        })
        .await;
    world.ear().shows("gxv2mqtt/bridge/state", "online").await;
}

async fn a_call_is_told_from_beginning_to_end(world: &mut World) {
    begin(world).await;
    let line = world.phone.ring(caller()).unwrap();
    events(world, 1).await;
    world.ear().shows_field(&at("last_caller"), "name", "Ann Example").await;
    assert!(world.ear().newest(&at("calls")).unwrap().contains("ringing"));
    world.phone.answer(line);
    events(world, 2).await;
    world.phone.hold(line);
    events(world, 3).await;
    world.phone.resume(line);
    events(world, 4).await;
    world.phone.far_end_hangs_up(line);
    let (types, last) = events(world, 5).await;
    assert_eq!(types, ["incoming", "answered", "held", "resumed", "ended"]);
    for (key, value) in [
        ("number", "+15550123"),
        ("name", "Ann Example"),
        ("direction", "incoming"),
        ("source", "poll"),
    ] {
        assert_eq!(last[key], value, "{last}");
    }
    assert_eq!([&last["line"], &last["account"]], [&Value::from(1), &Value::from(1)]);
    let all = world.ear().json(&at("event/call"));
    assert!(all.iter().all(|event| event["call_id"] == last["call_id"]));
    let shown = world.ear().shows_field(&at("last_call"), "event_type", "ended").await;
    assert_eq!(shown, last);
    world.ear().shows(&at("calls"), "[]").await;
    world.ear().shows(&at("missed_calls"), "0").await;
    let retained = world.ear().all().into_iter();
    let mut retained = retained.filter(|heard| heard.topic == at("event/call"));
    assert!(retained.all(|heard| !heard.retained), "events are never retained");
}

async fn a_call_that_nobody_answers_is_counted(world: &mut World) {
    begin(world).await;
    for count in 1..=2 {
        let line = world.phone.ring(caller()).unwrap();
        events(world, 2 * count - 1).await;
        world.phone.caller_gives_up(line);
        events(world, 2 * count).await;
        world.ear().shows(&at("missed_calls"), &count.to_string()).await;
    }
    world.ear().shows_field(&at("last_call"), "event_type", "missed").await;
    let result = world.command("reset", "reset_missed_calls", "").await;
    assert_eq!(result["ok"], true);
    world.ear().shows(&at("missed_calls"), "0").await;
}

async fn a_call_that_was_turned_away_is_not_missed(world: &mut World) {
    begin(world).await;
    world.phone.ring(caller()).unwrap();
    events(world, 1).await;
    assert_eq!(world.command("no", "reject", "").await["ok"], true);
    let (types, _) = events(world, 2).await;
    assert_eq!(types, ["incoming", "rejected"]);
    world.ear().shows(&at("missed_calls"), "0").await;
}

async fn a_dialled_call_is_given_up_unless_it_is_answered(world: &mut World) {
    begin(world).await;
    // somebody else is talking meanwhile
    let other = world.phone.ring(caller()).unwrap();
    events(world, 1).await;
    world.phone.answer(other);
    events(world, 2).await;
    let arguments = r#""number":"1001","hang_up_after":"1s""#;
    assert_eq!(world.command("door", "dial", arguments).await["ok"], true);
    let (types, last) = events(world, 5).await;
    assert_eq!(types[2..], ["held", "outgoing", "ended"], "{last}");
    assert_eq!([&last["number"], &last["answered_at"]], [&Value::from("1001"), &Value::Null]);
    assert_eq!(world.phone.lines()[usize::from(other) - 1].state, LineState::OnHold);

    assert_eq!(world.command("again", "dial", arguments).await["ok"], true);
    events(world, 6).await;
    let line = world.phone.lines().iter().find(|line| line.number == "1001").unwrap().line;
    world.phone.far_end_answers(line);
    events(world, 7).await;
    // longer than the limit
    looked_at(&world.phone, 8).await;
    assert_eq!(world.phone.lines()[usize::from(line) - 1].state, LineState::InCall);
    let happenings = world.phone.happenings();
    let ended = happenings.iter().filter(|happening| {
        matches!(happening, Happening::Operated { operation, .. } if operation == "endcall")
    });
    assert_eq!(ended.count(), 1, "{happenings:?}");
}

async fn the_doorbell_rings_beside_the_call(world: &mut World) {
    let number = Some(Pattern::Plain("8001".to_owned()));
    world.settings.phones[0].doorbell = vec![DoorbellRule { number, ..DoorbellRule::default() }];
    begin(world).await;
    let line = world.phone.ring(caller()).unwrap();
    events(world, 1).await;
    world.phone.caller_gives_up(line);
    events(world, 2).await;
    world.phone.ring(Caller::new("Door", "8001")).unwrap();
    events(world, 3).await;
    world.ear().shows_field(&at("event/doorbell"), "number", "8001").await;
    let rings = world.ear().json(&at("event/doorbell"));
    assert_eq!(rings.len(), 1, "{rings:?}");
    assert_eq!(rings[0]["event_type"], "ring");
}

async fn a_call_outlives_a_restart_of_the_bridge(world: &mut World) {
    begin(world).await;
    let missed = world.phone.ring(caller()).unwrap();
    events(world, 1).await;
    world.phone.caller_gives_up(missed);
    events(world, 2).await;
    let line = world.phone.ring(caller()).unwrap();
    events(world, 3).await;
    world.phone.answer(line);
    let (_, answered) = events(world, 4).await;
    world.stop_bridge().await;
    world.begin().await;
    world.ear().shows("gxv2mqtt/bridge/state", "online").await;
    world.phone.hold(line);
    let (types, held) = events(world, 5).await;
    assert_eq!(types[3..], ["answered", "held"]);
    for key in ["call_id", "started_at", "answered_at", "direction", "number"] {
        assert_eq!(held[key], answered[key], "{key}");
    }
    world.ear().shows(&at("missed_calls"), "1").await;
}

async fn a_call_outlives_a_crash_of_the_bridge(world: &mut World) {
    begin(world).await;
    let line = world.phone.ring(caller()).unwrap();
    let (_, incoming) = events(world, 1).await;
    world.kill_bridge().await;
    world.ear().shows("gxv2mqtt/bridge/state", "offline").await;
    world.phone.caller_gives_up(line);
    world.begin().await;
    let (types, missed) = events(world, 2).await;
    assert_eq!(types, ["incoming", "missed"]);
    assert_eq!(missed["call_id"], incoming["call_id"]);
    assert_eq!(missed["ended_at"], Value::Null, "nobody saw when");
    world.ear().shows(&at("missed_calls"), "1").await;
}

async fn a_call_is_missed_while_the_broker_is_away(world: &mut World) {
    begin(world).await;
    world.kill_broker().await;
    let line = world.phone.ring(caller()).unwrap();
    looked_at(&world.phone, 2).await;
    world.phone.caller_gives_up(line);
    looked_at(&world.phone, 2).await;
    world.restart_broker().await;
    world.ear().shows(&at("missed_calls"), "1").await;
    world.ear().shows_field(&at("last_call"), "event_type", "missed").await;
    let (types, _) = events(world, 2).await;
    assert_eq!(types, ["incoming", "missed"], "they waited for the broker");
}

async fn counters_are_right_after_both_crashed(world: &mut World) {
    for (topic, payload) in
        [("missed_calls", "7"), ("last_call", r#"{"event_type":"missed"}"#), ("calls", "[]")]
    {
        world.publish(&at(topic), payload.as_bytes(), true).await;
    }
    begin(world).await;
    let line = world.phone.ring(caller()).unwrap();
    events(world, 1).await;
    world.phone.caller_gives_up(line);
    world.ear().shows(&at("missed_calls"), "8").await;
    let shown: Vec<_> = world.ear().all();
    let mut shown = shown.iter().filter(|heard| heard.topic == at("missed_calls"));
    assert!(shown.all(|heard| ["7", "8"].contains(&heard.payload.as_str())), "never 0 in between");
}

/// The bridge asks by itself only every five minutes here.
async fn a_phone_that_pushes_is_heard_at_once(world: &mut World) {
    world.push();
    begin(world).await;
    world.phone.ring(Caller::new("Zoe & Ann = two, really", "+15550123")).unwrap();
    let (_, incoming) = events(world, 1).await;
    assert_eq!(incoming["source"], "push");
    assert!(incoming["call_id"].as_str().unwrap().contains('@'), "the SIP Call-ID: {incoming}");
    assert_eq!(incoming["name"], "Zoe & Ann = two, really");
    // from here on five minutes would pass until the next look
    world.phone.answer(1);
    let (_, answered) = events(world, 2).await;
    assert_eq!(answered["source"], "push");
    world.phone.hold(1);
    events(world, 3).await;
    world.phone.far_end_hangs_up(1);
    let (types, _) = events(world, 4).await;
    assert_eq!(types, ["incoming", "answered", "held", "ended"]);
    // somebody at the phone turns a call away: only the phone knows that it was not missed. A WP826 says so; this phone
    // is one that does, too
    let push = world.settings.push.clone().unwrap();
    let token = push.token(&world.settings.phones[0].id);
    let mut urls = urls::urls(Kind::Cti, &push.url, &token).into_iter();
    let rejected = urls.find(|entry| entry.kind == PushKind::Rejected).unwrap();
    world.phone.push_to(PushEvent::Rejected, Some(rejected.url));
    world.phone.ring(caller()).unwrap();
    events(world, 5).await;
    world.phone.reject(1);
    let (types, _) = events(world, 6).await;
    assert_eq!(types[4..], ["incoming", "rejected"]);
    world.ear().shows(&at("missed_calls"), "0").await;
}

async fn lost_pushes_heal_by_polling(world: &mut World) {
    world.push();
    let phone = &mut world.settings.phones[0];
    (phone.poll, phone.active_poll) = (Duration::from_millis(200), Duration::from_millis(100));
    begin(world).await;
    world.phone.lose_pushes(true);
    world.phone.ring(caller()).unwrap();
    events(world, 1).await;
    world.phone.caller_gives_up(1);
    let (types, missed) = events(world, 2).await;
    assert_eq!(types, ["incoming", "missed"]);
    assert_eq!(missed["source"], "poll");
    // now the last push of a call is lost, and the next ones are not
    world.phone.lose_pushes(false);
    world.phone.ring(caller()).unwrap();
    events(world, 3).await;
    world.phone.lose_pushes(true);
    world.phone.answer(1);
    events(world, 4).await;
    world.phone.lose_pushes(false);
    world.phone.hang_up(1);
    let (types, _) = events(world, 5).await;
    assert_eq!(types[2..], ["incoming", "answered", "ended"]);
    world.ear().shows(&at("missed_calls"), "1").await;
}

async fn pushes_that_lie_change_nothing(world: &mut World) {
    world.push();
    begin(world).await;
    let push = world.settings.push.clone().unwrap();
    let phone = &world.settings.phones[0];
    let urls = urls::urls(phone.dialect, &push.url, &push.token(&phone.id));
    let before = world.phone.requests(Function::GetLineStatus);
    for entry in urls.iter().filter(|entry| entry.kind != PushKind::Missed) {
        // the phone that is meant, a strange one, and a wrong token
        for (from, to) in [("$mac", "000B82123456"), ("$mac", "001122334455"), ("/", "/x")] {
            let url = entry.url.replacen(from, to, 1).replace("$remote", "0900123");
            let status = get(&push.listen, &url).await;
            assert_eq!(status, if to == "/x" { "404" } else { "200" }, "{url}");
        }
    }
    assert_eq!(world.command("look", "refresh", "").await["ok"], true);
    assert!(world.phone.requests(Function::GetLineStatus) > before + 1, "it was looked at");
    assert_eq!(world.ear().count(&at("event/call")), 0);
    assert_eq!(world.ear().newest(&at("call_state")).as_deref(), Some("idle"));
    world.ear().shows(&at("missed_calls"), "0").await;
}

#[tokio::test]
async fn the_counter_is_found_among_a_thousand_other_topics() {
    let mut world = World::embedded().await;
    for number in 0..1000 {
        world.publish(&format!("gxv2mqtt/other{number}/call_state"), b"idle", true).await;
    }
    world.publish(&at("missed_calls"), b"7", true).await;
    begin(&mut world).await;
    world.phone.ring(caller()).unwrap();
    events(&world, 1).await;
    world.phone.caller_gives_up(1);
    world.ear().shows(&at("missed_calls"), "8").await;
    world.end().await;
}

/// Calls a URL as a phone does; returns the status.
async fn get(address: &SocketAddr, url: &str) -> String {
    let (_, target) = url.split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET /{target} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split_whitespace().nth(1).unwrap().to_owned()
}
