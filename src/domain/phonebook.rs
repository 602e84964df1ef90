//! The phone's own contacts and groups, and pages of them for messages.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// So many contacts are on a page: about 50 KB, far below what any broker takes.
const PAGE: usize = 250;

/// A contact; a field that the phone left empty is none (vendor guide, Get Contact).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contact {
    /// The phone's own id of it.
    pub id: Option<String>,
    /// The name as the phone shows it.
    pub name: Option<String>,
    /// The id of its group.
    pub group: Option<String>,
    /// Number at work.
    pub work: Option<String>,
    /// Number at home.
    pub home: Option<String>,
    /// Mobile number.
    pub mobile: Option<String>,
    /// Fax number.
    pub fax: Option<String>,
    /// Mail address.
    pub email: Option<String>,
}

/// A group of contacts (vendor guide, Get Contact Group).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The phone's own id of it.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
}

/// Which contacts are wanted; all, where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The one with this id.
    pub id: Option<String>,
    /// Those whose name has this in it.
    pub name: Option<String>,
    /// Those of the group with this id.
    pub group: Option<String>,
}

/// Returns one page of contacts, counted from 1, with how many there are.
pub fn page(contacts: &[Contact], number: u16) -> Value {
    let pages = contacts.len().div_ceil(PAGE).max(1);
    let from = usize::from(number).saturating_sub(1).saturating_mul(PAGE);
    let on_it: Vec<_> = contacts.iter().skip(from).take(PAGE).collect();
    json!({ "contacts": on_it, "page": number, "pages": pages, "total": contacts.len() })
}

/// Says whether all of them fit on one page.
pub fn is_short(contacts: &[Contact]) -> bool {
    contacts.len() <= PAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_each_contact_once() {
        let contact = |n: usize| Contact { id: Some(n.to_string()), ..Contact::default() };
        let contacts: Vec<_> = (0..=PAGE * 2).map(contact).collect();
        let on = |number| page(&contacts, number)["contacts"].as_array().unwrap().clone();
        assert_eq!([on(1), on(2), on(3)].concat().len(), contacts.len());
        assert_eq!(on(3)[0]["id"], (PAGE * 2).to_string());
        assert!(on(4).is_empty() && on(u16::MAX).is_empty());
        assert_eq!(page(&[], 1)["pages"], 1);
        let whole = page(&contacts, 1);
        assert_eq!([&whole["pages"], &whole["total"]], [&json!(3), &json!(contacts.len())]);
        assert!(serde_json::to_string(&whole).unwrap().len() < 100_000);
    }
}
