//! Files that the settings name, and the settings themselves.

use std::path::Path;

use crate::config;
use crate::domain::contacts::directory::Directory;
use crate::names::reader;

/// Reads settings; those that name files are left out, so that nothing else is read.
pub(super) fn settings(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if text.contains("_file") {
        return;
    }
    match config::read(text) {
        Ok(settings) => {
            assert!(!settings.phones.is_empty() && !settings.base_topic.is_empty());
            let tried_again = config::read(text).expect("they were read once");
            assert_eq!(tried_again.phones, settings.phones);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Reads a file of vCards.
pub(super) fn vcard(bytes: &[u8]) {
    address_book("contacts.vcf", bytes);
}

/// Reads a table.
pub(super) fn csv(bytes: &[u8]) {
    address_book("contacts.csv", bytes);
}

/// Reads a phonebook of a phone or a FRITZ!Box.
pub(super) fn xml(bytes: &[u8]) {
    address_book("contacts.xml", bytes);
}

fn address_book(name: &str, bytes: &[u8]) {
    let reader = reader(Path::new(name)).expect("the end of the name is known");
    let Ok(book) = reader(bytes) else { return };
    let lines = 1 + bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    assert!(book.mistakes.len() <= 1000);
    for mistake in &book.mistakes {
        assert!((1..=lines).contains(&mistake.line), "{mistake:?} of {lines} lines");
    }
    let numbers: usize = book.cards.iter().map(|card| card.numbers.len()).sum();
    assert!(book.cards.len() <= 50_000 && numbers <= 200_000);
    for card in &book.cards {
        assert!(!card.name.trim().is_empty() && !card.numbers.is_empty(), "{card:?}");
        assert!(card.groups.len() <= 32, "{card:?}");
    }
    let country = "DE".parse().expect("Germany is a country");
    let names = Directory::new(Some(country), book.cards.clone());
    assert!(names.len() <= numbers);
    for number in book.cards.iter().flat_map(|card| &card.numbers).take(100) {
        if let Some(person) = names.find(number) {
            assert!((1..=200).contains(&person.name.chars().count()), "{person:?}");
        }
    }
}
