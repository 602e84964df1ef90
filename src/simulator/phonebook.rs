//! The contacts and groups that the phone keeps. Names of fields are the vendor's; it never hears of HTTP.

use serde::Serialize;

use super::profile::Person;

/// One contact (vendor guide, Get Contact).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Contact {
    #[serde(rename = "contactID")]
    pub(super) id: String,
    #[serde(rename = "contactName")]
    pub(super) name: String,
    #[serde(rename = "groupID")]
    pub(super) group: String,
    pub(super) work: String,
    pub(super) home: String,
    pub(super) mobile: String,
    pub(super) fax: String,
    pub(super) email: String,
}

/// One group (vendor guide, Get Contact Group).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Group {
    #[serde(rename = "groupID")]
    pub(super) id: String,
    #[serde(rename = "groupName")]
    pub(super) name: String,
}

/// All contacts and groups.
#[derive(Debug)]
pub(super) struct Phonebook {
    pub(super) contacts: Vec<Contact>,
    pub(super) groups: Vec<Group>,
    next_id: u32,
}

impl Default for Phonebook {
    fn default() -> Self {
        let group = |id: &str, name: &str| Group { id: id.to_owned(), name: name.to_owned() };
        Self {
            contacts: Vec::new(),
            groups: vec![group("0", "default"), group("100", "blacklist")],
            next_id: 0,
        }
    }
}

impl Phonebook {
    /// A book with contacts.
    pub(super) fn with(people: &[Person]) -> Self {
        let mut book = Self::default();
        for Person { name, number, group } in people {
            let (name, work) = (name.clone(), number.clone());
            let group = group.as_ref().map_or_else(|| "0".to_owned(), |group| book.group(group));
            book.save(Contact { name, group, work, ..Contact::default() });
        }
        book
    }

    /// Returns the id of the group with this name, which is added if it is not there.
    fn group(&mut self, name: &str) -> String {
        if self.groups.iter().all(|group| group.name != name) {
            self.add_group(name);
        }
        let known = self.groups.iter().find(|group| group.name == name);
        known.map(|group| group.id.clone()).unwrap_or_default()
    }

    /// Adds a contact, or changes the one with its id; `false` when there is no such contact.
    pub(super) fn save(&mut self, contact: Contact) -> bool {
        if contact.id.is_empty() {
            let id = self.new_id();
            self.contacts.push(Contact { id, ..contact });
            return true;
        }
        let old = self.contacts.iter_mut().find(|one| one.id == contact.id);
        old.is_some_and(|old| {
            *old = contact;
            true
        })
    }

    /// Forgets a contact; `false` when there is no such contact.
    pub(super) fn delete(&mut self, id: &str) -> bool {
        let before = self.contacts.len();
        self.contacts.retain(|contact| contact.id != id);
        self.contacts.len() < before
    }

    /// Adds a group; `false` without a name.
    pub(super) fn add_group(&mut self, name: &str) -> bool {
        if name.is_empty() {
            return false;
        }
        let id = format!("{}", 200 + self.groups.len());
        let name = name.to_owned();
        self.groups.push(Group { id, name });
        true
    }

    /// Renames a group, or with an empty name deletes it; `false` when there is no such group.
    pub(super) fn edit_group(&mut self, id: &str, name: &str) -> bool {
        let Some(index) = self.groups.iter().position(|group| group.id == id) else {
            return false;
        };
        if name.is_empty() {
            self.groups.remove(index);
        } else {
            name.clone_into(&mut self.groups[index].name);
        }
        true
    }

    /// The book as XML (GXP2200 XML Based Downloadable Phonebook Guide).
    pub(super) fn xml(&self) -> String {
        use std::fmt::Write;
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AddressBook>\n");
        for contact in &self.contacts {
            let (first, last) = contact.name.split_once(' ').unwrap_or((&contact.name, ""));
            // writing to a String cannot fail
            let _ = write!(
                xml,
                "<Contact><FirstName>{}</FirstName><LastName>{}</LastName><Primary>0</Primary><Frequent>0</Frequent>",
                escaped(first),
                escaped(last)
            );
            let numbers = [
                ("Work", &contact.work),
                ("Home", &contact.home),
                ("Cell", &contact.mobile),
                ("Fax", &contact.fax),
            ];
            for (kind, number) in numbers.into_iter().filter(|(_, number)| !number.is_empty()) {
                let number = escaped(number);
                let _ = write!(
                    xml,
                    "<Phone type=\"{kind}\"><phonenumber>{number}</phonenumber><accountindex>0</accountindex></Phone>"
                );
            }
            if !contact.email.is_empty() {
                let _ = write!(xml, "<Mail type=\"Work\">{}</Mail>", escaped(&contact.email));
            }
            let _ = writeln!(xml, "<Group>{}</Group></Contact>", escaped(&contact.group));
        }
        xml.push_str("</AddressBook>\n");
        xml
    }

    fn new_id(&mut self) -> String {
        let id = self.next_id.to_string();
        self.next_id += 1;
        id
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &str, name: &str) -> Contact {
        Contact { id: id.into(), name: name.into(), ..Contact::default() }
    }

    #[test]
    fn contacts_are_added_changed_and_deleted() {
        let mut book = Phonebook::default();
        assert!(book.save(named("", "Ada")) && book.save(named("", "Bob")));
        assert!(book.save(named("1", "Bea & Co")) && !book.save(named("9", "Nobody")));
        assert!(book.xml().contains("Bea</FirstName>") && book.xml().contains("&amp; Co"));
        assert!(book.delete("0") && !book.delete("0"));
        assert_eq!(book.contacts, [named("1", "Bea & Co")]);
    }

    #[test]
    fn people_are_in_their_groups() {
        let people = [Person::new("Ada", "1").of("family"), Person::new("Bob", "2")];
        let people = [&people[..], &[Person::new("Cy", "3").of("family")]].concat();
        let book = Phonebook::with(&people);
        let groups: Vec<_> = book.contacts.iter().map(|contact| contact.group.as_str()).collect();
        assert_eq!(groups, ["202", "0", "202"]);
        assert_eq!(book.groups[2].name, "family");
    }

    #[test]
    fn groups_are_added_renamed_and_deleted() {
        let mut book = Phonebook::default();
        assert!(book.add_group("family") && !book.add_group(""));
        let id = book.groups[2].id.clone();
        assert!(book.edit_group(&id, "work") && book.groups[2].name == "work");
        assert!(book.edit_group(&id, "") && !book.edit_group(&id, "again"));
        assert_eq!(book.groups.len(), 2);
    }
}
