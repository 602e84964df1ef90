//! `[[phones.<id>.doorbell]]`: checks which calls are the doorbell.

use super::error::Error;
use super::raw;
use super::section::Section;
use crate::domain::call::doorbell::{DoorbellRule, Pattern};

/// Checks every rule; one that names nothing would make each call a doorbell.
pub(super) fn check(
    section: &Section<'_>,
    rules: Vec<raw::Doorbell>,
) -> Result<Vec<DoorbellRule>, Error> {
    let rule = |(place, raw): (usize, raw::Doorbell)| {
        let section = section.below(&format!("doorbell.{place}"));
        if raw.caller_name.is_some() && raw.name.is_some() {
            return Err(section.either("caller_name", "name"));
        }
        let rule = DoorbellRule {
            number: pattern(&section, "number", raw.number)?,
            caller_name: match raw.name {
                Some(name) => pattern(&section, "name", Some(name))?,
                None => pattern(&section, "caller_name", raw.caller_name)?,
            },
            account: raw.account,
            label: section.text("label", raw.label)?,
        };
        if rule.number.is_none() && rule.caller_name.is_none() && rule.account.is_none() {
            let problem = "expected a number, a caller_name or an account in each rule";
            return Err(section.wrong("number", problem));
        }
        if rule.account == Some(0) {
            return Err(section.wrong("account", "expected an account from 1, found 0"));
        }
        Ok(rule)
    };
    rules.into_iter().enumerate().map(rule).collect()
}

/// Reads a text: between slashes it is a regular expression.
fn pattern(
    section: &Section<'_>,
    key: &str,
    text: Option<String>,
) -> Result<Option<Pattern>, Error> {
    let Some(text) = section.text(key, text)? else { return Ok(None) };
    let regex = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    match regex {
        Some(regex) => section.regex(key, regex).map(|regex| Some(Pattern::Regex(regex))),
        None => Ok(Some(Pattern::Plain(text.trim().to_owned()))),
    }
}
