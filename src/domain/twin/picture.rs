//! What users see of the phone: its snapshot, and what of it was published.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::input::{Effect, Note, Now, TwinOptions};
use crate::domain::contract::entity::Device;
use crate::domain::contract::snapshot::{Problem, Snapshot, State, diff};
use crate::domain::contract::topic::PhoneTopic;
use crate::domain::request::StatusQuery;
use crate::domain::telephony::clock::{LocalTime, PhoneClock, Uptime};
use crate::domain::telephony::{Line, LineState, PhoneStatus};
use crate::domain::values::named::ValueKey;

/// Maximum number of unknown line codes that are remembered as logged.
const CODES: usize = 64;

/// Maximum number of topics of a phone that are taken back if they are not ours.
const TOPICS: usize = 1000;

/// The snapshot of a phone, and what was published of it.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) snapshot: Snapshot,
    pub(super) published: State,
    /// The snapshot that was published last: as long as it is the same, nothing has to be rendered.
    shown: Option<Box<Snapshot>>,
    pub(super) described: Option<Device>,
    codes: BTreeSet<String>,
}

impl Picture {
    /// Returns the picture of a phone that has said nothing yet.
    pub(super) fn new(options: &TwinOptions) -> Self {
        let TwinOptions { name, url, dialect, .. } = options;
        Self {
            snapshot: Snapshot::unseen(name.clone(), url.clone(), dialect),
            published: State::new(),
            shown: None,
            described: None,
            codes: BTreeSet::new(),
        }
    }

    /// Handles the lines. Returns what the log has to know: codes that nobody knows, each once.
    pub(super) fn set_lines(&mut self, lines: &Arc<[Line]>) -> Vec<Note> {
        let mut notes = Vec::new();
        for line in lines.iter().filter(|line| line.state == LineState::Unknown) {
            let code = line.code.clone().unwrap_or_default();
            if self.codes.len() < CODES && self.codes.insert(code.clone()) {
                notes.push(Note::UnknownCode(code));
            }
        }
        self.snapshot.lines = Arc::clone(lines);
        self.snapshot.heard = true;
        notes
    }

    /// Returns `true` if a line is not idle.
    pub(super) fn is_busy(&self) -> bool {
        self.snapshot.lines.iter().any(|line| line.state != LineState::Idle)
    }

    /// Returns `true` if the phone is there, and no call is being set up.
    pub(super) fn is_quiet(&self) -> bool {
        self.snapshot.problem == Problem::None
            && self.snapshot.lines.iter().all(|line| can_wait(line.state))
    }

    /// Handles what the clock said; it was asked at this time. Returns `true` if the phone was restarted.
    pub(super) fn set_clock(&mut self, clock: PhoneClock, asked: Instant, now: Now) -> bool {
        let snapshot = &mut self.snapshot;
        let asked = now.wall - (now.instant - asked);
        let known = snapshot.booted_at.zip(snapshot.clock.and_then(|clock| clock.uptime));
        snapshot.clock = Some(clock);
        let skew = |time: LocalTime| time.skew(snapshot.clock_skew, [asked, now.wall]);
        snapshot.clock_skew = clock.time.and_then(skew);
        let before = snapshot.booted_at;
        let booted_at = |uptime: Uptime| uptime.booted_at(known, now.wall);
        snapshot.booted_at = clock.uptime.map(booted_at);
        before.is_some() && snapshot.booted_at != before
    }

    /// Forgets what a query has told.
    pub(super) fn forget(&mut self, query: StatusQuery) {
        let snapshot = &mut self.snapshot;
        match query {
            StatusQuery::Lines => snapshot.forget_the_present(),
            StatusQuery::Status => snapshot.status = PhoneStatus::Unknown,
            StatusQuery::Accounts => {
                for account in &mut snapshot.accounts {
                    account.registered = None;
                }
            }
            StatusQuery::Clock => {
                snapshot.clock = None;
                snapshot.clock_skew = None;
                snapshot.booted_at = None;
            }
            // who the phone is does not change because it can't say so at present
            StatusQuery::Identity => {}
        }
    }

    /// Goes on with this as what was published: what else is seen of the phone is published anew.
    pub(super) fn set_published(&mut self, published: State) {
        self.published = published;
        self.shown = None;
    }

    /// Handles a topic that was published before we started, or before the broker forgot us.
    pub(super) fn retained(&mut self, options: &TwinOptions, topic: PhoneTopic, payload: &str) {
        let numbered = matches!(topic, PhoneTopic::Line(_) | PhoneTopic::Account(_));
        let value = matches!(topic, PhoneTopic::Value(_));
        let known = self.published.len() >= TOPICS || self.published.contains_key(&topic);
        if !(numbered || value) || known {
            return;
        }
        self.shown = None;
        if let PhoneTopic::Value(key) = &topic {
            let left = self.retained_value(options, key, payload);
            self.published.insert(topic, left);
            return;
        }
        if !self.snapshot.heard {
            self.snapshot.remember(&topic);
        }
        // whatever it says there is not what we say: the next publication replaces it, or takes it back
        self.published.insert(topic, String::new());
    }

    /// Handles the topic of a value as it was published before we started. Returns what of it stays published.
    pub(super) fn retained_value(
        &mut self,
        options: &TwinOptions,
        key: &ValueKey,
        payload: &str,
    ) -> String {
        let known = options.values.iter().find(|named| named.key == *key);
        let before: Option<serde_json::Value> = serde_json::from_str(payload).ok();
        let (Some(named), Some(before)) = (known, before) else { return String::new() };
        let shown = named.shown(before["raw"].as_str());
        self.snapshot.values.entry(key.clone()).or_insert(shown);
        payload.to_owned()
    }

    /// Returns what says that the phone is offline, unless that was said: what users saw before is not replaced by what is only
    /// not known yet, and what is left of it is not taken for the present.
    pub(super) fn publish_offline(&mut self) -> Option<Effect> {
        self.shown = None;
        let offline = "offline".to_owned();
        let before = self.published.insert(PhoneTopic::Availability, offline.clone());
        (before.as_ref() != Some(&offline))
            .then_some(Effect::Publish(PhoneTopic::Availability, offline))
    }

    /// Returns what has changed since it was published.
    pub(super) fn publish(&mut self, options: &TwinOptions) -> Vec<Effect> {
        if self.shown.as_deref() == Some(&self.snapshot) {
            return Vec::new();
        }
        self.shown = Some(Box::new(self.snapshot.clone()));
        let state = self.snapshot.state();
        let changes = diff(&self.published, &state).into_iter();
        let mut effects: Vec<_> =
            changes.map(|(topic, text)| Effect::Publish(topic, text)).collect();
        self.published = state;
        let TwinOptions { id, name, values, .. } = options;
        let device = Device::of(id, name, Arc::clone(values), &self.snapshot);
        if self.described.as_ref() != Some(&device) {
            self.described = Some(device.clone());
            effects.push(Effect::Describe(Box::new(device)));
        }
        effects
    }
}

/// Returns `true` if a line can do without being polled for the length of one more request.
fn can_wait(state: LineState) -> bool {
    match state {
        LineState::Idle
        | LineState::InCall
        | LineState::OnHold
        | LineState::Conference
        | LineState::Paging
        | LineState::IpCall
        | LineState::Transferred
        | LineState::Failed
        // a code that nobody knows may stand there for ever
        | LineState::Unknown => true,
        LineState::Dialing
        | LineState::Ringing
        | LineState::Calling
        | LineState::Ringback
        | LineState::Transferring
        | LineState::Ending => false,
    }
}
