//! One connection from CONNACK to goodbye: subscribes, says who we are, and then lets messages through.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::{Connection, Dialer, Unsendable};
use super::event::{ConnectionEvent, Limits};
use super::flight::Flight;
use super::healing::Healing;
use super::plan::{Patience, Plan, Subscription};
use super::queue::{Queue, Queued};
use super::reason::Reason;
use super::reason::meaning;

/// Maximum number of filters in one SUBSCRIBE: brokers have limits.
const FILTERS: usize = 100;
/// How long our own message may take to come back.
const ECHO: Duration = Duration::from_secs(10);

/// What the link has to know.
#[derive(Debug)]
pub(super) enum News {
    /// Subscribed, and ready to publish.
    Up,
    /// Subscribed to what the broker has retained.
    Listening,
    Message {
        topic: String,
        payload: Vec<u8>,
        retained: bool,
    },
    SaidGoodbye,
    Closed(Reason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    Subscribing,
    Up(Instant),
    Leaving,
}

/// A request with an answer; sent when nothing else is under way.
#[derive(Debug)]
enum PendingRequest {
    Subscribe(Vec<Subscription>),
    Unsubscribe(Vec<String>),
    /// Whether the broker is there: subscribes once more to our own state. rumqttc pings only where nothing else is sent.
    Alive,
}

/// A connection and what is known about it.
pub(super) struct Session {
    connection: Connection,
    patience: Patience,
    phase: Phase,
    flight: Flight,
    questions: VecDeque<PendingRequest>,
    /// The filters of the SUBSCRIBE that waits for its answer.
    asked_for: Vec<String>,
    /// Ends the connection if it is not up by then, or, later, if there is no sign of life until then.
    silent_at: Instant,
    /// Whether the broker was asked for a sign of life since the last one.
    doubted: bool,
    /// Why this connection ends with our goodbye.
    unfit: Option<Reason>,
    /// Whether we have said that the bridge is online.
    greeted: bool,
    /// Until when we should have heard that ourselves.
    echo_by: Option<Instant>,
    last_topic: Option<String>,
    healing: Healing,
    /// Topics that the log has seen a warning about.
    warned: HashSet<String>,
}

impl Session {
    pub(super) fn open(dialer: &Dialer, patience: Patience, now: Instant) -> Self {
        Self {
            connection: dialer.dial(),
            patience,
            phase: Phase::Connecting,
            flight: Flight::new(now),
            questions: VecDeque::new(),
            asked_for: Vec::new(),
            silent_at: now + patience.connect * 5 + patience.stall,
            doubted: false,
            unfit: None,
            greeted: false,
            echo_by: None,
            last_topic: None,
            healing: Healing::default(),
            warned: HashSet::new(),
        }
    }

    /// Returns `true` if there is more to subscribe to.
    fn wants_more(&self) -> bool {
        self.questions.iter().any(|question| matches!(question, PendingRequest::Subscribe(_)))
    }

    /// Returns the topic of the message that was handed over last.
    pub(super) fn last_topic(&self) -> Option<&str> {
        self.last_topic.as_deref()
    }

    /// Waits for what happens next; may be dropped at any time.
    pub(super) async fn event(&mut self) -> ConnectionEvent {
        self.connection.event().await
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up(_))
    }

    pub(super) fn up_for(&self, now: Instant) -> Duration {
        match self.phase {
            Phase::Up(since) => now - since,
            Phase::Connecting | Phase::Subscribing | Phase::Leaving => Duration::ZERO,
        }
    }

    pub(super) fn has_delivered_all(&self, queue: &Queue) -> bool {
        queue.is_empty() && self.flight.is_empty()
    }

    pub(super) fn into_unacknowledged(self) -> impl Iterator<Item = Queued> {
        self.flight.into_unacknowledged()
    }

    /// When the session wants to be woken, though nothing happened.
    pub(super) fn wakes_at(&self) -> Instant {
        let stalls = self.flight.stalls_at(self.patience.stall);
        let doubts = self.doubts_at();
        [stalls, doubts, self.healing.due, self.echo_by]
            .into_iter()
            .flatten()
            .fold(self.silent_at, Instant::min)
    }

    /// When to ask for a sign of life.
    fn doubts_at(&self) -> Option<Instant> {
        (self.is_up() && !self.doubted).then(|| self.silent_at - self.patience.stall / 2)
    }

    /// The watchdog: gives up a connection on which nothing moves.
    pub(super) fn given_up(&self, now: Instant) -> Option<Reason> {
        let stalled = self.flight.stalls_at(self.patience.stall).is_some_and(|at| at <= now);
        if stalled || (self.silent_at <= now && !self.is_up()) {
            return Some(Reason::Stalled(self.patience.stall));
        }
        (self.silent_at <= now)
            .then_some(Reason::Stalled(self.patience.keep_alive + self.patience.stall))
    }

    pub(super) fn handle(
        &mut self,
        event: ConnectionEvent,
        plan: &Plan,
        now: Instant,
    ) -> Option<News> {
        let ours = matches!(
            event,
            ConnectionEvent::Written(_) | ConnectionEvent::Pinged | ConnectionEvent::SaidGoodbye
        );
        if matches!(self.phase, Phase::Up(_) | Phase::Leaving) && !ours {
            self.silent_at = now + self.patience.keep_alive + self.patience.stall;
            self.doubted = false;
        }
        match event {
            ConnectionEvent::Opened(limits) => {
                self.open_up(limits, plan, now);
                None
            }
            ConnectionEvent::Subscribed(answers) => {
                self.flight.answered(now);
                let asked = !self.asked_for.is_empty();
                self.warn_about_filters(&answers);
                match self.phase {
                    Phase::Subscribing => Some(self.come_up(plan, now)),
                    Phase::Up(_) => (asked && !self.wants_more()).then_some(News::Listening),
                    Phase::Connecting | Phase::Leaving => None,
                }
            }
            ConnectionEvent::Unsubscribed => {
                self.flight.answered(now);
                None
            }
            ConnectionEvent::Message { topic, payload, .. } if topic == plan.birth.topic => {
                self.echo_by = None;
                // while we are leaving it is we who say so
                if payload == plan.will.payload && self.greeted && self.is_up() {
                    self.healing.saw_offline(now, self.patience.heal);
                }
                None
            }
            ConnectionEvent::Message { topic, payload, retained } => {
                Some(News::Message { topic, payload, retained })
            }
            ConnectionEvent::Written(id) => {
                self.flight.written(id, now);
                None
            }
            ConnectionEvent::Acknowledged { id, refusal } => {
                self.acknowledged(id, refusal, now);
                None
            }
            ConnectionEvent::SaidGoodbye => Some(News::SaidGoodbye),
            ConnectionEvent::Pinged | ConnectionEvent::Alive => None,
            ConnectionEvent::Closed(reason) => {
                Some(News::Closed(self.unfit.take().unwrap_or(reason)))
            }
        }
    }

    /// Goes on with what the broker allows; or leaves again, with a goodbye that takes the last will back.
    fn open_up(&mut self, limits: Limits, plan: &Plan, now: Instant) {
        self.silent_at = now + self.patience.stall;
        if let Some(code) = limits.lacks() {
            self.unfit = Some(Reason::Refused(code));
            return self.say_goodbye();
        }
        self.flight.limit(limits.receive_maximum);
        let live = plan.subscriptions.iter().filter(|wanted| !wanted.retained).cloned();
        self.phase = Phase::Subscribing;
        let all = std::iter::once(own(plan)).chain(live).collect();
        self.ask(PendingRequest::Subscribe(all), plan, now);
    }

    fn come_up(&mut self, plan: &Plan, now: Instant) -> News {
        self.phase = Phase::Up(now);
        self.silent_at = now + self.patience.keep_alive + self.patience.stall;
        // Only now, so that their retained messages come after the news that we are connected.
        let retained: Vec<_> =
            plan.subscriptions.iter().filter(|wanted| wanted.retained).cloned().collect();
        let parts = retained.chunks(FILTERS).map(|part| PendingRequest::Subscribe(part.to_vec()));
        self.questions.extend(parts);
        News::Up
    }

    /// A refusal is the end of a message: it is not sent again, and all else goes on.
    fn acknowledged(&mut self, id: u16, refusal: Option<u8>, now: Instant) {
        let Some(publication) = self.flight.acknowledged(id, now) else { return };
        let Some(code) = refusal else { return };
        let (topic, reason) = (publication.topic, meaning(code));
        if self.warned.insert(topic.clone()) {
            tracing::warn!(topic, reason, "the broker refuses a message, and it is dropped");
        } else {
            tracing::debug!(topic, reason, "the broker refuses a message again");
        }
    }

    /// Says that the bridge is online, after what is in the queue.
    pub(super) fn greet(&mut self, queue: &mut Queue, plan: &Plan, now: Instant) {
        self.greeted = true;
        self.echo_by = Some(now + ECHO);
        queue.push(plan.birth.clone(), true, now);
        queue.settle(now);
    }

    fn warn_about_filters(&mut self, answers: &[Option<u8>]) {
        for (filter, answer) in self.asked_for.drain(..).zip(answers) {
            if let Some(code) = answer {
                let reason = meaning(*code);
                tracing::warn!(filter, reason, "the broker refuses a subscription");
            }
        }
    }

    /// Takes filters back, when their turn comes.
    pub(super) fn unsubscribe(&mut self, filters: &[String]) {
        let parts = filters.chunks(FILTERS).map(|part| PendingRequest::Unsubscribe(part.to_vec()));
        self.questions.extend(parts);
    }

    /// Lets through what there is room for. `may_ask` is off while the bridge has not yet heard that we are connected.
    pub(super) fn pump(&mut self, queue: &mut Queue, plan: &Plan, may_ask: bool, now: Instant) {
        if !matches!(self.phase, Phase::Up(_) | Phase::Leaving) {
            return;
        }
        if self.healing.is_due(now) && self.is_up() {
            queue.push(plan.birth.clone(), true, now);
        }
        if self.echo_by.take_if(|by| *by <= now).is_some() {
            tracing::warn!(
                topic = plan.birth.topic,
                "the broker does not bring back what is published there: check that it lets this user write and read below \
                 mqtt.base_topic; nobody may see what the bridge says"
            );
        }
        if self.doubts_at().is_some_and(|at| at <= now) {
            self.doubted = true;
            self.questions.push_back(PendingRequest::Alive);
        }
        loop {
            if may_ask && !self.questions.is_empty() {
                // A question waits for what is under way, and what follows waits for the question.
                if !self.flight.is_empty() {
                    return;
                }
                if let Some(question) = self.questions.pop_front() {
                    self.ask(question, plan, now);
                }
                continue;
            }
            match queue.front() {
                Some(next) if self.flight.takes(&next.publication) => {}
                Some(_) | None => return,
            }
            let Some(next) = queue.pop() else { return };
            if let Some(back) = self.send(next, now) {
                queue.put_back(back);
                return;
            }
        }
    }

    /// Hands a message over; gives it back if the connection turns out to be closed.
    fn send(&mut self, queued: Queued, now: Instant) -> Option<Queued> {
        let topic = &queued.publication.topic;
        match self.connection.publish(&queued.publication) {
            Ok(()) => {
                self.last_topic = Some(topic.clone());
                self.flight.sent(queued, now);
            }
            Err(Unsendable::Closed) => return Some(queued),
            Err(Unsendable::TooLarge { size, limit }) if self.warned.insert(topic.clone()) => {
                tracing::warn!(
                    topic,
                    size,
                    limit,
                    "a message is too large for the broker, and dropped"
                );
            }
            Err(error) => tracing::debug!(topic, %error, "a message is dropped"),
        }
        None
    }

    fn ask(&mut self, question: PendingRequest, plan: &Plan, now: Instant) {
        let asked = match &question {
            PendingRequest::Subscribe(subscriptions) => self.connection.subscribe(subscriptions),
            PendingRequest::Unsubscribe(filter) => self.connection.unsubscribe(filter),
            PendingRequest::Alive => self.connection.subscribe([&own(plan)]),
        };
        match asked {
            Ok(()) => self.flight.asked(now),
            Err(Unsendable::Closed) => {}
            Err(error) => tracing::warn!(?question, %error, "a subscription cannot be requested"),
        }
        if let PendingRequest::Subscribe(subscriptions) = question {
            self.asked_for =
                subscriptions.into_iter().map(|subscription| subscription.filter).collect();
        }
    }

    /// From now on only what is in the queue goes out.
    pub(super) fn leave(&mut self) {
        self.phase = Phase::Leaving;
        self.questions.clear();
    }

    pub(super) fn say_goodbye(&self) {
        if let Err(error) = self.connection.say_goodbye() {
            tracing::debug!(%error, "cannot send DISCONNECT to the broker");
        }
    }
}

/// What we say ourselves, which somebody else could say too.
fn own(plan: &Plan) -> Subscription {
    Subscription { filter: plan.birth.topic.clone(), retained: false }
}
