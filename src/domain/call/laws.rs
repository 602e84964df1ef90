//! What holds for any calls.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::super::phone::LineState;
use super::super::push::{Push, PushKind};
use super::stories::{Story, habits};
use super::{Habits, Input, Instruction};

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
fn live(steps: Vec<Step>, min_ring: u64) -> Story {
    let mut story = Story::unseen(Habits { min_ring: Duration::from_millis(min_ring), ..habits() });
    let now = story.now();
    story.board.remember_no_more(now);
    for step in steps {
        match step {
            Step::Change(line, state, number) => drop(story.change(line, state, number, "")),
            Step::Look => drop(story.look()),
            Step::Pass(millis) => story.passed += Duration::from_millis(millis),
            Step::Push(kind, remote, call_id) => {
                let remote = (!remote.is_empty()).then(|| remote.to_owned());
                let call_id = call_id.map(str::to_owned);
                let push = Push { kind, mac: None, local: None, remote, name: None, call_id };
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
            Step::SayNothing => drop(story.take(Input::Seen(Vec::new()))),
        }
    }
    for line in 1..=3 {
        story.change(line, LineState::Idle, "", "");
    }
    story.passed += Duration::from_secs(1);
    story.look();
    story
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
        prop_assert_eq!(story.board.book().unwrap().in_progress, "[]");
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
        prop_assert_eq!(story.board.book().unwrap().missed, Some(missed as u64));
    }
}
