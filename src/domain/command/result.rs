//! What comes of a command: the payload of `P/result`, and every code of its error.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::request::PhoneError;
use crate::domain::text::short;

/// The longest message, in characters: it may repeat what somebody sent.
const WORDS: usize = 1000;

/// Why a command did not do what it should: the `code` of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The payload or an argument is wrong.
    BadPayload,
    /// The settings don't allow it, or the message was retained.
    NotAllowed,
    /// The phone has no such line.
    NoSuchLine,
    /// No call that it fits.
    NoSuchCall,
    /// Several calls that it fits.
    AmbiguousLine,
    /// The phone can't be reached, or is paused.
    Unreachable,
    /// The phone did not answer in time.
    Timeout,
    /// The phone does not take our login.
    Unauthorized,
    /// The phone said no.
    Refused,
    /// There is no such command, or the phone does not have it.
    Unsupported,
    /// Too many commands are waiting.
    RateLimited,
    /// It was still waiting when its time was up.
    TooLate,
}

impl ErrorCode {
    /// Every code, and what it means.
    pub const TABLE: [(Self, &'static str, &'static str); 12] = [
        (Self::BadPayload, "bad_payload", "the payload or an argument is wrong"),
        (
            Self::NotAllowed,
            "not_allowed",
            "the settings don't allow it, or the message was retained",
        ),
        (Self::NoSuchLine, "no_such_line", "the phone has no such line"),
        (Self::NoSuchCall, "no_such_call", "there is no call that it fits"),
        (Self::AmbiguousLine, "ambiguous_line", "it fits several calls; give a `line`"),
        (Self::Unreachable, "unreachable", "the phone can't be reached, or is paused"),
        (
            Self::Timeout,
            "timeout",
            "the phone did not answer in time; it may have obeyed all the same",
        ),
        (Self::Unauthorized, "unauthorized", "the phone does not take our login"),
        (Self::Refused, "refused", "the phone refused, or its answer is not understood"),
        (
            Self::Unsupported,
            "unsupported",
            "there is no such command, or this phone does not have it",
        ),
        (
            Self::RateLimited,
            "rate_limited",
            "too many commands are waiting, or more than 20 numbers were dialled within a minute",
        ),
        (Self::TooLate, "too_late", "it was still waiting when its time was up, and was not sent"),
    ];

    /// Returns the word of this code.
    pub fn word(self) -> &'static str {
        Self::TABLE.iter().find(|(code, ..)| *code == self).map_or("", |(_, word, _)| word)
    }
}

/// Why a command did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl Failure {
    /// Makes a failure.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: short(&message.into(), WORDS) }
    }
}

impl From<PhoneError> for Failure {
    fn from(error: PhoneError) -> Self {
        let code = match error {
            PhoneError::Unreachable(_) | PhoneError::BadCertificate(_) => ErrorCode::Unreachable,
            PhoneError::Timeout => ErrorCode::Timeout,
            PhoneError::Unauthorized(_)
            | PhoneError::SessionEnded(_)
            | PhoneError::Forbidden(_)
            | PhoneError::LockedOut(_) => ErrorCode::Unauthorized,
            PhoneError::BadAnswer(_) | PhoneError::Refused(_) => ErrorCode::Refused,
            PhoneError::Unsupported(_) => ErrorCode::Unsupported,
        };
        Self::new(code, error.to_string())
    }
}

/// A command as it came, and what it will be answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandHeader {
    /// The name of the command, as the topic spells it.
    pub name: String,
    /// The user's own id, which the result repeats.
    pub id: Value,
}

impl CommandHeader {
    /// Returns the payload of `P/result`.
    pub fn result(&self, result: &Result<Value, Failure>, at: Timestamp) -> String {
        let at = format!("{at:.0}");
        match result {
            Ok(data) => json!({
                "command": self.name, "id": self.id, "ok": true, "data": data, "at": at,
            }),
            Err(failure) => json!({
                "command": self.name, "id": self.id, "ok": false, "at": at,
                "error": { "code": failure.code.word(), "message": failure.message },
            }),
        }
        .to_string()
    }
}
