//! The one table of entities.

use super::{Category, Each, Entity, Kind};
use crate::domain::call::EventType;
use crate::domain::contract::snapshot::Problem;
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::telephony::{CallState, LineState, PhoneStatus};

const SENSOR: Entity = Entity {
    key: "",
    name: "",
    kind: Kind::OnOff { topic: |_| PhoneTopic::Ringing },
    each: Each::Phone,
    category: None,
    without_phone: false,
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
        help: "On during a call, also while it is on hold",
        ..SENSOR
    },
    Entity {
        key: "last_caller",
        name: "Last caller",
        kind: Kind::Text {
            topic: |_| PhoneTopic::LastCaller,
            fields: &["name", "number"],
            attributes: &[
                "name", "number", "contact", "group", "groups", "account", "line", "doorbell", "at",
            ],
        },
        without_phone: true,
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
                "contact",
                "group",
                "groups",
                "account",
                "line",
                "started_at",
                "answered_at",
                "ended_at",
                "ring_seconds",
                "talk_seconds",
                "doorbell",
                "call_id",
            ],
        },
        without_phone: true,
        icon: Some("mdi:phone-log"),
        help: "What became of the last call; attributes say with whom, when and how long",
        ..SENSOR
    },
    Entity {
        key: "missed_calls",
        name: "Missed calls",
        kind: Kind::Count { topic: |_| PhoneTopic::MissedCalls },
        without_phone: true,
        icon: Some("mdi:phone-missed"),
        help: "How many calls were missed since the last reset",
        ..SENSOR
    },
    Entity {
        key: "reset_missed_calls",
        name: "Reset missed calls",
        kind: Kind::Button { command: "reset_missed_calls", restarts: false },
        without_phone: true,
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
        key: "problem",
        name: "Problem",
        kind: Kind::Words {
            topic: |_| PhoneTopic::Problem,
            words: || Problem::ALL.map(Problem::word).to_vec(),
            field: None,
            attributes: &[],
        },
        category: Some(Category::Diagnostic),
        without_phone: true,
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
    Entity {
        key: "clock_skew",
        name: "Clock skew",
        kind: Kind::Seconds { topic: |_| PhoneTopic::System, field: "clock_skew_seconds" },
        category: Some(Category::Diagnostic),
        icon: Some("mdi:clock-alert-outline"),
        help: "By how much the phone's clock is off, in whichever time zone it is",
        ..SENSOR
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::calls::CallCommand;
    use crate::domain::command::{Command, commands, parse};

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
                    let row = commands().find(|row| row.name == command).unwrap();
                    assert!(row.main.is_some());
                    let entered = parse(command, b"1001", false).1;
                    assert!(matches!(entered, Ok(Command::Call(CallCommand::Dial { .. }))));
                }
                Kind::Words { .. }
                | Kind::Text { .. }
                | Kind::Count { .. }
                | Kind::Event { .. }
                | Kind::Trigger { .. }
                | Kind::Moment { .. }
                | Kind::Seconds { .. }
                | Kind::OnOff { .. }
                | Kind::Connected { .. } => {}
            }
        }
    }
}
