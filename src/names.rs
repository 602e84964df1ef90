//! The address book of the settings: a file of vCards, a table in CSV, or a phonebook in XML. It is read at the start, when the settings are
//! read again, and when it has changed; what is broken in it is reported by line, and left out.

mod table;
#[cfg(test)]
mod tests;
mod vcard;
pub mod watcher;
mod xml;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::domain::contacts::directory::{self, Card, Country, is_filled};
use crate::file;

/// The largest file, in bytes: cards may hold photos.
const LARGEST: u64 = 32 * 1024 * 1024;
/// Maximum number of contacts that are kept.
const CONTACTS: usize = 50_000;
/// Maximum number of numbers that are kept.
const NUMBERS: usize = 200_000;
/// Maximum number of fields for numbers of one contact.
const FIELDS: usize = 100;
/// The longest field for numbers, in bytes.
const FIELD: usize = 1024;
/// Maximum number of mistakes that are kept.
const MISTAKES: usize = 1000;

/// What the settings say of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamesOptions {
    /// The file.
    pub file: Option<PathBuf>,
    /// The country of national numbers.
    pub country: Option<Country>,
}

/// What is in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AddressBook {
    /// The contacts that have a number, in order.
    pub cards: Vec<Card>,
    /// What is broken.
    pub mistakes: Vec<Mistake>,
    /// How many fields for numbers hold none that anybody could call from, and the line of the first.
    pub strange: Option<(usize, u64)>,
    /// How many numbers the contacts have together.
    numbers: usize,
}

/// A part of a file that is left out. It never repeats what stands there: that is about people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it begins, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: Cow<'static, str>,
}

impl AddressBook {
    /// Adds a contact; one without a number is useless.
    fn add(&mut self, line: u64, card: Card) {
        let Card { name, groups, numbers: fields } = card;
        let mut numbers = Vec::new();
        if fields.len() > FIELDS {
            self.mistake(line, "more than 100 fields for numbers in one contact");
        }
        for field in fields.iter().take(FIELDS).filter(|field| is_filled(field)) {
            let found = if field.len() > FIELD { Vec::new() } else { directory::numbers(field) };
            if found.is_empty() {
                let (count, first) = self.strange.unwrap_or((0, line));
                self.strange = Some((count + 1, first));
            }
            numbers.extend(found);
        }
        if numbers.is_empty() {
            return;
        }
        let groups = groups.iter().filter_map(|group| group_name(group)).collect();
        if name.trim().is_empty() {
            self.mistake(line, "a number without a name");
        } else if self.cards.len() == CONTACTS {
            self.mistake(line, "more contacts than 50000");
        } else if self.numbers + numbers.len() > NUMBERS {
            self.mistake(line, "more numbers than 200000");
        } else {
            self.numbers += numbers.len();
            self.cards.push(Card { name, groups, numbers });
        }
    }

    /// Returns one sentence about numbers that are none, if there are any.
    pub fn strangeness(&self) -> Option<String> {
        let (count, line) = self.strange?;
        Some(format!("{count} numbers are not understood, the first in line {line}"))
    }

    fn mistake(&mut self, line: u64, what: impl Into<Cow<'static, str>>) {
        if self.mistakes.len() < MISTAKES {
            self.mistakes.push(Mistake { line, what: what.into() });
        }
    }
}

/// Returns the name of a group; none, for Google's group of all contacts.
fn group_name(group: &str) -> Option<String> {
    let name = group.trim().trim_start_matches("* ").trim();
    (!name.is_empty() && !name.eq_ignore_ascii_case("mycontacts")).then(|| name.to_owned())
}

/// Reads a file; the error is for people, and says what was expected.
pub fn read(path: &Path) -> Result<AddressBook, String> {
    let reader = reader(path)?;
    let bytes = file::read(path, LARGEST)
        .map_err(|error| format!("expected a readable file at {}: {error}", path.display()))?;
    reader(&bytes).map_err(|why| format!("{why} in {}", path.display()))
}

/// Reads what is in a file.
pub(crate) type Reader = fn(&[u8]) -> Result<AddressBook, &'static str>;

/// Returns who reads such a file; the error is for people.
pub(crate) fn reader(path: &Path) -> Result<Reader, &'static str> {
    let end = path.extension().and_then(|end| end.to_str()).map(str::to_ascii_lowercase);
    match end.as_deref() {
        Some("vcf" | "vcard") => Ok(vcard::book),
        Some("csv") => Ok(table::book),
        Some("xml") => Ok(xml::book),
        _ => Err("expected a file that ends in .vcf, .vcard, .csv or .xml"),
    }
}
