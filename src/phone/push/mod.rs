//! What a phone says by itself: it calls a URL when something happens ("Action URL", "Event Notification").
//!
//! [`request`] reads such a call, [`urls`] says what to paste into the phones, [`listener`] waits for them.

mod gate;
pub mod listener;
pub mod request;
#[cfg(test)]
mod tests;
pub mod token;
pub mod urls;

use std::net::SocketAddr;

use crate::domain::secret::Secret;
use url::Url;

use crate::domain::telephony::PhoneId;
use token::{Token, Tokens};

/// How phones may call us.
#[derive(Debug, Clone, PartialEq)]
pub struct PushOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How the phones reach that: `http://`, host and port.
    pub url: Url,
    /// What all tokens come from.
    pub secret: Secret,
}

impl PushOptions {
    /// Returns the tokens of these phones.
    pub fn tokens<'a>(&self, phones: impl IntoIterator<Item = &'a PhoneId>) -> Tokens {
        phones.into_iter().map(|phone| (self.token(phone), phone.clone())).collect()
    }

    /// Returns the token of one phone.
    pub fn token(&self, phone: &PhoneId) -> Token {
        Token::of(phone, &self.secret)
    }
}
