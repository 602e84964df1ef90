//! What the groups of commands have in common: rows of their tables, and the steps that a command takes.

use serde_json::Value;

use super::arguments::Arguments;
use super::policy::Policy;
use super::result::Failure;
use crate::domain::contacts::phonebook::{Contact, Group as ContactGroup};
use crate::domain::request::{Answer, PhoneRequest};
use crate::domain::telephony::{Account, Line};
use crate::domain::values::Values;
use crate::domain::values::named::NamedValue;

/// A command as the reference shows it: a row of the table of its group, without how it is read.
pub type CommandDoc = Row<()>;

/// A row of the table of one group of commands.
#[derive(Debug, Clone, Copy)]
pub struct Row<T> {
    /// The name, the last level of its topic.
    pub name: &'static str,
    /// What a bare payload means, and the same argument's name in JSON.
    pub main: Option<&'static str>,
    /// The other arguments in JSON.
    pub others: &'static [&'static str],
    /// What it does, for people.
    pub help: &'static str,
    /// Reads its arguments; the error is for people.
    pub(super) build: fn(&Arguments) -> Result<T, String>,
}

impl<T> Row<T> {
    /// Returns what the reference shows.
    pub(super) fn doc(&self) -> CommandDoc {
        let Self { name, main, others, help, .. } = *self;
        Row { name, main, others, help, build: |_| Ok(()) }
    }
}

/// What comes next for a command.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// This request.
    Send(PhoneRequest),
    /// The result.
    Done(Result<Value, Failure>),
}

/// Which requests may come between those of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// None: somebody waits for the call to be answered.
    AtOnce,
    /// A poll, but no other command: it reads what it then changes, or what it has written.
    InOrder,
    /// All: it only reads, and a lot.
    Yielding,
}

/// What the phone has answered to the requests of a command.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) accounts: Vec<Account>,
    pub(super) values: Values,
    pub(super) contacts: Vec<Contact>,
    pub(super) groups: Vec<ContactGroup>,
    pub(super) xml: String,
    /// Whether the password that was changed is the one that the bridge logs in with.
    pub(super) ours: bool,
}

impl Gathered {
    /// Adds an answer.
    pub(super) fn add(&mut self, answer: Answer) {
        match answer {
            Answer::Accounts(accounts) => self.accounts = accounts,
            Answer::Values(values) => self.values.extend(values),
            Answer::Groups(groups) => self.groups = groups,
            Answer::Phonebook { contacts, xml } => (self.contacts, self.xml) = (contacts, xml),
            Answer::PasswordChanged { ours } => self.ours = ours,
            Answer::Contacts(contacts) => self.contacts = contacts,
            Answer::Lines(_)
            | Answer::Status(_)
            | Answer::Clock(_)
            | Answer::Identity(_)
            | Answer::Done => {}
        }
    }
}

/// The commands of one group.
pub(super) trait Group {
    /// Checks that the settings allow it; values that the settings name may be set, as far as what is written fits.
    fn permits(&self, _policy: &Policy, _named: &[NamedValue]) -> Result<(), Failure> {
        Ok(())
    }

    /// Returns which requests may come between its own.
    fn urgency(&self) -> Urgency {
        Urgency::InOrder
    }

    /// Returns the next step of a command that depends on the lines as they were last read; `fresh` if they were read for it.
    fn on_lines(&self, _lines: &[Line], _fresh: bool) -> Option<Step> {
        None
    }

    /// Returns the requests that are known beforehand; `values` are the lists of all values that the settings name.
    fn requests(&self, _values: Vec<Vec<String>>) -> Vec<PhoneRequest> {
        Vec::new()
    }

    /// Returns one more request that an answer makes necessary.
    fn after(&self, _answer: &Answer) -> Result<Option<PhoneRequest>, Failure> {
        Ok(None)
    }

    /// Returns the result, when all is answered.
    fn result(&self, _gathered: &Gathered) -> Result<Value, Failure> {
        Ok(Value::Null)
    }
}
