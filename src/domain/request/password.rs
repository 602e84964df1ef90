//! A password that somebody sent: it goes into the request that needs it, and nowhere else.

use crate::domain::secret::Secret;

/// A password of the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password(Secret);

impl Password {
    /// Takes a password as it was sent; the error says what is wrong with it, and nothing of it.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.chars().count() > 128 || text.chars().any(char::is_control) {
            return Err("must be 1 to 128 characters, none of them a control character".to_owned());
        }
        Ok(Self(text.into()))
    }

    /// Returns the secret, for the request.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_it() {
        let password = Password::new("hunter2").unwrap();
        assert_eq!(format!("{password:?}"), "Password(Secret)");
        assert_eq!(password, Password::new("hunter2").unwrap());
        assert!(password != Password::new("hunter3").unwrap());
        for wrong in ["", "a\nb", &"x".repeat(129)] {
            assert!(!Password::new(wrong).unwrap_err().contains('x'), "{wrong}");
        }
    }
}
