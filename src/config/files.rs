//! Files that the settings name: secrets and certificates, read once. No message shows what is in them.

use std::path::Path;

use crate::domain::secret::Secret;
use crate::file;

use super::error::Error;
use super::raw::Hidden;
use super::section::Section;

/// The largest file of a secret, in bytes.
const SECRET: u64 = 64 * 1024;
/// The largest file of certificates, in bytes: those of a whole system have some hundred KiB.
const CERTIFICATES: u64 = 4 * 1024 * 1024;

impl Section<'_> {
    /// Returns a secret out of the settings or of the file that they name.
    pub(super) fn secret(
        &self,
        key: &str,
        secret: Option<Hidden>,
        file: Option<String>,
    ) -> Result<Option<Secret>, Error> {
        let file_key = format!("{key}_file");
        match (secret, file) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(self.either(key, &file_key)),
            (Some(Hidden(secret)), None) if secret.expose().is_empty() => {
                Err(self.wrong(key, "expected text, found none; leave the key out instead"))
            }
            (Some(Hidden(secret)), None) => {
                self.no_controls(key, secret.expose())?;
                Ok(Some(secret))
            }
            (None, Some(file)) => self.secret_file(&file_key, &file).map(Some),
        }
    }

    fn secret_file(&self, key: &str, file: &str) -> Result<Secret, Error> {
        // what is written there may be the secret itself, by mistake: it is not shown
        let bytes = file::read(Path::new(file), SECRET)
            .map_err(|error| self.wrong(key, format!("expected a readable file: {error}")))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| self.wrong(key, "expected text in UTF-8 in the file"))?;
        let text =
            text.strip_suffix('\n').map_or(&*text, |cut| cut.strip_suffix('\r').unwrap_or(cut));
        if text.is_empty() {
            return Err(self.wrong(key, "expected a secret in the file, but it is empty"));
        }
        self.no_controls(key, text)?;
        Ok(text.into())
    }

    /// Returns the content of a PEM file that holds what it should.
    pub(super) fn pem(
        &self,
        key: &str,
        file: Option<String>,
        label: &str,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(file) = file else { return Ok(None) };
        let bytes = self.bytes(key, &file)?;
        let text = String::from_utf8_lossy(&bytes);
        let found =
            text.lines().any(|line| line.starts_with("-----BEGIN ") && line.contains(label));
        if !found {
            let problem = format!("expected PEM with \"-----BEGIN {label}-----\" in {file:?}");
            return Err(self.wrong(key, problem));
        }
        Ok(Some(bytes))
    }

    fn bytes(&self, key: &str, file: &str) -> Result<Vec<u8>, Error> {
        file::read(Path::new(file), CERTIFICATES).map_err(|error| {
            self.wrong(key, format!("expected a readable file at {file:?}: {error}"))
        })
    }
}
