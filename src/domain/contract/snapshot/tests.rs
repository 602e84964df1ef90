//! What topics show, and what leads from one picture to the next.

use proptest::prelude::*;

use super::*;
use crate::domain::telephony::LineState;

fn line(number: u16, state: LineState) -> Line {
    Line {
        line: number,
        state,
        code: Some("x".into()),
        account: None,
        name: None,
        number: None,
        active: Some(false),
    }
}

fn with_lines(states: &[LineState]) -> Snapshot {
    let mut snapshot = Snapshot::unseen("Kitchen".into(), "http://127.0.0.1".into(), "gxv");
    snapshot.lines = (1..).zip(states).map(|(n, state)| line(n, *state)).collect();
    snapshot
}

#[test]
fn lines_fold_into_the_phone() {
    use LineState::{Conference, Ending, Failed, Idle, InCall, OnHold, Ringback, Ringing, Unknown};
    let cases: &[(&[LineState], [&str; 3])] = &[
        (&[], ["unknown", "unknown", "unknown"]),
        (&[Idle, Idle], ["idle", "OFF", "OFF"]),
        (&[Idle, Ringing], ["ringing", "ON", "OFF"]),
        (&[InCall, Ringing], ["ringing", "ON", "ON"]),
        (&[OnHold, Ringback], ["calling", "OFF", "ON"]),
        (&[OnHold, Conference], ["in_call", "OFF", "ON"]),
        (&[Failed, Idle], ["failed", "OFF", "OFF"]),
        (&[Unknown, Idle], ["unknown", "unknown", "unknown"]),
        (&[Unknown, InCall], ["in_call", "unknown", "ON"]),
        (&[Ending, Idle], ["idle", "OFF", "OFF"]),
    ];
    for (states, expected) in cases {
        let state = with_lines(states).state();
        let topics = [PhoneTopic::CallState, PhoneTopic::Ringing, PhoneTopic::InCall];
        assert_eq!(
            topics.map(|topic| state[&topic].clone()),
            expected.map(String::from),
            "{states:?}"
        );
    }
}

#[test]
fn what_the_phone_did_not_say_is_null() {
    let mut snapshot = Snapshot::unseen("Kitchen".into(), "http://127.0.0.1".into(), "gxv");
    assert_eq!(snapshot.state().len(), 6, "what it said before is not replaced by nothing");
    snapshot.heard = true;
    let state = snapshot.state();
    insta::assert_debug_snapshot!(state.values().collect::<Vec<_>>(), @r#"
    [
        "none",
        "online",
        "{\"dialect\":\"gxv\",\"firmware\":null,\"hardware\":null,\"mac\":null,\"model\":null,\"name\":\"Kitchen\",\"url\":\"http://127.0.0.1\",\"vendor\":null}",
        "{\"booted_at\":null,\"clock_skew_seconds\":null,\"time\":null,\"uptime_seconds\":null}",
        "unknown",
        "unknown",
        "unknown",
        "unknown",
    ]
    "#);
}

#[test]
fn every_topic_of_the_table_is_read() {
    let mut snapshot = with_lines(&[LineState::Idle]);
    snapshot.heard = true;
    let account =
        Account { id: 1, name: None, sip_id: None, sip_server: None, registered: Some(true) };
    snapshot.accounts.push(account);
    snapshot.calls = Some(CallTopics {
        in_progress: "[]".into(),
        last_call: Some("{}".into()),
        last_caller: Some("{}".into()),
        missed: Some(0),
        unproven: [].into(),
    });
    snapshot.values.insert("volume".parse().unwrap(), Shown::default());
    let named = |row: &StateRow| row.topic.replace("<n>", "1").replace("<key>", "volume");
    let written: Vec<_> = STATES.iter().map(named).collect();
    let mut read: Vec<_> = snapshot.state().keys().map(PhoneTopic::render).collect();
    let mut sorted = written.clone();
    sorted.sort_unstable();
    read.sort_unstable();
    assert_eq!(read, sorted);
    let all: Vec<_> = topics(&snapshot.state()).iter().map(PhoneTopic::render).collect();
    assert_eq!(all.len(), read.len(), "{all:?}");
    assert_eq!(
        topics(&State::new()).len(),
        STATES.len() - 3,
        "lines, accounts and values are not known"
    );
}

fn states() -> impl Strategy<Value = State> {
    let topic = prop_oneof![
        Just(PhoneTopic::Problem),
        (0u16..4).prop_map(PhoneTopic::Line),
        (0u16..3).prop_map(PhoneTopic::Account),
    ];
    prop::collection::btree_map(topic, "[a-c]", 0..6)
}

proptest! {
    #[test]
    fn nothing_new_is_nothing_to_say(state in states()) {
        prop_assert!(diff(&state, &state).is_empty());
    }

    #[test]
    fn the_diff_leads_from_one_to_the_other(before in states(), now in states()) {
        let mut broker = before.clone();
        for (topic, payload) in diff(&before, &now) {
            if payload.is_empty() { broker.remove(&topic); } else { broker.insert(topic, payload); }
        }
        prop_assert_eq!(broker, now);
    }
}
