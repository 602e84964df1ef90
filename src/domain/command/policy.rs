//! What of the commands is allowed: the settings say so for each phone.

use std::collections::BTreeSet;

use crate::domain::command::Command;
use crate::domain::command::dial_allow::DialAllow;
use crate::domain::command::result::{ErrorCode, Failure};
use crate::domain::request::SystemOperation;
use crate::domain::values::named::{self, NamedValue};

/// A command that runs only where the settings allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guarded {
    /// Erases the phone.
    FactoryReset,
    /// Changes a password of the phone.
    ChangePassword,
    /// Erases all contacts.
    DeleteAllContacts,
    /// Changes any setting of the phone.
    SetValues,
}

impl Guarded {
    /// Every guarded command, and its name in `allow`.
    pub const TABLE: [(Self, &'static str); 4] = [
        (Self::FactoryReset, "factory_reset"),
        (Self::ChangePassword, "change_password"),
        (Self::DeleteAllContacts, "delete_all_contacts"),
        (Self::SetValues, "set_values"),
    ];
}

/// What may be asked of one phone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// Guarded commands that may run.
    pub allow: BTreeSet<Guarded>,
    /// Numbers that may be dialled.
    pub dial_allow: DialAllow,
}

impl Policy {
    /// Says whether a command may run; values that the settings name may be set, as far as what is written fits.
    pub fn permits(&self, command: &Command, settings: &[NamedValue]) -> Result<(), Failure> {
        match command {
            Command::Dial { number, .. } => self
                .dial_allow
                .check(number)
                .map_err(|why| Failure::new(ErrorCode::NotAllowed, why)),
            Command::System(SystemOperation::FactoryReset) => self.guards(Guarded::FactoryReset),
            Command::SetValues(wanted) => {
                let others = named::others(wanted, settings)
                    .map_err(|why| Failure::new(ErrorCode::BadPayload, why))?;
                let Some(other) = others.first() else { return Ok(()) };
                self.guards(Guarded::SetValues).map_err(|failure| {
                    let message = format!(
                        "{}, nor do its values name P{other} as one to be set",
                        failure.message
                    );
                    Failure { message, ..failure }
                })
            }
            Command::ChangePassword { .. } => self.guards(Guarded::ChangePassword),
            Command::DeleteAllContacts => self.guards(Guarded::DeleteAllContacts),
            Command::Operate { .. }
            | Command::System(_)
            | Command::Reboot { .. }
            | Command::ListAccounts { .. }
            | Command::GetValues(_)
            | Command::ListContacts { .. }
            | Command::SaveContact(_)
            | Command::DeleteContact(_)
            | Command::DownloadPhonebook { .. }
            | Command::ListGroups
            | Command::AddGroup(_)
            | Command::RenameGroup { .. }
            | Command::DeleteGroup(_)
            | Command::Refresh
            | Command::GetTime
            | Command::ResetMissedCalls => Ok(()),
        }
    }
}

impl Policy {
    fn guards(&self, command: Guarded) -> Result<(), Failure> {
        if self.allow.contains(&command) {
            return Ok(());
        }
        let row = Guarded::TABLE.iter().find(|(known, _)| *known == command);
        let name = row.map_or("", |(_, name)| name);
        let message = format!("the phone's allow does not name {name}");
        Err(Failure::new(ErrorCode::NotAllowed, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_hold() {
        let strict = Policy::default();
        let open = Policy { allow: [Guarded::FactoryReset].into(), ..strict.clone() };
        let dial =
            |number: &str| Command::Dial { number: number.into(), account: 1, hang_up_after: None };
        let reset = Command::System(SystemOperation::FactoryReset);
        assert!(strict.permits(&dial("+49*30#"), &[]).is_ok());
        assert!(strict.permits(&dial("sip:x@y"), &[]).is_err());
        assert!(strict.permits(&dial("1&account=9"), &[]).is_err());
        assert_eq!(strict.permits(&reset, &[]).unwrap_err().code, ErrorCode::NotAllowed);
        assert!(open.permits(&reset, &[]).is_ok());
        assert!(strict.permits(&Command::Reboot { force: true }, &[]).is_ok());
        let set = |name: &str| Command::SetValues([(name.to_owned(), "5".to_owned())].into());
        for guarded in [set("35"), Command::DeleteAllContacts] {
            assert_eq!(strict.permits(&guarded, &[]).unwrap_err().code, ErrorCode::NotAllowed);
        }
    }
}
