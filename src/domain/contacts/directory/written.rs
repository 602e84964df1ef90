//! What address books have where numbers belong: several in one field, extensions, pauses, words, and what a spreadsheet
//! puts around them.

use crate::domain::telephony::number::{ascii_digits, is_decoration};

/// Number of digits that no extension has: what is shorter is no number, if there are words beside it.
const LONG: usize = 6;
/// More digits no number has: 15 in the public network (E.164), and what is dialled before them.
const LONGEST: usize = 24;
/// Letters and words that an extension, or what is dialled after a pause, stands behind.
#[rustfmt::skip] // by language
const MARKS: &[&str] = &[
    "p", "w", "x", "ext", "extn", "extension",
    "dw", "durchwahl", "nst", "anexo", "int", "interno", "poste", "tst", "toestel", "wew", "доб",
];

/// Returns the numbers in a field, as a caller may show them; none, if nothing in it is understood. An extension behind a
/// number, and what is dialled after a pause (`,`, `;`, `p`, `w`), are none: they would give somebody's extension a
/// stranger's name.
pub fn numbers(field: &str) -> Vec<String> {
    let field = ascii_digits(field);
    let mut numbers = Vec::new();
    for group in field.split(":::").flat_map(str::lines) {
        let mut long = false;
        for part in group.split(';').filter(|part| !is_parameter(part)) {
            for number in numbers_of(part) {
                let digits = digits(number);
                if (!long || digits >= LONG) && digits <= LONGEST {
                    numbers.push(number.to_owned());
                }
                long |= digits >= LONG;
            }
        }
    }
    numbers
}

/// Returns `true` if there is something in a field that could be meant for a number.
pub fn is_filled(field: &str) -> bool {
    field.contains(|c: char| c.is_alphanumeric() || matches!(c, '*' | '#'))
}

/// Returns `true` for what follows the number in a URI, such as `ext=5`.
fn is_parameter(part: &str) -> bool {
    let key = part.split_once('=').map_or("", |(key, _)| key.trim());
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
}

fn numbers_of(part: &str) -> Vec<&str> {
    // spreadsheets: '+49 30 1234567, ="030 1234567"
    let part = part.trim_matches(|c: char| c.is_whitespace() || "'\"=`\u{2019}".contains(c));
    if part.contains('@') || is_uri(part) {
        let user = part.split_once(':').map_or(part, |(_, user)| user);
        let user = user.split('@').next().unwrap_or_default();
        let is_one = is_filled(user) && !part.contains('=') && !user.contains(':');
        return is_one.then_some(part).into_iter().collect();
    }
    let (first, later) = part.split_once(',').unwrap_or((part, ""));
    // nobody dials a country after a pause
    let later = later.split(',').map(str::trim).filter(|part| part.starts_with('+'));
    std::iter::once(first).chain(later).flat_map(in_words).collect()
}

fn is_uri(part: &str) -> bool {
    let scheme = part.split_once(':').map_or("", |(scheme, _)| scheme);
    ["sip", "sips", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// Returns the numbers in a text without a pause; there may be words in it.
fn in_words(text: &str) -> Vec<&str> {
    let text = text.trim();
    let Some(at) = text.find(|c| !is_dialled(c)) else {
        return Some(before_hash(text)).filter(|text| is_filled(text)).into_iter().collect();
    };
    let (number, behind) = text.split_at(at);
    if digits(number) > 0 && is_extension(behind) {
        return vec![number.trim_end_matches(['(', ' ', '\u{a0}'])];
    }
    // the name of somebody at a SIP server
    let is_user = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-~+*#!".contains(c));
    if is_user && is_filled(text) && digits(number) < LONG {
        return vec![text];
    }
    let numbers = text.split(|c| !is_dialled(c)).map(|run| before_hash(run.trim()));
    numbers.filter(|number| digits(number) >= LONG).collect()
}

/// Returns a number without the extension that a `#` may stand before; a service such as `*21*030123456#` has none.
fn before_hash(number: &str) -> &str {
    match number.split_once('#') {
        Some((number, _)) if digits(number) >= LONG && !number.starts_with('*') => {
            number.trim_end()
        }
        _ => number,
    }
}

/// Returns `true` for `x99`, `ext. 12`, `p42`.
fn is_extension(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let (word, behind) = text.split_at(end);
    let is_pause = |c| matches!(c, ':' | 'p' | 'P' | 'w' | 'W');
    MARKS.contains(&word.to_lowercase().as_str())
        && digits(behind) > 0
        && behind.chars().all(|c| is_dialled(c) || is_pause(c))
}

fn is_dialled(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '+' | '*' | '#') || is_decoration(c)
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What stands in a field, and the numbers in it, parted by `|`.
    const FIELDS: &[(&str, &str)] = &[
        ("+49 (0)30 123456", "+49 (0)30 123456"),
        ("1001", "1001"),
        ("**610", "**610"),
        ("*21*030123456#", "*21*030123456#"),
        // pauses
        ("+390291234567,1234567", "+390291234567"),
        ("+1 555 123 4567,,42", "+1 555 123 4567"),
        ("+1 555 123 4567;42;43", "+1 555 123 4567"),
        ("030 5550108p42", "030 5550108"),
        ("030 5550108 P 42p43", "030 5550108"),
        ("1001 W 42", "1001"),
        ("1001,1002", "1001"),
        // extensions
        ("(310) 555-0142 x99", "(310) 555-0142"),
        ("(310) 555-0142 ext. 12", "(310) 555-0142"),
        ("(310) 555-0142 (Ext: 12)", "(310) 555-0142"),
        ("(310) 555-0142x99", "(310) 555-0142"),
        ("(310) 555-0142 #99", "(310) 555-0142"),
        ("8 (812) 123-45-67 доб. 5", "8 (812) 123-45-67"),
        ("tel:+49-30-1234567;ext=5", "tel:+49-30-1234567"),
        ("tel:7042;phone-context=+4930123456", "tel:7042"),
        // several
        ("1001; 1002 ::: 1003\n1004", "1001|1002|1003|1004"),
        ("+49 30 123456;+49 30 123457", "+49 30 123456|+49 30 123457"),
        ("+49 30 123456, +49 30 123457", "+49 30 123456|+49 30 123457"),
        ("030 123456 oder 0170 1234567", "030 123456|0170 1234567"),
        // words
        ("030 5550111 (Büro)", "030 5550111 ("),
        ("Mobil: +49 170 1234567", "+49 170 1234567"),
        ("0301234567Büro", "0301234567"),
        // spreadsheets
        ("'+380 99 345-67-89", "+380 99 345-67-89"),
        ("=\"030 5550111\"", "030 5550111"),
        ("='1001'", "1001"),
        // digits of others
        ("＋８１ ３ １２３４ ５６７８", "+81 3 1234 5678"),
        ("٠٣٠ ١٢٣٤٥٦", "030 123456"),
        // people at a SIP server
        ("sip:1001@pbx;user=phone", "sip:1001@pbx"),
        ("SIP:Ann@example.com", "SIP:Ann@example.com"),
        ("ann", "ann"),
        ("2pac", "2pac"),
        // nothing that anybody could call from
        ("", ""),
        (" - ", ""),
        ("sip:@pbx", ""),
        ("call me", ""),
        ("Zimmer 12", ""),
        ("1 800 FLOWERS", ""),
        ("0000000000000000000000000000000000", ""),
    ];

    #[test]
    fn fields_have_numbers() {
        for (field, expected) in FIELDS {
            assert_eq!(numbers(field).join("|"), *expected, "{field}");
        }
    }

    proptest! {
        #[test]
        fn any_field_is_read_and_its_numbers_are_numbers(
            field in prop_oneof![any::<String>(), "[+0-9 xp;,:@#='a-f-]{0,40}"]
        ) {
            let found = numbers(&field);
            for number in &found {
                prop_assert!(is_filled(number), "{number:?}");
                prop_assert_eq!(&numbers(number), std::slice::from_ref(number));
            }
        }
    }
}
