//! What a call from the door is, and is not.

use serde_json::Value;

use super::*;

#[test]
fn the_doorbell_rings_once() {
    let mut story = Story::with(bell("8001"));
    story.line(1, Ringing, "", "").tells(&["incoming 1 - -"]);
    story.line(1, Ringing, "8001", "Door").tells(&["ring 1 8001 Door"]);
    story.pass(2.0).look().restart(bell("8001")).look().tells(&[]);
    story.line(1, InCall, "8001", "Door").line(1, Idle, "", "");
    story.tells(&["answered 1 8001 Door", "ended 1 8001 Door"]);
    story.line(1, Ringing, "1001", "").line(1, InCall, "8001", "");
    story.line(2, Calling, "8001", "").tells(&[
        "incoming 1 1001 -",
        "answered 1 1001 -",
        "outgoing 2 8001 -",
    ]);
}

#[test]
fn a_call_from_the_door_is_told_as_one_and_is_no_missed_call() {
    let mut story = Story::with(bell("8001"));
    story.line(1, Ringing, "8001", "Door");
    story.tells(&["incoming 1 8001 Door", "ring 1 8001 Door"]);
    assert_eq!(story.in_progress()[0]["doorbell"], true);
    assert_eq!(story.caller()["doorbell"], true);
    story.away(2.0).restart(bell("8001")).look().line(1, Idle, "", "");
    story.tells(&["missed 1 8001 Door"]);
    assert_eq!((story.field("doorbell"), story.missed()), (Value::Bool(true), 0));
    story.line(1, Ringing, "1001", "").line(1, Idle, "", "");
    story.tells(&["incoming 1 1001 -", "missed 1 1001 -"]);
    assert_eq!((story.field("doorbell"), story.missed()), (Value::Bool(false), 1));
    assert_eq!(story.caller()["doorbell"], false);
}

#[test]
fn what_is_the_door_is_known_when_the_call_is_told() {
    let mut story = Story::with(bell("8001"));
    story.line(1, Ringing, "8001", "");
    let incoming = story.events.iter().find(|event| event["event_type"] == "incoming");
    assert_eq!(incoming.unwrap()["doorbell"], true);
}
