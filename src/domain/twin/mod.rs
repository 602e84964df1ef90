//! The bridge's picture of one phone as a reducer: (input, now) in, effects out, and when to be woken next.
//!
//! It never waits and never fails. At most one request is in flight; the shell carries it out and comes back with
//! [`Input::Answered`].

mod answers;
mod calls;
mod commands;
mod contacts;
mod handover;
mod input;
mod picture;
mod presence;
mod queue;
mod state;
#[cfg(test)]
mod stories;
mod values;

use std::time::Instant;

use crate::domain::contract::snapshot::{Problem, State};

use state::Effects;

pub use handover::Handover;
pub use input::{Effect, Input, Note, Now, TwinOptions, ValuesNote};
pub use state::Twin;

impl Twin {
    /// Returns when [`Input::Woke`] is wanted, if nothing happens before.
    pub fn wake(&self) -> Option<Instant> {
        let due = match &self.presence.pause {
            Some(pause) => Some(pause.until.instant),
            None if self.in_flight.is_some() => None,
            None => self.polling.wake(self.may_read_contacts()),
        };
        self.queue.deadline().into_iter().chain(due).chain(self.switchboard.wake()).min()
    }

    /// Handles what happened, and returns what is to be done, in this order.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        let mut effects = Effects::default();
        self.end_pause(false, now, &mut effects);
        match input {
            Input::Woke => {}
            Input::Answered(result) => self.answered(result, true, now, &mut effects),
            Input::NotSent(error) => self.answered(Err(error), false, now, &mut effects),
            Input::Commanded { header, command } => {
                self.commanded(&header, command, now, &mut effects);
            }
            Input::RepublishAll => self.picture.set_published(State::new()),
            Input::Retained(topic, payload) => self.retained(topic, &payload, now, &mut effects),
            Input::RetainedComplete => {
                let of_calls = self.switchboard.retained_complete(now);
                effects.of_calls(of_calls);
            }
            Input::Named(others) => {
                self.contacts.named(others);
                self.switchboard.know(self.contacts.names());
            }
            Input::Pushed(push) => self.pushed(push, now, &mut effects),
            // a request that waited longer than the pause it wants is over already
            Input::Paused(until) if until.instant <= now.instant => {}
            Input::Paused(until) => self.pause(until, now, &mut effects),
            Input::Resumed => self.end_pause(true, now, &mut effects),
            Input::Leaving => self.leaving = true,
            Input::Stopping => return self.goodbye(now),
        }
        self.drop_late_commands(now, &mut effects);
        self.give_up_calls(now, &mut effects);
        self.poll_in_time(now);
        self.publish(&mut effects);
        if !self.leaving {
            self.send_next(now, &mut effects);
        }
        effects.into_vec()
    }

    /// Publishes what changed. A phone is offline until it has said all that it can say.
    fn publish(&mut self, effects: &mut Effects) {
        let tried = self.polling.all_tried() || self.picture.snapshot.problem != Problem::None;
        if self.presence.is_met && tried {
            if let Some(news) = self.switchboard.news() {
                self.picture.snapshot.calls = Some(news);
            }
            effects.publish(self.picture.publish(&self.options));
        } else {
            effects.publish(self.picture.publish_offline());
        }
    }

    /// Sends the next request, if none is in flight: of a call that is to be ended, of a command, or a poll.
    fn send_next(&mut self, now: Now, effects: &mut Effects) {
        self.hang_up(now, effects);
        // one poll between two of its requests: the lines of a slow phone are always due
        if self.queue.is_patient() && !self.poll_was_last {
            self.poll(now, effects);
        }
        self.send_commands(now, effects);
        self.poll(now, effects);
    }

    fn poll(&mut self, now: Now, effects: &mut Effects) {
        if self.in_flight.is_none()
            && self.presence.pause.is_none()
            && let Some(request) = self.polling.next(self.may_read_contacts(), now.instant)
        {
            self.send(request, None, None, now, effects);
        }
    }

    fn may_read_contacts(&self) -> bool {
        self.presence.is_met && self.picture.is_quiet()
    }
}
