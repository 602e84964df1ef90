//! The program as it is started: its output, its exit codes, and what it never says.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use gxv2mqtt::demo::broker::Broker;
use gxv2mqtt::simulator::{Fault, Function, Profile, Simulator};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::support::recorder::{DEADLINE, Neighbour};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gxv2mqtt"));
    command.args(arguments).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn output(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        timeout(DEADLINE, command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A broker and a simulated phone in each dialect, with passwords that can be told from anything else.
struct Site {
    broker: Broker,
    phones: Vec<(&'static str, Simulator)>,
    stop: CancellationToken,
    folder: TempDir,
}

const PASSWORD: &str = "zz9-secret-zz9";

impl Site {
    async fn build() -> Self {
        let stop = CancellationToken::new();
        let broker = Broker::start(([127, 0, 0, 1], 0).into(), None).await.unwrap();
        let mut phones = Vec::new();
        for (id, profile) in [("kitchen", Profile::default()), ("hall", Profile::cti())] {
            let profile = Profile { password: PASSWORD.to_owned(), ..profile };
            let phone = Simulator::start(([127, 0, 0, 1], 0).into(), profile, stop.clone());
            phones.push((id, phone.await.unwrap()));
        }
        Self { broker, phones, stop, folder: tempfile::tempdir().unwrap() }
    }

    /// Writes a settings file for it.
    fn settings(&self, password: &str) -> PathBuf {
        let mut text = format!("[mqtt]\nurl = \"mqtt://{}\"\n", self.broker.address());
        let secret = self.folder.path().join("secret");
        std::fs::write(&secret, format!("{password}\n")).unwrap();
        for (id, phone) in &self.phones {
            let dialect = if *id == "hall" { "cti" } else { "gxv" };
            write!(
                text,
                "[phones.{id}]\nurl = \"http://{}\"\ndialect = \"{}\"\npassword_file = \"{}\"\npoll = \"200ms\"\nallow = [\"change_password\"]\n",
                phone.address(),
                dialect,
                secret.display(),
            )
            .unwrap();
        }
        let file = self.folder.path().join("gxv2mqtt.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    async fn end(self) {
        self.stop.cancel();
        self.broker.stop().await;
    }
}

async fn terminate(mut child: Child) -> (i32, String) {
    let pid = child.id().unwrap().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
    assert!(killed.success());
    let mut stderr = child.stderr.take().unwrap();
    let mut log = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut stderr, &mut log);
    timeout(DEADLINE, read).await.unwrap().unwrap();
    let status = timeout(DEADLINE, child.wait()).await.unwrap().unwrap();
    (status.code().unwrap(), String::from_utf8(log).unwrap())
}

#[tokio::test]
async fn wrong_settings_end_with_78_and_one_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "[phones.kitchen]\nurl = \"http://127.0.0.1\"\npol = \"2s\"\n").unwrap();
    let (code, stdout, stderr) = output(program(&["--config", file.to_str().unwrap()])).await;
    assert_eq!((code, stdout.as_str()), (78, ""));
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for part in ["settings.toml", "phones.kitchen.pol", "did you mean \"poll\""] {
        assert!(stderr.contains(part), "{stderr}");
    }

    let mut bare = program(&["check"]);
    bare.env("GXV2MQTT_PHONES__KITCHEN__URL", "ftp://127.0.0.1");
    let (code, _, stderr) = output(bare).await;
    assert_eq!(code, 78);
    assert!(stderr.contains("GXV2MQTT_PHONES__KITCHEN__URL"), "{stderr}");
}

#[tokio::test]
async fn a_pipe_or_a_device_holds_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().await.unwrap().success());
    let file = folder.path().join("settings.toml");
    for (settings, key) in [
        (
            format!("[phones.a]\nurl = \"http://127.0.0.1:9\"\npassword_file = {pipe:?}\n"),
            "phones.a.password_file",
        ),
        (
            "[phones.a]\nurl = \"http://127.0.0.1:9\"\npassword_file = \"/dev/zero\"\n".to_owned(),
            "phones.a.password_file",
        ),
    ] {
        std::fs::write(&file, settings).unwrap();
        let (code, _, stderr) = output(program(&["--config", file.to_str().unwrap()])).await;
        assert_eq!(code, 78);
        assert!(stderr.contains(key) && stderr.contains("no regular file"), "{stderr}");
    }
    let (code, _, stderr) = output(program(&["--config", pipe.to_str().unwrap()])).await;
    assert_eq!(code, 78);
    assert!(stderr.contains("it is no regular file"), "{stderr}");
    // without an address book phones are bridged all the same
    let settings = format!("[names]\nfile = {pipe:?}\n[phones.a]\nurl = \"http://127.0.0.1:9\"\n");
    std::fs::write(&file, settings).unwrap();
    let mut running = program(&["--config", file.to_str().unwrap()]);
    let child = running.stderr(Stdio::piped()).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (code, log) = terminate(child).await;
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("no regular file") && log.contains("started"), "{log}");
    // and levels without end are no reason to crash
    let mut deep = program(&["check"]);
    deep.env(format!("GXV2MQTT_PHONES{}", "__A".repeat(5000)), "x");
    let (code, _, stderr) = output(deep).await;
    assert_eq!(code, 78);
    assert!(stderr.contains("up to 8 levels"), "{stderr}");
}

#[tokio::test]
async fn variables_of_others_are_warned_of_once() {
    let site = Site::build().await;
    let settings = site.settings(PASSWORD);
    let strange = |mut call: Command| {
        call.env("GXV2MQTT_PORT", "tcp://10.96.0.7:8099");
        call.env("GXV2MQTT_SERVICE_HOST", "10.96.0.7").env("GXV2MQTT_MQTT__USERNAME", "");
        call.env("GXV2MQTT_PHONE__KITCHEN__URL", "http://127.0.0.1:1");
        call
    };
    let check = program(&["check", "--config", settings.to_str().unwrap()]);
    let (code, _, stderr) = output(strange(check)).await;
    assert_eq!((code, stderr.lines().count()), (0, 1), "{stderr}");
    let expected = "left alone: GXV2MQTT_PHONE__KITCHEN__URL (did you mean GXV2MQTT_PHONES__KITCHEN__URL?), \
                    GXV2MQTT_PORT, GXV2MQTT_SERVICE_HOST\n";
    assert!(stderr.ends_with(expected), "{stderr}");

    // and where no phone is found it may be why
    let (code, _, stderr) = output(strange(program(&["check"]))).await;
    assert_eq!(code, 78);
    assert!(stderr.contains("find settings") && stderr.ends_with(expected), "{stderr}");
    site.end().await;
}

#[tokio::test]
async fn a_mistake_in_rust_log_silences_nothing() {
    for (written, complaint) in [("", false), (" ", false), ("warning", true)] {
        let mut run = program(&["run"]);
        run.env("RUST_LOG", written).env("GXV2MQTT_MQTT__URL", "mqtt://127.0.0.1:1");
        run.env("GXV2MQTT_PHONES__KITCHEN__URL", "http://127.0.0.1:1");
        let mut child = run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        let told = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                log.push_str(&line);
                if line.contains("broker") {
                    break;
                }
            }
        };
        timeout(DEADLINE, told).await.unwrap();
        assert!(log.contains("broker"), "{log}");
        assert_eq!(log.contains("\"warning\" is no level"), complaint, "{log}");
        child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn wrong_usage_ends_with_64() {
    for arguments in [&["explode"][..], &["simulate"], &["--config"]] {
        let (code, stdout, stderr) = output(program(arguments)).await;
        assert_eq!((code, stdout.as_str()), (64, ""), "{arguments:?}");
        assert!(stderr.contains("Usage") || stderr.contains("--help"), "{stderr}");
    }
    assert_eq!(output(program(&["--help"])).await.0, 0);
}

#[tokio::test]
async fn push_urls_are_printed_where_phones_may_call() {
    let call = || {
        let mut call = program(&["push-urls"]);
        call.env("GXV2MQTT_PHONES__KITCHEN__URL", "http://127.0.0.1:1");
        call
    };
    let (code, stdout, stderr) = output(call()).await;
    assert_eq!((code, stdout.as_str()), (78, ""));
    assert!(stderr.contains("push.listen") && stderr.contains("GXV2MQTT_PUSH__LISTEN"), "{stderr}");

    let mut set = call();
    set.env("GXV2MQTT_PUSH__LISTEN", "127.0.0.1:8099")
        .env("GXV2MQTT_PUSH__SECRET", PASSWORD.repeat(2));
    let (code, stdout, stderr) = output(set).await;
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains(" 127.0.0.1:8099/") && !stdout.contains(PASSWORD), "{stdout}");
}

#[tokio::test]
async fn a_broken_certificate_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let mut broken = program(&["run"]);
    broken.env("GXV2MQTT_PHONES__KITCHEN__URL", "https://127.0.0.1:1");
    broken.env("GXV2MQTT_PHONES__KITCHEN__TLS_CA_FILE", &ca);
    let (code, _, stderr) = output(broken).await;
    assert_eq!(code, 78);
    assert!(stderr.contains("phones.kitchen.tls_ca_file"), "{stderr}");
}

#[tokio::test]
async fn check_says_what_works_and_how_to_mend_what_does_not() {
    let site = Site::build().await;
    let settings = site.settings(PASSWORD);
    let check = || program(&["check", "--config", settings.to_str().unwrap()]);
    let (code, stdout, stderr) = output(check()).await;
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert_eq!(stdout.matches(" works ").count(), 1 + 9 + 8, "{stdout}");

    // what the bridge can do without is no failure
    for (_, phone) in &site.phones {
        phone.set_fault(Function::GetGroups, Fault::Status(404));
    }
    let (code, stdout, _) = output(check()).await;
    assert_eq!((code, stdout.matches(" unsupported ").count()), (0, 2), "{stdout}");

    // what is asked for all the time is one
    for (_, phone) in &site.phones {
        phone.set_fault(Function::GetContacts, Fault::Status(403));
        phone.set_fault(Function::GetTime, Fault::Status(404));
    }
    let (code, stdout, stderr) = output(check()).await;
    let count = |verdict: &str| stdout.matches(&format!(" {verdict} ")).count();
    assert_eq!((code, count("refused"), count("unsupported")), (1, 2, 4), "{stdout}");
    assert!(stderr.contains("2 of "), "{stderr}");

    site.settings("wrong");
    let (code, stdout, _) = output(check()).await;
    assert_eq!(code, 1);
    assert_eq!(stdout.matches(" FAILS ").count(), 2, "{stdout}");
    assert_eq!(stdout.matches(" not tried").count(), 8 + 7 + 2, "{stdout}");
    for (_, phone) in &site.phones {
        let bad = phone.happenings();
        let bad = bad.iter().filter(|h| h.to_string().contains("bad")).count();
        assert!(bad <= 1, "{:?}", phone.happenings());
        assert_eq!(phone.requests(Function::SystemOperation), 0);
    }
    site.end().await;
}

#[tokio::test]
async fn check_says_which_values_the_phone_knows() {
    let site = Site::build().await;
    let settings = site.settings(PASSWORD);
    let mut check = program(&["check", "--config", settings.to_str().unwrap()]);
    let values = "[{ key = 'volume', value = 'P8352', kind = 'sensor' }, \
                  { key = 'nothing', value = 'P9999', kind = 'text' }]";
    check.env("GXV2MQTT_PHONES__HALL__VALUES", values);
    let rules = "[{ number = '8001', name = 'Door' }, { account = 2 }]";
    check.env("GXV2MQTT_PHONES__HALL__DOORBELL", rules);
    let (code, stdout, stderr) = output(check).await;
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("1 of 2 values; nothing for P9999 (nothing)"), "{stdout}");
    let fits = r#"rings only where all of it fits: number "8001", caller_name "Door""#;
    assert_eq!(stdout.matches("doorbell rule").count(), 1, "{stdout}");
    assert!(stdout.contains(fits) && stderr.contains("write `caller_name`"), "{stdout}{stderr}");
    assert!(stdout.contains("values of the settings ") && !stdout.contains("works.\n"), "{stdout}");
    site.end().await;
}

#[tokio::test]
async fn health_is_what_the_broker_holds() {
    let site = Site::build().await;
    let neighbour = Neighbour::connect(site.broker.address()).await;
    let settings = site.settings(PASSWORD);
    let health = || output(program(&["health", "--config", settings.to_str().unwrap()]));
    let (code, _, stderr) = health().await;
    assert_eq!(code, 1);
    assert!(stderr.contains("never heard of the bridge"), "{stderr}");
    let run = program(&["run", "--config", settings.to_str().unwrap()]);
    let child = { run }.stderr(Stdio::piped()).spawn().unwrap();
    neighbour.recorder.shows("gxv2mqtt/bridge/state", "online").await;
    assert_eq!(health().await, (0, "online\n".to_owned(), String::new()));
    assert_eq!(terminate(child).await.0, 0);
    let (code, _, stderr) = health().await;
    assert_eq!(code, 1);
    assert!(stderr.contains("offline"), "{stderr}");
    site.end().await;
}

#[tokio::test]
async fn no_secret_is_ever_said() {
    for wanted in [
        "trace,cookie_store=trace,cookie_store::cookie_store=trace,rumqttc=trace",
        "[phone]=trace,gxv2mqtt=trace",
    ] {
        no_secret_is_said(wanted).await;
    }
}

async fn no_secret_is_said(wanted: &str) {
    let site = Site::build().await;
    let neighbour = Neighbour::connect(site.broker.address()).await;
    let settings = site.settings(PASSWORD);
    let mut run = program(&["run", "--config", settings.to_str().unwrap()]);
    run.env("RUST_LOG", wanted);
    let child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    neighbour.recorder.shows("gxv2mqtt/kitchen/availability", "online").await;
    neighbour.recorder.shows("gxv2mqtt/hall/availability", "online").await;
    // a password that goes out, in each dialect, and comes back as an error; and one that is changed
    for (id, old, new) in [("wrong", "0ld-secret", "n3w-secret"), ("right", PASSWORD, "n3w-secret")]
    {
        for phone in ["kitchen", "hall"] {
            let id = format!("{id} {phone}");
            let payload = serde_json::json!({ "id": id, "role": "admin", "old": old, "new": new });
            let topic = format!("gxv2mqtt/{phone}/command/change_password");
            neighbour.publish(&topic, payload.to_string().as_bytes(), false).await;
            let result = neighbour.recorder.result(&id).await;
            assert_eq!(result["ok"], id.starts_with("right"), "{result}");
        }
    }
    // in each dialect: an answer that makes no sense, and a phone that is gone, in requests that hold secrets
    for (_, phone) in &site.phones {
        phone.expire_sessions();
        phone.set_fault(None, Fault::HtmlPage);
    }
    neighbour.recorder.shows("gxv2mqtt/hall/problem", "bad_answer").await;
    for (_, phone) in &site.phones {
        phone.unplug().await;
    }
    neighbour.publish("gxv2mqtt/hall/command/dial", b"1001", false).await;
    neighbour
        .recorder
        .until("a result", |heard| {
            let mut results = heard.iter().filter(|h| h.topic.ends_with("/result"));
            results.find(|result| result.payload.contains("dial")).cloned()
        })
        .await;
    let (code, log) = terminate(child).await;
    assert_eq!(code, 0);
    assert!(log.contains("sending a query"), "the log is at its most talkative");
    let secrets =
        [PASSWORD, "0ld-secret", "n3w-secret", "Secret=", "passcode=", "password=", "phonecookie"];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret}: {}", line_with(&log, secret));
        // but for the commands themselves, which the user has sent
        let all = neighbour.recorder.all();
        let mut ours = all.iter().filter(|heard| !heard.topic.contains("/command/"));
        assert!(ours.all(|heard| !heard.payload.contains(secret)), "{secret}");
    }
    site.end().await;
}

fn line_with<'a>(log: &'a str, part: &str) -> &'a str {
    log.lines().find(|line| line.contains(part)).unwrap_or_default()
}

#[tokio::test]
async fn the_demo_shows_a_call_that_somebody_makes_come() {
    let mut demo =
        program(&["demo"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let mut text = String::new();
    let mut page: Option<SocketAddr> = None;
    let seen = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, rest)) = line.split_once("kitchen phone  http://") {
                page = rest.split('/').next().unwrap().parse().ok();
            }
            if line.contains("kitchen/availability  online") {
                ring(page.unwrap()).await;
            }
            let ringing = line.contains("kitchen/call_state  ringing");
            text.push_str(&line);
            text.push('\n');
            if ringing {
                return;
            }
        }
    };
    timeout(DEADLINE, seen).await.unwrap_or_else(|_| panic!("no call: {text}"));
    for part in ["mqtt://127.0.0.1:", "hall phone", "mosquitto_sub"] {
        assert!(text.contains(part), "{text}");
    }
    let (code, log) = terminate(demo).await;
    assert_eq!((code, log.as_str()), (0, ""));
}

/// Rings a simulated phone as a script would.
async fn ring(phone: SocketAddr) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(phone).await.unwrap();
    let body = r#"{"name":"Ann","number":"1001"}"#;
    let request = format!(
        "POST /simulator/ring HTTP/1.1\r\nHost: {phone}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn systemd_hears_from_it() {
    let site = Site::build().await;
    let settings = site.settings(PASSWORD);
    let path = site.folder.path().join("notify");
    let socket = tokio::net::UnixDatagram::bind(&path).unwrap();
    let mut run = program(&["run", "--config", settings.to_str().unwrap()]);
    run.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000");
    let child = run.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = Vec::new();
    while said.iter().filter(|word| *word == "WATCHDOG=1").count() < 3 {
        said.push(hear(&socket).await);
    }
    assert!(said.contains(&"READY=1".to_owned()), "{said:?}");
    let stopped = tokio::spawn(terminate(child));
    while hear(&socket).await != "STOPPING=1" {}
    assert_eq!(stopped.await.unwrap().0, 0);
    site.end().await;
}

#[tokio::test]
async fn settings_are_read_again_on_sighup() {
    let mut site = Site::build().await;
    let neighbour = Neighbour::connect(site.broker.address()).await;
    let settings = site.settings(PASSWORD);
    let path = site.folder.path().join("notify");
    let socket = tokio::net::UnixDatagram::bind(&path).unwrap();
    let mut run = program(&["run", "--config", settings.to_str().unwrap()]);
    let child = run.env("NOTIFY_SOCKET", &path).stderr(Stdio::piped()).spawn().unwrap();
    neighbour.recorder.shows("gxv2mqtt/kitchen/availability", "online").await;
    neighbour.recorder.shows("gxv2mqtt/hall/availability", "online").await;
    while hear(&socket).await != "READY=1" {}

    let (_, hall) = site.phones.pop().unwrap();
    site.settings(PASSWORD);
    hang_up(&child, &socket).await;
    neighbour.recorder.shows("gxv2mqtt/hall/availability", "").await;
    neighbour.recorder.shows("gxv2mqtt/hall/call_state", "").await;
    neighbour.recorder.shows_field("gxv2mqtt/bridge/info", "phones", vec!["kitchen"]).await;

    let text = std::fs::read_to_string(&settings).unwrap();
    let broken = format!("{text}pol = \"1s\"\npassword = \"{PASSWORD}\"\n");
    std::fs::write(&settings, broken).unwrap();
    hang_up(&child, &socket).await;
    let payload = br#"{"transaction":"broken"}"#;
    neighbour.publish("gxv2mqtt/bridge/request/reload", payload, false).await;
    let response = neighbour.recorder.response("broken").await;
    let (_, _, said) = output(program(&["--config", settings.to_str().unwrap()])).await;
    assert_eq!(format!("gxv2mqtt: {}\n", response["error"].as_str().unwrap()), said);
    assert!(said.contains("phones.kitchen.pol"), "{said}");
    neighbour.publish("gxv2mqtt/kitchen/command/refresh", br#"{"id":"r"}"#, false).await;
    assert_eq!(neighbour.recorder.result("r").await["ok"], true);

    let (code, log) = terminate(child).await;
    assert_eq!(code, 0, "{log}");
    assert_eq!(log.matches("the settings are read again").count(), 1, "{log}");
    assert_eq!(log.matches("the settings stay as they were").count(), 2, "{log}");
    assert!(!log.contains(PASSWORD) && !said.contains(PASSWORD), "{log}");
    drop(hall);
    site.end().await;
}

/// Sends SIGHUP, and waits until the settings are read.
async fn hang_up(child: &Child, socket: &tokio::net::UnixDatagram) {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().await.unwrap().success());
    let mut said = hear(socket).await;
    while said == "WATCHDOG=1" {
        said = hear(socket).await;
    }
    assert!(said.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{said}");
    while hear(socket).await != "READY=1" {}
}

async fn hear(socket: &tokio::net::UnixDatagram) -> String {
    let mut buffer = [0; 256];
    let read = timeout(Duration::from_secs(10), socket.recv(&mut buffer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&buffer[..read]).trim().to_owned()
}
