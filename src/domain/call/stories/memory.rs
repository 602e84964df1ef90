//! What is kept until the broker has told what was before, and what the broker tells.

use std::collections::BTreeSet;

use super::*;
use crate::domain::call::Switchboard;

#[test]
fn pushes_that_say_nothing_of_calls_push_out_nothing() {
    let mut story = Story::unseen(settings());
    story.look();
    for _ in 0..20 {
        story.line(1, Ringing, "1001", "").line(1, Idle, "", "");
    }
    for _ in 0..300 {
        for kind in [PushKind::Registered, PushKind::OnHook, PushKind::Established] {
            story.pass(60.0).push(kind, "", "");
        }
    }
    story.remember(&PhoneTopic::MissedCalls, "3").retained_complete();
    assert_eq!(story.missed(), 23);
}

#[test]
fn what_is_too_much_to_keep_is_counted_all_the_same() {
    let mut story = Story::unseen(settings());
    story.look();
    for _ in 0..200 {
        story.line(1, Ringing, "1001", "").line(1, Idle, "", "").pass(60.0);
    }
    story.line(2, Ringing, "1002", "").line(2, InCall, "1002", "");
    story.remember(&PhoneTopic::MissedCalls, "3").retained_complete();
    assert_eq!(story.missed(), 203);
    assert_eq!(story.in_progress()[0]["number"], "1002");
}

#[test]
fn what_is_seen_is_not_replaced_by_what_is_remembered() {
    let mut story = Story::unseen(settings());
    story.look().line(1, Ringing, "1001", "").line(1, InCall, "1001", "");
    for _ in 0..200 {
        story.line(2, Ringing, "1002", "").line(2, Idle, "", "");
    }
    let before =
        r#"[{"call_id":"old","line":1,"state":"ringing","number":"1003","doorbell":false}]"#;
    story.remember(&PhoneTopic::Calls, before).look();
    assert_eq!(story.in_progress()[0]["number"], "1001");
}

#[test]
fn what_was_missed_before_a_reset_is_not_counted_after_it() {
    let mut story = Story::unseen(settings());
    story.look().line(1, Ringing, "1001", "").line(1, Idle, "", "");
    story.take(Input::MissedReset);
    story.line(1, Ringing, "1001", "").line(1, Idle, "", "");
    story.remember(&PhoneTopic::MissedCalls, "3").retained_complete();
    assert_eq!(story.missed(), 1);
}

#[test]
fn one_broken_entry_of_what_is_remembered_is_left_out() {
    let mut story = Story::unseen(settings());
    let before = r#"[{"line":1}, 7, {"call_id":"a","line":2,"state":"in_call","doorbell":false}]"#;
    story.remember(&PhoneTopic::Calls, before);
    let calls = story.in_progress();
    assert_eq!((calls.as_array().unwrap().len(), &calls[0]["call_id"]), (1, &"a".into()));
}

#[test]
fn a_ring_of_long_ago_is_over() {
    for (hours, same) in [(0.1, true), (1.0, false)] {
        let mut story = Story::new();
        story.line(1, Ringing, "8001", "").away(hours * 3600.0).restart(settings()).look();
        assert_eq!(story.missed(), u64::from(!same));
        let mut story = Story::with(bell("8001"));
        story.line(1, Ringing, "8001", "").tells(&["incoming 1 8001 -", "ring 1 8001 -"]);
        story.away(hours * 3600.0).restart(bell("8001")).look();
        let again = ["missed 1 8001 -", "incoming 1 8001 -", "ring 1 8001 -"];
        story.tells(if same { &[] } else { &again });
        assert_eq!(story.missed(), 0, "the door is no telephone call");
    }
    // it was answered while the bridge was away
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "").tells(&["incoming 1 1001 -"]);
    story.change(1, InCall, "1001", "").away(3600.0).restart(settings()).look();
    story.tells(&["answered 1 1001 -"]);
    // people talk for longer
    let mut story = Story::new();
    story.line(1, InCall, "1001", "").tells(&["answered 1 1001 -"]);
    story.away(3600.0).restart(settings()).look().tells(&[]);
}

#[test]
fn a_restart_neither_loses_nor_doubles_a_call() {
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "").pass(4.5).line(1, InCall, "1001", "Ann");
    story.line(2, Ringing, "1002", "").line(2, Idle, "", "").line(2, Ringing, "1003", "");
    story.dial("1004", Some(30)).line(3, Calling, "1004", "");
    let ids: Vec<_> = [0, 4, 5].map(|place| story.events[place]["call_id"].clone()).into();
    story.tells(&[
        "incoming 1 1001 -",
        "answered 1 1001 Ann",
        "incoming 2 1002 -",
        "missed 2 1002 -",
        "incoming 2 1003 -",
        "outgoing 3 1004 -",
    ]);
    story.pass(20.0).restart(settings()).look().tells(&[]);
    assert_eq!(story.missed(), 1);
    assert_eq!(story.caller()["number"], "1003");
    story.pass(10.0).look().tells(&["hang up 3"]);
    story.events.clear();
    story.change(2, Idle, "", "").change(3, Idle, "", "").line(1, Idle, "", "");
    story.tells(&["ended 1 1001 Ann", "missed 2 1003 -", "ended 3 1004 -"]);
    assert_eq!(story.missed(), 2);
    let ended: Vec<_> = story.events.iter().map(|event| event["call_id"].clone()).collect();
    assert_eq!(ended, ids);
    assert_eq!(story.events[0]["ring_seconds"], 5);
    assert_eq!(story.events[0]["talk_seconds"], 33);
}

#[test]
fn calls_go_on_or_end_while_the_bridge_is_away() {
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "").line(2, Ringing, "1002", "").line(3, InCall, "1003", "");
    story.tells(&["incoming 1 1001 -", "incoming 2 1002 -", "answered 3 1003 -"]);
    story.change(1, InCall, "1001", "").change(2, Idle, "", "").change(3, InCall, "1009", "");
    story.away(20.0).restart(settings());
    story.tells(&["answered 1 1001 -", "missed 2 1002 -", "ended 3 1003 -", "answered 3 1009 -"]);
    let ended = &story.events[5];
    assert_eq!([&ended["ended_at"], &ended["talk_seconds"]], [&Value::Null, &Value::Null]);
    assert_eq!(story.board.topics().unwrap().in_progress.matches("1009").count(), 1);
}

#[test]
fn what_happens_before_it_is_known_what_was_before_is_told_afterwards() {
    let mut story = Story::unseen(settings());
    story.look().pass(200.0).line(1, Ringing, "1001", "").line(1, Idle, "", "").tells(&[]);
    assert_eq!(story.board.topics(), None);
    for _ in 0..1000 {
        story.pass(2.0).look();
    }
    story
        .line(1, Ringing, "1002", "")
        .remember(&PhoneTopic::Calls, "[]")
        .tells(&["incoming 1 1002 -"]);
    assert_eq!(story.board.topics().unwrap().missed, None, "it may have been more");
    story.remember(&PhoneTopic::MissedCalls, "4").remember(&PhoneTopic::MissedCalls, "9");
    assert_eq!(story.missed(), 5, "counted, though nobody is told so late");
    let last = story.board.topics().unwrap().last_call.unwrap();
    assert!(last.contains("1001") && last.contains("missed"), "{last}");
}

#[test]
fn nonsense_on_the_broker_does_no_harm() {
    for nonsense in [
        "",
        "{}",
        "[1]",
        "[{\"call_id\":\"x\"}]",
        "{\"call_id\":7}",
        "null",
        "ringing",
        "[[[[",
        "18446744073709551615",
        "-1",
    ] {
        let mut story = Story::unseen(settings());
        story.look();
        for topic in [
            PhoneTopic::Calls,
            PhoneTopic::MissedCalls,
            PhoneTopic::LastCaller,
            PhoneTopic::LastCall,
        ] {
            story.remember(&topic, nonsense);
        }
        let topics = story.board.topics().unwrap();
        let shown = (topics.last_call, topics.last_caller, topics.missed);
        assert!(matches!(shown, (None, None, Some(0..=1))), "{nonsense}: {shown:?}");
        story.line(1, Ringing, "1001", "").tells(&["incoming 1 1001 -"]);
        assert!(story.board.topics().unwrap().missed.is_some(), "{nonsense}");
    }
}

#[test]
fn calls_of_a_phone_that_was_taken_out_meanwhile_end() {
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "").line(2, InCall, "1002", "");
    story.tells(&["incoming 1 1001 -", "answered 2 1002 -"]);
    let calls = story.board.topics().unwrap().in_progress;
    let ids: BTreeSet<_> = story.events.iter().map(|event| event["call_id"].to_string()).collect();
    let ends = Switchboard::end_remembered(&calls, story.now());
    let ended: Vec<Value> =
        ends.iter().map(|(_, payload)| serde_json::from_str(payload).unwrap()).collect();
    assert_eq!(
        ended.iter().map(|event| event["call_id"].to_string()).collect::<BTreeSet<_>>(),
        ids
    );
    for event in &ended {
        assert_eq!([&event["event_type"], &event["ended_at"]], [&"ended".into(), &Value::Null]);
    }
    for none in ["", "[]", "no JSON"] {
        assert!(Switchboard::end_remembered(none, story.now()).is_empty(), "{none:?}");
    }
}
