//! Reads what users send: the bare main argument, or JSON with the arguments and an id.

use serde_json::Value;

use super::{COMMANDS, Command};
use crate::domain::command::arguments::Arguments;
use crate::domain::command::result::{CommandHeader, ErrorCode, Failure};

/// The key of the user's own id.
const ID: &str = "id";

/// Reads a message on a command topic; the request is there to be answered whatever comes of it.
pub fn parse(
    name: &str,
    payload: &[u8],
    retained: bool,
) -> (CommandHeader, Result<Command, Failure>) {
    let mut request = CommandHeader { name: name.to_owned(), id: Value::Null };
    let mut arguments = match Arguments::parse(payload, ID) {
        Ok(arguments) => arguments,
        Err(message) => {
            return (request, Err(Failure::new(ErrorCode::BadPayload, message)));
        }
    };
    request.id = arguments.id.take().unwrap_or_default();
    let command = if retained {
        Err(Failure::new(
            ErrorCode::NotAllowed,
            "a retained message is never obeyed: publish commands without the retain flag",
        ))
    } else {
        command(name, arguments)
    };
    (request, command)
}

fn command(name: &str, mut arguments: Arguments) -> Result<Command, Failure> {
    let Some(row) = COMMANDS.iter().find(|row| row.name == name) else {
        let names: Vec<_> = COMMANDS.iter().map(|row| row.name).collect();
        return Err(Failure::new(
            ErrorCode::Unsupported,
            format!("there is no such command; there are {}", names.join(", ")),
        ));
    };
    // the payload may be the values themselves
    if row.main == Some("values") {
        arguments.wrap("values");
    }
    arguments
        .check(name, row.main, row.others, ID)
        .and_then(|()| (row.build)(&arguments))
        .map_err(|message| Failure::new(ErrorCode::BadPayload, message))
}
