//! Commands: everything that users can ask for.

pub mod arguments;
mod contacts;
pub mod dial_allow;
mod payload;
pub mod pending;
pub mod policy;
pub mod result;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use crate::domain::command::arguments::Arguments;
use crate::domain::contacts::phonebook::{Contact, Filter};
use crate::domain::request::password::Password;
use crate::domain::request::{Operation, Role, SystemOperation};
use crate::domain::telephony::number;
use crate::domain::values;

pub use payload::parse;

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
    /// Restarts the phone.
    Reboot {
        /// Even if that ends a call.
        force: bool,
    },
    /// Lists the accounts.
    ListAccounts {
        /// Only those that are registered.
        registered: bool,
    },
    /// Reads settings of the phone.
    GetValues(Vec<String>),
    /// Changes settings of the phone; names are without the `P`.
    SetValues(BTreeMap<String, String>),
    /// Changes a password of the phone.
    ChangePassword {
        /// Whose.
        role: Role,
        /// The password as it is.
        old: Password,
        /// The password as it is to be.
        new: Password,
    },
    /// Lists contacts.
    ListContacts {
        /// Which.
        filter: Filter,
        /// Which page of them, from 1.
        page: u16,
    },
    /// Adds a contact, or changes the one with its id; what is not said stays as it is.
    SaveContact(Contact),
    /// Deletes a contact, by its id.
    DeleteContact(String),
    /// Deletes all contacts.
    DeleteAllContacts,
    /// Reads the whole phonebook.
    DownloadPhonebook {
        /// Which page of it, from 1.
        page: u16,
        /// Whether the XML is wanted too.
        xml: bool,
    },
    /// Lists groups.
    ListGroups,
    /// Adds a group.
    AddGroup(String),
    /// Renames a group.
    RenameGroup {
        /// The phone's own id of it.
        id: String,
        /// Its new name.
        name: String,
    },
    /// Deletes a group, by its id.
    DeleteGroup(String),
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
        help: "Calls a number, as people write it (blanks, `-`, `.`, `(`, `)`, `/` and `tel:` are taken off); one of `dial_allow` must match what is left; `account` counts from 1 and is 1 if not given; with `hang_up_after` (such as `\"30s\"`, up to 10 minutes) this very call is ended after that time, unless it was answered",
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
        others: &["force"],
        help: "Restarts the phone; refused during a call unless `force` is `true`",
        build: |arguments| Ok(Command::Reboot { force: arguments.flag("force")? }),
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
        name: "list_accounts",
        main: Some("registered"),
        others: &[],
        help: "Asks the phone for its accounts, with `true` (`registered`) only for those that are registered; `data.accounts` is a list, each as on `P/accounts/<n>`",
        build: |arguments| Ok(Command::ListAccounts { registered: arguments.flag("registered")? }),
    },
    CommandRow {
        name: "get_values",
        main: Some("names"),
        others: &[],
        help: "Reads settings (P-values) by name, such as `68:vendor_name`, or a list in JSON; `data` has each name, without its `P`, and what the phone says, null where it says nothing; passwords and keys are never read",
        build: |arguments| Ok(Command::GetValues(values::names(&arguments.list("names")?)?)),
    },
    CommandRow {
        name: "set_values",
        main: Some("values"),
        others: &[],
        help: "Changes settings: a JSON object such as `{\"P1561\": \"1\"}`; reads them back, and fails if the phone ignored one; runs only if `allow` names it, or the phone's `values` name all that is to be set, and it fits",
        build: set_values,
    },
    CommandRow {
        name: "change_password",
        main: None,
        others: &["role", "old", "new"],
        help: "Changes the password of the `admin` or the `user`; if the bridge logs in with it, it goes on with the new one, and `data.ours` says that the settings must be changed; runs only if `allow` names it",
        build: change_password,
    },
    CommandRow {
        name: "list_contacts",
        main: Some("name"),
        others: &["contact", "group", "page"],
        help: "Lists the phone's contacts whose name has this in it, with this id (`contact`), or of this `group`; `data` has `contacts`, `page`, `pages`, `total`",
        build: list_contacts,
    },
    CommandRow {
        name: "save_contact",
        main: None,
        others: &[
            "contact",
            "name",
            "first_name",
            "last_name",
            "group",
            "work",
            "home",
            "mobile",
            "fax",
            "email",
        ],
        help: "Adds a contact, by its whole `name` or by `first_name` and `last_name`; with an id (`contact`) changes that one: what is not said stays as it is, and a number or address that is `\"\"` is deleted",
        build: contacts::save,
    },
    CommandRow {
        name: "delete_contact",
        main: Some("contact"),
        others: &[],
        help: "Deletes the contact with this id",
        build: |arguments| Ok(Command::DeleteContact(arguments.required("contact")?)),
    },
    CommandRow {
        name: "delete_all_contacts",
        main: None,
        others: &[],
        help: "Deletes all contacts; `data` has them as they were; runs only if `allow` names it",
        build: |_| Ok(Command::DeleteAllContacts),
    },
    CommandRow {
        name: "download_phonebook",
        main: Some("page"),
        others: &["xml"],
        help: "Reads the whole phonebook; `data` as of `list_contacts`, and the phone's own `xml` if it is `true` here",
        build: |arguments| {
            let page = arguments.count("page")?.unwrap_or(1);
            Ok(Command::DownloadPhonebook { page, xml: arguments.flag("xml")? })
        },
    },
    CommandRow {
        name: "list_groups",
        main: None,
        others: &[],
        help: "Lists the groups of contacts",
        build: |_| Ok(Command::ListGroups),
    },
    CommandRow {
        name: "add_group",
        main: Some("name"),
        others: &[],
        help: "Adds a group",
        build: |arguments| Ok(Command::AddGroup(arguments.required("name")?)),
    },
    CommandRow {
        name: "rename_group",
        main: None,
        others: &["group", "name"],
        help: "Renames the group with this id (`group`)",
        build: |arguments| {
            let id = arguments.required("group")?;
            Ok(Command::RenameGroup { id, name: arguments.required("name")? })
        },
    },
    CommandRow {
        name: "delete_group",
        main: Some("group"),
        others: &[],
        help: "Deletes the group with this id",
        build: |arguments| Ok(Command::DeleteGroup(arguments.required("group")?)),
    },
    CommandRow {
        name: "reset_missed_calls",
        main: None,
        others: &[],
        help: "Sets `P/missed_calls` to 0; asks nothing of the phone",
        build: |_| Ok(Command::ResetMissedCalls),
    },
];

fn dial(arguments: &Arguments) -> Result<Command, String> {
    let number = number::dialled(&arguments.text("number")?.unwrap_or_default());
    if number.is_empty() {
        return Err("which number? send it as the payload, or as \"number\" in JSON".to_owned());
    }
    Ok(Command::Dial {
        number,
        account: arguments.count("account")?.unwrap_or(1),
        hang_up_after: arguments.duration("hang_up_after", &LIMITS)?,
    })
}

fn set_values(arguments: &Arguments) -> Result<Command, String> {
    let which = "which values? send an object such as {\"P1561\": \"1\"}";
    let Some(Value::Object(wanted)) = arguments.fields.get("values") else {
        return Err(which.to_owned());
    };
    let value = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err(format!("{name} must be a text or a number"));
            }
        };
        Ok((values::settable(name)?, text))
    };
    let wanted = wanted.iter().map(value).collect::<Result<BTreeMap<_, _>, _>>()?;
    if wanted.is_empty() { Err(which.to_owned()) } else { Ok(Command::SetValues(wanted)) }
}

fn change_password(arguments: &Arguments) -> Result<Command, String> {
    let role = arguments.required("role")?;
    let role = Role::TABLE.iter().find(|(_, word)| *word == role);
    let (role, _) = role.ok_or("role must be admin or user")?;
    let password =
        |key| Password::new(arguments.as_it_is(key)).map_err(|why| format!("{key} {why}"));
    let (old, new) = (password("old")?, password("new")?);
    if old == new {
        return Err("new must be another password than old".to_owned());
    }
    Ok(Command::ChangePassword { role: *role, old, new })
}

fn list_contacts(arguments: &Arguments) -> Result<Command, String> {
    let filter = Filter {
        id: arguments.text("contact")?,
        name: arguments.text("name")?,
        group: arguments.text("group")?,
    };
    Ok(Command::ListContacts { filter, page: arguments.count("page")?.unwrap_or(1) })
}

fn operate(arguments: &Arguments, operation: Operation) -> Result<Command, String> {
    Ok(Command::Operate { operation, line: arguments.count("line")? })
}

#[cfg(test)]
mod tests;
