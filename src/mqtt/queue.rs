//! What waits to be published: in order, and events not longer than they are worth.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::contract::topic::{Delivery, Publication};

/// Maximum number of messages that wait for the broker.
const CAPACITY: usize = 1000;
/// Maximum size of the messages that wait, in bytes.
const SIZE: usize = 16 * 1024 * 1024;

/// A message with the end of its worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) publication: Publication,
    pub(super) expires: Instant,
}

impl Queued {
    fn size(&self) -> usize {
        self.publication.topic.len() + self.publication.payload.len()
    }
}

/// Messages that wait, in order, and their size in bytes.
#[derive(Debug, Default)]
struct Waiting(VecDeque<Queued>, usize);

impl Waiting {
    fn pop(&mut self) -> Option<Queued> {
        let queued = self.0.pop_front()?;
        self.1 -= queued.size();
        Some(queued)
    }

    fn push(&mut self, queued: Queued) {
        self.1 += queued.size();
        self.0.push_back(queued);
    }

    fn put_back(&mut self, queued: Queued) {
        self.1 += queued.size();
        self.0.push_front(queued);
    }

    /// Makes room for one more message. Returns how many had to go for it.
    fn make_room(&mut self, size: usize) -> usize {
        let before = self.0.len();
        while !self.0.is_empty() && (self.0.len() >= CAPACITY || self.1 + size > SIZE) {
            self.pop();
        }
        before - self.0.len()
    }

    /// Removes the events that nobody waits for any more. Returns their number.
    fn expire(&mut self, now: Instant) -> usize {
        let before = self.0.len();
        let size = &mut self.1;
        self.0.retain(|queued| {
            let stays = queued.publication.delivery != Delivery::Event || queued.expires > now;
            if !stays {
                *size -= queued.size();
            }
            stays
        });
        before - self.0.len()
    }
}

impl FromIterator<Queued> for Waiting {
    fn from_iter<T: IntoIterator<Item = Queued>>(all: T) -> Self {
        let mut waiting = Self::default();
        all.into_iter().for_each(|queued| waiting.push(queued));
        waiting
    }
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
    waiting: Waiting,
    /// Events that wait until the states are published again; none once they are let out.
    held: Option<Waiting>,
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
            waiting: Waiting::default(),
            held: Some(Waiting::default()),
            let_out: None,
            fresh: false,
            losses: Losses::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.0.is_empty()
    }

    pub(super) fn front(&self) -> Option<&Queued> {
        self.waiting.0.front()
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        self.waiting.pop()
    }

    pub(super) fn put_back(&mut self, queued: Queued) {
        self.waiting.put_back(queued);
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
        let queued = Queued { publication, expires: now + self.lifetime };
        self.losses.count(line.make_room(queued.size()));
        line.push(queued);
        self.fresh |= held && connected;
    }

    /// The connection is gone: only events are worth keeping, and those without an acknowledgement come first again.
    pub(super) fn keep_events(&mut self, unacknowledged: impl Iterator<Item = Queued>) {
        let later = std::mem::take(&mut self.waiting).0;
        let later = later.into_iter().chain(self.held.take().unwrap_or_default().0);
        let events = unacknowledged
            .chain(later)
            .filter(|queued| queued.publication.delivery == Delivery::Event)
            .collect();
        (self.held, self.let_out, self.fresh) = (Some(events), None, false);
    }

    /// The connection stands: where nothing has waited for it, nothing has to.
    pub(super) fn connected(&mut self) {
        self.held.take_if(|held| held.0.is_empty());
    }

    /// The states are published again: what waits is let out in a while.
    pub(super) fn settle(&mut self, now: Instant) {
        match &self.held {
            Some(held) if held.0.is_empty() => self.let_out(),
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
        self.held.take().unwrap_or_default().0.into_iter().for_each(|held| self.waiting.push(held));
        self.let_out = None;
    }

    /// Lets out what has waited long enough for subscribers, drops the events that waited too long for the broker, and says how
    /// many are lost when it is time for a line in the log.
    pub(super) fn expire(&mut self, now: Instant) -> Option<usize> {
        if self.let_out.is_some_and(|at| at <= now) {
            self.let_out();
        }
        let lines = std::iter::once(&mut self.waiting).chain(&mut self.held);
        let lost = lines.map(|line| line.expire(now)).sum();
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

    #[test]
    fn large_messages_fill_it_sooner() {
        let now = Instant::now();
        for mut queue in [connected(), Queue::new(Duration::from_mins(1))] {
            for number in 0..100 {
                let payload = vec![0; 1_000_000];
                let topic = number.to_string();
                queue.push(Publication { topic, payload, delivery: Delivery::Event }, true, now);
            }
            assert_eq!(queue.expire(now), Some(84));
            assert_eq!(
                queue.expire(now + Duration::from_secs(90)),
                Some(16),
                "all of it is counted"
            );
            assert_eq!(queue.waiting.1 + queue.held.as_ref().map_or(0, |held| held.1), 0);
        }
    }
}
