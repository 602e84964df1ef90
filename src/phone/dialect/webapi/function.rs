//! The functions of the vendor's Web API, and where they are.

use crate::domain::request::{PhoneRequest, StatusQuery};

/// A function of the phone's API; each has a request path, which the settings may spell otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Request for Random Number.
    LoginRealm,
    /// Password Token Authentication.
    Login,
    /// Return Values.
    GetValues,
    /// Post Values.
    SetValues,
    /// Change Password.
    ChangePassword,
    /// Get Contact.
    GetContacts,
    /// Save/Edit Contact.
    SaveContact,
    /// Delete All Contacts.
    DeleteAllContacts,
    /// Delete Contact.
    DeleteContact,
    /// Add Contact Group.
    AddGroup,
    /// Get Contact Group.
    GetGroups,
    /// Edit/delete Contact Group.
    EditGroup,
    /// Get Account Status.
    GetAccounts,
    /// Get Line Status.
    GetLineStatus,
    /// Get Phone Status.
    GetPhoneStatus,
    /// Get System Time.
    GetTime,
    /// Make Call.
    MakeCall,
    /// Phone/Call Operations.
    PhoneOperation,
    /// System Operations.
    SystemOperation,
    /// Phonebook Download.
    PhonebookDownload,
}

impl Function {
    /// Every function: its key under `[phones.<id>.endpoints]`, and its path where the settings don't name one.
    ///
    /// The first two paths are of the vendor's GXV33xx guide; the others are of its CTI guide and of clients of
    /// sibling phones (GXP, GRP, WP826), and were not tried on a GXV.
    pub const TABLE: [(Self, &'static str, &'static str); 20] = [
        (Self::LoginRealm, "loginrealm", "loginrealm"),
        (Self::Login, "login", "login"),
        (Self::GetValues, "get_values", "api.values.get"),
        (Self::SetValues, "set_values", "api.values.post"),
        (Self::ChangePassword, "change_password", "api-change_password"),
        (Self::GetContacts, "get_contacts", "api-get_contacts"),
        (Self::SaveContact, "save_contact", "api-save_contact"),
        (Self::DeleteAllContacts, "delete_all_contacts", "api-delete_all_contact"),
        (Self::DeleteContact, "delete_contact", "api-delete_contact"),
        (Self::AddGroup, "add_group", "api-add_group"),
        (Self::GetGroups, "get_groups", "api-get_groups"),
        (Self::EditGroup, "edit_group", "api-edit_delete_group"),
        (Self::GetAccounts, "get_accounts", "api-get_accounts"),
        (Self::GetLineStatus, "get_line_status", "api-get_line_status"),
        (Self::GetPhoneStatus, "get_phone_status", "api-get_phone_status"),
        (Self::GetTime, "get_time", "api-get_time"),
        (Self::MakeCall, "make_call", "api-make_call"),
        (Self::PhoneOperation, "phone_operation", "api-phone_operation"),
        (Self::SystemOperation, "sys_operation", "api-sys_operation"),
        (Self::PhonebookDownload, "phonebook_download", "phonebook_download"),
    ];

    /// Returns the function that a request calls.
    pub fn of(request: &PhoneRequest) -> Self {
        match request {
            PhoneRequest::Read(StatusQuery::Lines) => Self::GetLineStatus,
            PhoneRequest::Read(StatusQuery::Status) => Self::GetPhoneStatus,
            PhoneRequest::Read(StatusQuery::Accounts) | PhoneRequest::GetRegistered => {
                Self::GetAccounts
            }
            PhoneRequest::Read(StatusQuery::Clock) => Self::GetTime,
            PhoneRequest::Read(StatusQuery::Identity) | PhoneRequest::GetValues(_) => {
                Self::GetValues
            }
            PhoneRequest::Dial { .. } => Self::MakeCall,
            PhoneRequest::Operate { .. } => Self::PhoneOperation,
            PhoneRequest::System(_) => Self::SystemOperation,
            PhoneRequest::SetValues(_) => Self::SetValues,
            PhoneRequest::ChangePassword { .. } => Self::ChangePassword,
            PhoneRequest::GetContacts(_) => Self::GetContacts,
            PhoneRequest::SaveContact(_) => Self::SaveContact,
            PhoneRequest::DeleteContact(_) => Self::DeleteContact,
            PhoneRequest::DeleteAllContacts => Self::DeleteAllContacts,
            PhoneRequest::GetGroups => Self::GetGroups,
            PhoneRequest::DownloadPhonebook => Self::PhonebookDownload,
            PhoneRequest::AddGroup(_) => Self::AddGroup,
            PhoneRequest::EditGroup { .. } => Self::EditGroup,
        }
    }

    /// Returns the vendor guide's name of this function.
    pub fn guide_name(self) -> &'static str {
        match self {
            Self::LoginRealm => "Request for Random Number",
            Self::Login => "Password Token Authentication",
            Self::GetValues => "Return Values",
            Self::SetValues => "Post Values",
            Self::ChangePassword => "Change Password",
            Self::GetContacts => "Get Contact",
            Self::SaveContact => "Save/Edit Contact",
            Self::DeleteAllContacts => "Delete All Contacts",
            Self::DeleteContact => "Delete Contact",
            Self::AddGroup => "Add Contact Group",
            Self::GetGroups => "Get Contact Group",
            Self::EditGroup => "Edit/delete Contact Group",
            Self::GetAccounts => "Get Account Status",
            Self::GetLineStatus => "Get Line Status",
            Self::GetPhoneStatus => "Get Phone Status",
            Self::GetTime => "Get System Time",
            Self::MakeCall => "Make Call",
            Self::PhoneOperation => "Phone/Call Operations",
            Self::SystemOperation => "System Operations",
            Self::PhonebookDownload => "Phonebook Download",
        }
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

    pub(super) fn row(self) -> (Self, &'static str, &'static str) {
        Self::TABLE[self as usize]
    }

    /// Returns the function of this key in the settings.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::TABLE.iter().find(|(_, k, _)| *k == key).map(|(function, ..)| *function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_functions() {
        for (function, ..) in Function::TABLE {
            assert_eq!(function.row().0, function);
        }
    }

    #[test]
    fn a_request_and_its_function_agree() {
        let requests = [
            PhoneRequest::Read(StatusQuery::Lines),
            PhoneRequest::Dial { number: "1".into(), account: 1 },
            PhoneRequest::GetValues(vec!["68".into()]),
            PhoneRequest::SetValues(Vec::new()),
            PhoneRequest::DeleteAllContacts,
            PhoneRequest::GetGroups,
            PhoneRequest::AddGroup("Family".into()),
            PhoneRequest::DownloadPhonebook,
        ];
        for request in requests {
            let function = Function::of(&request);
            assert_eq!(function.guide_name(), request.function());
            assert_eq!(function.changes(), request.changes());
        }
    }
}
