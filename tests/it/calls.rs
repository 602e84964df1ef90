//! What users hear of calls, told twice: over the embedded broker, and over Mosquitto with its own tools.

use std::net::SocketAddr;
use std::time::Duration;

use gxv2mqtt::domain::call::doorbell::{DoorbellRule, Pattern};
use gxv2mqtt::domain::call::push::PushKind;
use gxv2mqtt::phone::dialect::DialectKind;
use gxv2mqtt::phone::push::urls;
use gxv2mqtt::simulator::{Caller, Function, Happening, LineState, PushEvent};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::bed::{TestBed, at, caller, looked_at};
use super::support::recorder::{Heard, newest};
use super::support::stories;

stories! {
    a_call_is_told_from_beginning_to_end
    who_reads_the_caller_when_it_rings_reads_the_right_one
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
async fn events(bed: &TestBed, count: usize) -> (Vec<String>, Value) {
    let topic = at("event/call");
    let what = format!("{count} events");
    bed.recorder()
        .until(&what, |heard| {
            (heard.iter().filter(|heard| heard.topic == topic).count() >= count).then_some(())
        })
        .await;
    let all = bed.recorder().json(&topic);
    let types = all.iter().map(|event| event["event_type"].as_str().unwrap().to_owned()).collect();
    (types, all.last().unwrap().clone())
}

/// Waits until the bridge knows what was before it was started.
async fn begin(bed: &mut TestBed) {
    bed.begin().await;
    bed.recorder()
        .until("the calls in progress", |heard| {
            let mut all = heard.iter().rev();
            all.any(|heard| heard.topic == at("calls")).then_some(())
        })
        .await;
    bed.recorder().shows("gxv2mqtt/bridge/state", "online").await;
}

async fn a_call_is_told_from_beginning_to_end(bed: &mut TestBed) {
    begin(bed).await;
    let line = bed.phone.ring(caller()).unwrap();
    events(bed, 1).await;
    bed.recorder().shows_field(&at("last_caller"), "name", "Ann Example").await;
    assert!(bed.recorder().newest(&at("calls")).unwrap().contains("ringing"));
    bed.phone.answer(line);
    events(bed, 2).await;
    bed.phone.hold(line);
    events(bed, 3).await;
    bed.phone.resume(line);
    events(bed, 4).await;
    bed.phone.far_end_hangs_up(line);
    let (types, last) = events(bed, 5).await;
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
    let all = bed.recorder().json(&at("event/call"));
    assert!(all.iter().all(|event| event["call_id"] == last["call_id"]));
    let shown = bed.recorder().shows_field(&at("last_call"), "event_type", "ended").await;
    assert_eq!(shown, last);
    bed.recorder().shows(&at("calls"), "[]").await;
    bed.recorder().shows(&at("missed_calls"), "0").await;
    let retained = bed.recorder().all().into_iter();
    let mut retained = retained.filter(|heard| heard.topic == at("event/call"));
    assert!(retained.all(|heard| !heard.retained), "events are never retained");
}

/// The places of the messages on a topic that say this.
fn places(heard: &[Heard], topic: &str, payload: &str) -> Vec<usize> {
    let says = |heard: &Heard| heard.topic == at(topic) && heard.payload.contains(payload);
    (0..heard.len()).filter(|&place| says(&heard[place])).collect()
}

/// An automation begins with one topic, and reads others then.
async fn who_reads_the_caller_when_it_rings_reads_the_right_one(bed: &mut TestBed) {
    begin(bed).await;
    let callers = ["Ann", "Bob", "Cleo"];
    for (place, name) in callers.iter().enumerate() {
        let line = bed.phone.ring(Caller::new(*name, format!("100{place}"))).unwrap();
        events(bed, 3 * place + 1).await;
        bed.phone.answer(line);
        events(bed, 3 * place + 2).await;
        bed.phone.far_end_hangs_up(line);
        events(bed, 3 * place + 3).await;
    }
    bed.phone.ring(Caller::new("Dan", "1004")).unwrap();
    events(bed, 10).await;
    bed.phone.caller_gives_up(1);
    events(bed, 11).await;
    bed.recorder().shows(&at("call_state"), "idle").await;

    let heard = bed.recorder().all();
    let check = |topic: &str, payload: &str, names: &[&str], explained: &[(&str, &str)]| {
        let places = places(&heard, topic, payload);
        assert_eq!(places.len(), names.len(), "{payload} on {topic}: {heard:#?}");
        for (place, name) in places.into_iter().zip(names) {
            for (other, word) in explained {
                let before = newest(&heard[..place], &at(other));
                let read = before.map(|heard| heard.payload).unwrap_or_default();
                assert!(
                    read.contains(name) && read.contains(word),
                    "{other} at {payload} on {topic}: {read}"
                );
            }
        }
    };
    let all = ["Ann", "Bob", "Cleo", "Dan"];
    let rings = [("last_caller", ""), ("calls", "\"ringing\""), ("lines/1", "\"ringing\"")];
    check("ringing", "ON", &all, &rings);
    check("call_state", "ringing", &all, &rings);
    let talks = [("last_caller", ""), ("calls", "\"in_call\""), ("lines/1", "\"in_call\"")];
    check("in_call", "ON", &callers, &talks);
    check("call_state", "in_call", &callers, &talks);
    if bed.keeps_order() {
        check("event/call", r#""event_type":"incoming""#, &all, &rings);
        check("event/call", r#""event_type":"ended""#, &callers, &[("last_call", "\"ended\"")]);
        check("event/call", r#""event_type":"missed""#, &["Dan"], &[("last_call", "\"missed\"")]);
        check("event/call", r#""event_type":"missed""#, &["1"], &[("missed_calls", "")]);
    }
}

async fn a_call_that_nobody_answers_is_counted(bed: &mut TestBed) {
    begin(bed).await;
    for count in 1..=2 {
        let line = bed.phone.ring(caller()).unwrap();
        events(bed, 2 * count - 1).await;
        bed.phone.caller_gives_up(line);
        events(bed, 2 * count).await;
        bed.recorder().shows(&at("missed_calls"), &count.to_string()).await;
    }
    bed.recorder().shows_field(&at("last_call"), "event_type", "missed").await;
    let result = bed.command("reset", "reset_missed_calls", "").await;
    assert_eq!(result["ok"], true);
    bed.recorder().shows(&at("missed_calls"), "0").await;
}

async fn a_call_that_was_turned_away_is_not_missed(bed: &mut TestBed) {
    begin(bed).await;
    bed.phone.ring(caller()).unwrap();
    events(bed, 1).await;
    assert_eq!(bed.command("no", "reject", "").await["ok"], true);
    let (types, _) = events(bed, 2).await;
    assert_eq!(types, ["incoming", "rejected"]);
    bed.recorder().shows(&at("missed_calls"), "0").await;
}

async fn a_dialled_call_is_given_up_unless_it_is_answered(bed: &mut TestBed) {
    begin(bed).await;
    // somebody else is talking meanwhile
    let other = bed.phone.ring(caller()).unwrap();
    events(bed, 1).await;
    bed.phone.answer(other);
    events(bed, 2).await;
    let arguments = r#""number":"1001","hang_up_after":"1s""#;
    assert_eq!(bed.command("door", "dial", arguments).await["ok"], true);
    let (types, last) = events(bed, 5).await;
    assert_eq!(types[2..], ["held", "outgoing", "ended"], "{last}");
    assert_eq!([&last["number"], &last["answered_at"]], [&Value::from("1001"), &Value::Null]);
    assert_eq!(bed.phone.lines()[usize::from(other) - 1].state, LineState::OnHold);

    assert_eq!(bed.command("again", "dial", arguments).await["ok"], true);
    events(bed, 6).await;
    let line = bed.phone.lines().iter().find(|line| line.number == "1001").unwrap().line;
    bed.phone.far_end_answers(line);
    events(bed, 7).await;
    // longer than the limit
    looked_at(&bed.phone, 8).await;
    assert_eq!(bed.phone.lines()[usize::from(line) - 1].state, LineState::InCall);
    let happenings = bed.phone.happenings();
    let ended = happenings.iter().filter(|happening| {
        matches!(happening, Happening::Operated { operation, .. } if operation == "endcall")
    });
    assert_eq!(ended.count(), 1, "{happenings:?}");
}

async fn the_doorbell_rings_beside_the_call(bed: &mut TestBed) {
    let (number, label) = (Some(Pattern::Plain("8001".to_owned())), Some("Front door".to_owned()));
    let rule = DoorbellRule { number, label, ..DoorbellRule::default() };
    bed.settings.phones[0].doorbell = vec![rule];
    begin(bed).await;
    let line = bed.phone.ring(caller()).unwrap();
    events(bed, 1).await;
    bed.phone.caller_gives_up(line);
    events(bed, 2).await;
    let door = bed.phone.ring(Caller::new("Door", "8001")).unwrap();
    let (_, incoming) = events(bed, 3).await;
    assert_eq!(incoming["doorbell"], true);
    bed.recorder().shows_field(&at("event/doorbell"), "number", "8001").await;
    let rings = bed.recorder().json(&at("event/doorbell"));
    assert_eq!(rings.len(), 1, "{rings:?}");
    assert_eq!([&rings[0]["event_type"], &rings[0]["label"]], ["ring", "Front door"]);
    bed.phone.caller_gives_up(door);
    let (types, missed) = events(bed, 4).await;
    assert_eq!((types[3].as_str(), &missed["doorbell"]), ("missed", &Value::Bool(true)));
    bed.recorder().shows_field(&at("last_call"), "doorbell", true).await;
    bed.recorder().shows(&at("missed_calls"), "1").await;
}

async fn a_call_outlives_a_restart_of_the_bridge(bed: &mut TestBed) {
    begin(bed).await;
    let missed = bed.phone.ring(caller()).unwrap();
    events(bed, 1).await;
    bed.phone.caller_gives_up(missed);
    events(bed, 2).await;
    let line = bed.phone.ring(caller()).unwrap();
    events(bed, 3).await;
    bed.phone.answer(line);
    let (_, answered) = events(bed, 4).await;
    bed.stop_bridge().await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/bridge/state", "online").await;
    bed.phone.hold(line);
    let (types, held) = events(bed, 5).await;
    assert_eq!(types[3..], ["answered", "held"]);
    for key in ["call_id", "started_at", "answered_at", "direction", "number"] {
        assert_eq!(held[key], answered[key], "{key}");
    }
    bed.recorder().shows(&at("missed_calls"), "1").await;
}

async fn a_call_outlives_a_crash_of_the_bridge(bed: &mut TestBed) {
    begin(bed).await;
    let line = bed.phone.ring(caller()).unwrap();
    let (_, incoming) = events(bed, 1).await;
    bed.kill_bridge().await;
    bed.recorder().shows("gxv2mqtt/bridge/state", "offline").await;
    bed.phone.caller_gives_up(line);
    bed.begin().await;
    let (types, missed) = events(bed, 2).await;
    assert_eq!(types, ["incoming", "missed"]);
    assert_eq!(missed["call_id"], incoming["call_id"]);
    assert_eq!(missed["ended_at"], Value::Null, "nobody saw when");
    bed.recorder().shows(&at("missed_calls"), "1").await;
}

async fn a_call_is_missed_while_the_broker_is_away(bed: &mut TestBed) {
    begin(bed).await;
    bed.kill_broker().await;
    let line = bed.phone.ring(caller()).unwrap();
    looked_at(&bed.phone, 2).await;
    bed.phone.caller_gives_up(line);
    looked_at(&bed.phone, 2).await;
    bed.restart_broker().await;
    bed.recorder().shows(&at("missed_calls"), "1").await;
    bed.recorder().shows_field(&at("last_call"), "event_type", "missed").await;
    let (types, _) = events(bed, 2).await;
    assert_eq!(types, ["incoming", "missed"], "they waited for the broker");
}

async fn counters_are_right_after_both_crashed(bed: &mut TestBed) {
    for (topic, payload) in
        [("missed_calls", "7"), ("last_call", r#"{"event_type":"missed"}"#), ("calls", "[]")]
    {
        bed.publish(&at(topic), payload.as_bytes(), true).await;
    }
    begin(bed).await;
    let line = bed.phone.ring(caller()).unwrap();
    events(bed, 1).await;
    bed.phone.caller_gives_up(line);
    bed.recorder().shows(&at("missed_calls"), "8").await;
    let shown: Vec<_> = bed.recorder().all();
    let mut shown = shown.iter().filter(|heard| heard.topic == at("missed_calls"));
    assert!(shown.all(|heard| ["7", "8"].contains(&heard.payload.as_str())), "never 0 in between");
}

/// The bridge asks by itself only every five minutes here.
async fn a_phone_that_pushes_is_heard_at_once(bed: &mut TestBed) {
    bed.push();
    begin(bed).await;
    bed.phone.ring(Caller::new("Zoe & Ann = two, really", "+15550123")).unwrap();
    let (_, incoming) = events(bed, 1).await;
    assert_eq!(incoming["source"], "push");
    assert!(incoming["call_id"].as_str().unwrap().contains('@'), "the SIP Call-ID: {incoming}");
    assert_eq!(incoming["name"], "Zoe & Ann = two, really");
    // from here on five minutes would pass until the next poll
    bed.phone.answer(1);
    let (_, answered) = events(bed, 2).await;
    assert_eq!(answered["source"], "push");
    bed.phone.hold(1);
    events(bed, 3).await;
    bed.phone.far_end_hangs_up(1);
    let (types, _) = events(bed, 4).await;
    assert_eq!(types, ["incoming", "answered", "held", "ended"]);
    // somebody at the phone turns a call away: only the phone knows that it was not missed. A WP826 says so; this phone
    // is one that does, too
    let push = bed.settings.push.clone().unwrap();
    let token = push.token(&bed.settings.phones[0].id);
    let mut urls = urls::urls(DialectKind::Cti, &push.url, &token).into_iter();
    let rejected = urls.find(|entry| entry.kind == PushKind::Rejected).unwrap();
    bed.phone.push_to(PushEvent::Rejected, Some(rejected.url));
    bed.phone.ring(caller()).unwrap();
    events(bed, 5).await;
    bed.phone.reject(1);
    let (types, _) = events(bed, 6).await;
    assert_eq!(types[4..], ["incoming", "rejected"]);
    bed.recorder().shows(&at("missed_calls"), "0").await;
}

async fn lost_pushes_heal_by_polling(bed: &mut TestBed) {
    bed.push();
    let phone = &mut bed.settings.phones[0];
    (phone.poll, phone.active_poll) = (Duration::from_millis(200), Duration::from_millis(100));
    begin(bed).await;
    bed.phone.lose_pushes(true);
    bed.phone.ring(caller()).unwrap();
    events(bed, 1).await;
    bed.phone.caller_gives_up(1);
    let (types, missed) = events(bed, 2).await;
    assert_eq!(types, ["incoming", "missed"]);
    assert_eq!(missed["source"], "poll");
    // now the last push of a call is lost, and the next ones are not
    bed.phone.lose_pushes(false);
    bed.phone.ring(caller()).unwrap();
    events(bed, 3).await;
    bed.phone.lose_pushes(true);
    bed.phone.answer(1);
    events(bed, 4).await;
    bed.phone.lose_pushes(false);
    bed.phone.hang_up(1);
    let (types, _) = events(bed, 5).await;
    assert_eq!(types[2..], ["incoming", "answered", "ended"]);
    bed.recorder().shows(&at("missed_calls"), "1").await;
}

async fn pushes_that_lie_change_nothing(bed: &mut TestBed) {
    bed.push();
    begin(bed).await;
    let push = bed.settings.push.clone().unwrap();
    let phone = &bed.settings.phones[0];
    let urls = urls::urls(phone.dialect, &push.url, &push.token(&phone.id));
    let before = bed.phone.requests(Function::GetLineStatus);
    for entry in urls.iter().filter(|entry| entry.kind != PushKind::Missed) {
        // the phone that is meant, a strange one, and a wrong token
        for (from, to) in [("$mac", "000B82123456"), ("$mac", "001122334455"), ("/", "/x")] {
            let url = entry.url.replacen(from, to, 1).replace("$remote", "0900123");
            let status = get(&push.listen, &url).await;
            assert_eq!(status, if to == "/x" { "404" } else { "200" }, "{url}");
        }
    }
    assert_eq!(bed.command("look", "refresh", "").await["ok"], true);
    assert!(bed.phone.requests(Function::GetLineStatus) > before + 1, "it was looked at");
    assert_eq!(bed.recorder().count(&at("event/call")), 0);
    assert_eq!(bed.recorder().newest(&at("call_state")).as_deref(), Some("idle"));
    bed.recorder().shows(&at("missed_calls"), "0").await;
}

#[tokio::test]
async fn the_counter_is_found_among_a_thousand_other_topics() {
    let mut bed = TestBed::embedded().await;
    for number in 0..1000 {
        bed.publish(&format!("gxv2mqtt/other{number}/call_state"), b"idle", true).await;
    }
    bed.publish(&at("missed_calls"), b"7", true).await;
    begin(&mut bed).await;
    bed.phone.ring(caller()).unwrap();
    events(&bed, 1).await;
    bed.phone.caller_gives_up(1);
    bed.recorder().shows(&at("missed_calls"), "8").await;
    bed.end().await;
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
