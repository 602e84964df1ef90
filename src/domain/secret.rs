//! A text that is never shown: compared by value, and shown nowhere.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// A password, a key, or an id of a session. It has no `Display`, its `Debug` shows nothing of it, and it is overwritten when it is
/// dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Returns the text, for the request or the library that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_it() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(secret, Secret::from("hunter2".to_owned()));
        assert!(secret != Secret::from("hunter3"));
        assert_eq!(secret.expose(), "hunter2");
    }
}
