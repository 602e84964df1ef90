//! What users see of the calls of one phone besides the events, as JSON; and back from there after a restart.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::live::{HangUp, Live, Stage};
use super::{Call, Direction, EventType, Now, Source};
use crate::domain::contacts::directory::Person;
use crate::domain::telephony::MANY;

/// A call that was to be ended so long before the restart is not: what is there now may be another.
const TOO_LATE: SignedDuration = SignedDuration::from_secs(60);

/// The calls of one phone, as topics show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallTopics {
    /// `P/calls`
    pub in_progress: String,
    /// `P/last_call`
    pub last_call: Option<String>,
    /// `P/last_caller`
    pub last_caller: Option<String>,
    /// `P/missed_calls`; none until it is known what was counted before a restart.
    pub missed: Option<u64>,
    /// Lines that ring, but not yet for long enough to be a call.
    pub unproven: BTreeSet<u16>,
}

/// A call as `P/event/call` and `P/last_call` show it.
#[derive(Serialize)]
struct Told<'a> {
    event_type: EventType,
    call_id: &'a str,
    line: Option<u16>,
    account: Option<u16>,
    direction: Option<Direction>,
    name: Option<&'a str>,
    number: Option<&'a str>,
    #[serde(flatten)]
    contact: Known,
    started_at: Option<String>,
    answered_at: Option<String>,
    ended_at: Option<String>,
    ring_seconds: Option<u64>,
    talk_seconds: Option<u64>,
    doorbell: bool,
    source: Source,
}

/// A call in progress as `P/calls` shows it.
#[derive(Serialize, Deserialize)]
struct Entry {
    call_id: String,
    line: u16,
    state: Word,
    account: Option<u16>,
    direction: Option<Direction>,
    name: Option<String>,
    number: Option<String>,
    #[serde(flatten)]
    contact: Known,
    started_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    /// Whether it has rung as the doorbell.
    doorbell: bool,
    /// When the bridge ends it, unless it is answered.
    hang_up_at: Option<Timestamp>,
}

/// How far a call is, in the words of `P/call_state`.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Ringing,
    Calling,
    InCall,
    OnHold,
}

/// Who called last, as `P/last_caller` shows it.
#[derive(Serialize, Deserialize)]
struct Caller {
    call_id: String,
    line: Option<u16>,
    account: Option<u16>,
    name: Option<String>,
    number: Option<String>,
    #[serde(flatten)]
    contact: Known,
    /// Older versions did not write it.
    #[serde(default)]
    doorbell: bool,
    at: Option<String>,
}

/// Who has the number, as address books say; nothing where they don't, as in what an older version has left.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    contact: Option<String>,
    /// The first of the groups.
    group: Option<String>,
    groups: Vec<String>,
}

impl Known {
    fn of(call: &Call) -> Self {
        let Some(person) = &call.person else { return Self::default() };
        Self {
            contact: Some(person.name.clone()),
            group: person.group().map(str::to_owned),
            groups: person.groups.clone(),
        }
    }

    fn person(self) -> Option<Arc<Person>> {
        Some(Arc::new(Person { name: self.contact?, groups: self.groups }))
    }
}

/// Returns what was retained on `P/last_call` or `P/last_caller` with all keys of today: an older version did not write
/// those of contacts or doors, and Home Assistant's templates miss them. Returns none for what we have not written.
pub(super) fn completed(payload: &str) -> Option<String> {
    let mut whole: Value = serde_json::from_str(payload).ok()?;
    let fields = whole.as_object_mut()?;
    if !fields.get("call_id").is_some_and(Value::is_string) {
        return None;
    }
    if fields.contains_key("doorbell") {
        return Some(payload.to_owned());
    }
    let of_today = [
        ("contact", Value::Null),
        ("group", Value::Null),
        ("groups", json!([])),
        ("doorbell", false.into()),
    ];
    for (key, nothing) in of_today {
        fields.entry(key).or_insert(nothing);
    }
    Some(whole.to_string())
}

/// Returns the payload of `P/event/call`.
pub(super) fn event(event_type: EventType, call: &Call, source: Source) -> String {
    let over = event_type.is_last();
    text(&Told {
        event_type,
        call_id: &call.call_id,
        line: call.line,
        account: call.account,
        direction: call.direction,
        name: call.shown_name(),
        number: call.number.as_deref(),
        contact: Known::of(call),
        started_at: call.started.map(second),
        answered_at: call.answered.map(second),
        ended_at: call.ended.map(second),
        ring_seconds: call.ring_time().map(seconds),
        talk_seconds: call.talk_time(over).map(seconds),
        doorbell: call.doorbell,
        source,
    })
}

/// Returns the payload of `P/event/doorbell`.
pub(super) fn doorbell(call: &Call, label: Option<&str>) -> String {
    json!({
        "event_type": "ring", "label": label, "name": call.shown_name(), "number": call.number, "line": call.line,
    })
    .to_string()
}

/// Returns the payload of `P/last_caller`; the moment is that of the beginning, else of when it was seen.
pub(super) fn caller(call: &Call, seen: Now) -> String {
    text(&Caller {
        call_id: call.call_id.clone(),
        line: call.line,
        account: call.account,
        name: call.shown_name().map(str::to_owned),
        number: call.number.clone(),
        contact: Known::of(call),
        doorbell: call.doorbell,
        at: Some(second(call.started.unwrap_or(seen))),
    })
}

/// Returns the payload of `P/last_caller` with what came late, if it is about this call.
pub(super) fn caller_again(before: &str, call: &Call) -> Option<String> {
    let before: Caller = serde_json::from_str(before).ok()?;
    (before.call_id == call.call_id).then(|| {
        let (name, number) = (call.shown_name().map(str::to_owned), call.number.clone());
        let contact = Known::of(call);
        let (account, doorbell) = (call.account, call.doorbell);
        text(&Caller { account, name, number, contact, doorbell, ..before })
    })
}

/// Returns the payload of `P/calls`.
pub(super) fn in_progress<'a>(calls: impl Iterator<Item = &'a Live>) -> String {
    let entries: Vec<Entry> = calls.filter(|live| live.announced).filter_map(entry).collect();
    text(&entries)
}

fn entry(live: &Live) -> Option<Entry> {
    let call = &live.call;
    Some(Entry {
        call_id: call.call_id.clone(),
        line: call.line?,
        state: match live.stage {
            Stage::Ringing => Word::Ringing,
            Stage::Dialing | Stage::Calling => Word::Calling,
            Stage::Up => Word::InCall,
            Stage::Held => Word::OnHold,
        },
        account: call.account,
        direction: call.direction,
        name: call.shown_name().map(str::to_owned),
        number: call.number.clone(),
        contact: Known::of(call),
        started_at: call.started.map(whole),
        answered_at: call.answered.map(whole),
        doorbell: call.doorbell,
        hang_up_at: live.hang_up.as_ref().map(|limit| whole(limit.at)),
    })
}

/// Reads `P/calls` of before the bridge was started; what makes no sense is left out.
pub(super) fn remembered(payload: &str, now: Now) -> Vec<Live> {
    let entries: Vec<Value> = serde_json::from_str(payload).unwrap_or_default();
    let entries = entries.into_iter().take(MANY);
    entries.filter_map(|entry| Some(live(serde_json::from_value(entry).ok()?, now))).collect()
}

fn live(entry: Entry, now: Now) -> Live {
    let at = |moment: Option<Timestamp>| moment.map(|wall| before(wall, now));
    let (stage, was_up) = match entry.state {
        Word::Ringing => (Stage::Ringing, false),
        Word::Calling => (Stage::Calling, false),
        Word::InCall => (Stage::Up, true),
        Word::OnHold => (Stage::Held, true),
    };
    let number = entry.number.clone().unwrap_or_default();
    let limit = entry.hang_up_at.filter(|wall| now.wall.duration_since(*wall) < TOO_LATE);
    let limit = limit.map(|wall| HangUp::new(after(wall, now), number));
    let call = Call {
        call_id: entry.call_id,
        line: Some(entry.line),
        account: entry.account,
        direction: entry.direction,
        // what an address book said is not what the phone said
        name: entry.name.filter(|name| entry.contact.contact.as_ref() != Some(name)),
        number: entry.number,
        person: entry.contact.person(),
        started: at(entry.started_at),
        answered: at(entry.answered_at),
        ended: None,
        was_up,
        doorbell: entry.doorbell,
    };
    Live { announced: true, hang_up: limit, remembered: true, ..Live::new(call, stage, now) }
}

/// Returns a moment that is past by the clock for people; one that is not is now.
fn before(wall: Timestamp, now: Now) -> Now {
    let ago = Duration::try_from(now.wall.duration_since(wall)).unwrap_or_default();
    Now { instant: now.instant.checked_sub(ago).unwrap_or(now.instant), wall }
}

/// Returns a moment that is to come by the clock for people; one that is past is now. None is far away: the clock may
/// have been set in the meantime.
fn after(wall: Timestamp, now: Now) -> Now {
    let ahead = Duration::try_from(wall.duration_since(now.wall)).unwrap_or_default();
    Now { instant: now.instant + ahead.min(Duration::from_hours(1)), wall }
}

fn second(moment: Now) -> String {
    whole(moment).to_string()
}

fn whole(moment: Now) -> Timestamp {
    Timestamp::from_second(moment.wall.as_second()).unwrap_or(moment.wall)
}

fn seconds(time: Duration) -> u64 {
    (time + Duration::from_millis(500)).as_secs()
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("structs of texts and numbers are JSON")
}
