//! What many phones cost: the program beside a bare loop that does the same requests, in one run. Phones are one nginx with an
//! address for each; the broker is in this process. Prints figures, asserts nothing.
//!
//! `cargo bench --bench fleet`, or with other numbers of phones: `cargo bench --bench fleet -- 100 1000`. Needs nginx and Linux.
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use gxv2mqtt::demo::broker::Broker;
use rumqttc::{AsyncClient, MqttOptions, PublishOptions, QoS};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

/// Each phone is polled this often.
const POLL: Duration = Duration::from_secs(1);
/// Before anything is measured: all is published, and connections are open.
const WARM_UP: Duration = Duration::from_secs(15);
/// How long it is measured.
const MEASURED: Duration = Duration::from_secs(20);
/// Where the phones are, as one word of the command line that is no number.
const BARE_LOOP: &str = "--bare-loop";
/// The answer to Get Line Status.
const LINES: &str = r#"{"response":"success","body":[{"line":1,"state":"idle","acct":"0","remotename":"","remotenumber":"","active":"0"},{"line":2,"state":"idle","acct":"0","remotename":"","remotenumber":"","active":"0"},{"line":3,"state":"idle","acct":"0","remotename":"","remotenumber":"","active":"0"},{"line":4,"state":"idle","acct":"0","remotename":"","remotenumber":"","active":"0"}]}"#;
/// The answers to what else is read.
const OTHERS: [(&str, &str); 6] = [
    ("api-get_phone_status", r#"{"response":"success","body":"available","misc":"0"}"#),
    (
        "api-get_accounts",
        r#"{"response":"success","body":[{"id":1,"name":"Home","sip_id":"1001","sip_server":"pbx","reg":1}]}"#,
    ),
    ("api-get_time", r#"{"date":"Tue 08/30/2016","time":"11:30AM","uptime":"1 hour, 2 minutes"}"#),
    ("api.values.get", r#"{"response":"success","body":{"phone_model":"GRP2616","68":"1.0"}}"#),
    ("api-get_contacts", r#"{"response":"success","body":[]}"#),
    ("api-get_groups", r#"{"response":"success","body":[]}"#),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if let [word, broker, port, phones] = &words[..]
        && word == BARE_LOOP
    {
        return bare_loop(broker.parse()?, port.parse()?, phones.parse()?).await;
    }
    let mut counts: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if counts.is_empty() {
        counts = vec![100, 1000];
    }
    println!("each phone polled once a second, {} s measured", MEASURED.as_secs());
    println!("{:>8}{:28}{:>20}{:>14}", "phones", "", "CPU a phone-second", "resident");
    for count in counts {
        let folder = tempfile::tempdir()?;
        let nginx = Nginx::start(folder.path(), count)?;
        let broker = Broker::start(([127, 0, 0, 1], 0).into(), None).await?;
        let settings = folder.path().join("gxv2mqtt.toml");
        fs::write(&settings, toml(broker.address(), nginx.port, count))?;
        let mut program = Command::new(env!("CARGO_BIN_EXE_gxv2mqtt"));
        program.arg("--config").arg(&settings).env("RUST_LOG", "error");
        measure(count, "gxv2mqtt", program).await?;
        let mut bare = Command::new(std::env::current_exe()?);
        let [port, phones] = [usize::from(nginx.port), count].map(|number| number.to_string());
        bare.args([BARE_LOOP, &broker.address().to_string(), &port, &phones]);
        measure(count, "bare loop", bare).await?;
        broker.stop().await;
    }
    Ok(())
}

/// Starts a program, and prints what it costs once all is as it was.
async fn measure(phones: usize, name: &str, mut program: Command) -> anyhow::Result<()> {
    let mut child = Running(program.stdout(Stdio::null()).spawn()?);
    sleep(WARM_UP).await;
    let before = cpu(child.0.id())?;
    let started = Instant::now();
    sleep(MEASURED).await;
    let used = cpu(child.0.id())?.saturating_sub(before);
    let seconds = started.elapsed().as_secs_f64();
    let resident = resident(child.0.id())?;
    if let Some(status) = child.0.try_wait()? {
        return Err(anyhow!("{name} has ended: {status}"));
    }
    let each = used.as_secs_f64() * 1e6 / seconds / f64::from(u32::try_from(phones)?);
    println!("{phones:>8}  {name:26}{each:>17.0} µs{:>10} MiB", resident / 1024 / 1024);
    Ok(())
}

/// A process that is killed when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // it may have ended by itself
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Returns the CPU time that a process has used.
fn cpu(process: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit_once(')').context("the name of the process")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // utime and stime, in hundredths of a second
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// Returns the memory of a process, in bytes.
fn resident(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

fn address(phone: usize) -> Ipv4Addr {
    let byte = |value: usize| u8::try_from(value).expect("a part of an address");
    Ipv4Addr::new(127, 1, byte(phone / 250), byte(1 + phone % 250))
}

/// All phones.
struct Nginx {
    port: u16,
    _process: Running,
}

impl Nginx {
    fn start(folder: &Path, phones: usize) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder_name = folder.display();
        let mut server = String::new();
        for phone in 0..phones {
            write!(server, "listen {}:{port};", address(phone))?;
        }
        for (path, body) in OTHERS.into_iter().chain([("api-get_line_status", LINES)]) {
            write!(server, "location /cgi-bin/{path} {{ return 200 '{body}'; }}")?;
        }
        let mut temporary = String::new();
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            write!(temporary, "{kind}_temp_path {folder_name}/{kind};")?;
        }
        let settings = format!(
            "daemon off; master_process off; pid {folder_name}/pid; error_log stderr crit; worker_rlimit_nofile 20000;\
             events {{ worker_connections 16000; }} http {{ access_log off; keepalive_requests 1000000;\
             default_type application/json; {temporary} server {{ {server} }} }}"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, settings)?;
        let mut nginx = Command::new("/usr/sbin/nginx");
        let process = nginx.arg("-c").arg(file).spawn().context("nginx is not there")?;
        Ok(Self { port, _process: Running(process) })
    }
}

fn toml(broker: SocketAddr, port: u16, phones: usize) -> String {
    let mut text = format!("[mqtt]\nurl = \"mqtt://{broker}\"\n");
    for phone in 0..phones {
        let address = address(phone);
        write!(
            text,
            "[phones.p{phone}]\nurl = \"http://{address}:{port}\"\ndialect = \"cti\"\npassword = \"1234\"\npoll = \"1s\"\n"
        )
        .expect("a String takes any text");
    }
    text
}

/// What the bare loop reads of a line.
#[derive(Debug, Deserialize, PartialEq)]
struct Line {
    #[serde(rename = "line")]
    number: u16,
    state: String,
    remotename: String,
    remotenumber: String,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Lines {
    body: Vec<Line>,
}

/// One shared HTTP client, a task for each phone, a message when something changes: the least that does the work.
async fn bare_loop(broker: SocketAddr, port: u16, phones: usize) -> anyhow::Result<()> {
    let options =
        MqttOptions::new("bare-loop", rumqttc::Broker::tcp(broker.ip().to_string(), broker.port()));
    let (mqtt, mut events) = AsyncClient::builder(options).capacity(1000).build();
    tokio::spawn(async move { while events.poll().await.is_ok() {} });
    rustls::crypto::ring::default_provider().install_default().ok();
    let http = reqwest::Client::builder().no_proxy().http1_only().pool_max_idle_per_host(1);
    let http = http.build()?;
    for phone in 0..phones {
        let (http, mqtt) = (http.clone(), mqtt.clone());
        let path = "cgi-bin/api-get_line_status?passcode=1234";
        let url = format!("http://{}:{port}/{path}", address(phone));
        tokio::spawn(async move {
            let mut tick = interval_at(Instant::now() + POLL.mul_f64(fastrand::f64()), POLL);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut last = None;
            loop {
                tick.tick().await;
                let Ok(reply) = http.get(&url).send().await else { continue };
                let Ok(body) = reply.bytes().await else { continue };
                let Ok(lines) = serde_json::from_slice::<Lines>(&body) else { continue };
                if last.as_ref() != Some(&lines) {
                    let topic = format!("bare/{phone}");
                    let options = PublishOptions::new(QoS::AtMostOnce).retain(true);
                    drop(mqtt.publish(topic, body.to_vec(), options).await);
                    last = Some(lines);
                }
            }
        });
    }
    std::future::pending().await
}
