//! vCards of all versions, as phones and clouds export them: FN or N, TEL, CATEGORIES.

use vcard::prop::r#fn::FN;
use vcard::tree::cst::VcardCst;
use vcard::tree::error::VcardParseError;
use vcard::tree::line::VcardLine;

use super::Book;
use crate::domain::directory::Card;

/// Reads the cards of a file; a file without any is none of this kind.
pub(super) fn book(bytes: &[u8]) -> Result<Book, &'static str> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut book = Book::default();
    let mut cards = 0;
    // where the card that is being read begins: its line, and its first byte
    let mut open: Option<(u64, usize)> = None;
    let (mut at, mut strange) = (0, false);
    for (number, line) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let word = line.trim_ascii();
        if word.eq_ignore_ascii_case(b"BEGIN:VCARD") {
            if let Some((began, _)) = open.replace((number, at)) {
                book.mistake(began, "a card that does not end");
            }
            cards += 1;
            strange = false;
        } else if let Some((began, from)) = open {
            if word.eq_ignore_ascii_case(b"END:VCARD") {
                read_card(&mut book, began, &bytes[from..at + line.len()]);
                open = None;
            }
        } else if !word.is_empty() && !std::mem::replace(&mut strange, true) {
            book.mistake(number, "text outside of a card");
        }
        at += line.len();
    }
    if let Some((began, _)) = open {
        book.mistake(began, "a card that does not end");
    }
    if cards > 0 { Ok(book) } else { Err("expected vCards, which begin with BEGIN:VCARD,") }
}

fn read_card(book: &mut Book, line: u64, bytes: &[u8]) {
    match VcardCst::parse(bytes) {
        Ok(card) => book.add(line, contact(&card)),
        Err(VcardParseError::MissingPropertyColon(_)) => {
            book.mistake(line, "a card with a line that has no colon");
        }
        Err(_) => book.mistake(line, "a card that can't be read"),
    }
}

fn contact(card: &VcardCst<'_>) -> Card {
    let lines = |name: &'static str| {
        card.props.iter().filter(move |line| line.bare_name().eq_ignore_ascii_case(name))
    };
    let first = |name| lines(name).map(text).find(|text| !text.trim().is_empty());
    let name = first("FN")
        .or_else(|| first("N").map(|parts| whole_name(&parts)).filter(|name| !name.is_empty()))
        .or_else(|| first("NICKNAME"))
        .or_else(|| first("ORG").map(|org| org.split(';').next().unwrap_or_default().to_owned()));
    Card {
        name: name.unwrap_or_default(),
        groups: lines("CATEGORIES").flat_map(list).collect(),
        numbers: lines("TEL").map(text).collect(),
    }
}

/// Makes one name of family name, given name and the rest, as N has them.
fn whole_name(parts: &str) -> String {
    let mut parts = parts.split(';').map(str::trim);
    let (family, given) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{given} {family}").trim().to_owned()
}

/// Returns the value of a line, decoded by its ENCODING and CHARSET.
fn text(line: &VcardLine<'_>) -> String {
    // the library decodes by properties that it has a lens for
    let mut card = VcardCst::v4();
    card.props = vec![line.clone()];
    card.props[0].name.set("FN");
    card.prop_mut::<FN>().map(|value| value.charset()).unwrap_or_default()
}

/// Returns the values of a line that has several.
fn list(line: &VcardLine<'_>) -> Vec<String> {
    let text = text(line);
    if text == line.value.decode() {
        line.value.decode_list().into_iter().map(Into::into).collect()
    } else {
        text.split(',').map(str::to_owned).collect()
    }
}
