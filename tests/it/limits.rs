//! What a phone, a neighbour or a file can make the program hold, print or send: as a process of its own, by the operating
//! system's count. The limits are in `docs/limits.md`.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use gxv2mqtt::demo::broker::Broker;
use gxv2mqtt::simulator::{Profile, Simulator};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::support::bed::caller;
use super::support::recorder::Neighbour;

const MIB: u64 = 1024 * 1024;
/// The most memory that the program may have used: with two phones and a debug build it has some 60 MiB.
const PEAK: u64 = 250 * MIB;
/// The largest log, in bytes, and its longest line.
const LOG: usize = 1_000_000;
const LINE: usize = 3000;

/// Answers each request with what `answer` returns for its head.
async fn hostile(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            drop(tokio::spawn(serve(stream, answer)));
        }
    }));
    address
}

async fn serve(mut stream: TcpStream, answer: impl Fn(&str) -> Vec<u8>) {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
        });
        if body.len() >= length.unwrap_or(0) {
            let reply = answer(head);
            if stream.write_all(&reply).await.is_err() {
                return;
            }
            bytes.clear();
        }
    }
}

fn ok(body: &str) -> Vec<u8> {
    with_headers("", body)
}

fn with_headers(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// A broker, a phone that is well, and one that is not; and the program between them.
struct Site {
    broker: Broker,
    neighbour: Neighbour,
    good: Simulator,
    stop: CancellationToken,
    folder: TempDir,
    child: Child,
}

impl Site {
    /// Starts the program; `more` are further settings, the hostile phone among them.
    async fn start(more: &str) -> Self {
        let stop = CancellationToken::new();
        let broker = Broker::start(([127, 0, 0, 1], 0).into(), None).await.unwrap();
        let good = Simulator::start(([127, 0, 0, 1], 0).into(), Profile::cti(), stop.clone());
        let good = good.await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("gxv2mqtt.toml");
        let text = format!(
            "[mqtt]\nurl = \"mqtt://{}\"\n[homeassistant]\ndiscovery = false\n[phones.good]\nurl = \"http://{}\"\n\
             dialect = \"cti\"\npassword = \"admin\"\npoll = \"200ms\"\n{more}",
            broker.address(),
            good.address(),
        );
        std::fs::write(&settings, text).unwrap();
        let child = run(folder.path());
        let neighbour = Neighbour::connect(broker.address()).await;
        let site = Self { broker, neighbour, good, stop, folder, child };
        site.neighbour.recorder.shows("gxv2mqtt/good/availability", "online").await;
        site
    }

    /// Ends the program, and starts it again.
    async fn again(mut self) -> Self {
        self.child.kill().await.unwrap();
        self.child = run(self.folder.path());
        self
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Returns the most memory that it has used so far, in bytes.
    fn peak(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(Path::new(&status)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Calls the phone that is well; panics if that is not shown soon, or if the program holds or has written too much.
    async fn is_well(&self) {
        let line = self.good.ring(caller()).unwrap();
        let since = Instant::now();
        self.neighbour.recorder.shows("gxv2mqtt/good/ringing", "ON").await;
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        assert!(self.good.caller_gives_up(line));
        self.neighbour.recorder.shows("gxv2mqtt/good/ringing", "OFF").await;
        let (peak, log) = (self.peak(), self.log());
        assert!(peak < PEAK, "{} MiB", peak / MIB);
        assert!(
            log.len() < LOG,
            "{} bytes of log, such as {}",
            log.len(),
            &log[log.len() - 2000..]
        );
        let longest = log.lines().map(str::len).max();
        assert!(longest < Some(LINE), "{longest:?}");
    }

    async fn end(self) {
        self.stop.cancel();
        self.broker.stop().await;
    }
}

fn run(folder: &Path) -> Child {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_gxv2mqtt"))
        .arg("--config")
        .arg(folder.join("gxv2mqtt.toml"))
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Returns the settings of the hostile phone.
fn bad(address: &str, more: &str) -> String {
    format!(
        "[phones.bad]\nurl = \"http://{address}\"\ndialect = \"cti\"\npassword = \"admin\"\npoll = \"200ms\"\n\
         active_poll = \"200ms\"\n{more}"
    )
}

const LINES: &str = "api-get_line_status";
const IDLE: &str = r#"{"response":"success","body":[{"line":1,"state":"idle"}]}"#;

#[tokio::test]
async fn a_list_of_millions_of_contacts() {
    let nothing = format!(r#"{{"response":"success","body":[{}{{}}]}}"#, "{},".repeat(1_300_000));
    let contact = format!(r#"{{"contactName":"{}","work":"1"}},"#, "x".repeat(190));
    let large = format!(r#"{{"response":"success","body":[{}{{}}]}}"#, contact.repeat(18_000));
    for body in [nothing, large] {
        let address = hostile(move |line: &str| match line {
            line if line.contains("api-get_contacts") => ok(&body),
            line if line.contains(LINES) => ok(IDLE),
            _ => ok(r#"{"response":"error","body":"command not found"}"#),
        });
        let site = Site::start(&bad(&address.await, "contacts_poll = \"1m\"\n")).await;
        for id in 0..4 {
            let payload = format!(r#"{{"id":"{id}"}}"#);
            let topic = "gxv2mqtt/bad/command/list_contacts";
            site.neighbour.publish(topic, payload.as_bytes(), false).await;
        }
        site.is_well().await;
        for id in 0..4 {
            let result = site.neighbour.recorder.result(&id.to_string()).await;
            assert!(result.to_string().len() < 110_000);
        }
        site.is_well().await;
        site.end().await;
    }
}

#[tokio::test]
async fn new_cookies_with_each_answer() {
    let number = AtomicU64::new(0);
    let number = Arc::new(number);
    let longest = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&longest);
    let address = hostile(move |head: &str| {
        seen.fetch_max(head.len(), Ordering::Relaxed);
        let cookie = |_| {
            let number = number.fetch_add(1, Ordering::Relaxed);
            format!("Set-Cookie: a{number}={}; Path=/\r\n", "x".repeat(4000))
        };
        with_headers(&(0..90).map(cookie).collect::<String>(), IDLE)
    });
    let site = Site::start(&bad(&address.await, "")).await;
    sleep(Duration::from_secs(3)).await;
    site.is_well().await;
    let longest = longest.load(Ordering::Relaxed);
    assert!((60_000..70_000).contains(&longest), "{longest}");
    site.end().await;
}

#[tokio::test]
async fn names_numbers_and_words_without_end() {
    let number = Arc::new(AtomicU64::new(0));
    let address = hostile(move |head: &str| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let long = format!("{number}{}", "x".repeat(100_000));
        if head.contains(LINES) {
            ok(&format!(
                r#"{{"response":"success","body":[{{"line":1,"state":"ringing","remotename":"{long}","remotenumber":"{long}"}}]}}"#
            ))
        } else if number.is_multiple_of(2) {
            ok(&format!(r#"{{"response":"error","body":"{long}"}}"#))
        } else {
            ok(&format!(
                r#"{{"response":"success","body":{{"phone_model":"{long}","68":"{long}","1":"{long}"}}}}"#
            ))
        }
    });
    let values = "values_poll = \"10s\"\n[[phones.bad.values]]\nkey = \"volume\"\nvalue = \"P1\"\nkind = \"sensor\"\n";
    let site = Site::start(&bad(&address.await, values)).await;
    site.neighbour.recorder.shows("gxv2mqtt/bad/ringing", "ON").await;
    sleep(Duration::from_secs(2)).await;
    site.is_well().await;
    let all = site.neighbour.recorder.all();
    let bytes: usize = all.iter().map(|heard| heard.payload.len()).sum();
    assert!(bytes < 100_000, "{bytes}");
    site.end().await;
}

#[tokio::test]
async fn a_phonebook_that_is_one_tag() {
    let book = format!("<AddressBook><{}/></AddressBook>", "x".repeat(4_000_000));
    let address = hostile(move |head: &str| match head {
        head if head.contains(LINES) => ok(IDLE),
        head if head.contains("phonebook") => ok(&book),
        _ => ok(r#"{"response":"error","body":"command not found"}"#),
    });
    let site = Site::start(&bad(&address.await, "")).await;
    site.neighbour.recorder.shows("gxv2mqtt/bad/availability", "online").await;
    let topic = "gxv2mqtt/bad/command/download_phonebook";
    site.neighbour.publish(topic, br#"{"id":"1","xml":true}"#, false).await;
    let result = site.neighbour.recorder.result("1").await.to_string();
    assert!(result.contains("a tag of more than") && result.len() < 500, "{result}");
    site.is_well().await;
    site.end().await;
}

#[tokio::test]
async fn commands_without_end() {
    let site = Site::start("").await;
    let large = vec![b'x'; 1_000_000];
    let controls = format!(r#"{{"number":"{}"}}"#, r"\u0001".repeat(2500));
    for number in 0..1200 {
        let topic = |id| format!("gxv2mqtt/{id}/command/dial");
        site.neighbour.publish(&topic("good"), b"x y", false).await;
        site.neighbour.publish(&topic("nobody"), b"1", false).await;
        if number % 50 == 0 {
            site.neighbour.publish(&topic("good"), &large, false).await;
            site.neighbour.publish(&topic("good"), controls.as_bytes(), false).await;
        }
    }
    site.is_well().await;
    let results: Vec<_> = site.neighbour.recorder.all();
    let results = results.iter().filter(|heard| heard.topic.ends_with("/result"));
    let longest = results.map(|heard| heard.payload.len()).max();
    assert!(longest < Some(8000), "{longest:?}");
    site.end().await;
}

#[tokio::test]
async fn retained_topics_without_end() {
    let site = Site::start("[phones.gone]\nurl = \"http://127.0.0.1:9\"\n").await;
    for number in 1..=500 {
        let topic = format!("gxv2mqtt/gone/accounts/{number}");
        site.neighbour.publish(&topic, b"{}", true).await;
    }
    site.neighbour.publish("gxv2mqtt/gone/missed_calls", b"18446744073709551615", true).await;
    site.neighbour.publish("gxv2mqtt/gone/last_call", &vec![b'['; 1_000_000], true).await;
    let site = site.again().await;
    site.neighbour.recorder.shows("gxv2mqtt/gone/missed_calls", "0").await;
    site.is_well().await;
    site.end().await;
}
