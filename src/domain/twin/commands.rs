//! What users want of the phone, until its turn comes; and pauses.

use std::time::Duration;

use serde_json::Value;

use super::input::{Note, Now};
use super::state::{Effects, Twin};
use crate::domain::call;
use crate::domain::command::calls::CallCommand;
use crate::domain::command::pending::PendingCommand;
use crate::domain::command::result::{CommandHeader, ErrorCode, Failure};
use crate::domain::command::system::SystemCommand;
use crate::domain::command::{Command, Step};
use crate::domain::contract::snapshot::Problem;
use crate::domain::request::{PhoneError, PhoneRequest, StatusQuery};

/// A command that could not be sent for this long is too late.
const COMMAND_LIFETIME: Duration = Duration::from_secs(10);

impl Twin {
    /// Handles a command.
    pub(super) fn commanded(
        &mut self,
        header: &CommandHeader,
        command: Result<Command, Failure>,
        now: Now,
        effects: &mut Effects,
    ) {
        let command = command.and_then(|command| {
            command.permitted(&self.options.policy, &self.options.values)?;
            self.queue.admit(&command, now.instant)?;
            Ok(command)
        });
        let command = match command {
            Ok(Command::Call(CallCommand::ResetMissedCalls)) => {
                self.call(call::Input::MissedReset, now, effects);
                return effects.finish(header, Ok(Value::Null), now);
            }
            Ok(command) => command,
            Err(failure) => return effects.finish(header, Err(failure), now),
        };
        if let Some(paused) = self.presence.paused() {
            return effects.finish(header, Err(paused), now);
        }
        if command == Command::System(SystemCommand::Refresh) {
            self.polling.insist_on_contacts(now.instant);
        }
        let deadline = now.instant + COMMAND_LIFETIME;
        let lists = self.polling.value_lists().map(<[String]>::to_vec).collect();
        self.queue.push(PendingCommand::new(header.clone(), command, lists, deadline));
    }

    /// Answers the commands whose time is up.
    pub(super) fn drop_late_commands(&mut self, now: Now, effects: &mut Effects) {
        for command in self.queue.drop_late(now.instant) {
            let message = "the phone was busy with other requests until the time was up";
            let failure = Failure::new(ErrorCode::TooLate, message);
            effects.finish(&command.header, Err(failure), now);
        }
    }

    /// Sends the next request of the commands, and answers those that need none.
    pub(super) fn send_commands(&mut self, now: Now, effects: &mut Effects) {
        while self.in_flight.is_none()
            && let Some(mut command) = self.queue.pop()
        {
            let step = match self.barred(now) {
                Some(failure) => Step::Done(Err(failure)),
                None => command.step(&self.picture.snapshot.lines),
            };
            match step {
                Step::Done(result) => effects.finish(&command.header, result, now),
                Step::Send(request) => match self.unsupported.why(&request, now.instant) {
                    Some(why) if !command.insists() => {
                        let error = PhoneError::Unsupported(why.to_owned());
                        effects.finish(&command.header, Err(error.into()), now);
                    }
                    _ => self.send_for(command, request, now, effects),
                },
            }
        }
    }

    fn send_for(
        &mut self,
        command: PendingCommand,
        request: PhoneRequest,
        now: Now,
        effects: &mut Effects,
    ) {
        let instruction = command.instruction(&request, &self.picture.snapshot.lines);
        if let Some(instruction) = instruction.clone() {
            self.call(call::Input::Told(instruction), now, effects);
        }
        self.send(request, Some(command), instruction, now, effects);
    }

    /// Leaves the phone alone until then. The commands that wait for it are answered at once; the request that is in flight
    /// ends as it would.
    pub(super) fn pause(&mut self, until: Now, now: Now, effects: &mut Effects) {
        self.presence.pause(until, self.picture.snapshot.problem);
        self.presence.is_away(now.instant);
        self.picture.snapshot.problem = Problem::Paused;
        self.picture.snapshot.forget_the_present();
        effects.note(Note::Paused(until.wall));
        if let Some(paused) = self.presence.paused() {
            for command in self.queue.drain() {
                effects.finish(&command.header, Err(paused.clone()), now);
            }
        }
    }

    /// Ends the pause if its time is up, or `at_once`. The phone stays offline until it has answered.
    pub(super) fn end_pause(&mut self, at_once: bool, now: Now, effects: &mut Effects) {
        let Some(problem) = self.presence.end_pause(at_once, now) else { return };
        effects.note(Note::Resumed);
        if self.barred(now).is_some() {
            self.picture.snapshot.problem = problem;
            self.picture.snapshot.forget_the_present();
        } else {
            self.polling.pull_forward(StatusQuery::Lines, now.instant);
        }
    }
}
