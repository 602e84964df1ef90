//! A command on its way: which requests it takes, and on which line it works.

mod plan;

use std::time::Instant;

use serde_json::Value;

use crate::domain::call::Instruction;
use crate::domain::command::Command;
use crate::domain::command::result::{CommandHeader, ErrorCode, Failure};
use crate::domain::request::{
    Answer, Operation, PhoneError, PhoneRequest, StatusQuery, SystemOperation,
};
use crate::domain::telephony::{CallState, Line, LineState};

use plan::Plan;

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
    plan: Plan,
    trouble: Option<PhoneError>,
}

/// What comes next for an order.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is passed on at once"
)]
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// This request.
    Send(PhoneRequest),
    /// The result.
    Done(Result<Value, Failure>),
}

impl PendingCommand {
    /// Takes a command in; `values` are the lists that are read together with everything else.
    pub fn new<'a>(
        header: CommandHeader,
        command: Command,
        values: impl Iterator<Item = &'a [String]>,
        deadline: Instant,
    ) -> Self {
        let plan = Plan::of(&command, values);
        let (looked, under_way, told) = (false, false, false);
        Self { header, deadline, command, looked, under_way, told, plan, trouble: None }
    }

    /// Says whether something was asked of the phone for it.
    pub fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// Says whether the phone was asked to do or change something for it.
    pub fn has_told(&self) -> bool {
        self.told
    }

    /// Says whether other commands have their turn between its many requests: not where it reads what it then changes,
    /// nor what it has written.
    pub fn yields(&self) -> bool {
        matches!(self.command, Command::Refresh | Command::GetValues(_))
    }

    /// Says whether the phone may be looked at between its requests.
    pub fn is_patient(&self) -> bool {
        !matches!(
            self.command,
            Command::Dial { .. }
                | Command::Operate { .. }
                | Command::System(_)
                | Command::Reboot { .. }
        )
    }

    /// Returns what to do next, given the lines as they were last seen.
    pub fn step(&mut self, lines: &[Line]) -> Step {
        let step = self.next(lines);
        self.under_way = matches!(step, Step::Send(_));
        self.told |= matches!(&step, Step::Send(ask) if ask.changes());
        step
    }

    /// Where no line fits, the lines are read once more: the last look may be older than the call.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others have a plan")]
    fn next(&mut self, lines: &[Line]) -> Step {
        let look = Step::Send(PhoneRequest::Read(StatusQuery::Lines));
        match &self.command {
            Command::Dial { number, account, .. } => {
                Step::Send(PhoneRequest::Dial { number: number.clone(), account: *account })
            }
            Command::System(operation) => Step::Send(PhoneRequest::System(*operation)),
            Command::Reboot { force: false } if !self.looked => look,
            Command::Reboot { force } => match busy(lines).filter(|_| !force) {
                Some(line) => {
                    let message = format!(
                        "line {} is {}: it would be cut off; \"force\": true restarts the phone all the same",
                        line.line,
                        line.state.word()
                    );
                    Step::Done(Err(Failure::new(ErrorCode::NotAllowed, message)))
                }
                None => Step::Send(PhoneRequest::System(SystemOperation::Reboot)),
            },
            Command::Operate { operation, line } => match pick(*operation, *line, lines) {
                Ok(line) => Step::Send(PhoneRequest::Operate { operation: *operation, line }),
                Err(failure) if self.looked => Step::Done(Err(failure)),
                Err(_) => look,
            },
            command => match (self.plan.next(), self.trouble.take()) {
                (Some(ask), trouble) => {
                    self.trouble = trouble;
                    Step::Send(ask)
                }
                (None, Some(trouble)) => Step::Done(Err(trouble.into())),
                (None, None) => Step::Done(self.plan.result(command)),
            },
        }
    }

    /// Takes in how the last request went, and whether the phone may have got it; returns the result if there is nothing
    /// more to do.
    pub fn answered(
        &mut self,
        ask: &PhoneRequest,
        reply: Result<Answer, PhoneError>,
        sent: bool,
    ) -> Option<Result<Value, Failure>> {
        self.looked |= *ask == PhoneRequest::Read(StatusQuery::Lines);
        match reply {
            Err(trouble) if self.command == Command::Refresh => {
                if !trouble.is_unavailable() {
                    self.trouble.get_or_insert(trouble);
                }
                None
            }
            Err(trouble) => {
                let doubtful = sent && ask.changes() && trouble.is_silence();
                let mut failure = Failure::from(trouble);
                if doubtful {
                    failure.message.push_str("; it may have obeyed all the same");
                }
                Some(Err(failure))
            }
            Ok(answer) => {
                let told = matches!(
                    ask,
                    PhoneRequest::Dial { .. }
                        | PhoneRequest::Operate { .. }
                        | PhoneRequest::System(_)
                );
                match self.plan.take(&self.command, answer) {
                    Err(failure) => Some(Err(failure)),
                    Ok(()) => told.then_some(Ok(Value::Null)),
                }
            }
        }
    }

    /// Returns what the phone is told with this request that explains what its lines do next.
    pub fn instruction(&self, ask: &PhoneRequest, lines: &[Line]) -> Option<Instruction> {
        let rings = |number| {
            let mut ringing = lines.iter().filter(|line| line.state == LineState::Ringing);
            ringing.any(|line| line.line == number)
        };
        match (ask, &self.command) {
            (PhoneRequest::Dial { number, .. }, Command::Dial { hang_up_after, .. }) => {
                Some(Instruction::Dial(number.clone(), *hang_up_after))
            }
            (
                PhoneRequest::Operate { operation: Operation::Reject | Operation::HangUp, line },
                _,
            ) if rings(*line) => Some(Instruction::TurnAway(*line)),
            _ => None,
        }
    }

    /// Says whether it asks even for what the phone was found to lack.
    pub fn insists(&self) -> bool {
        self.command == Command::Refresh
    }

    /// Says whether the result is the phone's clock.
    pub fn wants_clock(&self) -> bool {
        self.command == Command::GetTime
    }
}

/// Returns a line that would be cut off by a restart; one whose state is not known may be.
fn busy(lines: &[Line]) -> Option<&Line> {
    lines.iter().find(|line| !matches!(line.state.folded(), CallState::Idle | CallState::Failed))
}

/// Returns the line that an operation works on.
fn pick(operation: Operation, wanted: Option<u16>, lines: &[Line]) -> Result<u16, Failure> {
    if let Some(number) = wanted {
        let Some(line) = lines.iter().find(|line| line.line == number) else {
            let message = format!("the phone has no line {number}");
            return Err(Failure::new(ErrorCode::NoSuchLine, message));
        };
        let ringing = operation == Operation::HangUp && line.state == LineState::Ringing;
        return if fits(operation, line.state) || ringing {
            Ok(number)
        } else {
            let message = format!("line {number} is {}", line.state.word());
            Err(Failure::new(ErrorCode::NoSuchCall, message))
        };
    }
    let fitting: Vec<u16> =
        lines.iter().filter(|line| fits(operation, line.state)).map(|line| line.line).collect();
    match fitting[..] {
        [line] => Ok(line),
        [] => {
            let message = match operation {
                Operation::Answer | Operation::Reject => "no line rings",
                Operation::HangUp => "no call is up; one that only rings is for reject",
                Operation::Hold => "no call is up that could be put on hold",
                Operation::Resume => "no call is on hold",
            };
            Err(Failure::new(ErrorCode::NoSuchCall, message))
        }
        _ => {
            let message = format!("lines {fitting:?} all fit; give one as \"line\"");
            Err(Failure::new(ErrorCode::AmbiguousLine, message))
        }
    }
}

fn fits(operation: Operation, state: LineState) -> bool {
    use LineState::{
        Calling, Conference, Dialing, InCall, IpCall, OnHold, Paging, Ringback, Ringing,
        Transferring,
    };
    match operation {
        Operation::Answer | Operation::Reject => state == Ringing,
        Operation::Hold => matches!(state, InCall | Conference | IpCall),
        Operation::Resume => state == OnHold,
        Operation::HangUp => matches!(
            state,
            Dialing
                | Calling
                | Ringback
                | InCall
                | OnHold
                | Conference
                | Paging
                | IpCall
                | Transferring
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_fits_is_picked() {
        use ErrorCode::{AmbiguousLine, NoSuchCall, NoSuchLine};
        use LineState::{Calling, Ending, Idle, InCall, OnHold, Ringing, Unknown};
        use Operation::{Answer, HangUp, Hold, Reject, Resume};
        type Case<'a> = (Operation, Option<u16>, &'a [LineState], Result<u16, ErrorCode>);
        let cases: &[Case<'_>] = &[
            (Answer, None, &[Idle, Ringing], Ok(2)),
            (Reject, None, &[InCall, Ringing], Ok(2)),
            (Answer, None, &[Ringing, Ringing], Err(AmbiguousLine)),
            (Answer, Some(2), &[Ringing, Ringing], Ok(2)),
            (Answer, None, &[Idle, InCall], Err(NoSuchCall)),
            (Answer, None, &[], Err(NoSuchCall)),
            (Answer, Some(1), &[Idle, Ringing], Err(NoSuchCall)),
            (Answer, Some(3), &[Idle, Ringing], Err(NoSuchLine)),
            (HangUp, None, &[InCall, Ringing], Ok(1)),
            (HangUp, None, &[Calling, Idle], Ok(1)),
            (HangUp, None, &[Ringing, Idle], Err(NoSuchCall)),
            (HangUp, Some(1), &[Ringing, Idle], Ok(1)),
            (HangUp, None, &[InCall, OnHold], Err(AmbiguousLine)),
            (HangUp, None, &[Ending, Unknown], Err(NoSuchCall)),
            (Hold, None, &[InCall, OnHold], Ok(1)),
            (Resume, None, &[InCall, OnHold], Ok(2)),
            (Resume, None, &[InCall, Idle], Err(NoSuchCall)),
        ];
        for (operation, wanted, states, expected) in cases {
            let lines: Vec<Line> = (1..)
                .zip(*states)
                .map(|(line, state)| Line {
                    line,
                    state: *state,
                    code: None,
                    account: None,
                    name: None,
                    number: None,
                    active: None,
                })
                .collect();
            let picked = pick(*operation, *wanted, &lines).map_err(|failure| failure.code);
            assert_eq!(picked, *expected, "{operation:?} {wanted:?} {states:?}");
        }
    }
}
