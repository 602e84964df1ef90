//! The settings are read again: phones come, go and begin anew, and nobody else notices.

use std::collections::BTreeMap;
use std::sync::Arc;

use sd_notify::NotifyState;
use serde_json::Value;
use tokio::task::JoinError;

use super::changes::{Changes, needs_restart};
use super::departure::{Asker, Departure, RELOADS, Reading, Waiting};
use super::router::Router;
use super::systemd::tell_systemd;
use crate::config::Settings;
use crate::domain::contract::snapshot::{State, topics};
use crate::domain::contract::topic::Topic;
use crate::domain::telephony::PhoneId;
use crate::domain::twin::Handover;
use crate::homeassistant::announcer::Input;
use crate::names;
use crate::phone::PhoneOptions;
use crate::phone::http::PhoneClient;
use crate::phone::task::now;

/// What is to be done once the phones that leave have ended.
type Plan = (Changes, Vec<(PhoneOptions, PhoneClient)>, names::NamesOptions, Value);

impl Router {
    /// Reads the settings again, and does what they say of phones; if anything is wrong with them, nothing at all. The asker is
    /// told when all of it is done.
    pub(super) async fn reload(&mut self, asker: Asker) {
        let under_way = self.reading.as_mut().map(|reading| &mut reading.next);
        let under_way = under_way.or(self.departure.as_mut().map(|departure| &mut departure.next));
        if let Some(next) = under_way {
            if next.len() < RELOADS {
                return next.push(asker);
            }
            return self.reloaded(asker, Err("too many reloads at once".to_owned())).await;
        }
        if matches!(asker, Asker::Systemd) {
            match NotifyState::monotonic_usec_now() {
                Ok(now) => tell_systemd(&[NotifyState::Reloading, now]),
                Err(error) => tracing::debug!(%error, "no clock for systemd"),
            }
        }
        let Some(source) = &self.source else {
            let why = "these settings are from no file that could be read again";
            return self.reloaded(asker, Err(why.to_owned())).await;
        };
        if self.stop.is_cancelled() {
            return self.reloaded(asker, Err("the bridge is stopping".to_owned())).await;
        }
        let read = Arc::clone(&source.read);
        let task = tokio::task::spawn_blocking(move || read());
        self.reading = Some(Reading { task, asker, next: Vec::new() });
    }

    /// Handles the settings that were read.
    pub(super) async fn read(&mut self, read: Result<Result<Settings, String>, JoinError>) {
        let Some(Reading { asker, next, .. }) = self.reading.take() else { return };
        let settings =
            read.map_err(|_| "failed to read the settings: the task panicked".to_owned()).flatten();
        match settings.and_then(|settings| self.prepare(settings)) {
            Ok((changes, ready, names, data)) => {
                let waits_for = changes.leaving();
                for id in &waits_for {
                    self.fleet.dismiss(id);
                }
                let (left, removed) = (BTreeMap::new(), changes.removed);
                let commands = Vec::new();
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
            Err(why) => {
                self.reloaded(asker, Err(why)).await;
                for asker in next {
                    self.reload(asker).await;
                }
            }
        }
    }

    /// Makes ready all that can fail.
    fn prepare(&mut self, new: Settings) -> Result<Plan, String> {
        if self.stop.is_cancelled() {
            return Err("the bridge is stopping".to_owned());
        }
        let needs_restart = needs_restart(&self.settings, &new);
        let before = self.fleet.phones.values().map(|phone| &phone.options);
        let changes = Changes::of(before, new.phones);
        let data = changes.data(&needs_restart);
        let new_ones = changes.added.iter().chain(&changes.changed).cloned().collect();
        let ready = self.fleet.prepare_all(new_ones)?;
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
            self.fleet.remove(id);
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
        self.names.send_replace(names);
        self.say_who_is_there().await;
        self.reloaded(asker, Ok(data)).await;
        for Waiting { id, message } in commands {
            self.command(&id, message).await;
        }
        for asker in next {
            self.reload(asker).await;
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
