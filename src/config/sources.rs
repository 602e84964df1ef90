//! Where settings come from: a file and the environment, laid one over the other; and who to blame for a mistake.

use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::environment::Environment;
use super::error::Error;
use super::raw::Raw;
use super::written;

/// One source of settings, for figment.
struct Layer(&'static str, Dict);

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.1.clone()))
    }
}

/// A file, perhaps, and the environment, which wins.
pub(super) struct Sources {
    file: Option<(PathBuf, Value)>,
    environment: Environment,
}

impl Sources {
    /// Takes the file's path and text, and the environment.
    pub(super) fn new(
        file: Option<(PathBuf, &str)>,
        environment: Environment,
    ) -> Result<Self, Error> {
        let file = match file {
            Some((path, text)) => {
                let tree = parse(&path, text)?;
                Some((path, Value::from(tree)))
            }
            None => None,
        };
        Ok(Self { file, environment })
    }

    /// Lays the environment over the file, and reads all of it.
    pub(super) fn raw(&self) -> Result<Raw, Error> {
        let file = self.file.as_ref().and_then(|(_, tree)| tree.as_dict());
        let figment = Figment::new()
            .merge(Layer("the file", file.cloned().unwrap_or_default()))
            .merge(Layer("the environment", self.environment.tree()?));
        written::read(&figment).map_err(|(key, problem)| self.wrong(&key, problem))
    }

    /// Returns the error for a key that cannot be used.
    pub(super) fn wrong(&self, key: &str, problem: impl Into<String>) -> Error {
        Error::Wrong { origin: self.origin(key), key: key.to_owned(), problem: problem.into() }
    }

    /// Returns where the value of a key is from; for a key that is missing, who wrote the nearest table around it.
    pub(super) fn origin(&self, key: &str) -> String {
        let mut around = Some(key);
        while let Some(key) = around {
            let in_file = |(path, tree): &(PathBuf, Value)| {
                tree.find_ref(key).map(|_| path.display().to_string())
            };
            let origin = self
                .environment
                .exact(key)
                .or_else(|| self.file.as_ref().and_then(in_file))
                .or_else(|| self.environment.below(key));
            if let Some(origin) = origin {
                return origin;
            }
            around = key.rsplit_once('.').map(|(around, _)| around);
        }
        match &self.file {
            Some((path, _)) => path.display().to_string(),
            None => "the environment".to_owned(),
        }
    }
}

/// Parses a settings file. The parser's own display would show the line, and the line may hold a password.
fn parse(path: &Path, text: &str) -> Result<Dict, Error> {
    Toml::from_str::<Dict>(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.bytes().take(start);
        Error::Syntax {
            path: path.to_owned(),
            line: 1 + before.filter(|byte| *byte == b'\n').count(),
            what: error.message().replace('\n', ", "),
        }
    })
}
