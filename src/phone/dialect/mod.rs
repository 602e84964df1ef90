//! How a phone is spoken to: requests and answers, without sending anything. One file for each dialect.

mod answer;
mod cti;
mod gxv;
mod json;
mod kept;
mod values;
mod xml;

use std::borrow::Cow;
use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::request::{
    Answer, Operation, PhoneError, PhoneRequest, Role, StatusQuery, SystemOperation,
};

/// A request of a dialect; its values may be secret, so it is never shown.
pub struct Request {
    /// The function, which decides the path.
    pub function: Function,
    /// `POST` instead of `GET`.
    pub post: bool,
    /// The query.
    pub query: Fields,
    /// The form, if it is a `POST`.
    pub form: Fields,
}

/// Names and values of a query or a form.
pub type Fields = Vec<(Cow<'static, str>, String)>;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Where it redirects to: scheme and host only.
    pub redirect: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A login that was taken, or seems so.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Welcome {
    /// Whether the phone said yes in so many words; else the first request tells whether the login holds.
    pub is_clear: bool,
    /// The session, where the answer names it; it is a secret.
    pub sid: Option<String>,
}

/// Why a reply is no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// The phone wants a login, or a new one.
    SessionExpired,
    /// Anything else.
    PhoneError(PhoneError),
}

impl From<PhoneError> for Error {
    fn from(trouble: PhoneError) -> Self {
        Self::PhoneError(trouble)
    }
}

/// One phone's way of being spoken to.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// Which.
    pub kind: Kind,
    /// The user that logs in.
    pub username: String,
    /// Its password.
    pub password: Option<SecretString>,
    /// How the login is hashed.
    pub digest: Digest,
    /// The number of account 1 in `make_call`.
    pub account_base: u16,
    /// The number of account 1 in the status of lines.
    pub line_account_base: u16,
    /// Request paths that this firmware spells otherwise.
    pub endpoints: BTreeMap<Function, String>,
    /// Whether the phone takes a call off hold by `unhold`, and not by `holdcall` again.
    pub unholds: bool,
}

impl Dialect {
    /// Says whether the bridge logs in with this password of this role.
    pub fn logs_in_with(&self, role: Role, password: &SecretString) -> bool {
        let same = |ours: &SecretString| ours.expose_secret() == password.expose_secret();
        let is_user = self.username == "user";
        // a passcode has no name
        let fits = self.kind == Kind::Cti || (role == Role::User) == is_user;
        fits && self.password.as_ref().is_some_and(same)
    }

    /// Returns the path of a function, below the phone's address.
    pub fn path(&self, function: Function) -> String {
        let path = self.endpoints.get(&function).map_or(function.row().2, String::as_str);
        if path.starts_with('/') { path.to_owned() } else { format!("/cgi-bin/{path}") }
    }

    /// Says whether the phone wants a login before anything else.
    pub fn has_session(&self) -> bool {
        self.kind == Kind::Gxv && self.password.is_some()
    }

    /// Returns the request for the random number of a login.
    pub fn login_realm(&self) -> Request {
        gxv::login_realm()
    }

    /// Returns the login, from the reply with the random number.
    pub fn login(&self, realm: &Reply) -> Result<Request, PhoneError> {
        let random = gxv::read_realm(realm)
            .map_err(|trouble| self.name_the_path(Function::LoginRealm, trouble))?;
        Ok(gxv::login(self, &random))
    }

    /// Reads the reply to a login; `cookie` if one came along with it.
    pub fn read_login(&self, reply: &Reply, cookie: bool) -> Result<Welcome, PhoneError> {
        gxv::read_login(reply, cookie)
            .map_err(|trouble| self.name_the_path(Function::Login, trouble))
    }

    /// Returns the request that asks this.
    pub fn request(&self, ask: &PhoneRequest) -> Request {
        let request = Request {
            function: Function::of(ask),
            post: false,
            query: fields(ask, self.account_base, self.unholds),
            form: Vec::new(),
        };
        match self.kind {
            Kind::Gxv => gxv::phrase(request),
            Kind::Cti => cti::phrase(request, self.password.as_ref()),
        }
    }

    /// Reads the reply to an ask.
    pub fn read(&self, ask: &PhoneRequest, reply: &Reply) -> Result<Answer, Error> {
        let answer = match ask {
            PhoneRequest::Read(StatusQuery::Lines) => answer::lines(reply, self.line_account_base),
            PhoneRequest::Read(StatusQuery::Accounts) | PhoneRequest::GetRegistered => {
                answer::accounts(reply)
            }
            PhoneRequest::Read(StatusQuery::Status) => answer::status(reply),
            PhoneRequest::Read(StatusQuery::Clock) => answer::clock(reply),
            PhoneRequest::Read(StatusQuery::Identity) => answer::identity(reply),
            PhoneRequest::GetValues(names) => kept::read_values(reply, names),
            PhoneRequest::SetValues(_) | PhoneRequest::ChangePassword { .. } => kept::set(reply),
            PhoneRequest::GetContacts(_) => kept::contacts(reply),
            PhoneRequest::GetGroups => kept::groups(reply),
            PhoneRequest::DownloadPhonebook => xml::phonebook(reply),
            PhoneRequest::Dial { .. }
            | PhoneRequest::Operate { .. }
            | PhoneRequest::System(_)
            | PhoneRequest::SaveContact(_)
            | PhoneRequest::DeleteContact(_)
            | PhoneRequest::DeleteAllContacts
            | PhoneRequest::AddGroup(_)
            | PhoneRequest::EditGroup { .. } => answer::done(reply),
        };
        answer.map_err(|error| match error {
            Error::SessionExpired => Error::SessionExpired,
            Error::PhoneError(trouble) => {
                Error::PhoneError(self.name_the_path(Function::of(ask), trouble))
            }
        })
    }

    /// Says what it means that the phone wants a login for one function, and answers others as it is asked now.
    pub fn forbidden(&self) -> PhoneError {
        let why = match (self.kind, &self.password) {
            (_, None) => "it wants a login for that: set password or password_file",
            (Kind::Gxv, Some(_)) => "this user may not do that",
            (Kind::Cti, Some(_)) => "it does not take the passcode for that",
        };
        PhoneError::Forbidden(why.to_owned())
    }

    /// Says what it means that the phone wants a login even for its lines: without those it is of no use.
    pub fn unauthorized(&self) -> PhoneError {
        let why = match (self.kind, &self.password) {
            (Kind::Gxv, None) => "it wants a login: set password or password_file",
            (Kind::Gxv, Some(_)) => "it took it, and then says unauthorized all the same",
            (Kind::Cti, None) => "it wants a passcode: set password or password_file",
            (Kind::Cti, Some(_)) => {
                "it does not take the passcode: check password, dialect, and Action URI Support \
                 under Network, Remote Control"
            }
        };
        PhoneError::Unauthorized(why.to_owned())
    }

    /// Says of a function that is not there which path was tried, and how to set another.
    fn name_the_path(&self, function: Function, trouble: PhoneError) -> PhoneError {
        let PhoneError::Unsupported(why) = trouble else { return trouble };
        PhoneError::Unsupported(format!(
            "{why} at {}: check dialect; if this firmware spells it otherwise, set endpoints.{}",
            self.path(function),
            function.row().1
        ))
    }
}

/// Returns the query of an ask, in the names of the vendor's guide.
fn fields(ask: &PhoneRequest, account_base: u16, unholds: bool) -> Fields {
    match ask {
        // each list of names stays under 64 bytes: longer ones overflow old firmware (CVE-2026-2329)
        PhoneRequest::Read(StatusQuery::Identity) => {
            named([("request", "67:68:phone_model:vendor_name:vendor_fullname:hw_rev".to_owned())])
        }
        PhoneRequest::Read(_)
        | PhoneRequest::DeleteAllContacts
        | PhoneRequest::GetGroups
        | PhoneRequest::DownloadPhonebook => Vec::new(),
        // the guide takes "1" or "true"; WP826 captures have 1
        PhoneRequest::GetRegistered => named([("registered", "1".to_owned())]),
        PhoneRequest::Dial { number, account } => {
            let account = account.saturating_sub(1).saturating_add(account_base);
            named([("phonenumber", number.clone()), ("account", account.to_string())])
        }
        PhoneRequest::Operate { operation, line } => {
            let cmd = match operation {
                Operation::Answer => "acceptcall",
                Operation::Reject => "rejectcall",
                Operation::HangUp => "endcall",
                // the vendor's extension for browsers has it
                Operation::Resume if unholds => "unhold",
                // it toggles: the guide has no other way back (seen in clients of GXP phones)
                Operation::Hold | Operation::Resume => "holdcall",
            };
            // the guide's text says "arg", its table "Line"; the vendor's own extension sends arg
            named([("cmd", cmd.to_owned()), ("arg", line.to_string()), ("line", line.to_string())])
        }
        PhoneRequest::System(operation) => {
            let request = match operation {
                SystemOperation::Reboot => "REBOOT",
                SystemOperation::Provision => "PROV",
                SystemOperation::FactoryReset => "RESET",
            };
            named([("request", request.to_owned())])
        }
        PhoneRequest::GetValues(names) => named([("request", names.join(":"))]),
        PhoneRequest::SetValues(values) => kept::values(values),
        PhoneRequest::ChangePassword { role, old, new } => kept::passwords(*role, old, new),
        PhoneRequest::GetContacts(filter) => kept::filter(filter),
        PhoneRequest::SaveContact(contact) => kept::contact(contact),
        PhoneRequest::DeleteContact(id) => named([("id", id.clone())]),
        PhoneRequest::AddGroup(name) => named([("name", name.clone())]),
        PhoneRequest::EditGroup { id, name } => named([("id", id.clone()), ("name", name.clone())]),
    }
}

fn named<const N: usize>(fields: [(&'static str, String); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

/// The dialects of the phones' HTTP API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// The vendor's Web API guide for GXV33xx and WP820: login by random number, cookie session.
    #[default]
    Gxv,
    /// The vendor's CTI guide for GXP and GRP: the passcode in the query.
    Cti,
}

/// The hash of the login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Digest {
    /// As the vendor's guide says.
    #[default]
    Md5,
    /// As newer firmware wants it.
    Sha256,
}

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

impl Kind {
    /// Returns the name of this dialect in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gxv => "gxv",
            Self::Cti => "cti",
        }
    }
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

    /// Returns the function that an ask calls.
    pub fn of(ask: &PhoneRequest) -> Self {
        match ask {
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

    fn row(self) -> (Self, &'static str, &'static str) {
        Self::TABLE[self as usize]
    }

    /// Returns the function of this key in the settings.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::TABLE.iter().find(|(_, k, _)| *k == key).map(|(function, ..)| *function)
    }
}

#[cfg(test)]
mod kept_tests;
#[cfg(test)]
mod tests;
