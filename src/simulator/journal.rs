//! What clients did to the phone, in order, for tests to assert on and for the page to show. Reading the phone is not in it.

use std::{collections::VecDeque, fmt};

/// The journal forgets its oldest entries beyond this many.
const KEPT: usize = 10_000;

/// One thing that a client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A login that worked.
    LoggedIn {
        /// The name it gave.
        username: String,
    },
    /// A login with a wrong name or secret, or a request with a wrong passcode.
    BadLogin {
        /// The name it gave.
        username: String,
    },
    /// A login while nobody gets in.
    LoginWhileLocked,
    /// A request of a client that has no session.
    TurnedAway,
    /// A number was dialled.
    Dialled {
        /// The number.
        number: String,
        /// The account, from 1.
        account: u16,
        /// The line that took it.
        line: u16,
    },
    /// A call that the phone refused to make.
    DialRefused {
        /// The number.
        number: String,
    },
    /// An operation on a call.
    Operated {
        /// The vendor's word for it: `endcall`, `holdcall`, `acceptcall`, `rejectcall` ...
        operation: String,
        /// The line, if the request named one or the phone found one.
        line: Option<u16>,
        /// Whether the phone did it.
        done: bool,
    },
    /// `REBOOT`.
    RebootAsked,
    /// `RESET`. The simulated phone keeps its settings.
    FactoryResetAsked,
    /// `PROV`.
    ProvisionAsked,
    /// A value was set.
    ValueSet {
        /// Its name, without the `P`.
        name: String,
        /// What it was set to.
        value: String,
    },
    /// The password was changed.
    PasswordChanged,
    /// A request that wants the old password brought a wrong one.
    PasswordChangeRefused,
    /// Contacts or groups changed, by this function.
    PhonebookChanged(&'static str),
    /// A list of values of 64 bytes or more was asked for: it crashes some firmware (CVE-2026-2329).
    OverlongValuesRequest {
        /// Its length in bytes.
        length: usize,
    },
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoggedIn { username } => write!(f, "{username} logged in"),
            Self::BadLogin { username } => write!(f, "bad login as {username:?}"),
            Self::LoginWhileLocked => f.write_str("login refused: locked"),
            Self::TurnedAway => f.write_str("request without a session"),
            Self::Dialled { number, account, line } => {
                write!(f, "dialled {number} with account {account} on line {line}")
            }
            Self::DialRefused { number } => write!(f, "refused to dial {number:?}"),
            Self::Operated { operation, line, done } => {
                let line = line.map_or_else(|| "?".to_owned(), |line| line.to_string());
                let refused = if *done { "" } else { ": refused" };
                write!(f, "{operation} on line {line}{refused}")
            }
            Self::RebootAsked => f.write_str("reboot"),
            Self::FactoryResetAsked => f.write_str("factory reset"),
            Self::ProvisionAsked => f.write_str("provision"),
            Self::ValueSet { name, .. } => write!(f, "value {name} set"),
            Self::PasswordChanged => f.write_str("password changed"),
            Self::PasswordChangeRefused => f.write_str("password change refused"),
            Self::PhonebookChanged(function) => write!(f, "phonebook: {function}"),
            Self::OverlongValuesRequest { length } => {
                write!(f, "asked for values in {length} bytes")
            }
        }
    }
}

/// What happened so far.
#[derive(Debug, Default)]
pub(super) struct Journal(VecDeque<Happening>);

impl Journal {
    pub(super) fn note(&mut self, happening: Happening) {
        tracing::info!(target: "simulator", %happening);
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(happening);
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Happening> {
        self.0.iter()
    }
}
