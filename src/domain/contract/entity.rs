//! What Home Assistant shows of a phone, and from which topic it reads it: `table` holds all of it.

mod table;

use std::sync::Arc;

use crate::domain::call::EventType;
use crate::domain::contract::snapshot::Snapshot;
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::telephony::{Identity, PhoneId};
use crate::domain::values::named::NamedValue;

pub use table::ENTITIES;

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
    /// Its values that the settings name.
    pub values: Arc<[NamedValue]>,
    /// Whether it has answered at all: if not, it may have lines and accounts that are not known.
    pub complete: bool,
}

impl Device {
    /// Returns what to tell of a phone.
    pub fn of(id: &PhoneId, name: &str, values: Arc<[NamedValue]>, snapshot: &Snapshot) -> Self {
        Self {
            id: id.clone(),
            name: name.to_owned(),
            identity: snapshot.identity.clone(),
            url: snapshot.url.clone(),
            lines: snapshot.lines.iter().map(|line| line.line).collect(),
            accounts: snapshot.accounts.iter().map(|account| account.id).collect(),
            values,
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
    /// Whether the bridge knows it, or does it, also while the phone is away: what was, and why the phone is away.
    pub without_phone: bool,
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
    /// A number of seconds, in a field of a JSON topic.
    Seconds {
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
