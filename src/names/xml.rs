//! Phonebooks in XML: the vendor's (GXP2200 XML Based Downloadable Phonebook Guide), and the one that a FRITZ!Box exports.

use std::cell::Cell;
use std::collections::HashMap;

use roxmltree::Node;

use super::{AddressBook, FIELDS};
use crate::domain::contacts::directory::{Card, GROUPS};
use crate::domain::contacts::xml::{children, decoded, parse, text};

/// Maximum number of elements and texts: a contact has some twenty.
const NODES: u32 = 1_500_000;

/// Reads the contacts of a file; a file of another kind is none of this.
pub(super) fn book(bytes: &[u8]) -> Result<AddressBook, &'static str> {
    const EXPECTED: &str =
        "expected a phonebook in XML, of the phone (AddressBook) or of a FRITZ!Box (phonebooks),";
    let text = decoded(bytes);
    let text = text.trim();
    let document = parse(text, NODES).map_err(|_| EXPECTED)?;
    let root = document.root_element();
    let is = |name: &str| root.tag_name().name().eq_ignore_ascii_case(name);
    let mut book = AddressBook::default();
    // they come in order, so that each line break is counted once
    let counted = Cell::new((0, 1));
    let line = |node: Node<'_, '_>| {
        let (from, line) = counted.get();
        let to = node.range().start;
        let breaks = text[from..to].matches('\n').count();
        counted.set((to, line + breaks as u64));
        counted.get().1
    };
    if is("AddressBook") {
        // its groups stand beside the contacts, and these have their ids
        let groups: HashMap<_, _> = children(root, "pbgroup")
            .filter_map(|group| Some((text_of(group, "id")?, text_of(group, "name")?)))
            .collect();
        for contact in children(root, "Contact") {
            book.add(line(contact), of_the_vendor(contact, &groups));
        }
    } else if is("phonebooks") {
        for phonebook in children(root, "phonebook") {
            for contact in children(phonebook, "contact") {
                book.add(line(contact), of_a_fritz_box(contact));
            }
        }
    } else {
        return Err(EXPECTED);
    }
    Ok(book)
}

fn text_of(node: Node<'_, '_>, name: &'static str) -> Option<String> {
    children(node, name).find_map(text)
}

fn of_the_vendor(contact: Node<'_, '_>, groups: &HashMap<String, String>) -> Card {
    let names = ["FirstName", "LastName"].into_iter().filter_map(|name| text_of(contact, name));
    let own = children(contact, "Group").filter_map(text);
    let ids = children(contact, "Groups").flat_map(|all| children(all, "groupid")).filter_map(text);
    let known = |id: String| groups.get(&id).cloned().unwrap_or(id);
    Card {
        name: names.collect::<Vec<_>>().join(" "),
        groups: own.chain(ids).take(GROUPS).map(known).collect(),
        numbers: children(contact, "Phone")
            .filter_map(|phone| text_of(phone, "phonenumber"))
            .take(FIELDS + 1)
            .collect(),
    }
}

fn of_a_fritz_box(contact: Node<'_, '_>) -> Card {
    let person = children(contact, "person").next();
    let telephony = children(contact, "telephony");
    Card {
        name: person.and_then(|person| text_of(person, "realName")).unwrap_or_default(),
        // 1 is an important person, for whom the box rings in the night
        groups: Vec::new(),
        numbers: telephony
            .flat_map(|all| children(all, "number"))
            .filter_map(text)
            .take(FIELDS + 1)
            .collect(),
    }
}
