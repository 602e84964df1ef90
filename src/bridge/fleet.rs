//! The phones' tasks: starts them, ends them, and holds the ways to each.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::overview::Overview;
use crate::domain::contacts::directory::Directory;
use crate::domain::polling::Pace;
use crate::domain::telephony::PhoneId;
use crate::domain::twin::{self, Handover, Twin};
use crate::phone::PhoneOptions;
use crate::phone::http::{Clients, PhoneClient};
use crate::phone::task::{self, Exits, Inbox, Message, Report};

/// Messages that wait for a phone's task.
const MESSAGES: usize = 1024;

/// The ways to one phone's task, and what is known of the phone here.
pub(super) struct Phone {
    pub(super) options: PhoneOptions,
    pub(super) messages: mpsc::Sender<Box<Message>>,
    pub(super) republish: Arc<Notify>,
    pub(super) retained_complete: Arc<Notify>,
    leave: CancellationToken,
}

/// A phone's task that has ended: whose it was, and what it has left.
pub(super) type Ended = Result<(PhoneId, Handover), JoinError>;

/// All phones.
pub(super) struct Fleet {
    pub(super) phones: BTreeMap<PhoneId, Phone>,
    tasks: JoinSet<(PhoneId, Handover)>,
    clients: Clients,
    names: watch::Receiver<Arc<Directory>>,
    overview: Overview,
    /// None once no more tasks are to be started.
    reports: Option<mpsc::Sender<Report>>,
    stop: CancellationToken,
    seed: u64,
}

impl Fleet {
    /// Begins without a phone. The seed spreads their polls over time.
    pub(super) fn new(
        reports: mpsc::Sender<Report>,
        names: watch::Receiver<Arc<Directory>>,
        overview: Overview,
        stop: CancellationToken,
        seed: u64,
    ) -> Self {
        Self {
            phones: BTreeMap::new(),
            tasks: JoinSet::new(),
            clients: Clients::default(),
            names,
            overview,
            reports: Some(reports),
            stop,
            seed,
        }
    }

    /// Returns the phones' ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = &PhoneId> {
        self.phones.keys()
    }

    /// Makes ready what a phone's task needs: all that can fail. The error says which setting is wrong.
    pub(super) fn prepare(
        &mut self,
        options: PhoneOptions,
    ) -> Result<(PhoneOptions, PhoneClient), String> {
        let client = self.clients.client(&options);
        let client = client.map_err(|why| format!("phones.{}.{why}", options.id))?;
        let client = PhoneClient::new(client, &options);
        Ok((options, client))
    }

    /// Makes ready what the tasks of several phones need.
    pub(super) fn prepare_all(
        &mut self,
        phones: Vec<PhoneOptions>,
    ) -> Result<Vec<(PhoneOptions, PhoneClient)>, String> {
        phones.into_iter().map(|options| self.prepare(options)).collect()
    }

    /// Starts a phone's task, and returns the ways to it. It goes on with what an earlier task has left.
    pub(super) fn start(
        &mut self,
        options: PhoneOptions,
        client: PhoneClient,
        handover: Option<Handover>,
    ) -> Option<&Phone> {
        let reports = self.reports.clone()?;
        let id = options.id.clone();
        for caution in options.cautions() {
            tracing::warn!(phone = %id, "{caution}");
        }
        self.seed = self.seed.wrapping_add(1);
        let now = task::now();
        let mut twin = Box::new(Twin::new(twin_settings(&options), now.instant, self.seed));
        if let Some(handover) = handover {
            twin.resume_from(handover, now);
        }
        let (messages, inbox) = mpsc::channel(MESSAGES);
        let (told, vitals) = watch::channel(twin.vitals());
        let republish = Arc::new(Notify::new());
        let retained_complete = Arc::new(Notify::new());
        let inbox = Inbox {
            messages: inbox,
            republish: Arc::clone(&republish),
            retained_complete: Arc::clone(&retained_complete),
            names: self.names.clone(),
        };
        let exits = Exits { reports, vitals: told };
        let leave = self.stop.child_token();
        let task = task::run(id.clone(), twin, Box::new(client), inbox, exits, leave.clone());
        let span = tracing::info_span!("phone", %id);
        let whose = id.clone();
        self.tasks.spawn(async move { (whose, task.await) }.instrument(span));
        self.overview.add(&options, vitals);
        let phone = Phone { options, messages, republish, retained_complete, leave };
        self.phones.insert(id.clone(), phone);
        self.phones.get(&id)
    }

    /// Forgets a phone whose task has ended.
    pub(super) fn remove(&mut self, id: &PhoneId) {
        self.phones.remove(id);
        self.overview.remove(id);
    }

    /// Lets a phone's task say goodbye.
    pub(super) fn dismiss(&self, id: &PhoneId) {
        if let Some(phone) = self.phones.get(id) {
            phone.leave.cancel();
        }
    }

    /// Starts no more tasks: when the last has ended, so have their reports.
    pub(super) fn close(&mut self) {
        self.reports = None;
    }

    /// Waits for the next task that ends; none, if there is no task.
    pub(super) async fn ended(&mut self) -> Option<Ended> {
        self.tasks.join_next().await
    }
}

fn twin_settings(options: &PhoneOptions) -> twin::TwinOptions {
    twin::TwinOptions {
        id: options.id.clone(),
        name: options.name.clone(),
        url: options.url.to_string(),
        dialect: options.dialect.name(),
        pace: Pace { idle: options.poll, active: options.active_poll },
        min_ring: options.min_ring,
        doorbell: options.doorbell.clone(),
        contacts_poll: options.contacts_poll,
        policy: options.policy.clone(),
        values: Arc::clone(&options.values),
        values_every: options.values_poll,
    }
}
