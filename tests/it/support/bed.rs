//! A whole installation: a broker, a simulated phone, the bridge, and somebody who listens.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gxv2mqtt::bridge;
use gxv2mqtt::bridge::Source;
use gxv2mqtt::config::Settings;
use gxv2mqtt::demo;
use gxv2mqtt::demo::broker::Broker;
use gxv2mqtt::mqtt;
use gxv2mqtt::phone::PhoneOptions;
use gxv2mqtt::phone::dialect::DialectKind;
use gxv2mqtt::simulator::{Caller, FarEnd, Function, Profile, Simulator};
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::broker::Proxy;
use super::mosquitto::Mosquitto;
use super::phone::{Front, Phone};
use super::port::Port;
use super::process::Process;
use super::rabbitmq::RabbitMq;
use super::recorder::{DEADLINE, Neighbour, Recorder};

/// Returns a topic of the phone that every bed has.
pub(crate) fn at(place: &str) -> String {
    format!("gxv2mqtt/kitchen/{place}")
}

/// Returns somebody who calls.
pub(crate) fn caller() -> Caller {
    Caller::new("Ann Example", "+15550123")
}

/// A broker, and the way to hear and speak there.
enum Place {
    Embedded {
        broker: Option<Broker>,
        port: Port,
        neighbour: Neighbour,
    },
    Process {
        broker: Process,
        port: Port,
        neighbour: Neighbour,
    },
    /// The bridge has a way of its own there, which opens only when the neighbour listens.
    RabbitMq {
        broker: RabbitMq,
        way: Proxy,
        neighbour: Neighbour,
    },
    Container {
        broker: Box<Mosquitto>,
        recorder: Recorder,
        _listener: Child,
    },
}

/// A whole installation.
pub(crate) struct TestBed {
    place: Place,
    front: Front,
    pub(crate) phone: Phone,
    others: Vec<Phone>,
    pub(crate) settings: Settings,
    /// What a reload reads; `settings`, as long as nothing else is written.
    pub(crate) written: Arc<Mutex<Option<Result<Settings, String>>>>,
    bridge: Option<Running>,
    pub(crate) phones: CancellationToken,
    push_port: Port,
}

struct Running {
    task: JoinHandle<anyhow::Result<()>>,
    stop: CancellationToken,
}

impl TestBed {
    /// Builds one around the embedded broker.
    pub(crate) async fn embedded() -> Self {
        Self::behind(Front::Simulator).await
    }

    /// Builds one around the embedded broker, each phone behind lighttpd.
    pub(crate) async fn lighttpd() -> Self {
        Self::behind(Front::Lighttpd).await
    }

    /// Builds one around the embedded broker, each phone behind nginx.
    pub(crate) async fn nginx() -> Self {
        Self::behind(Front::Nginx).await
    }

    async fn behind(front: Front) -> Self {
        let port = Port::reserve();
        let broker = Broker::start(port.address, None).await.unwrap();
        let neighbour = Neighbour::connect(port.address).await;
        Self::around(Place::Embedded { broker: Some(broker), port, neighbour }, front).await
    }

    /// Builds one around the Mosquitto of this machine.
    pub(crate) async fn debian_mosquitto() -> Self {
        Self::mosquitto_process("mosquitto", &[]).await
    }

    /// Builds one around the Mosquitto of the rig, which is newer.
    pub(crate) async fn rig_mosquitto() -> Self {
        Self::mosquitto_process("../shared/rig/in.sh", &["mosquitto"]).await
    }

    /// Builds one around the `RabbitMQ` of the rig.
    pub(crate) async fn rabbitmq() -> Self {
        let broker = RabbitMq::take().await;
        let way = Proxy::before(broker.address).await;
        let neighbour = Neighbour::connect(broker.address).await;
        Self::around(Place::RabbitMq { broker, way, neighbour }, Front::Simulator).await
    }

    async fn mosquitto_process(program: &str, arguments: &[&str]) -> Self {
        let port = Port::reserve();
        // no settings: it listens on loopback only, and lets everybody in
        let listen = ["-p".to_owned(), port.address.port().to_string()];
        let arguments = arguments.iter().map(|&word| word.to_owned()).chain(listen);
        let broker = Process::start(program, arguments, |line| line.ends_with(" running")).await;
        let neighbour = Neighbour::connect(port.address).await;
        Self::around(Place::Process { broker, port, neighbour }, Front::Simulator).await
    }

    /// Builds one around Mosquitto in a container.
    pub(crate) async fn mosquitto() -> Self {
        let broker = Box::new(Mosquitto::start().await);
        let (recorder, listener) = broker.listen();
        let place = Place::Container { broker, recorder, _listener: listener };
        Self::around(place, Front::Simulator).await
    }

    async fn around(place: Place, front: Front) -> Self {
        let broker = match &place {
            Place::Embedded { port, .. } | Place::Process { port, .. } => port.address,
            Place::RabbitMq { way, .. } => way.address,
            Place::Container { broker, .. } => broker.address,
        };
        let phones = CancellationToken::new();
        let profile = Profile {
            far_end: FarEnd::MANUAL,
            reboot: Duration::from_secs(3),
            ..Profile::default()
        };
        let phone = Phone::start(front, profile, &phones).await;
        let settings =
            settings(broker, vec![options("kitchen", DialectKind::Gxv, phone.address())]);
        let (written, push_port) = (Arc::default(), Port::reserve());
        Self {
            place,
            front,
            phone,
            others: Vec::new(),
            settings,
            written,
            bridge: None,
            phones,
            push_port,
        }
    }

    /// Puts another kind of phone into the kitchen.
    pub(crate) async fn replace_phone(&mut self, profile: Profile) {
        self.phone = Phone::start(self.front, profile, &self.phones).await;
        self.settings.phones = vec![options("kitchen", DialectKind::Gxv, self.phone.address())];
    }

    /// Starts another phone, which the bridge will know.
    pub(crate) async fn add_phone(
        &mut self,
        id: &str,
        kind: DialectKind,
        profile: Profile,
    ) -> Phone {
        let phone = Phone::start(self.front, profile, &self.phones).await;
        self.settings.phones.push(options(id, kind, phone.address()));
        self.others.push(phone.clone());
        phone
    }

    /// Has the phones push what happens, and be asked only now and then: what is heard in time came by a push.
    pub(crate) fn push(&mut self) {
        let push = demo::listen_at(self.push_port.address).unwrap();
        let phone = &mut self.settings.phones[0];
        phone.poll = Duration::from_mins(5);
        phone.active_poll = Duration::from_mins(5);
        demo::connect(&self.phone, phone, &push);
        self.settings.push = Some(push);
    }

    /// Starts the bridge.
    pub(crate) fn start_bridge(&mut self) {
        let stop = CancellationToken::new();
        let (written, as_before) = (Arc::clone(&self.written), self.settings.clone());
        let read = move || written.lock().unwrap().clone().unwrap_or(Ok(as_before.clone()));
        let source = Source { read: Arc::new(read), asked: mpsc::channel(1).1 };
        let settings = self.settings.clone();
        let task = tokio::spawn(bridge::run_with(settings, Some(source), stop.clone()));
        self.bridge = Some(Running { task, stop });
    }

    /// Starts the bridge, and waits until the phone is online.
    pub(crate) async fn begin(&mut self) {
        self.start_bridge();
        self.recorder().shows("gxv2mqtt/kitchen/availability", "online").await;
    }

    /// Stops the bridge as a person would.
    pub(crate) async fn stop_bridge(&mut self) {
        let running = self.bridge.take().unwrap();
        assert!(!running.task.is_finished(), "the bridge ended early");
        running.stop.cancel();
        timeout(DEADLINE, running.task).await.unwrap().unwrap().unwrap();
    }

    /// Ends the bridge as a crash would.
    pub(crate) async fn kill_bridge(&mut self) {
        let running = self.bridge.take().unwrap();
        running.task.abort();
        assert!(running.task.await.unwrap_err().is_cancelled());
    }

    /// Ends the broker at once; what it had retained is lost.
    pub(crate) async fn kill_broker(&mut self) {
        match &mut self.place {
            Place::Embedded { broker, .. } => broker.take().unwrap().stop().await,
            Place::Process { broker, .. } => broker.kill().await,
            Place::RabbitMq { broker, way, .. } => {
                way.close();
                broker.stop().await;
            }
            Place::Container { broker, .. } => broker.kill().await,
        }
    }

    /// Starts the broker again; from here on only what comes then is heard.
    pub(crate) async fn restart_broker(&mut self) {
        match &mut self.place {
            Place::Embedded { broker, port, neighbour } => {
                *broker = Some(Broker::start(port.address, None).await.unwrap());
                *neighbour = Neighbour::connect(port.address).await;
            }
            Place::Process { broker, port, neighbour } => {
                broker.restart().await;
                *neighbour = Neighbour::connect(port.address).await;
            }
            Place::RabbitMq { broker, way, neighbour } => {
                broker.start().await;
                let known = neighbour.recorder.topics();
                *neighbour = Neighbour::connect(broker.address).await;
                neighbour.recall(broker.address, known).await;
                // what is new is not retained for a neighbour that comes later
                way.open();
            }
            Place::Container { broker, recorder, _listener } => {
                broker.restart().await;
                (*recorder, *_listener) = broker.listen();
            }
        }
    }

    /// Returns `true` if the broker keeps the order of messages of different `QoS`, which the embedded one does not.
    pub(crate) fn keeps_order(&self) -> bool {
        !matches!(self.place, Place::Embedded { .. })
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        match &self.place {
            Place::Embedded { neighbour, .. }
            | Place::Process { neighbour, .. }
            | Place::RabbitMq { neighbour, .. } => &neighbour.recorder,
            Place::Container { recorder, .. } => recorder,
        }
    }

    pub(crate) async fn publish(&self, topic: &str, payload: &[u8], retain: bool) {
        match &self.place {
            Place::Embedded { neighbour, .. }
            | Place::Process { neighbour, .. }
            | Place::RabbitMq { neighbour, .. } => {
                neighbour.publish(topic, payload, retain).await;
            }
            Place::Container { broker, .. } => broker.publish(topic, payload, retain).await,
        }
    }

    /// Sends a command in JSON, its id its name, and returns the result.
    pub(crate) async fn command(&self, id: &str, name: &str, arguments: &str) -> serde_json::Value {
        let comma = if arguments.is_empty() { "" } else { "," };
        let payload = format!(r#"{{"id":"{id}"{comma}{arguments}}}"#);
        self.publish(&format!("gxv2mqtt/kitchen/command/{name}"), payload.as_bytes(), false).await;
        self.recorder().result(id).await
    }

    /// Writes the settings anew, and has the bridge read them.
    pub(crate) async fn reload(&self, settings: Result<Settings, String>) -> serde_json::Value {
        *self.written.lock().unwrap() = Some(settings);
        self.request("reload", "").await
    }

    /// Sends a request to the bridge in JSON, and returns the response.
    pub(crate) async fn request(&self, name: &str, arguments: &str) -> serde_json::Value {
        let transaction = format!("{name} {}", fastrand::u32(..));
        let comma = if arguments.is_empty() { "" } else { "," };
        let payload = format!(r#"{{"transaction":"{transaction}"{comma}{arguments}}}"#);
        let topic = format!("gxv2mqtt/bridge/request/{name}");
        self.publish(&topic, payload.as_bytes(), false).await;
        self.recorder().response(&transaction).await
    }

    /// Ends all; a bridge that broke fails the story.
    pub(crate) async fn end(mut self) {
        if self.bridge.is_some() {
            self.stop_bridge().await;
        }
        self.phones.cancel();
        match self.place {
            Place::Embedded { broker: Some(broker), .. } => broker.stop().await,
            Place::RabbitMq { neighbour, .. } => neighbour.take_back().await,
            Place::Embedded { broker: None, .. }
            | Place::Process { .. }
            | Place::Container { .. } => {}
        }
    }
}

/// Starts a phone that no web server stands in front of, and of which the settings say nothing.
pub(crate) async fn start_phone(profile: Profile, stop: &CancellationToken) -> Simulator {
    Simulator::start(([127, 0, 0, 1], 0).into(), profile, stop.clone()).await.unwrap()
}

fn settings(broker: SocketAddr, phones: Vec<PhoneOptions>) -> Settings {
    Settings::new(mqtt::BrokerOptions::at(broker.ip().to_string(), broker.port()), phones)
}

/// Returns settings for a phone that is asked often, so that stories are short.
pub(crate) fn options(id: &str, dialect: DialectKind, address: SocketAddr) -> PhoneOptions {
    let url = format!("http://{address}/").parse().unwrap();
    PhoneOptions {
        name: format!("The {id} phone"),
        dialect,
        password: Some("admin".into()),
        timeout: Duration::from_secs(2),
        poll: Duration::from_millis(200),
        active_poll: Duration::from_millis(100),
        ..PhoneOptions::at(id.parse().unwrap(), url)
    }
}

/// Waits until the bridge has looked at the lines of a phone so many more times: what it would do by then, it has done.
pub(crate) async fn looked_at(phone: &Simulator, times: u64) {
    let goal = phone.requests(Function::GetLineStatus) + times;
    let looks = async {
        while phone.requests(Function::GetLineStatus) < goal {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, looks).await.expect("its lines are looked at");
}
