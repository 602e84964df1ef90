//! The link to the broker: connects, and connects again; carries messages both ways; says goodbye.
//!
//! State is never queued here while the broker is away: on `Notice::Connected` the bridge asks for all of it again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::connection::Dialer;
use super::event::ConnectionEvent;
use super::notice::{Notice, PendingNotices};
use super::options::BrokerOptions;
use super::outbox::{LinkRequest, Outbox};
use super::plan::{Patience, Plan};
use super::queue::{Losses, Queue, Tally};
use super::reason::Reason;
use super::session::{News, Session};
use super::tls;
use crate::domain::contract::topic::Delivery;

/// Messages that wait for the bridge; also room for the burst of retained ones after connecting, which tell what was
/// before: about 35 of each phone.
const HEARD: usize = 4096;
/// Maximum size of all that waits for the bridge, in bytes, when a message comes that was published just now.
const LIVE: usize = 8 * 1024 * 1024;
/// The same for one that was retained: they come in one go after a connection.
const BACKLOG: usize = 64 * 1024 * 1024;
/// The largest message that is passed on whole, in bytes, if it was published just now: who reads a longer one refuses it.
const WHOLE: usize = 64 * 1024;
/// A broker that is away for longer is tried less often.
const SOON: Duration = Duration::from_mins(1);
/// How long a broker has to close the connection after our DISCONNECT.
const CLOSING: Duration = Duration::from_millis(500);

/// What the link could not carry since it was made.
#[derive(Debug, Clone)]
pub struct Lost {
    /// Events that waited too long for the broker.
    pub events: Tally,
    /// Messages that came faster than they could be handled.
    pub messages: Tally,
}

/// What the link hears, in order.
#[derive(Debug)]
pub struct Heard {
    receiver: mpsc::Receiver<Notice>,
    /// The size of all that waits, in bytes.
    size: Arc<AtomicUsize>,
}

impl Heard {
    /// Waits for the next notice; none, once the link has ended.
    pub async fn recv(&mut self) -> Option<Notice> {
        let notice = self.receiver.recv().await?;
        self.took(&notice);
        Some(notice)
    }

    /// Returns the next notice, if there is one already.
    pub fn try_recv(&mut self) -> Option<Notice> {
        let notice = self.receiver.try_recv().ok()?;
        self.took(&notice);
        Some(notice)
    }

    fn took(&self, notice: &Notice) {
        self.size.fetch_sub(size(notice), Ordering::Relaxed);
    }
}

/// The link; does nothing until it runs.
pub struct Link {
    dialer: Dialer,
    plan: Plan,
    patience: Patience,
    inbox: mpsc::Receiver<LinkRequest>,
    inbox_open: bool,
    heard: mpsc::Sender<Notice>,
    /// The size of all that waits for the bridge, in bytes.
    size: Arc<AtomicUsize>,
    notices: PendingNotices,
    unheard: Losses,
    /// What the broker had retained, and the bridge has still to be told.
    backlog: VecDeque<Notice>,
    queue: Queue,
    broker: Broker,
    backoff: Backoff,
    reason: Option<Reason>,
    away_since: Option<Instant>,
}

enum Broker {
    Away { until: Instant },
    Here(Box<Session>),
}

impl Link {
    /// Prepares the link. Fails only on certificates that are unusable, which no later try would fix.
    pub fn new(
        options: &BrokerOptions,
        plan: Plan,
        patience: Patience,
    ) -> Result<(Self, Outbox, Heard), tls::Error> {
        let (outbox, inbox) = Outbox::new();
        let (heard, receiver) = mpsc::channel(HEARD);
        let size = Arc::new(AtomicUsize::new(0));
        let ears = Heard { receiver, size: Arc::clone(&size) };
        let link = Self {
            dialer: Dialer::new(options, patience)?.with_will(&plan.will),
            plan,
            patience,
            inbox,
            inbox_open: true,
            heard,
            notices: PendingNotices::default(),
            unheard: Losses::default(),
            backlog: VecDeque::new(),
            size,
            queue: Queue::new(patience.event),
            broker: Broker::Away { until: Instant::now() },
            backoff: Backoff::new(patience.first_retry),
            reason: None,
            away_since: None,
        };
        Ok((link, outbox, ears))
    }

    /// Returns what is lost, as it grows.
    pub fn lost(&self) -> Lost {
        Lost { events: self.queue.losses.tally.clone(), messages: self.unheard.tally.clone() }
    }

    /// Holds the connection until `stop`; then sends what is left, says goodbye, and returns.
    pub async fn run(mut self, stop: CancellationToken) {
        let heard = self.heard.clone();
        loop {
            let now = Instant::now();
            self.look_after(now);
            let wake = match &self.broker {
                Broker::Away { until } => *until,
                Broker::Here(session) => session.wakes_at(),
            };
            let wake = self.queue.wakes_at().into_iter().fold(wake, Instant::min);
            let owes = self.notices.next(self.is_up()).is_some() || !self.backlog.is_empty();
            let reads = self.inbox_open && (self.queue.is_empty() || !self.is_up());
            tokio::select! {
                () = stop.cancelled() => break,
                event = event_of(&mut self.broker) => self.handle(event, Instant::now()),
                request = self.inbox.recv(), if reads => match request {
                    Some(request) => self.accept(request, Instant::now()),
                    None => self.inbox_open = false,
                },
                permit = heard.reserve(), if owes => {
                    self.tell(permit.ok());
                }
                () = sleep_until(wake) => {}
            }
        }
        self.say_goodbye().await;
    }

    fn tell(&mut self, permit: Option<mpsc::Permit<'_, Notice>>) {
        let news = if let Some(news) = self.notices.next(self.is_up()) {
            self.notices.told(&news);
            news
        } else if let Some(message) = self.backlog.pop_front() {
            message
        } else {
            return;
        };
        if let Some(permit) = permit {
            permit.send(news);
        }
    }

    fn is_up(&self) -> bool {
        matches!(&self.broker, Broker::Here(session) if session.is_up())
    }

    /// Everything that is due without an event: the watchdog, the next try, old events, what there is room to send.
    fn look_after(&mut self, now: Instant) {
        if let Some(lost) = self.queue.expire(now) {
            tracing::warn!(lost, "events expired while the broker was away, and are dropped");
        }
        if let Some(lost) = self.unheard.report(now) {
            tracing::warn!(
                lost,
                "messages arrived faster than they could be handled, and are dropped"
            );
        }
        match &mut self.broker {
            Broker::Away { until } if *until <= now => {
                self.broker =
                    Broker::Here(Box::new(Session::open(&self.dialer, self.patience, now)));
            }
            Broker::Away { .. } => {}
            Broker::Here(session) => match session.given_up(now) {
                Some(reason) => self.lose(reason, now),
                None => {
                    session.pump(
                        &mut self.queue,
                        &self.plan,
                        !self.notices.is_connection_untold(),
                        now,
                    );
                }
            },
        }
    }

    fn accept(&mut self, request: LinkRequest, now: Instant) {
        match (request, &mut self.broker) {
            (LinkRequest::Publish(publication), Broker::Here(session)) if session.is_up() => {
                self.queue.push(publication, true, now);
            }
            (LinkRequest::Publish(publication), _) if publication.delivery == Delivery::Event => {
                self.queue.push(publication, false, now);
            }
            (LinkRequest::Unsubscribe(filters), Broker::Here(session)) if session.is_up() => {
                session.unsubscribe(&filters);
            }
            (LinkRequest::Greet, Broker::Here(session)) if session.is_up() => {
                session.greet(&mut self.queue, &self.plan, now);
            }
            (LinkRequest::Publish(_) | LinkRequest::Unsubscribe(_) | LinkRequest::Greet, _) => {}
        }
    }

    fn handle(&mut self, event: ConnectionEvent, now: Instant) {
        let Broker::Here(session) = &mut self.broker else {
            return;
        };
        match session.handle(event, &self.plan, now) {
            Some(News::Up) => {
                self.notices.up();
                self.queue.connected();
                self.reason = None;
                if let Some(since) = self.away_since.take() {
                    tracing::info!(away = ?(now - since), "the broker is back");
                } else {
                    tracing::info!("connected to the broker");
                }
            }
            Some(News::Listening) => self.notices.listening(),
            Some(News::Message { topic, payload, retained }) => {
                if self.plan.back.as_ref() == Some(&topic) {
                    self.queue.subscribers_are_back();
                }
                self.pass_on(Notice::Message { topic, payload, retained });
            }
            Some(News::Closed(reason)) => self.lose(reason, now),
            Some(News::SaidGoodbye) | None => {}
        }
    }

    /// Tells the bridge of a message. What was retained comes in one go after a connection, as much as there is: it waits
    /// until the bridge has time; of the rest that much is only sent by somebody who should not.
    fn pass_on(&mut self, mut message: Notice) {
        let retained = matches!(message, Notice::Message { retained: true, .. });
        if let Notice::Message { payload, retained: false, .. } = &mut message {
            payload.truncate(WHOLE + 1);
            payload.shrink_to_fit();
        }
        let size = size(&message);
        let room = if retained { BACKLOG } else { LIVE };
        let waits = self.size.load(Ordering::Relaxed);
        if self.notices.is_connection_untold() || waits > 0 && waits + size > room {
            return self.unheard.count(1);
        }
        self.size.fetch_add(size, Ordering::Relaxed);
        let refused = if retained && !self.backlog.is_empty() {
            Some(message)
        } else {
            match self.heard.try_send(message) {
                Err(TrySendError::Full(message)) => Some(message),
                // after the bridge has stopped listening nothing is lost: echoes of its last words, mostly
                Ok(()) | Err(TrySendError::Closed(_)) => None,
            }
        };
        match refused {
            Some(message) if retained => self.backlog.push_back(message),
            Some(_) => {
                self.size.fetch_sub(size, Ordering::Relaxed);
                self.unheard.count(1);
            }
            None => {}
        }
    }

    /// Returns the longest time between two tries of a broker that is away for this reason.
    fn longest_delay(&self, reason: &Reason, now: Instant) -> Duration {
        let Patience { soon_retry, retry, longest_retry, .. } = self.patience;
        let away = self.away_since.map_or(Duration::ZERO, |since| now - since);
        if reason.needs_fixing() {
            longest_retry
        } else if away < SOON {
            soon_retry.min(longest_retry)
        } else {
            retry.min(longest_retry)
        }
    }

    /// Throws the connection away, keeps its events, and plans the next try.
    fn lose(&mut self, reason: Reason, now: Instant) {
        let mut last_topic = None;
        if let Broker::Here(session) =
            std::mem::replace(&mut self.broker, Broker::Away { until: now })
        {
            let up = session.up_for(now);
            if up >= self.patience.served.min(self.patience.longest_retry) {
                self.backoff.reset();
            } else if !up.is_zero() {
                // it may be what the broker did not like
                last_topic = session.last_topic().map(str::to_owned);
            }
            self.queue.keep_events(session.into_unacknowledged());
        }
        self.notices.lost();
        let forgotten = self.backlog.drain(..).map(|message| size(&message)).sum();
        self.size.fetch_sub(forgotten, Ordering::Relaxed);
        let mut delay = self.backoff.delay(self.longest_delay(&reason, now), fastrand::f64());
        if matches!(reason, Reason::TakenOver(_)) {
            // Two bridges with one client id would throw each other out for ever.
            delay += self.patience.takeover;
        }
        self.broker = Broker::Away { until: now + delay };
        self.away_since.get_or_insert(now);
        if self.reason.as_ref() == Some(&reason) {
            tracing::debug!(%reason, retry_in = ?delay, "still not connected to the broker");
        } else {
            tracing::warn!(%reason, last_topic, retry_in = ?delay, "no connection to the broker");
            self.reason = Some(reason);
        }
    }

    /// Sends what is left and `offline`, waits for the acknowledgements, and only then disconnects: a normal end takes
    /// the last will back. Whatever goes wrong here ends without a goodbye, and the broker sends the will.
    async fn say_goodbye(mut self) {
        self.inbox.close();
        if !self.is_up() {
            return;
        }
        let now = Instant::now();
        while let Ok(request) = self.inbox.try_recv() {
            self.accept(request, now);
        }
        let Broker::Here(mut session) = self.broker else {
            return;
        };
        self.queue.let_out();
        self.queue.push(self.plan.will.clone(), true, now);
        session.leave();
        let mut deadline = now + self.patience.goodbye;
        let mut disconnecting = false;
        loop {
            session.pump(&mut self.queue, &self.plan, false, Instant::now());
            if !disconnecting && session.has_delivered_all(&self.queue) {
                disconnecting = true;
                session.say_goodbye();
            }
            let event = tokio::select! {
                event = session.event() => event,
                () = sleep_until(deadline) => {
                    if !disconnecting {
                        tracing::warn!("the broker did not acknowledge the last messages in time");
                    }
                    return;
                }
            };
            match session.handle(event, &self.plan, Instant::now()) {
                Some(News::Closed(_)) => return,
                Some(News::SaidGoodbye) => deadline = deadline.min(Instant::now() + CLOSING),
                Some(News::Up | News::Listening | News::Message { .. }) | None => {}
            }
        }
    }
}

fn size(message: &Notice) -> usize {
    match message {
        Notice::Message { topic, payload, .. } => topic.len() + payload.len() + 64,
        Notice::Connected | Notice::Listening | Notice::Away => 0,
    }
}

async fn event_of(broker: &mut Broker) -> ConnectionEvent {
    match broker {
        Broker::Away { .. } => std::future::pending().await,
        Broker::Here(session) => session.event().await,
    }
}
