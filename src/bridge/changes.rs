//! What new settings mean for the phones, and what of them needs a restart.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::config::Settings;
use crate::domain::telephony::PhoneId;
use crate::phone::PhoneOptions;

/// What new settings mean for the phones.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) added: Vec<PhoneOptions>,
    pub(super) changed: Vec<PhoneOptions>,
    pub(super) removed: BTreeSet<PhoneId>,
    pub(super) unchanged: Vec<PhoneId>,
}

impl Changes {
    /// Compares the phones of before with those of now.
    pub(super) fn of<'a>(
        before: impl Iterator<Item = &'a PhoneOptions>,
        now: Vec<PhoneOptions>,
    ) -> Self {
        let mut before: BTreeMap<_, _> =
            before.map(|options| (options.id.clone(), options)).collect();
        let mut changes = Self::default();
        for options in now {
            match before.remove(&options.id) {
                None => changes.added.push(options),
                Some(known) if *known == options => changes.unchanged.push(options.id),
                Some(_) => changes.changed.push(options),
            }
        }
        changes.removed = before.into_keys().collect();
        changes
    }

    /// Returns the phones whose tasks end.
    pub(super) fn leaving(&self) -> BTreeSet<PhoneId> {
        let changed = self.changed.iter().map(|options| options.id.clone());
        changed.chain(self.removed.iter().cloned()).collect()
    }

    /// Returns the data of the response.
    pub(super) fn data(&self, needs_restart: &[&str]) -> Value {
        fn ids<'a>(ids: impl Iterator<Item = &'a PhoneId>) -> Vec<&'a str> {
            ids.map(PhoneId::as_str).collect()
        }
        json!({
            "added": ids(self.added.iter().map(|options| &options.id)),
            "changed": ids(self.changed.iter().map(|options| &options.id)),
            "removed": ids(self.removed.iter()),
            "unchanged": ids(self.unchanged.iter()),
            "needs_restart": needs_restart,
        })
    }
}

/// Returns the sections that hold something else now, and are read only when the bridge starts.
pub(super) fn needs_restart(before: &Settings, now: &Settings) -> Vec<&'static str> {
    let mqtt = before.mqtt != now.mqtt || before.base_topic != now.base_topic;
    let sections = [
        ("mqtt", mqtt),
        ("homeassistant", before.homeassistant != now.homeassistant),
        ("log", before.log != now.log),
        ("push", before.push != now.push),
    ];
    sections.into_iter().filter_map(|(section, changed)| changed.then_some(section)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Format, Log};
    use crate::mqtt;

    fn phone(id: &str, url: &str) -> PhoneOptions {
        PhoneOptions::at(id.parse().unwrap(), url.parse().unwrap())
    }

    #[test]
    fn phones_come_and_go_and_change() {
        let before =
            [phone("hall", "http://1"), phone("kitchen", "http://2"), phone("attic", "http://3")];
        let now = vec![
            phone("cellar", "http://4"),
            phone("hall", "http://1"),
            phone("kitchen", "http://5"),
        ];
        let changes = Changes::of(before.iter(), now);
        insta::assert_snapshot!(changes.data(&["log"]), @r#"{"added":["cellar"],"changed":["kitchen"],"needs_restart":["log"],"removed":["attic"],"unchanged":["hall"]}"#);
        let changes = Changes::of(before.iter(), before.to_vec());
        assert_eq!(changes.unchanged.len(), 3);
    }

    #[test]
    fn what_is_read_only_at_the_start_is_named() {
        type Case = (fn(&mut Settings), &'static [&'static str]);
        let settings = || Settings::new(mqtt::BrokerOptions::at("localhost", 1883), Vec::new());
        let cases: &[Case] = &[
            (|_| (), &[]),
            (|s| s.mqtt.password = Some("x".into()), &["mqtt"]),
            (|s| s.base_topic = "phones".into(), &["mqtt"]),
            (|s| s.log = Log { format: Format::Json, ..Log::default() }, &["log"]),
            (|s| s.homeassistant.discovery = false, &["homeassistant"]),
        ];
        for (change, expected) in cases {
            let mut other = settings();
            change(&mut other);
            assert_eq!(needs_restart(&settings(), &other), *expected);
        }
    }
}
