//! What the broker says: commands, requests to the bridge, and what an earlier run, or somebody else, has left there.

use std::sync::Arc;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::call::{CallSettings, Switchboard};
use crate::domain::command::pending::PendingCommand;
use crate::domain::command::policy::Policy;
use crate::domain::command::{self, Step};
use crate::domain::contract::bridge_request;
use crate::domain::contract::entity::Device;
use crate::domain::contract::snapshot::Snapshot;
use crate::domain::contract::topic::{Base, PhoneTopic, Topic};
use crate::domain::polling::Pace;
use crate::domain::request::{Answer, PhoneRequest, StatusQuery};
use crate::domain::telephony::{Line, LineState, PhoneId, PhoneStatus};
use crate::domain::twin::{Effect, Input, Now, Twin, TwinOptions};
use crate::homeassistant::DiscoveryOptions;
use crate::homeassistant::announcer::{self, Announcer};

/// The longest result of a command that is refused, in bytes: its name, its id, and the message, each character of which
/// may take some as JSON.
const RESULT: usize = 16 * 1024;
/// More requests than any command takes: a value each, and what comes before and after.
const REQUESTS: usize = 250;

/// Reads a command, its name in the first line and its payload behind it, and carries it out on a phone that obeys.
pub(super) fn command(bytes: &[u8]) {
    let (name, payload) = name_and_payload(bytes);
    let Some(Topic::Phone(_, PhoneTopic::Command(name))) = topic(&format!("command/{name}")) else {
        return;
    };
    let now = now();
    let (header, command) = command::parse(&name, payload, false);
    let retained = command::parse(&name, payload, true);
    assert!(retained.1.is_err() && retained.0 == header);
    match command {
        Ok(command) => {
            drop(command.permitted(&Policy::default(), &[]));
            carried_out(PendingCommand::new(header, command, Vec::new(), now.instant));
        }
        Err(failure) => {
            let result = header.result(&Err(failure), now.wall);
            assert!(result.len() <= RESULT, "{result}");
            let read: Value = serde_json::from_str(&result).expect("a result is JSON");
            assert_eq!(read["id"], header.id);
        }
    }
}

/// Sends all requests of a command to a phone that obeys.
fn carried_out(mut command: PendingCommand) {
    let lines: Arc<[Line]> = [Line { state: LineState::Ringing, ..Line::unknown(1) }].into();
    for _ in 0..REQUESTS {
        let Step::Send(request) = command.step(&lines) else { return };
        assert!(!format!("{request:?}").is_empty());
        let answer = if let PhoneRequest::GetValues(names) = &request {
            assert!(names.join(":").len() < 64, "a list that old firmware does not survive");
            Answer::Values(names.iter().map(|name| (name.clone(), None)).collect())
        } else if request == PhoneRequest::Read(StatusQuery::Lines) {
            Answer::Lines(Arc::clone(&lines))
        } else {
            Answer::Done
        };
        if command.answered(&request, Ok(answer), true).is_some() {
            return;
        }
    }
    panic!("a command without end");
}

/// Reads a request to the bridge, its name in the first line and its payload behind it.
pub(super) fn request(bytes: &[u8]) {
    let (name, payload) = name_and_payload(bytes);
    let (asker, request) = bridge_request::parse(name, payload, false);
    let response = asker.response(&request.map(|_| Value::Null));
    let read: Value = serde_json::from_str(&response).expect("a response is JSON");
    assert!(read["status"].is_string());
}

/// Reads what is retained below a phone: topic and payload, parted by a blank, in each line.
pub(super) fn retained(bytes: &[u8]) {
    let now = now();
    let text = String::from_utf8_lossy(bytes);
    let messages: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(place, payload)| {
            let Topic::Phone(_, place) = topic(place)? else { return None };
            Some((place, payload))
        })
        .collect();
    for (place, payload) in &messages {
        known_again(place, payload, now);
    }
    let mut twin = Twin::new(twin_options(), now.instant, 1);
    let retained = messages
        .iter()
        .map(|(place, payload)| Input::Retained(place.clone(), (*payload).to_owned()));
    for input in retained.chain([Input::RetainedComplete, Input::RepublishAll]) {
        happens(&mut twin, input, now);
    }
    let mut heir = Twin::new(twin_options(), now.instant, 1);
    heir.resume_from(twin.into_handover(), now);
    happens(&mut heir, Input::RepublishAll, now);
    let mut handover = heir.into_handover();
    handover.end_calls(now);
}

/// Lets something happen to a twin whose phone has one line, and is idle.
fn happens(twin: &mut Twin, input: Input, now: Now) {
    let mut inputs = vec![input];
    for _ in 0..REQUESTS {
        let Some(input) = inputs.pop() else { return };
        for effect in twin.handle(input, now) {
            if let Effect::Send(request) = effect {
                let answer = if request == PhoneRequest::Read(StatusQuery::Lines) {
                    Answer::Lines([Line { state: LineState::Idle, ..Line::unknown(1) }].into())
                } else if request == PhoneRequest::Read(StatusQuery::Status) {
                    Answer::Status(PhoneStatus::Available)
                } else {
                    Answer::Done
                };
                inputs.push(Input::Answered(Ok(answer)));
            }
        }
        assert!(twin.wake().is_none_or(|wake| wake > now.instant), "it is woken for nothing");
    }
    panic!("requests without end");
}

/// Checks that what is published of what was retained is read back as the same.
fn known_again(place: &PhoneTopic, payload: &str, now: Now) {
    let read = |payload: &str| {
        let gap = Duration::from_secs(10);
        let settings =
            CallSettings { min_ring: Duration::ZERO, gap, blind: gap, doorbell: Vec::new() };
        let mut board = Switchboard::new(settings);
        board.retained(place, payload, now);
        board.retained_complete(now);
        board.topics().expect("it is known what was before")
    };
    let once = read(payload);
    let written = [
        (PhoneTopic::Calls, Some(once.in_progress.clone())),
        (PhoneTopic::LastCall, once.last_call.clone()),
        (PhoneTopic::LastCaller, once.last_caller.clone()),
        (PhoneTopic::MissedCalls, once.missed.map(|missed| missed.to_string())),
    ];
    for (_, text) in written.into_iter().filter(|(topic, _)| topic == place) {
        assert_eq!(read(&text.unwrap_or_default()), once);
    }
    if *place == PhoneTopic::Calls {
        Switchboard::end_remembered(payload, now);
    }
}

/// Reads an announcement of an earlier run, and announces what there is now.
pub(super) fn discovery(bytes: &[u8]) {
    let mut now = now().instant;
    let options = DiscoveryOptions::default();
    let object = |id: &str| format!("homeassistant/device/{id}/config");
    let mut announcer = Announcer::new(options, base(), [phone()].into(), 1);
    let TwinOptions { id, name, url, dialect, values, .. } = twin_options();
    let device = Device::of(&id, &name, values, &Snapshot::unseen(name.clone(), url, dialect));
    for input in [
        announcer::Input::Connected,
        announcer::Input::Listening,
        announcer::Input::Found { topic: object("gxv2mqtt_kitchen"), payload: bytes.to_vec() },
        announcer::Input::Found { topic: object("gxv2mqtt_attic"), payload: bytes.to_vec() },
        announcer::Input::Described(Box::new(device)),
    ] {
        announced(&mut announcer, input, now, bytes);
    }
    for _ in 0..20 {
        let Some(wake) = announcer.wake() else { return };
        assert!(wake > now, "it is woken for nothing");
        now = wake;
        announced(&mut announcer, announcer::Input::Woke, now, bytes);
    }
    panic!("announcements without end");
}

fn announced(announcer: &mut Announcer, input: announcer::Input, now: Instant, found: &[u8]) {
    for effect in announcer.handle(input, now) {
        let announcer::Effect::Publish(publication) = effect else { continue };
        assert!(
            publication.payload.is_empty()
                || serde_json::from_slice::<Value>(&publication.payload).is_ok()
        );
        assert!(publication.payload.len() <= RESULT * 4 + 40 * found.len());
    }
}

fn name_and_payload(bytes: &[u8]) -> (&str, &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let name = str::from_utf8(&bytes[..end]).unwrap_or_default();
    (name, bytes.get(end + 1..).unwrap_or_default())
}

/// Reads a topic below the phone, and checks that it is printed as it was written.
fn topic(place: &str) -> Option<Topic> {
    let text = format!("{}/{}/{place}", base().as_str(), phone());
    let topic = base().parse(&text)?;
    assert_eq!(base().render(&topic), text);
    Some(topic)
}

fn base() -> Base {
    Base::new("gxv2mqtt")
}

fn phone() -> PhoneId {
    "kitchen".parse().expect("a word is an id")
}

/// Returns a moment that is always the same for people, so that a find stays one.
fn now() -> Now {
    let wall = Timestamp::from_second(1_800_000_000).expect("it is in this century");
    Now { wall, ..crate::phone::task::now() }
}

fn twin_options() -> TwinOptions {
    TwinOptions {
        id: phone(),
        name: "Kitchen".to_owned(),
        url: "http://192.0.2.1/".to_owned(),
        dialect: "gxv",
        pace: Pace { idle: Duration::from_secs(2), active: Duration::from_millis(500) },
        min_ring: Duration::ZERO,
        doorbell: Vec::new(),
        contacts_poll: None,
        policy: Policy::default(),
        values: Vec::new().into(),
        values_every: Duration::from_mins(5),
    }
}
