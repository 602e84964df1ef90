//! What was tried, as a table.

use std::io::Write as _;
use std::time::Duration;

use crate::domain::request::PhoneError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Works,
    /// The phone does not have it.
    Unsupported,
    /// The phone has it, and not for us.
    Refused,
    Fails,
    NotTried,
}

impl From<&PhoneError> for Verdict {
    fn from(error: &PhoneError) -> Self {
        match error {
            PhoneError::Unsupported(_) => Self::Unsupported,
            PhoneError::Forbidden(_) | PhoneError::Refused(_) => Self::Refused,
            PhoneError::Unreachable(_)
            | PhoneError::Timeout
            | PhoneError::Unauthorized(_)
            | PhoneError::BadCertificate(_)
            | PhoneError::LockedOut(_)
            | PhoneError::SessionEnded(_)
            | PhoneError::BadAnswer(_) => Self::Fails,
        }
    }
}

pub(super) struct Row {
    pub(super) whose: String,
    pub(super) what: &'static str,
    pub(super) verdict: Verdict,
    pub(super) took: Option<Duration>,
    pub(super) remark: String,
    /// Whether the bridge asks for it by itself, and so can't do without.
    pub(super) needed: bool,
    /// Number of values of the settings that are empty, or not known to the phone.
    pub(super) nothing_for: usize,
}

impl Row {
    /// Returns a row of something that the bridge needs.
    pub(super) fn needed(
        whose: impl Into<String>,
        what: &'static str,
        verdict: Verdict,
        took: Option<Duration>,
        remark: impl Into<String>,
    ) -> Self {
        let (whose, remark) = (whose.into(), remark.into());
        Self { whose, what, verdict, took, remark, needed: true, nothing_for: 0 }
    }

    /// Returns `true` if the bridge can't do its work like this.
    pub(super) fn is_bad(&self) -> bool {
        match self.verdict {
            Verdict::Works | Verdict::NotTried => false,
            Verdict::Unsupported | Verdict::Refused => self.needed,
            Verdict::Fails => true,
        }
    }
}

/// Prints the table.
pub(super) fn print(rows: &[Row]) {
    let wide = rows.iter().map(|row| row.whose.len()).max().unwrap_or_default();
    for Row { whose, what, verdict, took, remark, .. } in rows {
        let verdict = match verdict {
            Verdict::Works => "works",
            Verdict::Unsupported => "unsupported",
            Verdict::Refused => "refused",
            Verdict::Fails => "FAILS",
            Verdict::NotTried => "not tried",
        };
        let took = took.map_or(String::new(), |took| format!("{} ms", took.as_millis()));
        say(format!("{whose:wide$}  {what:25}  {verdict:11}  {took:>8}  {remark}").trim_end());
    }
}

/// Prints a line. That nobody reads any more, such as `head`, is no reason to stop: what comes is the exit code.
pub(super) fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").ok();
}
