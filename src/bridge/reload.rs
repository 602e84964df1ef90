//! The settings are read again: phones come, go and begin anew, and nobody else notices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sd_notify::NotifyState;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::config::Settings;
use crate::domain::contract::bridge_request;
use crate::domain::contract::snapshot::{State, topics};
use crate::domain::contract::topic::Topic;
use crate::domain::telephony::PhoneId;
use crate::domain::twin::Handover;
use crate::homeassistant::announcer::Input;
use crate::names;
use crate::phone::PhoneOptions;
use crate::phone::http::PhoneClient;
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

/// So many commands wait for phones that begin anew.
const COMMANDS: usize = 256;

/// What is to be done once the phones that leave have ended.
type Plan = (Changes, Vec<(PhoneOptions, PhoneClient)>, names::NamesOptions, Value);

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
    added: Vec<PhoneOptions>,
    changed: Vec<PhoneOptions>,
    removed: BTreeSet<PhoneId>,
    unchanged: Vec<PhoneId>,
}

impl Changes {
    fn of<'a>(before: impl Iterator<Item = &'a PhoneOptions>, now: Vec<PhoneOptions>) -> Self {
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

/// Who wants the settings to be read again, and is told how it went.
pub(super) enum Asker {
    /// Somebody at this machine.
    Systemd,
    /// Somebody who sent a request.
    Request(bridge_request::Asker),
}

/// Phones whose tasks are ending, and what comes after: while they do, all others go on.
pub(super) struct Departure {
    waits_for: BTreeSet<PhoneId>,
    left: BTreeMap<PhoneId, Handover>,
    removed: BTreeSet<PhoneId>,
    ready: Vec<(PhoneOptions, PhoneClient)>,
    names: names::NamesOptions,
    data: Value,
    asker: Asker,
    /// Commands to phones that begin anew.
    commands: Vec<Waiting>,
    /// Others who want the settings to be read again, after this.
    next: Vec<Asker>,
}

/// A command that waits for its phone.
struct Waiting {
    id: PhoneId,
    name: String,
    payload: Vec<u8>,
    retained: bool,
}

impl Router {
    /// Reads the settings again, and does what they say of phones; if anything is wrong with them, nothing at all. The asker is
    /// told when all of it is done.
    pub(super) async fn reload(&mut self, asker: Asker) {
        if let Some(departure) = &mut self.departure {
            departure.next.push(asker);
            return;
        }
        if matches!(asker, Asker::Systemd) {
            match NotifyState::monotonic_usec_now() {
                Ok(now) => tell_systemd(&[NotifyState::Reloading, now]),
                Err(error) => tracing::debug!(%error, "no clock for systemd"),
            }
        }
        match self.depart().await {
            Ok((changes, ready, names, data)) => {
                let waits_for = changes.leaving();
                for id in &waits_for {
                    self.fleet.dismiss(id);
                }
                let (left, removed) = (BTreeMap::new(), changes.removed);
                let (commands, next) = (Vec::new(), Vec::new());
                let departure = Departure {
                    waits_for,
                    left,
                    removed,
                    ready,
                    names,
                    data,
                    asker,
                    commands,
                    next,
                };
                self.departure = Some(departure);
                self.arrive().await;
            }
            Err(why) => self.reloaded(asker, Err(why)).await,
        }
    }

    /// Reads the settings, and makes ready all that can fail.
    async fn depart(&mut self) -> Result<Plan, String> {
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
        let mut ready = Vec::new();
        for options in changes.added.iter().chain(&changes.changed) {
            ready.push(self.fleet.prepare(options.clone())?);
        }
        Ok((changes, ready, new.names, data))
    }

    /// Returns `true` if the end of this phone's task is wanted.
    pub(super) fn is_leaving(&self, id: &PhoneId) -> bool {
        self.departure.as_ref().is_some_and(|departure| departure.waits_for.contains(id))
    }

    /// Notes what a phone's task has left.
    pub(super) async fn has_left(&mut self, id: PhoneId, handover: Handover) {
        if let Some(departure) = &mut self.departure {
            departure.waits_for.remove(&id);
            departure.left.insert(id, handover);
        }
        self.arrive().await;
    }

    /// Keeps a command for the task that comes after the one that is ending; returns its payload if there is none.
    pub(super) fn keep_for_successor(
        &mut self,
        id: &PhoneId,
        name: &str,
        payload: Vec<u8>,
        retained: bool,
    ) -> Option<Vec<u8>> {
        let Some(departure) = self.departure.as_mut() else { return Some(payload) };
        let begins_anew = departure.ready.iter().any(|(options, _)| options.id == *id);
        if !begins_anew || departure.commands.len() >= COMMANDS {
            return Some(payload);
        }
        let (id, name) = (id.clone(), name.to_owned());
        departure.commands.push(Waiting { id, name, payload, retained });
        None
    }

    /// Once all that were waited for have ended: takes back what was removed, and starts what is new.
    async fn arrive(&mut self) {
        let Some(departure) = self.departure.take_if(|departure| departure.waits_for.is_empty())
        else {
            return;
        };
        // a task has ended after its last word: all of them are here
        while let Ok(report) = self.reports.try_recv() {
            self.report(report).await;
        }
        let Departure { mut left, removed, ready, names, data, asker, commands, next, .. } =
            departure;
        for id in &removed {
            self.fleet.phones.remove(id);
            if let Some(mut handover) = left.remove(id) {
                for (place, payload) in handover.end_calls(now()) {
                    let topic = Topic::Phone(id.clone(), place);
                    self.outbox.publish(self.base.publication(&topic, payload)).await;
                }
                self.take_back(id, handover.published()).await;
            }
        }
        for (options, client) in ready {
            let handover = left.remove(&options.id);
            self.begin(options, client, handover);
        }
        self.book.send_replace(names);
        self.say_who_is_there().await;
        self.reloaded(asker, Ok(data)).await;
        for Waiting { id, name, payload, retained } in commands {
            self.command(&id, &name, payload, retained).await;
        }
        for asker in next {
            Box::pin(self.reload(asker)).await;
        }
    }

    async fn reloaded(&mut self, asker: Asker, outcome: Result<Value, String>) {
        match &outcome {
            Ok(data) => tracing::info!(%data, "the settings are read again"),
            Err(why) => tracing::warn!("the settings stay as they were: {why}"),
        }
        match asker {
            // how it went stands in the log
            Asker::Systemd => tell_systemd(&[NotifyState::Ready]),
            Asker::Request(asker) => self.respond(&asker, &outcome).await,
        }
    }

    /// Takes back everything that is retained of a phone which is not there any more.
    async fn take_back(&mut self, id: &PhoneId, published: &State) {
        let ids = self.fleet.ids().cloned().collect();
        self.announce(Input::Phones(ids)).await;
        for place in topics(published) {
            let topic = Topic::Phone(id.clone(), place);
            self.outbox.publish(self.base.publication(&topic, "")).await;
        }
        self.republished(id).await;
    }

    /// Starts a phone; one that was there before goes on with its calls, counters, pause and refused login.
    fn begin(
        &mut self,
        options: PhoneOptions,
        client: PhoneClient,
        mut handover: Option<Handover>,
    ) {
        let id = options.id.clone();
        let before = self.fleet.phones.get(&id).map(|phone| &phone.options);
        if before.is_some_and(|before| !before.logs_in_as(&options)) {
            handover.iter_mut().for_each(Handover::forget_refusals);
        }
        let Some(phone) = self.fleet.start(options, client, handover) else { return };
        if self.remembered {
            phone.retained_complete.notify_one();
        }
        if self.silent.contains(&id) {
            phone.republish.notify_one();
        }
    }

    /// Tells everybody which phones there are now.
    async fn say_who_is_there(&mut self) {
        if let Some(push) = &self.settings.push {
            self.tokens.send_replace(push.tokens(self.fleet.ids()));
        }
        let ids = self.fleet.ids().cloned().collect();
        self.announce(Input::Phones(ids)).await;
        self.publish_info().await;
    }
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
