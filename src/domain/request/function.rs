//! The functions of the phones' API, by the names in the vendor's guide.

/// A function of the phone's API, by the vendor guide's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the table has their names")]
pub enum Function {
    LoginRealm,
    Login,
    GetValues,
    SetValues,
    ChangePassword,
    GetContacts,
    SaveContact,
    DeleteAllContacts,
    DeleteContact,
    AddGroup,
    GetGroups,
    EditGroup,
    GetAccounts,
    GetLineStatus,
    GetPhoneStatus,
    GetTime,
    MakeCall,
    PhoneOperation,
    SystemOperation,
    PhonebookDownload,
}

impl Function {
    /// Every function, and its name in the vendor's guide.
    pub const NAMES: [(Self, &'static str); 20] = [
        (Self::LoginRealm, "Request for Random Number"),
        (Self::Login, "Password Token Authentication"),
        (Self::GetValues, "Return Values"),
        (Self::SetValues, "Post Values"),
        (Self::ChangePassword, "Change Password"),
        (Self::GetContacts, "Get Contact"),
        (Self::SaveContact, "Save/Edit Contact"),
        (Self::DeleteAllContacts, "Delete All Contacts"),
        (Self::DeleteContact, "Delete Contact"),
        (Self::AddGroup, "Add Contact Group"),
        (Self::GetGroups, "Get Contact Group"),
        (Self::EditGroup, "Edit/delete Contact Group"),
        (Self::GetAccounts, "Get Account Status"),
        (Self::GetLineStatus, "Get Line Status"),
        (Self::GetPhoneStatus, "Get Phone Status"),
        (Self::GetTime, "Get System Time"),
        (Self::MakeCall, "Make Call"),
        (Self::PhoneOperation, "Phone/Call Operations"),
        (Self::SystemOperation, "System Operations"),
        (Self::PhonebookDownload, "Phonebook Download"),
    ];

    /// Returns the vendor guide's name of this function.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    /// Returns `true` if it does or changes something.
    pub fn changes(self) -> bool {
        matches!(
            self,
            Self::SetValues
                | Self::ChangePassword
                | Self::SaveContact
                | Self::DeleteAllContacts
                | Self::DeleteContact
                | Self::AddGroup
                | Self::EditGroup
                | Self::MakeCall
                | Self::PhoneOperation
                | Self::SystemOperation
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_functions() {
        for (place, (function, _)) in Function::NAMES.into_iter().enumerate() {
            assert_eq!(place, function as usize);
        }
    }
}
