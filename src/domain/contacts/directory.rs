//! Names for numbers: who has which number, as address books say it. A number finds its person however it is written,
//! and an extension only itself.

mod canonical;
mod written;

use std::collections::HashMap;
use std::sync::Arc;

use canonical::canonical;
pub use canonical::{BadCountry, Country};
pub use written::{is_filled, numbers};

/// Names of people and groups go into every event of a call: what is longer, in characters, is cut.
const NAME: usize = 200;
/// Maximum number of groups of a person that are kept.
pub const GROUPS: usize = 32;

/// One card of an address book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// The name.
    pub name: String,
    /// The groups, in their order.
    pub groups: Vec<String>,
    /// The numbers, as they are written there.
    pub numbers: Vec<String>,
}

/// Who has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The groups, in their order.
    pub groups: Vec<String>,
}

impl Person {
    /// Returns the first group.
    pub fn group(&self) -> Option<&str> {
        self.groups.first().map(String::as_str)
    }
}

/// One address book, to be asked for numbers.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    country: Option<Country>,
    people: HashMap<String, Arc<Person>>,
}

impl Directory {
    /// Takes cards in: where two have the same number, the first has it. National numbers are those of the country;
    /// without one they are only what they are.
    pub fn new(country: Option<Country>, cards: impl IntoIterator<Item = Card>) -> Self {
        let mut people = HashMap::new();
        for Card { name, groups, numbers } in cards {
            let person = Arc::new(Person {
                name: cut(&name),
                groups: groups.iter().take(GROUPS).map(|group| cut(group)).collect(),
            });
            if person.name.is_empty() {
                continue;
            }
            let numbers = numbers.iter().flat_map(|field| written::numbers(field));
            for key in numbers.filter_map(|number| canonical(&number, country)) {
                people.entry(key).or_insert_with(|| Arc::clone(&person));
            }
        }
        Self { country, people }
    }

    /// Returns the country of national numbers.
    pub fn country(&self) -> Option<Country> {
        self.country
    }

    /// Returns how many numbers it knows.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Returns `true` if it knows no number.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Returns who has this number.
    pub fn find(&self, number: &str) -> Option<Arc<Person>> {
        if self.is_empty() {
            return None;
        }
        self.people.get(&canonical(number, self.country)?).cloned()
    }
}

/// All address books of one phone: its own comes first.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The phone's own contacts.
    pub own: Arc<Directory>,
    /// Those of the settings.
    pub others: Arc<Directory>,
}

impl Names {
    /// Returns who has this number.
    pub fn find(&self, number: &str) -> Option<Arc<Person>> {
        self.own.find(number).or_else(|| self.others.find(number))
    }
}

fn cut(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn card(name: &str, numbers: &[&str]) -> Card {
        let numbers = numbers.iter().map(|&number| number.to_owned()).collect();
        Card { name: name.to_owned(), groups: Vec::new(), numbers }
    }

    fn name(found: Option<Arc<Person>>) -> Option<String> {
        found.map(|person| person.name.clone())
    }

    #[test]
    fn the_first_has_the_number() {
        let cards = [card("Ann", &["1001", "+49 30 1234567"]), card("Bob", &["030 1234567"])];
        let book = Directory::new("DE".parse().ok(), cards);
        assert_eq!(book.len(), 2);
        assert_eq!(name(book.find("sip:1001@pbx")).as_deref(), Some("Ann"));
        assert_eq!(name(book.find("0301234567")).as_deref(), Some("Ann"));
        assert_eq!(name(book.find("1002")), None);
        let own = Directory::new(None, [card("Zoë", &["1001"])]);
        let names = Names { own: own.into(), others: book.into() };
        assert_eq!(name(names.find("1001")).as_deref(), Some("Zoë"), "the phone's own comes first");
        assert_eq!(name(names.find("004930 1234567")).as_deref(), Some("Ann"));
    }

    #[test]
    fn a_card_without_a_name_is_none_and_a_long_name_is_cut() {
        let long = "x".repeat(300);
        let book = Directory::new(None, [card(" ", &["1"]), card(&long, &["1", "", " - "])]);
        assert_eq!(book.len(), 1);
        assert_eq!(name(book.find("1")).map(|name| name.len()), Some(NAME));
    }

    proptest! {
        /// Whatever the country, an extension is found by itself only: not by its end, not by what it would be outside.
        #[test]
        fn an_extension_finds_only_itself(
            book in prop::collection::btree_set("[0-9*#]{1,5}", 1..20),
            other in "[0-9*#]{1,5}",
            country in prop::option::of(prop::sample::select(vec!["DE", "US", "FR", "RU", "SH"])),
        ) {
            let country = country.map(|country| country.parse().unwrap());
            let cards = book.iter().map(|number| card(number, &[number]));
            let directory = Directory::new(country, cards);
            let expected = book.get(&other).cloned();
            prop_assert_eq!(name(directory.find(&other)), expected.clone());
            let as_uri = format!("sip:{other}@pbx.example.com");
            prop_assert_eq!(name(directory.find(&as_uri)), expected);
        }

        #[test]
        fn any_text_can_be_asked_for(
            text in prop_oneof![any::<String>(), "[+0-9 ()/.-]{0,40}", "[+]?[0-9]{0,300}"],
            other in "[+0*#;@:a-z0-9]{0,40}",
            country in prop::option::of("[A-Z]{2}"),
        ) {
            let country = country.and_then(|country| country.parse().ok());
            let book = Directory::new(country, [card("Ann", &[&text, "1"])]);
            book.find(&other);
            for number in numbers(&text) {
                let found = book.find(&number).is_some();
                prop_assert_eq!(found, canonical(&number, book.country()).is_some(), "{}", number);
            }
        }
    }
}
