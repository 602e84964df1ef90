//! Whole conversations of a twin, in simulated time.

mod calls;
mod functions;
mod handover;
mod names;
mod pauses;
mod values;
mod wakes;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Effect, Input, Note, Now, Twin, TwinOptions};
use crate::domain::call::push::{Push, PushKind};
use crate::domain::command::dial_allow::DialAllow;
use crate::domain::command::parse;
use crate::domain::command::policy::{Guarded, Policy};
use crate::domain::contacts::phonebook::{Contact, Group};
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::polling::Pace;
use crate::domain::request::{
    Answer, Operation, PhoneError, PhoneRequest, StatusQuery, SystemOperation,
};
use crate::domain::telephony::clock::{PhoneClock, Uptime};
use crate::domain::telephony::{Account, Identity, Line, LineState, PhoneStatus};

/// A twin, a phone that answers at once as it is told to, and a clock that is moved by hand.
struct Story {
    twin: Twin,
    start: Instant,
    now: Instant,
    lines: Vec<LineState>,
    error: Option<PhoneError>,
    accounts: Vec<Account>,
    /// When the phone was started, and 500 seconds more.
    booted: Instant,
    values: BTreeMap<String, String>,
    /// Values that the phone answers with this, and so the whole list.
    denied: BTreeMap<String, PhoneError>,
    contacts: Vec<Contact>,
    groups: Vec<Group>,
    /// The number that lines show in a call.
    number: Option<String>,
    /// Whether requests stay unanswered until told.
    stuck: bool,
    asked: Vec<PhoneRequest>,
    log: String,
}

impl Story {
    #[expect(clippy::disallowed_methods, reason = "any instant does: stories only add to it")]
    fn new() -> Self {
        let start = Instant::now();
        let settings = TwinOptions {
            id: "kitchen".parse().unwrap(),
            name: "Kitchen".into(),
            url: "http://192.0.2.1/".into(),
            dialect: "gxv",
            pace: Pace { idle: Duration::from_secs(2), active: Duration::from_millis(500) },
            min_ring: Duration::ZERO,
            doorbell: Vec::new(),
            values: Vec::new().into(),
            values_every: Duration::from_mins(5),
            contacts_poll: None,
            policy: Policy {
                allow: [].into(),
                dial_allow: DialAllow::new(vec!["^[0-9]+$".into()]).unwrap(),
            },
        };
        Self {
            twin: Twin::new(settings, start, 1),
            start,
            now: start,
            lines: vec![LineState::Idle, LineState::Idle],
            error: None,
            accounts: Vec::new(),
            booted: start,
            values: BTreeMap::new(),
            denied: BTreeMap::new(),
            contacts: Vec::new(),
            groups: Vec::new(),
            number: None,
            stuck: false,
            asked: Vec::new(),
            log: String::new(),
        }
    }

    fn now(&self) -> Now {
        let passed = self.now - self.start;
        let wall = Timestamp::from_second(1_000_000).unwrap()
            + jiff::SignedDuration::try_from(passed).unwrap();
        Now { instant: self.now, wall }
    }

    /// Lets something happen, and the phone answer until the twin has nothing more to request.
    fn happens(&mut self, event: Input) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in self.twin.handle(event, self.now()) {
                if let Effect::Send(request) = &effect {
                    self.asked.push(request.clone());
                    if !self.stuck {
                        events.push(Input::Answered(self.answer(request)));
                    }
                }
                self.write(&effect);
            }
            // the law of every reducer: what is due is done, or the loop would spin
            if events.is_empty() && !self.twin.leaving {
                let wake = self.twin.wake();
                assert!(wake.is_none_or(|wake| wake > self.now), "woken for what is done");
            }
        }
    }

    fn answer(&self, request: &PhoneRequest) -> Result<Answer, PhoneError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        Ok(match request {
            PhoneRequest::Read(StatusQuery::Lines) => Answer::Lines(self.lines().into()),
            PhoneRequest::Read(StatusQuery::Status) => Answer::Status(PhoneStatus::Available),
            // as a phone answers that does not have the filter
            PhoneRequest::Read(StatusQuery::Accounts) | PhoneRequest::GetRegistered => {
                Answer::Accounts(self.accounts.clone())
            }
            PhoneRequest::Read(StatusQuery::Clock) => {
                let seconds = 500 + (self.now - self.booted).as_secs();
                let uptime = Some(Uptime { seconds, to_the_second: true });
                Answer::Clock(PhoneClock { time: None, uptime })
            }
            PhoneRequest::Read(StatusQuery::Identity) => Answer::Identity(Identity::default()),
            PhoneRequest::GetValues(names) => {
                if let Some(error) = names.iter().find_map(|name| self.denied.get(name)) {
                    return Err(error.clone());
                }
                let said = |name: &String| (name.clone(), self.values.get(name).cloned());
                Answer::Values(names.iter().map(said).collect())
            }
            PhoneRequest::GetContacts(_) if self.denied.contains_key("contacts") => {
                return Err(self.denied["contacts"].clone());
            }
            PhoneRequest::GetContacts(_) => Answer::Contacts(self.contacts.clone()),
            PhoneRequest::GetGroups => Answer::Groups(self.groups.clone()),
            PhoneRequest::DownloadPhonebook => {
                Answer::Phonebook { contacts: self.contacts.clone(), xml: String::new() }
            }
            PhoneRequest::ChangePassword { .. } => Answer::PasswordChanged { ours: true },
            PhoneRequest::Dial { .. }
            | PhoneRequest::Operate { .. }
            | PhoneRequest::System(_)
            | PhoneRequest::SetValues(_)
            | PhoneRequest::SaveContact(_)
            | PhoneRequest::DeleteContact(_)
            | PhoneRequest::DeleteAllContacts
            | PhoneRequest::AddGroup(_)
            | PhoneRequest::EditGroup { .. } => Answer::Done,
        })
    }

    fn lines(&self) -> Vec<Line> {
        let line = |(line, state): (u16, &LineState)| Line {
            line,
            state: *state,
            code: None,
            account: None,
            name: None,
            number: self.number.clone().filter(|_| *state != LineState::Idle),
            active: None,
        };
        (1..).zip(&self.lines).map(line).collect()
    }

    fn write(&mut self, effect: &Effect) {
        let seconds = (self.now - self.start).as_secs_f64();
        let text = match effect {
            Effect::Publish(PhoneTopic::Line(_) | PhoneTopic::Info | PhoneTopic::System, _) => {
                return;
            }
            Effect::Publish(PhoneTopic::CallEvent, text) => {
                let event: serde_json::Value = serde_json::from_str(text).unwrap();
                let text = |key: &str| event[key].as_str().unwrap_or("-").to_owned();
                let [event_type, number, source] = ["event_type", "number", "source"].map(text);
                format!("* {event_type}, line {}, {number}, {source}", event["line"])
            }
            Effect::Publish(
                PhoneTopic::Calls | PhoneTopic::LastCall | PhoneTopic::LastCaller,
                _,
            )
            | Effect::Note(Note::Call(..)) => return,
            Effect::Publish(topic, text) => format!("{} = {text}", topic.render()),
            Effect::Send(request) => format!("? {request:?}"),
            Effect::Describe(device) => {
                format!("! lines {:?}, complete {}", device.lines, device.complete)
            }
            Effect::Note(note) => format!("# {note:?}"),
        };
        writeln!(self.log, "{seconds:5.1} {text}").unwrap();
    }

    /// Lets time pass; the twin is woken when it wants to be.
    fn passes(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(wake) = self.twin.wake().filter(|wake| *wake <= end) {
            self.now = wake.max(self.now);
            self.happens(Input::Woke);
        }
        self.now = end;
    }

    /// The phone calls our URL.
    fn pushes(&mut self, kind: PushKind, mac: Option<&str>) {
        let mac = mac.map(str::to_owned);
        let (local, remote, name, call_id) = (None, None, None, None);
        self.happens(Input::Pushed(Push { kind, mac, local, remote, name, call_id }));
    }

    fn commanded(&mut self, name: &str, payload: &str) {
        let (header, command) = parse(name, payload.as_bytes(), false);
        self.happens(Input::Commanded { header, command });
    }

    /// Returns what was written since the last call.
    fn told(&mut self) -> String {
        std::mem::take(&mut self.log)
    }

    fn asks(&mut self) -> Vec<PhoneRequest> {
        std::mem::take(&mut self.asked)
    }

    /// A story in which the phone has been there for a while.
    fn settled() -> Self {
        let mut story = Self::new();
        story.passes(Duration::from_secs(10));
        story.happens(Input::RetainedComplete);
        story.told();
        story.asks();
        story
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn a_phone_is_met() {
    let mut story = Story::new();
    story.passes(3 * SECOND);
    insta::assert_snapshot!(story.told(), @"
    1.3 availability = offline
    1.3 ? Read(Lines)
    1.3 # Online(None)
    1.3 ? Read(Status)
    1.3 ? Read(Accounts)
    1.3 ? Read(Clock)
    1.3 ? Read(Identity)
    1.3 status = available
    1.3 in_call = OFF
    1.3 ringing = OFF
    1.3 call_state = idle
    1.3 problem = none
    1.3 availability = online
    1.3 ! lines [1, 2], complete true
    ");
}

#[test]
fn an_idle_tick_is_one_request() {
    let mut story = Story::settled();
    story.passes(19 * SECOND);
    let asks = story.asks();
    assert_eq!(asks, vec![PhoneRequest::Read(StatusQuery::Lines); asks.len()]);
    assert!((9..=10).contains(&asks.len()), "{asks:?}");
    assert_eq!(story.told().lines().filter(|line| !line.contains('?')).count(), 0);
}

#[test]
fn every_half_minute_and_every_five_minutes_more_is_asked() {
    let mut story = Story::settled();
    story.passes(600 * SECOND);
    let asks = story.asks();
    let count =
        |query| asks.iter().filter(|request| **request == PhoneRequest::Read(query)).count();
    assert_eq!([StatusQuery::Status, StatusQuery::Accounts].map(count), [20, 20]);
    assert_eq!([StatusQuery::Clock, StatusQuery::Identity].map(count), [2, 2]);
}

#[test]
fn a_call_is_seen_and_watched_closely() {
    let mut story = Story::settled();
    story.lines[1] = LineState::Ringing;
    story.passes(2 * SECOND);
    story.lines[1] = LineState::InCall;
    story.passes(SECOND);
    story.lines[1] = LineState::Idle;
    story.passes(4 * SECOND);
    insta::assert_snapshot!(story.told(), @"
    11.3 ? Read(Lines)
    11.3 ringing = ON
    11.3 call_state = ringing
    11.3 * incoming, line 2, -, poll
    11.3 ? Read(Status)
    11.3 ? Read(Accounts)
    11.8 ? Read(Lines)
    12.3 ? Read(Lines)
    12.3 in_call = ON
    12.3 ringing = OFF
    12.3 call_state = in_call
    12.3 * answered, line 2, -, poll
    12.3 ? Read(Status)
    12.3 ? Read(Accounts)
    12.8 ? Read(Lines)
    13.3 ? Read(Lines)
    13.3 in_call = OFF
    13.3 call_state = idle
    13.3 * ended, line 2, -, poll
    13.3 ? Read(Status)
    13.3 ? Read(Accounts)
    13.8 ? Read(Lines)
    14.3 ? Read(Lines)
    14.8 ? Read(Lines)
    15.3 ? Read(Lines)
    15.8 ? Read(Lines)
    16.3 ? Read(Lines)
    16.8 ? Read(Lines)
    ");
}

#[test]
fn a_phone_that_does_not_answer_is_offline_after_three_misses() {
    let mut story = Story::settled();
    story.lines[0] = LineState::Ringing;
    story.passes(2 * SECOND);
    story.told();
    story.error = Some(PhoneError::Timeout);
    story.passes(60 * SECOND);
    story.error = None;
    story.lines[0] = LineState::Idle;
    story.passes(30 * SECOND);
    insta::assert_snapshot!(story.told(), @"
     12.3 ? Read(Lines)
     12.3 # Missed(Timeout)
     15.8 ? Read(Lines)
     22.3 ? Read(Lines)
     22.3 # Offline(Timeout)
     22.3 problem = unreachable
     22.3 availability = offline
     22.3 status = unknown
     22.3 in_call = unknown
     22.3 ringing = unknown
     22.3 call_state = unknown
     37.4 ? Read(Lines)
     60.0 ? Read(Lines)
     71.8 missed_calls = 1
     71.8 * missed, line 1, -, poll
     88.4 ? Read(Lines)
     88.4 # Online(Some(76.060060394s))
     88.4 in_call = OFF
     88.4 ringing = OFF
     88.4 call_state = idle
     88.4 problem = none
     88.4 availability = online
     88.4 ? Read(Status)
     88.4 status = available
     88.4 ? Read(Accounts)
     88.4 ? Read(Clock)
     88.4 ? Read(Identity)
     90.4 ? Read(Lines)
     92.4 ? Read(Lines)
     94.4 ? Read(Lines)
     96.4 ? Read(Lines)
     98.4 ? Read(Lines)
    100.4 ? Read(Lines)
    ");
}

#[test]
fn a_locked_phone_is_left_alone_as_one_that_refuses_us() {
    for error in [PhoneError::LockedOut("locked".into()), PhoneError::Unauthorized("wrong".into())]
    {
        let mut story = Story::new();
        story.error = Some(error);
        // 10, 20 and 40 minutes
        for seconds in [599, 1199, 2399] {
            story.passes(seconds * SECOND);
            assert_eq!(story.asks(), [PhoneRequest::Read(StatusQuery::Lines)], "after {seconds} s");
        }
    }
}

#[test]
fn a_refused_password_is_not_tried_again_for_ten_minutes() {
    let mut story = Story::new();
    story.error = Some(PhoneError::Unauthorized("wrong".into()));
    story.passes(599 * SECOND);
    assert_eq!(story.asks(), [PhoneRequest::Read(StatusQuery::Lines)]);
    story.commanded("dial", "1001");
    story.commanded("refresh", "");
    assert_eq!(story.asks(), []);
    insta::assert_snapshot!(story.told(), @r#"
      1.3 availability = offline
      1.3 ? Read(Lines)
      1.3 # LoginRefused(Unauthorized("wrong"), 600s)
      1.3 problem = unauthorized
      1.3 status = unauthorized
      1.3 in_call = unknown
      1.3 ringing = unknown
      1.3 call_state = unknown
      1.3 ! lines [], complete false
    599.0 result = {"at":"1970-01-12T13:56:39Z","command":"dial","error":{"code":"unauthorized","message":"the phone refused our login, and is left alone for 1 more min so that it does not lock; fix username and password, and reload the settings or restart the bridge"},"id":null,"ok":false}
    599.0 # NotDone("dial", Failure { code: Unauthorized, message: "the phone refused our login, and is left alone for 1 more min so that it does not lock; fix username and password, and reload the settings or restart the bridge" })
    599.0 result = {"at":"1970-01-12T13:56:39Z","command":"refresh","error":{"code":"unauthorized","message":"the phone refused our login, and is left alone for 1 more min so that it does not lock; fix username and password, and reload the settings or restart the bridge"},"id":null,"ok":false}
    599.0 # NotDone("refresh", Failure { code: Unauthorized, message: "the phone refused our login, and is left alone for 1 more min so that it does not lock; fix username and password, and reload the settings or restart the bridge" })
    "#);
    story.passes(24 * 3600 * SECOND);
    assert_eq!(story.asks().len(), 8, "10, 20, 40, 80, 160, 320 min, then every 6 h");
    story.error = None;
    story.told();
    story.passes(6 * 3600 * SECOND);
    assert!(story.told().contains("availability = online"));
}

#[test]
fn commands_are_carried_out() {
    let mut story = Story::settled();
    story.lines = vec![LineState::InCall, LineState::Idle];
    story.passes(2 * SECOND);
    story.told();
    story.commanded("dial", r#"{"number":"10-01","id":1}"#);
    story.commanded("hold", "");
    story.commanded("get_time", "");
    story.commanded("dial", "sip:x");
    insta::assert_snapshot!(story.told(), @r#"
    12.0 ? Dial { number: "1001", account: 1 }
    12.0 result = {"at":"1970-01-12T13:46:52Z","command":"dial","data":null,"id":1,"ok":true}
    12.0 # Done("dial")
    12.0 ? Read(Lines)
    12.0 ? Operate { operation: Hold, line: 1 }
    12.0 result = {"at":"1970-01-12T13:46:52Z","command":"hold","data":null,"id":null,"ok":true}
    12.0 # Done("hold")
    12.0 ? Read(Lines)
    12.0 ? Read(Clock)
    12.0 result = {"at":"1970-01-12T13:46:52Z","command":"get_time","data":{"booted_at":"1970-01-12T13:38:20Z","clock_skew_seconds":null,"time":null,"uptime_seconds":512},"id":null,"ok":true}
    12.0 # Done("get_time")
    12.0 result = {"at":"1970-01-12T13:46:52Z","command":"dial","error":{"code":"not_allowed","message":"\"sip:x\" is no number: expected 1 to 32 of 0-9 * # +"},"id":null,"ok":false}
    12.0 # NotDone("dial", Failure { code: NotAllowed, message: "\"sip:x\" is no number: expected 1 to 32 of 0-9 * # +" })
    "#);
}

#[test]
fn answering_when_nothing_rings_asks_nothing_of_the_phone_but_its_lines() {
    let mut story = Story::settled();
    story.commanded("answer", "");
    assert!(story.told().contains("no_such_call"));
    assert_eq!(story.asks(), [PhoneRequest::Read(StatusQuery::Lines)]);
}

#[test]
fn a_call_that_began_after_the_last_look_can_be_answered() {
    let mut story = Story::settled();
    story.lines[0] = LineState::Ringing;
    story.commanded("answer", "");
    let operate = PhoneRequest::Operate { operation: Operation::Answer, line: 1 };
    assert!(story.asks().contains(&operate));
    assert!(story.told().contains(r#""ok":true"#));
}

#[test]
fn commands_that_wait_too_long_are_not_sent() {
    let mut story = Story::settled();
    story.stuck = true;
    story.passes(2 * SECOND);
    for _ in 0..20 {
        story.commanded("dial", "1001");
    }
    let told = story.told();
    assert_eq!(told.matches("rate_limited").count(), 4, "{told}");
    story.passes(11 * SECOND);
    assert_eq!(story.told().matches("too_late").count(), 16);
    story.asks();
    story.stuck = false;
    story.happens(Input::Answered(Err(PhoneError::Timeout)));
    story.passes(60 * SECOND);
    assert!(story.asks().iter().all(|request| matches!(request, PhoneRequest::Read(_))));
}

#[test]
fn an_automation_that_runs_wild_dials_twenty_times_a_minute() {
    let mut story = Story::settled();
    for _ in 0..120 {
        story.commanded("dial", "1001");
        story.passes(SECOND);
    }
    let dials =
        story.asks().iter().filter(|request| matches!(request, PhoneRequest::Dial { .. })).count();
    assert_eq!(dials, 40);
    assert_eq!(story.told().matches(r#""code":"rate_limited""#).count(), 80);
}

#[test]
fn what_the_broker_forgot_is_published_again() {
    let mut story = Story::settled();
    story.happens(Input::RepublishAll);
    let told = story.told();
    assert!(told.contains("availability = online") && told.contains("call_state = idle"), "{told}");
    story.happens(Input::Woke);
    assert_eq!(story.told(), "");
}

#[test]
fn what_the_broker_had_of_an_account_that_is_not_there_is_taken_back_though_nothing_else_changed() {
    let mut story = Story::settled();
    story.happens(Input::Retained(PhoneTopic::Account(9), "{}".into()));
    assert_eq!(story.told(), " 10.0 accounts/9 = \n");
}

#[test]
fn a_lacking_function_is_said_once_and_the_rest_works() {
    let mut story = Story::new();
    story.stuck = true;
    story.passes(2 * SECOND);
    for _ in 0..200 {
        let Some(request) = story.asked.last().cloned() else { break };
        let lacking = request == PhoneRequest::Read(StatusQuery::Clock);
        let answer = if lacking {
            Err(PhoneError::Unsupported("HTTP 404".into()))
        } else {
            story.answer(&request)
        };
        story.happens(Input::Answered(answer));
        story.passes(2 * SECOND);
    }
    let told = story.told();
    assert_eq!(told.matches("Failing(Clock").count(), 1, "{told}");
    assert!(told.contains("complete true"));
    assert!(!told.contains("Offline("));
}

#[test]
fn a_goodbye_answers_everybody() {
    let mut story = Story::settled();
    story.stuck = true;
    story.commanded("reboot", "");
    story.commanded("refresh", "");
    story.told();
    story.happens(Input::Stopping);
    let told = story.told();
    assert_eq!(told.matches("the bridge is stopping").count(), 4, "two results, two notes: {told}");
    assert!(told.contains("availability = offline"));
}

fn events() -> impl Strategy<Value = (u32, Option<(String, String)>, Option<PhoneError>)> {
    let names =
        prop::sample::select(vec!["dial", "answer", "hangup", "hold", "refresh", "reboot", "x"]);
    let payloads = prop::sample::select(vec!["", "PRESS", "1001", "2", "{}", "{\"line\":1}", "{"]);
    let command =
        prop::option::of((names, payloads).prop_map(|(n, p)| (n.to_owned(), p.to_owned())));
    let error = prop::option::of(prop_oneof![
        Just(PhoneError::Timeout),
        Just(PhoneError::Unreachable("gone".into())),
        Just(PhoneError::Refused("no".into())),
        Just(PhoneError::Unauthorized("no".into())),
        Just(PhoneError::Unsupported("no".into())),
    ]);
    (0u32..20, command, error)
}

proptest! {
    #[test]
    fn every_command_has_exactly_one_result(events in prop::collection::vec(events(), 1..30)) {
        let mut story = Story::new();
        let mut commands = 0;
        for (seconds, command, error) in events {
            story.error = error;
            story.passes(seconds * SECOND);
            if let Some((name, payload)) = command {
                commands += 1;
                story.commanded(&name, &payload);
            }
        }
        story.passes(60 * SECOND);
        prop_assert_eq!(story.log.matches(" result = ").count(), commands);
    }

    #[test]
    fn nobody_reboots_a_phone_unasked(states in prop::collection::vec(0usize..LineState::ALL.len(), 1..40)) {
        let mut story = Story::new();
        for state in states {
            story.lines[0] = LineState::ALL[state];
            story.passes(3 * SECOND);
        }
        let reads_only = story.asks().iter().all(|request| matches!(request, PhoneRequest::Read(_)));
        prop_assert!(reads_only);
        story.lines = vec![LineState::Idle, LineState::Idle];
        story.commanded("reboot", "");
        prop_assert!(story.asks().contains(&PhoneRequest::System(SystemOperation::Reboot)));
    }
}
