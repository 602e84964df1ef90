//! vCards of all versions, as phones and clouds export them: FN or N, TEL, CATEGORIES. A line that makes no sense is left
//! out, and the rest of its card is read.

mod line;

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use super::{AddressBook, FIELDS};
use crate::domain::contacts::directory::{Card, GROUPS};
use line::{Line, charset_of, split, unescaped};

const BEGIN: &[u8] = b"BEGIN:VCARD";
const END: &[u8] = b"END:VCARD";
/// Maximum number of lines of a card: a photo has thousands.
const LINES: usize = 100_000;
/// The mark of UTF-8, which each file begins with that was joined to another.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the cards of a file; a file without any is none of this kind.
pub(super) fn book(bytes: &[u8]) -> Result<AddressBook, &'static str> {
    // in UTF-16 with a mark it is made UTF-8
    let whole = match Encoding::for_bom(bytes) {
        Some((encoding, _)) if encoding != UTF_8 => {
            Cow::Owned(encoding.decode(bytes).0.into_owned().into_bytes())
        }
        Some(_) | None => Cow::Borrowed(bytes),
    };
    let mut book = AddressBook::default();
    let charset = charset_of(&whole);
    let mut cards = 0;
    let mut open: Option<OpenCard<'_>> = None;
    let mut strange = false;
    for (number, line) in lines(&whole) {
        if is(line, BEGIN) {
            if let Some(card) =
                open.replace(OpenCard { began: number, lines: Vec::new(), is_long: false })
            {
                card.breaks_off(&mut book, charset);
            }
            cards += 1;
            strange = false;
        } else if is(line, END)
            && let Some(card) = open.take()
        {
            card.ends(&mut book, charset);
        } else if let Some(card) = &mut open {
            if card.lines.len() < LINES {
                card.lines.push((number, line));
            } else if !std::mem::replace(&mut card.is_long, true) {
                book.mistake(number, "a card with more than 100000 lines, and the rest of it");
            }
        } else if !line.trim_ascii().is_empty() && !std::mem::replace(&mut strange, true) {
            book.mistake(number, "text outside of a card");
        }
    }
    if let Some(card) = open {
        card.breaks_off(&mut book, charset);
    }
    if cards > 0 { Ok(book) } else { Err("expected vCards, which begin with BEGIN:VCARD,") }
}

fn is(line: &[u8], word: &[u8]) -> bool {
    line.trim_ascii().eq_ignore_ascii_case(word)
}

/// Returns the lines with their numbers, whichever way they end. What stands behind an END, where files were joined, is a
/// line of its own.
fn lines(text: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut rest = text;
    let returns = std::iter::from_fn(move || {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (line, behind) = match end {
            None if rest.is_empty() => return None,
            None => (rest, &rest[rest.len()..]),
            Some(at) if rest[at..].starts_with(b"\r\n") => (&rest[..at], &rest[at + 2..]),
            Some(at) => (&rest[..at], &rest[at + 1..]),
        };
        rest = behind;
        Some(line)
    });
    (1..).zip(returns).flat_map(|(number, line)| {
        let line = line.strip_prefix(MARK).unwrap_or(line);
        let ends = line.get(..END.len()).is_some_and(|word| word.eq_ignore_ascii_case(END));
        let (line, behind) = line.split_at(if ends { END.len() } else { line.len() });
        let behind = behind.trim_ascii();
        let behind = behind.strip_prefix(MARK).unwrap_or(behind);
        [Some(line), Some(behind).filter(|behind| !behind.is_empty())]
            .into_iter()
            .flatten()
            .map(move |line| (number, line))
    })
}

/// The card that is being read.
struct OpenCard<'a> {
    began: u64,
    lines: Vec<(u64, &'a [u8])>,
    /// Whether it has too many.
    is_long: bool,
}

impl OpenCard<'_> {
    /// Handles a card without its END: what there is of it is read.
    fn breaks_off(self, book: &mut AddressBook, charset: Option<&'static Encoding>) {
        book.mistake(self.began, "a card that does not end");
        self.ends(book, charset);
    }

    /// Adds the card to the book; the character set is the file's.
    fn ends(self, book: &mut AddressBook, file: Option<&'static Encoding>) {
        let whole = self.unfolded();
        let lines: Vec<_> =
            whole.iter().map(|(number, line)| (*number, Line::parse(line))).collect();
        if let Some((number, _)) = lines.iter().find(|(_, line)| line.is_none()) {
            book.mistake(*number, "a line without a colon");
        }
        let lines: Vec<_> = lines.into_iter().filter_map(|(_, line)| line).collect();
        let charset = lines.iter().find_map(Line::legacy_charset).or(file);
        book.add(self.began, contact(&lines, charset));
    }

    /// Returns the lines as they were before they were folded.
    fn unfolded(&self) -> Vec<(u64, Cow<'_, [u8]>)> {
        let mut whole: Vec<(u64, Cow<'_, [u8]>)> = Vec::new();
        // how the last of them goes on: said once, in its head, whatever its length
        let mut encoding = None;
        for (number, line) in &self.lines {
            match whole.last_mut() {
                Some((_, last)) if line::ends_softly(last, &mut encoding) => {
                    let end = last.trim_ascii_end().len() - 1;
                    last.to_mut().truncate(end);
                    last.to_mut().extend(*line);
                }
                // a fold may part even a letter
                Some((_, last)) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                    last.to_mut().extend(&line[1..]);
                }
                // a photo that some programs do not indent
                Some((_, last)) if line::goes_on_in_base64(last, line, &mut encoding) => {}
                _ if line.trim_ascii().is_empty() => {}
                _ => {
                    encoding = None;
                    whole.push((*number, Cow::Borrowed(*line)));
                }
            }
        }
        whole
    }
}

fn contact(lines: &[Line<'_>], charset: Option<&'static Encoding>) -> Card {
    let all = |name: &'static str| {
        let named = lines.iter().filter(move |line| line.is_named(name));
        named.map(move |line| line.text(charset))
    };
    let first = |name| all(name).find(|text| !text.trim().is_empty());
    let name = first("FN")
        .map(|name| unescaped(&name))
        .or_else(|| first("N").map(|parts| whole_name(&parts)).filter(|name| !name.is_empty()))
        .or_else(|| first("NICKNAME").map(|name| unescaped(&name)))
        .or_else(|| first("ORG").and_then(|org| split(&org, ';').next()));
    Card {
        name: name.unwrap_or_default(),
        groups: all("CATEGORIES")
            .flat_map(|list| split(&list, ',').take(GROUPS).collect::<Vec<_>>())
            .take(GROUPS)
            .collect(),
        numbers: all("TEL").take(FIELDS + 1).map(|number| unescaped(&number)).collect(),
    }
}

/// Makes one name of family name, given name and the rest, as N has them.
fn whole_name(parts: &str) -> String {
    let mut parts = split(parts, ';').map(|part| part.trim().to_owned());
    let (family, given) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{given} {family}").trim().to_owned()
}
