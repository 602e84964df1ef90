//! Whole calls, in simulated time.

mod doorbell;
mod limits;
mod memory;
mod names;
mod pushes;

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{CallSettings, CallTopics, Effect, Input, Instruction, Now, Switchboard};
use crate::domain::call::doorbell::{DoorbellRule, Pattern};
use crate::domain::call::push::{Push, PushKind};
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::telephony::{Line, LineState};

/// A switchboard, lines that do as they are told, and a clock that is moved by hand.
pub(super) struct Story {
    pub(super) board: Switchboard,
    start: Instant,
    pub(super) passed: Duration,
    lines: Vec<Line>,
    /// The topics, as somebody knows them who looks at news only.
    shown: Option<CallTopics>,
    log: Vec<String>,
    pub(super) events: Vec<Value>,
}

pub(super) fn settings() -> CallSettings {
    CallSettings {
        min_ring: Duration::ZERO,
        gap: Duration::from_secs(10),
        blind: Duration::from_secs(4),
        doorbell: Vec::new(),
    }
}

impl Story {
    /// A phone with three idle lines, seen once; nothing was before.
    fn new() -> Self {
        Self::with(settings())
    }

    fn with(settings: CallSettings) -> Self {
        let mut story = Self::unseen(settings);
        story.retained_complete().look();
        story
    }

    /// The broker had retained nothing else.
    fn retained_complete(&mut self) -> &mut Self {
        let now = self.now();
        let effects = self.board.retained_complete(now);
        self.note(effects)
    }

    #[expect(clippy::disallowed_methods, reason = "any instant does: stories only add to it")]
    pub(super) fn unseen(settings: CallSettings) -> Self {
        Self {
            board: Switchboard::new(settings),
            // far enough from the beginning of the clock for what was before
            start: Instant::now() + Duration::from_hours(24),
            passed: Duration::ZERO,
            lines: (1..=3).map(idle).collect(),
            shown: None,
            log: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Now {
        let wall = Timestamp::from_second(1_000_000).unwrap()
            + SignedDuration::try_from(self.passed).unwrap();
        Now { instant: self.start + self.passed, wall }
    }

    /// Time passes while nobody looks.
    fn away(&mut self, seconds: f64) -> &mut Self {
        self.passed += Duration::from_secs_f64(seconds);
        self
    }

    /// Time passes, and the lines are looked at every two seconds.
    fn pass(&mut self, seconds: f64) -> &mut Self {
        let mut left = seconds;
        while left > 2.0 {
            self.away(2.0).look();
            left -= 2.0;
        }
        self.away(left)
    }

    /// Somebody looks at the lines.
    pub(super) fn look(&mut self) -> &mut Self {
        let lines = self.lines.clone();
        let asked = self.now().instant;
        self.take(Input::Seen(lines.into(), asked))
    }

    /// The phone names no line.
    pub(super) fn says_nothing(&mut self) -> &mut Self {
        let asked = self.now().instant;
        self.take(Input::Seen([].into(), asked))
    }

    /// A line changes, and is seen half a second later.
    fn line(&mut self, line: u16, state: LineState, number: &str, name: &str) -> &mut Self {
        self.change(line, state, number, name).away(0.5).look()
    }

    pub(super) fn change(
        &mut self,
        line: u16,
        state: LineState,
        number: &str,
        name: &str,
    ) -> &mut Self {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let place = usize::from(line - 1);
        self.lines[place] = Line { state, number: text(number), name: text(name), ..idle(line) };
        self
    }

    fn push(&mut self, kind: PushKind, remote: &str, call_id: &str) -> &mut Self {
        self.push_name(kind, remote, "", call_id)
    }

    pub(super) fn push_name(
        &mut self,
        kind: PushKind,
        remote: &str,
        name: &str,
        call_id: &str,
    ) -> &mut Self {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (remote, name, call_id) = (text(remote), text(name), text(call_id));
        let push = Push { kind, mac: None, local: None, remote, name, call_id };
        self.take(Input::Pushed(push, None))
    }

    fn dial(&mut self, number: &str, limit: Option<u64>) -> &mut Self {
        let limit = limit.map(Duration::from_secs);
        self.take(Input::Told(Instruction::Dial(number.to_owned(), limit)))
    }

    pub(super) fn take(&mut self, input: Input) -> &mut Self {
        let now = self.now();
        let effects = self.board.handle(input, now);
        self.note(effects)
    }

    fn remember(&mut self, topic: &PhoneTopic, payload: &str) -> &mut Self {
        let now = self.now();
        let effects = self.board.retained(topic, payload, now);
        self.note(effects)
    }

    fn note(&mut self, effects: Vec<Effect>) -> &mut Self {
        // a bridge that was started anew has shown nothing
        let before = self.shown.take().filter(|_| self.board.topics().is_some());
        self.shown = self.board.news().or(before);
        assert_eq!(self.shown, self.board.topics(), "topics have changed, and nobody is told");
        for effect in effects {
            match effect {
                Effect::Publish(topic, payload) => {
                    let event: Value = serde_json::from_str(&payload).unwrap();
                    let word = event["event_type"].as_str().unwrap();
                    let text = |key: &str| event[key].as_str().unwrap_or("-").to_owned();
                    let line = event["line"].as_u64().map_or("-".into(), |line| line.to_string());
                    self.log.push(format!("{word} {line} {} {}", text("number"), text("name")));
                    if topic == PhoneTopic::CallEvent {
                        self.events.push(event);
                    }
                }
                Effect::HangUp(line) => self.log.push(format!("hang up {line}")),
                Effect::NeverSeen(number) => self.log.push(format!("never seen {number}")),
                Effect::Log(..) => {}
            }
        }
        self
    }

    /// Checks what was told since the last check.
    #[track_caller]
    fn tells(&mut self, expected: &[&str]) -> &mut Self {
        assert_eq!(std::mem::take(&mut self.log), expected);
        self
    }

    /// Returns a field of the newest event.
    fn field(&self, key: &str) -> Value {
        self.events.last().unwrap()[key].clone()
    }

    /// Returns what a new bridge finds on the broker.
    fn retained(&self) -> Vec<(PhoneTopic, String)> {
        let book = self.board.topics().unwrap();
        let topics = [
            (PhoneTopic::MissedCalls, book.missed.map(|missed| missed.to_string())),
            (PhoneTopic::LastCall, book.last_call),
            (PhoneTopic::Calls, Some(book.in_progress)),
            (PhoneTopic::LastCaller, book.last_caller),
        ];
        topics.into_iter().filter_map(|(topic, payload)| Some((topic, payload?))).collect()
    }

    /// The bridge is started again; it sees the lines once before it knows what was before.
    fn restart(&mut self, settings: CallSettings) -> &mut Self {
        let retained = self.retained();
        self.board = Switchboard::new(settings);
        self.look();
        for (topic, payload) in retained {
            self.remember(&topic, &payload);
        }
        self.retained_complete()
    }

    fn missed(&self) -> u64 {
        self.board.topics().unwrap().missed.unwrap()
    }

    fn in_progress(&self) -> Value {
        serde_json::from_str(&self.board.topics().unwrap().in_progress).unwrap()
    }

    fn caller(&self) -> Value {
        serde_json::from_str(&self.board.topics().unwrap().last_caller.unwrap()).unwrap()
    }
}

fn bell(number: &str) -> CallSettings {
    let number = Some(Pattern::Plain(number.into()));
    CallSettings {
        doorbell: vec![DoorbellRule { number, ..DoorbellRule::default() }],
        ..settings()
    }
}

fn idle(line: u16) -> Line {
    Line { line, state: Idle, code: None, account: None, name: None, number: None, active: None }
}

use LineState::{
    Calling, Conference, Dialing, Ending, Failed, Idle, InCall, OnHold, Ringback, Ringing, Unknown,
};

#[test]
fn a_call_comes_is_answered_held_resumed_and_ended() {
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "").tells(&["incoming 1 1001 -"]);
    let id = story.field("call_id");
    story.pass(3.0).line(1, Ringing, "1001", "Ann").tells(&[]);
    assert_eq!(story.caller()["name"], "Ann", "a late name is filled in");
    story.pass(1.0).line(1, InCall, "1001", "Ann").tells(&["answered 1 1001 Ann"]);
    assert_eq!(
        [story.field("ring_seconds"), story.field("talk_seconds")],
        [Value::from(5), Value::Null]
    );
    story.line(1, OnHold, "1001", "Ann").tells(&["held 1 1001 Ann"]);
    story.line(1, OnHold, "1001", "Ann").tells(&[]);
    story.line(1, InCall, "1001", "Ann").tells(&["resumed 1 1001 Ann"]);
    story.line(1, Conference, "1001", "Ann").tells(&[]);
    story.pass(60.0).line(1, Ending, "1001", "Ann").tells(&["ended 1 1001 Ann"]);
    story.line(1, Idle, "", "").tells(&[]);
    assert!(story.events.iter().all(|event| event["call_id"] == id));
    insta::assert_snapshot!(story.events.last().unwrap(), @r#"{"account":null,"answered_at":"1970-01-12T13:46:45Z","call_id":"3b9acbf4","contact":null,"direction":"incoming","doorbell":false,"ended_at":"1970-01-12T13:47:48Z","event_type":"ended","group":null,"groups":[],"line":1,"name":"Ann","number":"1001","ring_seconds":5,"source":"poll","started_at":"1970-01-12T13:46:40Z","talk_seconds":63}"#);
}

#[test]
fn nobody_answers() {
    let mut story = Story::new();
    story.line(2, Ringing, "1001", "Ann").pass(9.5).line(2, Idle, "", "");
    story.tells(&["incoming 2 1001 Ann", "missed 2 1001 Ann"]);
    assert_eq!(
        [story.field("ring_seconds"), story.field("talk_seconds")],
        [Value::from(10), Value::from(0)]
    );
    assert_eq!(story.missed(), 1);
    story.take(Input::MissedReset);
    assert_eq!(story.missed(), 0);
}

#[test]
fn a_call_that_the_bridge_turned_away_is_not_missed() {
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "");
    story.take(Input::Told(Instruction::TurnAway(1))).line(1, Idle, "", "");
    story.tells(&["incoming 1 1001 -", "rejected 1 1001 -"]);
    assert_eq!(story.missed(), 0);
    story.push(PushKind::Missed, "1001", "").look().tells(&[]);

    story.pass(30.0).line(1, Ringing, "1002", "");
    story.take(Input::Told(Instruction::TurnAway(1)));
    story.take(Input::Refused(Instruction::TurnAway(1))).line(1, Idle, "", "");
    story.tells(&["incoming 1 1002 -", "missed 1 1002 -"]);
    story.line(1, Ringing, "1003", "").take(Input::Told(Instruction::TurnAway(1)));
    story.pass(30.0).line(1, Ringing, "1003", "").line(1, Idle, "", "");
    story.tells(&["incoming 1 1003 -", "missed 1 1003 -"]);
}

#[test]
fn a_number_is_called() {
    let mut story = Story::new();
    story.line(1, Dialing, "1", "").line(1, Dialing, "10", "").tells(&[]);
    story.line(1, Calling, "1001", "").tells(&["outgoing 1 1001 -"]);
    story.line(1, Ringback, "1001", "Ann").tells(&[]);
    story.line(1, InCall, "1001", "Ann").line(1, Idle, "", "");
    story.tells(&["answered 1 1001 Ann", "ended 1 1001 Ann"]);
    assert_eq!(story.field("direction"), "outgoing");

    story.line(1, Calling, "1002", "").line(1, Failed, "1002", "").line(1, Failed, "1002", "");
    story.tells(&["outgoing 1 1002 -", "failed 1 1002 -"]);
    story.line(1, Unknown, "", "").line(1, Failed, "1002", "").line(1, Idle, "", "").tells(&[]);
    story.line(1, Calling, "1003", "").line(1, Idle, "", "");
    story.tells(&["outgoing 1 1003 -", "ended 1 1003 -"]);
    assert_eq!(
        [story.field("answered_at"), story.field("talk_seconds")],
        [Value::Null, Value::from(0)]
    );
    // somebody lifts the client, and changes his mind
    story.line(1, Dialing, "", "").line(1, Dialing, "10", "").line(1, Idle, "", "").tells(&[]);
    assert_eq!(story.missed(), 0);
}

#[test]
fn states_are_skipped_between_two_looks() {
    let mut story = Story::new();
    story.line(1, InCall, "1001", "").tells(&["answered 1 1001 -"]);
    assert_eq!(story.field("direction"), Value::Null, "nobody knows who began it");
    story.line(1, Idle, "", "").tells(&["ended 1 1001 -"]);
    story.line(1, OnHold, "1001", "").line(1, Ringing, "1002", "");
    story.tells(&["answered 1 1001 -", "held 1 1001 -", "ended 1 1001 -", "incoming 1 1002 -"]);
    story.line(1, OnHold, "1002", "").tells(&["answered 1 1002 -", "held 1 1002 -"]);
    story.line(1, Calling, "1003", "").tells(&["ended 1 1002 -", "outgoing 1 1003 -"]);
    story.line(1, OnHold, "1003", "").line(1, Idle, "", "");
    story.tells(&["answered 1 1003 -", "held 1 1003 -", "ended 1 1003 -"]);
    story.line(1, Failed, "1004", "").line(1, Idle, "", "");
    story.tells(&["outgoing 1 1004 -", "failed 1 1004 -"]);
    story.line(1, Ringing, "1005", "").line(1, Calling, "1006", "");
    story.tells(&["incoming 1 1005 -", "missed 1 1005 -", "outgoing 1 1006 -"]);
    story.line(1, Dialing, "1", "").line(1, InCall, "1006", "").tells(&["answered 1 1006 -"]);
}

#[test]
fn another_number_is_another_call_while_it_rings() {
    let mut story = Story::new();
    story.line(1, Ringing, "", "").line(1, Ringing, "+4930123456", "");
    story.line(1, Ringing, "030123456", "Ann").tells(&["incoming 1 - -"]);
    story.line(1, Ringing, "1002", "Bob");
    story.tells(&["missed 1 +4930123456 Ann", "incoming 1 1002 Bob"]);
    // once it is up the call may be handed on, and it is the same call
    story.line(1, InCall, "1003", "Cem").line(1, Idle, "", "");
    story.tells(&["answered 1 1002 Bob", "ended 1 1002 Bob"]);
}

#[test]
fn a_second_call_waits() {
    let mut story = Story::new();
    story
        .line(1, Ringing, "1001", "")
        .line(1, InCall, "1001", "")
        .tells(&["incoming 1 1001 -", "answered 1 1001 -"]);
    story.line(2, Ringing, "1002", "").tells(&["incoming 2 1002 -"]);
    story.change(1, OnHold, "1001", "").line(2, InCall, "1002", "");
    story.tells(&["held 1 1001 -", "answered 2 1002 -"]);
    story.line(3, Ringing, "1003", "").change(2, Idle, "", "").line(3, Idle, "", "");
    story.tells(&["incoming 3 1003 -", "ended 2 1002 -", "missed 3 1003 -"]);
    story.line(1, InCall, "1001", "").line(1, Idle, "", "");
    story.tells(&["resumed 1 1001 -", "ended 1 1001 -"]);
    let mut ids: Vec<_> = story.events.iter().map(|event| event["call_id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn calls_that_were_there_before_us() {
    let mut story = Story::unseen(settings());
    story.change(1, InCall, "1001", "").change(2, Ringing, "1002", "").change(3, Calling, "3", "");
    story.look().tells(&[]);
    story.retained_complete();
    story.tells(&["answered 1 1001 -", "incoming 2 1002 -", "outgoing 3 3 -"]);
    assert_eq!(story.field("started_at"), Value::Null, "nobody knows since when");
    story.line(1, OnHold, "1001", "").change(2, Idle, "", "").change(3, Idle, "", "");
    story.line(1, Idle, "", "");
    story.tells(&["held 1 1001 -", "ended 1 1001 -", "missed 2 1002 -", "ended 3 3 -"]);
    let [begun, ended] = [0, 4].map(|place| &story.events[place]);
    assert_eq!([&begun["started_at"], &begun["answered_at"]], [&Value::Null, &Value::Null]);
    assert_eq!([&ended["talk_seconds"], &ended["direction"]], [&Value::Null, &Value::Null]);
}

#[test]
fn a_phone_vanishes_in_a_call() {
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "").line(1, InCall, "1001", "");
    story.line(2, Ringing, "1002", "").tells(&[
        "incoming 1 1001 -",
        "answered 1 1001 -",
        "incoming 2 1002 -",
    ]);
    story.away(30.0).take(Input::Woke).look().tells(&[]);
    let lost = story.board.wake().unwrap();
    assert_eq!(lost - story.now().instant, Duration::from_mins(1));
    story.away(60.0).take(Input::Woke).tells(&["ended 1 1001 -", "missed 2 1002 -"]);
    assert_eq!(story.events[3]["ended_at"], "1970-01-12T13:47:11Z", "when it was seen last");
    story.change(2, Idle, "", "").look().tells(&["answered 1 1001 -"]);
    assert_eq!(story.board.topics().unwrap().in_progress.matches("call_id").count(), 1);

    // it comes back after the call, or in another one
    story.away(30.0).line(1, Idle, "", "").tells(&["ended 1 1001 -"]);
    assert_eq!(story.field("ended_at"), "1970-01-12T13:48:11Z");
    story.line(1, InCall, "1001", "").tells(&["answered 1 1001 -"]);
    story.away(30.0).line(1, InCall, "1009", "");
    story.tells(&["ended 1 1001 -", "answered 1 1009 -"]);
}

#[test]
fn a_phone_that_says_nothing_of_its_lines_ends_no_call() {
    let mut story = Story::new();
    story.line(3, InCall, "1001", "").tells(&["answered 3 1001 -"]);
    story.says_nothing().line(3, Unknown, "", "").tells(&[]);
    story.pass(300.0).line(3, Unknown, "", "").tells(&[]);
    story.away(300.0).says_nothing().tells(&["ended 3 1001 -"]);
    story.line(3, InCall, "1001", "").tells(&["answered 3 1001 -"]);
    story.lines.pop();
    story.look().tells(&["ended 3 1001 -"]);
}

#[test]
fn a_blocked_number_rings_too_shortly() {
    let mut story = Story::with(CallSettings { min_ring: Duration::from_secs(1), ..settings() });
    story.line(1, Ringing, "666", "").tells(&[]);
    assert_eq!(story.board.topics().unwrap().unproven, [1].into());
    assert_eq!(story.board.look_at(), Some(story.now().instant + Duration::from_secs(1)));
    story.line(1, Idle, "", "").push(PushKind::Missed, "666", "").look().tells(&[]);
    assert_eq!((story.missed(), story.board.topics().unwrap().last_call), (0, None));

    story.line(1, Ringing, "1001", "").pass(1.0).look();
    story.tells(&["incoming 1 1001 -"]);
    assert_eq!(story.field("started_at"), "1970-01-12T13:46:41Z", "when it began to ring");
    story.line(1, Idle, "", "").tells(&["missed 1 1001 -"]);
    story.line(1, Ringing, "1002", "").line(1, InCall, "1002", "");
    story.tells(&["incoming 1 1002 -", "answered 1 1002 -"]);
}

#[test]
fn one_lost_look_does_not_make_one_call_of_two() {
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "").tells(&["incoming 1 1001 -"]);
    story.away(9.4).line(1, InCall, "1002", "");
    story.tells(&["missed 1 1001 -", "answered 1 1002 -"]);
    story.away(9.4).line(1, InCall, "1003", "").tells(&["ended 1 1002 -", "answered 1 1003 -"]);
}
