//! Every reader of what others write, tried with the files of `tests/corpus/` and with what chance makes of them. The same
//! functions run in `fuzz/`, for as long as somebody lets them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gxv2mqtt::fuzzing::{TARGETS, run};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// How many files each target is tried with that chance has made: all of it takes a few seconds.
const CASES: u32 = 150;
/// The longest that chance makes, in bytes.
const LONGEST: usize = 64 * 1024;

/// What chance does to a file.
#[derive(Debug, Clone)]
enum Change {
    /// Another byte in one place.
    Byte(Index, u8),
    /// What the readers look for, put in somewhere.
    Insert(Index, &'static [u8]),
    /// The end is missing.
    CutOff(Index),
    /// A part is missing.
    CutOut(Index, Index),
    /// A part stands there several times.
    Repeat(Index, Index, usize),
    /// It goes on as another file does.
    GoOn(Index, Index),
}

const WORDS: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\n",
    b"\r\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b";",
    b":",
    b"=",
    b"<",
    b">",
    b"&",
    b"/",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"0",
    b"-1",
    b"65536",
    b"18446744073709551616",
    b"1e400",
    b"null",
    b"\xc3\xab",
    b"\xf0\x9f\x93\x9e",
];

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            3 => any::<(Index, u8)>().prop_map(|(at, byte)| Self::Byte(at, byte)),
            3 => (any::<Index>(), prop::sample::select(WORDS)).prop_map(|(at, w)| Self::Insert(at, w)),
            1 => any::<Index>().prop_map(Self::CutOff),
            2 => any::<(Index, Index)>().prop_map(|(from, to)| Self::CutOut(from, to)),
            2 => (any::<(Index, Index)>(), 2..40usize).prop_map(|((a, b), n)| Self::Repeat(a, b, n)),
            2 => any::<(Index, Index)>().prop_map(|(file, from)| Self::GoOn(file, from)),
        ]
    }

    fn apply(&self, mut bytes: Vec<u8>, files: &[Vec<u8>]) -> Vec<u8> {
        let place = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
        let range = |one: &Index, other: &Index, bytes: &[u8]| {
            let (one, other) = (place(one, bytes), place(other, bytes));
            one.min(other)..one.max(other)
        };
        match self {
            Self::Byte(at, byte) => {
                let at = place(at, &bytes);
                bytes.splice(at..(at + 1).min(bytes.len()), [*byte]);
            }
            Self::Insert(at, word) => {
                let at = place(at, &bytes);
                bytes.splice(at..at, word.iter().copied());
            }
            Self::CutOff(at) => bytes.truncate(place(at, &bytes)),
            Self::CutOut(from, to) => drop(bytes.drain(range(from, to, &bytes))),
            Self::Repeat(from, to, times) => {
                let range = range(from, to, &bytes);
                let more = bytes[range.clone()].repeat(*times);
                bytes.splice(range, more);
            }
            Self::GoOn(file, from) => {
                let other = file.get(files);
                bytes.extend(&other[place(from, other)..]);
            }
        }
        bytes.truncate(LONGEST);
        bytes
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Returns the names of what is in a folder, in order.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn each_target_has_its_files() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "two targets of one name");
    assert_eq!(names(&folder()), targets, "the folders in tests/corpus");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let programs = targets.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&root.join("fuzz_targets")), programs, "the files in fuzz/fuzz_targets");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for name in &targets {
        assert!(!names(&folder().join(name)).is_empty(), "{name} has no files");
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{name}: fuzz/Cargo.toml");
        let program = fs::read_to_string(root.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("run(\"{name}\", bytes)")), "{name} runs another");
    }
}

#[test]
fn what_others_write_breaks_nothing() {
    for (name, target) in TARGETS {
        let folder = folder().join(name);
        let files: Vec<_> = names(&folder)
            .into_iter()
            .map(|file| {
                let bytes = fs::read(folder.join(&file)).unwrap();
                let holds = std::panic::catch_unwind(|| target(&bytes));
                assert!(holds.is_ok(), "see above: {name}/{file}");
                bytes
            })
            .collect();
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let changed = (any::<Index>(), prop::collection::vec(Change::any(), 1..6)).prop_map(
            |(file, changes)| {
                let bytes = file.get(&files).clone();
                changes.iter().fold(bytes, |bytes, change| change.apply(bytes, &files))
            },
        );
        let result = TestRunner::new(config).run(&changed, |bytes| {
            run(name, &bytes);
            Ok(())
        });
        if let Err(proptest::test_runner::TestError::Fail(why, bytes)) = result {
            let bytes = bytes.escape_ascii();
            panic!("{name}: {why}; put this into tests/corpus/{name}: {bytes}");
        }
    }
}
