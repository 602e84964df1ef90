//! Words of others that are repeated: never more of them than a person reads.

/// Returns a text of up to so many characters; of a longer one the beginning, and a mark that there is more.
pub fn short(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(short("Zoë", 3), "Zoë");
        assert_eq!(short("Zoëë", 3), "Zoë…");
        assert_eq!(short("", 0), "");
    }
}
