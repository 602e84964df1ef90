//! The arguments of a command or a request, out of its payload: the bare main argument, or JSON.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Map, Value};

/// The longest payload that is read, in bytes.
const PAYLOAD_LIMIT: usize = 16 * 1024;
/// The longest id that is repeated, in bytes as JSON.
const ID_LIMIT: usize = 1024;

/// What a payload says.
#[derive(Default)]
pub struct Arguments {
    /// What the answer is to repeat, if anything.
    pub id: Option<Value>,
    bare: Option<Value>,
    /// The arguments by name.
    pub fields: Map<String, Value>,
}

impl Arguments {
    /// Reads a payload: nothing, `PRESS`, one bare argument, or JSON; `id` names the key whose value is to be repeated.
    pub fn parse(payload: &[u8], id: &str) -> Result<Self, String> {
        if payload.len() > PAYLOAD_LIMIT {
            return Err(format!("the payload has more than {PAYLOAD_LIMIT} bytes"));
        }
        let text = std::str::from_utf8(payload).map_err(|_| "not UTF-8 text".to_owned())?.trim();
        let mut arguments = Self::default();
        if text.starts_with('{') {
            arguments.fields =
                serde_json::from_str(text).map_err(|e| format!("broken JSON: {e}"))?;
            arguments.id = arguments.fields.remove(id);
            if arguments.id.as_ref().is_some_and(|id| id.to_string().len() > ID_LIMIT) {
                return Err(format!("{id} has more than {ID_LIMIT} bytes"));
            }
        } else if text.starts_with('"') {
            arguments.bare = serde_json::from_str(text).map_err(|e| format!("broken JSON: {e}"))?;
        } else if !text.is_empty() && text != "PRESS" {
            arguments.bare = Some(list(text).unwrap_or_else(|| text.into()));
        }
        Ok(arguments)
    }

    /// Takes all of the payload for the one argument of this name, unless it names it.
    pub fn wrap(&mut self, key: &str) {
        if self.bare.is_none() && !self.fields.contains_key(key) {
            let all = Value::Object(std::mem::take(&mut self.fields));
            self.fields.insert(key.to_owned(), all);
        }
    }

    /// Takes the bare argument for the main one; refuses what is neither that nor one of the others.
    pub fn check(
        &mut self,
        name: &str,
        main: Option<&str>,
        others: &[&str],
        id: &str,
    ) -> Result<(), String> {
        if let Some(bare) = self.bare.take() {
            let Some(main) = main else {
                return Err(format!("{name} takes no argument: send an empty payload, or PRESS"));
            };
            self.fields.insert(main.to_owned(), bare);
        }
        let known: Vec<&str> = main.iter().chain(others).copied().collect();
        if let Some(key) = self.fields.keys().find(|key| !known.contains(&key.as_str())) {
            let takes = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            return Err(format!("{name} does not know {key:?}; it takes {takes} (and {id})"));
        }
        Ok(())
    }

    /// Returns a text argument; a number is taken as its digits.
    pub fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|t| !t.is_empty())),
            Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
            Some(_) => Err(format!("{key} must be a text")),
        }
    }

    /// Returns a text with its blanks, empty if it is none.
    pub fn as_it_is(&self, key: &str) -> &str {
        self.fields.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a text argument that may be empty; none if it is not said.
    pub fn text_or_empty(&self, key: &str) -> Result<Option<String>, String> {
        let said = self.fields.get(key).is_some_and(Value::is_string);
        Ok(self.text(key)?.or_else(|| said.then(String::new)))
    }

    /// Returns a text that must be there.
    pub fn required(&self, key: &str) -> Result<String, String> {
        self.text(key)?.ok_or_else(|| format!("{key} is missing"))
    }

    /// Returns a truth value; false if it is not said.
    pub fn flag(&self, key: &str) -> Result<bool, String> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            // a bare payload has no types
            Some(Value::String(text)) if matches!(text.as_str(), "true" | "false") => {
                Ok(text == "true")
            }
            Some(_) => Err(format!("{key} must be true or false")),
        }
    }

    /// Returns a list of texts or numbers as one text.
    pub fn list(&self, key: &str) -> Result<String, String> {
        let Some(Value::Array(all)) = self.fields.get(key) else {
            return Ok(self.text(key)?.unwrap_or_default());
        };
        let word = |value: &Value| {
            let number = value.as_u64().map(|number| number.to_string());
            number.or_else(|| value.as_str().map(str::to_owned))
        };
        let words: Option<Vec<_>> = all.iter().map(word).collect();
        words.map(|words| words.join(" ")).ok_or_else(|| format!("{key} must be texts or numbers"))
    }

    /// Returns an argument that counts from 1.
    pub fn count(&self, key: &str) -> Result<Option<u16>, String> {
        let wrong = || format!("{key} must be a whole number from 1");
        self.text(key)
            .map_err(|_| wrong())?
            .map(|text| text.parse().ok().filter(|n| *n > 0).ok_or_else(wrong))
            .transpose()
    }

    /// Returns a duration within limits, as text with its unit.
    pub fn duration(
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

/// Returns a list, if the text is one in JSON.
fn list(text: &str) -> Option<Value> {
    let list = text.starts_with('[').then(|| serde_json::from_str::<Vec<Value>>(text));
    list?.ok().map(Value::Array)
}
