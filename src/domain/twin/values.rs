//! The values of the phone that the settings name, as the phone says them.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Note, ValuesNote};
use crate::domain::request::PhoneError;
use crate::domain::values::Values;
use crate::domain::values::named::{NamedValue, Shown, ValueKey};

/// What the log knows of the values.
#[derive(Debug, Default)]
pub(super) struct ValuesLog {
    failing: bool,
    /// Values that make no sense.
    odd: BTreeSet<ValueKey>,
}

impl ValuesLog {
    /// Returns what the log has to know of a list that was read; `all_well` if all lists can be read.
    pub(super) fn works(&mut self, all_well: bool) -> Option<Note> {
        let is_news = self.failing && all_well;
        self.failing &= !all_well;
        is_news.then_some(Note::Values(ValuesNote::Work))
    }

    /// Returns what the log has to know of a list that can't be read.
    pub(super) fn fails(&mut self, error: &PhoneError) -> Option<Note> {
        let is_news = !std::mem::replace(&mut self.failing, true);
        is_news.then(|| Note::Values(ValuesNote::Failing(error.clone())))
    }

    /// Handles what the phone said, and returns what the log has to know of it.
    pub(super) fn take(
        &mut self,
        named: &[NamedValue],
        values: &Values,
        shown: &mut BTreeMap<ValueKey, Shown>,
    ) -> Vec<Note> {
        let mut notes = Vec::new();
        for one in named {
            let Some(raw) = values.get(&one.value) else { continue };
            let now = one.shown(raw.as_deref());
            if now.value.is_null() {
                if self.odd.insert(one.key.clone()) {
                    notes.push(odd(one, &now));
                }
            } else {
                self.odd.remove(&one.key);
            }
            shown.insert(one.key.clone(), now);
        }
        notes
    }
}

/// Returns what makes no sense about a value.
fn odd(named: &NamedValue, shown: &Shown) -> Note {
    let (key, value) = (named.key.clone(), named.value.clone());
    Note::Values(ValuesNote::Odd { key, value, raw: shown.raw.clone() })
}
