//! Every combination of switches, each as a process of its own: the states are right, and an idle program is idle, by the
//! operating system's count.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use gxv2mqtt::demo::broker::Broker;
use gxv2mqtt::simulator::{Fault, Function, Profile, Simulator};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::support::port::Port;
use super::support::recorder::Neighbour;

/// After the states are right so much time passes before it counts: the announcement is sent twice.
const SETTLED: Duration = Duration::from_secs(4);
const COUNTED: Duration = Duration::from_secs(4);
/// Percent of a core.
const IDLE: f64 = 2.0;
/// Number of processes that run at once.
const AT_ONCE: usize = 48;

/// What a phone is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Well,
    Away,
    Refusing,
    /// It has its lines, and nothing else.
    UnsupportedFunctions,
    Paused,
}

impl Condition {
    const ALL: [Self; 5] =
        [Self::Well, Self::Away, Self::Refusing, Self::UnsupportedFunctions, Self::Paused];

    /// Returns a topic of the phone, and what is to be read there.
    fn shows(self) -> (&'static str, &'static str) {
        match self {
            Self::Well | Self::UnsupportedFunctions => ("call_state", "idle"),
            Self::Away => ("problem", "unreachable"),
            Self::Refusing => ("problem", "unauthorized"),
            Self::Paused => ("problem", "paused"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "it is switches")]
struct Case {
    discovery: bool,
    push: bool,
    names: bool,
    contacts: bool,
    broker: bool,
    condition: Condition,
}

fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for switches in 0..32 {
        let on = |bit: u8| switches & (1_u8 << bit) != 0;
        for condition in Condition::ALL {
            let (discovery, push, names, contacts) = (on(0), on(1), on(2), on(3));
            // nobody can ask for a pause where there is no broker
            if on(4) || condition != Condition::Paused {
                let broker = on(4);
                cases.push(Case { discovery, push, names, contacts, broker, condition });
            }
        }
    }
    cases
}

/// What all cases share.
struct Site {
    broker: Broker,
    neighbour: Neighbour,
    stop: CancellationToken,
    folder: tempfile::TempDir,
}

impl Site {
    async fn build() -> Self {
        let stop = CancellationToken::new();
        let broker = Broker::start(([127, 0, 0, 1], 0).into(), None).await.unwrap();
        let neighbour = Neighbour::connect(broker.address()).await;
        let folder = tempfile::tempdir().unwrap();
        let card = "BEGIN:VCARD\nFN:Ann\nTEL:1001\nEND:VCARD\n";
        std::fs::write(folder.path().join("contacts.vcf"), card).unwrap();
        Self { broker, neighbour, stop, folder }
    }

    /// Starts a phone: two bridges at one would cross each other's logins.
    async fn phone(&self, condition: Condition) -> Simulator {
        let address = ([127, 0, 0, 1], 0).into();
        let phone = Simulator::start(address, Profile::default(), self.stop.clone()).await.unwrap();
        let lacking = [
            Function::GetPhoneStatus,
            Function::GetAccounts,
            Function::GetTime,
            Function::GetValues,
            Function::GetContacts,
            Function::GetGroups,
            Function::DownloadPhonebook,
        ];
        for function in lacking.into_iter().filter(|_| condition == Condition::UnsupportedFunctions)
        {
            phone.set_fault(function, Fault::Status(404));
        }
        phone
    }

    fn start(&self, case: Case, phone: &Simulator, base: &str) -> (Child, Option<Port>) {
        let mut run = Command::new(env!("CARGO_BIN_EXE_gxv2mqtt"));
        run.arg("run").env_clear().stdin(Stdio::null()).kill_on_drop(true);
        run.stdout(Stdio::null()).stderr(Stdio::null());
        let broker =
            if case.broker { self.broker.address().to_string() } else { "127.0.0.1:1".into() };
        let url = match case.condition {
            Condition::Away => "127.0.0.1:1".to_owned(),
            Condition::Well
            | Condition::UnsupportedFunctions
            | Condition::Refusing
            | Condition::Paused => phone.address().to_string(),
        };
        let password = if case.condition == Condition::Refusing { "wrong" } else { "admin" };
        run.env("GXV2MQTT_MQTT__URL", format!("mqtt://{broker}"))
            .env("GXV2MQTT_MQTT__CLIENT_ID", base)
            .env("GXV2MQTT_MQTT__BASE_TOPIC", base)
            .env("GXV2MQTT_HOMEASSISTANT__DISCOVERY", case.discovery.to_string())
            .env("GXV2MQTT_PHONES__KITCHEN__URL", format!("http://{url}"))
            .env("GXV2MQTT_PHONES__KITCHEN__PASSWORD", password)
            .env(
                "GXV2MQTT_PHONES__KITCHEN__CONTACTS_POLL",
                if case.contacts { "1h" } else { "0s" },
            );
        if case.names {
            run.env("GXV2MQTT_NAMES__FILE", self.folder.path().join("contacts.vcf"));
        }
        let port = case.push.then(Port::reserve);
        if let Some(port) = &port {
            run.env("GXV2MQTT_PUSH__LISTEN", port.address.to_string())
                .env("GXV2MQTT_PUSH__SECRET", "0123456789abcdef0123456789abcdef");
        }
        (run.spawn().unwrap(), port)
    }

    /// Runs one case; returns its share of a core, in percent.
    async fn run(&self, place: usize, case: Case) -> f64 {
        let base = format!("idle-{place}");
        let phone = self.phone(case.condition).await;
        let (mut child, _port) = self.start(case, &phone, &base);
        if case.broker {
            if case.condition == Condition::Paused {
                self.neighbour
                    .recorder
                    .shows(&format!("{base}/kitchen/availability"), "online")
                    .await;
                let pause = format!("{base}/bridge/request/pause");
                self.neighbour.publish(&pause, br#"{"phone":"kitchen"}"#, false).await;
            }
            let (topic, payload) = case.condition.shows();
            self.neighbour.recorder.shows(&format!("{base}/kitchen/{topic}"), payload).await;
        }
        tokio::time::sleep(SETTLED).await;
        let id = child.id().expect("it runs");
        let before = ticks(id);
        tokio::time::sleep(COUNTED).await;
        let used = ticks(id) - before;
        assert!(child.try_wait().unwrap().is_none(), "{case:?}: it ended");
        child.kill().await.unwrap();
        // 100 ticks are a second
        f64::from(used) / COUNTED.as_secs_f64()
    }
}

/// Returns the processor time of a process, in hundredths of a second.
fn ticks(id: u32) -> u32 {
    let stat =
        std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat")).unwrap();
    let (_, behind) = stat.rsplit_once(')').unwrap();
    let field =
        |place: usize| behind.split_whitespace().nth(place).unwrap().parse::<u32>().unwrap();
    field(11) + field(12)
}

#[expect(clippy::print_stdout, reason = "for --nocapture")]
async fn are_idle(cases: &[Case]) {
    let site = Site::build().await;
    let mut worst: f64 = 0.0;
    for (first, some) in cases.chunks(AT_ONCE).enumerate() {
        let runs =
            some.iter().enumerate().map(|(place, case)| site.run(first * AT_ONCE + place, *case));
        for (case, share) in some.iter().zip(join_all(runs).await) {
            assert!(share < IDLE, "{share} % of a core: {case:?}");
            worst = worst.max(share);
        }
    }
    println!("{} combinations: {worst} % of a core at most", cases.len());
    site.stop.cancel();
    site.broker.stop().await;
}

/// Each switch on and off, and each condition, once.
#[tokio::test]
async fn an_idle_program_is_idle() {
    let on = Case {
        discovery: true,
        push: true,
        names: true,
        contacts: true,
        broker: true,
        condition: Condition::Well,
    };
    let off = Case { discovery: false, push: false, names: false, contacts: false, ..on };
    let mut cases: Vec<_> = Condition::ALL.map(|condition| Case { condition, ..off }).into();
    cases.extend([on, Case { broker: false, ..off }, Case { broker: false, ..on }]);
    are_idle(&cases).await;
}

#[tokio::test]
#[ignore = "needs a minute"]
async fn an_idle_program_is_idle_whatever_is_switched_on() {
    are_idle(&all()).await;
}
