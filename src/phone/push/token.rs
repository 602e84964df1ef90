//! The word in a phone's URLs that says which phone it is: nobody can guess it, and nothing of ours shows it.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use crate::domain::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::telephony::PhoneId;

/// The word of one phone: 128 bits, in the URL as 32 hexadecimal digits. It has no `Display`, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token([u8; 16]);

/// Whose token it is.
///
/// A look-up needs no comparison in constant time: where it looks is decided by a hash with random keys over all of the
/// token, so how long it takes says nothing about how much of a guess was right.
pub type Tokens = HashMap<Token, PhoneId>;

impl Token {
    /// Returns the token of a phone, from the one secret of all: it stays the same, and does not tell that of another.
    pub(super) fn of(phone: &PhoneId, secret: &Secret) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(phone.as_str().as_bytes());
        let mut token = [0; 16];
        token.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        Self(token)
    }

    /// Reads a token out of a URL.
    pub(super) fn read(word: &[u8]) -> Option<Self> {
        let mut token = [0; 16];
        for (byte, pair) in token.iter_mut().zip(word.chunks(2)) {
            let [high, low] = pair else { return None };
            let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        (word.len() == 32).then_some(Self(token))
    }

    /// Returns it as it stands in a URL; only what prints the URLs may call this.
    pub(super) fn in_url(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes any text");
            text
        })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_phone_and_one_secret() {
        let token =
            |phone: &str, secret: &str| Token::of(&phone.parse().unwrap(), &secret.into()).in_url();
        // printf kitchen | openssl dgst -sha256 -hmac 0123456789abcdef
        assert_eq!(token("kitchen", "0123456789abcdef"), "8f3fa63ab528d7921e56d3895ec0b2d0");
        assert_ne!(token("kitchen", "0123456789abcdef"), token("hall", "0123456789abcdef"));
        assert_ne!(token("kitchen", "0123456789abcdef"), token("kitchen", "0123456789abcdeF"));
    }

    #[test]
    fn what_is_written_is_read() {
        let token = Token::of(&"kitchen".parse().unwrap(), &"0123456789abcdef".into());
        let text = token.in_url();
        assert_eq!(Token::read(text.as_bytes()), Some(token.clone()));
        assert_eq!(Token::read(text.to_ascii_uppercase().as_bytes()), Some(token));
        for wrong in [&text[1..], &text[2..], &format!("{text}00"), &format!("{}g", &text[1..]), ""]
        {
            assert_eq!(Token::read(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn it_is_not_shown() {
        let token = Token::of(&"kitchen".parse().unwrap(), &"0123456789abcdef".into());
        assert_eq!(format!("{token:?}"), "Token");
    }
}
