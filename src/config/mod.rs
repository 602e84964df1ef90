//! The settings: what was written (file and environment, unknown keys refused) -> what was meant (checked, ready to use).
//!
//! Nothing else reads the settings file, a secret file or a `GXV2MQTT_` variable.

mod broker;
mod doorbell;
mod environment;
mod error;
mod files;
mod names;
mod phones;
mod push;
mod raw;
mod section;
mod sources;
#[cfg(test)]
mod tests;
mod values;
mod written;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::{file, homeassistant, mqtt, phone};

use environment::Environment;
pub use error::Error;
use section::Section;
use sources::Sources;

/// Where the settings are when nobody says otherwise.
pub const DEFAULT_PATH: &str = "/etc/gxv2mqtt/gxv2mqtt.toml";

/// The variable that names the settings file.
pub const PATH_VARIABLE: &str = "GXV2MQTT_CONFIG";

/// The largest settings file, in bytes: thousands of phones.
const SETTINGS: u64 = 16 * 1024 * 1024;

/// The base topic, unless somebody says otherwise.
const BASE_TOPIC: &str = "gxv2mqtt";

/// Everything that users can set, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How to reach the broker.
    pub mqtt: mqtt::BrokerOptions,
    /// `B` of the contract: all of the bridge's topics are below it.
    pub base_topic: String,
    /// What Home Assistant is told, and where.
    pub homeassistant: homeassistant::DiscoveryOptions,
    /// How logs are written.
    pub log: Log,
    /// Which names numbers have, besides those that phones know.
    pub names: crate::names::NamesOptions,
    /// How phones may call us, if they may.
    pub push: Option<phone::push::PushOptions>,
    /// The phones, ordered by id; at least one.
    pub phones: Vec<phone::PhoneOptions>,
}

impl Settings {
    /// Returns the settings of a bridge about which nothing else is said.
    pub fn new(mqtt: mqtt::BrokerOptions, phones: Vec<phone::PhoneOptions>) -> Self {
        Self {
            mqtt,
            base_topic: BASE_TOPIC.to_owned(),
            homeassistant: homeassistant::DiscoveryOptions::default(),
            log: Log::default(),
            names: crate::names::NamesOptions::default(),
            push: None,
            phones,
        }
    }
}

/// How logs are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Log {
    /// As text or as JSON.
    pub format: Format,
    /// How much, if the variable `RUST_LOG` does not say it.
    pub level: Level,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Level {
    /// Only why the program ends.
    Error,
    /// What a person should know, too.
    Warn,
    /// What has changed, too.
    #[default]
    Info,
    /// What is odd and was dealt with, too.
    Debug,
    /// Every request, too.
    Trace,
}

impl Level {
    /// All levels by their names.
    pub const TABLE: [(&str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The form of a line of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Reads the settings: of `path`, else of the file that `$GXV2MQTT_CONFIG` names, else of [`DEFAULT_PATH`]; variables
/// of the environment win, key by key. The first mistake found is the error.
pub fn load(path: Option<&Path>) -> Result<Settings, Error> {
    load_from(path, Path::new(DEFAULT_PATH), std::env::vars_os())
}

/// Proposes a secret for `[push]`, drawn anew each time.
pub fn proposal() -> Option<String> {
    push::proposal()
}

/// Returns one sentence about variables of the environment that look like settings and are none, if there are any.
pub fn strangers() -> Option<String> {
    environment::strangers(std::env::vars_os())
}

/// Reads the settings out of what is passed: the file that was named, the one to try else, and the environment.
fn load_from(
    named: Option<&Path>,
    default: &Path,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Settings, Error> {
    let environment = Environment::new(variables)?;
    let named = match (named, environment.file()) {
        (Some(path), _) => Some((path, "--config")),
        (None, Some(path)) => Some((path, PATH_VARIABLE)),
        (None, None) => None,
    };
    let sources = match named {
        Some((path, by)) => {
            let text = file::read_text(path, SETTINGS).map_err(|error| Error::Unreadable {
                path: path.to_owned(),
                named_by: Some(by),
                error,
            })?;
            Sources::new(Some((path.to_owned(), &text)), environment)?
        }
        None => match read_default(default)? {
            Some(text) => Sources::new(Some((default.to_owned(), &text)), environment)?,
            None if environment.names_a_phone() => Sources::new(None, environment)?,
            None => return Err(Error::Absent(default.to_owned())),
        },
    };
    settings(&sources)
}

/// Reads the settings out of a text, without an environment.
pub(crate) fn read(text: &str) -> Result<Settings, Error> {
    let file = Some((PathBuf::from(DEFAULT_PATH), text));
    settings(&Sources::new(file, Environment::default())?)
}

/// Reads the file that may be absent.
fn read_default(path: &Path) -> Result<Option<String>, Error> {
    match file::read_text(path, SETTINGS) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Unreadable { path: PathBuf::from(path), named_by: None, error }),
    }
}

/// Turns what was written into what was meant.
fn settings(sources: &Sources) -> Result<Settings, Error> {
    let raw = sources.raw()?;
    let (mqtt, base_topic) = broker::check(&Section::new(sources, "mqtt"), raw.mqtt)?;
    Ok(Settings {
        mqtt,
        base_topic,
        homeassistant: homeassistant(&Section::new(sources, "homeassistant"), raw.homeassistant)?,
        log: log(&Section::new(sources, "log"), raw.log)?,
        names: names::check(&Section::new(sources, "names"), raw.names)?,
        push: push::check(&Section::new(sources, "push"), raw.push)?,
        phones: phones::check(sources, raw.phones)?,
    })
}

fn homeassistant(
    section: &Section<'_>,
    raw: raw::HomeAssistant,
) -> Result<homeassistant::DiscoveryOptions, Error> {
    let discovery_prefix = section.topic("discovery_prefix", raw.discovery_prefix)?;
    let status_topic = section.topic("status_topic", raw.status_topic)?;
    let default = homeassistant::DiscoveryOptions::default();
    Ok(homeassistant::DiscoveryOptions {
        discovery: raw.discovery.unwrap_or(default.discovery),
        discovery_prefix: discovery_prefix.unwrap_or(default.discovery_prefix),
        status_topic: status_topic.unwrap_or(default.status_topic),
    })
}

fn log(section: &Section<'_>, raw: raw::Log) -> Result<Log, Error> {
    const FORMATS: [(&str, Format); 2] = [("text", Format::Text), ("json", Format::Json)];
    let format = section.choice("format", raw.format, &FORMATS)?;
    let level = section.choice("level", raw.level, &Level::TABLE)?;
    Ok(Log { format: format.unwrap_or_default(), level: level.unwrap_or_default() })
}
