//! What holds for any calls.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::stories::{Story, settings};
use super::{CallSettings, Input, Instruction};
use crate::domain::call::push::{Push, PushKind};
use crate::domain::telephony::LineState;

#[derive(Debug, Clone)]
enum Step {
    Change(u16, LineState, &'static str),
    Look,
    Pass(u64),
    Push(PushKind, &'static str, Option<&'static str>),
    Dial(&'static str, u64),
    TurnAway(u16),
    Woke,
    SayNothing,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = || prop::sample::select(vec!["", "1001", "1002", "+15550100", "sip:1001@pbx"]);
    let state = prop::sample::select(LineState::ALL.to_vec());
    let kind = prop::sample::select(PushKind::TABLE.map(|(kind, _)| kind).to_vec());
    let id = prop::option::of(prop::sample::select(vec!["a@pbx", "b@pbx"]));
    let step = prop_oneof![
        4 => (1u16..=3, state, number()).prop_map(|(l, s, n)| Step::Change(l, s, n)),
        6 => Just(Step::Look),
        3 => (0u64..70_000).prop_map(Step::Pass),
        3 => (0u64..1000).prop_map(Step::Pass),
        2 => (kind, number(), id).prop_map(|(k, n, i)| Step::Push(k, n, i)),
        1 => (number(), 1u64..20).prop_map(|(n, s)| Step::Dial(n, s)),
        1 => (1u16..=3).prop_map(Step::TurnAway),
        1 => Just(Step::Woke),
        1 => Just(Step::SayNothing),
    ];
    prop::collection::vec(step, 1..120)
}

/// Lives through the steps, and then through an end of all calls.
fn carry_out(story: &mut Story, steps: Vec<Step>) {
    for (place, step) in steps.into_iter().enumerate() {
        match step {
            Step::Change(line, state, number) => drop(story.change(line, state, number, "")),
            Step::Look => drop(story.look()),
            Step::Pass(millis) => story.passed += Duration::from_millis(millis),
            Step::Push(kind, remote, call_id) => {
                let remote = (!remote.is_empty()).then(|| remote.to_owned());
                let call_id = call_id.map(str::to_owned);
                let name =
                    Some(format!("push {place} of {}", remote.as_deref().unwrap_or("nobody")));
                let push = Push { kind, mac: None, local: None, remote, name, call_id };
                story.take(Input::Pushed(push, None));
            }
            Step::Dial(number, limit) => {
                let limit = Some(Duration::from_secs(limit));
                story.take(Input::Told(Instruction::Dial(number.to_owned(), limit)));
            }
            Step::TurnAway(line) => {
                story.take(Input::Told(Instruction::TurnAway(line)));
            }
            Step::Woke => drop(story.take(Input::Woke)),
            Step::SayNothing => drop(story.says_nothing()),
        }
    }
}

fn live(steps: Vec<Step>, min_ring: u64) -> Story {
    let mut story = unfinished(steps, min_ring);
    for line in 1..=3 {
        story.change(line, LineState::Idle, "", "");
    }
    story.passed += Duration::from_secs(1);
    story.look();
    story
}

/// A number of steps, and nobody hangs up.
fn unfinished(steps: Vec<Step>, min_ring: u64) -> Story {
    let mut story =
        Story::unseen(CallSettings { min_ring: Duration::from_millis(min_ring), ..settings() });
    let now = story.now();
    story.board.retained_complete(now);
    carry_out(&mut story, steps);
    story
}

/// A call that nobody answers, and that the phone pushes from its beginning to its end.
#[derive(Debug, Clone)]
struct Pushed {
    number: &'static str,
    /// Whether the lines are looked at while it rings.
    seen: bool,
    /// Whether the phone says everything twice.
    twice: bool,
    /// Milliseconds until the next one.
    pause: u64,
}

fn pushed_calls() -> impl Strategy<Value = Vec<Pushed>> {
    let number = prop::sample::select(vec!["", "1001", "1002"]);
    let call = (number, any::<bool>(), any::<bool>(), 0u64..3000)
        .prop_map(|(number, seen, twice, pause)| Pushed { number, seen, twice, pause });
    prop::collection::vec(call, 1..12)
}

fn is_last(event: &Value) -> bool {
    matches!(event["event_type"].as_str(), Some("ended" | "missed" | "rejected" | "failed"))
}

proptest! {
    #[test]
    fn every_call_ends_exactly_once_and_nothing_happens_to_it_afterwards(
        steps in steps(), min_ring in prop::sample::select(vec![0u64, 800]),
    ) {
        let story = live(steps, min_ring);
        let mut calls: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
        for event in &story.events {
            calls.entry(event["call_id"].to_string()).or_default().push(event);
        }
        for (id, events) in calls {
            let ends = events.iter().filter(|event| is_last(event)).count();
            prop_assert_eq!(ends, 1, "{} {:#?}", id, events);
            prop_assert!(is_last(events[events.len() - 1]), "{:#?}", events);
            let begins = events.iter().filter(|event| {
                matches!(event["event_type"].as_str(), Some("incoming" | "outgoing"))
            });
            prop_assert!(begins.count() <= 1);
            let lines: Vec<_> = events.iter().map(|event| &event["line"]).collect();
            prop_assert!(lines.windows(2).all(|pair| pair[0] == pair[1]));
        }
        prop_assert_eq!(story.board.topics().unwrap().in_progress, "[]");
    }

    #[test]
    fn call_ids_that_differ_are_different_calls(calls in pushed_calls()) {
        let mut story = Story::unseen(settings());
        let now = story.now();
        story.board.retained_complete(now);
        story.look();
        for (place, Pushed { number, seen, twice, pause }) in calls.iter().enumerate() {
            let (name, id) = (format!("caller {place}"), format!("{place}@pbx"));
            for kind in [PushKind::Incoming, PushKind::Missed] {
                for _ in 0..=u8::from(*twice) {
                    story.push_name(kind, number, &name, &id);
                }
                let rings = *seen && kind == PushKind::Incoming;
                let state = if rings { LineState::Ringing } else { LineState::Idle };
                story.change(1, state, number, "").look();
            }
            story.passed += Duration::from_millis(*pause);
        }
        let ends: Vec<_> = story.events.iter().filter(|event| is_last(event)).collect();
        prop_assert_eq!(ends.len(), calls.len(), "{:#?}", ends);
        for (place, (call, end)) in calls.iter().zip(ends).enumerate() {
            prop_assert_eq!(&end["call_id"], &format!("{place}@pbx"));
            prop_assert_eq!(end["number"].as_str().unwrap_or(""), call.number);
            let named = call.seen && !call.number.is_empty();
            let name = named.then(|| format!("caller {place}"));
            prop_assert_eq!(end["name"].as_str(), name.as_deref());
        }
    }

    #[test]
    fn a_push_names_one_call_at_most_and_only_one_with_its_number(steps in steps()) {
        let mut named = BTreeMap::new();
        for event in live(steps, 0).events {
            let Some(name) = event["name"].as_str() else { continue };
            let (_, remote) = name.split_once(" of ").unwrap();
            prop_assert!(remote != "nobody", "{}", event);
            let id = event["call_id"].to_string();
            prop_assert_eq!(named.entry(name.to_owned()).or_insert_with(|| id.clone()), &id);
        }
    }

    #[test]
    fn what_is_told_of_a_call_begins_with_its_beginning(steps in steps(), min_ring in 0u64..1500) {
        let mut known = std::collections::BTreeSet::new();
        for event in live(steps, min_ring).events {
            let first = known.insert(event["call_id"].to_string());
            let kind = event["event_type"].as_str().unwrap();
            let begins = matches!(kind, "incoming" | "outgoing" | "answered");
            prop_assert!(!first || begins || event["line"].is_null(), "{}", event);
        }
    }

    #[test]
    fn a_phone_that_is_removed_leaves_no_call_behind(steps in steps(), min_ring in 0u64..1500) {
        let mut story = unfinished(steps, min_ring);
        let before = story.events.len();
        story.take(Input::Removed);
        let mut open = BTreeMap::new();
        for event in story.events.iter().filter(|event| !event["line"].is_null()) {
            open.insert(event["call_id"].to_string(), is_last(event));
        }
        prop_assert!(open.values().all(|ended| *ended), "{:#?}", story.events);
        for event in &story.events[before..] {
            prop_assert_eq!((&event["event_type"], &event["ended_at"]), (&"ended".into(), &Value::Null));
        }
    }

    #[test]
    fn times_are_in_order(steps in steps()) {
        for event in live(steps, 0).events {
            let at = ["started_at", "answered_at", "ended_at"].map(|key| event[key].as_str());
            let known: Vec<_> = at.into_iter().flatten().collect();
            prop_assert!(known.is_sorted(), "{}", event);
            for key in ["ring_seconds", "talk_seconds"] {
                let seconds = event[key].as_i64().unwrap_or(0);
                prop_assert!((0..100_000_000).contains(&seconds), "{}", event);
            }
            if is_last(&event) && event["answered_at"].is_null() && event["direction"] == "incoming"
                && event["event_type"] == "missed" {
                prop_assert_eq!(&event["talk_seconds"], 0);
            }
        }
    }

    #[test]
    fn missed_calls_are_counted(steps in steps()) {
        let story = live(steps, 0);
        let missed = story.events.iter().filter(|event| event["event_type"] == "missed").count();
        prop_assert_eq!(story.board.topics().unwrap().missed, Some(missed as u64));
    }
}
