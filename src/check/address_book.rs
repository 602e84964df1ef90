//! Tries the address book of the settings.

use std::path::Path;

use tokio::time::Instant;

use super::table::{Row, Verdict};
use crate::names;

/// Maximum number of mistakes in the address book that are shown.
const MISTAKES: usize = 5;

/// Reads the address book, and says what is left out.
pub(super) fn row(file: &Path) -> Row {
    let started = Instant::now();
    let (verdict, remark) = match names::read(file) {
        Ok(book) => {
            let mut remark = vec![format!("{} contacts with a number", book.cards.len())];
            remark.extend(book.strangeness());
            let mistakes = book.mistakes.iter().take(MISTAKES);
            remark.extend(mistakes.map(|m| format!("left out: line {}, {}", m.line, m.what)));
            let more = book.mistakes.len().saturating_sub(MISTAKES);
            remark.extend((more > 0).then(|| format!("and {more} more")));
            (Verdict::Works, remark.join("; "))
        }
        Err(why) => (Verdict::Fails, why),
    };
    Row::needed("names", "read", verdict, Some(started.elapsed()), remark)
}
