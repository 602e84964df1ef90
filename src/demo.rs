//! `gxv2mqtt demo`: an embedded broker, two simulated phones and the bridge between them, in one process on loopback.

pub mod broker;

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bridge;
use crate::config::Settings;
use crate::domain::values::named::{NamedValue, ValueKind};
use crate::mqtt;
use crate::phone::PhoneOptions;
use crate::phone::dialect::DialectKind;
use crate::phone::push;
use crate::simulator::{Pace, Profile, Simulator, friends};

use broker::{Broker, Seen};

/// Messages that wait to be printed; more are left out.
const SEEN: usize = 1024;
/// The longest payload that is printed whole, in characters.
const SHORT: usize = 240;

/// Runs the demo until it is stopped.
pub async fn run(stop: CancellationToken) -> anyhow::Result<()> {
    let start = Instant::now();
    let (sender, mut seen) = mpsc::channel(SEEN);
    let broker =
        Broker::start(free(1883), Some(sender)).await.context("failed to start the broker")?;
    let kitchen =
        simulate(8081, Profile { contacts: friends(), ..Profile::default() }, &stop).await?;
    let hall = Profile { mac: "C0:74:AD:00:00:02".to_owned(), ..Profile::cti() };
    let hall = simulate(8082, hall, &stop).await?;
    introduce(broker.address(), kitchen.address(), hall.address());
    kitchen.live(Pace::default());
    hall.live(Pace::default());

    let mut settings = settings(broker.address(), kitchen.address(), hall.address())?;
    let push = listen_at(free(8083))?;
    for (simulated, phone) in [&kitchen, &hall].into_iter().zip(&settings.phones) {
        connect(simulated, phone, &push);
    }
    settings.push = Some(push);
    let bridge = bridge::run(settings, stop.clone());
    tokio::pin!(bridge);
    let outcome = loop {
        tokio::select! {
            outcome = &mut bridge => break outcome,
            Some(message) = seen.recv() => print(start, &message),
        }
    };
    while let Ok(message) = seen.try_recv() {
        print(start, &message);
    }
    broker.stop().await;
    outcome
}

async fn simulate(
    port: u16,
    profile: Profile,
    stop: &CancellationToken,
) -> anyhow::Result<Simulator> {
    Simulator::start(free(port), profile, stop.clone()).await.context("failed to start a phone")
}

/// Returns an address on loopback with this port, or any port if it is taken.
fn free(port: u16) -> SocketAddr {
    let wanted = SocketAddr::from(([127, 0, 0, 1], port));
    match std::net::TcpListener::bind(wanted) {
        Ok(_) => wanted,
        Err(_) => SocketAddr::from(([127, 0, 0, 1], 0)),
    }
}

fn settings(broker: SocketAddr, kitchen: SocketAddr, hall: SocketAddr) -> anyhow::Result<Settings> {
    let mqtt = mqtt::BrokerOptions::at(broker.ip().to_string(), broker.port());
    let kitchen = phone("kitchen", "Kitchen phone", kitchen, DialectKind::Gxv)?;
    let mut hall = phone("hall", "Hall phone", hall, DialectKind::Cti)?;
    hall.values = [ring_volume()?].into();
    Ok(Settings::new(mqtt, vec![kitchen, hall]))
}

/// Returns how phones may push to a bridge that listens there.
pub fn listen_at(address: SocketAddr) -> anyhow::Result<push::PushOptions> {
    let url = format!("http://{address}/").parse()?;
    // for as long as this process lives; nothing else knows it
    let secret = std::iter::repeat_with(fastrand::alphanumeric).take(32).collect::<String>();
    Ok(push::PushOptions { listen: address, url, secret: secret.into() })
}

/// Has a simulated phone call the bridge, as a person would paste the URLs into its page.
pub fn connect(simulated: &Simulator, phone: &PhoneOptions, push: &push::PushOptions) {
    for entry in push::urls::urls(phone.dialect, &push.url, &push.token(&phone.id)) {
        // the simulator does not have every event of every phone
        if let Ok(event) = entry.kind.word().parse() {
            simulated.push_to(event, Some(entry.url));
        }
    }
}

/// A setting of the phone to play with.
fn ring_volume() -> anyhow::Result<NamedValue> {
    Ok(NamedValue {
        key: "ring_volume".parse()?,
        name: "Ring volume".to_owned(),
        value: "8352".to_owned(),
        kind: ValueKind::Number { min: 0, max: 10, step: 1, unit: None },
        icon: Some("mdi:volume-high".to_owned()),
    })
}

fn phone(
    id: &str,
    name: &str,
    address: SocketAddr,
    dialect: DialectKind,
) -> anyhow::Result<PhoneOptions> {
    Ok(PhoneOptions {
        name: name.to_owned(),
        dialect,
        password: Some("admin".into()),
        ..PhoneOptions::at(id.parse()?, format!("http://{address}/").parse()?)
    })
}

#[expect(clippy::print_stdout, reason = "the demo is to be watched")]
fn introduce(broker: SocketAddr, kitchen: SocketAddr, hall: SocketAddr) {
    println!(
        "An MQTT broker, two simulated phones and the bridge between them; calls come by themselves.

  broker         mqtt://{broker}
  kitchen phone  http://{kitchen}/   (dialect gxv; its page rings, answers and hangs up)
  hall phone     http://{hall}/   (dialect cti)

  mosquitto_sub -h {host} -p {port} -v -t 'gxv2mqtt/#'
  mosquitto_pub -h {host} -p {port} -t gxv2mqtt/kitchen/command/dial -m 1001
  mosquitto_pub -h {host} -p {port} -t gxv2mqtt/hall/command/set_values -m '{{\"P8352\": 7}}'

Each message as it is published, with the seconds since the start; Ctrl-C ends all of it.
",
        host = broker.ip(),
        port = broker.port(),
    );
}

#[expect(clippy::print_stdout, reason = "the demo is to be watched")]
fn print(start: Instant, Seen { topic, payload }: &Seen) {
    let payload = String::from_utf8_lossy(payload);
    let seconds = start.elapsed().as_secs_f64();
    if payload.chars().count() > SHORT {
        println!("{seconds:7.1}  {topic}  ({} bytes)", payload.len());
    } else {
        println!("{seconds:7.1}  {topic}  {payload}");
    }
}
