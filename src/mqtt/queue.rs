//! What waits to be published: in order, and events not longer than they are worth.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::contract::topic::{Delivery, Publication};

/// Events that may wait for the broker.
const CAPACITY: usize = 1000;

/// A message with the end of its worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) publication: Publication,
    pub(super) expires: Instant,
}

/// How long events that waited for the broker wait for subscribers, too: Home Assistant tries again every 10 s.
const SETTLE: Duration = Duration::from_secs(10);
/// And how long, if something has happened since: it comes after them.
const SETTLE_SOON: Duration = Duration::from_secs(1);

/// The queue in front of the connection.
///
/// Events of the time without a broker are kept apart: after the next connection all states come first, which explain them, and
/// then subscribers get a while to come back, too. One that happens after that lets them out ahead of itself, for
/// events keep their order.
#[derive(Debug)]
pub(super) struct Queue {
    lifetime: Duration,
    waiting: VecDeque<Queued>,
    /// Events that wait until the states are published again; none once they are let out.
    held: Option<VecDeque<Queued>>,
    /// When they are let out; not known before the states are published.
    let_out: Option<Instant>,
    /// Whether one of them happened since the connection stands.
    fresh: bool,
    pub(super) losses: Losses,
}

impl Queue {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            waiting: VecDeque::new(),
            held: Some(VecDeque::new()),
            let_out: None,
            fresh: false,
            losses: Losses::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn front(&self) -> Option<&Queued> {
        self.waiting.front()
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        self.waiting.pop_front()
    }

    pub(super) fn put_back(&mut self, queued: Queued) {
        self.waiting.push_front(queued);
    }

    /// Takes a message; `connected` if the broker is there.
    pub(super) fn push(&mut self, publication: Publication, connected: bool, now: Instant) {
        let is_event = publication.delivery == Delivery::Event;
        if is_event && self.let_out.is_some() {
            self.let_out();
        }
        let (held, line) = match &mut self.held {
            Some(held) if is_event => (true, held),
            Some(_) | None => (false, &mut self.waiting),
        };
        if line.len() >= CAPACITY {
            line.pop_front();
            self.losses.count(1);
        }
        line.push_back(Queued { publication, expires: now + self.lifetime });
        self.fresh |= held && connected;
    }

    /// The connection is gone: only events are worth keeping, and those without an acknowledgement come first again.
    pub(super) fn keep_events(&mut self, unacknowledged: impl Iterator<Item = Queued>) {
        let later = std::mem::take(&mut self.waiting)
            .into_iter()
            .chain(self.held.take().unwrap_or_default());
        let events = unacknowledged
            .chain(later)
            .filter(|queued| queued.publication.delivery == Delivery::Event)
            .collect();
        (self.held, self.let_out, self.fresh) = (Some(events), None, false);
    }

    /// The connection stands: where nothing has waited for it, nothing has to.
    pub(super) fn connected(&mut self) {
        self.held.take_if(|held| held.is_empty());
    }

    /// The states are published again: what waits is let out in a while.
    pub(super) fn settle(&mut self, now: Instant) {
        match &self.held {
            Some(held) if held.is_empty() => self.let_out(),
            Some(_) => self.let_out = Some(now + if self.fresh { SETTLE_SOON } else { SETTLE }),
            None => {}
        }
    }

    /// Subscribers are back, or it is time to go: nothing waits for them any more, unless the states are not published yet.
    pub(super) fn subscribers_are_back(&mut self) {
        if self.let_out.is_some() {
            self.let_out();
        }
    }

    /// When [`Self::expire`] is to be called, though nothing happened.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        self.let_out
    }

    /// Lets out what waits.
    pub(super) fn let_out(&mut self) {
        self.waiting.extend(self.held.take().unwrap_or_default());
        self.let_out = None;
    }

    /// Lets out what has waited long enough for subscribers, drops the events that waited too long for the broker, and says how
    /// many are lost when it is time for a line in the log.
    pub(super) fn expire(&mut self, now: Instant) -> Option<usize> {
        if self.let_out.is_some_and(|at| at <= now) {
            self.let_out();
        }
        let mut lost = 0;
        for line in std::iter::once(&mut self.waiting).chain(&mut self.held) {
            let before = line.len();
            line.retain(|queued| {
                queued.publication.delivery != Delivery::Event || queued.expires > now
            });
            lost += before - line.len();
        }
        self.losses.count(lost);
        self.losses.report(now)
    }
}

/// How many were lost since the start; others may read it.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<AtomicU64>);

impl Tally {
    /// Returns the number.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts what is dropped, so that the log says it once in a while and not once per message.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub(super) tally: Tally,
    unreported: usize,
    quiet_until: Option<Instant>,
}

impl Losses {
    const QUIET: Duration = Duration::from_mins(1);

    pub(super) fn count(&mut self, lost: usize) {
        self.unreported += lost;
        self.tally.0.fetch_add(lost as u64, Ordering::Relaxed);
    }

    /// How many were lost since the last report, if any, and if that is long enough ago.
    pub(super) fn report(&mut self, now: Instant) -> Option<usize> {
        if self.unreported == 0 || self.quiet_until.is_some_and(|until| now < until) {
            return None;
        }
        self.quiet_until = Some(now + Self::QUIET);
        Some(std::mem::take(&mut self.unreported))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication(topic: &str, delivery: Delivery) -> Publication {
        Publication { topic: topic.to_owned(), payload: Vec::new(), delivery }
    }

    fn topics(queue: &mut Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop()).map(|queued| queued.publication.topic).collect()
    }

    /// A queue whose connection stands, and has published everything.
    fn connected() -> Queue {
        let mut queue = Queue::new(Duration::from_mins(1));
        queue.settle(Instant::now());
        queue
    }

    #[test]
    fn events_age_and_are_counted() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for mut queue in [connected(), Queue::new(Duration::from_mins(1))] {
            queue.push(publication("first", Delivery::Event), true, at(0));
            queue.push(publication("second", Delivery::Event), true, at(10));
            queue.push(publication("third", Delivery::Event), true, at(65));
            assert_eq!(queue.expire(at(59)), None);
            assert_eq!(queue.expire(at(60)), Some(1));
            assert_eq!(queue.expire(at(70)), None, "said only once a minute");
            assert_eq!(queue.expire(at(120)), Some(1));
            queue.let_out();
            assert_eq!(topics(&mut queue), ["third"]);
            assert_eq!(queue.losses.tally.total(), 2);
        }
    }

    #[test]
    fn a_lost_connection_leaves_events_in_their_order() {
        let now = Instant::now();
        let mut queue = connected();
        queue.push(publication("state", Delivery::State), true, now);
        queue.push(publication("later", Delivery::Event), true, now);
        let expires = now + Duration::from_secs(5);
        let sent = [("sent", Delivery::Event), ("discovery", Delivery::Lasting)]
            .map(|(topic, delivery)| Queued { publication: publication(topic, delivery), expires });
        queue.keep_events(sent.into_iter());
        queue.push(publication("away", Delivery::Event), false, now);
        queue.let_out();
        assert_eq!(
            queue.front().unwrap().expires,
            expires,
            "a second try does not make it younger"
        );
        assert_eq!(topics(&mut queue), ["sent", "later", "away"]);
    }

    #[test]
    fn events_of_an_outage_come_after_the_states_and_when_subscribers_are_back() {
        let now = Instant::now();
        let event = |name: &str| publication(name, Delivery::Event);
        let away = || {
            let mut queue = connected();
            queue.keep_events(std::iter::empty());
            queue.push(event("one"), false, now);
            queue.push(event("two"), false, now);
            queue.push(publication("state", Delivery::State), true, now);
            queue.subscribers_are_back();
            assert_eq!(topics(&mut queue), ["state"], "the states are not all there yet");
            queue.settle(now);
            assert_eq!(topics(&mut queue), Vec::<String>::new());
            queue
        };
        let mut by_time = away();
        assert_eq!(by_time.wakes_at(), Some(now + SETTLE));
        by_time.expire(now + SETTLE);
        assert_eq!(
            (topics(&mut by_time), by_time.wakes_at()),
            (vec!["one".into(), "two".into()], None)
        );
        let mut by_word = away();
        by_word.subscribers_are_back();
        assert_eq!(topics(&mut by_word), ["one", "two"]);
        let mut by_another = away();
        by_another.push(publication("state", Delivery::State), true, now);
        by_another.push(event("three"), true, now);
        assert_eq!(topics(&mut by_another), ["state", "one", "two", "three"]);
        // nothing waits for nothing
        let mut idle = connected();
        idle.keep_events(std::iter::empty());
        idle.connected();
        idle.push(event("four"), true, now);
        assert_eq!((topics(&mut idle), idle.wakes_at()), (vec!["four".into()], None));
    }

    #[test]
    fn what_happens_before_the_states_are_published_waits_for_them_and_not_for_long() {
        let now = Instant::now();
        let mut queue = connected();
        queue.keep_events(std::iter::empty());
        queue.push(publication("away", Delivery::Event), false, now);
        queue.connected();
        queue.push(publication("result", Delivery::Event), true, now);
        queue.settle(now);
        assert_eq!(queue.wakes_at(), Some(now + SETTLE_SOON));
    }

    #[test]
    fn a_full_queue_forgets_the_oldest() {
        let now = Instant::now();
        for mut queue in [connected(), Queue::new(Duration::from_mins(1))] {
            for number in 0..=CAPACITY {
                queue.push(publication(&number.to_string(), Delivery::Event), true, now);
            }
            assert_eq!(queue.expire(now), Some(1));
            queue.let_out();
            assert_eq!(topics(&mut queue).first().unwrap(), "1");
        }
    }
}
