//! The settings are read again: phones come, go and begin anew, and nobody else notices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sd_notify::NotifyState;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::config::Settings;
use crate::domain::phone::PhoneId;
use crate::domain::snapshot::{State, topics};
use crate::domain::topic::Topic;
use crate::domain::twin::Heritage;
use crate::homeassistant::announcer::Event;
use crate::phone::Options;
use crate::phone::http::Handset;
use crate::phone::task::now;

use super::router::Router;
use super::tell_systemd;

/// Where the settings are read again.
pub struct Source {
    /// Reads them; the error is what the program would print if it were started now.
    pub read: Arc<dyn Fn() -> Result<Settings, String> + Send + Sync>,
    /// Somebody at this machine wants that.
    pub asked: mpsc::Receiver<()>,
}

/// Waits until somebody at this machine wants the settings to be read again; for ever, if nobody can.
pub(super) async fn asked(source: &mut Option<Source>) {
    if let Some(source) = source
        && source.asked.recv().await.is_some()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// What new settings mean for the phones.
#[derive(Debug, Default)]
struct Changes {
    added: Vec<Options>,
    changed: Vec<Options>,
    removed: BTreeSet<PhoneId>,
    unchanged: Vec<PhoneId>,
}

impl Changes {
    fn of<'a>(before: impl Iterator<Item = &'a Options>, now: Vec<Options>) -> Self {
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
    fn leaving(&self) -> BTreeSet<PhoneId> {
        let changed = self.changed.iter().map(|options| options.id.clone());
        changed.chain(self.removed.iter().cloned()).collect()
    }

    fn data(&self, needs_restart: &[&str]) -> Value {
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
fn needs_restart(before: &Settings, now: &Settings) -> Vec<&'static str> {
    let mqtt = before.mqtt != now.mqtt || before.base_topic != now.base_topic;
    let sections = [
        ("mqtt", mqtt),
        ("homeassistant", before.homeassistant != now.homeassistant),
        ("log", before.log != now.log),
        ("push", before.push != now.push),
    ];
    sections.into_iter().filter_map(|(section, changed)| changed.then_some(section)).collect()
}

impl Router {
    /// Reads the settings again because somebody at this machine wants it, and lets systemd know for how long.
    pub(super) async fn reload_for_systemd(&mut self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell_systemd(&[NotifyState::Reloading, now]),
            Err(error) => tracing::debug!(%error, "no clock for systemd"),
        }
        // how it went stands in the log
        self.reload().await.ok();
        tell_systemd(&[NotifyState::Ready]);
    }

    /// Reads the settings again, and does what they say of phones; if anything is wrong with them, nothing at all.
    pub(super) async fn reload(&mut self) -> Result<Value, String> {
        let outcome = self.try_reload().await;
        match &outcome {
            Ok(data) => tracing::info!(%data, "the settings are read again"),
            Err(why) => tracing::warn!("the settings stay as they were: {why}"),
        }
        outcome
    }

    async fn try_reload(&mut self) -> Result<Value, String> {
        let Some(source) = &self.source else {
            return Err("these settings are from no file that could be read again".to_owned());
        };
        if self.stop.is_cancelled() {
            return Err("the bridge is stopping".to_owned());
        }
        let read = Arc::clone(&source.read);
        let new = tokio::task::spawn_blocking(move || read()).await;
        let new = new.map_err(|_| "failed to read the settings: it broke".to_owned())??;
        let needs_restart = needs_restart(&self.settings, &new);
        let before = self.fleet.phones.values().map(|phone| &phone.options);
        let changes = Changes::of(before, new.phones);
        let data = changes.data(&needs_restart);
        let leaving = changes.leaving();
        let mut ready = Vec::new();
        for options in changes.added.into_iter().chain(changes.changed) {
            ready.push(self.fleet.prepare(options)?);
        }
        let mut left = self.part_with(leaving).await?;
        for id in &changes.removed {
            self.fleet.phones.remove(id);
            if let Some(mut heritage) = left.remove(id) {
                for (place, payload) in heritage.end_calls(now()) {
                    let topic = Topic::Phone(id.clone(), place);
                    self.outbox.publish(self.base.publication(&topic, payload)).await;
                }
                self.take_back(id, heritage.published()).await;
            }
        }
        for (options, handset) in ready {
            let heritage = left.remove(&options.id);
            self.begin(options, handset, heritage);
        }
        self.book.send_replace(new.names);
        self.say_who_is_there().await;
        Ok(data)
    }

    /// Lets the tasks of these phones say goodbye, passes that on, and returns what they have left.
    async fn part_with(
        &mut self,
        mut ids: BTreeSet<PhoneId>,
    ) -> Result<BTreeMap<PhoneId, Heritage>, String> {
        for id in &ids {
            self.fleet.dismiss(id);
        }
        let mut left = BTreeMap::new();
        while !ids.is_empty() {
            tokio::select! {
                Some(report) = self.reports.recv() => self.report(report).await,
                Some(ended) = self.fleet.ended() => {
                    let Some((id, heritage)) = self.ended(ended, &ids) else {
                        return Err("a phone's task broke; the bridge stops".to_owned());
                    };
                    ids.remove(&id);
                    left.insert(id, heritage);
                }
            }
        }
        // a task has ended after its last word: all of them are here
        while let Ok(report) = self.reports.try_recv() {
            self.report(report).await;
        }
        Ok(left)
    }

    /// Takes back everything that is retained of a phone which is not there any more.
    async fn take_back(&mut self, id: &PhoneId, published: &State) {
        let ids = self.fleet.ids().cloned().collect();
        self.announce(Event::Phones(ids)).await;
        for place in topics(published) {
            let topic = Topic::Phone(id.clone(), place);
            self.outbox.publish(self.base.publication(&topic, "")).await;
        }
        self.republished(id).await;
    }

    /// Starts a phone; one that was there before goes on with its calls, counters, pause and refused login.
    fn begin(&mut self, options: Options, handset: Handset, mut heritage: Option<Heritage>) {
        let id = options.id.clone();
        let before = self.fleet.phones.get(&id).map(|phone| &phone.options);
        if before.is_some_and(|before| !before.logs_in_as(&options)) {
            heritage.iter_mut().for_each(Heritage::forget_refusals);
        }
        let Some(phone) = self.fleet.start(options, handset, heritage) else { return };
        if self.remembered {
            phone.remembered.notify_one();
        }
        if self.silent.contains(&id) {
            phone.forgotten.notify_one();
        }
    }

    /// Tells everybody which phones there are now.
    async fn say_who_is_there(&mut self) {
        if let Some(push) = &self.settings.push {
            self.tokens.send_replace(push.tokens(self.fleet.ids()));
        }
        let ids = self.fleet.ids().cloned().collect();
        self.announce(Event::Phones(ids)).await;
        self.publish_info().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Format, Log};
    use crate::mqtt;

    fn phone(id: &str, url: &str) -> Options {
        Options::at(id.parse().unwrap(), url.parse().unwrap())
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
        let settings = || Settings::new(mqtt::Options::at("localhost", 1883), Vec::new());
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
