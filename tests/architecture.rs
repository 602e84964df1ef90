//! The house rules that the compiler does not hold: which part may use which, and what a pure one must not touch.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// A part, and what of the crate it may use besides itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("homeassistant", &["domain"]),
    ("phone", &["domain", "tls"]),
    ("tls", &[]),
    ("mqtt", &["domain", "tls"]),
    ("names", &["domain"]),
    ("simulator", &[]),
    ("config", &["domain", "homeassistant", "mqtt", "names", "phone"]),
    ("log", &["config"]),
    ("cli", &["simulator"]), // the words of its events
    ("reference", &["domain"]),
    ("push_urls", &["config", "phone"]),
    ("check", &["config", "domain", "homeassistant", "mqtt", "names", "phone"]),
    ("bridge", &["config", "domain", "homeassistant", "mqtt", "names", "phone"]),
    ("demo", &["bridge", "config", "domain", "homeassistant", "mqtt", "phone", "simulator"]),
    (
        "program",
        &["bridge", "check", "cli", "config", "demo", "log", "push_urls", "reference", "simulator"],
    ),
];

/// Parts that only compute.
const PURE: &[&str] = &[
    "domain",
    "homeassistant",
    "names/table",
    "names/vcard",
    "phone/dialect",
    "phone/mac",
    "phone/push/request",
    "phone/push/token",
    "phone/push/urls",
];

/// What a pure part must not touch.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "rumqttc",
    "axum",
    "mqtt5",
    "std::net",
    "std::fs",
    "std::io",
    "async fn",
    ".await",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "tracing",
];

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// Returns every source file below `src`, by its path from there, without its comments and its tests.
fn code() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root)
        .into_iter()
        .map(|(path, text)| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            (name, lines.collect::<Vec<_>>().join("\n"))
        })
        .filter(|(name, _)| !is_test(name))
        .collect()
}

fn is_test(name: &str) -> bool {
    name.split(['/', '.'])
        .any(|part| matches!(part, "tests" | "stories" | "laws" | "model_tests" | "kept_tests"))
}

fn part_of(name: &str) -> &str {
    name.split(['/', '.']).next().unwrap()
}

#[test]
fn arrows_point_one_way() {
    let mut seen = 0;
    for (name, text) in code() {
        let part = part_of(&name);
        if matches!(part, "main" | "lib") {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == part) else {
            panic!("{name}: say in MAY_USE what it may use");
        };
        for (place, _) in text.match_indices("crate::") {
            let rest = text[place + "crate::".len()..].trim_start_matches('{');
            let groups = if text[place + "crate::".len()..].starts_with('{') {
                rest.split('}').next().unwrap().split(',').map(str::trim).collect()
            } else {
                vec![rest]
            };
            for used in groups {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                seen += 1;
                assert!(used == part || allowed.contains(&used), "{name} uses crate::{used}");
            }
        }
    }
    assert!(seen > 50, "only {seen} uses were found: does this test still read the sources?");
}

#[test]
fn pure_parts_are_pure() {
    for (name, text) in code() {
        if PURE.iter().any(|pure| name.starts_with(pure)) {
            for word in IMPURE {
                assert!(!text.contains(word), "{name} is pure, and says {word}");
            }
        }
    }
}

#[test]
fn one_file_each_for_the_broker_and_the_topics() {
    for (name, text) in code() {
        let translates =
            ["mqtt/connection.rs", "mqtt/translation.rs", "log.rs"].contains(&name.as_str());
        assert!(translates || !text.contains("rumqttc"), "{name} uses rumqttc");
        let spells = ["bridge/state", "/command/", "/availability", "lines/{"];
        for word in spells.into_iter().filter(|_| !name.starts_with("domain/")) {
            let docs = ["reference.rs", "demo.rs"].contains(&name.as_str());
            assert!(docs || !text.contains(word), "{name} spells the topic {word}");
        }
    }
}

#[test]
fn no_file_is_long() {
    for (name, text) in code() {
        let lines = text.lines().count();
        assert!(lines <= 400, "{name} has {lines} lines: look for the second idea");
    }
}
