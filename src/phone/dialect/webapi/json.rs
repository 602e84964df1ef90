//! JSON as phones write it: read by the rules if it keeps them, else as it is meant.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use serde_json::{Error, Value};

/// Maximum number of values in one answer: a contact has nine.
const VALUES: usize = 200_000;

/// Returns `true` if there are so many values in this that reading them is not worth it: each may take hundreds of bytes.
pub(super) fn is_too_much(body: &[u8]) -> bool {
    body.iter().filter(|byte| matches!(byte, b',' | b'{' | b'[')).count() > VALUES
}

/// Reads JSON. Names in Latin-1, quotes and line breaks that are not escaped within a text, and backslashes that escape nothing are
/// taken as they are meant: they would cost the name, and not the state beside it. The error is the one of the rules.
pub(super) fn parse(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).or_else(|error| {
        let text = match std::str::from_utf8(body) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => WINDOWS_1252.decode_without_bom_handling(body).0,
        };
        serde_json::from_str(&text)
            .or_else(|_| serde_json::from_str(&fix(&text)))
            .map_err(|_| error)
    })
}

/// Escapes what should have been escaped. A quote ends a text only if what follows goes on with the JSON around it.
fn fix(text: &str) -> String {
    let mut fixed = String::with_capacity(text.len() + 16);
    let mut within = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' if !within || ends(rest.as_str()) => {
                within = !within;
                fixed.push('"');
            }
            '"' => fixed.push_str("\\\""),
            '\\' if within => match rest.clone().next() {
                Some(next) if "\"\\/bfnrt".contains(next) => {
                    fixed.extend(['\\', next]);
                    rest.next();
                }
                Some('u') if rest.as_str().len() > 4 && is_hex(rest.as_str()) => fixed.push('\\'),
                _ => fixed.push_str("\\\\"),
            },
            c if within && c.is_control() => fixed.push(' '),
            c => fixed.push(c),
        }
    }
    fixed
}

fn is_hex(escape: &str) -> bool {
    escape.chars().skip(1).take(4).filter(char::is_ascii_hexdigit).count() == 4
}

/// Returns `true` if a text can end before this.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start();
    match rest.chars().next() {
        None | Some(':' | '}' | ']') => true,
        Some(',') => {
            let next = rest[1..].trim_start().chars().next();
            next.is_some_and(|next| {
                matches!(next, '"' | '{' | '[' | '-' | 't' | 'f' | 'n') || next.is_ascii_digit()
            })
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_that_breaks_the_rules_costs_nothing_else() {
        let cases: [(&[u8], &str); 9] = [
            (br#"{"name":"Bob","state":3}"#, "Bob"),
            (b"{\"name\":\"J\xfcrgen\",\"state\":3}", "J\u{fc}rgen"),
            (br#"{"name":"O'Neil "Bob"","state":3}"#, r#"O'Neil "Bob""#),
            (br#"{"name":""Bob" O'Neil" , "state":3}"#, r#""Bob" O'Neil"#),
            (br#"{"name":"a "b", c","state":3}"#, r#"a "b", c"#),
            (b"{\"name\":\"J\xfcr\"gen\",\"state\":3}", "J\u{fc}r\"gen"),
            (b"{\"name\":\"a\tb\nc\",\"state\":3}", "a b c"),
            (br#"{"name":"C:\dir \"x\" \u00fc \uzz","state":3}"#, r#"C:\dir "x" ü \uzz"#),
            ("{\"name\":\"J\u{fc}rgen \"J\"\",\"state\":3}".as_bytes(), "J\u{fc}rgen \"J\""),
        ];
        for (body, name) in cases {
            let read = parse(body).map_err(|error| format!("{name}: {error}")).unwrap();
            assert_eq!(read, json!({ "name": name, "state": 3 }));
        }
    }

    #[test]
    fn what_breaks_off_is_still_no_json() {
        for body in ["", "{", r#"{"name":"Bob"#, r#"{"name":"Bob" "state":3}"#, "<html>"] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(parse(br#"{"a":"b"#).unwrap_err().is_eof());
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_panics(body: Vec<u8>, text in "[\"\\\\u{},:a0 ]{0,40}") {
            drop(parse(&body));
            drop(parse(text.as_bytes()));
        }
    }
}
