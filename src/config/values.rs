//! `[[phones.<id>.values]]`: checks which values of the phone are shown and set, and as what.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::error::Error;
use super::raw;
use super::section::Section;
use crate::domain::values;
use crate::domain::values::named::{Choice, LONGEST, NamedValue, ValueKey, ValueKind};

/// Maximum number of values of one phone.
const MANY: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Switch,
    Number,
    Select,
    Text,
    Sensor,
}

const KINDS: [(&str, Kind); 5] = [
    ("switch", Kind::Switch),
    ("number", Kind::Number),
    ("select", Kind::Select),
    ("text", Kind::Text),
    ("sensor", Kind::Sensor),
];

/// Checks every value; no two may have the same key, or be the same value of the phone.
pub(super) fn check(
    section: &Section<'_>,
    raw: Vec<raw::PhoneValue>,
) -> Result<Arc<[NamedValue]>, Error> {
    if raw.len() > MANY {
        let problem = format!("expected up to {MANY} values, found {}", raw.len());
        return Err(section.wrong("values", problem));
    }
    let mut settings: Vec<NamedValue> = Vec::with_capacity(raw.len());
    for (place, raw) in raw.into_iter().enumerate() {
        let section = section.below(&format!("values.{place}"));
        let setting = setting(&section, raw)?;
        let same = |key, same: fn(&NamedValue, &NamedValue) -> bool| {
            let other = settings.iter().position(|other| same(other, &setting));
            other.map_or(Ok(()), |other| {
                Err(section.wrong(key, format!("values.{other} has the same {key}")))
            })
        };
        same("key", |one, other| one.key == other.key)?;
        same("value", |one, other| one.value == other.value)?;
        settings.push(setting);
    }
    Ok(settings.into())
}

fn setting(section: &Section<'_>, mut raw: raw::PhoneValue) -> Result<NamedValue, Error> {
    let key = raw.key.take().unwrap_or_default();
    let key: ValueKey =
        key.parse().map_err(|error| section.wrong("key", format!("{error}, found {key:?}")))?;
    let Some(kind) = section.choice("kind", raw.kind.take(), &KINDS)? else {
        let kinds: Vec<_> = KINDS.iter().map(|(word, _)| format!("{word:?}")).collect();
        return Err(section.wrong("kind", format!("missing; expected {}", kinds.join(" or "))));
    };
    let name = section.text("name", raw.name.take())?.unwrap_or_else(|| humane(&key));
    let value = value(section, raw.value.take(), kind)?;
    let icon = section.text("icon", raw.icon.take())?;
    if let Some(icon) = icon.as_ref().filter(|icon| !icon.contains(':')) {
        let problem = format!("expected an icon such as \"mdi:volume-high\", found {icon:?}");
        return Err(section.wrong("icon", problem));
    }
    refuse_misfits(section, kind, &raw)?;
    let kind = match kind {
        Kind::Switch => switch(section, raw.on, raw.off)?,
        Kind::Number => number(section, &raw)?,
        Kind::Select => ValueKind::Select(choices(section, raw.options)?),
        Kind::Text => ValueKind::Text,
        Kind::Sensor => ValueKind::Sensor { unit: section.text("unit", raw.unit)? },
    };
    Ok(NamedValue { key, name, value, kind, icon })
}

/// Returns a name for people: `ring_volume` is the `Ring volume`.
fn humane(key: &ValueKey) -> String {
    let mut words = key.as_str().replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// Checks the phone's name of a value: others may listen to the broker, so it is no password and no key.
fn value(section: &Section<'_>, value: Option<String>, kind: Kind) -> Result<String, Error> {
    let Some(value) = section.text("value", value)? else {
        return Err(
            section.wrong("value", "missing; expected a value of the phone, such as \"P334\"")
        );
    };
    let name =
        if kind == Kind::Sensor { values::readable(&value) } else { values::settable(&value) };
    name.map_err(|why| section.wrong("value", why))
}

/// Refuses a key that belongs to another kind.
fn refuse_misfits(section: &Section<'_>, kind: Kind, raw: &raw::PhoneValue) -> Result<(), Error> {
    let keys: [(&str, bool, &[Kind]); 7] = [
        ("on", raw.on.is_some(), &[Kind::Switch]),
        ("off", raw.off.is_some(), &[Kind::Switch]),
        ("min", raw.min.is_some(), &[Kind::Number]),
        ("max", raw.max.is_some(), &[Kind::Number]),
        ("step", raw.step.is_some(), &[Kind::Number]),
        ("options", raw.options.is_some(), &[Kind::Select]),
        ("unit", raw.unit.is_some(), &[Kind::Number, Kind::Sensor]),
    ];
    let misfit = keys.iter().find(|(_, is_there, kinds)| *is_there && !kinds.contains(&kind));
    let Some((key, _, kinds)) = misfit else { return Ok(()) };
    let word = |kind: &Kind| KINDS.iter().find(|(_, known)| known == kind).map_or("", |row| row.0);
    let words: Vec<_> = kinds.iter().map(word).collect();
    let problem =
        format!("expected only with kind {}, found with {}", words.join(" or "), word(&kind));
    Err(section.wrong(key, problem))
}

fn switch(
    section: &Section<'_>,
    on: Option<String>,
    off: Option<String>,
) -> Result<ValueKind, Error> {
    let text = |text: Option<String>, default: &str| {
        text.map_or_else(|| default.to_owned(), |text| text.trim().to_owned())
    };
    let (on, off) = (text(on, "1"), text(off, "0"));
    if on == off {
        return Err(section.wrong("off", format!("expected another text than on, found {off:?}")));
    }
    Ok(ValueKind::Switch { on, off })
}

fn number(section: &Section<'_>, raw: &raw::PhoneValue) -> Result<ValueKind, Error> {
    let limit = |key, limit: Option<i64>| {
        limit.ok_or_else(|| section.wrong(key, "missing; expected a whole number, such as 10"))
    };
    let (min, max) = (limit("min", raw.min)?, limit("max", raw.max)?);
    let range = max.checked_sub(min).filter(|range| *range > 0);
    let Some(range) = range else {
        return Err(section.wrong("max", format!("expected more than min, {min}, found {max}")));
    };
    let step = raw.step.unwrap_or(1);
    if !(1..=range).contains(&step) {
        return Err(section.wrong("step", format!("expected 1 to {range}, found {step}")));
    }
    Ok(ValueKind::Number { min, max, step, unit: section.text("unit", raw.unit.clone())? })
}

/// Checks what a setting can be. A table has no order of its own: that of the phone's values is taken.
fn choices(section: &Section<'_>, raw: Option<raw::Choices>) -> Result<Vec<Choice>, Error> {
    let choices: Vec<Choice> = match raw {
        None => Vec::new(),
        Some(raw::Choices::List(values)) => {
            values.into_iter().map(|value| Choice { label: value.clone(), value }).collect()
        }
        Some(raw::Choices::Table(table)) => {
            let choice = |(label, value)| Choice { label, value };
            let mut choices: Vec<_> = table.into_iter().map(choice).collect();
            choices.sort_by_cached_key(|choice| {
                let number: Option<i64> = choice.value.parse().ok();
                (number.is_none(), number, choice.value.clone())
            });
            choices
        }
    };
    if choices.is_empty() {
        return Err(section.wrong("options", format!("expected {}", raw::Choices::EXPECTED)));
    }
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    for Choice { label, value } in &choices {
        let problem = if label.trim().is_empty() || label.trim() != label {
            format!("expected a label without blanks around it, found {label:?}")
        } else if label.eq_ignore_ascii_case("none") {
            format!("expected another label than {label:?}: in Home Assistant it means unknown")
        } else if label.chars().count() > LONGEST {
            format!("expected labels of up to {LONGEST} characters")
        } else if value.trim() != value {
            format!("expected a value without blanks around it, found {value:?}")
        } else if !(seen[0].insert(label) & seen[1].insert(value)) {
            format!("expected each label and value once, found {label:?} ({value:?}) again")
        } else {
            continue;
        };
        return Err(section.wrong("options", problem));
    }
    Ok(choices)
}
