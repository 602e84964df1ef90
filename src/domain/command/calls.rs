//! Commands about calls.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::arguments::Arguments;
use super::group::{Group, Row, Step, Urgency};
use super::policy::Policy;
use super::result::{ErrorCode, Failure};
use crate::domain::request::{Operation, PhoneRequest, StatusQuery};
use crate::domain::telephony::{Line, LineState, number};
use crate::domain::values::named::NamedValue;

/// How long a call may ring before the bridge gives it up.
const LIMITS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(10);

/// Something to be done with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallCommand {
    /// Calls a number.
    Dial {
        /// The number as it is dialled.
        number: String,
        /// The account of the call, from 1.
        account: u16,
        /// When to give up, unless it is answered.
        hang_up_after: Option<Duration>,
    },
    /// Does something to a call.
    Operate {
        /// What.
        operation: Operation,
        /// On this line, else on the one that it fits.
        line: Option<u16>,
    },
    /// Counts missed calls from 0 again; asks nothing of the phone.
    ResetMissedCalls,
}

/// Every command about calls.
pub(super) const ROWS: &[Row<CallCommand>] = &[
    Row {
        name: "dial",
        main: Some("number"),
        others: &["account", "hang_up_after"],
        help: "Calls a number, as people write it (blanks, `-`, `.`, `(`, `)`, `/` and `tel:` are taken off); one of `dial_allow` must match what is left; `account` counts from 1 and is 1 if not given; with `hang_up_after` (such as `\"30s\"`, up to 10 minutes) this very call is ended after that time, unless it was answered",
        build: dial,
    },
    Row {
        name: "answer",
        main: Some("line"),
        others: &[],
        help: "Answers the ringing call",
        build: |arguments| operate(arguments, Operation::Answer),
    },
    Row {
        name: "reject",
        main: Some("line"),
        others: &[],
        help: "Rejects the ringing call",
        build: |arguments| operate(arguments, Operation::Reject),
    },
    Row {
        name: "hangup",
        main: Some("line"),
        others: &[],
        help: "Ends the call, whether it is outgoing, answered or on hold; a ringing one only if its `line` is given",
        build: |arguments| operate(arguments, Operation::HangUp),
    },
    Row {
        name: "hold",
        main: Some("line"),
        others: &[],
        help: "Puts the call on hold",
        build: |arguments| operate(arguments, Operation::Hold),
    },
    Row {
        name: "resume",
        main: Some("line"),
        others: &[],
        help: "Takes the call off hold",
        build: |arguments| operate(arguments, Operation::Resume),
    },
];

/// Those about what is counted of them.
pub(super) const COUNTERS: &[Row<CallCommand>] = &[Row {
    name: "reset_missed_calls",
    main: None,
    others: &[],
    help: "Sets `P/missed_calls` to 0; asks nothing of the phone",
    build: |_| Ok(CallCommand::ResetMissedCalls),
}];

impl Group for CallCommand {
    fn permits(&self, policy: &Policy, _: &[NamedValue]) -> Result<(), Failure> {
        let Self::Dial { number, .. } = self else { return Ok(()) };
        let checked = policy.dial_allow.check(number);
        checked.map_err(|why| Failure::new(ErrorCode::NotAllowed, why))
    }

    fn urgency(&self) -> Urgency {
        Urgency::AtOnce
    }

    /// Where no line fits, the lines are read once more: the last poll may be older than the call.
    fn on_lines(&self, lines: &[Line], fresh: bool) -> Option<Step> {
        match self {
            Self::Dial { number, account, .. } => {
                let (number, account) = (number.clone(), *account);
                Some(Step::Send(PhoneRequest::Dial { number, account }))
            }
            Self::Operate { operation, line } => Some(match pick(*operation, *line, lines) {
                Ok(line) => Step::Send(PhoneRequest::Operate { operation: *operation, line }),
                Err(failure) if fresh => Step::Done(Err(failure)),
                Err(_) => Step::Send(PhoneRequest::Read(StatusQuery::Lines)),
            }),
            Self::ResetMissedCalls => None,
        }
    }
}

fn dial(arguments: &Arguments) -> Result<CallCommand, String> {
    let number = number::dialled(&arguments.text("number")?.unwrap_or_default());
    if number.is_empty() {
        return Err("which number? send it as the payload, or as \"number\" in JSON".to_owned());
    }
    Ok(CallCommand::Dial {
        number,
        account: arguments.count("account")?.unwrap_or(1),
        hang_up_after: arguments.duration("hang_up_after", &LIMITS)?,
    })
}

fn operate(arguments: &Arguments, operation: Operation) -> Result<CallCommand, String> {
    Ok(CallCommand::Operate { operation, line: arguments.count("line")? })
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
