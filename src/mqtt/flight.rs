//! What was handed to the connection and is not confirmed: keeps within the limits, and knows when nothing moves.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::queue::Queued;
use crate::domain::contract::topic::{Delivery, Publication};

/// Messages handed over and not yet written; also the size of rumqttc's request channel, which therefore is never full.
pub(super) const UNWRITTEN: usize = 16;
/// Unacknowledged messages at most, if the broker does not want fewer. Packet ids go round within the same number, so
/// two messages never share one: the oldest unacknowledged one holds the window back.
pub(super) const WINDOW: u16 = 16;

/// The messages under way on one connection.
#[derive(Debug)]
pub(super) struct Flight {
    window: usize,
    unwritten: usize,
    unacknowledged: VecDeque<Sent>,
    questions: usize,
    /// Since when nothing was written, acknowledged, or answered, respectively.
    written_at: Instant,
    acknowledged_at: Instant,
    answered_at: Instant,
}

#[derive(Debug)]
struct Sent {
    id: Option<u16>,
    acknowledged: bool,
    queued: Queued,
}

impl Flight {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            window: usize::from(WINDOW),
            unwritten: 0,
            unacknowledged: VecDeque::new(),
            questions: 0,
            written_at: now,
            acknowledged_at: now,
            answered_at: now,
        }
    }

    /// The broker said how many unacknowledged messages it takes.
    pub(super) fn limit(&mut self, receive_maximum: u16) {
        self.window = usize::from(receive_maximum.clamp(1, WINDOW));
    }

    /// Whether there is room for this message.
    pub(super) fn takes(&self, publication: &Publication) -> bool {
        let within_window =
            publication.delivery == Delivery::State || self.unacknowledged.len() < self.window;
        self.questions == 0 && self.unwritten < UNWRITTEN && within_window
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unwritten == 0 && self.questions == 0 && self.unacknowledged.is_empty()
    }

    /// A message was handed over.
    pub(super) fn sent(&mut self, queued: Queued, now: Instant) {
        self.count_unwritten(now);
        if queued.publication.delivery != Delivery::State {
            if self.unacknowledged.is_empty() {
                self.acknowledged_at = now;
            }
            self.unacknowledged.push_back(Sent { id: None, acknowledged: false, queued });
        }
    }

    /// A request that the broker answers (SUBSCRIBE, UNSUBSCRIBE) was handed over; it has the line to itself, because
    /// it takes its packet id from the same small circle.
    pub(super) fn asked(&mut self, now: Instant) {
        self.count_unwritten(now);
        self.questions += 1;
        self.answered_at = now;
    }

    fn count_unwritten(&mut self, now: Instant) {
        if self.unwritten == 0 {
            self.written_at = now;
        }
        self.unwritten += 1;
    }

    /// Something was written; `id` is not 0 for a message that will be acknowledged.
    pub(super) fn written(&mut self, id: u16, now: Instant) {
        self.unwritten = self.unwritten.saturating_sub(1);
        self.written_at = now;
        if id != 0
            && let Some(sent) = self.unacknowledged.iter_mut().find(|sent| sent.id.is_none())
        {
            sent.id = Some(id);
        }
    }

    pub(super) fn answered(&mut self, now: Instant) {
        self.questions = self.questions.saturating_sub(1);
        self.answered_at = now;
    }

    /// The broker acknowledged a message; gives back which one.
    pub(super) fn acknowledged(&mut self, id: u16, now: Instant) -> Option<Publication> {
        let sent = self
            .unacknowledged
            .iter_mut()
            .find(|sent| sent.id == Some(id) && !sent.acknowledged)?;
        sent.acknowledged = true;
        let publication = sent.queued.publication.clone();
        self.acknowledged_at = now;
        while self.unacknowledged.front().is_some_and(|sent| sent.acknowledged) {
            self.unacknowledged.pop_front();
        }
        Some(publication)
    }

    /// When to give the connection up if nothing moves until then; nothing under way, no time.
    pub(super) fn stalls_at(&self, patience: Duration) -> Option<Instant> {
        let written = (self.unwritten > 0).then_some(self.written_at);
        let acknowledged = (!self.unacknowledged.is_empty()).then_some(self.acknowledged_at);
        let answered = (self.questions > 0).then_some(self.answered_at);
        [written, acknowledged, answered].into_iter().flatten().min().map(|since| since + patience)
    }

    /// What the broker may never have got, oldest first.
    pub(super) fn into_unacknowledged(self) -> impl Iterator<Item = Queued> {
        self.unacknowledged.into_iter().filter(|sent| !sent.acknowledged).map(|sent| sent.queued)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(topic: &str, delivery: Delivery, now: Instant) -> Queued {
        Queued {
            publication: Publication { topic: topic.to_owned(), payload: Vec::new(), delivery },
            expires: now,
        }
    }

    #[test]
    fn the_oldest_unacknowledged_message_holds_the_window_back() {
        let now = Instant::now();
        let event = |topic: &str| message(topic, Delivery::Event, now);
        let mut flight = Flight::new(now);
        flight.limit(2);
        for (id, topic) in [(1, "a"), (2, "b")] {
            assert!(flight.takes(&event(topic).publication));
            flight.sent(event(topic), now);
            flight.written(id, now);
        }
        assert!(!flight.takes(&event("c").publication));
        assert!(
            flight.takes(&message("s", Delivery::State, now).publication),
            "states need no acknowledgement"
        );
        assert_eq!(flight.acknowledged(2, now).unwrap().topic, "b");
        assert!(!flight.takes(&event("c").publication), "1 is still out, and comes round after 2");
        assert_eq!(flight.acknowledged(2, now), None, "twice");
        assert_eq!(flight.acknowledged(1, now).unwrap().topic, "a");
        assert!(flight.is_empty());
    }

    #[test]
    fn gives_back_what_was_not_acknowledged() {
        let now = Instant::now();
        let mut flight = Flight::new(now);
        for topic in ["a", "b", "c"] {
            flight.sent(message(topic, Delivery::Event, now), now);
        }
        flight.written(1, now);
        flight.written(2, now);
        flight.acknowledged(2, now);
        let left: Vec<_> =
            flight.into_unacknowledged().map(|queued| queued.publication.topic).collect();
        assert_eq!(left, ["a", "c"]);
    }

    #[test]
    fn stalls_only_while_something_is_under_way() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let patience = Duration::from_secs(20);
        let mut flight = Flight::new(start);
        assert_eq!(flight.stalls_at(patience), None);
        flight.sent(message("a", Delivery::Event, start), at(100));
        assert_eq!(flight.stalls_at(patience), Some(at(120)));
        flight.written(1, at(101));
        flight.sent(message("b", Delivery::State, start), at(105));
        flight.written(0, at(106));
        assert_eq!(
            flight.stalls_at(patience),
            Some(at(120)),
            "writing states is no progress of the event"
        );
        flight.acknowledged(1, at(110));
        assert_eq!(flight.stalls_at(patience), None);
        flight.asked(at(130));
        assert!(!flight.takes(&message("c", Delivery::State, start).publication));
        assert_eq!(flight.stalls_at(patience), Some(at(150)));
    }
}
