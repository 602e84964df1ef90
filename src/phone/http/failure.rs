//! Requests that brought no answer: what went wrong, and whether the phone may have got them all the same.

use std::io;

use crate::domain::request::PhoneError;
use crate::domain::text::short;
use crate::tls::{Fault, Keys, explain};

/// How much of the words of others is repeated, in characters: a certificate may have names without end.
pub(super) const WORDS: usize = 600;

/// A request that brought no answer.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: PhoneError,
    /// Whether the phone may have got it, and perhaps obeyed; if not, it surely did nothing.
    pub sent: bool,
    /// Whether the connection broke after it stood.
    pub(super) broke: bool,
}

impl Failed {
    /// It never went out, because of this.
    pub(super) fn unsent(error: PhoneError) -> Self {
        Self { error, sent: false, broke: false }
    }

    /// It went out, and this came of it.
    pub(super) fn sent(error: PhoneError) -> Self {
        Self { error, sent: true, broke: false }
    }
}

impl Failed {
    /// Returns `true` if the phone understood it, and said no.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.error, PhoneError::Refused(_))
    }
}

impl From<Failed> for PhoneError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

impl From<reqwest::Error> for Failed {
    /// Returns what went wrong, without the URL: it may hold a secret.
    fn from(failed: reqwest::Error) -> Self {
        // no address, no way there, nobody who listens, no TLS that both can: no request without a connection
        let broke = !failed.is_connect();
        if failed.is_timeout() {
            return Self { error: PhoneError::Timeout, sent: broke, broke: false };
        }
        let in_answer = failed.is_body() || failed.is_decode();
        let failed = failed.without_url();
        let mut cause: &(dyn std::error::Error + 'static) = &failed;
        loop {
            if let Some(error) = of_tls(cause) {
                return Self { error, sent: broke, broke };
            }
            match cause.source() {
                Some(source) => cause = source,
                None => break,
            }
        }
        let why = short(&cause.to_string(), WORDS);
        let error = if in_answer {
            PhoneError::BadAnswer(format!("it breaks off: {why}"))
        } else {
            PhoneError::Unreachable(why)
        };
        Self { error, sent: broke, broke }
    }
}

/// Returns what it means if this is an error of TLS.
fn of_tls(error: &(dyn std::error::Error + 'static)) -> Option<PhoneError> {
    let mut error = error;
    // what an error of the socket is made of is not among its sources
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    let error = error.downcast_ref::<rustls::Error>()?;
    let keys = Keys { fingerprint: "tls_fingerprint", ca: "tls_ca_file" };
    Some(match explain(error, keys) {
        Fault::Certificate(why) => PhoneError::BadCertificate(short(&why, WORDS)),
        Fault::Handshake(why) => PhoneError::Unreachable(short(&why, WORDS)),
    })
}
