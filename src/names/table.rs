//! Tables in CSV: the first row says what the columns are, in the words of the exports of Google, Outlook and others.

use std::borrow::Cow;

use csv::{Reader, ReaderBuilder, StringRecord};
use encoding_rs::{UTF_8, WINDOWS_1252};

use super::{AddressBook, FIELDS};
use crate::domain::contacts::directory::{Card, GROUPS};
use crate::domain::text::short;

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
    /// Perhaps a number, by a part of its name: "Mobile Phone", but also "Has Phone".
    Phone,
    Group,
    Other,
}

/// Minimum number of digits of a number in a column that is recognised by a part of its name only.
const DIGITS: usize = 3;
/// Maximum number of quotes that are not closed, after which reading goes on.
const QUOTES: usize = 10;
/// Maximum number of columns.
const WIDEST: usize = 1000;
/// How much of a column's name is repeated, in characters.
const QUOTE: usize = 60;
/// What is put behind the file: it stands alone, unless a quote is still open.
const END: &str = "\n.";

/// Columns by their whole name.
const COLUMNS: &[(Column, &[&str])] = &[
    (
        Column::Name,
        &[
            "name",
            "full name",
            "display name",
            "file as",
            "anzeigename",
            "nom complet",
            "nombre completo",
            "nome completo",
            "nome visualizzato",
            "weergavenaam",
        ],
    ),
    (
        Column::Given,
        &[
            "first name",
            "given name",
            "firstname",
            "vorname",
            "prénom",
            "nombre",
            "nome",
            "voornaam",
            "imię",
        ],
    ),
    (
        Column::Family,
        &[
            "last name",
            "family name",
            "lastname",
            "surname",
            "nachname",
            "nom",
            "apellido",
            "apellidos",
            "cognome",
            "sobrenome",
            "achternaam",
            "nazwisko",
        ],
    ),
    (
        Column::Company,
        &[
            "company",
            "organization",
            "organization name",
            "firma",
            "société",
            "empresa",
            "azienda",
            "bedrijf",
        ],
    ),
    (
        Column::Number,
        &[
            "number", "numbers", "tel", "work", "home", "cell", "fax", "nummer", "numéro",
            "número", "numero",
        ],
    ),
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
const NUMBERS: &[&str] = &["phone", "mobile", "telefon", "teléfono", "téléphone", "handy", "fax"];
/// And one with a word that begins like this.
const NUMBER_WORDS: &[&str] =
    &["tel", "mobil", "móvil", "celular", "cellulare", "portable", "komórka", "gsm"];
/// Fields that look like numbers make a column of them, from so many digits each.
const LOOKS: usize = 7;
/// Unless it has one of these, too: "Phone 1 - Type", "Phonetic First Name".
const NO_NUMBERS: &[&str] = &["type", "label", "phonetic"];

impl Column {
    fn is_number(self) -> bool {
        matches!(self, Self::Number | Self::Phone)
    }

    fn named(name: &str) -> Self {
        let name = name.trim().to_lowercase();
        let known = COLUMNS.iter().find(|(_, names)| names.contains(&name.as_str()));
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let begins = |words: &[&str]| {
            let mut parts = name.split(|c: char| !c.is_alphanumeric());
            parts.any(|part| words.iter().any(|word| part.starts_with(word)))
        };
        match known {
            Some((column, _)) => *column,
            None if (has(NUMBERS) || begins(NUMBER_WORDS)) && !has(NO_NUMBERS) => Self::Phone,
            None => Self::Other,
        }
    }
}

/// Reads the rows of a file; one whose first row does not name a name and a number is none of this kind.
pub(super) fn book(bytes: &[u8]) -> Result<AddressBook, &'static str> {
    let mut text = decoded(bytes).into_owned();
    let end = text.len();
    text.push_str(END);
    let (delimiter, begin) = start(&text);
    let mut rows = reader(&text[begin..], delimiter);
    let mut row = StringRecord::new();
    // all of it is UTF-8 by now, and rows may have any length: only reading itself could fail
    rows.read_record(&mut row).map_err(|_| "expected a table")?;
    if row.len() > WIDEST {
        return Err("expected a table of up to 1000 columns");
    }
    let columns: Vec<Column> = row.iter().map(Column::named).collect();
    let mut unknown = Unknown::new(&row, &columns);
    let has = |wanted: &[Column]| columns.iter().any(|column| wanted.contains(column));
    let named = has(&[Column::Name, Column::Given, Column::Family]);
    if !named || !has(&[Column::Number, Column::Phone]) {
        return Err(
            "expected a first row that names the columns, \"name\" and \"number\" among them,",
        );
    }
    let mut book = AddressBook::default();
    let (mut from, mut before, mut quotes) = (begin, lines(&text[..begin]), 0);
    while rows.read_record(&mut row).map_err(|_| "expected a table")? {
        let (begins, line) = row.position().map_or((0, 0), |p| (place(p.byte()), p.line()));
        let ends = from + place(rows.position().byte());
        // empty lines before it are no part of it
        let whole = &text[from + begins..ends];
        let raw = whole.trim_start_matches(['\r', '\n']);
        let line = before + line + lines(&whole[..whole.len() - raw.len()]);
        if ends > end + 1 {
            if row.len() == 1 && END.ends_with(&row[0]) {
                break;
            }
            // its last field runs to the end: it opens where that many lines are left
            let left = lines(row.iter().next_back().unwrap_or_default());
            let open = if row.len() > columns.len() { line } else { lines(&text) + 1 - left };
            quotes += 1;
            if quotes > QUOTES {
                book.mistake(open, "a quote that is not closed, and all that follows");
                break;
            }
            book.mistake(open, "a quote that is not closed");
            (from, before) = (behind(&text, open), open);
            rows = reader(&text[from..], delimiter);
        } else {
            let several = raw.trim_end().contains('\n');
            match checked(&columns, &row, several, delimiter) {
                Ok(()) => {
                    unknown.look_at(&row);
                    book.add(line, contact(&columns, &row));
                }
                Err(what) => book.mistake(line, what),
            }
        }
    }
    for name in unknown.look_like_numbers() {
        let line = before_rows(&text, begin);
        book.mistake(
            line,
            format!("a column that looks like numbers, and whose name is not known: {name:?}"),
        );
    }
    Ok(book)
}

/// Returns the line of the first row.
fn before_rows(text: &str, begin: usize) -> u64 {
    lines(&text[..begin]) + 1
}

/// Columns whose names are not known, and whether they look like numbers.
struct Unknown {
    /// Place, name, and how many fields are filled, and look like numbers.
    columns: Vec<(usize, String, usize, usize)>,
}

impl Unknown {
    fn new(names: &StringRecord, columns: &[Column]) -> Self {
        let others = columns.iter().zip(names).enumerate();
        let others = others.filter(|(_, (column, _))| **column == Column::Other);
        let columns =
            others.map(|(place, (_, name))| (place, short(name.trim(), QUOTE), 0, 0)).collect();
        Self { columns }
    }

    fn look_at(&mut self, row: &StringRecord) {
        for (place, _, filled, numbers) in &mut self.columns {
            let field = row.get(*place).unwrap_or_default().trim();
            *filled += usize::from(!field.is_empty());
            *numbers += usize::from(looks_like_a_number(field));
        }
    }

    fn look_like_numbers(self) -> impl Iterator<Item = String> {
        let most = |(_, _, filled, numbers): &(usize, String, usize, usize)| {
            *numbers > 0 && numbers * 2 > *filled
        };
        self.columns.into_iter().filter(most).map(|(_, name, ..)| name)
    }
}

/// Returns `true` for what is dialled, and is neither a date nor the number of something else.
fn looks_like_a_number(field: &str) -> bool {
    let field = field.trim_matches(['\'', '"', '=']);
    let dialled = |c: char| c.is_ascii_digit() || "+-()./ \u{a0}".contains(c);
    let parts: Vec<_> = field.split(['.', '-', '/']).collect();
    let is_date = parts.len() == 3 && digits(field) <= 8 && !field.contains('+');
    let begins = field.starts_with(['+', '0', '(']);
    begins && digits(field) >= LOOKS && field.chars().all(dialled) && !is_date
}

fn reader(text: &str, delimiter: u8) -> Reader<&[u8]> {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes())
}

/// Says what is wrong with a row; it may stand on several lines.
fn checked(
    columns: &[Column],
    row: &StringRecord,
    several: bool,
    delimiter: u8,
) -> Result<(), &'static str> {
    let numbers = columns.iter().zip(row).filter(|(column, _)| column.is_number());
    let strange = |part: &str| {
        part.contains(char::from(delimiter)) || !part.contains(|c: char| c.is_ascii_digit())
    };
    let runs_on = |(_, field): (_, &str)| {
        let field = field.trim();
        field.contains('\n') && field.lines().any(strange)
    };
    if several && (row.len() < columns.len() || numbers.into_iter().any(runs_on)) {
        Err("a row over several lines: perhaps a quote is not closed")
    } else if row.len() > columns.len() {
        Err("more fields than the first row has")
    } else {
        Ok(())
    }
}

fn contact(columns: &[Column], row: &StringRecord) -> Card {
    let fields = || {
        let fields = columns.iter().zip(row.iter().map(str::trim));
        fields.filter(|(_, field)| !field.is_empty())
    };
    let all =
        |wanted| fields().filter(move |(column, _)| **column == wanted).map(|(_, field)| field);
    let first = |wanted| all(wanted).next();
    let parts: Vec<_> =
        [first(Column::Given), first(Column::Family)].into_iter().flatten().collect();
    let whole = Some(parts.join(" ")).filter(|name| !name.is_empty());
    let name = first(Column::Name).map(str::to_owned).or(whole);
    let numbers =
        fields().filter(|(column, _)| column.is_number()).filter_map(|(column, field)| {
            // a flag, such as "1", is none
            let is_number = *column == Column::Number || digits(field) >= DIGITS;
            is_number.then(|| field.to_owned())
        });
    Card {
        name: name.or_else(|| first(Column::Company).map(str::to_owned)).unwrap_or_default(),
        groups: all(Column::Group).flat_map(groups_of).take(GROUPS).collect(),
        numbers: numbers.take(FIELDS + 1).collect(),
    }
}

/// Returns the groups in one field: Google parts them by `:::`, Outlook by `;`.
fn groups_of(field: &str) -> impl Iterator<Item = String> {
    let parts = field.split(":::").flat_map(|part| part.split([';', ',', '\n']));
    parts.map(|part| part.trim().to_owned()).filter(|part| !part.is_empty())
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

fn lines(text: &str) -> u64 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u64
}

fn place(byte: u64) -> usize {
    usize::try_from(byte).unwrap_or(usize::MAX)
}

/// Returns where the line behind this one begins.
fn behind(text: &str, line: u64) -> usize {
    let mut ends = text.match_indices('\n').map(|(at, _)| at + 1);
    ends.nth(place(line.saturating_sub(1))).unwrap_or(text.len())
}

/// Returns what parts the fields, and where the first row begins: Excel may say the former in a row before it.
fn start(text: &str) -> (u8, usize) {
    let first = text.lines().next().unwrap_or_default();
    let said = first.trim_matches('"').strip_prefix("sep=");
    match said.map(str::as_bytes) {
        Some([delimiter]) => (*delimiter, behind(text, 1)),
        _ => (delimiter(text), 0),
    }
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
