//! The composition root: starts the tasks, connects their channels, watches over them, stops them in order.

mod changes;
mod departure;
mod fleet;
mod leftovers;
mod overview;
mod reload;
mod requests;
mod router;
mod source;
mod systemd;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::domain::alarm::Alarm;
use crate::domain::contract::topic::{Base, Topic};
use crate::domain::telephony::PhoneId;
use crate::homeassistant::announcer::Announcer;
use crate::mqtt::{Link, Patience, Plan, Subscription};
use crate::names::watcher::AddressBookWatcher;
use crate::phone::push;
use crate::phone::push::listener::Listener;
use crate::phone::push::token::Tokens;

use fleet::Fleet;
use leftovers::Leftovers;
use overview::Overview;
use router::Router;

pub use source::Source;

/// Reports that wait for the router.
const REPORTS: usize = 256;
/// Pushes that wait for the router; more are lost, and polls find what they told.
const PUSHES: usize = 64;
/// How long tasks have to say goodbye; shorter than systemd's patience.
const GRACE: Duration = Duration::from_secs(8);

/// Runs the bridge until it is stopped; an error means that it could not go on.
pub async fn run(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    run_with(settings, None, stop).await
}

/// Runs the bridge, whose settings may be read again, until it is stopped.
pub async fn run_with(
    mut settings: Settings,
    source: Option<Source>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let base = Base::new(&settings.base_topic);
    let seed = fastrand::u64(..);
    let ids: BTreeSet<PhoneId> = settings.phones.iter().map(|phone| phone.id.clone()).collect();
    let announcer = Announcer::new(settings.homeassistant.clone(), base.clone(), ids.clone(), seed);
    let plan = plan(&settings, &base, &announcer);
    let (link, outbox, heard) =
        Link::new(&settings.mqtt, plan, Patience::default()).context("failed to prepare TLS")?;

    let (names_options, wanted) = watch::channel(settings.names.clone());
    let (watcher, names) = AddressBookWatcher::open(wanted).await;
    let (reporter, reports) = mpsc::channel(REPORTS);
    let overview = Overview::new(link.lost());
    let mut fleet = Fleet::new(reporter, names, overview.clone(), stop.clone(), seed);
    let phones = std::mem::take(&mut settings.phones);
    let ready = fleet.prepare_all(phones).map_err(|why| anyhow!(why))?;
    let mut others = JoinSet::new();
    others.spawn(watcher.run(stop.clone()));
    let (sender, pushes) = mpsc::channel(PUSHES);
    let (tokens, known) = watch::channel(Tokens::new());
    if let Some(options) = &settings.push {
        let listener = listen(options).await?;
        tokens.send_replace(options.tokens(&ids));
        others.spawn(listener.run(known, sender, stop.clone()));
    }
    for (options, client) in ready {
        fleet.start(options, client, None);
    }

    let goodbye = CancellationToken::new();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        phones = ids.len(),
        broker = settings.mqtt.host,
        "started"
    );
    let router = Router {
        overview,
        settings,
        source,
        base,
        fleet,
        reports,
        tokens,
        names: names_options,
        remembered: false,
        leftovers: Leftovers::default(),
        reading: None,
        departure: None,
        foreign: None,
        silent: BTreeSet::new(),
        announcer,
        alarm: Alarm::default(),
        outbox,
        stop: stop.clone(),
        broken: None,
    };
    let mut routers = JoinSet::new();
    routers.spawn(router.run(heard, pushes));
    others.spawn(link.run(goodbye.clone()));
    supervise(routers, others, &stop, &goodbye).await
}

async fn listen(options: &push::PushOptions) -> anyhow::Result<Listener> {
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
    let ids = settings.phones.iter().map(|options| &options.id);
    let before = router::left_from_before(base, announcer, ids).into_iter();
    subscriptions.extend(before.map(|filter| Subscription { filter, retained: true }));
    Plan {
        will: base.publication(&Topic::BridgeState, "offline"),
        birth: base.publication(&Topic::BridgeState, "online"),
        subscriptions,
        back: Some(settings.homeassistant.status_topic.clone()),
    }
}

/// Waits until it is stopped, or until a task ends that should not; then lets all say goodbye, the link last.
async fn supervise(
    mut routers: JoinSet<anyhow::Result<()>>,
    mut others: JoinSet<()>,
    stop: &CancellationToken,
    goodbye: &CancellationToken,
) -> anyhow::Result<()> {
    let mut outcome = tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        Some(ended) = routers.join_next() => early(ended),
        Some(ended) = others.join_next() => early(ended.map(Ok)),
    };
    stop.cancel();
    let all_gone = async {
        // the router ends when it has passed on the phones' last words; only then the link says goodbye
        if let Some(ended) = routers.join_next().await {
            let last = ended.context("a task panicked or was cancelled").flatten();
            outcome = std::mem::replace(&mut outcome, Ok(())).and(last);
        }
        goodbye.cancel();
        while others.join_next().await.is_some() {}
    };
    if timeout(GRACE, all_gone).await.is_err() {
        tracing::warn!("tasks have not ended within {GRACE:?}");
        goodbye.cancel();
    }
    outcome
}

fn early(ended: Result<anyhow::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended.context("a task panicked or was cancelled")??;
    Err(anyhow!("a task ended early"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Supervises a router and another task; returns what came of it, and whether all was stopped.
    async fn supervised(
        router: impl Future<Output = anyhow::Result<()>> + Send + 'static,
        other: impl Future<Output = ()> + Send + 'static,
    ) -> (anyhow::Result<()>, bool) {
        let (stop, goodbye) = (CancellationToken::new(), CancellationToken::new());
        let (mut routers, mut others) = (JoinSet::new(), JoinSet::new());
        let (stopped, said) = (stop.clone(), goodbye.clone());
        routers.spawn(async move {
            tokio::select! { outcome = router => outcome, () = stopped.cancelled() => Ok(()) }
        });
        others.spawn(async move {
            tokio::select! { () = other => (), () = said.cancelled() => () }
        });
        let outcome = supervise(routers, others, &stop, &goodbye).await;
        (outcome, stop.is_cancelled() && goodbye.is_cancelled())
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ends_too_soon_ends_the_bridge() {
        use std::future::{pending, ready};
        let words = |outcome: anyhow::Result<()>| format!("{:#}", outcome.unwrap_err());
        let (outcome, stopped) = supervised(ready(Ok(())), pending()).await;
        assert!(words(outcome).contains("a task ended early") && stopped);
        let (outcome, stopped) = supervised(pending(), ready(())).await;
        assert!(words(outcome).contains("a task ended early") && stopped);
        let (outcome, stopped) = supervised(ready(Err(anyhow!("no phone"))), pending()).await;
        assert!(words(outcome).contains("no phone") && stopped);
        let (outcome, stopped) = supervised(pending(), async { panic!("broken") }).await;
        assert!(words(outcome).contains("a task panicked or was cancelled") && stopped);
    }
}
