//! Reads what users send: the bare main argument, or JSON with the arguments and an id.

use serde_json::Value;

use super::arguments::Arguments;
use super::calls::{self, CallCommand};
use super::contacts::{self, ContactsCommand};
use super::group::{CommandDoc, Group, Row};
use super::policy::Policy;
use super::result::{CommandHeader, ErrorCode, Failure};
use super::system::{self, SystemCommand};
use super::values::{self, ValuesCommand};
use crate::domain::values::named::NamedValue;

/// The key of the user's own id.
const ID: &str = "id";

/// Something to be done with a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// With a call.
    Call(CallCommand),
    /// With the whole phone.
    System(SystemCommand),
    /// With its values.
    Values(ValuesCommand),
    /// With its contacts.
    Contacts(ContactsCommand),
}

impl Command {
    /// Returns what it has in common with all others.
    pub(super) fn group(&self) -> &dyn Group {
        match self {
            Self::Call(command) => command,
            Self::System(command) => command,
            Self::Values(command) => command,
            Self::Contacts(command) => command,
        }
    }

    /// Checks that the settings allow it; values that the settings name may be set, as far as what is written fits.
    pub fn permitted(&self, policy: &Policy, named: &[NamedValue]) -> Result<(), Failure> {
        self.group().permits(policy, named)
    }
}

/// Returns every command, in the order of the reference.
pub fn commands() -> impl Iterator<Item = CommandDoc> {
    fn docs<T>(rows: &'static [Row<T>]) -> impl Iterator<Item = CommandDoc> {
        rows.iter().map(Row::doc)
    }
    docs(calls::ROWS)
        .chain(docs(system::ROWS))
        .chain(docs(values::ROWS))
        .chain(docs(contacts::ROWS))
        .chain(docs(calls::COUNTERS))
}

/// Reads a message on a command topic; the header is there to be answered whatever comes of it.
pub fn parse(
    name: &str,
    payload: &[u8],
    retained: bool,
) -> (CommandHeader, Result<Command, Failure>) {
    let mut header = CommandHeader { name: name.to_owned(), id: Value::Null };
    let mut arguments = match Arguments::parse(payload, ID) {
        Ok(arguments) => arguments,
        Err(message) => {
            return (header, Err(Failure::new(ErrorCode::BadPayload, message)));
        }
    };
    header.id = arguments.id.take().unwrap_or_default();
    let command = if retained {
        Err(Failure::new(
            ErrorCode::NotAllowed,
            "a retained message is never obeyed: publish commands without the retain flag",
        ))
    } else {
        command(name, arguments)
    };
    (header, command)
}

fn command(name: &str, mut arguments: Arguments) -> Result<Command, Failure> {
    let built = built(calls::ROWS, name, &mut arguments, Command::Call)
        .or_else(|| built(calls::COUNTERS, name, &mut arguments, Command::Call))
        .or_else(|| built(system::ROWS, name, &mut arguments, Command::System))
        .or_else(|| built(values::ROWS, name, &mut arguments, Command::Values))
        .or_else(|| built(contacts::ROWS, name, &mut arguments, Command::Contacts));
    let Some(built) = built else {
        let names: Vec<_> = commands().map(|doc| doc.name).collect();
        return Err(Failure::new(
            ErrorCode::Unsupported,
            format!("there is no such command; there are {}", names.join(", ")),
        ));
    };
    built.map_err(|message| Failure::new(ErrorCode::BadPayload, message))
}

/// Reads the arguments of a command, if it is one of this group.
fn built<T>(
    rows: &[Row<T>],
    name: &str,
    arguments: &mut Arguments,
    into: fn(T) -> Command,
) -> Option<Result<Command, String>> {
    let row = rows.iter().find(|row| row.name == name)?;
    // the payload may be the values themselves
    if row.main == Some("values") {
        arguments.wrap("values");
    }
    let checked = arguments.check(name, row.main, row.others, ID);
    Some(checked.and_then(|()| (row.build)(arguments)).map(into))
}
