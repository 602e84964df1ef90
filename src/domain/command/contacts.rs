//! Commands about contacts and their groups.

use serde_json::{Value, json};

use super::arguments::Arguments;
use super::group::{Gathered, Group, Row};
use super::policy::{Guarded, Policy};
use super::result::{ErrorCode, Failure};
use crate::domain::contacts::phonebook::{self, Contact, Filter};
use crate::domain::request::{Answer, PhoneRequest};
use crate::domain::values::named::NamedValue;

/// The longest XML that goes into a message beside a page of contacts, in bytes: EMQX takes 1 MB.
const XML: usize = 500_000;

/// Something to be done with contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactsCommand {
    /// Lists contacts.
    List {
        /// Which.
        filter: Filter,
        /// Which page of them, from 1.
        page: u16,
    },
    /// Adds a contact, or changes the one with its id; what is not said stays as it is.
    Save(Box<Contact>),
    /// Deletes a contact, by its id.
    Delete(String),
    /// Deletes all contacts.
    DeleteAll,
    /// Reads the whole phonebook.
    DownloadPhonebook {
        /// Which page of it, from 1.
        page: u16,
        /// Whether the XML is wanted too.
        xml: bool,
    },
    /// Lists groups.
    ListGroups,
    /// Adds a group.
    AddGroup(String),
    /// Renames a group.
    RenameGroup {
        /// The phone's own id of it.
        id: String,
        /// Its new name.
        name: String,
    },
    /// Deletes a group, by its id.
    DeleteGroup(String),
}

/// Every command about contacts.
pub(super) const ROWS: &[Row<ContactsCommand>] = &[
    Row {
        name: "list_contacts",
        main: Some("name"),
        others: &["contact", "group", "page"],
        help: "Lists the phone's contacts whose name has this in it, with this id (`contact`), or of this `group`; `data` has `contacts`, `page`, `pages`, `total`",
        build: list_contacts,
    },
    Row {
        name: "save_contact",
        main: None,
        others: &[
            "contact",
            "name",
            "first_name",
            "last_name",
            "group",
            "work",
            "home",
            "mobile",
            "fax",
            "email",
        ],
        help: "Adds a contact, by its whole `name` or by `first_name` and `last_name`; with an id (`contact`) changes that one: what is not said stays as it is, and a number or address that is `\"\"` is deleted",
        build: save,
    },
    Row {
        name: "delete_contact",
        main: Some("contact"),
        others: &[],
        help: "Deletes the contact with this id",
        build: |arguments| Ok(ContactsCommand::Delete(arguments.required("contact")?)),
    },
    Row {
        name: "delete_all_contacts",
        main: None,
        others: &[],
        help: "Deletes all contacts; `data` has them as they were; runs only if `allow` names it",
        build: |_| Ok(ContactsCommand::DeleteAll),
    },
    Row {
        name: "download_phonebook",
        main: Some("page"),
        others: &["xml"],
        help: "Reads the whole phonebook; `data` as of `list_contacts`, and the phone's own `xml` if it is `true` here",
        build: |arguments| {
            let page = arguments.count("page")?.unwrap_or(1);
            Ok(ContactsCommand::DownloadPhonebook { page, xml: arguments.flag("xml")? })
        },
    },
    Row {
        name: "list_groups",
        main: None,
        others: &[],
        help: "Lists the groups of contacts",
        build: |_| Ok(ContactsCommand::ListGroups),
    },
    Row {
        name: "add_group",
        main: Some("name"),
        others: &[],
        help: "Adds a group",
        build: |arguments| Ok(ContactsCommand::AddGroup(arguments.required("name")?)),
    },
    Row {
        name: "rename_group",
        main: None,
        others: &["group", "name"],
        help: "Renames the group with this id (`group`)",
        build: |arguments| {
            let id = arguments.required("group")?;
            Ok(ContactsCommand::RenameGroup { id, name: arguments.required("name")? })
        },
    },
    Row {
        name: "delete_group",
        main: Some("group"),
        others: &[],
        help: "Deletes the group with this id",
        build: |arguments| Ok(ContactsCommand::DeleteGroup(arguments.required("group")?)),
    },
];

impl Group for ContactsCommand {
    fn permits(&self, policy: &Policy, _: &[NamedValue]) -> Result<(), Failure> {
        if *self == Self::DeleteAll { policy.guards(Guarded::DeleteAllContacts) } else { Ok(()) }
    }

    fn requests(&self, _: Vec<Vec<String>>) -> Vec<PhoneRequest> {
        vec![match self.clone() {
            Self::List { filter, .. } => PhoneRequest::GetContacts(filter),
            Self::Save(contact) if contact.id.is_some() => {
                PhoneRequest::GetContacts(Filter { id: contact.id, ..Filter::default() })
            }
            Self::Save(contact) => PhoneRequest::SaveContact(contact),
            Self::Delete(id) => PhoneRequest::DeleteContact(id),
            Self::DeleteAll => PhoneRequest::GetContacts(Filter::default()),
            Self::DownloadPhonebook { .. } => PhoneRequest::DownloadPhonebook,
            Self::ListGroups => PhoneRequest::GetGroups,
            Self::AddGroup(name) => PhoneRequest::AddGroup(name),
            Self::RenameGroup { id, name } => PhoneRequest::EditGroup { id, name },
            Self::DeleteGroup(id) => PhoneRequest::EditGroup { id, name: String::new() },
        }]
    }

    fn after(&self, answer: &Answer) -> Result<Option<PhoneRequest>, Failure> {
        let Answer::Contacts(contacts) = answer else { return Ok(None) };
        match self {
            Self::Save(wanted) => edited(wanted, contacts)
                .map(|contact| Some(PhoneRequest::SaveContact(Box::new(contact)))),
            // what is deleted must be in the result, whole
            Self::DeleteAll if !phonebook::is_short(contacts) => {
                let message = "there are too many contacts for one message that would \
                               hold them all: nothing was deleted";
                Err(Failure::new(ErrorCode::NotAllowed, message))
            }
            Self::DeleteAll => Ok(Some(PhoneRequest::DeleteAllContacts)),
            Self::List { .. }
            | Self::Delete(_)
            | Self::DownloadPhonebook { .. }
            | Self::ListGroups
            | Self::AddGroup(_)
            | Self::RenameGroup { .. }
            | Self::DeleteGroup(_) => Ok(None),
        }
    }

    fn result(&self, gathered: &Gathered) -> Result<Value, Failure> {
        match self {
            Self::List { page, .. } | Self::DownloadPhonebook { page, xml: false } => {
                Ok(phonebook::page(&gathered.contacts, *page))
            }
            Self::DownloadPhonebook { .. } if gathered.xml.len() > XML => {
                let message = format!(
                    "its XML has {} bytes, more than {XML}: take the contacts without it",
                    gathered.xml.len()
                );
                Err(Failure::new(ErrorCode::NotAllowed, message))
            }
            Self::DownloadPhonebook { page, .. } => {
                let mut data = phonebook::page(&gathered.contacts, *page);
                data["xml"] = json!(gathered.xml);
                Ok(data)
            }
            Self::DeleteAll => Ok(json!({ "contacts": gathered.contacts })),
            Self::ListGroups => Ok(json!({ "groups": gathered.groups })),
            Self::Save(_)
            | Self::Delete(_)
            | Self::AddGroup(_)
            | Self::RenameGroup { .. }
            | Self::DeleteGroup(_) => Ok(Value::Null),
        }
    }
}

fn list_contacts(arguments: &Arguments) -> Result<ContactsCommand, String> {
    let filter = Filter {
        id: arguments.text("contact")?,
        name: arguments.text("name")?,
        group: arguments.text("group")?,
    };
    Ok(ContactsCommand::List { filter, page: arguments.count("page")?.unwrap_or(1) })
}

/// Reads the contact that is to be saved.
fn save(arguments: &Arguments) -> Result<ContactsCommand, String> {
    let id = arguments.text("contact")?;
    let (name, last_name) = contact_name(arguments, id.is_none())?;
    let contact = Contact {
        id,
        name,
        last_name,
        group: arguments.text("group")?,
        work: arguments.text_or_empty("work")?,
        home: arguments.text_or_empty("home")?,
        mobile: arguments.text_or_empty("mobile")?,
        fax: arguments.text_or_empty("fax")?,
        email: arguments.text_or_empty("email")?,
        ..Contact::default()
    };
    Ok(ContactsCommand::Save(Box::new(contact)))
}

/// Returns the name of a contact: the whole of it, or the first name and the last.
fn contact_name(
    arguments: &Arguments,
    is_new: bool,
) -> Result<(Option<String>, Option<String>), String> {
    let name = arguments.text("name")?;
    let parts = (arguments.text_or_empty("first_name")?, arguments.text_or_empty("last_name")?);
    match (name, parts) {
        (None, (None, None)) if is_new => Err("a new contact needs a name".to_owned()),
        (name, (None, None)) => Ok((name, None)),
        (Some(_), _) => Err("send either name, or first_name and last_name".to_owned()),
        (None, (first, last)) if !is_new && (first.is_none() || last.is_none()) => {
            let why = "the phone tells only the whole name, so it is not known what the other is";
            Err(format!("to rename a contact send first_name and last_name: {why}"))
        }
        (None, (first, last)) => {
            let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
            if first.is_empty() && last.is_empty() {
                return Err("first_name and last_name are both empty".to_owned());
            }
            Ok((Some(first), Some(last)))
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
