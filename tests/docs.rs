//! The documents: every link leads somewhere, and the README stays short.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns every document, by its path from the root.
fn documents() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for folder in ["", "docs", "docs/decisions", "tests/fixtures"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "md") {
                let name = path.strip_prefix(root()).unwrap().to_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    assert!(found.len() > 50, "only {} documents: are they still there?", found.len());
    found
}

/// Returns the text without what stands in fences.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Returns the anchor of a heading, as forges make it.
fn anchor(heading: &str) -> String {
    let letters = heading.trim().to_lowercase();
    let kept = letters.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// Returns the targets of all links: `[text](target)`.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1);
    targets.filter_map(|rest| rest.split(')').next()).collect()
}

/// Takes `..` out of a path.
fn straight(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            assert!(straight.pop(), "{} leads out of the project", path.display());
        } else {
            straight.push(part);
        }
    }
    straight
}

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    let mut followed = 0;
    for (name, text) in &documents {
        let text = prose(text);
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            followed += 1;
            let (path, wanted) = link.split_once('#').map_or((link, None), |(p, a)| (p, Some(a)));
            let target = if path.is_empty() {
                name.clone()
            } else {
                straight(&name.parent().unwrap().join(path))
            };
            assert!(root().join(&target).exists(), "{}: {link} leads nowhere", name.display());
            if let Some(wanted) = wanted {
                let there = documents.get(&target).map(|text| anchors(&prose(text)));
                let there = there.unwrap_or_default();
                assert!(there.contains(wanted), "{}: {link}: only {there:?}", name.display());
            }
        }
    }
    assert!(followed > 80, "only {followed} links were found");
}

#[test]
fn the_readme_is_short() {
    let lines = documents()[Path::new("README.md")].lines().count();
    assert!(lines <= 150, "README.md has {lines} lines: move something into docs/");
}

#[test]
fn every_document_is_reached_from_the_readme() {
    let documents = documents();
    let mut reached: BTreeSet<PathBuf> = BTreeSet::new();
    let mut next = vec![PathBuf::from("README.md")];
    while let Some(name) = next.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        let Some(text) = documents.get(&name) else { continue };
        for link in links(&prose(text)).into_iter().filter(|link| !link.contains("://")) {
            let path = link.split('#').next().unwrap();
            if !path.is_empty() {
                next.push(straight(&name.parent().unwrap().join(path)));
            }
        }
    }
    let docs = documents.keys().filter(|name| name.starts_with("docs"));
    for name in docs {
        assert!(reached.contains(name), "{}: no link leads there", name.display());
    }
}
