//! What a twin leaves to the one that follows it when the settings of its phone were changed.

use std::collections::VecDeque;
use std::time::Instant;

use super::super::call::Switchboard;
use super::super::snapshot::{Problem, Snapshot, State};
use super::super::topic::PhoneTopic;
use super::names::Contacts;
use super::pause::Pause;
use super::{Now, Twin, habits};

/// What stays true of a phone, whatever its settings are.
#[derive(Debug)]
pub struct Heritage {
    snapshot: Snapshot,
    switchboard: Switchboard,
    contacts: Contacts,
    published: State,
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

impl Heritage {
    /// Returns what was published last, topic by topic.
    pub fn published(&self) -> &State {
        &self.published
    }

    /// Forgets that the login was refused: with other settings it may not be.
    pub fn forget_refusals(&mut self) {
        self.hold = None;
    }
}

impl Twin {
    /// Returns what the next twin of this phone goes on with. That of the goodbye, the phone is offline.
    pub fn into_heritage(self) -> Heritage {
        let Self { switchboard, contacts, mut published, dials, pause, held, refusals, .. } = self;
        let snapshot = self.snapshot;
        published.insert(PhoneTopic::Availability, "offline".to_owned());
        let problem = pause.as_ref().map_or(snapshot.problem, |pause| pause.problem);
        let hold = (refusals > 0).then_some(Hold { until: held, refusals, problem });
        Heritage { snapshot, switchboard, contacts, published, dials, pause, hold }
    }

    /// Goes on with what the twin before has left.
    pub fn inherit(&mut self, heritage: Heritage, now: Now) {
        let Heritage { snapshot, mut switchboard, contacts, published, dials, pause, hold } =
            heritage;
        switchboard.habits(habits(&self.settings));
        if snapshot.url == self.settings.url {
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
                self.remember_value(key, payload);
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
}
