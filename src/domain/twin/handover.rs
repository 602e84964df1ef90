//! How a twin ends, and what it hands over to the one that follows it when the settings of its phone were changed.

use std::sync::Arc;

use super::contacts::Contacts;
use super::input::{Effect, Now};
use super::presence::Pause;
use super::queue::{Dials, Queue};
use super::state::{Effects, Twin, call_settings};
use crate::domain::call::Switchboard;
use crate::domain::command::result::{ErrorCode, Failure};
use crate::domain::contract::snapshot::{Problem, Snapshot, State};
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::polling::LoginBackoff;
use crate::domain::values::named::{NamedValue, Shown, ValueKey};

/// What stays true of a phone, whatever its settings are.
#[derive(Debug)]
pub struct Handover {
    snapshot: Snapshot,
    switchboard: Switchboard,
    contacts: Contacts,
    published: State,
    /// What the values were that were published.
    values: Arc<[NamedValue]>,
    dials: Dials,
    pause: Option<Pause>,
    /// With the problem that the refused login is.
    login: (LoginBackoff, Problem),
}

impl Handover {
    /// Returns what was published last, topic by topic.
    pub fn published(&self) -> &State {
        &self.published
    }

    /// Ends all calls, as nobody polls the phone any more; returns what is to be published of that.
    pub fn end_calls(&mut self, now: Now) -> Vec<(PhoneTopic, String)> {
        self.switchboard.end_all(now)
    }

    /// Forgets that the login was refused: with other settings it may not be.
    pub fn forget_refusals(&mut self) {
        self.login.0 = LoginBackoff::default();
    }
}

impl Twin {
    /// Answers everybody who still waits, and says that the phone is offline.
    pub(super) fn goodbye(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = Effects::default();
        let in_flight = self.in_flight.take().and_then(|in_flight| in_flight.command);
        let why = "the bridge is stopping, or starts this phone anew";
        for command in in_flight.into_iter().chain(self.queue.drain()) {
            let failure = if command.has_told() {
                let why = format!("{why}; it was already asked, and may have obeyed");
                Failure::new(ErrorCode::Timeout, why)
            } else {
                Failure::new(ErrorCode::TooLate, why)
            };
            effects.finish(&command.header, Err(failure), now);
        }
        if self.presence.is_met {
            effects.push(Effect::Publish(PhoneTopic::Availability, "offline".to_owned()));
        }
        effects.into_vec()
    }

    /// Returns what the next twin of this phone goes on with. That of the goodbye, the phone is offline.
    pub fn into_handover(self) -> Handover {
        let (snapshot, mut published) = (self.picture.snapshot, self.picture.published);
        published.insert(PhoneTopic::Availability, "offline".to_owned());
        let pause = self.presence.pause;
        let problem = pause.as_ref().map_or(snapshot.problem, |pause| pause.problem);
        Handover {
            snapshot,
            switchboard: self.switchboard,
            contacts: self.contacts,
            published,
            values: self.options.values,
            dials: self.queue.into_dials(),
            pause,
            login: (self.polling.into_login_backoff(), problem),
        }
    }

    /// Goes on with what the twin before has handed over.
    pub fn resume_from(&mut self, handover: Handover, now: Now) {
        let Handover { snapshot, mut switchboard, contacts, published, values, .. } = handover;
        switchboard.set_settings(call_settings(&self.options));
        let same_phone = snapshot.url == self.options.url;
        let own = &mut self.picture.snapshot;
        if same_phone {
            let Snapshot { problem, values, name, url, dialect, .. } = own.clone();
            *own = Snapshot { problem, values, name, url, dialect, ..snapshot };
            if self.options.contacts_poll.is_some() {
                self.contacts = contacts;
            }
        } else {
            // another phone, perhaps: what this one is called and does is not for it
            switchboard.forget_limits();
        }
        self.switchboard = switchboard;
        for topic in published.keys() {
            own.remember(topic);
        }
        let before = if same_phone { &values[..] } else { &[] };
        for (topic, payload) in &published {
            if let PhoneTopic::Value(key) = topic {
                if is_another(key, before, &self.options.values) {
                    self.picture.snapshot.values.insert(key.clone(), Shown::default());
                } else {
                    self.picture.retained_value(&self.options, key, payload);
                }
            }
        }
        self.picture.set_published(published);
        self.queue = Queue::with_dials(handover.dials);
        let (login, problem) = handover.login;
        if self.polling.resume_login_backoff(login, now.instant) {
            self.picture.snapshot.problem = problem;
            self.presence.is_met = true;
        }
        if let Some(pause) = handover.pause {
            self.picture.snapshot.problem = Problem::Paused;
            self.presence.is_met = true;
            self.presence.pause = Some(pause);
        }
        self.picture.snapshot.forget_the_present();
    }
}

/// Returns `true` if the key names another value of the phone than before, or what it says means something else.
fn is_another(key: &ValueKey, before: &[NamedValue], now: &[NamedValue]) -> bool {
    let find = |named: &[NamedValue]| {
        let named = named.iter().find(|named| named.key == *key)?;
        Some((named.value.clone(), named.kind.clone()))
    };
    let now = find(now);
    now.is_some() && now != find(before)
}
