//! The composition root: starts the tasks, connects their channels, watches over them, stops them in order.

mod about;
mod requests;
mod router;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::config::Settings;
use crate::domain::health::Vitals;
use crate::domain::phone::{Identity, PhoneId};
use crate::domain::schedule::Pace;
use crate::domain::topic::{Base, Topic};
use crate::domain::twin::{self, Twin};
use crate::homeassistant::announcer::Announcer;
use crate::mqtt::{Link, Patience, Plan, Subscription};
use crate::phone::http::{Clients, Handset};
use crate::phone::push;
use crate::phone::push::listener::Listener;
use crate::phone::task::{self, Exits, Inbox, Report};
use crate::phone::{Options, Tls};

use about::About;
use router::{Phone, Router};

/// Messages that wait to be taken in by a phone's task.
const MESSAGES: usize = 64;
/// Reports that wait to be taken in by the router.
const REPORTS: usize = 256;
/// Pushes that wait to be taken in by the router; more are lost, and polls find what they told.
const PUSHES: usize = 64;
/// How long tasks have to say goodbye; shorter than systemd's patience.
const GRACE: Duration = Duration::from_secs(8);

/// Runs the bridge until it is stopped; an error means that it could not go on.
pub async fn run(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let base = Base::new(&settings.base_topic);
    let seed = fastrand::u64(..);
    let ids: Vec<PhoneId> = settings.phones.iter().map(|phone| phone.id.clone()).collect();
    let announcer = Announcer::new(
        settings.homeassistant.clone(),
        base.clone(),
        ids.iter().cloned().collect(),
        seed,
    );
    let plan = plan(&settings, &base, &announcer);
    let (link, outbox, heard) =
        Link::new(&settings.mqtt, plan, Patience::default()).context("failed to prepare TLS")?;

    let mut phones = JoinSet::new();
    let (reports, reported) = mpsc::channel(REPORTS);
    let doors = start_phones(&settings.phones, seed, &reports, &stop, &mut phones)?;
    drop(reports);
    let (sender, pushes) = mpsc::channel(PUSHES);
    if let Some(options) = &settings.push {
        let listener = listen(options).await?;
        // it ends when the phones' tasks do
        phones.spawn(listener.run(options.tokens(&ids), sender, stop.clone()));
    }

    let goodbye = CancellationToken::new();
    let mut others = JoinSet::new();
    let router = Router {
        about: About::new(link.lost()),
        birth_topic: settings.homeassistant.status_topic,
        base,
        phones: doors,
        silent: BTreeSet::new(),
        announcer,
        outbox,
    };
    others.spawn(router.run(heard, reported, pushes, stop.clone()));
    others.spawn(link.run(goodbye.clone()));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        phones = ids.len(),
        broker = settings.mqtt.host,
        "started"
    );
    supervise(phones, others, &stop, &goodbye).await
}

async fn listen(options: &push::Options) -> anyhow::Result<Listener> {
    let listener = Listener::bind(options.listen)
        .await
        .with_context(|| format!("failed to listen for pushes on {}", options.listen))?;
    tracing::info!(address = %listener.address(), "phones can push");
    Ok(listener)
}

fn plan(settings: &Settings, base: &Base, announcer: &Announcer) -> Plan {
    let heard = |filter| Subscription { filter, retained: false };
    let mut subscriptions = vec![
        heard(base.commands()),
        heard(base.requests()),
        heard(settings.homeassistant.status_topic.clone()),
    ];
    let before = router::left_from_before(base, announcer);
    subscriptions.extend(before.map(|filter| Subscription { filter, retained: true }));
    Plan {
        will: base.publication(&Topic::BridgeState, "offline"),
        birth: base.publication(&Topic::BridgeState, "online"),
        subscriptions,
    }
}

fn start_phones(
    phones: &[Options],
    seed: u64,
    reports: &mpsc::Sender<Report>,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<BTreeMap<PhoneId, Phone>> {
    let mut clients = Clients::default();
    let mut doors = BTreeMap::new();
    for (number, options) in (0..).zip(phones) {
        let id = options.id.clone();
        let client = clients.client(options).map_err(|why| anyhow!("phones.{id}.{why}"))?;
        if options.tls == Tls::Insecure {
            tracing::warn!(phone = %id, "tls_insecure: anybody on the network can pose as this phone");
        }
        let twin =
            Twin::new(twin_settings(options), Instant::now().into_std(), seed.wrapping_add(number));
        let (messages, inbox) = mpsc::channel(MESSAGES);
        let forgotten = Arc::new(Notify::new());
        let remembered = Arc::new(Notify::new());
        let inbox = Inbox {
            messages: inbox,
            forgotten: Arc::clone(&forgotten),
            remembered: Arc::clone(&remembered),
        };
        let handset = Handset::new(client, options);
        let span = tracing::info_span!("phone", %id);
        let (told, vitals) = watch::channel(Vitals::default());
        let exits = Exits { reports: reports.clone(), vitals: told };
        let task = task::run(id.clone(), twin, handset, inbox, exits, stop.clone());
        tasks.spawn(task.instrument(span));
        let options = options.clone();
        let identity = Identity::default();
        doors.insert(id, Phone { options, messages, forgotten, remembered, identity, vitals });
    }
    Ok(doors)
}

fn twin_settings(options: &Options) -> twin::Settings {
    twin::Settings {
        id: options.id.clone(),
        name: options.name.clone(),
        url: options.url.to_string(),
        dialect: options.dialect.name(),
        pace: Pace { idle: options.poll, active: options.active_poll },
        min_ring: options.min_ring,
        doorbell: options.doorbell.clone(),
        policy: options.policy.clone(),
    }
}

/// Waits until it is stopped, or until a task ends that should not; then lets all say goodbye, the link last.
async fn supervise(
    mut phones: JoinSet<()>,
    mut others: JoinSet<()>,
    stop: &CancellationToken,
    goodbye: &CancellationToken,
) -> anyhow::Result<()> {
    let outcome = tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        Some(ended) = phones.join_next() => early(ended),
        Some(ended) = others.join_next() => early(ended),
    };
    stop.cancel();
    let all_gone = async {
        while phones.join_next().await.is_some() {}
        // the router ends when it has passed on the phones' last words; only then the link says goodbye
        if outcome.is_ok() {
            others.join_next().await;
        }
        goodbye.cancel();
        while others.join_next().await.is_some() {}
    };
    if timeout(GRACE, all_gone).await.is_err() {
        tracing::warn!("gave up waiting for tasks after {GRACE:?}");
        goodbye.cancel();
    }
    outcome
}

fn early(ended: Result<(), tokio::task::JoinError>) -> anyhow::Result<()> {
    ended.context("a task broke")?;
    Err(anyhow!("a task ended early"))
}

/// Tells systemd, if it started us; elsewhere this does nothing.
fn tell_systemd(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "failed to tell systemd");
    }
}
