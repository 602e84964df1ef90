//! Phones, and others, that call over a real socket on loopback.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use super::listener::{Limits, Listener};
use super::token::Tokens;
use super::{PushOptions, gate};
use crate::domain::call::push::{Push, PushKind};
use crate::domain::telephony::PhoneId;

const DEADLINE: Duration = Duration::from_secs(10);

/// A listener with two phones.
struct Door {
    address: std::net::SocketAddr,
    tokens: watch::Sender<Tokens>,
    pushes: mpsc::Receiver<(PhoneId, Push)>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

fn id(text: &str) -> PhoneId {
    text.parse().unwrap()
}

fn options() -> PushOptions {
    PushOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        url: "http://127.0.0.1".parse().unwrap(),
        secret: "0123456789abcdef".into(),
    }
}

/// Returns the token of a phone, as it stands in its URLs.
fn token(phone: &str) -> String {
    options().token(&id(phone)).in_url()
}

impl Door {
    async fn open(room: usize, change: impl FnOnce(&mut Limits)) -> Self {
        let options = options();
        let listener = Listener::bind(options.listen).await.unwrap().with(change);
        let address = listener.address();
        let (sender, pushes) = mpsc::channel(room);
        let stop = CancellationToken::new();
        let (tokens, known) = watch::channel(options.tokens(&[id("kitchen"), id("hall")]));
        let task = tokio::spawn(listener.run(known, sender, stop.clone()));
        Self { address, tokens, pushes, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends this, and returns all that comes back.
    async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        answer(&mut stream).await
    }

    /// Calls this path as phones do, and returns the status.
    async fn get(&self, path: &str) -> u16 {
        status(&self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await)
    }

    async fn push(&mut self) -> (PhoneId, Push) {
        timeout(DEADLINE, self.pushes.recv()).await.unwrap().unwrap()
    }

    async fn close(self) {
        self.stop.cancel();
        timeout(DEADLINE, self.task).await.unwrap().unwrap();
        assert!(TcpStream::connect(self.address).await.is_err(), "it listens on");
    }
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or("0").parse().unwrap()
}

#[tokio::test]
async fn a_phone_calls_and_is_answered() {
    let mut door = Door::open(8, |_| {}).await;
    let call = format!(
        "GET /{}/incoming/mac=c074ad010203&remote=1001&name=Zo\u{eb} & Co HTTP/1.1\r\nHost: x\r\n\r\n",
        token("hall")
    );
    insta::assert_debug_snapshot!(
        door.send(call.as_bytes()).await,
        @r#""HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#
    );
    let (phone, push) = door.push().await;
    assert_eq!((phone, push.kind), (id("hall"), PushKind::Incoming));
    assert_eq!(push.name.as_deref(), Some("Zoë & Co"));
    door.close().await;
}

#[tokio::test]
async fn every_sort_of_call_is_answered() {
    let door = Door::open(8, |_| {}).await;
    let kitchen = token("kitchen");
    let call = |text: &str| text.replace("TOKEN", &kitchen).into_bytes();
    let long = format!("GET /TOKEN/missed?name={} HTTP/1.1\r\n\r\n", "a".repeat(10 * 1024));
    let many = format!("GET /TOKEN/missed HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(1000));
    let body = format!("POST /TOKEN/missed HTTP/1.1\r\n\r\n{}", "a".repeat(10 * 1024));
    let cases = [
        ("GET /TOKEN/missed HTTP/1.1\r\n\r\n", 200),
        ("GET /TOKEN/missed HTTP/1.0\n\n", 200),
        ("\r\nGET /TOKEN/missed\r\n\r\n", 200),
        ("HEAD /TOKEN/missed HTTP/1.1\r\n\r\n", 200),
        ("GET /TOKEN/dancing HTTP/1.1\r\n\r\n", 404),
        ("GET /0123456789abcdef0123456789abcdef/missed HTTP/1.1\r\n\r\n", 404),
        ("HEAD / HTTP/1.1\r\n\r\n", 404),
        ("POST /TOKEN/missed HTTP/1.1\r\nContent-Length: 3\r\n\r\na=b", 405),
        (&body, 405),
        ("nonsense\r\n\r\n", 400),
        (&long, 431),
        (&many, 431),
    ];
    for (text, expected) in cases {
        let answer = door.send(&call(text)).await;
        assert_eq!(status(&answer), expected, "{text}");
        assert!(!answer.contains("Location"), "{answer}");
    }
    assert_eq!(door.pushes.len(), 3);
    door.close().await;
}

#[tokio::test]
async fn a_head_may_be_cut_short_and_come_in_pieces() {
    let mut door = Door::open(8, |_| {}).await;
    let line = format!("GET /{}/booted HTTP/1.1\r\nHos", token("kitchen"));
    let (first, rest) = line.split_at(20);
    let mut stream = door.connect().await;
    stream.write_all(first.as_bytes()).await.unwrap();
    tokio::task::yield_now().await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(status(&answer(&mut stream).await), 200);
    assert_eq!(door.push().await.1.kind, PushKind::Booted);

    let mut stream = door.connect().await;
    stream.write_all(first.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(answer(&mut stream).await, "");
    door.close().await;
}

#[tokio::test]
async fn who_is_slow_is_cut_and_others_wait_for_a_place() {
    let short = Duration::from_millis(200);
    let mut door = Door::open(8, |limits| {
        (limits.time, limits.connections) = (short, 2);
    })
    .await;
    let mut slow = [door.connect().await, door.connect().await];
    for stream in &mut slow {
        stream.write_all(b"GET /").await.unwrap();
    }
    assert_eq!(door.get(&format!("/{}/on_hook", token("kitchen"))).await, 200);
    door.push().await;
    for stream in &mut slow {
        assert_eq!(answer(stream).await, "");
    }
    door.close().await;
}

#[tokio::test]
async fn who_does_not_hang_up_is_cut_and_stopping_waits_for_nobody() {
    let door = Door::open(8, |limits| {
        (limits.goodbye, limits.connections) = (Duration::from_millis(50), 1);
    })
    .await;
    let path = format!("/{}/on_hook", token("kitchen"));
    let mut stream = door.connect().await;
    stream.write_all(format!("GET {path}\n\n").as_bytes()).await.unwrap();
    assert_eq!(door.get(&path).await, 200);
    let silent = door.connect().await;
    door.close().await;
    drop((stream, silent));
}

#[tokio::test]
async fn silent_connections_keep_no_phone_from_getting_through() {
    let mut door = Door::open(8, |_| {}).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(timeout(DEADLINE, door.connect()).await.unwrap());
    }
    let since = tokio::time::Instant::now();
    assert_eq!(door.get(&format!("/{}/on_hook", token("kitchen"))).await, 200);
    door.push().await;
    // their own time is 5 s
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    // and they end, but for a share
    let mut open = 0;
    for stream in &mut silent {
        let mut end = [0];
        let read = timeout(Duration::from_millis(10), stream.read(&mut end)).await;
        open += usize::from(read.is_err());
    }
    assert!(open < 130, "{open}");
    door.close().await;
}

#[tokio::test]
async fn a_phone_that_calls_too_often_waits_and_others_do_not() {
    let door = Door::open(1000, |_| {}).await;
    let (kitchen, hall) = (token("kitchen"), token("hall"));
    for _ in 0..gate::PUSHES {
        assert_eq!(door.get(&format!("/{kitchen}/on_hook")).await, 200);
    }
    assert_eq!(door.get(&format!("/{kitchen}/on_hook")).await, 429);
    assert_eq!(door.get(&format!("/{hall}/on_hook")).await, 200);
    assert_eq!(door.pushes.len(), 51);
    door.close().await;
}

#[tokio::test]
async fn nobody_waits_for_a_full_channel() {
    let mut door = Door::open(1, |_| {}).await;
    let path = format!("/{}/on_hook", token("kitchen"));
    assert_eq!(door.get(&path).await, 200);
    assert_eq!(door.get(&path).await, 503);
    door.push().await;
    assert_eq!(door.get(&path).await, 200);
    door.pushes.close();
    assert_eq!(door.get(&path).await, 503);
    door.close().await;
}

/// A log that tests can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Ok(mut log) = self.0.lock() {
            log.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn phones_come_and_go_while_it_listens() {
    let mut door = Door::open(10, |_| {}).await;
    let attic = format!("/{}/on_hook", token("attic"));
    assert_eq!(door.get(&attic).await, 404);
    door.tokens.send_replace(options().tokens(&[id("attic")]));
    assert_eq!(door.get(&attic).await, 200);
    assert_eq!(door.push().await.0, id("attic"));
    assert_eq!(door.get(&format!("/{}/on_hook", token("kitchen"))).await, 404);
    door.close().await;
}

#[tokio::test]
async fn the_log_tells_what_matters_and_no_token() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    // with one subscriber alone, whether a line is wanted is decided by the thread that comes to it first, for all
    // others: that may be another test's, which wants none
    let another = tracing::Dispatch::new(tracing_subscriber::registry());
    let logging = tracing::subscriber::set_default(subscriber);
    let mut door = Door::open(1000, |limits| limits.time = Duration::from_millis(200)).await;
    let kitchen = token("kitchen");
    for _ in 0..3 {
        assert_eq!(door.get("/0123456789abcdef0123456789abcdef/on_hook?name=Bob").await, 404);
    }
    assert_eq!(door.get(&format!("/{kitchen}/dancing?name=Bob")).await, 404);
    for _ in 0..gate::PUSHES + 3 {
        door.get(&format!("/{kitchen}/on_hook?mac=c074ad010203&remote=1001&name=Bob")).await;
    }
    let mut slow = door.connect().await;
    slow.write_all(format!("GET /{kitchen}").as_bytes()).await.unwrap();
    assert_eq!(answer(&mut slow).await, "");
    door.push().await;
    door.close().await;
    drop((logging, another));

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for secret in [&*kitchen, "0123456789abcdef", "Bob", "1001", "c0:74", "c074"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| line.contains("push"))
        .map(|line| line.replace("gxv2mqtt::phone::push::", "").trim().to_owned())
        .collect();
    lines.dedup();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    WARN gate: a push with a token of no phone; `gxv2mqtt push-urls` prints the right ones peer=127.0.0.1
    DEBUG gate: a push of no event that is known phone=kitchen
    DEBUG gate: a push phone=kitchen kind="on_hook"
    WARN gate: it pushes too often; the excess is dropped phone=kitchen
    TRACE listener: a connection took too long peer=127.0.0.1
    "#);
}

/// Sends this to a server of hyper's that takes anything, and returns the status.
async fn hyper_says(head: &[u8]) -> u16 {
    let (mut phone, server) = duplex(4096);
    let anything = hyper::service::service_fn(async |_| {
        Ok::<_, std::convert::Infallible>(hyper::Response::new(String::new()))
    });
    let server = tokio::spawn(
        hyper::server::conn::http1::Builder::new()
            .serve_connection(hyper_util::rt::TokioIo::new(server), anything),
    );
    phone.write_all(head).await.unwrap();
    let mut text = String::new();
    timeout(DEADLINE, phone.read_to_string(&mut text)).await.unwrap().unwrap();
    drop(server.await.unwrap());
    status(&text)
}

/// Why the listener is our own; if this fails, think again.
#[tokio::test]
async fn hyper_refuses_what_phones_send() {
    let cases: [(&[u8], u16); 6] = [
        (b"/incoming?name=Bob HTTP/1.1", 200),
        ("/incoming?name=Zo\u{eb} HTTP/1.1".as_bytes(), 200),
        (b"/incoming?name=Front Door HTTP/1.1", 400),
        (b"/incoming?name=Zo\xeb HTTP/1.1", 400),
        (b"/incoming?name=<Bob> HTTP/1.1", 400),
        (b"/incoming?name=Bob", 400),
    ];
    for (target, expected) in cases {
        let head = [b"GET ", target, b"\r\nHost: x\r\nConnection: close\r\n\r\n"].concat();
        assert_eq!(hyper_says(&head).await, expected, "{}", String::from_utf8_lossy(target));
    }
}
