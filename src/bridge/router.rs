//! The crossroads: what the broker says goes to the phones, what the phones say goes to the broker.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::anyhow;
use jiff::Timestamp;
use sd_notify::NotifyState;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::domain::alarm::Alarm;
use crate::domain::call::Switchboard;
use crate::domain::call::push::Push;
use crate::domain::command::parse;
use crate::domain::command::result::{ErrorCode, Failure};
use crate::domain::contract::entity::Device;
use crate::domain::contract::topic::{Base, PhoneTopic, Topic};
use crate::domain::telephony::PhoneId;
use crate::domain::text::short;
use crate::homeassistant::announcer::{Announcer, Effect, Input};
use crate::mqtt::{Heard, Notice, Outbox};
use crate::names;
use crate::phone::push::token::Tokens;
use crate::phone::task::{Message, Report, now};

use super::departure::{Asker, Departure, Reading, finished};
use super::fleet::{Ended, Fleet};
use super::leftovers::Leftovers;
use super::overview::Overview;
use super::source::{Source, asked};
use super::systemd::tell_systemd;

/// The pace of signs of life where systemd asks for none.
const UNWATCHED: Duration = Duration::from_mins(1);

/// The largest retained payload of a phone that is read, in bytes: what the bridge publishes there is smaller.
const RETAINED: usize = 64 * 1024;
/// How much of a topic that somebody else has made up is logged, in characters.
const TOPIC: usize = 120;

/// Passes messages on; decides nothing.
pub(super) struct Router {
    pub(super) base: Base,
    pub(super) overview: Overview,
    /// The settings that the bridge was started with; what they say of phones is the fleet's.
    pub(super) settings: Settings,
    pub(super) source: Option<Source>,
    pub(super) fleet: Fleet,
    pub(super) reports: mpsc::Receiver<Report>,
    pub(super) tokens: watch::Sender<Tokens>,
    /// What the settings say of names.
    pub(super) names: watch::Sender<names::NamesOptions>,
    /// Whether it is known what was left from before.
    pub(super) remembered: bool,
    pub(super) leftovers: Leftovers,
    /// Settings that are being read again.
    pub(super) reading: Option<Reading>,
    /// Phones that end before others take their place.
    pub(super) departure: Option<Departure>,
    /// Phones that have not yet published everything again, as they were told to.
    pub(super) silent: BTreeSet<PhoneId>,
    pub(super) announcer: Announcer,
    /// When the announcer is woken.
    pub(super) alarm: Alarm,
    pub(super) outbox: Outbox,
    pub(super) stop: CancellationToken,
    /// The topics of others that were warned of last.
    pub(super) foreign: Option<String>,
    /// Why the bridge has to stop, if it is not because somebody wants it to.
    pub(super) broken: Option<anyhow::Error>,
}

impl Router {
    /// Runs until every phone's task has ended; an error means that one of them should not have.
    pub(super) async fn run(
        mut self,
        mut heard: Heard,
        mut pushes: mpsc::Receiver<(PhoneId, Push)>,
    ) -> anyhow::Result<()> {
        // half the time that systemd waits for a sign of life before it restarts us
        let pace = sd_notify::watchdog_enabled().map_or(UNWATCHED, |limit| limit / 2);
        let mut alive = interval(pace);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tell_systemd(&[NotifyState::Ready]);
        let mut stopping = false;
        let stop = self.stop.clone();
        loop {
            let wake = self.alarm.at().map(Instant::from_std);
            tokio::select! {
                report = self.reports.recv() => match report {
                    Some(report) => self.report(report).await,
                    None => break,
                },
                Some(heard) = heard.recv() => self.hear(heard).await,
                Some((id, push)) = pushes.recv() => self.pushed(&id, push),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                    self.announce(Input::Woke).await;
                }
                _ = alive.tick() => tell_systemd(&[NotifyState::Watchdog]),
                Some(ended) = self.fleet.ended() => self.ended(ended).await,
                () = asked(&mut self.source), if !stopping => self.reload(Asker::Systemd).await,
                read = finished(&mut self.reading) => self.read(read).await,
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    tell_systemd(&[NotifyState::Stopping]);
                    self.fleet.close();
                }
            }
        }
        self.broken.map_or(Ok(()), Err)
    }

    /// Handles the end of a phone's task; unless that was wanted, the bridge stops.
    async fn ended(&mut self, ended: Ended) {
        let why = match ended {
            Ok((id, handover)) if self.is_leaving(&id) => {
                return self.has_left(id, handover).await;
            }
            Ok(_) if self.stop.is_cancelled() => return,
            Ok((id, _)) => anyhow!("the task of {id} ended early"),
            Err(error) => anyhow!(error).context("the task of a phone panicked or was cancelled"),
        };
        self.broken.get_or_insert(why);
        self.stop.cancel();
    }

    pub(super) async fn report(&mut self, report: Report) {
        match report {
            Report::Publish(id, place, payload) => {
                let topic = Topic::Phone(id, place);
                self.outbox.publish(self.base.publication(&topic, payload)).await;
            }
            Report::Describe(device) => {
                self.identify(&device);
                self.announce(Input::Described(device)).await;
            }
            Report::Republished(id) => self.republished(&id).await,
        }
    }

    /// Notes that nothing more is to be waited for of this phone before the bridge says that it is online.
    pub(super) async fn republished(&mut self, id: &PhoneId) {
        if self.silent.remove(id) && self.silent.is_empty() {
            self.outbox.greet().await;
        }
    }

    async fn hear(&mut self, heard: Notice) {
        match heard {
            Notice::Connected => {
                self.overview.connected(Some(Timestamp::now()));
                self.remembered = false;
                self.leftovers = Leftovers::default();
                self.publish_states().await;
                self.announce(Input::Connected).await;
            }
            Notice::Listening => self.announce(Input::Listening).await,
            Notice::Away => {
                self.overview.connected(None);
                self.announce(Input::Away).await;
            }
            Notice::Message { topic, payload, .. }
                if topic == self.settings.homeassistant.status_topic =>
            {
                if payload.trim_ascii().eq_ignore_ascii_case(b"online") {
                    tracing::debug!("Home Assistant has started");
                    self.announce(Input::Born).await;
                }
            }
            Notice::Message { topic, payload, retained } => match self.base.parse(&topic) {
                Some(Topic::Phone(id, PhoneTopic::Command(name))) => {
                    let (header, command) = parse(&name, &payload, retained);
                    self.command(&id, Box::new(Message::Command { header, command })).await;
                }
                Some(Topic::BridgeRequest(name)) => self.request(&name, &payload, retained).await,
                Some(Topic::Phone(id, place)) if retained && !payload.is_empty() => {
                    self.announce(Input::Retained).await;
                    self.remembered(id, place, &payload);
                }
                Some(Topic::BridgeInfo) if retained => self.leftovers.info(&payload),
                None if topic.ends_with("/config") => {
                    self.announce(Input::Found { topic, payload }).await;
                    self.announce(Input::Retained).await;
                }
                None if Base::is_of_a_command(&topic) => {
                    let topic = short(&topic, TOPIC);
                    tracing::warn!(topic, "a command for something that is no phone's id");
                }
                Some(_) | None => {}
            },
        }
    }

    /// Passes a command on, or keeps it for a phone that begins anew.
    pub(super) async fn command(&mut self, id: &PhoneId, message: Box<Message>) {
        let departure = self.departure.as_mut();
        let message = match departure {
            Some(departure) => departure.keep(id, message),
            None => Some(message),
        };
        let Some(message) = message else { return };
        let Some(phone) = self.fleet.phones.get(id) else {
            let command = message.command();
            tracing::warn!(phone = %id, command, "a command for a phone that the settings don't know");
            return;
        };
        let Err(refused) = phone.messages.try_send(message) else { return };
        let Message::Command { header, .. } = *refused.into_inner() else { return };
        tracing::warn!(phone = %id, command = header.name, "not done: too many commands at once");
        let failure = Failure::new(ErrorCode::RateLimited, "too many commands at once");
        let result = header.result(&Err(failure), Timestamp::now());
        let topic = Topic::Phone(id.clone(), PhoneTopic::Result);
        self.outbox.publish(self.base.publication(&topic, result)).await;
    }

    fn pushed(&self, id: &PhoneId, push: Push) {
        let Some(phone) = self.fleet.phones.get(id) else { return };
        if phone.messages.try_send(Box::new(Message::Pushed(push))).is_err() {
            tracing::debug!(phone = %id, "a push was dropped: too many at once");
        }
    }

    /// Handles a topic that is left from before.
    fn remembered(&mut self, id: PhoneId, place: PhoneTopic, payload: &[u8]) {
        if payload.len() > RETAINED {
            return tracing::debug!(phone = %id, "a retained topic is too large to be ours");
        }
        let Some(phone) = self.fleet.phones.get(&id) else {
            if !self.remembered {
                self.leftovers.topic(id, place, payload);
            }
            return;
        };
        let payload = String::from_utf8_lossy(payload).into_owned();
        let sent = phone.messages.try_send(Box::new(Message::Retained(place, payload)));
        if matches!(sent, Err(TrySendError::Full(_))) {
            tracing::warn!(phone = %id, "a retained topic was not read: too many at once");
        }
    }

    /// Takes back what the run before has left of phones that are not there any more, and warns of what is of others.
    async fn clear_leftovers(&mut self) {
        let (ours, foreign) = std::mem::take(&mut self.leftovers).judge();
        for (id, place, calls) in ours {
            if self.fleet.phones.contains_key(&id) {
                continue;
            }
            for (place, payload) in Switchboard::end_remembered(&calls, now()) {
                let topic = Topic::Phone(id.clone(), place);
                self.outbox.publish(self.base.publication(&topic, payload)).await;
            }
            let topic = Topic::Phone(id, place);
            self.outbox.publish(self.base.publication(&topic, "")).await;
        }
        if let Some(topics) = foreign.filter(|topics| self.foreign.as_ref() != Some(topics)) {
            tracing::warn!(
                topics,
                "somebody else uses topics below mqtt.base_topic ({}); they stay, but give the bridge a base topic of its own",
                self.settings.base_topic
            );
            self.foreign = Some(topics);
        }
    }

    /// Notes what a phone says it is; one that says the same of itself as another may be the same.
    fn identify(&self, device: &Device) {
        if let Some((mac, other)) = self.overview.identify(&device.id, &device.identity) {
            tracing::warn!(
                phone = %device.id,
                %other,
                mac,
                "two phones say that they have this MAC address: are they the same, by two addresses? Take one out of the settings"
            );
        }
    }

    pub(super) async fn announce(&mut self, event: Input) {
        let now = Instant::now().into_std();
        let effects = self.announcer.handle(event, now);
        if self.alarm.set(self.announcer.wake(), now) {
            tracing::warn!(
                "this is a bug: the announcer is woken without a reason, and is slowed down; please report it"
            );
        }
        for effect in effects {
            match effect {
                Effect::Publish(publication) => self.outbox.publish(publication).await,
                Effect::PublishStates => self.publish_states().await,
                Effect::StopListening => {
                    self.remembered = true;
                    let ids = self.fleet.ids();
                    let filters = left_from_before(&self.base, &self.announcer, ids);
                    self.outbox.unsubscribe(filters).await;
                    self.clear_leftovers().await;
                    self.publish_info().await;
                    for phone in self.fleet.phones.values() {
                        phone.retained_complete.notify_one();
                    }
                }
            }
        }
    }

    /// Lets everything be published again; that the bridge is online comes last, when all of it is true.
    async fn publish_states(&mut self) {
        self.publish_info().await;
        self.silent = self.fleet.phones.keys().cloned().collect();
        for phone in self.fleet.phones.values() {
            phone.republish.notify_one();
        }
    }

    /// Says which phones there are; not before what the run before said of that is known.
    pub(super) async fn publish_info(&self) {
        if !self.remembered {
            return;
        }
        let info = self.overview.info();
        self.outbox.publish(self.base.publication(&Topic::BridgeInfo, info)).await;
    }
}

/// Returns the filters of what an earlier run may have left: listened to for a moment after each connection.
pub(super) fn left_from_before<'a>(
    base: &Base,
    announcer: &Announcer,
    phones: impl Iterator<Item = &'a PhoneId>,
) -> Vec<String> {
    let mut filters = vec![base.render(&Topic::BridgeInfo)];
    filters.extend(phones.flat_map(|id| base.history(id)));
    filters.extend(base.states());
    filters.extend(announcer.subscriptions());
    filters
}
