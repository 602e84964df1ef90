//! The settings as they were written: which keys there are, and which shape their values have. Nothing is checked.

use std::collections::BTreeMap;

use crate::domain::secret::Secret;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use serde::{Deserialize, Deserializer};

/// A text that is never shown.
pub(super) struct Hidden(pub(super) Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// The keys of [`Raw`].
pub(super) const SECTIONS: [&str; 6] = ["mqtt", "homeassistant", "log", "names", "push", "phones"];

/// The whole of the settings.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) mqtt: Mqtt,
    pub(super) homeassistant: HomeAssistant,
    pub(super) log: Log,
    pub(super) names: Names,
    pub(super) push: Push,
    pub(super) phones: BTreeMap<String, Phone>,
}

/// `[mqtt]`
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Mqtt {
    pub(super) url: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Hidden>,
    pub(super) password_file: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) base_topic: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) tls_fingerprint: Option<String>,
    pub(super) client_cert_file: Option<String>,
    pub(super) client_key_file: Option<String>,
}

/// `[homeassistant]`
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HomeAssistant {
    pub(super) discovery: Option<bool>,
    pub(super) discovery_prefix: Option<String>,
    pub(super) status_topic: Option<String>,
}

/// `[log]`
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Log {
    pub(super) format: Option<String>,
    pub(super) level: Option<String>,
}

/// `[names]`
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Names {
    pub(super) file: Option<String>,
    pub(super) country: Option<String>,
}

/// `[push]`
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Push {
    pub(super) listen: Option<String>,
    pub(super) url: Option<String>,
    pub(super) secret: Option<Hidden>,
    pub(super) secret_file: Option<String>,
}

/// `[phones.<id>]`
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Phone {
    pub(super) name: Option<String>,
    pub(super) url: Option<String>,
    pub(super) dialect: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Hidden>,
    pub(super) password_file: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) tls_ca_file: Option<String>,
    pub(super) tls_fingerprint: Option<String>,
    pub(super) tls_insecure: Option<bool>,
    pub(super) poll: Option<String>,
    pub(super) active_poll: Option<String>,
    pub(super) min_ring: Option<String>,
    pub(super) doorbell: Vec<Doorbell>,
    pub(super) values_poll: Option<String>,
    pub(super) values: Vec<PhoneValue>,
    pub(super) contacts_poll: Option<String>,
    pub(super) account_base: Option<u16>,
    pub(super) line_account_base: Option<u16>,
    pub(super) allow: Option<Vec<String>>,
    pub(super) dial_allow: Option<Vec<String>>,
    pub(super) endpoints: BTreeMap<String, String>,
}

/// `[[phones.<id>.doorbell]]`
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Doorbell {
    pub(super) number: Option<String>,
    pub(super) caller_name: Option<String>,
    /// What `caller_name` was called before.
    pub(super) name: Option<String>,
    pub(super) account: Option<u16>,
    pub(super) label: Option<String>,
}

/// `[[phones.<id>.values]]`
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PhoneValue {
    pub(super) key: Option<String>,
    pub(super) name: Option<String>,
    pub(super) value: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) on: Option<String>,
    pub(super) off: Option<String>,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) step: Option<i64>,
    pub(super) options: Option<Choices>,
    pub(super) unit: Option<String>,
    pub(super) icon: Option<String>,
}

/// What a value can be: labels and the phone's texts, or these alone.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Choices {
    Table(BTreeMap<String, String>),
    List(Vec<String>),
}

impl Choices {
    /// Says what to write.
    pub(super) const EXPECTED: &str = "a table of labels and the phone's texts, such as { Low = \"1\", High = \"2\" }, or a list of texts";
}

/// What the value of a key looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Duration,
    Flag,
    Number,
    Whole,
    List,
    Rules,
    Values,
    Choices,
    Table,
}

impl Shape {
    /// Returns the shape of a key's value; text, for keys that are not known.
    pub(super) fn of(key: &[&str]) -> Self {
        match key {
            ["homeassistant", "discovery"] | ["phones", _, "tls_insecure"] => Self::Flag,
            ["phones", _, "account_base" | "line_account_base"]
            | ["phones", _, "doorbell", _, "account"] => Self::Number,
            ["phones", _, "allow" | "dial_allow"] => Self::List,
            [
                "phones",
                _,
                "timeout" | "poll" | "active_poll" | "min_ring" | "values_poll" | "contacts_poll",
            ] => Self::Duration,
            ["phones", _, "doorbell"] => Self::Rules,
            ["phones", _, "values"] => Self::Values,
            ["phones", _, "values", _, "min" | "max" | "step"] => Self::Whole,
            ["phones", _, "values", _, "options"] => Self::Choices,
            [] | ["phones", _] | ["phones", _, "endpoints"] => Self::Table,
            [section] if SECTIONS.contains(section) => Self::Table,
            _ => Self::Text,
        }
    }

    /// Says what to write.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Text => "text in quotes",
            Self::Duration => {
                "a duration as text with its unit, such as \"500ms\", \"2s\" or \"5m\""
            }
            Self::Flag => "true or false",
            Self::Number => "a whole number from 0 to 65535",
            Self::Whole => "a whole number, such as 10",
            Self::List => "a list of texts, such as [\"one\", \"two\"]",
            Self::Rules => "a list of tables, such as [{ number = \"8001\" }]",
            Self::Values => {
                "a list of tables, such as [{ key = \"volume\", value = \"P8352\", kind = \"sensor\" }]"
            }
            Self::Choices => Choices::EXPECTED,
            Self::Table => "a table with keys of its own",
        }
    }

    /// Reads the value of a variable. Text is taken as it is: a password may look like a number. What does not fit
    /// stays text too, for the one place that complains about wrong types.
    pub(super) fn read(self, text: &str) -> Value {
        match self {
            Self::Flag => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
            Self::Number => text.parse::<u64>().map_or_else(|_| text.into(), Value::from),
            Self::List => read_list(text),
            Self::Rules | Self::Values => read_array(text).unwrap_or_else(|| text.into()),
            Self::Text | Self::Duration | Self::Table | Self::Whole | Self::Choices => text.into(),
        }
    }
}

/// Reads a TOML array, or a single value as it is; a blank text is the empty list.
///
/// A pattern may begin with a bracket too (`[0-9]+`). What begins like a list of quoted texts is never taken for one:
/// a list with a typo would allow more than was meant.
fn read_list(text: &str) -> Value {
    let quoted = text
        .trim_start()
        .strip_prefix('[')
        .is_some_and(|rest| rest.trim_start().starts_with(['"', '\'']));
    match read_array(text) {
        Some(list) => list,
        None if text.trim().is_empty() => Value::from(Vec::<Value>::new()),
        None if quoted => text.into(),
        None => Value::from(vec![text]),
    }
}

fn read_array(text: &str) -> Option<Value> {
    Toml::from_str::<Dict>(&format!("list = {text}"))
        .ok()?
        .remove("list")
        .filter(|value| value.as_array().is_some())
}
