//! vCards of all versions, as phones and clouds export them: FN or N, TEL, CATEGORIES.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use vcard::prop::r#fn::FN;
use vcard::tree::cst::VcardCst;
use vcard::tree::error::VcardParseError;
use vcard::tree::line::VcardLine;

use super::Book;
use crate::domain::directory::Card;

/// Reads the cards of a file; a file without any is none of this kind.
pub(super) fn book(bytes: &[u8]) -> Result<Book, &'static str> {
    // in UTF-16 with a mark it is made UTF-8
    let whole = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) if encoding == UTF_8 => Cow::Borrowed(&bytes[mark..]),
        Some((encoding, _)) => Cow::Owned(encoding.decode(bytes).0.into_owned().into_bytes()),
        None => Cow::Borrowed(bytes),
    };
    let bytes = &*whole;
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
    match VcardCst::parse(&decoded(bytes)) {
        Ok(card) => book.add(line, contact(&card)),
        Err(VcardParseError::MissingPropertyColon(_)) => {
            book.mistake(line, "a card with a line that has no colon");
        }
        Err(_) => book.mistake(line, "a card that can't be read"),
    }
}

/// Returns a card in which each line is in UTF-8, or says in what it is: others are as Windows writes them in the west.
fn decoded(card: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(card).is_ok() {
        return Cow::Borrowed(card);
    }
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in card.split_inclusive(|byte| *byte == b'\n') {
        match lines.last_mut() {
            // a fold may part even a letter
            Some(folded) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                let end = folded.strip_suffix(b"\n").unwrap_or(folded);
                folded.truncate(end.strip_suffix(b"\r").unwrap_or(end).len());
                folded.extend(&line[1..]);
            }
            _ => lines.push(line.to_vec()),
        }
    }
    for line in &mut lines {
        let said = line.to_ascii_uppercase().windows(8).any(|word| word == b"CHARSET=");
        if !said && std::str::from_utf8(line).is_err() {
            *line = WINDOWS_1252.decode(line).0.into_owned().into_bytes();
        }
    }
    Cow::Owned(lines.concat())
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
