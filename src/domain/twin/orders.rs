//! What users want of the phone, until its turn comes.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::pause::paused;
use super::{Effect, Now, Twin, finish};
use crate::domain::call;
use crate::domain::command::pending::PendingCommand;
use crate::domain::command::result::{ErrorCode, Failure};
use crate::domain::command::{Command, parse};

/// A command that the phone could not be told of for this long is too late.
const COMMAND_LIFETIME: Duration = Duration::from_secs(10);
/// So many commands may wait.
const ORDERS: usize = 16;
/// So many numbers may be dialled within [`DIALS_WITHIN`]: an automation that runs wild can be dear.
const DIALS: usize = 20;
/// See [`DIALS`].
const DIALS_WITHIN: Duration = Duration::from_mins(1);
impl Twin {
    /// Takes in what somebody wants of the phone.
    pub(super) fn commanded(
        &mut self,
        name: &str,
        payload: &[u8],
        retained: bool,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let (request, command) = parse(name, payload, retained);
        let command = command.and_then(|command| {
            self.settings.policy.permits(&command, &self.settings.values)?;
            self.limit(&command, now.instant)?;
            Ok(command)
        });
        match command {
            Ok(Command::ResetMissedCalls) => {
                self.call(call::Input::MissedReset, now);
                finish(&request, Ok(Value::Null), now, effects);
            }
            Ok(command) => {
                if let Some(pause) = &self.pause {
                    finish(&request, Err(paused(pause.until)), now, effects);
                    return;
                }
                if command == Command::Refresh {
                    self.contacts.insist(now.instant);
                }
                let deadline = now.instant + COMMAND_LIFETIME;
                let values = self.readings.reading.lists();
                self.orders.push_back(PendingCommand::new(request, command, values, deadline));
            }
            Err(failure) => finish(&request, Err(failure), now, effects),
        }
    }

    fn limit(&mut self, command: &Command, now: Instant) -> Result<(), Failure> {
        let refused = |message| Err(Failure::new(ErrorCode::RateLimited, message));
        if self.orders.len() >= ORDERS {
            return refused(format!("{ORDERS} commands are waiting for the phone"));
        }
        if matches!(command, Command::Dial { .. }) {
            self.dials.retain(|at| now.duration_since(*at) < DIALS_WITHIN);
            if self.dials.len() >= DIALS {
                return refused(format!("{DIALS} numbers were dialled within a minute"));
            }
            self.dials.push_back(now);
        }
        Ok(())
    }

    /// Answers the commands whose time is up.
    pub(super) fn drop_late_orders(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let (late, rest) = self.orders.drain(..).partition(|order: &PendingCommand| {
            order.deadline <= now.instant && !order.is_under_way()
        });
        self.orders = rest;
        for order in late {
            let message = "the phone was busy with other requests until the time was up";
            let failure = Failure::new(ErrorCode::TooLate, message);
            finish(&order.request, Err(failure), now, effects);
        }
    }
}
