//! Commands: everything that users can ask for.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::ask::{Operation, SystemOperation};
use super::outcome::{ErrorCode, Failure, Request};

/// The longest payload of a command that is read, in bytes.
const PAYLOAD_LIMIT: usize = 64 * 1024;
/// How long a call may ring before the bridge gives it up.
const LIMITS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(10);

/// Something to be done with a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
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
    /// Does something to the whole phone.
    System(SystemOperation),
    /// Reads everything.
    Refresh,
    /// Reads the clock.
    GetTime,
    /// Counts missed calls from 0 again.
    ResetMissedCalls,
}

/// A row of the table of commands.
#[derive(Debug)]
pub struct CommandRow {
    /// The name, the last level of its topic.
    pub name: &'static str,
    /// What a bare payload means, and the same argument's name in JSON.
    pub main: Option<&'static str>,
    /// The other arguments in JSON.
    pub others: &'static [&'static str],
    /// What it does, for people.
    pub help: &'static str,
    build: fn(&Arguments) -> Result<Command, String>,
}

/// Every command.
pub const COMMANDS: &[CommandRow] = &[
    CommandRow {
        name: "dial",
        main: Some("number"),
        others: &["account", "hang_up_after"],
        help: "Calls a number, which must match one of `dial_allow`; `account` counts from 1 and is 1 if not given; with `hang_up_after` (such as `\"30s\"`, up to 10 minutes) this very call is ended after that time, unless it was answered",
        build: dial,
    },
    CommandRow {
        name: "answer",
        main: Some("line"),
        others: &[],
        help: "Answers the ringing call",
        build: |arguments| operate(arguments, Operation::Answer),
    },
    CommandRow {
        name: "reject",
        main: Some("line"),
        others: &[],
        help: "Rejects the ringing call",
        build: |arguments| operate(arguments, Operation::Reject),
    },
    CommandRow {
        name: "hangup",
        main: Some("line"),
        others: &[],
        help: "Ends the call, be it going out, up or on hold; a ringing one only if its `line` is given",
        build: |arguments| operate(arguments, Operation::HangUp),
    },
    CommandRow {
        name: "hold",
        main: Some("line"),
        others: &[],
        help: "Puts the call on hold",
        build: |arguments| operate(arguments, Operation::Hold),
    },
    CommandRow {
        name: "resume",
        main: Some("line"),
        others: &[],
        help: "Takes the call off hold",
        build: |arguments| operate(arguments, Operation::Resume),
    },
    CommandRow {
        name: "reboot",
        main: None,
        others: &[],
        help: "Restarts the phone",
        build: |_| Ok(Command::System(SystemOperation::Reboot)),
    },
    CommandRow {
        name: "provision",
        main: None,
        others: &[],
        help: "Lets the phone fetch its settings from its provisioning server",
        build: |_| Ok(Command::System(SystemOperation::Provision)),
    },
    CommandRow {
        name: "factory_reset",
        main: None,
        others: &[],
        help: "Erases the phone; runs only if the phone's `allow` names it",
        build: |_| Ok(Command::System(SystemOperation::FactoryReset)),
    },
    CommandRow {
        name: "refresh",
        main: None,
        others: &[],
        help: "Reads everything now",
        build: |_| Ok(Command::Refresh),
    },
    CommandRow {
        name: "get_time",
        main: None,
        others: &[],
        help: "Reads the phone's clock; `data` is as in `P/system`",
        build: |_| Ok(Command::GetTime),
    },
    CommandRow {
        name: "reset_missed_calls",
        main: None,
        others: &[],
        help: "Sets `P/missed_calls` to 0; asks nothing of the phone",
        build: |_| Ok(Command::ResetMissedCalls),
    },
];

/// Reads a message on a command topic; the request is there to be answered whatever comes of it.
pub fn parse(name: &str, payload: &[u8], retained: bool) -> (Request, Result<Command, Failure>) {
    let mut request = Request { name: name.to_owned(), id: Value::Null };
    let arguments = match Arguments::parse(payload) {
        Ok(arguments) => arguments,
        Err(message) => {
            return (request, Err(Failure::new(ErrorCode::BadPayload, message)));
        }
    };
    request.id.clone_from(&arguments.id);
    let command = if retained {
        Err(Failure::new(
            ErrorCode::NotAllowed,
            "a retained message is never obeyed: publish commands without the retain flag",
        ))
    } else {
        arguments.command(name)
    };
    (request, command)
}

/// What a payload says.
struct Arguments {
    id: Value,
    bare: Option<String>,
    fields: Map<String, Value>,
}

impl Arguments {
    fn parse(payload: &[u8]) -> Result<Self, String> {
        if payload.len() > PAYLOAD_LIMIT {
            return Err(format!("{} bytes are more than {PAYLOAD_LIMIT}", payload.len()));
        }
        let text = std::str::from_utf8(payload).map_err(|_| "not UTF-8 text".to_owned())?.trim();
        let mut arguments = Self { id: Value::Null, bare: None, fields: Map::new() };
        if text.starts_with('{') {
            arguments.fields =
                serde_json::from_str(text).map_err(|e| format!("broken JSON: {e}"))?;
            arguments.id = arguments.fields.remove("id").unwrap_or(Value::Null);
        } else if text.starts_with('"') {
            arguments.bare = serde_json::from_str(text).map_err(|e| format!("broken JSON: {e}"))?;
        } else if !text.is_empty() && text != "PRESS" {
            arguments.bare = Some(text.to_owned());
        }
        Ok(arguments)
    }

    fn command(mut self, name: &str) -> Result<Command, Failure> {
        let Some(row) = COMMANDS.iter().find(|row| row.name == name) else {
            let names: Vec<_> = COMMANDS.iter().map(|row| row.name).collect();
            return Err(Failure::new(
                ErrorCode::Unsupported,
                format!("there is no such command; there are {}", names.join(", ")),
            ));
        };
        let bad = |message| Failure::new(ErrorCode::BadPayload, message);
        if let Some(bare) = self.bare.take() {
            let Some(main) = row.main else {
                return Err(bad(format!(
                    "{name} takes no argument: send an empty payload, or PRESS"
                )));
            };
            self.fields.insert(main.to_owned(), Value::String(bare));
        }
        let known: Vec<&str> = row.main.iter().chain(row.others).copied().collect();
        if let Some(key) = self.fields.keys().find(|key| !known.contains(&key.as_str())) {
            let takes = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            return Err(bad(format!("{name} does not know {key:?}; it takes {takes} (and id)")));
        }
        (row.build)(&self).map_err(bad)
    }

    /// Returns a text argument; a number is taken as its digits.
    fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|t| !t.is_empty())),
            Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
            Some(_) => Err(format!("{key} must be a text")),
        }
    }

    /// Returns an argument that counts from 1.
    fn count(&self, key: &str) -> Result<Option<u16>, String> {
        let wrong = || format!("{key} must be a whole number from 1");
        self.text(key)
            .map_err(|_| wrong())?
            .map(|text| text.parse().ok().filter(|n| *n > 0).ok_or_else(wrong))
            .transpose()
    }

    /// Returns a duration within limits, as text with its unit.
    fn duration(
        &self,
        key: &str,
        limits: &RangeInclusive<Duration>,
    ) -> Result<Option<Duration>, String> {
        let wrong = || {
            let [from, to] = [limits.start(), limits.end()]
                .map(|limit| SignedDuration::try_from(*limit).unwrap_or_default());
            format!("{key} must be a text with a unit, such as \"30s\", from {from:#} to {to:#}")
        };
        let Some(value) = self.fields.get(key).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let duration: SignedDuration =
            value.as_str().and_then(|text| text.trim().parse().ok()).ok_or_else(wrong)?;
        let duration = Duration::try_from(duration).map_err(|_| wrong())?;
        limits.contains(&duration).then_some(Some(duration)).ok_or_else(wrong)
    }
}

fn dial(arguments: &Arguments) -> Result<Command, String> {
    let number = arguments
        .text("number")?
        .ok_or("which number? send it as the payload, or as \"number\" in JSON")?;
    Ok(Command::Dial {
        number,
        account: arguments.count("account")?.unwrap_or(1),
        hang_up_after: arguments.duration("hang_up_after", &LIMITS)?,
    })
}

fn operate(arguments: &Arguments, operation: Operation) -> Result<Command, String> {
    Ok(Command::Operate { operation, line: arguments.count("line")? })
}

#[cfg(test)]
mod tests;
