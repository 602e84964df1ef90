//! The phone's own contacts and groups, and pages of them for messages.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::contacts::directory::Card;

/// The contacts of a page have up to so many bytes as JSON, some hundred contacts: no broker takes less than 128 KB (AWS;
/// EMQX takes 1 MB, Mosquitto more).
const PAGE: usize = 100_000;

/// Maximum number of numbers of a contact that have its name.
const NUMBERS: usize = 50;

/// A contact; a field that the phone left empty is none (vendor guide, Get Contact).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contact {
    /// The phone's own id of it.
    pub id: Option<String>,
    /// The name as the phone shows it; the first name, where the last one is apart.
    pub name: Option<String>,
    /// The last name, where somebody writes it apart; phones tell only the whole name.
    #[serde(skip)]
    pub last_name: Option<String>,
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
    /// Numbers for which there is no place above: of a kind that is not known, or more of one kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// The ids, or names, of groups beside the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more_groups: Vec<String>,
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

/// Returns the contacts as cards: groups by their names where these are known, else by their ids.
pub fn cards(contacts: &[Contact], groups: &[Group]) -> Vec<Card> {
    let names: HashMap<_, _> =
        groups.iter().filter_map(|group| Some((&group.id, group.name.as_ref()?))).collect();
    let group = |id: &String| names.get(id).copied().unwrap_or(id).clone();
    let card = |contact: &Contact| Card {
        name: contact.name.clone().unwrap_or_default(),
        groups: contact.group.iter().chain(&contact.more_groups).map(group).collect(),
        numbers: [&contact.work, &contact.home, &contact.mobile, &contact.fax]
            .into_iter()
            .flatten()
            .chain(&contact.others)
            // several numbers in one field are joined by colons (GMI guide, setcontact)
            .flat_map(|numbers| numbers.split("::"))
            .map(|number| number.trim_matches(':').to_owned())
            .take(NUMBERS)
            .collect(),
    };
    contacts.iter().map(card).collect()
}

/// Returns one page of contacts, counted from 1, with how many there are.
pub fn page(contacts: &[Contact], number: u16) -> Value {
    let pages = pages(contacts);
    let on_it = pages.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or_default();
    let how_many = pages.len().max(1);
    json!({ "contacts": on_it, "page": number, "pages": how_many, "total": contacts.len() })
}

/// Returns `true` if all of them fit on one page.
pub fn is_short(contacts: &[Contact]) -> bool {
    pages(contacts).len() <= 1
}

/// Cuts contacts into pages; each page has one at least.
fn pages(contacts: &[Contact]) -> Vec<&[Contact]> {
    let (mut pages, mut from, mut length) = (Vec::new(), 0, 0);
    for (place, contact) in contacts.iter().enumerate() {
        let size = json!(contact).to_string().len() + 1;
        if length + size > PAGE && place > from {
            pages.push(&contacts[from..place]);
            (from, length) = (place, 0);
        }
        length += size;
    }
    pages.extend(Some(&contacts[from..]).filter(|rest| !rest.is_empty()));
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_each_contact_once() {
        let contact = |n: usize| Contact {
            id: Some(n.to_string()),
            name: Some("Zoë \"&\" Söhne ".repeat(n % 20)),
            ..Contact::default()
        };
        let contacts: Vec<_> = (0..3000).map(contact).collect();
        let pages = page(&contacts, 1)["pages"].as_u64().unwrap();
        let mut ids = Vec::new();
        for number in 1..=u16::try_from(pages).unwrap() {
            let page = page(&contacts, number);
            assert_eq!([&page["page"], &page["total"]], [&json!(number), &json!(3000)]);
            let size = page.to_string().len();
            assert!(size < 101_000, "{size}");
            assert!(size > 95_000 || u64::from(number) == pages, "{size}");
            let on_it = page["contacts"].as_array().unwrap();
            ids.extend(on_it.iter().map(|contact| contact["id"].as_str().unwrap().to_owned()));
        }
        assert_eq!(ids, (0..3000).map(|n| n.to_string()).collect::<Vec<_>>());
        for beyond in [0, 99, u16::MAX] {
            assert_eq!(page(&contacts, beyond)["contacts"], json!([]));
        }
        assert_eq!(page(&[], 1), json!({"contacts": [], "page": 1, "pages": 1, "total": 0}));
    }

    #[test]
    fn contacts_are_cards() {
        let text = |text: &str| Some(text.to_owned());
        let groups = [
            Group { id: "0".to_owned(), name: text("Family") },
            Group { id: "1".to_owned(), name: None },
        ];
        let contact = |group: Option<&str>| Contact {
            name: text("Ann"),
            group: group.map(str::to_owned),
            work: text("1001:::1002"),
            fax: text("030 1"),
            ..Contact::default()
        };
        for (group, expected) in
            [(Some("0"), &["Family"][..]), (Some("1"), &["1"]), (Some("7"), &["7"]), (None, &[])]
        {
            let cards = cards(&[contact(group)], &groups);
            assert_eq!(cards[0].groups, expected);
            assert_eq!(cards[0].numbers, ["1001", "1002", "030 1"]);
        }
    }

    #[test]
    fn a_contact_that_is_longer_than_a_page_has_one_for_itself() {
        let long = || Contact { name: Some("x".repeat(2 * PAGE)), ..Contact::default() };
        let contacts = [Contact::default(), long(), Contact::default()];
        assert_eq!(pages(&contacts).iter().map(|page| page.len()).collect::<Vec<_>>(), [1, 1, 1]);
        assert!(is_short(&[]) && is_short(&contacts[..1]) && !is_short(&contacts));
    }
}
