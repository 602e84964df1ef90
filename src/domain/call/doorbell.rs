//! Which incoming calls are the doorbell: the settings say so for each phone.

use std::fmt;

use regex::Regex;

use crate::domain::telephony::number;

/// One way to know the doorbell: everything that it names must fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DoorbellRule {
    /// Who calls, by number.
    pub number: Option<Pattern>,
    /// Who calls, by name.
    pub caller_name: Option<Pattern>,
    /// Which account is called, from 1.
    pub account: Option<u16>,
    /// What people call this door.
    pub label: Option<String>,
}

/// A text that has to fit.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// The very text; a number may be written otherwise, a name in other case.
    Plain(String),
    /// A regular expression.
    Regex(Regex),
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(one), Self::Plain(other)) => one == other,
            (Self::Regex(one), Self::Regex(other)) => one.as_str() == other.as_str(),
            (Self::Plain(_), Self::Regex(_)) | (Self::Regex(_), Self::Plain(_)) => false,
        }
    }
}

impl DoorbellRule {
    /// Returns what must fit, as the settings name it.
    pub fn conditions(&self) -> Vec<String> {
        let number = self.number.as_ref().map(|pattern| format!("number {pattern}"));
        let name = self.caller_name.as_ref().map(|pattern| format!("caller_name {pattern}"));
        let account = self.account.map(|account| format!("account {account}"));
        [number, name, account].into_iter().flatten().collect()
    }

    /// Returns `true` if a call is the doorbell; what is not known of it does not fit.
    pub fn fits(&self, number: Option<&str>, name: Option<&str>, account: Option<u16>) -> bool {
        let fits = |pattern: &Option<Pattern>, text, same: fn(&str, &str) -> bool| match pattern {
            Some(pattern) => text_fits(pattern, text, same),
            None => true,
        };
        fits(&self.number, number, number::same)
            && fits(&self.caller_name, name, |one, other| {
                one.to_lowercase() == other.to_lowercase()
            })
            && self.account.is_none_or(|wanted| account == Some(wanted))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => write!(f, "{text:?}"),
            Self::Regex(regex) => write!(f, "/{regex}/"),
        }
    }
}

fn text_fits(pattern: &Pattern, text: Option<&str>, same: fn(&str, &str) -> bool) -> bool {
    text.is_some_and(|text| match pattern {
        Pattern::Plain(plain) => same(plain, text),
        Pattern::Regex(regex) => regex.is_match(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_fit() {
        let plain = |text: &str| Some(Pattern::Plain(text.into()));
        let regex = |text: &str| Some(Pattern::Regex(Regex::new(text).unwrap()));
        let gate = DoorbellRule { number: plain("8001"), ..DoorbellRule::default() };
        let eighties = DoorbellRule { number: regex("^80[0-9]{2}$"), ..DoorbellRule::default() };
        let door = DoorbellRule { caller_name: plain("Front door"), ..DoorbellRule::default() };
        let both = DoorbellRule { account: Some(2), ..eighties.clone() };
        let cases = [
            (&gate, Some("8001"), None, None, true),
            (&gate, Some("sip:8001@pbx"), None, None, true),
            (&gate, Some("18001"), None, None, false),
            (&gate, None, Some("8001"), None, false),
            (&eighties, Some("8099"), None, None, true),
            (&eighties, Some("80990"), None, None, false),
            (&door, None, Some("front door"), None, true),
            (&door, Some("8001"), Some("Front"), None, false),
            (&both, Some("8001"), None, Some(2), true),
            (&both, Some("8001"), None, None, false),
            (&both, Some("7001"), None, Some(2), false),
        ];
        for (rule, number, name, account, expected) in cases {
            assert_eq!(rule.fits(number, name, account), expected, "{rule:?} {number:?} {name:?}");
        }
    }
}
