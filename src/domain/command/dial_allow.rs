//! Which numbers may be dialled.

use regex::RegexSet;

/// The pattern of every number, which is the default.
const EVERY: &str = "^[0-9*#+]{1,32}$";
/// No number is longer.
const LONGEST: usize = 32;

/// Regular expressions, one of which must match the whole of a number; any number, unless the settings say otherwise.
#[derive(Debug, Clone)]
pub struct DialAllow {
    /// As they are written in the settings.
    patterns: Vec<String>,
    /// None, if every number matches: a set takes some ten KiB, and each phone has its own.
    set: Option<RegexSet>,
}

impl DialAllow {
    /// Takes the patterns; the error is of one of them, and they are all valid by themselves.
    pub fn new(patterns: Vec<String>) -> Result<Self, regex::Error> {
        if patterns == [EVERY] {
            return Ok(Self { patterns, set: None });
        }
        // the group keeps alternatives and flags together; \A and \z, unlike ^ and $, can't be given another meaning by a flag
        let set = RegexSet::new(patterns.iter().map(|pattern| format!(r"\A(?:{pattern})\z")))?;
        Ok(Self { patterns, set: Some(set) })
    }

    /// Checks a number as it will be dialled; the error says why it may not be.
    pub fn check(&self, number: &str) -> Result<(), String> {
        // what a keypad has, whatever the settings allow
        let is_key = |byte: u8| byte.is_ascii_digit() || b"*#+".contains(&byte);
        if !(1..=LONGEST).contains(&number.len()) || !number.bytes().all(is_key) {
            return Err(format!("{number:?} is no number: expected 1 to 32 of 0-9 * # +"));
        }
        if self.set.as_ref().is_some_and(|set| !set.is_match(number)) {
            let why =
                "matches none of the phone's dial_allow; a pattern must match the whole number";
            return Err(format!("{number:?} {why}"));
        }
        Ok(())
    }
}

impl Default for DialAllow {
    fn default() -> Self {
        Self { patterns: vec![EVERY.to_owned()], set: None }
    }
}

impl PartialEq for DialAllow {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}
