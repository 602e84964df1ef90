//! Which numbers may be dialled.

use regex::{Regex, RegexSet};

/// What every number is made of, whatever the settings allow: what a keypad has, and nothing longer than a number.
const NUMBERS: &str = "^[0-9*#+]{1,32}$";

/// Regular expressions, one of which must match the whole of a number.
#[derive(Debug, Clone)]
pub struct DialAllow {
    /// As they are written in the settings.
    patterns: Vec<String>,
    set: RegexSet,
    numbers: Regex,
}

impl DialAllow {
    /// Takes the patterns; the error is of one of them, and they are all valid by themselves.
    pub fn new(patterns: Vec<String>) -> Result<Self, regex::Error> {
        // the group keeps alternatives and flags together; \A and \z, unlike ^ and $, can't be given another meaning by a flag
        let set = RegexSet::new(patterns.iter().map(|pattern| format!(r"\A(?:{pattern})\z")))?;
        let numbers = Regex::new(NUMBERS)?;
        Ok(Self { patterns, set, numbers })
    }

    /// Checks a number as it will be dialled; the error says why it may not be.
    pub fn check(&self, number: &str) -> Result<(), String> {
        if !self.numbers.is_match(number) {
            return Err(format!("{number:?} is no number: expected 1 to 32 of 0-9 * # +"));
        }
        if !self.set.is_match(number) {
            let why =
                "matches none of the phone's dial_allow; a pattern must match the whole number";
            return Err(format!("{number:?} {why}"));
        }
        Ok(())
    }
}

impl Default for DialAllow {
    fn default() -> Self {
        Self::new(vec![NUMBERS.to_owned()]).expect("the pattern is a fixed one")
    }
}

impl PartialEq for DialAllow {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}
