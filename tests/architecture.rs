//! The house rules that the compiler does not hold: which room may use which, that no two files use each other, and what a pure
//! room must not touch. `use` trees and paths are read by a parser.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// A room, and what of the crate it may use besides itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("homeassistant", &["domain"]),
    ("phone", &["domain", "tls"]),
    ("file", &[]),
    ("tls", &[]),
    ("mqtt", &["domain", "tls"]),
    ("names", &["domain", "file"]),
    ("simulator", &[]),
    ("config", &["domain", "file", "homeassistant", "mqtt", "names", "phone"]),
    ("log", &["config"]),
    ("cli", &["simulator"]), // the words of its events
    ("reference", &["domain", "phone"]),
    ("push_urls", &["config", "phone"]),
    ("check", &["config", "domain", "homeassistant", "mqtt", "names", "phone"]),
    ("bridge", &["config", "domain", "homeassistant", "mqtt", "names", "phone"]),
    ("fuzzing", &["config", "domain", "homeassistant", "names", "phone"]),
    ("demo", &["bridge", "config", "domain", "homeassistant", "mqtt", "phone", "simulator"]),
    (
        "program",
        &["bridge", "check", "cli", "config", "demo", "log", "push_urls", "reference", "simulator"],
    ),
];

/// The same for the rooms of the domain.
const DOMAIN: &[(&str, &[&str])] = &[
    ("secret", &[]),
    ("text", &[]),
    ("time", &[]),
    ("telephony", &[]),
    ("values", &[]),
    ("contacts", &["telephony", "text"]),
    ("request", &["contacts", "secret", "telephony", "values"]),
    ("contract", &["call", "command", "request", "telephony", "text", "time", "values"]),
    ("call", &["contacts", "contract", "telephony", "time"]),
    ("command", &["call", "contacts", "request", "telephony", "text", "values"]),
    ("polling", &["contacts", "request", "values"]),
    (
        "twin",
        &[
            "call",
            "command",
            "contacts",
            "contract",
            "polling",
            "request",
            "telephony",
            "time",
            "values",
        ],
    ),
];

/// Rooms and files that only compute.
const PURE: &[&str] = &[
    "domain",
    "homeassistant",
    "names::table",
    "names::vcard",
    "names::xml",
    "phone::dialect",
    "phone::mac",
    "phone::push::request",
    "phone::push::token",
    "phone::push::urls",
];

/// What a pure one must not use.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "rumqttc",
    "axum",
    "mqtt5",
    "std::net",
    "std::fs",
    "std::io",
    "std::time::SystemTime",
    "tracing",
];

/// What a pure one must not say, wherever it comes from.
const IMPURE_WORDS: &[&str] = &["Instant::now", "Timestamp::now", "SystemTime::now"];

/// A source file without its tests.
struct Source {
    /// Where it is in the crate, such as `["domain", "twin", "state"]`.
    module: Vec<String>,
    /// Its path below `src`.
    name: String,
    /// What it uses: paths from the root of the crate, or from another crate.
    uses: BTreeSet<Vec<String>>,
    has_async: bool,
    lines: usize,
    text: String,
}

impl Source {
    fn is_in(&self, room: &str) -> bool {
        let room: Vec<_> = room.split("::").collect();
        self.module.len() >= room.len() && self.module.iter().zip(&room).all(|(a, b)| a == b)
    }
}

/// Collects what one file uses.
struct Uses<'a> {
    module: &'a [String],
    found: BTreeSet<Vec<String>>,
    has_async: bool,
    /// Names of modules and items that the file has brought into scope from elsewhere.
    facade: bool,
}

impl Uses<'_> {
    /// Returns a path from the root of the crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base = self.module.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|first| first == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            _ => return None,
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    fn add(&mut self, path: &[String]) {
        let found = self.absolute(path).map_or_else(
            || [&["extern".to_owned()], path].concat(),
            |path| [&["crate".to_owned()], &path[..]].concat(),
        );
        self.found.insert(found);
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(before),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(tree, before));
            }
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
    })
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // what a room shows to others is no use of its own
        let shows = self.facade && !matches!(item.vis, syn::Visibility::Inherited);
        if !is_test(&item.attrs) && !shows {
            self.tree(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(&segments);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.has_async |= signature.asyncness.is_some();
        syn::visit::visit_signature(self, signature);
    }

    fn visit_expr_await(&mut self, expression: &'ast syn::ExprAwait) {
        self.has_async = true;
        syn::visit::visit_expr_await(self, expression);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns every source file below `src`, without its tests.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    for path in files(&root) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let parts: Vec<_> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        let is_mod = parts.last().is_some_and(|last| last == "mod");
        let module: Vec<_> = parts[..parts.len() - usize::from(is_mod)].to_vec();
        let of_tests =
            |part: &String| ["tests", "stories", "laws", "model_tests"].contains(&part.as_str());
        if module.iter().any(of_tests) || ["main", "lib"].contains(&module[0].as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let facade = is_mod || root.join(name.trim_end_matches(".rs")).is_dir();
        let mut uses = Uses { module: &module, found: BTreeSet::new(), has_async: false, facade };
        uses.visit_file(&file);
        let (uses, has_async) = (uses.found, uses.has_async);
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        let code = |line: &&str| !line.trim_start().starts_with("//");
        let text = text.lines().filter(code).collect::<Vec<_>>().join("\n");
        sources.push(Source { module, name, uses, has_async, lines: text.lines().count(), text });
    }
    sources
}

/// Returns the rooms that each file uses, `of` a number of levels deep.
fn held(rooms: &[(&str, &[&str])], level: usize, sources: &[Source]) -> usize {
    let mut seen = 0;
    for source in sources {
        let Some(room) = source.module.get(level) else { continue };
        let Some((_, allowed)) = rooms.iter().find(|(known, _)| known == room) else {
            panic!("{}: say what {room} may use", source.name);
        };
        for path in &source.uses {
            let inside = level == 0 || path.get(level).is_some_and(|p| *p == source.module[0]);
            let Some(used) = path.get(level + 1).filter(|_| path[0] == "crate" && inside) else {
                continue;
            };
            seen += 1;
            let fits = used == room || allowed.contains(&used.as_str());
            // a type that the room above shows
            let shown = used.starts_with(char::is_uppercase);
            assert!(fits || shown, "{} uses {}", source.name, path[1..].join("::"));
        }
    }
    seen
}

#[test]
fn arrows_point_one_way() {
    let sources = sources();
    let seen = held(MAY_USE, 0, &sources);
    assert!(seen > 500, "only {seen} uses were found: does this test still read the sources?");
}

#[test]
fn the_rooms_of_the_domain_keep_to_themselves() {
    let mut sources = sources();
    let others = ["alarm"];
    sources.retain(|source| {
        source.is_in("domain")
            && source.module.get(1).is_some_and(|room| !others.contains(&room.as_str()))
    });
    let seen = held(DOMAIN, 1, &sources);
    assert!(seen > 200, "only {seen} uses were found: does this test still read the sources?");
}

/// Returns the file that a path leads to.
fn file_of<'a>(path: &[String], modules: &BTreeMap<Vec<String>, &'a str>) -> Option<&'a str> {
    (1..path.len()).rev().find_map(|end| modules.get(&path[1..=end]).copied())
}

#[test]
fn no_two_files_use_each_other() {
    let sources = sources();
    let modules: BTreeMap<_, _> =
        sources.iter().map(|source| (source.module.clone(), source.name.as_str())).collect();
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in &sources {
        let uses = source.uses.iter().filter(|path| path[0] == "crate");
        let targets = uses.filter_map(|path| file_of(path, &modules));
        graph
            .entry(&source.name)
            .or_default()
            .extend(targets.filter(|target| *target != source.name));
    }
    let mut circles = BTreeSet::new();
    for (from, targets) in &graph {
        for to in targets {
            if let Some(path) = path_between(&graph, to, from) {
                let mut circle: Vec<_> = path.clone();
                circle.sort_unstable();
                circles.insert(circle);
            }
        }
    }
    assert!(graph.len() > 100, "does this test still read the sources?");
    assert!(circles.is_empty(), "files that use each other: {circles:#?}");
}

/// Returns the files of a shortest way from one to another.
fn path_between<'a>(
    graph: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    from: &'a str,
    to: &'a str,
) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = std::collections::VecDeque::from([from]);
    while let Some(file) = next.pop_front() {
        if file == to {
            let mut path = vec![file];
            let mut at = file;
            while let Some(earlier) = before.get(at) {
                path.push(earlier);
                at = earlier;
            }
            return Some(path);
        }
        for target in graph.get(file).into_iter().flatten() {
            if *target != from && !before.contains_key(target) {
                before.insert(target, file);
                next.push_back(target);
            }
        }
    }
    None
}

#[test]
fn pure_rooms_are_pure() {
    for source in sources() {
        if !PURE.iter().any(|pure| source.is_in(pure)) {
            continue;
        }
        assert!(!source.has_async, "{} is pure, and waits", source.name);
        for path in source.uses.iter().filter(|path| path[0] == "extern") {
            let path = path[1..].join("::");
            let is = |word: &&str| path == **word || path.starts_with(&format!("{word}::"));
            assert!(!IMPURE.iter().any(is), "{} is pure, and uses {path}", source.name);
            assert!(
                !IMPURE_WORDS.iter().any(|word| path.ends_with(word)),
                "{} is pure, and calls {path}",
                source.name
            );
        }
    }
}

#[test]
fn one_file_each_for_the_broker_and_the_topics() {
    for Source { name, text, .. } in sources() {
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
    for Source { name, lines, .. } in sources() {
        assert!(lines <= 400, "{name} has {lines} lines: look for the second idea");
    }
}
