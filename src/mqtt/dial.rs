//! The way to the broker: its name, a socket, TLS; each within its time, and each with its reason if it fails.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::options::BrokerOptions;
use super::reason::Reason;
use super::tls;
use crate::tls::{Fault, Keys, explain};

/// A connection, plain or encrypted.
pub(super) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// Where the broker is, and how it is reached.
#[derive(Debug)]
pub(super) struct Address {
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
}

impl Address {
    pub(super) fn new(options: &BrokerOptions) -> Result<Self, tls::Error> {
        let tls = options.tls.as_ref().map(tls::configuration).transpose()?;
        let host = options.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: options.port, tls })
    }

    /// Connects; waits `patience` at most for each step.
    pub(super) async fn connect(&self, patience: Duration) -> Result<Stream, Reason> {
        let addresses = self.resolve(patience).await?;
        let tcp = timeout(patience, open(&addresses, patience)).await;
        let tcp = tcp.unwrap_or(Err(Reason::NoAnswer(patience)))?;
        let Some(config) = &self.tls else { return Ok(Either::Left(tcp)) };
        let name = ServerName::try_from(self.host.clone()).map_err(|_| {
            Reason::Tls("the host in mqtt.url is no name for a certificate".to_owned())
        })?;
        let handshake = TlsConnector::from(Arc::clone(config)).connect(name, tcp);
        match timeout(patience, handshake).await {
            Ok(Ok(stream)) => Ok(Either::Right(stream)),
            Ok(Err(error)) => Err(of_error(&error, false)),
            Err(_) => Err(Reason::NoAnswer(patience)),
        }
    }

    /// The system's resolver blocks a thread, and may do so for much longer than anybody wants to wait.
    async fn resolve(&self, patience: Duration) -> Result<Vec<SocketAddr>, Reason> {
        match timeout(patience, lookup_host((self.host.as_str(), self.port))).await {
            Ok(Ok(found)) => Ok(found.collect()),
            Ok(Err(error)) => Err(Reason::NameNotFound(error.to_string())),
            Err(_) => {
                Err(Reason::NameNotFound(format!("no answer of a DNS server within {patience:?}")))
            }
        }
    }
}

/// Tries one address after another; each gets its share of the time, so that one that is silent does not hide the rest.
async fn open(addresses: &[SocketAddr], patience: Duration) -> Result<TcpStream, Reason> {
    let share = patience / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = Reason::NameNotFound("it has no address".to_owned());
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "small messages may be late");
                }
                return Ok(stream);
            }
            Ok(Err(error)) => last = of_error(&error, false),
            Err(_) => last = Reason::NoAnswer(patience),
        }
    }
    Err(last)
}

/// Says what an error of the connection means.
#[expect(clippy::wildcard_enum_match_arm, reason = "there are dozens, and more to come")]
pub(super) fn of_error(error: &io::Error, opened: bool) -> Reason {
    use io::ErrorKind;
    let inner = error.get_ref();
    if let Some(reason) = inner.and_then(|inner| inner.downcast_ref::<Reason>()) {
        return reason.clone();
    }
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Reason::Tls(of_tls(error));
    }
    match error.kind() {
        _ if opened => Reason::Broken(error.to_string()),
        ErrorKind::ConnectionRefused => Reason::NobodyListens,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            Reason::ClosedEarly
        }
        _ => Reason::Unreachable(error.to_string()),
    }
}

/// Says what an error of the handshake means.
fn of_tls(error: &rustls::Error) -> String {
    let keys = Keys { fingerprint: "mqtt.tls_fingerprint", ca: "mqtt.ca_file" };
    match explain(error, keys) {
        Fault::Certificate(why) | Fault::Handshake(why) => why,
    }
}
