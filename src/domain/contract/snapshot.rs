//! The bridge's picture of one phone, and the topics that show it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::domain::call::CallTopics;
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::request::PhoneError;
use crate::domain::telephony::clock::PhoneClock;
use crate::domain::telephony::{Account, CallState, Identity, Line, MANY, PhoneStatus};
use crate::domain::values::named::{Shown, ValueKey};

/// Topics and their payloads.
pub type State = BTreeMap<PhoneTopic, String>;

/// Whether the phone can be used, as `P/problem` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// It can.
    None,
    /// It can't be reached.
    Unreachable,
    /// It shows a certificate that is not trusted.
    BadCertificate,
    /// It does not take our login.
    Unauthorized,
    /// It has locked the login.
    LockedOut,
    /// What it says makes no sense.
    BadAnswer,
    /// It is left alone for a while: somebody wants that.
    Paused,
}

impl Problem {
    /// Every problem.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Unreachable,
        Self::BadCertificate,
        Self::Unauthorized,
        Self::LockedOut,
        Self::BadAnswer,
        Self::Paused,
    ];

    /// Returns the word of this problem.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unreachable => "unreachable",
            Self::BadCertificate => "bad_certificate",
            Self::Unauthorized => "unauthorized",
            Self::LockedOut => "locked_out",
            Self::BadAnswer => "bad_answer",
            Self::Paused => "paused",
        }
    }
}

impl From<&PhoneError> for Problem {
    fn from(error: &PhoneError) -> Self {
        match error {
            PhoneError::Unreachable(_) | PhoneError::Timeout => Self::Unreachable,
            PhoneError::BadCertificate(_) => Self::BadCertificate,
            PhoneError::Unauthorized(_)
            | PhoneError::SessionEnded(_)
            | PhoneError::Forbidden(_) => Self::Unauthorized,
            PhoneError::LockedOut(_) => Self::LockedOut,
            PhoneError::BadAnswer(_) | PhoneError::Refused(_) | PhoneError::Unsupported(_) => {
                Self::BadAnswer
            }
        }
    }
}

/// What is known of one phone at a moment; none where it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Why the phone can't be used, if so.
    pub problem: Problem,
    /// Whether it has ever answered.
    pub heard: bool,
    /// Its lines, in order.
    pub lines: Arc<[Line]>,
    /// Its accounts, in order.
    pub accounts: Vec<Account>,
    /// Its calls; none until it is known what was before the bridge was started.
    pub calls: Option<CallTopics>,
    /// Its own word for what it does.
    pub status: PhoneStatus,
    /// Its clock.
    pub clock: Option<PhoneClock>,
    /// By how many seconds its clock is off, by ours.
    pub clock_skew: Option<i64>,
    /// When it was started, by our clock.
    pub booted_at: Option<Timestamp>,
    /// Who it is.
    pub identity: Identity,
    /// Its values that the settings name, as they were read last.
    pub values: BTreeMap<ValueKey, Shown>,
    /// Its name for people.
    pub name: String,
    /// Its web page, without credentials.
    pub url: String,
    /// The dialect that it speaks.
    pub dialect: &'static str,
}

impl Snapshot {
    /// Returns the picture of a phone that has said nothing yet.
    pub fn unseen(name: String, url: String, dialect: &'static str) -> Self {
        Self {
            problem: Problem::None,
            heard: false,
            lines: Arc::default(),
            accounts: Vec::new(),
            calls: None,
            status: PhoneStatus::Unknown,
            clock: None,
            clock_skew: None,
            booted_at: None,
            identity: Identity::default(),
            values: BTreeMap::new(),
            name,
            url,
            dialect,
        }
    }

    /// Forgets what only a phone that answers can say.
    pub fn forget_the_present(&mut self) {
        self.lines = self.lines.iter().map(|line| Line::unknown(line.line)).collect();
        for account in &mut self.accounts {
            account.registered = None;
        }
        self.status = match self.problem {
            Problem::Unauthorized | Problem::LockedOut => PhoneStatus::Unauthorized,
            Problem::None
            | Problem::Unreachable
            | Problem::BadCertificate
            | Problem::BadAnswer
            | Problem::Paused => PhoneStatus::Unknown,
        };
    }

    /// Notes that a topic was published before we started: its line or account is there, but nothing more is known.
    pub fn remember(&mut self, topic: &PhoneTopic) {
        let room = |known: usize| known < MANY;
        if let PhoneTopic::Line(number) = topic {
            if room(self.lines.len())
                && let Err(place) = self.lines.binary_search_by_key(number, |line| line.line)
            {
                let (before, after) = self.lines.split_at(place);
                self.lines =
                    before.iter().chain([&Line::unknown(*number)]).chain(after).cloned().collect();
            }
        } else if let PhoneTopic::Account(id) = topic
            && room(self.accounts.len())
            && let Err(place) = self.accounts.binary_search_by_key(id, |account| account.id)
        {
            self.accounts.insert(place, Account::unknown(*id));
        }
    }

    /// Returns every state topic and its payload.
    pub fn state(&self) -> State {
        STATES.iter().flat_map(|row| (row.read)(self)).collect()
    }

    /// Returns the payload of `P/system`.
    pub fn clock_json(&self) -> serde_json::Value {
        let clock = self.clock.as_ref();
        json!({
            "time": clock.and_then(|c| c.time).map(|time| format!("{:.0}", time.at)),
            "clock_skew_seconds": self.clock_skew,
            "uptime_seconds": clock.and_then(|c| c.uptime).map(|uptime| uptime.seconds),
            "booted_at": self.booted_at.map(|at| format!("{at:.0}")),
        })
    }
}

/// A row of the table of state topics.
#[derive(Debug)]
pub struct StateRow {
    /// The topic below `P`, for the docs.
    pub topic: &'static str,
    /// What it says, for the docs.
    pub help: &'static str,
    read: fn(&Snapshot) -> Vec<(PhoneTopic, String)>,
}

/// Every state topic of a phone.
pub const STATES: &[StateRow] = &[
    StateRow {
        topic: "availability",
        help: "`online` or `offline`: whether the phone answers and takes our login",
        read: |s| {
            let word = if s.problem == Problem::None { "online" } else { "offline" };
            vec![(PhoneTopic::Availability, word.to_owned())]
        },
    },
    StateRow {
        topic: "problem",
        help: "`none`, or why it is offline: `unreachable`, `bad_certificate`, `unauthorized`, `locked_out`, `bad_answer`, `paused`",
        read: |s| vec![(PhoneTopic::Problem, s.problem.word().to_owned())],
    },
    StateRow {
        topic: "status",
        help: "The phone's own word: `available`, `ringing`, `busy`, `unavailable` (no account is registered), `unauthorized`, `unknown`",
        read: |s| vec![(PhoneTopic::Status, s.status.word().to_owned())],
    },
    StateRow {
        topic: "call_state",
        help: "Of all lines the first in this order: `ringing`, `calling`, `in_call`, `on_hold`, `failed`, `unknown`, `idle`",
        read: |s| vec![(PhoneTopic::CallState, CallState::of(&s.lines).word().to_owned())],
    },
    StateRow {
        topic: "ringing",
        help: "`ON` while a line rings, `OFF`, or `unknown`",
        read: |s| vec![(PhoneTopic::Ringing, any_line(s, &[CallState::Ringing]))],
    },
    StateRow {
        topic: "in_call",
        help: "`ON` during a call, also while it is on hold or another one rings, `OFF`, or `unknown`",
        read: |s| vec![(PhoneTopic::InCall, any_line(s, &[CallState::InCall, CallState::OnHold]))],
    },
    StateRow {
        topic: "calls",
        help: "JSON, a list of the calls in progress: `call_id`, `line`, `state` (`ringing`, `calling`, `in_call`, `on_hold`), `account`, `direction`, `name`, `number`, `contact`, `group`, `groups`, `started_at`, `answered_at`, `doorbell` (whether it rang as one), `hang_up_at`",
        read: |s| book(s, PhoneTopic::Calls, |book| Some(book.in_progress.clone())),
    },
    StateRow {
        topic: "last_call",
        help: "JSON: the event that ended the last call, as on `P/event/call`",
        read: |s| book(s, PhoneTopic::LastCall, |book| book.last_call.clone()),
    },
    StateRow {
        topic: "last_caller",
        help: "JSON: who called last, from the moment that it rings: `call_id`, `line`, `account`, `name`, `number`, `contact`, `group`, `groups`, `doorbell` (whether it was the doorbell), `at`",
        read: |s| book(s, PhoneTopic::LastCaller, |book| book.last_caller.clone()),
    },
    StateRow {
        topic: "missed_calls",
        help: "How many calls were missed since `reset_missed_calls`; the doorbell does not count",
        read: |s| book(s, PhoneTopic::MissedCalls, |book| Some(book.missed?.to_string())),
    },
    StateRow {
        topic: "lines/<n>",
        help: "JSON: `line`, `state` (a word of `call_state`, or `dialing`, `ringback`, `ending`, `transferring`, `transferred`, `conference`, `paging`, `ip_call`), `code` (as the phone said it), `account`, `name`, `number`, `active`",
        read: |s| {
            s.lines.iter().map(|line| (PhoneTopic::Line(line.line), json_text(line))).collect()
        },
    },
    StateRow {
        topic: "accounts/<n>",
        help: "JSON: `id`, `name`, `sip_id`, `sip_server`, `registered`",
        read: |s| s.accounts.iter().map(|a| (PhoneTopic::Account(a.id), json_text(a))).collect(),
    },
    StateRow {
        topic: "info",
        help: "JSON: `name`, `model`, `vendor`, `firmware`, `hardware`, `mac`, `url`, `dialect`",
        read: |s| {
            if !s.heard {
                return Vec::new();
            }
            let Identity { model, vendor, firmware, hardware, mac } = &s.identity;
            let info = json!({
                "name": s.name, "model": model, "vendor": vendor, "firmware": firmware, "hardware": hardware, "mac": mac,
                "url": s.url, "dialect": s.dialect,
            });
            vec![(PhoneTopic::Info, info.to_string())]
        },
    },
    StateRow {
        topic: "system",
        help: "JSON: `time` (the phone's own local time; it does not say in which zone), `clock_skew_seconds` (how far that is off, by the bridge's clock, positive if it is fast: the least that explains it, in whichever time zone), `uptime_seconds`, `booted_at`",
        read: |s| {
            if !s.heard {
                return Vec::new();
            }
            vec![(PhoneTopic::System, s.clock_json().to_string())]
        },
    },
    StateRow {
        topic: "values/<key>",
        help: "JSON, for each of the phone's `values` in the settings: `value` (`ON` or `OFF`, a number, the label of an option, or text; null where what the phone says does not fit), `raw` (as the phone said it; null where it does not know the value)",
        read: |s| {
            let topic = |key: &ValueKey| PhoneTopic::Value(key.clone());
            s.values.iter().map(|(key, shown)| (topic(key), json_text(shown))).collect()
        },
    },
];

/// Returns every topic that may hold something of a phone: those that each phone has, and what it has published besides.
pub fn topics(published: &State) -> BTreeSet<PhoneTopic> {
    let of_all = STATES.iter().filter_map(|row| PhoneTopic::parse(row.topic));
    of_all.chain(published.keys().cloned()).collect()
}

/// Returns the messages that turn `before` into `now`, in the order of the topics; before them an empty payload
/// for each topic that is taken back.
///
/// That all is well and the phone is online comes last: what is left of its state is shown from then on.
pub fn diff(before: &State, now: &State) -> Vec<(PhoneTopic, String)> {
    let gone = before.keys().filter(|topic| !now.contains_key(topic));
    let changed = now.iter().filter(|(topic, payload)| before.get(topic) != Some(payload));
    let mut messages: Vec<_> = gone
        .map(|topic| (topic.clone(), String::new()))
        .chain(changed.map(|(topic, payload)| (topic.clone(), payload.clone())))
        .collect();
    messages.sort_by_key(|(topic, payload)| {
        matches!(
            (topic, payload.as_str()),
            (PhoneTopic::Problem, "none") | (PhoneTopic::Availability, "online")
        )
    });
    messages
}

fn book(
    snapshot: &Snapshot,
    topic: PhoneTopic,
    read: fn(&CallTopics) -> Option<String>,
) -> Vec<(PhoneTopic, String)> {
    snapshot.calls.as_ref().and_then(read).map(|payload| (topic, payload)).into_iter().collect()
}

/// Returns `true` if a line is in one of these states; one that rings too shortly to be a call does nothing.
fn any_line(snapshot: &Snapshot, states: &[CallState]) -> String {
    let unproven =
        |line: &Line| snapshot.calls.as_ref().is_some_and(|b| b.unproven.contains(&line.line));
    let folded = |line: &Line| if unproven(line) { CallState::Idle } else { line.state.folded() };
    let mut folded = snapshot.lines.iter().map(folded);
    let word = if folded.clone().any(|state| states.contains(&state)) {
        "ON"
    } else if snapshot.lines.is_empty() || folded.any(|state| state == CallState::Unknown) {
        "unknown"
    } else {
        "OFF"
    };
    word.to_owned()
}

fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("structs of texts and numbers are JSON")
}

#[cfg(test)]
mod tests;
