//! The requests that a command takes one after the other, and what comes of their answers.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::domain::command::Command;
use crate::domain::command::result::{ErrorCode, Failure};
use crate::domain::contacts::phonebook::{self, Contact, Filter, Group};
use crate::domain::request::{Answer, PhoneRequest, StatusQuery};
use crate::domain::telephony::Account;
use crate::domain::values::{self, Values};

/// The longest XML that goes into a message beside a page of contacts, in bytes: EMQX takes 1 MB.
const XML: usize = 500_000;

/// What is still to be asked, and what was answered.
#[derive(Debug, Default)]
pub(super) struct Plan {
    ahead: VecDeque<PhoneRequest>,
    accounts: Vec<Account>,
    values: Values,
    contacts: Vec<Contact>,
    groups: Vec<Group>,
    xml: String,
    /// Whether the password that was changed is ours.
    ours: bool,
}

impl Plan {
    /// Returns the plan of a command; that of one which depends on the lines is empty.
    pub(super) fn of<'a>(command: &Command, values: impl Iterator<Item = &'a [String]>) -> Self {
        let get = |names: &[String]| values::lists(names).into_iter().map(PhoneRequest::GetValues);
        let ahead: VecDeque<PhoneRequest> = match command {
            Command::Refresh => {
                let values = values.map(|names| PhoneRequest::GetValues(names.to_vec()));
                StatusQuery::ALL.map(PhoneRequest::Read).into_iter().chain(values).collect()
            }
            Command::GetTime => [PhoneRequest::Read(StatusQuery::Clock)].into(),
            Command::ListAccounts { registered: true } => [PhoneRequest::GetRegistered].into(),
            Command::ListAccounts { .. } => [PhoneRequest::Read(StatusQuery::Accounts)].into(),
            Command::GetValues(names) => get(names).collect(),
            Command::SetValues(wanted) => {
                let names: Vec<String> = wanted.keys().cloned().collect();
                let set = PhoneRequest::SetValues(wanted.clone().into_iter().collect());
                std::iter::once(set).chain(get(&names)).collect()
            }
            Command::ChangePassword { role, old, new } => {
                let (old, new) = (old.clone(), new.clone());
                [PhoneRequest::ChangePassword { role: *role, old, new }].into()
            }
            Command::ListContacts { filter, .. } => {
                [PhoneRequest::GetContacts(filter.clone())].into()
            }
            Command::SaveContact(Contact { id: Some(id), .. }) => {
                let filter = Filter { id: Some(id.clone()), ..Filter::default() };
                [PhoneRequest::GetContacts(filter)].into()
            }
            Command::SaveContact(contact) => [PhoneRequest::SaveContact(contact.clone())].into(),
            Command::DeleteContact(id) => [PhoneRequest::DeleteContact(id.clone())].into(),
            Command::DeleteAllContacts => [PhoneRequest::GetContacts(Filter::default())].into(),
            Command::DownloadPhonebook { .. } => [PhoneRequest::DownloadPhonebook].into(),
            Command::ListGroups => [PhoneRequest::GetGroups].into(),
            Command::AddGroup(name) => [PhoneRequest::AddGroup(name.clone())].into(),
            Command::RenameGroup { id, name } => {
                [PhoneRequest::EditGroup { id: id.clone(), name: name.clone() }].into()
            }
            Command::DeleteGroup(id) => {
                [PhoneRequest::EditGroup { id: id.clone(), name: String::new() }].into()
            }
            Command::Dial { .. }
            | Command::Operate { .. }
            | Command::System(_)
            | Command::Reboot { .. }
            | Command::ResetMissedCalls => VecDeque::new(),
        };
        Self { ahead, ..Self::default() }
    }

    /// Returns the next request.
    pub(super) fn next(&mut self) -> Option<PhoneRequest> {
        self.ahead.pop_front()
    }

    /// Takes in an answer, which may ask for more.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others only want to know")]
    pub(super) fn take(&mut self, command: &Command, answer: Answer) -> Result<(), Failure> {
        match answer {
            Answer::Accounts(accounts) => self.accounts = accounts,
            Answer::Values(values) => self.values.extend(values),
            Answer::Groups(groups) => self.groups = groups,
            Answer::Phonebook { contacts, xml } => (self.contacts, self.xml) = (contacts, xml),
            Answer::PasswordChanged { ours } => self.ours = ours,
            Answer::Contacts(contacts) => {
                match command {
                    Command::SaveContact(wanted) => {
                        self.ahead.push_back(PhoneRequest::SaveContact(edited(wanted, &contacts)?));
                    }
                    // what is deleted must be in the result, whole
                    Command::DeleteAllContacts if !phonebook::is_short(&contacts) => {
                        let message = "there are too many contacts for one message that would \
                                       hold them all: nothing was deleted";
                        return Err(Failure::new(ErrorCode::NotAllowed, message));
                    }
                    Command::DeleteAllContacts => {
                        self.ahead.push_back(PhoneRequest::DeleteAllContacts);
                    }
                    _ => {}
                }
                self.contacts = contacts;
            }
            Answer::Lines(_)
            | Answer::Status(_)
            | Answer::Clock(_)
            | Answer::Identity(_)
            | Answer::Done => {}
        }
        Ok(())
    }

    /// Returns the result, when all is answered.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others have nothing to tell")]
    pub(super) fn result(&self, command: &Command) -> Result<Value, Failure> {
        match command {
            Command::ListAccounts { registered } => {
                // not every firmware has the filter
                let wanted = |a: &&Account| !registered || a.registered == Some(true);
                let accounts: Vec<_> = self.accounts.iter().filter(wanted).collect();
                Ok(json!({ "accounts": accounts }))
            }
            Command::GetValues(names) => {
                let said = |name: &String| (name.clone(), json!(self.values.get(name)));
                Ok(names.iter().map(said).collect())
            }
            Command::SetValues(wanted) => match &values::ignored(wanted, &self.values)[..] {
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
            Command::ListContacts { page, .. }
            | Command::DownloadPhonebook { page, xml: false } => {
                Ok(phonebook::page(&self.contacts, *page))
            }
            Command::DownloadPhonebook { .. } if self.xml.len() > XML => {
                let message = format!(
                    "its XML has {} bytes, more than {XML}: take the contacts without it",
                    self.xml.len()
                );
                Err(Failure::new(ErrorCode::NotAllowed, message))
            }
            Command::DownloadPhonebook { page, .. } => {
                let mut data = phonebook::page(&self.contacts, *page);
                data["xml"] = json!(self.xml);
                Ok(data)
            }
            Command::ChangePassword { .. } => Ok(json!({ "ours": self.ours })),
            Command::DeleteAllContacts => Ok(json!({ "contacts": self.contacts })),
            Command::ListGroups => Ok(json!({ "groups": self.groups })),
            _ => Ok(Value::Null),
        }
    }
}

/// Returns a contact as it is to be: what is not said stays as the phone has it.
fn edited(wanted: &Contact, contacts: &[Contact]) -> Result<Contact, Failure> {
    let Some(known) = contacts.iter().find(|contact| contact.id == wanted.id) else {
        let id = wanted.id.as_deref().unwrap_or_default();
        let message = format!("the phone has no contact {id}; list_contacts shows what there is");
        return Err(Failure::new(ErrorCode::Refused, message));
    };
    let or = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
    Ok(Contact {
        id: wanted.id.clone(),
        name: or(&wanted.name, &known.name),
        last_name: wanted.last_name.clone(),
        group: or(&wanted.group, &known.group),
        work: or(&wanted.work, &known.work),
        home: or(&wanted.home, &known.home),
        mobile: or(&wanted.mobile, &known.mobile),
        fax: or(&wanted.fax, &known.fax),
        email: or(&wanted.email, &known.email),
        others: known.others.clone(),
        more_groups: known.more_groups.clone(),
    })
}
