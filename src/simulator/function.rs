//! The functions of the phone's Web API, and the paths that they are known by below `/cgi-bin/`.

/// One function, named as the vendor guide names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// Request for Random Number.
    RandomNumber,
    /// Password Token Authentication.
    Login,
    /// Return Values Request.
    GetValues,
    /// Post Values Request.
    SetValues,
    /// Change Password.
    ChangePassword,
    /// Get Contact.
    GetContacts,
    /// Save/Edit Contact.
    SaveContact,
    /// Delete Contact.
    DeleteContact,
    /// Delete All Contacts.
    DeleteAllContacts,
    /// Get Contact Group.
    GetGroups,
    /// Add Contact Group.
    AddGroup,
    /// Edit/delete Contact Group.
    EditGroup,
    /// Phonebook Download.
    DownloadPhonebook,
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
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::RandomNumber,
        Self::Login,
        Self::GetValues,
        Self::SetValues,
        Self::ChangePassword,
        Self::GetContacts,
        Self::SaveContact,
        Self::DeleteContact,
        Self::DeleteAllContacts,
        Self::GetGroups,
        Self::AddGroup,
        Self::EditGroup,
        Self::DownloadPhonebook,
        Self::GetAccounts,
        Self::GetLineStatus,
        Self::GetPhoneStatus,
        Self::GetTime,
        Self::MakeCall,
        Self::PhoneOperation,
        Self::SystemOperation,
    ];

    /// Where it is found. The public copies of the vendor guide lost most request URIs: the rest is from the GXP and GRP
    /// families' API, which has the same functions (CTI guide; clients of GXP1625 and GSC3516).
    pub fn path(self) -> &'static str {
        match self {
            Self::RandomNumber => "loginrealm",
            Self::Login => "login",
            Self::GetValues => "api.values.get",
            Self::SetValues => "api.values.post",
            Self::ChangePassword => "api-change_password",
            Self::GetContacts => "api-get_contacts",
            Self::SaveContact => "api-save_contact",
            Self::DeleteContact => "api-delete_contact",
            Self::DeleteAllContacts => "api-delete_all_contact",
            Self::GetGroups => "api-get_groups",
            Self::AddGroup => "api-add_group",
            Self::EditGroup => "api-edit_delete_group",
            Self::DownloadPhonebook => "phonebook_download",
            Self::GetAccounts => "api-get_accounts",
            Self::GetLineStatus => "api-get_line_status",
            Self::GetPhoneStatus => "api-get_phone_status",
            Self::GetTime => "api-get_time",
            Self::MakeCall => "api-make_call",
            Self::PhoneOperation => "api-phone_operation",
            Self::SystemOperation => "api-sys_operation",
        }
    }

    /// The function at this path. Nobody knows whether the contacts' paths are singular or plural: both work here.
    pub(super) fn at(path: &str) -> Option<Self> {
        match path {
            "api-get_contact" => Some(Self::GetContacts),
            "api-get_group" => Some(Self::GetGroups),
            "api-delete_all_contacts" => Some(Self::DeleteAllContacts),
            other => Self::ALL.into_iter().find(|one| one.path() == other),
        }
    }

    /// Whether it is part of opening a session, which only one dialect has.
    pub(super) fn opens_session(self) -> bool {
        matches!(self, Self::RandomNumber | Self::Login)
    }
}
