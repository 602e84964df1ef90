//! One table of the settings while it is checked: the checks that several tables share.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use regex::Regex;
use url::Url;

use super::environment::variable;
use super::error::Error;
use super::raw::Shape;
use super::sources::Sources;

/// The longest text that MQTT has room for, in bytes.
const LONGEST: usize = 65_535;
/// The longest topic that has others below it: those get longer.
const LONGEST_TOPIC: usize = 60_000;

/// One table of the settings.
pub(super) struct Section<'a> {
    sources: &'a Sources,
    path: String,
}

impl<'a> Section<'a> {
    /// Takes the table's own key, such as `phones.kitchen`.
    pub(super) fn new(sources: &'a Sources, path: impl Into<String>) -> Self {
        let path = path.into();
        Self { sources, path }
    }

    /// Returns the table below this one.
    pub(super) fn below(&self, key: &str) -> Self {
        Self::new(self.sources, format!("{}.{key}", self.path))
    }

    /// Returns the error for a key of this table.
    pub(super) fn wrong(&self, key: &str, problem: impl Into<String>) -> Error {
        self.sources.wrong(&format!("{}.{key}", self.path), problem)
    }

    /// Returns the error for a key of this table that must be there.
    pub(super) fn missing(&self, key: &str, expected: &str) -> Error {
        let name = variable(&format!("{}.{key}", self.path));
        self.wrong(key, format!("missing; expected {expected} (or {name})"))
    }

    /// Returns the error for two keys of this table that exclude each other.
    pub(super) fn either(&self, one: &str, other: &str) -> Error {
        let there = self.sources.origin(&format!("{}.{one}", self.path));
        self.wrong(other, format!("{one} is set too ({there}); keep one of them"))
    }

    /// Returns a text that is not blank.
    pub(super) fn text(&self, key: &str, text: Option<String>) -> Result<Option<String>, Error> {
        match text {
            Some(text) if text.trim().is_empty() => {
                Err(self.wrong(key, "expected text, found none; leave the key out instead"))
            }
            Some(text) => {
                self.no_controls(key, &text)?;
                Ok(Some(text))
            }
            None => Ok(None),
        }
    }

    /// Refuses what neither MQTT nor a phone takes: control characters, such as the line break that a secret of Kubernetes often
    /// ends with, and more than MQTT has room for. The text is not shown.
    pub(super) fn no_controls(&self, key: &str, text: &str) -> Result<(), Error> {
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            let which =
                if matches!(c, '\n' | '\r') { "a line break" } else { "a control character" };
            return Err(self.wrong(key, format!("expected text without {which} in it")));
        }
        if text.len() > LONGEST {
            return Err(
                self.wrong(key, format!("expected {LONGEST} bytes at most, found {}", text.len()))
            );
        }
        Ok(())
    }

    /// Returns what a word stands for.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &str,
        word: Option<String>,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Error> {
        let Some(word) = word else { return Ok(None) };
        let found = words.iter().find(|(known, _)| *known == word);
        found.map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
            let known: Vec<String> = words.iter().map(|(w, _)| format!("{w:?}")).collect();
            let known = known.join(" or ");
            self.wrong(key, format!("expected {known}, found {word:?}"))
        })
    }

    /// Returns a duration that lies within the limits.
    pub(super) fn duration(
        &self,
        key: &str,
        text: Option<String>,
        limits: &RangeInclusive<Duration>,
    ) -> Result<Option<Duration>, Error> {
        let Some(text) = text else { return Ok(None) };
        let duration: SignedDuration = text.parse().map_err(|_| {
            let expected = Shape::Duration.expected();
            self.wrong(key, format!("expected {expected}, found {text:?}"))
        })?;
        match Duration::try_from(duration) {
            Ok(duration) if limits.contains(&duration) => Ok(Some(duration)),
            _ => {
                let problem = format!(
                    "expected {:#} to {:#}, found {text:?}",
                    SignedDuration::try_from(*limits.start()).unwrap_or_default(),
                    SignedDuration::try_from(*limits.end()).unwrap_or_default(),
                );
                Err(self.wrong(key, problem))
            }
        }
    }

    /// Returns the SHA-256 of a certificate.
    pub(super) fn fingerprint(
        &self,
        key: &str,
        text: Option<String>,
    ) -> Result<Option<[u8; 32]>, Error> {
        let Some(text) = text else { return Ok(None) };
        parse_fingerprint(&text).map(Some).ok_or_else(|| {
            let problem = format!(
                "expected \"sha256:\" and 64 hexadecimal digits (colons between them do no harm), found {text:?}"
            );
            self.wrong(key, problem)
        })
    }

    /// Returns a regular expression; an empty one is a mistake.
    pub(super) fn regex(&self, key: &str, pattern: &str) -> Result<Regex, Error> {
        if pattern.is_empty() {
            let problem = "an empty pattern; write \".*\" if everything is meant";
            return Err(self.wrong(key, problem));
        }
        Regex::new(pattern).map_err(|error| self.no_regex(key, pattern, &error))
    }

    /// Returns the error for what is no regular expression.
    pub(super) fn no_regex(&self, key: &str, pattern: &str, error: &regex::Error) -> Error {
        // The first lines draw the pattern with an arrow below it.
        let error = error.to_string();
        let error = error.lines().last().unwrap_or_default();
        self.wrong(key, format!("expected a regular expression, found {pattern:?}: {error}"))
    }

    /// Returns a topic that can be published to and have topics below it.
    pub(super) fn topic(&self, key: &str, topic: Option<String>) -> Result<Option<String>, Error> {
        let Some(topic) = topic else { return Ok(None) };
        let problem = if topic.split('/').any(str::is_empty) {
            "expected no empty level, and no / at the start or end"
        } else if topic.contains(['+', '#']) {
            "expected no wildcard (+ or #)"
        } else if topic.starts_with('$') {
            "expected no $ at the start: such topics are the broker's own"
        } else if topic.chars().any(char::is_control) {
            "expected no control characters"
        } else if topic.len() > LONGEST_TOPIC {
            let (most, found) = (LONGEST_TOPIC, topic.len());
            return Err(self.wrong(key, format!("expected {most} bytes at most, found {found}")));
        } else {
            return Ok(Some(topic));
        };
        Err(self.wrong(key, format!("{problem}, found {topic:?}")))
    }

    /// Returns a URL that names a host, and nothing of which the bridge would make no use. The URL is never shown:
    /// what should not be in it may be a password.
    pub(super) fn url(&self, key: &str, text: &str, schemes: &[&str]) -> Result<Url, Error> {
        let expected: Vec<String> = schemes.iter().map(|s| format!("{s}://HOST")).collect();
        let expected = expected.join(" or ");
        let url = Url::parse(text).map_err(|error| {
            // url's words for a missing scheme are not a user's
            let why = if error == url::ParseError::RelativeUrlWithoutBase {
                String::new()
            } else {
                format!(": {error}")
            };
            self.wrong(key, format!("expected {expected}{why}"))
        })?;
        let problem = if !schemes.contains(&url.scheme()) {
            format!("expected {expected}, found another scheme")
        } else if !url.username().is_empty() || url.password().is_some() {
            "expected no credentials in the URL; put them in username and password_file".to_owned()
        } else if url.query().is_some() || url.fragment().is_some() {
            "expected no query (?) or fragment (#) in the URL".to_owned()
        } else if url.host_str().is_none_or(str::is_empty) {
            format!("expected {expected}, found no host")
        } else if url.port() == Some(0) {
            "expected a port from 1 to 65535".to_owned()
        } else if !matches!(url.path(), "" | "/") {
            "expected no path in the URL, only the host and its port".to_owned()
        } else {
            return Ok(url);
        };
        Err(self.wrong(key, problem))
    }
}

fn parse_fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .strip_prefix("sha256:")?
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    bytes.try_into().ok().filter(|_| digits.len() == 64)
}
