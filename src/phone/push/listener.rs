//! Waits for phones that call: a small web server that answers each call at once and hands the push on.
//!
//! It is our own because hyper (1.12, with httparse 1.10) answers 400 to what phones send, as they put names into the URL
//! as they are: to a raw space, Latin-1, `<` or `>`, and to a line without a version. It takes raw UTF-8. `tests.rs`
//! shows it, and says when that changes. One request for each connection is read here, to its blank line and no further.
//!
//! Anybody in the network can connect, so everything has a limit, and nothing that came is logged.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::gate::{Gate, Status, Warning};
use super::token::Tokens;
use crate::domain::call::push::Push;
use crate::domain::telephony::PhoneId;

/// The longest head of a request, in bytes; a phone keeps URLs of 256.
const HEAD: usize = 4 * 1024;
/// How long one connection may take, from the first byte to the last.
const TIME: Duration = Duration::from_secs(5);
/// Maximum number of connections at once.
const CONNECTIONS: usize = 128;
/// Maximum number of them that have not said what they want, from one address; phones behind one router share it.
const SHARE: usize = 16;
/// For so long a silent connection is left alone, whoever else comes.
const GRACE: Duration = Duration::from_millis(250);
/// How long the phone has to take the answer and hang up: to close before would take the answer back.
const GOODBYE: Duration = Duration::from_secs(1);
/// The pause after the system had no connection for us, such as without free file descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits for phones that call.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

/// The limits that tests make shorter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) time: Duration,
    pub(super) connections: usize,
    pub(super) goodbye: Duration,
}

impl Listener {
    /// Opens the port.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        let limits = Limits { time: TIME, connections: CONNECTIONS, goodbye: GOODBYE };
        Ok(Self { socket, address, limits })
    }

    /// Sets other limits.
    #[cfg(test)]
    pub(super) fn with(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets phones call until it is stopped, and passes on what they say; what nobody handles in time is left out. The
    /// tokens may change meanwhile.
    pub async fn run(
        self,
        tokens: watch::Receiver<Tokens>,
        pushes: mpsc::Sender<(PhoneId, Push)>,
        stop: CancellationToken,
    ) {
        let gate = Arc::new(Gate::new(tokens, pushes));
        let mut connections = JoinSet::new();
        let mut guests = Guests::default();
        let mut accepts = true;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = connections.join_next() => look_at(ended),
                accepted = self.accept(), if guests.has_room(self.limits.connections) => {
                    if accepted.is_ok() != accepts {
                        accepts = !accepts;
                        say(accepted.as_ref().err());
                    }
                    if let Ok((stream, peer)) = accepted {
                        let silent = Arc::new(AtomicBool::new(true));
                        let served = serve(stream, peer, Arc::clone(&gate), self.limits, Arc::clone(&silent));
                        let task = connections.spawn(served);
                        guests.add(Guest { peer, since: Instant::now(), silent, task });
                    }
                }
                () = sleep(GRACE), if guests.is_full(self.limits.connections) => {}
            }
        }
        connections.shutdown().await;
    }

    /// Takes the next connection. An error comes late, so that a lasting one does not keep us busy.
    async fn accept(&self) -> io::Result<(TcpStream, IpAddr)> {
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => return Ok((stream, peer.ip().to_canonical())),
                Err(error) if is_of_the_peer(&error) => tracing::trace!(%error, "nobody came"),
                Err(error) => {
                    sleep(PAUSE).await;
                    return Err(error);
                }
            }
        }
    }
}

/// A connection that is open.
struct Guest {
    peer: IpAddr,
    since: Instant,
    /// Whether it has not yet said what it wants.
    silent: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Guest {
    fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }
}

/// The connections that are open, the oldest first.
#[derive(Default)]
struct Guests {
    open: Vec<Guest>,
    silence: Warning,
}

impl Guests {
    /// Returns `true` if one more may come; the oldest silent one goes for it, if it must.
    fn has_room(&mut self, limit: usize) -> bool {
        self.open.retain(|guest| !guest.task.is_finished());
        self.open.len() < limit || self.dismiss(|_| true)
    }

    fn is_full(&self, limit: usize) -> bool {
        self.open.len() >= limit
    }

    fn add(&mut self, guest: Guest) {
        let peer = guest.peer;
        self.open.push(guest);
        let silent = self.open.iter().filter(|guest| guest.peer == peer && guest.is_silent());
        if silent.count() > SHARE {
            self.dismiss(|guest| guest.peer == peer);
        }
    }

    /// Ends the oldest silent connection of these, if it had its time. Returns whether there was one.
    fn dismiss(&mut self, is_meant: impl Fn(&Guest) -> bool) -> bool {
        let now = Instant::now();
        let mut places = self.open.iter().enumerate();
        let place = places
            .find(|(_, guest)| guest.is_silent() && now - guest.since >= GRACE && is_meant(guest));
        let Some((place, _)) = place else { return false };
        let guest = self.open.remove(place);
        guest.task.abort();
        if self.silence.is_due(now.into_std()) {
            tracing::warn!(
                peer = %guest.peer,
                "connections to the push port that say nothing: the oldest are closed, so that phones get through"
            );
        }
        true
    }
}

/// Returns `true` if it was this one connection that broke, before we had it.
fn is_of_the_peer(error: &io::Error) -> bool {
    let kinds = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    kinds.contains(&error.kind())
}

fn say(error: Option<&io::Error>) {
    if let Some(error) = error {
        tracing::warn!(%error, "pushes can't be received at present; retrying");
    } else {
        tracing::info!("pushes are received again");
    }
}

/// Handles the end of a connection's task; it must not panic, whatever was received.
fn look_at(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && !error.is_cancelled()
    {
        tracing::warn!(panicked = error.is_panic(), "the task of a phone's connection panicked");
    }
}

/// Serves one connection, and never longer than it may take.
async fn serve(
    mut stream: TcpStream,
    peer: IpAddr,
    gate: Arc<Gate>,
    limits: Limits,
    silent: Arc<AtomicBool>,
) {
    match timeout(limits.time, talk(&mut stream, peer, &gate, limits, &silent)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::trace!(%peer, %error, "a connection broke"),
        Err(_) => tracing::trace!(%peer, "a connection took too long"),
    }
}

async fn talk(
    stream: &mut TcpStream,
    peer: IpAddr,
    gate: &Gate,
    limits: Limits,
    silent: &AtomicBool,
) -> io::Result<()> {
    let head = read_head(stream).await?;
    silent.store(false, Ordering::Relaxed);
    let status = match head {
        Head::Whole(head) => gate.decide(&head, peer, Instant::now().into_std()),
        Head::TooLong => Status::TooLong,
        Head::Nothing => return Ok(()),
    };
    stream.write_all(status.answer().as_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    let hung_up = async { while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
    if timeout(limits.goodbye, hung_up).await.is_err() {
        tracing::trace!(%peer, "it does not hang up");
    }
    Ok(())
}

/// What came before the connection was silent, closed, or long enough.
enum Head {
    /// All of it, or a first line that is whole.
    Whole(Vec<u8>),
    /// More than we want to read.
    TooLong,
    /// Not even a line.
    Nothing,
}

async fn read_head(stream: &mut TcpStream) -> io::Result<Head> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let read = stream.read(&mut chunk).await?;
        head.extend_from_slice(&chunk[..read]);
        match end_of(&head) {
            Some(end) if end <= HEAD => {
                head.truncate(end);
                return Ok(Head::Whole(head));
            }
            None if head.len() <= HEAD => {}
            _ => return Ok(Head::TooLong),
        }
        if read == 0 {
            let whole = head.contains(&b'\n');
            return Ok(if whole { Head::Whole(head) } else { Head::Nothing });
        }
    }
}

/// Returns where a head ends: at the first blank line after one that is not.
fn end_of(head: &[u8]) -> Option<usize> {
    let mut end = 0;
    let mut begun = false;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        let blank = line == b"\n" || line == b"\r\n";
        if blank && begun {
            return Some(end);
        }
        begun |= !blank;
    }
    None
}
