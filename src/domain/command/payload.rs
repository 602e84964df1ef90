//! Reads what users send: the bare main argument, or JSON with the arguments and an id.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::{COMMANDS, Command};
use crate::domain::outcome::{ErrorCode, Failure, Request};

/// The longest payload of a command that is read, in bytes.
const PAYLOAD_LIMIT: usize = 64 * 1024;

/// Reads a message on a command topic; the request is there to be answered whatever comes of it.
pub fn parse(name: &str, payload: &[u8], retained: bool) -> (Request, Result<Command, Failure>) {
    let mut request = Request { name: name.to_owned(), id: Value::Null };
    let arguments = match Arguments::parse(payload) {
        Ok(arguments) => arguments,
        Err(message) => {
            return (request, Err(Failure::new(ErrorCode::BadPayload, message)));
        }
    };
    request.id.clone_from(&arguments.id);
    let command = if retained {
        Err(Failure::new(
            ErrorCode::NotAllowed,
            "a retained message is never obeyed: publish commands without the retain flag",
        ))
    } else {
        arguments.command(name)
    };
    (request, command)
}

/// What a payload says.
pub(super) struct Arguments {
    id: Value,
    bare: Option<String>,
    pub(super) fields: Map<String, Value>,
}

impl Arguments {
    fn parse(payload: &[u8]) -> Result<Self, String> {
        if payload.len() > PAYLOAD_LIMIT {
            return Err(format!("{} bytes are more than {PAYLOAD_LIMIT}", payload.len()));
        }
        let text = std::str::from_utf8(payload).map_err(|_| "not UTF-8 text".to_owned())?.trim();
        let mut arguments = Self { id: Value::Null, bare: None, fields: Map::new() };
        if text.starts_with('{') {
            arguments.fields =
                serde_json::from_str(text).map_err(|e| format!("broken JSON: {e}"))?;
            arguments.id = arguments.fields.remove("id").unwrap_or(Value::Null);
        } else if text.starts_with('"') {
            arguments.bare = serde_json::from_str(text).map_err(|e| format!("broken JSON: {e}"))?;
        } else if !text.is_empty() && text != "PRESS" {
            arguments.bare = Some(text.to_owned());
        }
        Ok(arguments)
    }

    fn command(mut self, name: &str) -> Result<Command, Failure> {
        let Some(row) = COMMANDS.iter().find(|row| row.name == name) else {
            let names: Vec<_> = COMMANDS.iter().map(|row| row.name).collect();
            return Err(Failure::new(
                ErrorCode::Unsupported,
                format!("there is no such command; there are {}", names.join(", ")),
            ));
        };
        let bad = |message| Failure::new(ErrorCode::BadPayload, message);
        if let Some(bare) = self.bare.take() {
            let Some(main) = row.main else {
                return Err(bad(format!(
                    "{name} takes no argument: send an empty payload, or PRESS"
                )));
            };
            self.fields.insert(main.to_owned(), Value::String(bare));
        }
        // the payload may be the values themselves
        if row.main == Some("values") && !self.fields.contains_key("values") {
            let values = Value::Object(std::mem::take(&mut self.fields));
            self.fields.insert("values".to_owned(), values);
        }
        let known: Vec<&str> = row.main.iter().chain(row.others).copied().collect();
        if let Some(key) = self.fields.keys().find(|key| !known.contains(&key.as_str())) {
            let takes = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            return Err(bad(format!("{name} does not know {key:?}; it takes {takes} (and id)")));
        }
        (row.build)(&self).map_err(bad)
    }

    /// Returns a text argument; a number is taken as its digits.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|t| !t.is_empty())),
            Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
            Some(_) => Err(format!("{key} must be a text")),
        }
    }

    /// Returns a text with its blanks, empty if it is none.
    pub(super) fn as_it_is(&self, key: &str) -> &str {
        self.fields.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a text that must be there.
    pub(super) fn required(&self, key: &str) -> Result<String, String> {
        self.text(key)?.ok_or_else(|| format!("{key} is missing"))
    }

    /// Returns a truth value; false if it is not said.
    pub(super) fn flag(&self, key: &str) -> Result<bool, String> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(format!("{key} must be true or false")),
        }
    }

    /// Returns a list of texts as one text.
    pub(super) fn list(&self, key: &str) -> Result<String, String> {
        let Some(Value::Array(all)) = self.fields.get(key) else {
            return Ok(self.text(key)?.unwrap_or_default());
        };
        let texts: Option<Vec<_>> = all.iter().map(Value::as_str).collect();
        texts.map(|texts| texts.join(" ")).ok_or_else(|| format!("{key} must be texts"))
    }

    /// Returns an argument that counts from 1.
    pub(super) fn count(&self, key: &str) -> Result<Option<u16>, String> {
        let wrong = || format!("{key} must be a whole number from 1");
        self.text(key)
            .map_err(|_| wrong())?
            .map(|text| text.parse().ok().filter(|n| *n > 0).ok_or_else(wrong))
            .transpose()
    }

    /// Returns a duration within limits, as text with its unit.
    pub(super) fn duration(
        &self,
        key: &str,
        limits: &RangeInclusive<Duration>,
    ) -> Result<Option<Duration>, String> {
        let wrong = || {
            let [from, to] = [limits.start(), limits.end()]
                .map(|limit| SignedDuration::try_from(*limit).unwrap_or_default());
            format!("{key} must be a text with a unit, such as \"30s\", from {from:#} to {to:#}")
        };
        let Some(value) = self.fields.get(key).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let duration: SignedDuration =
            value.as_str().and_then(|text| text.trim().parse().ok()).ok_or_else(wrong)?;
        let duration = Duration::try_from(duration).map_err(|_| wrong())?;
        limits.contains(&duration).then_some(Some(duration)).ok_or_else(wrong)
    }
}
