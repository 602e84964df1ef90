//! One line of a vCard: its name, its parameters and its text, decoded.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

const CHARSET: &[u8] = b"CHARSET=";
/// The colon stands within this many bytes.
const HEAD: usize = 4096;

/// A line, unfolded.
pub(super) struct Line<'a> {
    name: &'a [u8],
    parameters: &'a [u8],
    value: &'a [u8],
}

impl<'a> Line<'a> {
    /// Returns the parts of a line; none, if it has no colon.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let start = &line[..line.len().min(HEAD)];
        let mut quoted = false;
        let outside = start.iter().position(|byte| {
            quoted ^= *byte == b'"';
            *byte == b':' && !quoted
        });
        // a quote may lack its end
        let colon = outside.or_else(|| start.iter().position(|byte| *byte == b':'))?;
        let (head, value) = (&line[..colon], &line[colon + 1..]);
        let end = head.iter().position(|byte| *byte == b';').unwrap_or(head.len());
        let (name, parameters) = head.split_at(end);
        // a label may be tied to it: item1.TEL
        let name = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name);
        Some(Self { name: name.trim_ascii(), parameters, value })
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Returns the character set that the line names, unless it is the one that all have today.
    pub(super) fn legacy_charset(&self) -> Option<&'static Encoding> {
        charset_of(self.parameters)
    }

    /// Returns the text, decoded, but not unescaped. In which character set it is says the line, or else itself, if it is
    /// UTF-8, or else the card; Windows in the west says nothing.
    pub(super) fn text(&self, card: Option<&'static Encoding>) -> String {
        let quoted = is_quoted_printable(self.parameters);
        let bytes = if quoted { unquoted(self.value) } else { Cow::Borrowed(self.value) };
        let own = self.legacy_charset();
        match std::str::from_utf8(&bytes) {
            Ok(text) if own.is_none() => text.to_owned(),
            _ => {
                let charset = own.or(card).unwrap_or(WINDOWS_1252);
                charset.decode_without_bom_handling(&bytes).0.into_owned()
            }
        }
    }
}

/// Returns the first character set that is named there and known, and is neither UTF-8 nor UTF-16: the file is read as
/// the former, and made it where it is the latter.
pub(super) fn charset_of(text: &[u8]) -> Option<&'static Encoding> {
    let named = text.windows(CHARSET.len()).enumerate();
    let mut named = named.filter(|(_, word)| word.eq_ignore_ascii_case(CHARSET));
    named.find_map(|(at, _)| {
        let rest = &text[at + CHARSET.len()..];
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let end = rest.iter().position(|byte| b";:\"\r\n".contains(byte)).unwrap_or(rest.len());
        Encoding::for_label(&rest[..end])
            .filter(|charset| *charset != UTF_8 && charset.is_ascii_compatible())
    })
}

fn has_parameter(parameters: &[u8], words: &[&[u8]]) -> bool {
    parameters.split(|byte| matches!(byte, b';' | b':')).any(|parameter| {
        // 2.1 has the value alone
        let value = parameter.rsplit(|byte| *byte == b'=').next().unwrap_or(parameter).trim_ascii();
        words.iter().any(|word| value.eq_ignore_ascii_case(word))
    })
}

fn is_quoted_printable(parameters: &[u8]) -> bool {
    has_parameter(parameters, &[b"QUOTED-PRINTABLE"])
}

/// How a line is encoded, as its head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    Plain,
    QuotedPrintable,
    Base64,
}

impl Transfer {
    /// Returns that of a line, and keeps it: the head of a long line is not read for each part of it.
    fn of(line: &[u8], known: &mut Option<Self>) -> Self {
        *known.get_or_insert_with(|| {
            let Some(line) = Line::parse(line) else { return Self::Plain };
            let in_url = || line.value.windows(8).take(100).any(|word| word == b";base64,");
            if is_quoted_printable(line.parameters) {
                Self::QuotedPrintable
            } else if has_parameter(line.parameters, &[b"BASE64", b"B"])
                || line.value.starts_with(b"data:") && in_url()
            {
                Self::Base64
            } else {
                Self::Plain
            }
        })
    }
}

/// Returns `true` if the line goes on in the next one, as quoted-printable does.
pub(super) fn ends_softly(line: &[u8], known: &mut Option<Transfer>) -> bool {
    line.trim_ascii_end().ends_with(b"=") && Transfer::of(line, known) == Transfer::QuotedPrintable
}

/// Returns `true` if the next line can only be more of a photo or a key in this one.
pub(super) fn goes_on_in_base64(line: &[u8], next: &[u8], known: &mut Option<Transfer>) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let next = next.trim_ascii();
    !next.is_empty() && next.iter().all(is_base64) && Transfer::of(line, known) == Transfer::Base64
}

/// Decodes quoted-printable; what is none stays as it is.
fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    let digit = |at: usize| value.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        let code = digit(at + 1).zip(digit(at + 2)).filter(|_| *byte == b'=');
        let code = code.and_then(|(high, low)| u8::try_from(16 * high + low).ok());
        bytes.push(code.unwrap_or(*byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    Cow::Owned(bytes)
}

/// Parts a text that has several values, and unescapes them.
pub(super) fn split(text: &str, delimiter: char) -> impl Iterator<Item = String> {
    let mut escaped = false;
    let parts = text.split(move |c| {
        let parts = c == delimiter && !escaped;
        escaped = c == '\\' && !escaped;
        parts
    });
    parts.map(unescaped)
}

/// Returns a text without its backslashes.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let meant = if c == '\\' { rest.next().unwrap_or(c) } else { c };
        plain.push(if c == '\\' && matches!(meant, 'n' | 'N') { '\n' } else { meant });
    }
    plain
}
