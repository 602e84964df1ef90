//! When the values of the settings are read: list by list, at a pace of their own, and never because of a call.

use std::time::{Duration, Instant};

use crate::domain::polling::UNSUPPORTED_RETRY;
use crate::domain::request::PhoneError;
use crate::domain::values;

/// A list that was missed is tried again after this, and longer and longer.
const TRY_AGAIN: Duration = Duration::from_secs(30);
/// After so many misses in a row what a list told is not known any more.
const MISSES: u32 = 3;

/// The lists of values, and when the next one is due.
#[derive(Debug)]
pub(super) struct Reading {
    lists: Vec<List>,
    every: Duration,
    /// Which list is next.
    place: usize,
    /// None as long as the phone was not heard.
    due: Option<Instant>,
    /// Nothing is asked for before this, whoever hurries.
    held: Option<Instant>,
    /// When the first list of this round was asked for.
    began: Instant,
    /// Whether the answer that comes next is to what is wanted, and not to what was asked before.
    counts: bool,
}

#[derive(Debug)]
struct List {
    names: Vec<String>,
    misses: u32,
    /// The phone lacks it, or denies it: it is not asked for before this.
    lacking: Option<Instant>,
}

impl List {
    fn is_ready(&self, now: Instant) -> bool {
        self.lacking.is_none_or(|until| until <= now)
    }
}

impl Reading {
    /// Starts with nothing due.
    pub(super) fn new(names: &[String], every: Duration, now: Instant) -> Self {
        let list = |names| List { names, misses: 0, lacking: None };
        let lists = values::lists(names).into_iter().map(list);
        Self {
            lists: lists.collect(),
            every,
            place: 0,
            due: None,
            held: None,
            began: now,
            counts: false,
        }
    }

    /// Returns when the next list is due, if there is any.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.lists.is_empty())
    }

    /// Returns the lists of names, each for one request.
    pub(super) fn lists(&self) -> impl Iterator<Item = &[String]> {
        self.lists.iter().map(|list| list.names.as_slice())
    }

    /// Returns the list that is next, and notes that it is asked for.
    pub(super) fn asks(&mut self, now: Instant) -> Vec<String> {
        if self.place == 0 {
            self.began = now;
        }
        self.place = self.ready_from(self.place, now).unwrap_or(self.place);
        self.counts = true;
        self.lists.get(self.place).map(|list| list.names.clone()).unwrap_or_default()
    }

    /// Makes all lists due at this time at the latest, those that were lacking, too.
    pub(super) fn pull_forward(&mut self, at: Instant) {
        let at = self.held.map_or(at, |held| held.max(at));
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
        self.place = 0;
        self.counts = false;
        for list in &mut self.lists {
            list.lacking = None;
        }
    }

    /// Asks for nothing before this: another try could lock the phone.
    pub(super) fn hold_until(&mut self, until: Instant) {
        self.held = Some(until);
        self.due = self.due.map(|due| due.max(until));
    }

    /// Notes that the list was answered.
    pub(super) fn answered(&mut self, now: Instant) {
        if let Some(list) = self.under_way() {
            (list.misses, list.lacking) = (0, None);
            self.go_on(now);
        }
    }

    /// Notes that the list was not answered. Returns the names of what is not known any more.
    pub(super) fn missed(&mut self, trouble: &PhoneError, now: Instant) -> Vec<String> {
        let Some(list) = self.under_way() else { return Vec::new() };
        list.misses += 1;
        list.lacking = trouble.is_unavailable().then(|| now + UNSUPPORTED_RETRY);
        let is_lost = list.misses == MISSES || list.lacking.is_some();
        let given_up = if is_lost { list.names.clone() } else { Vec::new() };
        // one list that the phone can't answer does not keep the others from being read
        self.go_on(now);
        given_up
    }

    /// Says whether every list was answered when it was asked for last.
    pub(super) fn all_is_well(&self) -> bool {
        self.lists.iter().all(|list| list.misses == 0)
    }

    fn under_way(&mut self) -> Option<&mut List> {
        let counts = std::mem::take(&mut self.counts);
        self.lists.get_mut(self.place).filter(|_| counts)
    }

    fn ready_from(&self, place: usize, now: Instant) -> Option<usize> {
        (place..self.lists.len()).find(|place| self.lists[*place].is_ready(now))
    }

    /// The next list is that of this round; after the last one, a new round waits for its time.
    fn go_on(&mut self, now: Instant) {
        if let Some(next) = self.ready_from(self.place + 1, now) {
            (self.place, self.due) = (next, Some(now));
            return;
        }
        self.place = 0;
        let ready = self.lists.iter().filter(|list| list.is_ready(now));
        self.due = match ready.map(|list| list.misses).max() {
            Some(0) => Some((self.began + self.every).max(now)),
            Some(misses) => Some(now + self.every.min(TRY_AGAIN.saturating_mul(misses))),
            // it has none of them
            None => self.lists.iter().filter_map(|list| list.lacking).min(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[expect(clippy::disallowed_methods, reason = "any instant does: tests only add to it")]
    fn three_lists() -> (Reading, Instant) {
        let now = Instant::now();
        let names: Vec<_> = (0..3).map(|n| format!("{n}{}", "x".repeat(50))).collect();
        let mut reading = Reading::new(&names, 5 * MINUTE, now);
        assert_eq!(reading.due(), None, "the phone was not heard");
        reading.pull_forward(now);
        (reading, now)
    }

    /// Asks for lists, as long as one is due, and returns their first letters.
    fn round(
        reading: &mut Reading,
        now: Instant,
        reply: impl Fn(char) -> Option<PhoneError>,
    ) -> String {
        let mut asked = String::new();
        while reading.due().is_some_and(|due| due <= now) {
            let list = reading.asks(now)[0].chars().next().unwrap();
            asked.push(list);
            match reply(list) {
                None => reading.answered(now),
                Some(trouble) => asked.extend(reading.missed(&trouble, now).first().map(|_| '!')),
            }
        }
        asked
    }

    #[test]
    fn a_round_is_all_lists_at_its_pace() {
        let (mut reading, now) = three_lists();
        assert_eq!(round(&mut reading, now, |_| None), "012");
        assert_eq!(reading.due(), Some(now + 5 * MINUTE));
        assert_eq!(round(&mut reading, now + 4 * MINUTE, |_| None), "");
        assert_eq!(round(&mut reading, now + 6 * MINUTE, |_| None), "012");
    }

    #[test]
    fn a_list_that_is_not_answered_does_not_keep_the_others_from_being_read() {
        let (mut reading, now) = three_lists();
        let broken = |list| (list == '1').then(|| PhoneError::BadAnswer("no JSON".into()));
        let mut at = now;
        let mut rounds = Vec::new();
        for _ in 0..5 {
            rounds.push((round(&mut reading, at, broken), (at - now).as_secs()));
            assert!(!reading.all_is_well());
            at = reading.due().unwrap();
        }
        let rounds: Vec<_> = rounds.iter().map(|(asked, at)| (asked.as_str(), *at)).collect();
        assert_eq!(rounds, [("012", 0), ("012", 30), ("01!2", 90), ("012", 180), ("012", 300)]);
        round(&mut reading, at, |_| None);
        assert!(reading.all_is_well());
    }

    #[test]
    fn a_function_that_is_lacking_is_tried_each_hour() {
        let (mut reading, now) = three_lists();
        let lacking = |_| Some(PhoneError::Unsupported("HTTP 404".into()));
        assert_eq!(round(&mut reading, now, lacking), "0!1!2!");
        assert_eq!(reading.due(), Some(now + 60 * MINUTE));
        reading.pull_forward(now + MINUTE);
        assert_eq!(round(&mut reading, now + MINUTE, |_| None), "012", "the phone was restarted");
    }

    #[test]
    fn what_was_asked_before_is_no_answer_to_what_is_wanted_since() {
        let (mut reading, now) = three_lists();
        reading.asks(now);
        reading.pull_forward(now + MINUTE);
        reading.answered(now + MINUTE);
        assert_eq!(round(&mut reading, now + MINUTE, |_| None), "012");
    }
}
