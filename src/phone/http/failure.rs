//! Requests that brought no answer: what went wrong, and whether the phone may have got them all the same.

use crate::domain::ask::Trouble;

/// A request that brought no answer.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub trouble: Trouble,
    /// Whether the phone may have got it, and perhaps obeyed; if not, it surely did nothing.
    pub sent: bool,
    /// Whether the connection broke after it stood.
    pub(super) broke: bool,
}

impl Failed {
    /// It never went out, because of this.
    pub(super) fn unsent(trouble: Trouble) -> Self {
        Self { trouble, sent: false, broke: false }
    }

    /// It went out, and this came of it.
    pub(super) fn sent(trouble: Trouble) -> Self {
        Self { trouble, sent: true, broke: false }
    }
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        failed.trouble
    }
}

impl From<reqwest::Error> for Failed {
    /// Says what went wrong, without the URL: it may hold a secret.
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::sent(Trouble::Timeout);
        }
        // no address, no way there, nobody who listens, no TLS that both can: no request without a connection
        let broke = !error.is_connect();
        let in_answer = error.is_body() || error.is_decode();
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let mut why = cause.to_string();
        if why.contains("certificate") {
            why.push_str(
                " (phones have certificates of their own: set tls_fingerprint or tls_ca_file)",
            );
        }
        let trouble = if in_answer {
            Trouble::BadAnswer(format!("it breaks off: {why}"))
        } else {
            Trouble::Unreachable(why)
        };
        Self { trouble, sent: broke, broke }
    }
}
