//! A command on its way: which requests it takes, and on which line it works.

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::Value;

use super::calls::CallCommand;
use super::group::{Gathered, Step, Urgency};
use super::payload::Command;
use super::result::{CommandHeader, Failure};
use super::system::SystemCommand;
use crate::domain::call::Instruction;
use crate::domain::request::{Answer, Operation, PhoneError, PhoneRequest, StatusQuery};
use crate::domain::telephony::{Line, LineState};

/// A command that waits for the phone.
#[derive(Debug)]
pub struct PendingCommand {
    /// Whom to answer.
    pub header: CommandHeader,
    /// When it is too late to send it.
    pub deadline: Instant,
    command: Command,
    /// Whether the lines were read for it.
    looked: bool,
    under_way: bool,
    /// Whether the phone was asked to do or change something.
    told: bool,
    ahead: VecDeque<PhoneRequest>,
    gathered: Gathered,
    error: Option<PhoneError>,
}

impl PendingCommand {
    /// Starts a command; `values` are the lists that are read together with everything else.
    pub fn new(
        header: CommandHeader,
        command: Command,
        values: Vec<Vec<String>>,
        deadline: Instant,
    ) -> Self {
        Self {
            header,
            deadline,
            ahead: command.group().requests(values).into(),
            command,
            looked: false,
            under_way: false,
            told: false,
            gathered: Gathered::default(),
            error: None,
        }
    }

    /// Returns `true` if something was asked of the phone for it.
    pub fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// Returns `true` if the phone was asked to do or change something for it.
    pub fn has_told(&self) -> bool {
        self.told
    }

    /// Returns `true` if other commands have their turn between its many requests.
    pub fn yields(&self) -> bool {
        self.command.group().urgency() == Urgency::Yielding
    }

    /// Returns `true` if the phone may be polled between its requests.
    pub fn is_patient(&self) -> bool {
        self.command.group().urgency() != Urgency::AtOnce
    }

    /// Returns what to do next, given the lines as they were last seen.
    pub fn step(&mut self, lines: &[Line]) -> Step {
        let on_lines = self.command.group().on_lines(lines, self.looked);
        let step = on_lines.unwrap_or_else(|| match (self.ahead.pop_front(), &self.error) {
            (Some(request), _) => Step::Send(request),
            (None, Some(error)) => Step::Done(Err(error.clone().into())),
            (None, None) => Step::Done(self.command.group().result(&self.gathered)),
        });
        self.under_way = matches!(step, Step::Send(_));
        self.told |= matches!(&step, Step::Send(request) if request.changes());
        step
    }

    /// Handles how the last request went, and whether the phone may have got it; returns the result if there is nothing
    /// more to do.
    pub fn answered(
        &mut self,
        request: &PhoneRequest,
        reply: Result<Answer, PhoneError>,
        sent: bool,
    ) -> Option<Result<Value, Failure>> {
        self.looked |= *request == PhoneRequest::Read(StatusQuery::Lines);
        match reply {
            Err(error) if self.insists() => {
                if !error.is_unavailable() {
                    self.error.get_or_insert(error);
                }
                None
            }
            Err(error) => {
                let doubtful = sent && request.changes() && error.is_silence();
                let mut failure = Failure::from(error);
                if doubtful {
                    failure.message.push_str("; it may have obeyed all the same");
                }
                Some(Err(failure))
            }
            Ok(answer) => {
                match self.command.group().after(&answer) {
                    Err(failure) => return Some(Err(failure)),
                    Ok(next) => self.ahead.extend(next),
                }
                self.gathered.add(answer);
                let told = matches!(
                    request,
                    PhoneRequest::Dial { .. }
                        | PhoneRequest::Operate { .. }
                        | PhoneRequest::System(_)
                );
                told.then_some(Ok(Value::Null))
            }
        }
    }

    /// Returns what the phone is told with this request that explains what its lines do next.
    pub fn instruction(&self, request: &PhoneRequest, lines: &[Line]) -> Option<Instruction> {
        let rings = |number| {
            let mut ringing = lines.iter().filter(|line| line.state == LineState::Ringing);
            ringing.any(|line| line.line == number)
        };
        match (request, &self.command) {
            (
                PhoneRequest::Dial { number, .. },
                Command::Call(CallCommand::Dial { hang_up_after, .. }),
            ) => Some(Instruction::Dial(number.clone(), *hang_up_after)),
            (
                PhoneRequest::Operate { operation: Operation::Reject | Operation::HangUp, line },
                _,
            ) if rings(*line) => Some(Instruction::TurnAway(*line)),
            _ => None,
        }
    }

    /// Returns `true` if it asks even for what the phone was found to lack, and goes on after an error.
    pub fn insists(&self) -> bool {
        self.command == Command::System(SystemCommand::Refresh)
    }

    /// Returns `true` if the result is the phone's clock.
    pub fn wants_clock(&self) -> bool {
        self.command == Command::System(SystemCommand::GetTime)
    }
}
