//! Why the settings cannot be used; no message ever shows a secret.

use std::io;
use std::path::PathBuf;

/// Why the settings cannot be used; reads after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody named a file, there is none where it usually is, and no variable names a phone.
    #[error(
        "find settings: there is no {}, neither --config nor GXV2MQTT_CONFIG names another file, \
         and no variable such as GXV2MQTT_PHONES__KITCHEN__URL names a phone",
        .0.display()
    )]
    Absent(PathBuf),

    /// The settings file cannot be read.
    #[error("read {}{}: {error}", path.display(), named_by.map(|by| format!(" (named by {by})")).unwrap_or_default())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Who named it: an option or a variable.
        named_by: Option<&'static str>,
        /// What the system said.
        error: io::Error,
    },

    /// The settings file is not TOML.
    #[error("understand {} as TOML: line {line}: {what}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// What the parser said.
        what: String,
    },

    /// A key has a value that cannot be meant, is not known, or is missing.
    #[error("use {key} from {origin}: {problem}")]
    Wrong {
        /// The file or the variable that the value is from.
        origin: String,
        /// The whole key, such as `phones.kitchen.url`.
        key: String,
        /// What was expected, and how to fix it.
        problem: String,
    },
}
