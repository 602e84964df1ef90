//! What a phone's call of a URL says, read as leniently as a hint deserves.
//!
//! The phones put names in as they are: raw spaces, raw UTF-8 or Latin-1, `&` and `=` too (seen by
//! shambles07/grandstream-actionurl-server, which reads likewise); a variable that they don't know, or have nothing for,
//! stays as it was written (`remote=$remote`). So our URLs end with the name, and it takes all the rest.

use percent_encoding::percent_decode;

use super::token::Token;
use crate::domain::call::push::{Push, PushKind};
use crate::phone::mac::mac;

/// The longest value that is kept, in characters.
const VALUE: usize = 256;

/// One call of a URL.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// Which phone says that it is; none, if that is no token.
    pub token: Option<Token>,
    /// What it says; none, if that is no event that we know.
    pub push: Option<Push>,
    /// It was asked what a call would give, and nothing was said (`HEAD`).
    pub only_asks: bool,
}

/// Why a call says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// This is not HTTP.
    NoRequest,
    /// Something else than `GET` or `HEAD`.
    NoGet,
}

/// Reads the head of a request.
pub fn read(head: &[u8]) -> Result<Request, Refusal> {
    let line = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|l| !l.is_empty());
    let blank = |byte: u8| byte == b' ' || byte == b'\t';
    let (method, rest) = cut(line.unwrap_or_default(), blank).ok_or(Refusal::NoRequest)?;
    let only_asks = match method.to_ascii_uppercase().as_slice() {
        b"GET" => false,
        b"HEAD" => true,
        other if other.iter().all(u8::is_ascii_uppercase) => return Err(Refusal::NoGet),
        _ => return Err(Refusal::NoRequest),
    };
    let (token, rest) = word(path(target(rest)));
    let (kind, rest) = word(rest);
    let kind = str::from_utf8(kind).ok().and_then(PushKind::from_word);
    let push = kind.map(|kind| push(kind, trim_start(rest, b"/?")));
    Ok(Request { token: Token::read(token), push, only_asks })
}

/// Returns what is called: the line without the version of HTTP, if it ends with one.
fn target(rest: &[u8]) -> &[u8] {
    let rest = rest.trim_ascii();
    let last = rest.iter().rposition(u8::is_ascii_whitespace).map_or(0, |blank| blank + 1);
    let version = rest[last..].get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"HTTP/"));
    if version { rest[..last].trim_ascii_end() } else { rest }
}

/// Returns a target without the host that may stand in front of it, and without its first `/`.
fn path(target: &[u8]) -> &[u8] {
    let scheme = |scheme: &&[u8]| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let after = match [&b"http://"[..], b"https://"].iter().find(|s| scheme(s)) {
        Some(scheme) => word(&target[scheme.len()..]).1,
        None => target,
    };
    trim_start(after, b"/")
}

/// Splits at the first `/` or `?`.
fn word(path: &[u8]) -> (&[u8], &[u8]) {
    cut(path, |byte| byte == b'/' || byte == b'?').unwrap_or((path, b""))
}

/// Reads `mac=…&local=…&remote=…&call_id=…&name=…`; of each what comes first and is filled in.
fn push(kind: PushKind, mut rest: &[u8]) -> Push {
    let mut push = Push { kind, mac: None, local: None, remote: None, name: None, call_id: None };
    while !rest.is_empty() {
        let (field, others) = cut(rest, |byte| byte == b'&').unwrap_or((rest, b""));
        let (key, mut content) = cut(field, |byte| byte == b'=').unwrap_or((field, b""));
        // the web pages of GXV33xx and WP820 turn & into &amp; when they save a URL (seen in clients of them)
        let key = key.strip_prefix(b"amp;").unwrap_or(key);
        if key == b"name" {
            content = cut(rest, |byte| byte == b'=').map_or(b"", |(_, all)| all);
            push.name = value(content);
            break;
        }
        if others.is_empty() {
            content = content.strip_suffix(b"/").unwrap_or(content);
        }
        let filled = value(content);
        match key {
            b"mac" => push.mac = push.mac.or(filled.as_deref().and_then(mac)),
            b"local" => push.local = push.local.or(filled),
            b"remote" => push.remote = push.remote.or(filled),
            b"call_id" | b"call-id" => push.call_id = push.call_id.or(filled),
            _ => {}
        }
        rest = others;
    }
    push
}

/// Returns what a variable was filled with.
fn value(raw: &[u8]) -> Option<String> {
    let bytes: Vec<u8> = percent_decode(raw).collect();
    // what is not UTF-8 is taken for Latin-1, of which every byte is the character of that number
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let text = text.trim();
    let variable = |c: char| c.is_ascii_lowercase() || c == '_' || c == '-';
    let unfilled = text.strip_prefix('$').is_some_and(|name| name.chars().all(variable));
    let text: String = text.chars().take(VALUE).collect();
    Some(text).filter(|text| !text.is_empty() && !unfilled)
}

fn cut(bytes: &[u8], at: impl Fn(u8) -> bool) -> Option<(&[u8], &[u8])> {
    let place = bytes.iter().position(|byte| at(*byte))?;
    Some((&bytes[..place], &bytes[place + 1..]))
}

fn trim_start<'b>(bytes: &'b [u8], these: &[u8]) -> &'b [u8] {
    let first = bytes.iter().position(|byte| !these.contains(byte));
    first.map_or(b"", |first| &bytes[first..])
}

#[cfg(test)]
mod tests;
