//! What the phone keeps, contacts, groups and values: the fields of requests, and how answers are read.

use serde_json::{Map, Value};

use crate::domain::contacts::phonebook::{Contact, Filter, Group};
use crate::domain::request::password::Password;
use crate::domain::request::{Answer, PhoneError, Role};

use super::answers::{body, done, nonsense, objects, refusal};
use super::scalars::text;
use crate::phone::dialect::protocol::{Fields, ReadError, Reply};

/// Maximum number of contacts that are taken from a phone; the rest is left out.
pub(super) const CONTACTS: usize = 5000;
/// Maximum number of groups, likewise.
const GROUPS: usize = 1000;
/// The longest value, in bytes; of a longer one nothing is known.
const VALUE: usize = 4096;

/// Vendor guide, Get Contact.
pub(super) fn filter(filter: &Filter) -> Fields {
    let fields =
        [("contactid", &filter.id), ("contactname", &filter.name), ("groupid", &filter.group)];
    fields.into_iter().filter_map(|(key, value)| Some((key.into(), value.clone()?))).collect()
}

/// Vendor guide, Save/Edit Contact. The phone shows first and last name as one: where only that is known, the whole of it
/// goes into the first.
/// The guide's table lost the name of the field for the mail address; it is `email` in Get Contact.
pub(super) fn contact(contact: &Contact) -> Fields {
    let fields = [
        ("id", &contact.id),
        ("firstname", &contact.name),
        ("group", &contact.group),
        ("newphone1", &contact.work),
        ("newphone2", &contact.home),
        ("newphone3", &contact.mobile),
        ("newphone4", &contact.fax),
        ("email", &contact.email),
    ];
    let mut fields: Fields =
        fields.into_iter().filter_map(|(key, value)| Some((key.into(), value.clone()?))).collect();
    fields.push(("lastname".into(), contact.last_name.clone().unwrap_or_default()));
    fields
}

/// Vendor guide, Post Values Request: names begin with `P`.
pub(super) fn values(values: &[(String, String)]) -> Fields {
    values.iter().map(|(name, value)| (format!("P{name}").into(), value.clone())).collect()
}

/// Vendor guide, Change Password.
pub(super) fn passwords(role: Role, old: &Password, new: &Password) -> Fields {
    let (old_name, new_name) = match role {
        Role::Admin => ("oldadmin", "P2"),
        Role::User => ("olduser", "P196"),
    };
    let text = |password: &Password| password.secret().expose().to_owned();
    vec![(old_name.into(), text(old)), (new_name.into(), text(new))]
}

/// Reads the answer of Return Values; all that was not asked for is left out.
pub(super) fn read_values(reply: &Reply, names: &[String]) -> Result<Answer, ReadError> {
    let Value::Object(values) = body(reply)? else {
        return Err(nonsense("no JSON object instead of values"));
    };
    let value = |name: &String| match values.get(name) {
        Some(Value::String(text)) => Some(text.clone()).filter(|text| text.len() <= VALUE),
        Some(Value::Number(number)) => Some(number.to_string()).filter(|text| text.len() <= VALUE),
        Some(Value::Bool(flag)) => Some(u8::from(*flag).to_string()),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => None,
    };
    Ok(Answer::Values(names.iter().map(|name| (name.clone(), value(name))).collect()))
}

/// Reads the answer of Post Values and Change Password: the body's status is `right`, or it was not done.
pub(super) fn set(reply: &Reply) -> Result<Answer, ReadError> {
    let body = body(reply)?;
    match text(body.get("status")) {
        Some(status) if status != "right" => Err(refusal(&body)),
        _ => done(reply),
    }
}

/// Reads the answer of Get Contact.
pub(super) fn contacts(reply: &Reply) -> Result<Answer, ReadError> {
    let read = |entry: &Map<String, Value>| Contact {
        id: text(entry.get("contactID")),
        name: text(entry.get("contactName")),
        group: text(entry.get("groupID")),
        work: text(entry.get("work")),
        home: text(entry.get("home")),
        mobile: text(entry.get("mobile")),
        fax: text(entry.get("fax")),
        email: text(entry.get("email")),
        ..Contact::default()
    };
    let list = list(reply, "a list of contacts")?;
    let contacts = objects(&list, "a list of contacts")?.into_iter().take(CONTACTS);
    Ok(Answer::Contacts(contacts.map(read).collect()))
}

/// Reads the answer of Get Contact Group; the guide spells the id `groupID` and `goupID`.
pub(super) fn groups(reply: &Reply) -> Result<Answer, ReadError> {
    let read = |entry: &Map<String, Value>| {
        let id = text(entry.get("groupID")).or_else(|| text(entry.get("goupID")))?;
        Some(Group { id, name: text(entry.get("groupName")) })
    };
    let list = list(reply, "a list of groups")?;
    let groups = objects(&list, "a list of groups")?.into_iter().take(GROUPS);
    Ok(Answer::Groups(groups.filter_map(read).collect()))
}

/// Reads a list; a phone that has none may say error and `0` (GMI guide, getgroup).
fn list(reply: &Reply, wanted: &str) -> Result<Value, ReadError> {
    match body(reply) {
        Err(ReadError::Phone(PhoneError::Refused(words))) if words == "\"0\"" => {
            Ok(Value::Array(Vec::new()))
        }
        Ok(Value::Null) => Err(nonsense(&format!("nothing instead of {wanted}"))),
        other => other,
    }
}
