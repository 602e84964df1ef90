//! Commands that wait for the phone, and how many there may be.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::domain::command::Command;
use crate::domain::command::calls::CallCommand;
use crate::domain::command::pending::PendingCommand;
use crate::domain::command::result::{ErrorCode, Failure};

/// Maximum number of commands that wait for one phone.
const COMMANDS: usize = 16;
/// Maximum number of calls that are dialled within [`DIALS_WITHIN`]: an automation that loops can be expensive.
const DIALS: usize = 20;
/// See [`DIALS`].
const DIALS_WITHIN: Duration = Duration::from_mins(1);

/// The commands that wait for one phone, in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<PendingCommand>,
    dials: Dials,
}

/// When the last numbers were dialled.
#[derive(Debug, Default)]
pub(super) struct Dials(VecDeque<Instant>);

impl Queue {
    /// Goes on with the dialled numbers of the twin before.
    pub(super) fn with_dials(dials: Dials) -> Self {
        Self { waiting: VecDeque::new(), dials }
    }

    /// Returns when the last numbers were dialled.
    pub(super) fn into_dials(self) -> Dials {
        self.dials
    }

    /// Checks that there is room for one more command.
    pub(super) fn admit(&mut self, command: &Command, now: Instant) -> Result<(), Failure> {
        let refused = |message| Err(Failure::new(ErrorCode::RateLimited, message));
        if self.waiting.len() >= COMMANDS {
            return refused(format!("{COMMANDS} commands are waiting for the phone"));
        }
        if matches!(command, Command::Call(CallCommand::Dial { .. })) {
            let Dials(dials) = &mut self.dials;
            dials.retain(|at| now.duration_since(*at) < DIALS_WITHIN);
            if dials.len() >= DIALS {
                return refused(format!("{DIALS} numbers were dialled within a minute"));
            }
            dials.push_back(now);
        }
        Ok(())
    }

    /// Adds a command at the end.
    pub(super) fn push(&mut self, command: PendingCommand) {
        self.waiting.push_back(command);
    }

    /// Returns the command whose turn it is.
    pub(super) fn pop(&mut self) -> Option<PendingCommand> {
        self.waiting.pop_front()
    }

    /// Puts a command back that has more to ask: the others come first if it yields to them.
    pub(super) fn put_back(&mut self, command: PendingCommand) {
        if command.yields() {
            self.waiting.push_back(command);
        } else {
            self.waiting.push_front(command);
        }
    }

    /// Removes all commands.
    pub(super) fn drain(&mut self) -> VecDeque<PendingCommand> {
        std::mem::take(&mut self.waiting)
    }

    /// Removes the commands that have waited for too long.
    pub(super) fn drop_late(&mut self, now: Instant) -> Vec<PendingCommand> {
        let is_late = |command: &PendingCommand| command.deadline <= now && !command.is_under_way();
        let (late, rest) = self.waiting.drain(..).partition(is_late);
        self.waiting = rest;
        Vec::from(late)
    }

    /// Returns when the next command has waited for too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().filter(|command| !command.is_under_way());
        waiting.map(|command| command.deadline).min()
    }

    /// Returns `true` if the phone may be polled between two requests of the command whose turn it is.
    pub(super) fn is_patient(&self) -> bool {
        let first = self.waiting.front();
        first.is_some_and(|command| command.is_under_way() && command.is_patient())
    }
}
