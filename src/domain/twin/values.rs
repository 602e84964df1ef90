//! The values of the phone that the settings name: read in time, and shown as the phone says them.

use std::collections::BTreeSet;
use std::time::Instant;

use super::reading::Reading;
use super::{Effect, Note, Now, Settings, Twin, ValuesNote};
use crate::domain::request::{Answer, PhoneError, PhoneRequest, StatusQuery};
use crate::domain::values::Values;
use crate::domain::values::named::{NamedValue, Shown, ValueKey};

/// How the reading of values goes.
#[derive(Debug)]
pub(super) struct Readings {
    pub(super) reading: Reading,
    /// Whether the log knows that it fails.
    failing: bool,
    /// What the log knows of values that make no sense.
    odd: BTreeSet<ValueKey>,
}

impl Readings {
    pub(super) fn new(settings: &Settings, now: Instant) -> Self {
        let names: Vec<_> = settings.values.iter().map(|setting| setting.value.clone()).collect();
        let reading = Reading::new(&names, settings.values_every, now);
        Self { reading, failing: false, odd: BTreeSet::new() }
    }
}

impl Twin {
    /// Returns when something of the phone is to be read.
    pub(super) fn next_look(&self) -> Instant {
        let next = self.schedule.next();
        self.values_due().map_or(next, |due| due.min(next))
    }

    /// Nothing but its lines is asked of a phone that is not heard.
    fn values_due(&self) -> Option<Instant> {
        self.readings.reading.due().filter(|_| !self.schedule.missing())
    }

    /// Asks for the next list of values, if it has been due for longer than anything else.
    pub(super) fn read_values_next(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let due = self.values_due().filter(|due| *due <= now.instant);
        if due.is_none_or(|due| self.schedule.next() <= due) {
            return;
        }
        let ask = PhoneRequest::GetValues(self.readings.reading.asks(now.instant));
        self.ask(ask, None, now, effects);
    }

    /// Takes in what came of a request that has to do with values; `ours` if nobody asked for it.
    pub(super) fn hear_values(
        &mut self,
        ask: &PhoneRequest,
        result: &Result<Answer, PhoneError>,
        ours: bool,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        match (ask, result) {
            (PhoneRequest::GetValues(_), Ok(Answer::Values(values))) => {
                self.take_values(values, effects);
                if ours {
                    self.readings.reading.answered(now.instant);
                    if self.readings.failing && self.readings.reading.all_is_well() {
                        self.readings.failing = false;
                        effects.push(Effect::Note(Note::Values(ValuesNote::Work)));
                    }
                }
            }
            (PhoneRequest::GetValues(_), Err(trouble)) if ours => {
                self.missed_values(trouble, now, effects);
            }
            // it may have obeyed all the same
            (PhoneRequest::GetValues(_) | PhoneRequest::SetValues(_), Err(_)) => {
                self.readings.reading.pull_forward(now.instant);
            }
            _ => {}
        }
    }

    fn take_values(&mut self, values: &Values, effects: &mut Vec<Effect>) {
        for setting in self.settings.values.iter() {
            let Some(raw) = values.get(&setting.value) else { continue };
            let shown = setting.shown(raw.as_deref());
            if shown.value.is_null() {
                if self.readings.odd.insert(setting.key.clone()) {
                    effects.push(Effect::Note(odd(setting, &shown)));
                }
            } else {
                self.readings.odd.remove(&setting.key);
            }
            self.snapshot.values.insert(setting.key.clone(), shown);
        }
    }

    fn missed_values(&mut self, trouble: &PhoneError, now: Now, effects: &mut Vec<Effect>) {
        let waits = matches!(trouble, PhoneError::SessionEnded(_));
        if self.pause.is_some() || waits || trouble.is_refused_login() {
            return;
        }
        let lost = self.readings.reading.missed(trouble, now.instant);
        if trouble.is_silence() && lost.is_empty() {
            // whether the phone is there is for the lines to find out
            self.schedule.pull_forward(StatusQuery::Lines, now.instant);
        } else if !std::mem::replace(&mut self.readings.failing, true) {
            effects.push(Effect::Note(Note::Values(ValuesNote::Failing(trouble.clone()))));
        }
        for setting in self.settings.values.iter().filter(|s| lost.contains(&s.value)) {
            self.snapshot.values.insert(setting.key.clone(), Shown::default());
        }
    }

    /// Takes in the topic of a value as it was published before we started. Returns what of it stays published.
    pub(super) fn remember_value(&mut self, key: &ValueKey, payload: &str) -> String {
        let known = self.settings.values.iter().find(|setting| setting.key == *key);
        let before: Option<serde_json::Value> = serde_json::from_str(payload).ok();
        let (Some(setting), Some(before)) = (known, before) else { return String::new() };
        let shown = setting.shown(before["raw"].as_str());
        self.snapshot.values.entry(key.clone()).or_insert(shown);
        payload.to_owned()
    }
}

/// Says what makes no sense about a value.
fn odd(setting: &NamedValue, shown: &Shown) -> Note {
    let (key, value) = (setting.key.clone(), setting.value.clone());
    Note::Values(ValuesNote::Odd { key, value, raw: shown.raw.clone() })
}
