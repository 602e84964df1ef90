//! MAC addresses, as the phones spell them and as we do.

/// Returns a MAC address in lower case with colons, from any common spelling.
pub(super) fn mac(text: &str) -> Option<String> {
    let separator = |c: char| matches!(c, ':' | '-' | '.');
    let digits: String = text.chars().filter(|c| !separator(*c)).collect();
    if digits.len() != 12 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    let pairs: Vec<&str> = (0..6).map(|i| &digits[2 * i..2 * i + 2]).collect();
    Some(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn macs_are_read() {
        let cases = [
            ("C0:74:AD:01:02:03", Some("c0:74:ad:01:02:03")),
            ("c074ad010203", Some("c0:74:ad:01:02:03")),
            ("C0-74-AD-01-02-03", Some("c0:74:ad:01:02:03")),
            ("C074.AD01.0203", Some("c0:74:ad:01:02:03")),
            ("", None),
            ("C0:74:AD:01:02", None),
            ("C0:74:AD:01:02:0G", None),
            ("äääääö", None),
        ];
        for (text, expected) in cases {
            assert_eq!(mac(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".*") {
            mac(&text);
        }
    }
}
