//! What is ready-made under `config/`: blueprints and flows use only words that the bridge knows, and never retain.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gxv2mqtt::domain::call::EventType;
use gxv2mqtt::domain::command::commands;
use gxv2mqtt::domain::contract::topic::Base;
use regex::Regex;
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;

fn files(folder: &str, end: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(folder);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let named = |path: PathBuf| {
        assert_eq!(path.extension().unwrap(), end, "{}", path.display());
        (path.display().to_string(), fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// Visits every node; the key is that of the mapping it is the value in.
fn visit<'y>(node: &'y Yaml<'y>, key: &str, see: &mut impl FnMut(&str, &'y Yaml<'y>)) {
    see(key, node);
    match node {
        Yaml::Sequence(all) => all.iter().for_each(|one| visit(one, key, see)),
        Yaml::Mapping(pairs) => {
            for (name, value) in pairs {
                visit(value, name.as_str().unwrap_or_default(), see);
            }
        }
        Yaml::Tagged(_, value) => visit(value, key, see),
        Yaml::Representation(..) | Yaml::Value(_) | Yaml::Alias(_) | Yaml::BadValue => {}
    }
}

/// Returns the names of the inputs; a section has inputs of its own.
fn declared(inputs: &Yaml<'_>, names: &mut BTreeSet<String>) {
    for (name, input) in inputs.as_mapping().unwrap() {
        match input.as_mapping_get("input") {
            Some(section) => declared(section, names),
            None => assert!(names.insert(name.as_str().unwrap().to_owned()), "{name:?} twice"),
        }
    }
}

/// Checks each word that is compared with an `event_type`.
fn check_events(text: &str, place: &str) -> usize {
    let words = r#"(\[[^\]]*\]|['"][a-z_]+['"])"#;
    // of templates, of their functions and tests, and of JavaScript
    let compared = Regex::new(&format!(r"event_type(?:'\))?\s*(?:===?|\bin\b)\s*{words}")).unwrap();
    let argument = format!(r"event_type'\s*,\s*(?:'(?:eq|in)'\s*,\s*)?{words}");
    let argument = Regex::new(&argument).unwrap();
    let listed = Regex::new(r"(\[[^\]]*\])\.includes\([a-z.]*event_type\)").unwrap();
    let word = Regex::new(r#"['"]([a-z_]+)['"]"#).unwrap();
    let found = [compared, argument, listed];
    let found = found.iter().flat_map(|pattern| pattern.captures_iter(text));
    let mut count = 0;
    for words in found {
        for found in word.captures_iter(&words[1]) {
            let known = EventType::TABLE.iter().any(|(_, known, _)| *known == &found[1]);
            assert!(known, "{place} waits for {:?}, which never comes", &found[1]);
            count += 1;
        }
    }
    count
}

fn check_command(topic: &str, place: &str) {
    let (_, name) = topic.split_once("/command/").unwrap_or_else(|| panic!("{place}: {topic}"));
    assert!(commands().any(|row| row.name == name), "{place} sends {name:?}");
}

#[test]
fn blueprints_use_what_there_is() {
    let files = files("blueprints/automation/gxv2mqtt", "yaml");
    assert_eq!(files.len(), 4);
    let (mut events, mut commands) = (0, 0);
    for (place, text) in &files {
        let [blueprint] = &Yaml::load_from_str(text).unwrap()[..] else { panic!("{place}") };
        let about = blueprint.as_mapping_get("blueprint").unwrap();
        assert_eq!(about.as_mapping_get("domain").unwrap().as_str(), Some("automation"));
        let version = about.as_mapping_get("homeassistant").unwrap().as_mapping_get("min_version");
        assert_eq!(version.unwrap().as_str(), Some("2024.12.0"), "{place}");
        let (mut inputs, mut used) = (BTreeSet::new(), BTreeSet::new());
        declared(about.as_mapping_get("input").unwrap(), &mut inputs);
        visit(blueprint, "", &mut |key, node| {
            if let Yaml::Tagged(tag, value) = node {
                assert_eq!(tag.suffix, "input", "{place}");
                used.insert(value.as_str().unwrap().to_owned());
            }
            if let Some(text) = node.as_str() {
                events += check_events(text, place);
                if key == "topic" {
                    check_command(text, place);
                    commands += 1;
                }
            }
            if key == "retain" {
                assert_eq!(node.as_bool(), Some(false), "{place} retains a command");
            }
        });
        assert_eq!(inputs, used, "{place}: declared on the left, used on the right");
        let retains = text.matches("retain: false").count();
        assert_eq!(retains, text.matches("action: mqtt.publish").count(), "{place}");
    }
    assert!(
        events >= 10 && commands >= 1,
        "only {events} words and {commands} commands were found"
    );
}

#[test]
fn flows_use_what_there_is() {
    let (mut events, mut commands) = (0, 0);
    let mut all = BTreeSet::new();
    for (place, text) in files("node-red", "json") {
        let nodes: Vec<Value> = serde_json::from_str(&text).unwrap();
        let ids: BTreeSet<&str> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), nodes.len(), "{place}");
        // whoever imports both flows has them side by side
        for id in &ids {
            assert!(all.insert((*id).to_owned()), "{place}: {id} is in another flow too");
        }
        for node in &nodes {
            let wires = node["wires"].as_array().into_iter().flatten();
            for target in wires.flat_map(|output| output.as_array().unwrap()) {
                assert!(ids.contains(target.as_str().unwrap()), "{place}: a wire to {target}");
            }
            let topic = node["topic"].as_str().unwrap_or_default();
            match node["type"].as_str().unwrap() {
                "mqtt out" => {
                    assert_eq!(node["retain"], "false", "{place} retains a command");
                    check_command(topic, &place);
                    commands += 1;
                }
                "mqtt in" if topic.starts_with("gxv2mqtt/") && !topic.ends_with("/+/+") => {
                    let one = topic.replacen('+', "kitchen", 1).replace('+', "1");
                    assert!(Base::new("gxv2mqtt").parse(&one).is_some(), "{place}: {topic}");
                }
                "mqtt-broker" => {
                    assert_eq!(node["protocolVersion"], "5");
                    assert_eq!(node["broker"], "localhost");
                }
                "function" => events += check_events(node["func"].as_str().unwrap(), &place),
                _ => {}
            }
        }
    }
    assert!(events >= 5 && commands == 1, "only {events} words and {commands} commands were found");
}

#[test]
fn a_wrong_word_is_found() {
    let wrong = std::panic::catch_unwind(|| check_events("event.event_type == 'hungup'", "a test"));
    assert!(wrong.is_err());
    assert_eq!(check_events("is_state_attr(call, 'event_type', 'outgoing')", "a test"), 1);
    assert_eq!(check_events("selectattr('attributes.event_type', 'eq', 'missed')", "a test"), 1);
    assert_eq!(check_events("event_type in ['ended', 'missed']", "a test"), 2);
    assert_eq!(check_events(r#"["ended", "failed"].includes(event.event_type)"#, "a test"), 2);
}
