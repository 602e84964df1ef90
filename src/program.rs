//! What each subcommand does, and its exit code.

use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::bridge::Source;
use crate::cli::Subcommand;
#[cfg(feature = "simulator")]
use crate::cli::{Dialect, Simulate};
use crate::config::{self, Format, Level, Settings};
#[cfg(feature = "demo")]
use crate::demo;
#[cfg(feature = "simulator")]
use crate::simulator::{Profile, Simulator, friends};
use crate::{bridge, check, log, push_urls, reference};

/// It could not go on.
const FAILED: u8 = 1;
/// The settings are wrong (`EX_CONFIG`).
const WRONG_SETTINGS: u8 = 78;

/// Runs a subcommand.
pub fn run(subcommand: Subcommand) -> ExitCode {
    match subcommand {
        Subcommand::Run { config } => {
            let path = config.clone();
            with_settings(config.as_deref(), None, |settings, stop| bridge(settings, path, stop))
        }
        Subcommand::Check { config } => {
            with_settings(config.as_deref(), Some(Level::Warn), check::run)
        }
        Subcommand::Health { config } => {
            with_settings(config.as_deref(), Some(Level::Warn), check::health)
        }
        #[cfg(feature = "demo")]
        Subcommand::Demo => {
            start_log(Format::Text, Level::Warn);
            wait_for(demo::run)
        }
        #[cfg(feature = "simulator")]
        Subcommand::Simulate(wanted) => {
            start_log(Format::Text, Level::Info);
            wait_for(|stop| simulate(wanted, stop))
        }
        Subcommand::PushUrls { config } => push_urls(config.as_deref()),
        Subcommand::Topics => print(&reference::reference()),
    }
}

fn push_urls(path: Option<&Path>) -> ExitCode {
    let text = config::load(path).map_err(|error| error.to_string()).and_then(|settings| {
        push_urls::push_urls(&settings).ok_or_else(|| {
            "find push.listen in the settings: set it (or GXV2MQTT_PUSH__LISTEN) to where phones may call, \
             such as \"192.168.1.10:8099\""
                .to_owned()
        })
    });
    match text {
        Ok(text) => print(&text),
        Err(error) => wrong_settings(&error),
    }
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // who reads has seen enough: head, say
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}

fn wrong_settings(error: &str) -> ExitCode {
    say(&format!("gxv2mqtt: failed to {error}"));
    if error.starts_with("use push.secret ")
        && let Some(proposal) = config::proposal()
    {
        say(&format!("gxv2mqtt: a secret that nobody can guess, drawn just now: {proposal}"));
    }
    if let Some(strangers) = config::strangers() {
        say(&format!("gxv2mqtt: {strangers}"));
    }
    ExitCode::from(WRONG_SETTINGS)
}

fn with_settings<F>(
    path: Option<&Path>,
    level: Option<Level>,
    run: impl FnOnce(Settings, CancellationToken) -> F,
) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    match read(path) {
        Ok(settings) => {
            start_log(settings.log.format, level.unwrap_or(settings.log.level));
            if let Some(strangers) = config::strangers() {
                tracing::warn!("{strangers}");
            }
            wait_for(|stop| run(settings, stop))
        }
        Err(error) => wrong_settings(&error),
    }
}

/// Reads the settings, and says all that is wrong with them.
fn read(path: Option<&Path>) -> Result<Settings, String> {
    let settings = config::load(path).map_err(|error| error.to_string())?;
    check_certificates(&settings).map_err(|why| format!("use {why}"))?;
    Ok(settings)
}

fn check_certificates(settings: &Settings) -> Result<(), String> {
    settings.mqtt.check_certificates().map_err(|error| error.to_string())?;
    for phone in settings.phones.iter().filter(|phone| phone.url.scheme() == "https") {
        phone.check_certificates().map_err(|why| format!("phones.{}.{why}", phone.id))?;
    }
    Ok(())
}

/// Runs the bridge; SIGHUP has it read its settings again.
async fn bridge(
    settings: Settings,
    path: Option<PathBuf>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut hang_ups = signal(SignalKind::hangup())?;
    let (ask, asked) = mpsc::channel(1);
    let signals = tokio::spawn(async move {
        while hang_ups.recv().await.is_some() && ask.send(()).await.is_ok() {}
    });
    let read = move || read(path.as_deref()).map_err(|error| format!("failed to {error}"));
    let source = Source { read: Arc::new(read), asked };
    let outcome = bridge::run_with(settings, Some(source), stop).await;
    signals.abort();
    outcome
}

/// Runs until it ends by itself, or somebody stops it.
fn wait_for<F>(run: impl FnOnce(CancellationToken) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    // one thread: what waits for phones and brokers never needs two, and passing work between threads costs more than the work
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let outcome = runtime.block_on(async {
            let stop = CancellationToken::new();
            let signals = stop_on_signals(stop.clone())?;
            let outcome = run(stop).await;
            signals.abort();
            outcome
        });
        // a name that no DNS server answers for blocks a thread for half a minute: it is not waited for
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(FAILED)
        }
    }
}

/// SIGTERM is for supervisors, SIGINT for people.
fn stop_on_signals(stop: CancellationToken) -> std::io::Result<tokio::task::JoinHandle<()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
            _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
        }
        stop.cancel();
    }))
}

fn start_log(format: Format, level: Level) {
    if let Err(error) = log::start(format, level) {
        say(&format!("gxv2mqtt: failed to start the log: {error}"));
    }
}

#[cfg(feature = "simulator")]
async fn simulate(wanted: Simulate, stop: CancellationToken) -> anyhow::Result<()> {
    use anyhow::Context as _;

    let mut profile = match wanted.dialect {
        Dialect::Gxv => Profile::default(),
        Dialect::Cti => Profile::cti(),
    };
    // two of them are two phones
    let [high, low] = wanted.listen.port().to_be_bytes();
    profile.mac.replace_range(12.., &format!("{high:02X}:{low:02X}"));
    profile.password = wanted.password;
    profile.contacts = friends();
    if let Some(model) = wanted.model {
        profile.model = model;
    }
    let phone = Simulator::start(wanted.listen, profile, stop.clone())
        .await
        .with_context(|| format!("failed to listen on {}", wanted.listen))?;
    for (event, url) in wanted.push {
        phone.push_to(event, Some(url));
    }
    tracing::info!(
        "a simulated phone listens on http://{0}/, its page is there too",
        phone.address()
    );
    stop.cancelled().await;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "there is no log yet")]
fn say(text: &str) {
    eprintln!("{text}");
}
