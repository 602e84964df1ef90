//! Settings of a phone that users have given a name: what the phone's text of one means, and what may be written to it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Value, json};

/// The longest text that Home Assistant shows, in characters.
pub const LONGEST: usize = 255;

/// The key of a setting: part of its topic and of its entity's id, so it never changes once in use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueKey(String);

/// Why a text is no [`ValueKey`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key is 1 to 64 of a-z 0-9 _")]
pub struct BadSettingKey;

impl ValueKey {
    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ValueKey {
    type Err = BadSettingKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let fits = (1..=64).contains(&text.len()) && text.chars().all(legal);
        if fits { Ok(Self(text.to_owned())) } else { Err(BadSettingKey) }
    }
}

impl fmt::Display for ValueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value of the phone ("P-value") that has a topic and an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedValue {
    /// Its key.
    pub key: ValueKey,
    /// Its name for people.
    pub name: String,
    /// The phone's name of the value, without the `P`.
    pub value: String,
    /// What it is.
    pub kind: ValueKind,
    /// A Material Design icon.
    pub icon: Option<String>,
}

/// What a setting is, and which texts of the phone mean what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueKind {
    /// On or off.
    Switch {
        /// The phone's text for on.
        on: String,
        /// The phone's text for off.
        off: String,
    },
    /// A whole number: no value of these phones is known to have a fraction.
    Number {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
        /// What lies between two.
        step: i64,
        /// What it counts.
        unit: Option<String>,
    },
    /// One of some.
    Select(Vec<Choice>),
    /// Any text.
    Text,
    /// What only the phone says.
    Sensor {
        /// What it counts; only where it is a number.
        unit: Option<String>,
    },
}

/// One of several that a setting can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What people see.
    pub label: String,
    /// The phone's text.
    pub value: String,
}

/// What a setting is at present, as `P/values/<key>` says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// What the phone's text means; null where that is not known.
    pub value: Value,
    /// The phone's text; none where it does not know the value.
    pub raw: Option<String>,
}

impl NamedValue {
    /// Returns `true` if users may change it.
    pub fn is_writable(&self) -> bool {
        !matches!(self.kind, ValueKind::Sensor { .. })
    }

    /// Returns what to show of the phone's text. These phones say nothing (`""`) of a value that they do not know, so
    /// that is an answer only where it can be meant.
    pub fn shown(&self, raw: Option<&str>) -> Shown {
        let Some(raw) = raw else { return Shown::default() };
        let value = self.meaning(raw);
        if value.is_none() && raw.trim().is_empty() {
            return Shown::default();
        }
        Shown { value: value.unwrap_or_default(), raw: Some(raw.to_owned()) }
    }

    fn meaning(&self, raw: &str) -> Option<Value> {
        let word = raw.trim();
        match &self.kind {
            ValueKind::Switch { on, .. } if word == on => Some("ON".into()),
            ValueKind::Switch { off, .. } => (word == off).then(|| "OFF".into()),
            ValueKind::Number { min, max, .. } => {
                let number: i64 = word.parse().ok()?;
                (*min..=*max).contains(&number).then(|| json!(number))
            }
            ValueKind::Select(choices) => {
                let choice = choices.iter().find(|choice| choice.value == word)?;
                Some(json!(choice.label))
            }
            ValueKind::Text => is_short(raw).then(|| raw.into()),
            ValueKind::Sensor { unit: Some(_) } => {
                word.parse().ok().filter(|number: &f64| number.is_finite()).map(|_| word.into())
            }
            ValueKind::Sensor { unit: None } => {
                (is_short(word) && !word.is_empty()).then(|| word.into())
            }
        }
    }

    /// Checks that this text may be written; the error is what may be.
    pub fn takes(&self, text: &str) -> Result<(), String> {
        let one_of = |choices: &[(&str, &str)]| {
            let words: Vec<_> =
                choices.iter().map(|(value, label)| format!("{value:?} ({label})")).collect();
            let found = choices.iter().any(|(value, _)| *value == text);
            if found { Ok(()) } else { Err(words.join(" or ")) }
        };
        let expected = match &self.kind {
            ValueKind::Switch { on, off } => one_of(&[(on, "on"), (off, "off")]).err(),
            ValueKind::Select(choices) => {
                let choices: Vec<_> =
                    choices.iter().map(|c| (c.value.as_str(), c.label.as_str())).collect();
                one_of(&choices).err()
            }
            ValueKind::Number { min, max, step, .. } => {
                let number = text.parse().ok().filter(|number: &i64| number.to_string() == text);
                let fits = |n: i64| (*min..=*max).contains(&n) && (n - min) % step == 0;
                let steps = if *step == 1 { String::new() } else { format!(" in steps of {step}") };
                let expected = format!("a whole number from {min} to {max}{steps}");
                (!number.is_some_and(fits)).then_some(expected)
            }
            ValueKind::Text => {
                (!is_short(text)).then(|| format!("a text of up to {LONGEST} characters"))
            }
            ValueKind::Sensor { .. } => None,
        };
        let Self { value, name, .. } = self;
        expected.map_or(Ok(()), |expected| Err(format!("P{value} ({name}) must be {expected}")))
    }
}

/// Returns the names of those values that are no settings which users may change; the error is about one that is, and
/// does not take what is to be written.
pub fn others<'a>(
    wanted: &'a BTreeMap<String, String>,
    settings: &[NamedValue],
) -> Result<Vec<&'a str>, String> {
    let mut others = Vec::new();
    for (name, text) in wanted {
        match settings.iter().find(|s| s.is_writable() && s.value == *name) {
            Some(setting) => setting.takes(text)?,
            None => others.push(name.as_str()),
        }
    }
    Ok(others)
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= LONGEST
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn setting(kind: ValueKind) -> NamedValue {
        let (key, name) = ("key".parse().unwrap(), "Name".to_owned());
        NamedValue { key, name, value: "334".to_owned(), kind, icon: None }
    }

    fn switch() -> NamedValue {
        setting(ValueKind::Switch { on: "1".into(), off: "0".into() })
    }

    fn number() -> NamedValue {
        setting(ValueKind::Number { min: -10, max: 100, step: 10, unit: None })
    }

    fn select() -> NamedValue {
        let choice = |label: &str, value: &str| Choice { label: label.into(), value: value.into() };
        setting(ValueKind::Select(vec![choice("Automatic", ""), choice("Low", "1")]))
    }

    fn text() -> NamedValue {
        setting(ValueKind::Text)
    }

    fn sensor(unit: Option<&str>) -> NamedValue {
        setting(ValueKind::Sensor { unit: unit.map(str::to_owned) })
    }

    #[test]
    fn what_the_phone_says_has_a_meaning_or_none() {
        let long = "x".repeat(256);
        let cases = [
            (switch(), "1", json!("ON")),
            (switch(), " 0\n", json!("OFF")),
            (switch(), "2", json!(null)),
            (number(), "50", json!(50)),
            (number(), "-10", json!(-10)),
            (number(), "055", json!(55)),
            (number(), "101", json!(null)),
            (number(), "50%", json!(null)),
            (select(), "1", json!("Low")),
            (select(), "", json!("Automatic")),
            (select(), "7", json!(null)),
            (text(), "", json!("")),
            (text(), " a ", json!(" a ")),
            (text(), &long, json!(null)),
            (sensor(None), "1.0.3.62", json!("1.0.3.62")),
            (sensor(Some("%")), "36.5", json!("36.5")),
            (sensor(Some("%")), "none", json!(null)),
            (sensor(Some("%")), "inf", json!(null)),
        ];
        for (setting, raw, value) in cases {
            let shown = setting.shown(Some(raw));
            assert_eq!((&shown.value, shown.raw.as_deref()), (&value, Some(raw)), "{setting:?}");
        }
    }

    #[test]
    fn nothing_is_a_value_that_the_phone_does_not_know() {
        for setting in [switch(), number(), select(), text(), sensor(None), sensor(Some("%"))] {
            assert_eq!(setting.shown(None), Shown::default());
        }
        for setting in [switch(), number(), sensor(None), sensor(Some("%"))] {
            assert_eq!(setting.shown(Some("")), Shown::default(), "{setting:?}");
        }
    }

    #[test]
    fn only_what_fits_is_written() {
        let long = "ä".repeat(256);
        let number_is = "a whole number from -10 to 100 in steps of 10";
        let cases = [
            (switch(), "1", None),
            (switch(), "ON", Some(r#""1" (on) or "0" (off)"#)),
            (number(), "-10", None),
            (number(), "100", None),
            (number(), "110", Some(number_is)),
            (number(), "55", Some(number_is)),
            (number(), "050", Some(number_is)),
            (number(), "50.0", Some(number_is)),
            (number(), "", Some(number_is)),
            (number(), "99999999999999999999", Some(number_is)),
            (select(), "", None),
            (select(), "Low", Some(r#""" (Automatic) or "1" (Low)"#)),
            (text(), "", None),
            (text(), &long[2..], None),
            (text(), &long, Some("a text of up to 255 characters")),
        ];
        for (setting, text, expected) in cases {
            let error = expected.map(|expected| format!("P334 (Name) must be {expected}"));
            assert_eq!(setting.takes(text).err(), error, "{setting:?} {text}");
        }
    }

    #[test]
    fn what_is_no_setting_is_named() {
        let wanted = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let settings = [number(), NamedValue { value: "68".into(), ..sensor(None) }];
        let all = wanted(&[("334", "50"), ("68", "x"), ("1561", "1")]);
        assert_eq!(others(&all, &settings), Ok(vec!["1561", "68"]));
        assert!(others(&wanted(&[("334", "5")]), &settings).unwrap_err().contains("P334 (Name)"));
        assert_eq!(others(&wanted(&[("334", "50")]), &settings), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn what_may_be_written_is_understood_when_it_is_read(text in "-?[0-9]{0,4}") {
            for setting in [switch(), number(), select()] {
                let understood = !setting.shown(Some(&text)).value.is_null();
                prop_assert!(understood || setting.takes(&text).is_err(), "{:?}", setting);
            }
        }
    }
}
