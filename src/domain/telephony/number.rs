//! Telephone numbers as phones and people write them: when two texts mean the same number, and what is dialled.

/// This many equal digits at the end of two numbers make them the same, whatever prefix one of them has: fewer are an extension.
const TAIL: usize = 6;
/// The zeros of Arabic, Persian, Devanagari, Bengali and Thai, and the wide one of East Asia; nine more digits follow each.
const ZEROS: [char; 6] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}', '\u{ff10}'];

/// Returns `true` if two texts mean the same number: `sip:1001@pbx` and `1001`, `+49 30 123456` and `030123456`.
pub fn same(one: &str, other: &str) -> bool {
    let (one, other) = (bare(one), bare(other));
    if one == other {
        return true;
    }
    let (one, other) = (subscriber(&one), subscriber(&other));
    let (Some(one), Some(other)) = (one, other) else { return false };
    one.len().min(other.len()) >= TAIL && (one.ends_with(other) || other.ends_with(one))
}

/// Returns a number without what only writes it otherwise: scheme, host, blanks and punctuation.
pub fn bare(number: &str) -> String {
    let lower = number.trim().to_lowercase();
    let user = ["sips:", "sip:", "tel:"].iter().find_map(|scheme| lower.strip_prefix(scheme));
    let user = user.unwrap_or(&lower);
    let user = user.split(['@', ';']).next().unwrap_or_default();
    ascii_digits(user).chars().filter(|c| !is_decoration(*c)).collect()
}

/// Returns a text with the digits, and the plus, of other scripts as ASCII has them.
pub fn ascii_digits(text: &str) -> String {
    let ascii = |c: char| {
        let mut digits = ZEROS.iter().map(|zero| u32::from(c).wrapping_sub(u32::from(*zero)));
        let digit = digits.find_map(|digit| char::from_digit(digit, 10));
        digit.unwrap_or(if c == '\u{ff0b}' { '+' } else { c })
    };
    text.chars().map(ascii).collect()
}

/// Country codes after which a written `(0)` is dialled: numbers there keep their 0 from abroad (Italy, San Marino,
/// Vatican City).
const ZERO_STAYS: [&str; 3] = ["39", "378", "379"];

/// Returns the digits to dial for a number as people write it: without `tel:`, blanks, dashes and other punctuation. What
/// else is in it stays, so that the policy refuses it.
pub fn dialled(written: &str) -> String {
    let text = written.trim();
    let is_tel = text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:"));
    let text = if is_tel { &text[4..] } else { text };
    let bracketed: String =
        text.chars().filter(|c| "()".contains(*c) || !is_decoration(*c)).collect();
    // +49 (0)30: the 0 is for those who call from within the country
    let digits = match bracketed.split_once("(0)") {
        Some((country, rest)) if drops_zero(country) => format!("{country}{rest}"),
        _ => bracketed,
    };
    digits.chars().filter(|c| !is_decoration(*c)).collect()
}

/// Returns `true` if what stands before a `(0)` is a country code after which the 0 is not dialled.
fn drops_zero(before: &str) -> bool {
    let code = before.strip_prefix('+').or_else(|| before.strip_prefix("00"));
    code.is_some_and(|code| !code.is_empty() && !ZERO_STAYS.contains(&code))
}

/// Returns `true` if a character only parts or marks the digits of a number; programs put dashes of all kinds there, and marks
/// for the direction of text.
pub fn is_decoration(c: char) -> bool {
    let dash = ('\u{2010}'..='\u{2015}').contains(&c) || "-()./\u{2212}".contains(c);
    let mark = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    dash || mark || c.is_whitespace()
}

/// What exchanges send as the name of somebody who hides, or whom they don't know.
const NOBODY: [&str; 14] = [
    "unknown",
    "unbekannt",
    "anonymous",
    "anonym",
    "private",
    "privat",
    "private number",
    "private caller",
    "unknown caller",
    "unavailable",
    "withheld",
    "restricted",
    "no caller id",
    "blocked",
];

/// Returns `true` if a name that is shown says nothing of who it is.
pub fn is_nobody(name: &str) -> bool {
    let words: Vec<_> = name.split_whitespace().collect();
    let name = words.join(" ").trim_matches(['"', '<', '>', '(', ')']).to_lowercase();
    name.is_empty() || NOBODY.contains(&name.as_str())
}

/// Returns what follows the `+` or the zeros of a number of digits.
fn subscriber(bare: &str) -> Option<&str> {
    let digits = bare.strip_prefix('+').unwrap_or(bare);
    digits.chars().all(|c| c.is_ascii_digit()).then(|| digits.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_nobody_is_no_name() {
        for name in ["Unknown", "UNBEKANNT", " anonymous ", "\"Private\"", "Private  Number", ""] {
            assert!(is_nobody(name), "{name}");
        }
        for name in ["Ann", "Unknown Pleasures", "1001", "Privatbank"] {
            assert!(!is_nobody(name), "{name}");
        }
    }

    #[test]
    fn numbers_are_compared_as_people_do() {
        let cases = [
            ("1001", "1001", true),
            ("sip:1001@pbx.example.com", "1001", true),
            ("1001@pbx;user=phone", "1001", true),
            ("+49 (30) 123-456", "030123456", true),
            ("\u{202d}+49 30/12\u{2011}3456\u{202c}", "030123456", true),
            ("004930123456", "+4930123456", true),
            ("1001", "21001", false),
            ("1001", "1002", false),
            ("anonymous", "1001", false),
            ("Anonymous", "anonymous", true),
            ("*21", "21", false),
            ("", "1001", false),
            ("٠٣٠ ١٢٣٤٥٦", "030123456", true),
            ("＋８１ ３１２３４", "+8131234", true),
        ];
        for (one, other, expected) in cases {
            assert_eq!(same(one, other), expected, "{one} {other}");
            assert_eq!(same(other, one), expected, "{other} {one}");
        }
    }
}
