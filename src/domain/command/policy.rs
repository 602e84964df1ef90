//! What of the commands is allowed: the settings say so for each phone.

use std::collections::BTreeSet;

use crate::domain::command::dial_allow::DialAllow;
use crate::domain::command::result::{ErrorCode, Failure};

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
    /// Checks that a guarded command may run.
    pub(super) fn guards(&self, command: Guarded) -> Result<(), Failure> {
        if self.allow.contains(&command) {
            return Ok(());
        }
        let row = Guarded::TABLE.iter().find(|(known, _)| *known == command);
        let name = row.map_or("", |(_, name)| name);
        let message = format!("the phone's allow does not name {name}");
        Err(Failure::new(ErrorCode::NotAllowed, message))
    }
}
