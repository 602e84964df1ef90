//! The `GXV2MQTT_` variables: a key each, its path joined by `__`, in any case.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};

use super::error::Error;
use super::raw::{SECTIONS, Shape};
use super::written::nearest;

const PREFIX: &str = "gxv2mqtt_";
/// The key of the variable that names the settings file.
const FILE: &str = "config";
/// Maximum number of levels of a key: more than any setting has.
const LEVELS: usize = 8;
/// How the names go on that Kubernetes sets for each service: `<SERVICE>_SERVICE_HOST`, `<SERVICE>_PORT_80_TCP`.
const OF_SERVICES: [&str; 2] = ["service_", "port"];

/// The `GXV2MQTT_` variables.
#[derive(Default)]
pub(super) struct Environment {
    file: Option<PathBuf>,
    /// By key, such as `phones.kitchen.url`.
    variables: BTreeMap<String, Variable>,
}

struct Variable {
    /// As it is written in the environment.
    name: String,
    value: String,
}

impl Environment {
    /// Picks our variables out of all: an empty one is as if not set, and one without a section of ours is of others.
    pub(super) fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        let mut environment = Self::default();
        for (name, value) in variables {
            let name = name.to_string_lossy().into_owned();
            let lower = name.to_lowercase();
            let Some(key) = lower.strip_prefix(PREFIX).filter(|_| !value.is_empty()) else {
                continue;
            };
            if key == FILE {
                environment.file = Some(PathBuf::from(value));
                continue;
            }
            if !SECTIONS.contains(&section(key)) {
                continue;
            }
            let dotted = key.contains('.');
            if key.matches("__").count() >= LEVELS {
                let (origin, key) = (name, section(key).to_owned());
                let problem = format!("expected up to {LEVELS} levels, parted by __");
                return Err(Error::Wrong { origin, key, problem });
            }
            let key = key.replace("__", ".");
            let wrong =
                |problem: String| Error::Wrong { origin: name.clone(), key: key.clone(), problem };
            if dotted {
                return Err(wrong("unknown; expected __ instead of a dot".to_owned()));
            }
            let value =
                value.into_string().map_err(|_| wrong("expected text in UTF-8".to_owned()))?;
            if let Some(other) = environment.variables.get(&key) {
                let problem = format!("{} sets it too; keep one of them", other.name);
                return Err(wrong(problem));
            }
            environment.variables.insert(key, Variable { name, value });
        }
        Ok(environment)
    }

    /// Returns the settings file that the environment names.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether there is enough to go on without a file.
    pub(super) fn names_a_phone(&self) -> bool {
        self.below("phones").is_some()
    }

    /// Returns the name of the variable that sets exactly this key.
    pub(super) fn exact(&self, key: &str) -> Option<String> {
        self.variables.get(key).map(|variable| variable.name.clone())
    }

    /// Returns what the variables that set something below this key have in common.
    pub(super) fn below(&self, key: &str) -> Option<String> {
        let below = format!("{key}.");
        let found = self.variables.keys().any(|key| key.starts_with(&below));
        found.then(|| format!("{}__*", variable(key)))
    }

    /// Returns the variables as a tree.
    pub(super) fn tree(&self) -> Result<Dict, Error> {
        let mut tree = Dict::new();
        for (key, variable) in &self.variables {
            let path: Vec<&str> = key.split('.').collect();
            let value = Shape::of(&path).read(&variable.value);
            if !insert(&mut tree, &path, value) {
                return Err(Error::Wrong {
                    origin: variable.name.clone(),
                    key: key.clone(),
                    problem: "a shorter variable sets the whole of it; remove that one".to_owned(),
                });
            }
        }
        Ok(tree)
    }
}

/// Returns one sentence about the variables that begin as ours do and name no section of the settings, if there are any.
/// Kubernetes sets such ones for a service of our name.
pub(super) fn strangers(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Option<String> {
    let mut names = Vec::new();
    for (name, value) in variables {
        let name = name.to_string_lossy().into_owned();
        let lower = name.to_lowercase();
        let Some(key) = lower.strip_prefix(PREFIX).filter(|_| !value.is_empty()) else { continue };
        if key != FILE && !SECTIONS.contains(&section(key)) {
            names.push(meant(key).map_or(name.clone(), |meant| format!("{name} ({meant})")));
        }
    }
    names.sort_unstable();
    let names = (!names.is_empty()).then(|| names.join(", "))?;
    Some(format!("variables that name no section of the settings are left alone: {names}"))
}

/// Returns the first part of a variable's key.
fn section(key: &str) -> &str {
    let end = key.find("__").into_iter().chain(key.find('.')).min();
    &key[..end.unwrap_or(key.len())]
}

/// Returns what a variable without a section of ours may have been meant for.
fn meant(key: &str) -> Option<String> {
    let section = section(key);
    let meant = if section.len() < key.len() {
        format!("{}{}", nearest(section, &SECTIONS)?, &key[section.len()..])
    } else {
        let parts = |section: &&str| key.strip_prefix(*section)?.strip_prefix('_');
        let (section, rest) =
            SECTIONS.iter().find_map(|section| Some((section, parts(section)?)))?;
        if OF_SERVICES.iter().any(|begin| rest.starts_with(begin)) {
            return None;
        }
        let rest = if *section == "phones" { "<id>__<key>" } else { rest };
        format!("{section}__{rest}")
    };
    Some(format!("did you mean {}?", variable(&meant)))
}

/// Returns the variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__")).to_uppercase()
}

/// Puts a value into a tree, unless something else than a branch is in the way.
fn insert(tree: &mut Dict, path: &[&str], value: Value) -> bool {
    match path {
        [] => false,
        [leaf] => tree.insert((*leaf).to_owned(), value).is_none(),
        [branch, rest @ ..] => {
            let branch =
                tree.entry((*branch).to_owned()).or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, below) = branch { insert(below, rest, value) } else { false }
        }
    }
}
