//! What pushes explain, and what they do not.

use super::*;
use PushKind::{Incoming, Missed, Outgoing, Rejected};

#[test]
fn a_push_explains_what_is_seen() {
    let mut story = Story::new();
    story.push(Incoming, "1001", "abc@pbx").line(1, Ringing, "1001", "");
    story.tells(&["incoming 1 1001 -"]);
    assert_eq!([story.field("call_id"), story.field("source")], ["abc@pbx", "push"]);
    story.pass(5.0).line(1, InCall, "", "").tells(&["answered 1 1001 -"]);
    assert_eq!(story.field("source"), "poll");
    story.push(PushKind::Terminated, "1001", "abc@pbx").line(1, Idle, "", "");
    story.tells(&["ended 1 1001 -"]);
    assert_eq!([story.field("call_id"), story.field("source")], ["abc@pbx", "push"]);

    // answered, or called, between two looks
    story.push(Incoming, "1002", "").line(1, InCall, "1002", "").line(1, Idle, "", "");
    story.tells(&["incoming 1 1002 -", "answered 1 1002 -", "ended 1 1002 -"]);
    story.push(Outgoing, "1003", "").line(1, Dialing, "1003", "");
    story.tells(&["outgoing 1 1003 -"]);
    story.line(1, Idle, "", "").tells(&["ended 1 1003 -"]);
    // rejected by somebody at the phone
    story.line(1, Ringing, "1004", "").push(Rejected, "1004", "").line(1, Idle, "", "");
    story.tells(&["incoming 1 1004 -", "rejected 1 1004 -"]);
}

#[test]
fn a_push_that_is_late_lost_or_false_does_no_harm() {
    let mut story = Story::new();
    story.line(1, Ringing, "", "").push(Incoming, "1001", "abc@pbx").tells(&["incoming 1 - -"]);
    let id = story.field("call_id");
    story.line(1, Idle, "", "").push(Missed, "1001", "abc@pbx").look();
    story.tells(&["missed 1 - -"]);
    assert_eq!(story.field("call_id"), id, "it keeps its id");

    // nothing of the sort is seen
    for kind in [Incoming, PushKind::Established, PushKind::Terminated] {
        story.push(kind, "1002", "x@pbx").look().tells(&[]);
    }
    // it was not answered between two polls: the lines say that it rings
    story.line(2, Ringing, "1003", "").push(PushKind::Established, "1003", "").look();
    story.push(Missed, "1003", "").look().tells(&["incoming 2 1003 -"]);
    story.line(2, InCall, "1003", "").line(2, Idle, "", "");
    story.tells(&["answered 2 1003 -", "ended 2 1003 -"]);
    // a call id that was used already, by a phone that repeats itself
    story.push(Incoming, "7", "x@pbx").line(1, Ringing, "7", "").line(1, Idle, "", "");
    story.push(Incoming, "7", "x@pbx").line(1, Ringing, "7", "");
    story.tells(&["incoming 1 7 -", "missed 1 7 -", "incoming 1 7 -"]);
    assert_ne!(story.field("call_id"), "x@pbx");
}

#[test]
fn a_call_that_only_the_phone_saw_is_missed_all_the_same() {
    let mut story = Story::new();
    story.push(Incoming, "1001", "abc@pbx").pass(0.3);
    story.push(Missed, "1001", "abc@pbx").tells(&[]).look();
    story.tells(&["missed - 1001 -"]);
    assert_eq!([story.field("call_id"), story.field("direction")], ["abc@pbx", "incoming"]);
    assert_eq!((story.missed(), &story.caller()["number"]), (1, &"1001".into()));
    story.push(Missed, "1001", "abc@pbx").look().tells(&[]);
    assert_eq!(story.missed(), 1, "it is said twice, and was once");
}

#[test]
fn a_call_that_comes_after_a_missed_one_is_not_its_beginning() {
    let mut story = Story::new();
    story.push(Missed, "1001", "").pass(0.9).push(Incoming, "1001", "").look();
    story.tells(&["missed - 1001 -"]);
    assert_eq!(story.field("started_at"), Value::Null);
}

#[test]
fn a_missed_call_that_the_phone_repeats_much_later_counts_once() {
    let mut story = Story::new();
    story.push(Incoming, "1001", "abc@pbx").line(1, Ringing, "1001", "");
    story.line(1, Idle, "", "").push(Missed, "1001", "abc@pbx").look();
    story.tells(&["incoming 1 1001 -", "missed 1 1001 -"]);
    story.away(11.0).look().push(Missed, "1001", "abc@pbx").look().tells(&[]);
    assert_eq!(story.missed(), 1);
}

#[test]
fn a_door_call_that_was_answered_at_once_has_rung_and_one_that_nobody_saw_has_not() {
    let mut story = Story::with(bell("8001"));
    story.push(Incoming, "8001", "").line(1, InCall, "8001", "");
    story.tells(&["incoming 1 8001 -", "ring 1 8001 -", "answered 1 8001 -"]);
    story.line(1, OnHold, "8001", "").line(1, InCall, "8001", "").line(1, Idle, "", "");
    story.tells(&["held 1 8001 -", "resumed 1 8001 -", "ended 1 8001 -"]);

    story.away(20.0).look().push(Incoming, "8001", "");
    story.push(Missed, "8001", "").look();
    story.tells(&["missed - 8001 -"]);

    // nobody knows who called whom
    story.line(1, InCall, "8001", "").line(1, Idle, "", "");
    story.tells(&["answered 1 8001 -", "ended 1 8001 -"]);
    // one that we call is not at the door
    story.dial("8001", None).line(1, InCall, "8001", "").line(1, Idle, "", "");
    story.tells(&["outgoing 1 8001 -", "answered 1 8001 -", "ended 1 8001 -"]);
}

#[test]
fn a_push_that_was_used_is_used_up() {
    for id in ["abc@pbx", ""] {
        for doubled_late in [true, false] {
            let mut story = Story::new();
            story.push_name(Incoming, "1001", "Ann", id);
            if doubled_late {
                story.line(1, Ringing, "1001", "");
            }
            story.push_name(Incoming, "1001", "Ann", id);
            story.line(1, Ringing, "1001", "").tells(&["incoming 1 1001 Ann"]);
            story.line(1, Idle, "", "").line(1, Ringing, "", "");
            story.tells(&["missed 1 1001 Ann", "incoming 1 - -"]);
            assert_ne!(story.field("call_id"), "abc@pbx");
        }
    }
}

#[test]
fn a_pushed_call_that_no_look_saw_explains_no_other() {
    for id in ["abc@pbx", ""] {
        let mut story = Story::new();
        story.push_name(Incoming, "1001", "Ann", id).look().away(1.0).line(1, Ringing, "", "");
        story.tells(&["incoming 1 - -"]);
        assert_ne!(story.field("call_id"), "abc@pbx");
        // nor, much later, one with its number
        story.line(1, Idle, "", "").line(1, Ringing, "1001", "");
        story.tells(&["missed 1 - -", "incoming 1 1001 -"]);
        assert_ne!(story.field("call_id"), "abc@pbx");
    }
    // a phone that pushes a moment before its lines show it
    let mut story = Story::new();
    story.push_name(Incoming, "1001", "Ann", "abc@pbx").look().line(1, Ringing, "1001", "");
    story.tells(&["incoming 1 1001 Ann"]);
    // one that nobody looked for yet may be anything, and one that was missed nothing
    let mut story = Story::new();
    story.push(Incoming, "", "abc@pbx").push(Missed, "", "abc@pbx").line(1, Ringing, "", "");
    story.tells(&["incoming 1 - -"]);
    assert_ne!(story.field("call_id"), "abc@pbx");
}

#[test]
fn a_caller_without_a_number_gets_the_call_id_of_the_only_push() {
    let mut story = Story::new();
    story.push_name(Incoming, "", "Ann", "a@pbx").line(1, Ringing, "", "");
    story.tells(&["incoming 1 - -"]);
    assert_eq!(story.field("call_id"), "a@pbx");
    story.push(Incoming, "1001", "b@pbx").push(Incoming, "", "c@pbx");
    story.change(2, Ringing, "", "").line(3, Ringing, "1001", "");
    story.tells(&["incoming 2 - -", "incoming 3 1001 -"]);
    let ids: Vec<_> = story.events.iter().map(|event| event["call_id"].clone()).collect();
    assert_eq!(ids, ["a@pbx", "c@pbx", "b@pbx"]);
    // two pushes, or two calls: who is who is not known
    let mut story = Story::new();
    story.push(Incoming, "", "a@pbx").push(Incoming, "", "b@pbx").line(1, Ringing, "", "");
    story.tells(&["incoming 1 - -"]);
    assert!(!story.field("call_id").as_str().unwrap().contains('@'));
    let mut story = Story::new();
    story.push(Incoming, "", "a@pbx").change(1, Ringing, "", "").line(2, Ringing, "", "");
    story.tells(&["incoming 1 - -", "incoming 2 - -"]);
    assert!(!story.field("call_id").as_str().unwrap().contains('@'));
}

#[test]
fn a_missed_call_beside_another_that_has_no_number_is_told() {
    // the one that is just over has no number, or the push has none; the Call-IDs tell them apart
    for (over, pushed) in [("", "1002"), ("1001", ""), ("", "")] {
        let mut story = Story::new();
        story.push(Incoming, over, "a@pbx").line(1, Ringing, over, "").line(1, Idle, "", "");
        story.log.clear();
        story.push(Missed, pushed, "b@pbx").look();
        let number = if pushed.is_empty() { "-" } else { pushed };
        story.tells(&[&format!("missed - {number} -")]);
        story.push(Missed, over, "a@pbx").push(Missed, pushed, "b@pbx").look().tells(&[]);
        assert_eq!(story.missed(), 2);
    }
    // where its id is not known, one push is about it, and the next about another
    let mut story = Story::new();
    story.line(1, Ringing, "", "").line(1, Idle, "", "").tells(&["incoming 1 - -", "missed 1 - -"]);
    story.push(Missed, "", "a@pbx").look().tells(&[]);
    story.push(Missed, "1002", "b@pbx").look().tells(&["missed - 1002 -"]);
    // one that was answered was not missed
    story.line(1, Ringing, "", "").line(1, InCall, "", "").line(1, Idle, "", "");
    story.tells(&["incoming 1 - -", "answered 1 - -", "ended 1 - -"]);
    story.push(Missed, "1003", "c@pbx").look().tells(&["missed - 1003 -"]);
}

#[test]
fn a_missed_call_beside_one_that_rings_without_a_number_is_told() {
    let mut story = Story::new();
    story.push(Incoming, "", "a@pbx").line(1, Ringing, "", "").tells(&["incoming 1 - -"]);
    story.push(Missed, "1002", "b@pbx").look().tells(&["missed - 1002 -"]);
    // if its id is not known it may be the one, until it rings on
    let mut story = Story::new();
    story.line(1, Ringing, "", "").push(Missed, "", "a@pbx").look().tells(&["incoming 1 - -"]);
    story.line(1, Idle, "", "").tells(&["missed 1 - -"]);
    story.pass(5.0).look().tells(&[]);
    story.line(1, Ringing, "", "").push(Missed, "", "b@pbx").look().tells(&["incoming 1 - -"]);
    story.pass(2.5).look().tells(&["missed - - -"]);
    story.line(1, Idle, "", "").tells(&["missed 1 - -"]);
}

#[test]
fn a_push_turns_away_only_the_call_that_it_names() {
    for (remote, id, fits) in [
        ("", "", false),
        ("1002", "", false),
        ("1001", "b@pbx", false),
        ("", "b@pbx", false),
        ("1001", "", true),
        ("", "a@pbx", true),
    ] {
        let mut story = Story::new();
        story.push(Incoming, "1001", "a@pbx").line(1, Ringing, "1001", "");
        story.push(Rejected, remote, id).line(1, Idle, "", "");
        let end = if fits { "rejected 1 1001 -" } else { "missed 1 1001 -" };
        story.tells(&["incoming 1 1001 -", end]);
    }
    let mut story = Story::new();
    story.line(1, Ringing, "", "").push(Rejected, "1001", "").line(1, Idle, "", "");
    story.tells(&["incoming 1 - -", "missed 1 - -"]);
}

#[test]
fn a_push_names_nobody_whose_number_is_not_seen() {
    for remote in ["", "1001"] {
        let mut story = Story::with(bell("1001"));
        story.push_name(Incoming, remote, "Police", "").line(1, Ringing, "", "");
        story.push_name(Incoming, remote, "Police", "").look();
        story.push_name(Incoming, remote, "Police", "x@pbx").look().line(1, Idle, "", "");
        story.tells(&["incoming 1 - -", "missed 1 - -"]);
    }
    let mut story = Story::new();
    story.push_name(Incoming, "", "Police", "").line(1, Ringing, "1001", "");
    story.line(1, Idle, "", "").tells(&["incoming 1 1001 -", "missed 1 1001 -"]);
    story.push_name(Missed, "1002", "Police", "").look().tells(&["missed - 1002 -"]);
    assert_eq!([story.field("source"), story.field("line")], ["push".into(), Value::Null]);
}

#[test]
fn a_push_makes_no_call_of_a_handset_that_is_lifted_and_no_door_of_an_account() {
    let mut story = Story::new();
    story.push(Outgoing, "1001", "a@pbx").line(1, Dialing, "", "").line(1, Idle, "", "").tells(&[]);
    let rule = DoorbellRule { account: Some(1), ..DoorbellRule::default() };
    let mut story = Story::with(CallSettings { doorbell: vec![rule], ..settings() });
    story.push(Incoming, "", "b@pbx").change(1, InCall, "", "");
    story.lines[0].account = Some(1);
    story.look().tells(&["incoming 1 - -", "answered 1 - -"]);
}
