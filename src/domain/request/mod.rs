//! What the bridge asks of a phone in one request, what the phone answers, and what may go wrong.

mod function;
pub mod password;

use std::sync::Arc;
use std::time::Duration;

pub use function::Function;

use crate::domain::contacts::phonebook::{Contact, Filter, Group};
use crate::domain::request::password::Password;
use crate::domain::telephony::clock::PhoneClock;
use crate::domain::telephony::{Account, Identity, Line, PhoneStatus};
use crate::domain::values::Values;

/// A request to the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneRequest {
    /// Reads something; changes nothing.
    Read(StatusQuery),
    /// Get Account Status: only the accounts that are registered.
    GetRegistered,
    /// Make Call.
    Dial {
        /// The number as it is dialled.
        number: String,
        /// The account of the call, from 1.
        account: u16,
    },
    /// Phone Operations.
    Operate {
        /// What happens to the call.
        operation: Operation,
        /// On which line, from 1.
        line: u16,
    },
    /// System Operations.
    System(SystemOperation),
    /// Return Values; the names make one short list.
    GetValues(Vec<String>),
    /// Post Values: names without the `P`, and what they are to be.
    SetValues(Vec<(String, String)>),
    /// Change Password.
    ChangePassword {
        /// Whose.
        role: Role,
        /// The password as it is.
        old: Password,
        /// The password as it is to be.
        new: Password,
    },
    /// Get Contact.
    GetContacts(Filter),
    /// Save/Edit Contact: without an id a new one.
    SaveContact(Box<Contact>),
    /// Delete Contact, by its id.
    DeleteContact(String),
    /// Delete All Contacts.
    DeleteAllContacts,
    /// Phonebook Download.
    DownloadPhonebook,
    /// Get Contact Group: all of them.
    GetGroups,
    /// Add Contact Group, by its name.
    AddGroup(String),
    /// Edit/delete Contact Group: an empty name deletes it.
    EditGroup {
        /// The phone's own id of it.
        id: String,
        /// Its new name.
        name: String,
    },
}

impl PhoneRequest {
    /// Returns `true` if it does or changes something.
    pub fn changes(&self) -> bool {
        self.function().changes()
    }

    /// Returns the function that it calls.
    pub fn function(&self) -> Function {
        match self {
            Self::Read(query) => query.function(),
            Self::GetRegistered => Function::GetAccounts,
            Self::Dial { .. } => Function::MakeCall,
            Self::Operate { .. } => Function::PhoneOperation,
            Self::System(_) => Function::SystemOperation,
            Self::GetValues(_) => Function::GetValues,
            Self::SetValues(_) => Function::SetValues,
            Self::ChangePassword { .. } => Function::ChangePassword,
            Self::GetContacts(_) => Function::GetContacts,
            Self::SaveContact(_) => Function::SaveContact,
            Self::DeleteContact(_) => Function::DeleteContact,
            Self::DeleteAllContacts => Function::DeleteAllContacts,
            Self::DownloadPhonebook => Function::PhonebookDownload,
            Self::GetGroups => Function::GetGroups,
            Self::AddGroup(_) => Function::AddGroup,
            Self::EditGroup { .. } => Function::EditGroup,
        }
    }
}

/// Who logs in to the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The admin, and `gmiadmin` with the same password.
    Admin,
    /// The user.
    User,
}

impl Role {
    /// Every role, and its word.
    pub const TABLE: [(Self, &'static str); 2] = [(Self::Admin, "admin"), (Self::User, "user")];
}

/// What can be read of a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusQuery {
    /// Get Line Status.
    Lines,
    /// Get Phone Status.
    Status,
    /// Get Account Status.
    Accounts,
    /// Get System Time.
    Clock,
    /// Return Values: vendor, model, hardware, firmware, MAC.
    Identity,
}

impl StatusQuery {
    /// Every query, the most urgent first.
    pub const ALL: [Self; 5] =
        [Self::Lines, Self::Status, Self::Accounts, Self::Clock, Self::Identity];

    /// Returns the function that answers it.
    pub fn function(self) -> Function {
        match self {
            Self::Lines => Function::GetLineStatus,
            Self::Status => Function::GetPhoneStatus,
            Self::Accounts => Function::GetAccounts,
            Self::Clock => Function::GetTime,
            Self::Identity => Function::GetValues,
        }
    }
}

/// What can be done to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Takes a ringing call.
    Answer,
    /// Turns a ringing call away.
    Reject,
    /// Ends a call.
    HangUp,
    /// Lets a call wait.
    Hold,
    /// Takes a waiting call up again.
    Resume,
}

/// What can be done to the phone as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SystemOperation {
    /// Starts the phone anew.
    Reboot,
    /// Fetches its settings from the provisioning server.
    Provision,
    /// Erases the phone.
    FactoryReset,
}

/// What the phone answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`StatusQuery::Lines`].
    Lines(Arc<[Line]>),
    /// To [`StatusQuery::Status`].
    Status(PhoneStatus),
    /// To [`StatusQuery::Accounts`] and [`PhoneRequest::GetRegistered`].
    Accounts(Vec<Account>),
    /// To [`StatusQuery::Clock`].
    Clock(PhoneClock),
    /// To [`StatusQuery::Identity`].
    Identity(Identity),
    /// To [`PhoneRequest::GetValues`].
    Values(Values),
    /// To [`PhoneRequest::ChangePassword`].
    PasswordChanged {
        /// Whether it was the one that the bridge logs in with; it goes on with the new one.
        ours: bool,
    },
    /// To [`PhoneRequest::GetContacts`].
    Contacts(Vec<Contact>),
    /// To [`PhoneRequest::DownloadPhonebook`].
    Phonebook {
        /// The contacts in it.
        contacts: Vec<Contact>,
        /// All of it, as the phone said it.
        xml: String,
    },
    /// To [`PhoneRequest::GetGroups`].
    Groups(Vec<Group>),
    /// It did what was asked.
    Done,
}

/// Why there is no answer; each variant is another thing to do about it. The text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing listens there, or the connection broke.
    #[error("the phone can't be reached: {0}")]
    Unreachable(String),
    /// It was too slow.
    #[error("the phone did not answer in time")]
    Timeout,
    /// It shows a certificate that is not trusted.
    #[error("{0}")]
    BadCertificate(String),
    /// It does not take our login. Another try may lock it.
    #[error("the phone refused the login: {0}")]
    Unauthorized(String),
    /// Sessions that we open keep ending at once, though the phone takes our login: the next one is opened after this.
    #[error("the phone's sessions keep ending: the next login is in {} s", .0.as_secs_f64().ceil())]
    SessionEnded(Duration),
    /// Our login works, but not for this; another try does no harm.
    #[error("the phone does not permit this: {0}")]
    Forbidden(String),
    /// It takes no login at present.
    #[error("the phone has locked the login: {0}")]
    LockedOut(String),
    /// Its answer makes no sense.
    #[error("the phone's answer is not understood: {0}")]
    BadAnswer(String),
    /// It understood, and said no.
    #[error("the phone refused: {0}")]
    Refused(String),
    /// It does not have this function.
    #[error("the phone does not have this function: {0}")]
    Unsupported(String),
}

impl PhoneError {
    /// Returns `true` if another try could lock the phone.
    pub fn is_refused_login(&self) -> bool {
        matches!(self, Self::Unauthorized(_) | Self::LockedOut(_))
    }

    /// Returns `true` if the phone does not have what was asked for, or not for us.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unsupported(_) | Self::Forbidden(_))
    }

    /// Returns `true` if the phone said nothing at all.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::BadCertificate(_) | Self::Timeout)
    }

    /// Returns `true` if the phone has surely not done what it was asked; without an answer that makes sense it may have.
    pub fn is_a_clear_no(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::Unsupported(_)
            | Self::Forbidden(_)
            | Self::Unauthorized(_)
            | Self::LockedOut(_) => true,
            Self::Unreachable(_)
            | Self::BadCertificate(_)
            | Self::Timeout
            | Self::SessionEnded(_)
            | Self::BadAnswer(_) => false,
        }
    }
}
