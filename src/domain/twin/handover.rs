//! How a twin ends, and what it leaves to the one that follows it when the settings of its phone were changed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::names::Contacts;
use super::pause::Pause;
use super::{Effect, Now, Twin, finish, habits};
use crate::domain::call::Switchboard;
use crate::domain::command::result::{ErrorCode, Failure};
use crate::domain::contract::snapshot::{Problem, Snapshot, State};
use crate::domain::contract::topic::PhoneTopic;
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
    dials: VecDeque<Instant>,
    pause: Option<Pause>,
    hold: Option<Hold>,
}

/// A phone that refused our login is left alone.
#[derive(Debug)]
struct Hold {
    until: Option<Instant>,
    refusals: u32,
    problem: Problem,
}

impl Handover {
    /// Returns what was published last, topic by topic.
    pub fn published(&self) -> &State {
        &self.published
    }

    /// Ends all calls, as nobody looks at the phone any more; returns what is to be published of that.
    pub fn end_calls(&mut self, now: Now) -> Vec<(PhoneTopic, String)> {
        self.switchboard.end_all(now)
    }

    /// Forgets that the login was refused: with other settings it may not be.
    pub fn forget_refusals(&mut self) {
        self.hold = None;
    }
}

impl Twin {
    /// Answers everybody who still waits, and says that the phone is offline.
    pub(super) fn goodbye(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        let under_way = self.asking.take().and_then(|asking| asking.order);
        let why = "the bridge is stopping, or begins anew with this phone";
        for order in under_way.into_iter().chain(self.orders.drain(..)) {
            let failure = if order.has_told() {
                let why = format!("{why}; it was already asked, and may have obeyed");
                Failure::new(ErrorCode::Timeout, why)
            } else {
                Failure::new(ErrorCode::TooLate, why)
            };
            finish(&order.request, Err(failure), now, &mut effects);
        }
        if self.met {
            effects.push(Effect::Publish(PhoneTopic::Availability, "offline".to_owned()));
        }
        effects
    }

    /// Returns what the next twin of this phone goes on with. That of the goodbye, the phone is offline.
    pub fn into_handover(self) -> Handover {
        let Self { switchboard, contacts, mut published, dials, pause, held, refusals, .. } = self;
        let snapshot = self.snapshot;
        published.insert(PhoneTopic::Availability, "offline".to_owned());
        let problem = pause.as_ref().map_or(snapshot.problem, |pause| pause.problem);
        let hold = (refusals > 0).then_some(Hold { until: held, refusals, problem });
        let values = self.settings.values;
        Handover { snapshot, switchboard, contacts, published, values, dials, pause, hold }
    }

    /// Goes on with what the twin before has left.
    pub fn resume_from(&mut self, handover: Handover, now: Now) {
        let Handover { snapshot, mut switchboard, contacts, published, values, dials, pause, hold } =
            handover;
        switchboard.habits(habits(&self.settings));
        let same_phone = snapshot.url == self.settings.url;
        if same_phone {
            let Snapshot { problem, values, name, url, dialect, .. } = self.snapshot.clone();
            self.snapshot = Snapshot { problem, values, name, url, dialect, ..snapshot };
            self.contacts.follow(contacts);
        } else {
            // another phone, perhaps: what this one is called and does is not for it
            switchboard.forget_limits();
        }
        self.switchboard = switchboard;
        for topic in published.keys() {
            self.snapshot.remember(topic);
        }
        for (topic, payload) in &published {
            if let PhoneTopic::Value(key) = topic {
                let before = if same_phone { &values[..] } else { &[] };
                if self.is_another(key, before) {
                    self.snapshot.values.insert(key.clone(), Shown::default());
                } else {
                    self.remember_value(key, payload);
                }
            }
        }
        self.published = published;
        self.dials = dials;
        if let Some(Hold { until, refusals, problem }) = hold {
            self.refusals = refusals;
            self.held = until;
            if let Some(until) = until.filter(|until| *until > now.instant) {
                self.schedule.hold_until(until);
                self.readings.reading.hold_until(until);
                self.snapshot.problem = problem;
                self.met = true;
            }
        }
        if let Some(pause) = pause {
            self.snapshot.problem = Problem::Paused;
            self.met = true;
            self.pause = Some(pause);
        }
        self.snapshot.forget_the_present();
    }

    /// Says whether the key names another value of the phone than before, or what it says means something else.
    fn is_another(&self, key: &ValueKey, before: &[NamedValue]) -> bool {
        let find = |settings: &[NamedValue]| {
            let setting = settings.iter().find(|setting| setting.key == *key)?;
            Some((setting.value.clone(), setting.kind.clone()))
        };
        let now = find(&self.settings.values);
        now.is_some() && now != find(before)
    }
}
