//! Commands about the values of the phone ("P-values"), and its passwords.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::arguments::Arguments;
use super::group::{Gathered, Group, Row, Urgency};
use super::policy::{Guarded, Policy};
use super::result::{ErrorCode, Failure};
use crate::domain::request::password::Password;
use crate::domain::request::{PhoneRequest, Role};
use crate::domain::values;
use crate::domain::values::named::{self, NamedValue};

/// Something to be done with values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValuesCommand {
    /// Reads values of the phone.
    Get(Vec<String>),
    /// Changes values of the phone; names are without the `P`.
    Set(BTreeMap<String, String>),
    /// Changes a password of the phone.
    ChangePassword {
        /// Whose.
        role: Role,
        /// The password as it is.
        old: Password,
        /// The password as it is to be.
        new: Password,
    },
}

/// Every command about values.
pub(super) const ROWS: &[Row<ValuesCommand>] = &[
    Row {
        name: "get_values",
        main: Some("names"),
        others: &[],
        help: "Reads settings (P-values) by name, such as `68:vendor_name`, or a list in JSON; `data` has each name, without its `P`, and what the phone says, null where it says nothing; passwords and keys are never read",
        build: |arguments| Ok(ValuesCommand::Get(values::names(&arguments.list("names")?)?)),
    },
    Row {
        name: "set_values",
        main: Some("values"),
        others: &[],
        help: "Changes settings: a JSON object such as `{\"P1561\": \"1\"}`; reads them back, and fails if the phone ignored one; runs only if `allow` names it, or the phone's `values` name all that is to be set, and it fits",
        build: set_values,
    },
    Row {
        name: "change_password",
        main: None,
        others: &["role", "old", "new"],
        help: "Changes the password of the `admin` or the `user`; if the bridge logs in with it, it goes on with the new one, and `data.ours` says that the settings must be changed; runs only if `allow` names it",
        build: change_password,
    },
];

impl Group for ValuesCommand {
    fn permits(&self, policy: &Policy, named: &[NamedValue]) -> Result<(), Failure> {
        match self {
            Self::Get(_) => Ok(()),
            Self::Set(wanted) => {
                let others = named::others(wanted, named)
                    .map_err(|why| Failure::new(ErrorCode::BadPayload, why))?;
                let Some(other) = others.first() else { return Ok(()) };
                policy.guards(Guarded::SetValues).map_err(|failure| {
                    let message = format!(
                        "{}, nor do its values name P{other} as one to be set",
                        failure.message
                    );
                    Failure { message, ..failure }
                })
            }
            Self::ChangePassword { .. } => policy.guards(Guarded::ChangePassword),
        }
    }

    fn urgency(&self) -> Urgency {
        match self {
            Self::Get(_) => Urgency::Yielding,
            Self::Set(_) | Self::ChangePassword { .. } => Urgency::InOrder,
        }
    }

    fn requests(&self, _: Vec<Vec<String>>) -> Vec<PhoneRequest> {
        let get = |names: &[String]| values::lists(names).into_iter().map(PhoneRequest::GetValues);
        match self {
            Self::Get(names) => get(names).collect(),
            Self::Set(wanted) => {
                let names: Vec<String> = wanted.keys().cloned().collect();
                let set = PhoneRequest::SetValues(wanted.clone().into_iter().collect());
                std::iter::once(set).chain(get(&names)).collect()
            }
            Self::ChangePassword { role, old, new } => {
                let (role, old, new) = (*role, old.clone(), new.clone());
                vec![PhoneRequest::ChangePassword { role, old, new }]
            }
        }
    }

    fn result(&self, gathered: &Gathered) -> Result<Value, Failure> {
        match self {
            Self::Get(names) => {
                let said = |name: &String| (name.clone(), json!(gathered.values.get(name)));
                Ok(names.iter().map(said).collect())
            }
            Self::Set(wanted) => match &values::ignored(wanted, &gathered.values)[..] {
                [] => Ok(json!(wanted)),
                ignored => {
                    let message = format!(
                        "the phone took it, but {} did not change: perhaps this user may not set it, \
                         or the phone does not know it",
                        ignored.join(", ")
                    );
                    Err(Failure::new(ErrorCode::Refused, message))
                }
            },
            Self::ChangePassword { .. } => Ok(json!({ "ours": gathered.ours })),
        }
    }
}

fn set_values(arguments: &Arguments) -> Result<ValuesCommand, String> {
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
    if wanted.is_empty() { Err(which.to_owned()) } else { Ok(ValuesCommand::Set(wanted)) }
}

fn change_password(arguments: &Arguments) -> Result<ValuesCommand, String> {
    let role = arguments.required("role")?;
    let role = Role::TABLE.iter().find(|(_, word)| *word == role);
    let (role, _) = role.ok_or("role must be admin or user")?;
    let password =
        |key| Password::new(arguments.as_it_is(key)).map_err(|why| format!("{key} {why}"));
    let (old, new) = (password("old")?, password("new")?);
    if old == new {
        return Err("new must be another password than old".to_owned());
    }
    Ok(ValuesCommand::ChangePassword { role: *role, old, new })
}
