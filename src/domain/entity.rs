//! The one table of entities: what Home Assistant shows of a phone, and from which topic it reads it.

use super::call::EventType;
use super::phone::{CallState, Identity, LineState, PhoneId, PhoneStatus};
use super::snapshot::{Problem, Snapshot};
use super::topic::PhoneTopic;

/// A phone as Home Assistant is told of it: what decides which entities there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The phone.
    pub id: PhoneId,
    /// Its name for people.
    pub name: String,
    /// Who it is.
    pub identity: Identity,
    /// Its web page, without credentials.
    pub url: String,
    /// The lines that it has named.
    pub lines: Vec<u16>,
    /// The accounts that it has named.
    pub accounts: Vec<u16>,
    /// Whether it has answered at all: if not, it may have lines and accounts that are not known.
    pub complete: bool,
}

impl Device {
    /// Returns what to tell of a phone.
    pub fn of(id: &PhoneId, name: &str, snapshot: &Snapshot) -> Self {
        Self {
            id: id.clone(),
            name: name.to_owned(),
            identity: snapshot.identity.clone(),
            url: snapshot.url.clone(),
            lines: snapshot.lines.iter().map(|line| line.line).collect(),
            accounts: snapshot.accounts.iter().map(|account| account.id).collect(),
            complete: snapshot.heard,
        }
    }
}

/// Something that Home Assistant shows or presses.
#[derive(Debug)]
pub struct Entity {
    /// Part of unique ids: never changes once released. `<n>` stands for a line or account.
    pub key: &'static str,
    /// Its name beside that of the device. `<n>` likewise.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether there is one for each line or account.
    pub each: Each,
    /// Whether it is for those who look after the phone rather than for those who use it.
    pub category: Option<Category>,
    /// A Material Design icon, where the kind has none of its own.
    pub icon: Option<&'static str>,
    /// What it shows, for people.
    pub help: &'static str,
}

/// What an entity is, and where its value is.
#[derive(Debug)]
pub enum Kind {
    /// One of some words.
    Words {
        /// Where it is read.
        topic: fn(u16) -> PhoneTopic,
        /// Every word that may come.
        words: fn() -> Vec<&'static str>,
        /// The field, where the topic holds JSON.
        field: Option<&'static str>,
        /// The other fields of the JSON that are shown as attributes.
        attributes: &'static [&'static str],
    },
    /// Any text, in a field of a JSON topic.
    Text {
        /// Where it is read.
        topic: fn(u16) -> PhoneTopic,
        /// The field, and others to take where it is null.
        fields: &'static [&'static str],
        /// The fields that are shown as attributes.
        attributes: &'static [&'static str],
    },
    /// A number that grows until it is reset.
    Count {
        /// Where it is read.
        topic: fn(u16) -> PhoneTopic,
    },
    /// What happens now and then: the `event_type` of a JSON topic, whose other fields are shown as attributes.
    Event {
        /// Where it is read.
        topic: PhoneTopic,
        /// Every type that may come.
        types: fn() -> Vec<&'static str>,
        /// Home Assistant's class of such events.
        class: Option<&'static str>,
    },
    /// A type of event that an automation can begin with, picked from the device's triggers.
    Trigger {
        /// Where it is read.
        topic: PhoneTopic,
        /// The type.
        event_type: EventType,
    },
    /// A moment, in a field of a JSON topic.
    Moment {
        /// Where it is read.
        topic: fn(u16) -> PhoneTopic,
        /// The field.
        field: &'static str,
    },
    /// `ON`, `OFF` or `unknown`.
    OnOff {
        /// Where it is read.
        topic: fn(u16) -> PhoneTopic,
    },
    /// Whether something is connected: a truth value in a field of a JSON topic.
    Connected {
        /// Where it is read.
        topic: fn(u16) -> PhoneTopic,
        /// The field.
        field: &'static str,
        /// The other fields that are shown as attributes.
        attributes: &'static [&'static str],
    },
    /// A press is a command without arguments.
    Button {
        /// The command.
        command: &'static str,
        /// Whether it restarts the phone.
        restarts: bool,
    },
    /// What is entered is a command's main argument.
    Entry {
        /// The command.
        command: &'static str,
    },
}

/// Whether there is one entity, or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    /// One for the phone.
    Phone,
    /// One for each line.
    Line,
    /// One for each account.
    Account,
}

/// Where Home Assistant lists an entity that is not for everyday use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Changes something about the phone.
    Config,
    /// Tells something about the phone.
    Diagnostic,
}

/// The key of the entity that says why the others are unavailable: it stays available itself.
pub const PROBLEM_KEY: &str = "problem";

const SENSOR: Entity = Entity {
    key: "",
    name: "",
    kind: Kind::OnOff { topic: |_| PhoneTopic::Ringing },
    each: Each::Phone,
    category: None,
    icon: None,
    help: "",
};

const fn trigger(key: &'static str, event_type: EventType) -> Entity {
    let kind = Kind::Trigger { topic: PhoneTopic::CallEvent, event_type };
    Entity { key, name: "Call", kind, help: "An automation can begin with it", ..SENSOR }
}

/// Every entity of a phone, the main one first; and the triggers of its device.
pub const ENTITIES: &[Entity] = &[
    Entity {
        key: "call_state",
        name: "Call state",
        kind: Kind::Words {
            topic: |_| PhoneTopic::CallState,
            words: || CallState::ALL.map(CallState::word).to_vec(),
            field: None,
            attributes: &[],
        },
        icon: Some("mdi:phone"),
        help: "What the phone does",
        ..SENSOR
    },
    Entity {
        key: "ringing",
        name: "Ringing",
        kind: Kind::OnOff { topic: |_| PhoneTopic::Ringing },
        icon: Some("mdi:phone-ring"),
        help: "On while a line rings",
        ..SENSOR
    },
    Entity {
        key: "in_call",
        name: "In call",
        kind: Kind::OnOff { topic: |_| PhoneTopic::InCall },
        icon: Some("mdi:phone-in-talk"),
        help: "On while a call is up, be it on hold",
        ..SENSOR
    },
    Entity {
        key: "last_caller",
        name: "Last caller",
        kind: Kind::Text {
            topic: |_| PhoneTopic::LastCaller,
            fields: &["name", "number"],
            attributes: &["name", "number", "account", "line", "at"],
        },
        icon: Some("mdi:account-voice"),
        help: "Who called last, by name, else by number; known from the moment that it rings",
        ..SENSOR
    },
    Entity {
        key: "last_call",
        name: "Last call",
        kind: Kind::Words {
            topic: |_| PhoneTopic::LastCall,
            words: || {
                let last = EventType::TABLE.iter().filter(|(event, ..)| event.is_last());
                last.map(|(_, word, _)| *word).collect()
            },
            field: Some("event_type"),
            attributes: &[
                "direction",
                "name",
                "number",
                "account",
                "line",
                "started_at",
                "answered_at",
                "ended_at",
                "ring_seconds",
                "talk_seconds",
                "call_id",
            ],
        },
        icon: Some("mdi:phone-log"),
        help: "What became of the last call; attributes say with whom, when and how long",
        ..SENSOR
    },
    Entity {
        key: "missed_calls",
        name: "Missed calls",
        kind: Kind::Count { topic: |_| PhoneTopic::MissedCalls },
        icon: Some("mdi:phone-missed"),
        help: "How many calls were missed since the last reset",
        ..SENSOR
    },
    Entity {
        key: "reset_missed_calls",
        name: "Reset missed calls",
        kind: Kind::Button { command: "reset_missed_calls", restarts: false },
        icon: Some("mdi:phone-remove"),
        help: "Counts missed calls from 0 again",
        ..SENSOR
    },
    Entity {
        key: "call",
        name: "Call",
        kind: Kind::Event {
            topic: PhoneTopic::CallEvent,
            types: || EventType::TABLE.map(|(_, word, _)| word).to_vec(),
            class: None,
        },
        icon: Some("mdi:phone-in-talk-outline"),
        help: "What happens to calls; attributes say who, which line, since when and how long",
        ..SENSOR
    },
    Entity {
        key: "doorbell",
        name: "Doorbell",
        kind: Kind::Event {
            topic: PhoneTopic::DoorbellEvent,
            types: || vec!["ring"],
            class: Some("doorbell"),
        },
        help: "A call that one of the phone's `doorbell` rules fits",
        ..SENSOR
    },
    trigger("trigger_incoming", EventType::Incoming),
    trigger("trigger_answered", EventType::Answered),
    trigger("trigger_ended", EventType::Ended),
    trigger("trigger_missed", EventType::Missed),
    Entity {
        key: "line_<n>",
        name: "Line <n>",
        kind: Kind::Words {
            topic: PhoneTopic::Line,
            words: || LineState::ALL.map(LineState::word).to_vec(),
            field: Some("state"),
            attributes: &["name", "number", "account", "code", "active"],
        },
        each: Each::Line,
        icon: Some("mdi:phone-outline"),
        help: "What the line does; attributes say with whom",
        ..SENSOR
    },
    Entity {
        key: "account_<n>_registration",
        name: "Account <n> registration",
        kind: Kind::Connected {
            topic: PhoneTopic::Account,
            field: "registered",
            attributes: &["name", "sip_id", "sip_server"],
        },
        each: Each::Account,
        help: "Whether the SIP server knows the phone",
        ..SENSOR
    },
    Entity {
        key: "dial",
        name: "Dial",
        kind: Kind::Entry { command: "dial" },
        icon: Some("mdi:dialpad"),
        help: "Enter a number to call it",
        ..SENSOR
    },
    Entity {
        key: "answer",
        name: "Answer",
        kind: Kind::Button { command: "answer", restarts: false },
        icon: Some("mdi:phone-check"),
        help: "Answers the ringing call",
        ..SENSOR
    },
    Entity {
        key: "reject",
        name: "Reject",
        kind: Kind::Button { command: "reject", restarts: false },
        icon: Some("mdi:phone-cancel"),
        help: "Rejects the ringing call",
        ..SENSOR
    },
    Entity {
        key: "hangup",
        name: "Hang up",
        kind: Kind::Button { command: "hangup", restarts: false },
        icon: Some("mdi:phone-hangup"),
        help: "Ends the call",
        ..SENSOR
    },
    Entity {
        key: "hold",
        name: "Hold",
        kind: Kind::Button { command: "hold", restarts: false },
        icon: Some("mdi:phone-paused"),
        help: "Puts the call on hold",
        ..SENSOR
    },
    Entity {
        key: "resume",
        name: "Resume",
        kind: Kind::Button { command: "resume", restarts: false },
        icon: Some("mdi:phone-forward"),
        help: "Takes the call off hold",
        ..SENSOR
    },
    Entity {
        key: "reboot",
        name: "Reboot",
        kind: Kind::Button { command: "reboot", restarts: true },
        category: Some(Category::Config),
        help: "Restarts the phone",
        ..SENSOR
    },
    Entity {
        key: "provision",
        name: "Provision",
        kind: Kind::Button { command: "provision", restarts: false },
        category: Some(Category::Config),
        icon: Some("mdi:cog-sync"),
        help: "Lets the phone fetch its settings",
        ..SENSOR
    },
    Entity {
        key: "refresh",
        name: "Refresh",
        kind: Kind::Button { command: "refresh", restarts: false },
        category: Some(Category::Diagnostic),
        icon: Some("mdi:refresh"),
        help: "Reads everything now",
        ..SENSOR
    },
    Entity {
        key: "status",
        name: "Status",
        kind: Kind::Words {
            topic: |_| PhoneTopic::Status,
            words: || PhoneStatus::ALL.map(PhoneStatus::word).to_vec(),
            field: None,
            attributes: &[],
        },
        category: Some(Category::Diagnostic),
        icon: Some("mdi:phone-settings"),
        help: "The phone's own word for what it does",
        ..SENSOR
    },
    Entity {
        key: PROBLEM_KEY,
        name: "Problem",
        kind: Kind::Words {
            topic: |_| PhoneTopic::Problem,
            words: || Problem::ALL.map(Problem::word).to_vec(),
            field: None,
            attributes: &[],
        },
        category: Some(Category::Diagnostic),
        icon: Some("mdi:phone-alert"),
        help: "Why the phone can't be used; stays available when the others are not",
        ..SENSOR
    },
    Entity {
        key: "firmware",
        name: "Firmware",
        kind: Kind::Text { topic: |_| PhoneTopic::Info, fields: &["firmware"], attributes: &[] },
        category: Some(Category::Diagnostic),
        icon: Some("mdi:chip"),
        help: "The firmware's version",
        ..SENSOR
    },
    Entity {
        key: "booted_at",
        name: "Booted at",
        kind: Kind::Moment { topic: |_| PhoneTopic::System, field: "booted_at" },
        category: Some(Category::Diagnostic),
        help: "When the phone was started",
        ..SENSOR
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::{COMMANDS, Command, parse};

    #[test]
    fn keys_are_unique_and_commands_exist() {
        let mut keys: Vec<_> = ENTITIES.iter().map(|entity| entity.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), ENTITIES.len());
        for entity in ENTITIES {
            let numbered = entity.each != Each::Phone;
            assert_eq!(entity.key.contains("<n>"), numbered, "{}", entity.key);
            assert_eq!(entity.name.contains("<n>"), numbered, "{}", entity.key);
            match entity.kind {
                Kind::Button { command, .. } => {
                    let pressed = parse(command, b"PRESS", false).1;
                    assert!(pressed.is_ok(), "{command}");
                    assert!(!entity.help.is_empty());
                    assert_ne!(command, "factory_reset", "it is never a button");
                }
                Kind::Entry { command } => {
                    let row = COMMANDS.iter().find(|row| row.name == command).unwrap();
                    assert!(row.main.is_some());
                    let entered = parse(command, b"1001", false).1;
                    assert!(matches!(entered, Ok(Command::Dial { .. })));
                }
                Kind::Words { .. }
                | Kind::Text { .. }
                | Kind::Count { .. }
                | Kind::Event { .. }
                | Kind::Trigger { .. }
                | Kind::Moment { .. }
                | Kind::OnOff { .. }
                | Kind::Connected { .. } => {}
            }
        }
    }
}
