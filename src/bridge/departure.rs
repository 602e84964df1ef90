//! A reload under way: settings that are being read, then phones whose tasks are ending, and what comes after. Meanwhile all
//! others go on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::task::{JoinError, JoinHandle};

use crate::config::Settings;
use crate::domain::contract::bridge_request;
use crate::domain::telephony::PhoneId;
use crate::domain::twin::Handover;
use crate::names;
use crate::phone::PhoneOptions;
use crate::phone::http::PhoneClient;
use crate::phone::task::Message;

/// Maximum number of commands that wait for phones that begin anew.
const COMMANDS: usize = 256;
/// Maximum number of reloads that wait for the one under way.
pub(super) const RELOADS: usize = 16;

/// Who wants the settings to be read again, and is told how it went.
pub(super) enum Asker {
    /// Somebody at this machine.
    Systemd,
    /// Somebody who sent a request.
    Request(bridge_request::Asker),
}

/// Settings that are being read.
pub(super) struct Reading {
    pub(super) task: JoinHandle<Result<Settings, String>>,
    pub(super) asker: Asker,
    /// Others who want the settings to be read again, after this.
    pub(super) next: Vec<Asker>,
}

/// Waits until the settings are read; for ever, if nobody reads them.
pub(super) async fn finished(
    reading: &mut Option<Reading>,
) -> Result<Result<Settings, String>, JoinError> {
    match reading {
        Some(reading) => (&mut reading.task).await,
        None => std::future::pending().await,
    }
}

/// A reload under way, once the settings are read.
pub(super) struct Departure {
    pub(super) waits_for: BTreeSet<PhoneId>,
    pub(super) left: BTreeMap<PhoneId, Handover>,
    pub(super) removed: BTreeSet<PhoneId>,
    pub(super) ready: Vec<(PhoneOptions, PhoneClient)>,
    pub(super) names: names::NamesOptions,
    pub(super) data: Value,
    pub(super) asker: Asker,
    /// Commands to phones that begin anew.
    pub(super) commands: Vec<Waiting>,
    /// Others who want the settings to be read again, after this.
    pub(super) next: Vec<Asker>,
}

/// A command that waits for its phone.
pub(super) struct Waiting {
    pub(super) id: PhoneId,
    pub(super) message: Box<Message>,
}

impl Departure {
    /// Keeps a command for the task that comes after the one that is ending; returns it if there is none.
    pub(super) fn keep(&mut self, id: &PhoneId, message: Box<Message>) -> Option<Box<Message>> {
        let begins_anew = self.ready.iter().any(|(options, _)| options.id == *id);
        if !begins_anew || self.commands.len() >= COMMANDS {
            return Some(message);
        }
        self.commands.push(Waiting { id: id.clone(), message });
        None
    }
}
