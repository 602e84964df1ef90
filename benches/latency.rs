//! How long it takes from a phone's line to an MQTT subscriber, and from an MQTT command to the phone: broker, simulated
//! phone and bridge in this process, on loopback. Prints figures, asserts nothing.
//!
//! `cargo bench --bench latency`, or with another number of rounds: `cargo bench --bench latency -- 1000`.
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use gxv2mqtt::bridge;
use gxv2mqtt::config::Settings;
use gxv2mqtt::demo::broker::Broker;
use gxv2mqtt::demo::{connect, listen_at};
use gxv2mqtt::mqtt;
use gxv2mqtt::phone::PhoneOptions;
use gxv2mqtt::simulator::{Caller, FarEnd, Function, Profile, Simulator};
use mqtt5::{Message, MqttClient, PublishOptions, QoS};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often each way is gone, unless the command line says otherwise.
const ROUNDS: usize = 200;
/// How often a phone is asked that does not push; one that does is asked as it is by default.
const POLL: Duration = Duration::from_millis(200);
/// Between two calls: a phone that pushes more than 50 times within 10 s is not listened to.
const REST: Duration = Duration::from_millis(420);
/// Nothing takes longer, unless it never comes.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rounds = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(ROUNDS);
    println!("from a phone's line to an MQTT subscriber, {rounds} rounds each, in milliseconds");
    println!("{:28}{:>8}{:>8}{:>8}{:>8}{:>8}", "", "min", "median", "p90", "p99", "max");
    let mut bed = TestBed::start(true).await?;
    print("push: line -> event/call", line_to_event(&mut bed, rounds).await?);
    print("push: line -> call_state", line_to_state(&mut bed, rounds).await?);
    print("command -> request", command_to_phone(&mut bed, rounds).await?);
    bed.stop().await?;
    let mut bed = TestBed::start(false).await?;
    print("poll: line -> event/call", line_to_event(&mut bed, rounds).await?);
    print("poll: line -> call_state", line_to_state(&mut bed, rounds).await?);
    bed.stop().await?;
    println!("poll and active_poll are {POLL:?} where the phone does not push");
    Ok(())
}

/// A broker, a phone, the bridge between them, and somebody who listens.
struct TestBed {
    broker: Broker,
    phone: Simulator,
    client: MqttClient,
    heard: mpsc::UnboundedReceiver<(Instant, Message)>,
    bridge: JoinHandle<anyhow::Result<()>>,
    stop: CancellationToken,
}

impl TestBed {
    async fn start(pushes: bool) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let broker = Broker::start(([127, 0, 0, 1], 0).into(), None).await?;
        let profile = Profile { far_end: FarEnd::MANUAL, ..Profile::default() };
        let phone = Simulator::start(([127, 0, 0, 1], 0).into(), profile, stop.clone()).await?;
        let client = MqttClient::new("bench");
        client.connect(&format!("mqtt://{}", broker.address())).await?;
        let (sender, heard) = mpsc::unbounded_channel();
        let take = move |message| drop(sender.send((Instant::now(), message)));
        client.subscribe("gxv2mqtt/kitchen/#", take).await?;
        let settings = settings(&broker, &phone, pushes)?;
        let bridge = tokio::spawn(bridge::run(settings, stop.clone()));
        let mut bed = Self { broker, phone, client, heard, bridge, stop };
        bed.until("calls", "[]").await?;
        // what is left from before is looked for two seconds
        sleep(Duration::from_secs(3)).await;
        Ok(bed)
    }

    /// Waits for a message on a topic that holds a text; returns when it came.
    async fn until(&mut self, place: &str, text: &str) -> anyhow::Result<Instant> {
        let topic = format!("gxv2mqtt/kitchen/{place}");
        let search = async {
            while let Some((at, message)) = self.heard.recv().await {
                let payload = String::from_utf8_lossy(&message.payload);
                if message.topic == topic && payload.contains(text) {
                    return Ok(at);
                }
            }
            Err(anyhow!("the subscriber has ended"))
        };
        timeout(PATIENCE, search).await.with_context(|| format!("no {text} on {topic}"))?
    }

    /// Lets the phone become idle again, and some time pass, so that rounds begin at any moment of a tick.
    async fn rest(&mut self, line: u16) -> anyhow::Result<()> {
        self.phone.caller_gives_up(line);
        self.until("event/call", "missed").await?;
        sleep(REST + POLL.mul_f64(fastrand::f64())).await;
        while self.heard.try_recv().is_ok() {}
        Ok(())
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.bridge.await??;
        self.broker.stop().await;
        Ok(())
    }
}

async fn line_to_event(bed: &mut TestBed, rounds: usize) -> anyhow::Result<Vec<Duration>> {
    line_to(bed, rounds, "event/call", "incoming").await
}

async fn line_to_state(bed: &mut TestBed, rounds: usize) -> anyhow::Result<Vec<Duration>> {
    line_to(bed, rounds, "call_state", "ringing").await
}

async fn line_to(
    bed: &mut TestBed,
    rounds: usize,
    place: &str,
    text: &str,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        let line = bed.phone.ring(Caller::new("Ann Example", "+15550123"));
        let line = line.context("the phone does not ring")?;
        times.push(bed.until(place, text).await? - start);
        bed.rest(line).await?;
    }
    Ok(times)
}

/// From a command that is published to the request for it at the phone.
async fn command_to_phone(bed: &mut TestBed, rounds: usize) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let before = bed.phone.requests(Function::SystemOperation);
        let arrived = arrival(bed.phone.clone(), before);
        let start = Instant::now();
        let options = PublishOptions { qos: QoS::AtMostOnce, ..PublishOptions::default() };
        let topic = "gxv2mqtt/kitchen/command/provision";
        bed.client.publish_with_options(topic, Vec::new(), options).await?;
        times.push(arrived.await?.context("the phone was not asked")? - start);
        bed.until("result", "provision").await?;
        sleep(POLL.mul_f64(fastrand::f64())).await;
    }
    Ok(times)
}

/// Watches for the next request from a thread of its own: tokio's timer is not finer than a millisecond.
fn arrival(phone: Simulator, before: u64) -> JoinHandle<Option<Instant>> {
    tokio::task::spawn_blocking(move || {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if phone.requests(Function::SystemOperation) > before {
                return Some(Instant::now());
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        None
    })
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| {
        let place = (times.len() * percent).div_ceil(100).clamp(1, times.len());
        times[place - 1].as_secs_f64() * 1000.0
    };
    println!("{what:28}{:8.2}{:8.2}{:8.2}{:8.2}{:8.2}", at(0), at(50), at(90), at(99), at(100));
}

fn settings(broker: &Broker, phone: &Simulator, pushes: bool) -> anyhow::Result<Settings> {
    let address = broker.address();
    let mqtt = mqtt::BrokerOptions::at(address.ip().to_string(), address.port());
    let url = format!("http://{}/", phone.address()).parse()?;
    let mut kitchen = PhoneOptions {
        password: Some("admin".into()),
        ..PhoneOptions::at("kitchen".parse()?, url)
    };
    if !pushes {
        (kitchen.poll, kitchen.active_poll) = (POLL, POLL);
    }
    // the bridge opens this port again in a moment
    let free = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let push = pushes.then(|| listen_at(free)).transpose()?;
    if let Some(push) = &push {
        connect(phone, &kitchen, push);
    }
    Ok(Settings { push, ..Settings::new(mqtt, vec![kitchen]) })
}
