//! What waits to be published: in order, and events not longer than they are worth.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::topic::{Delivery, Publication};

/// Events that may wait for the broker.
const CAPACITY: usize = 1000;

/// A message with the end of its worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) publication: Publication,
    pub(super) expires: Instant,
}

/// The queue in front of the connection.
#[derive(Debug)]
pub(super) struct Queue {
    lifetime: Duration,
    waiting: VecDeque<Queued>,
    pub(super) losses: Losses,
}

impl Queue {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, waiting: VecDeque::new(), losses: Losses::default() }
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

    pub(super) fn push(&mut self, publication: Publication, now: Instant) {
        if self.waiting.len() >= CAPACITY {
            self.waiting.pop_front();
            self.losses.count(1);
        }
        self.waiting.push_back(Queued { publication, expires: now + self.lifetime });
    }

    /// The connection is gone: only events are worth keeping, and those without an acknowledgement come first again.
    pub(super) fn keep_events(&mut self, unacknowledged: impl Iterator<Item = Queued>) {
        let later = std::mem::take(&mut self.waiting);
        self.waiting = unacknowledged
            .chain(later)
            .filter(|queued| queued.publication.delivery == Delivery::Event)
            .collect();
    }

    /// Drops the events that waited too long, and says how many are lost when it is time for a line in the log.
    pub(super) fn expire(&mut self, now: Instant) -> Option<usize> {
        let before = self.waiting.len();
        self.waiting.retain(|queued| {
            queued.publication.delivery != Delivery::Event || queued.expires > now
        });
        self.losses.count(before - self.waiting.len());
        self.losses.report(now)
    }
}

/// How many were lost since the start; others may look at it.
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

    #[test]
    fn events_age_and_are_counted() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut queue = Queue::new(Duration::from_mins(1));
        queue.push(publication("first", Delivery::Event), at(0));
        queue.push(publication("second", Delivery::Event), at(10));
        queue.push(publication("third", Delivery::Event), at(65));
        assert_eq!(queue.expire(at(59)), None);
        assert_eq!(queue.expire(at(60)), Some(1));
        assert_eq!(queue.expire(at(70)), None, "said only once a minute");
        assert_eq!(queue.expire(at(120)), Some(1));
        assert_eq!(topics(&mut queue), ["third"]);
        assert_eq!(queue.losses.tally.total(), 2);
    }

    #[test]
    fn a_lost_connection_leaves_events_in_their_order() {
        let now = Instant::now();
        let mut queue = Queue::new(Duration::from_mins(1));
        queue.push(publication("state", Delivery::State), now);
        queue.push(publication("later", Delivery::Event), now);
        let expires = now + Duration::from_secs(5);
        let sent = [("sent", Delivery::Event), ("discovery", Delivery::Lasting)]
            .map(|(topic, delivery)| Queued { publication: publication(topic, delivery), expires });
        queue.keep_events(sent.into_iter());
        assert_eq!(
            queue.front().unwrap().expires,
            expires,
            "a second try does not make it younger"
        );
        assert_eq!(topics(&mut queue), ["sent", "later"]);
    }

    #[test]
    fn a_full_queue_forgets_the_oldest() {
        let now = Instant::now();
        let mut queue = Queue::new(Duration::from_mins(1));
        for number in 0..=CAPACITY {
            queue.push(publication(&number.to_string(), Delivery::Event), now);
        }
        assert_eq!(queue.expire(now), Some(1));
        assert_eq!(topics(&mut queue).first().unwrap(), "1");
    }
}
