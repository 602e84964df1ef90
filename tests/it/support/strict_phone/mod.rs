//! A stand-in for the most demanding phone that the captures and the vendor's documents allow.
//!
//! It was written from the vendor's guides and from what others captured, before its author had seen the client: it must
//! not share a misreading with `src/phone` or `src/simulator`. What it asserts about a phone that no source says stands
//! in `habits`. It takes one connection at a time, and keeps every request for the tests to look at.

mod functions;
pub(crate) mod habits;
pub(crate) mod model;
pub(crate) mod session;
pub(crate) mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use gxv2mqtt::phone::PhoneOptions;
use gxv2mqtt::phone::dialect::DialectKind;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::functions::Phone;
use self::habits::{CallSettings, Dialect, End};
use self::wire::{Answer, Request};
use super::bed::options;

/// At which moment a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// When the request has come, before anything is done.
    Asked,
    /// When it is done, before the answer.
    Done,
    /// In the middle of the answer's body.
    Answering,
}

/// A connection that is going to break.
#[derive(Debug, Clone)]
struct Break {
    function: &'static str,
    moment: Moment,
    end: End,
}

/// A request, and the status that it got; 0 if the connection broke before.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) request: Request,
    pub(crate) status: u16,
}

struct Shared {
    phone: Mutex<Phone>,
    breaks: Mutex<Vec<Break>>,
    seen: watch::Sender<Vec<Seen>>,
    address: SocketAddr,
}

/// A strict phone on loopback, for as long as this lives.
pub(crate) struct StrictPhone {
    shared: Arc<Shared>,
    _stop: DropGuard,
}

impl StrictPhone {
    /// Switches one on.
    pub(crate) async fn start(habits: CallSettings) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let shared = Arc::new(Shared {
            phone: Mutex::new(Phone::new(habits)),
            breaks: Mutex::default(),
            seen: watch::channel(Vec::new()).0,
            address: listener.local_addr().unwrap(),
        });
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(serve(Arc::clone(&shared), listener)));
        Self { shared, _stop: stop.drop_guard() }
    }

    /// Returns settings for it.
    pub(crate) fn options(&self, id: &str) -> PhoneOptions {
        let kind = match self.phone().habits.dialect {
            Dialect::Gxv => DialectKind::Gxv,
            Dialect::Cti => DialectKind::Cti,
        };
        options(id, kind, self.shared.address)
    }

    /// The phone itself, to look into and to touch; not over an `await`.
    pub(crate) fn phone(&self) -> MutexGuard<'_, Phone> {
        self.shared.phone.lock().unwrap()
    }

    /// Breaks the connection at the next request of this function.
    pub(crate) fn break_at(&self, function: &'static str, moment: Moment, end: End) {
        self.shared.breaks.lock().unwrap().push(Break { function, moment, end });
    }

    /// Returns whether each break has come about.
    pub(crate) fn is_whole(&self) -> bool {
        self.shared.breaks.lock().unwrap().is_empty()
    }

    /// Returns every request of this function.
    pub(crate) fn asked(&self, function: &str) -> Vec<Request> {
        let seen = self.shared.seen.borrow();
        let requests = seen.iter().map(|seen| &seen.request);
        requests.filter(|request| request.function() == function).cloned().collect()
    }

    /// Returns every request.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.borrow().clone()
    }

    /// Waits until this function has been asked so many more times.
    pub(crate) async fn is_asked(&self, function: &str, more: usize) {
        let count =
            |seen: &[Seen]| seen.iter().filter(|seen| seen.request.function() == function).count();
        let mut seen = self.shared.seen.subscribe();
        let goal = count(&seen.borrow()) + more;
        let waited = seen.wait_for(|seen| count(seen) >= goal);
        let waited = tokio::time::timeout(super::recorder::DEADLINE, waited).await.map(drop);
        assert!(waited.is_ok(), "{function} is not asked; seen {:#?}", self.seen());
    }

    /// Fails if a request was not as the phone wants it, or did harm.
    pub(crate) fn assert_well_treated(&self) {
        let cti = self.phone().habits.dialect == Dialect::Cti;
        // what the CTI guide has not may be asked for: it does no harm
        let beyond = |seen: &Seen| cti && !functions::CTI.contains(&seen.request.function());
        let bad = self.seen().into_iter().filter(|seen| seen.status >= 400 && !beyond(seen));
        let bad: Vec<_> = bad.collect();
        assert!(bad.is_empty(), "the phone refused {bad:#?}");
        let calamities = self.phone().calamities.clone();
        assert!(calamities.is_empty(), "{calamities:?}");
    }
}

async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let mut listener = Some(listener);
    for connection in 0_usize.. {
        let open = match listener.take() {
            Some(open) => open,
            None => TcpListener::bind(shared.address).await.unwrap(),
        };
        let (stream, _) = open.accept().await.unwrap();
        // What the other side does to a connection is no matter of ours.
        talk(&shared, stream, connection).await.ok();
        let restart = shared.phone.lock().unwrap().habits.restart;
        if std::mem::take(&mut shared.phone.lock().unwrap().restarting) {
            drop(open);
            tokio::time::sleep(restart).await;
        } else {
            listener = Some(open);
        }
    }
}

/// Answers the requests of one connection, one after the other.
async fn talk(shared: &Shared, mut stream: TcpStream, connection: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let habits = shared.phone.lock().unwrap().habits.clone();
    for number in 1..=habits.requests {
        let Some(head) = wire::read_head(&mut stream, habits.keep_alive).await? else { break };
        let (mut request, checked) = wire::read_rest(&mut stream, &head).await?;
        request.connection = connection;
        let broken = shared.take_break(request.function());
        let moment = broken.as_ref().map(|broken| broken.moment);
        if moment == Some(Moment::Asked) {
            shared.record(request, 0);
            return end(&stream, broken.map_or(habits.end, |broken| broken.end));
        }
        let mut answer = match checked {
            Ok(()) => {
                let base = format!("http://{}", shared.address);
                shared.phone.lock().unwrap().answer(&request, &base, Instant::now())
            }
            Err(status) => Answer::page(status),
        };
        answer.close |= number == habits.requests;
        shared.record(request, if moment.is_some() { 0 } else { answer.status });
        if moment != Some(Moment::Done) {
            wire::write(&mut stream, &answer, &habits.style, moment.is_some()).await?;
        }
        if let Some(broken) = broken {
            return end(&stream, broken.end);
        }
        if wire::closes(&answer, &habits.style) {
            break;
        }
    }
    end(&stream, habits.end)
}

/// Ends a connection when the caller drops it.
fn end(stream: &TcpStream, end: End) -> io::Result<()> {
    match end {
        End::Fin => Ok(()),
        End::Reset => stream.set_zero_linger(),
    }
}

impl Shared {
    fn take_break(&self, function: &str) -> Option<Break> {
        let mut breaks = self.breaks.lock().unwrap();
        let found = breaks.iter().position(|broken| broken.function == function);
        found.map(|found| breaks.remove(found))
    }

    fn record(&self, request: Request, status: u16) {
        self.seen.send_modify(|seen| seen.push(Seen { request, status }));
    }
}
