//! The whole simulator over real connections, with a client that speaks just enough HTTP to see what really arrives.

mod cti;
mod faults;
mod gxv;
mod network;
mod people;
mod push;

use std::{io, net::SocketAddr, time::Duration};

use md5::{Digest as _, Md5};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{FarEnd, Profile, Simulator, sessions::hex};

/// An answer as it came.
#[derive(Debug)]
struct Seen {
    status: u16,
    head: String,
    body: String,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn cookie(&self) -> Option<String> {
        let line = self.head.lines().find_map(|line| line.strip_prefix("set-cookie: "))?;
        line.split(';').next().map(str::to_owned)
    }
}

/// A phone with nothing that happens by itself, and a client of it.
struct Bench {
    phone: Simulator,
    cookie: Option<String>,
    passcode: Option<&'static str>,
    _stops: DropGuard,
}

impl Bench {
    async fn new(profile: Profile) -> Self {
        Self::with(profile, FarEnd::MANUAL).await
    }

    /// A phone with far ends that do as they like.
    async fn with(profile: Profile, far_end: FarEnd) -> Self {
        let stop = CancellationToken::new();
        let profile = Profile { far_end, ..profile };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let phone = Simulator::start(any, profile, stop.clone()).await.unwrap();
        Self { phone, cookie: None, passcode: None, _stops: stop.drop_guard() }
    }

    /// A phone with somebody logged in.
    async fn logged_in(profile: Profile) -> Self {
        let mut bench = Self::new(profile).await;
        let seen = bench.login("gmiadmin", "admin").await;
        bench.cookie = seen.cookie();
        assert!(bench.cookie.is_some(), "{seen:?}");
        bench
    }

    async fn login(&self, name: &str, password: &str) -> Seen {
        let random = self.get("loginrealm").await.body;
        let secret = hex(&Md5::digest(format!("{name}:{random}:{password}")));
        self.get(&format!("login?Username={name}&Secret={secret}")).await
    }

    async fn get(&self, path: &str) -> Seen {
        self.try_get(path).await.unwrap()
    }

    async fn try_get(&self, path: &str) -> io::Result<Seen> {
        let path = match self.passcode {
            Some(passcode) if path.contains('?') => format!("{path}&passcode={passcode}"),
            Some(passcode) => format!("{path}?passcode={passcode}"),
            None => path.to_owned(),
        };
        self.send(&format!("GET /cgi-bin/{path}"), "", "").await
    }

    async fn post(&self, path: &str, form: &str) -> Seen {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let path =
            self.passcode.map_or(path.to_owned(), |passcode| format!("{path}?passcode={passcode}"));
        self.send(&format!("POST /cgi-bin/{path}"), kind, form).await.unwrap()
    }

    /// Sends a request of HTTP/1.0, so that the body ends where the connection ends.
    async fn send(&self, line: &str, headers: &str, body: &str) -> io::Result<Seen> {
        let mut stream = TcpStream::connect(self.phone.address()).await?;
        let cookie = self.cookie.as_ref();
        let cookie = cookie.map_or(String::new(), |cookie| format!("Cookie: a=b; {cookie}\r\n"));
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.0\r\nHost: phone\r\n{cookie}{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (head, body) = (head.to_owned(), body.to_owned());
        Ok(Seen { status, head, body })
    }
}

/// A connection that nothing is asked on, to see it cut.
struct OpenConnection(TcpStream);

impl OpenConnection {
    async fn to(bench: &Bench) -> Self {
        let mut stream = TcpStream::connect(bench.phone.address()).await.unwrap();
        let request = b"GET /cgi-bin/loginrealm HTTP/1.1\r\nHost: phone\r\n\r\n";
        stream.write_all(request).await.unwrap();
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
        Self(stream)
    }

    async fn is_cut(&mut self) -> bool {
        let mut rest = [0; 512];
        let reading = tokio::time::timeout(Duration::from_secs(10), self.0.read(&mut rest));
        matches!(reading.await, Ok(Ok(0) | Err(_)))
    }
}

/// Waits for something that the phone does a little later.
async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let all = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), all).await;
    assert!(in_time.is_ok(), "never: {what}");
}
