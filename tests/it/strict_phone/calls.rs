//! Calls: what lines do, and what they are told to do.

use serde_json::json;

use super::Bench;
use crate::support::bed::at;
use crate::support::strict_phone::habits::{CallSettings, Hold};
use crate::support::strict_phone::model::{CALLING, CONNECTED, FAILED, IDLE, ON_HOLD, State};

async fn a_call_from_ring_to_end(habits: CallSettings) {
    let bench = Bench::begin(habits).await;
    bench.shows("call_state", "idle").await;
    bench.phone.phone().model.rings("Ann Example", "+15550123");
    bench.shows("call_state", "ringing").await;
    let line = bench.bed.recorder().shows_field(&at("lines/1"), "state", "ringing").await;
    assert_eq!(
        [&line["number"], &line["name"], &line["account"]],
        [&json!("+15550123"), &json!("Ann Example"), &json!(1)]
    );
    bench.does("answer", "").await;
    bench.shows("call_state", "in_call").await;
    bench.does("hold", "").await;
    bench.shows("call_state", "on_hold").await;
    bench.does("resume", "").await;
    bench.shows("call_state", "in_call").await;
    bench.does("hold", "").await;
    bench.shows("call_state", "on_hold").await;
    bench.does("hangup", "").await;
    bench.shows("call_state", "idle").await;

    // soon after the start what has happened is told when it is known what was before
    bench.bed.recorder().shows_field(&at("event/call"), "event_type", "ended").await;
    let events = bench.bed.recorder().json(&at("event/call"));
    let kinds: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["incoming", "answered", "held", "resumed", "held", "ended"]);
    for command in ["acceptcall", "endcall"] {
        assert_eq!(bench.count("api-phone_operation", "cmd", command), 1, "{command}");
    }
    bench.end().await;
}

#[tokio::test]
async fn a_gxv_is_told_the_line_as_arg() {
    a_call_from_ring_to_end(CallSettings::gxv()).await;
}

#[tokio::test]
async fn a_gxv_is_told_the_line_as_line() {
    a_call_from_ring_to_end(CallSettings { line_parameter: "line", ..CallSettings::gxv() }).await;
}

#[tokio::test]
async fn a_gxv_holds_and_resumes_by_the_same_command() {
    a_call_from_ring_to_end(CallSettings { hold: Hold::Toggle, ..CallSettings::gxv() }).await;
}

#[tokio::test]
async fn a_gxv_writes_numbers_as_texts() {
    a_call_from_ring_to_end(CallSettings { texts: true, ..CallSettings::gxv() }).await;
}

#[tokio::test]
async fn a_cti_phone_holds_and_resumes_by_the_same_command() {
    a_call_from_ring_to_end(CallSettings::cti()).await;
}

#[tokio::test]
async fn a_cti_phone_resumes_by_unhold() {
    a_call_from_ring_to_end(CallSettings {
        hold: Hold::Unhold,
        texts: true,
        ..CallSettings::cti()
    })
    .await;
}

async fn states_are_shown(habits: CallSettings) {
    let bench = Bench::begin(habits).await;
    let unknown = State { number: "77", word: "warbling" };
    let ring_back = State { number: "12", word: "ringback" };
    let cases = [
        (CALLING, "calling"),
        (CONNECTED, "in_call"),
        (ON_HOLD, "on_hold"),
        (FAILED, "failed"),
        (unknown, "unknown"),
        (ring_back, "calling"),
        (IDLE, "idle"),
    ];
    for (state, shown) in cases {
        bench.phone.phone().model.set(3, state);
        bench.shows("call_state", shown).await;
        let line = bench.bed.recorder().until("line 3", |heard| {
            let line = heard.iter().rev().find(|heard| heard.topic == at("lines/3"))?;
            let line: serde_json::Value = serde_json::from_str(&line.payload).ok()?;
            (line["code"] == state.number || line["code"] == state.word).then_some(line)
        });
        line.await;
    }
    bench.end().await;
}

#[tokio::test]
async fn every_number_of_a_state_is_understood() {
    states_are_shown(CallSettings::gxv()).await;
}

#[tokio::test]
async fn every_word_of_a_state_is_understood() {
    states_are_shown(CallSettings::cti()).await;
}

async fn a_number_is_dialled(habits: CallSettings) {
    let bench = Bench::begin(habits).await;
    let dialled = || bench.phone.phone().model.dialled.clone();
    bench.does("dial", r#""number":"*21#+49 (30) 1","account":1"#).await;
    bench.shows("call_state", "calling").await;
    assert_eq!(dialled(), [("*21#+49301".to_owned(), "0".to_owned())]);
    bench.does("hangup", "").await;
    bench.shows("call_state", "idle").await;

    // The second account is not registered, so the phone refuses.
    assert_eq!(bench.fails("dial", r#""number":"1001","account":2"#).await, "refused");
    assert_eq!(dialled().len(), 1);
    assert_eq!(bench.phone.asked("api-make_call").len(), 2, "nothing is tried twice");
    bench.end().await;
}

#[tokio::test]
async fn a_number_is_dialled_on_a_gxv() {
    a_number_is_dialled(CallSettings::gxv()).await;
}

#[tokio::test]
async fn a_number_is_dialled_on_a_cti_phone() {
    a_number_is_dialled(CallSettings::cti()).await;
}

#[tokio::test]
async fn a_call_is_rejected_and_another_fails() {
    let bench = Bench::begin(CallSettings::gxv()).await;
    bench.phone.phone().model.rings("", "1002");
    bench.shows("call_state", "ringing").await;
    bench.does("reject", "").await;
    bench.shows("call_state", "idle").await;
    bench.does("dial", r#""number":"1003""#).await;
    bench.shows("call_state", "calling").await;
    bench.phone.phone().model.set(1, FAILED);
    bench.shows("call_state", "failed").await;
    bench.phone.phone().model.set(1, IDLE);
    bench.shows("call_state", "idle").await;
    // soon after the start what has happened is told when it is known what was before
    bench.bed.recorder().shows_field(&at("event/call"), "event_type", "failed").await;
    let events = bench.bed.recorder().json(&at("event/call"));
    let kinds: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["incoming", "rejected", "outgoing", "failed"]);
    bench.end().await;
}
