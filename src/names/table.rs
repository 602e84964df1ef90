//! Tables in CSV: the first row says what the columns are, in the words of the exports of Google, Outlook and others.

use std::borrow::Cow;

use csv::{ReaderBuilder, StringRecord, Trim};
use encoding_rs::{UTF_8, WINDOWS_1252};

use super::Book;
use crate::domain::directory::Card;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// The whole name.
    Name,
    Given,
    Family,
    /// A name, where there is no other.
    Company,
    Number,
    Group,
    Other,
}

/// Columns by their whole name.
const COLUMNS: &[(Column, &[&str])] = &[
    (Column::Name, &["name", "full name", "display name", "file as"]),
    (Column::Given, &["first name", "given name", "firstname", "vorname"]),
    (Column::Family, &["last name", "family name", "lastname", "surname", "nachname"]),
    (Column::Company, &["company", "organization", "organization name", "firma"]),
    (Column::Number, &["number", "numbers", "tel", "work", "home", "cell", "fax", "nummer"]),
    (
        Column::Group,
        &[
            "group",
            "groups",
            "category",
            "categories",
            "kategorien",
            "label",
            "labels",
            "group membership",
        ],
    ),
];
/// A column with one of these in its name holds numbers.
const NUMBERS: &[&str] = &["phone", "mobile", "telefon", "handy", "fax"];
/// Unless it has one of these, too: "Phone 1 - Type", "Phonetic First Name".
const NO_NUMBERS: &[&str] = &["type", "label", "phonetic"];

impl Column {
    fn named(name: &str) -> Self {
        let name = name.trim().to_lowercase();
        let known = COLUMNS.iter().find(|(_, names)| names.contains(&name.as_str()));
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        match known {
            Some((column, _)) => *column,
            None if has(NUMBERS) && !has(NO_NUMBERS) => Self::Number,
            None => Self::Other,
        }
    }
}

/// Reads the rows of a file; one whose first row does not name a name and a number is none of this kind.
pub(super) fn book(bytes: &[u8]) -> Result<Book, &'static str> {
    let text = decoded(bytes);
    let mut rows = ReaderBuilder::new()
        .delimiter(delimiter(&text))
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = rows.headers().map_err(|_| "expected a table")?;
    let columns: Vec<Column> = header.iter().map(Column::named).collect();
    let has = |wanted: &[Column]| columns.iter().any(|column| wanted.contains(column));
    if !has(&[Column::Name, Column::Given, Column::Family]) || !has(&[Column::Number]) {
        return Err(
            "expected a first row that names the columns, \"name\" and \"number\" among them,",
        );
    }
    let mut book = Book::default();
    let mut row = StringRecord::new();
    loop {
        match rows.read_record(&mut row) {
            Ok(false) => return Ok(book),
            Ok(true) => {
                let line = row.position().map_or(0, csv::Position::line);
                let lines = rows.position().line().saturating_sub(line);
                if row.len() < columns.len() && lines > 1 {
                    book.mistake(line, "a row over several lines: perhaps a quote is not closed");
                } else if row.len() > columns.len() {
                    book.mistake(line, "more fields than the first row has");
                } else {
                    book.add(line, contact(&columns, &row));
                }
            }
            // all of it is UTF-8 by now, and rows may have any length: only reading itself could fail
            Err(_) => return Err("expected a table"),
        }
    }
}

fn contact(columns: &[Column], row: &StringRecord) -> Card {
    let all = |wanted| {
        let fields = columns.iter().zip(row).filter(move |(column, _)| **column == wanted);
        fields.map(|(_, field)| field).filter(|field| !field.is_empty())
    };
    let first = |wanted| all(wanted).next();
    let parts: Vec<_> =
        [first(Column::Given), first(Column::Family)].into_iter().flatten().collect();
    let whole = Some(parts.join(" ")).filter(|name| !name.is_empty());
    let name = first(Column::Name).map(str::to_owned).or(whole);
    Card {
        name: name.or_else(|| first(Column::Company).map(str::to_owned)).unwrap_or_default(),
        groups: all(Column::Group).flat_map(parts_of).collect(),
        numbers: all(Column::Number).flat_map(parts_of).collect(),
    }
}

/// Returns what stands in one field: Google parts it by `:::`, Outlook by `;`.
fn parts_of(field: &str) -> impl Iterator<Item = String> {
    let parts = field.split(":::").flat_map(|part| part.split([';', ',', '\n']));
    parts.map(|part| part.trim().to_owned()).filter(|part| !part.is_empty())
}

/// Returns what parts the fields: what stands most often in the first row.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |delimiter: &u8| first.bytes().filter(|byte| byte == delimiter).count();
    // of several the last wins, and a comma is what it is called for
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// Returns the text: in UTF-8, in UTF-16 with a mark, else as Windows writes it in the west.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let (text, _, broken) = UTF_8.decode(bytes);
    if broken { WINDOWS_1252.decode(bytes).0 } else { text }
}
