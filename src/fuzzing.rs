//! What is read from others, one function each: bytes in, and a panic if something does not hold that holds whatever they are.
//! `fuzz/` and `tests/corpus.rs` call them; the program does not.

mod broker;
mod files;
mod phone;

/// Reads bytes, and panics if something does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name: that of its file in `fuzz/fuzz_targets/`, and of its folder in `tests/corpus/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("answers", phone::answers),
    ("login", phone::login),
    ("phonebook", phone::phonebook),
    ("push", phone::push),
    ("command", broker::command),
    ("request", broker::request),
    ("retained", broker::retained),
    ("discovery", broker::discovery),
    ("settings", files::settings),
    ("vcard", files::vcard),
    ("csv", files::csv),
    ("xml", files::xml),
];

/// Reads bytes as this target does.
///
/// # Panics
///
/// If there is no such target, or something does not hold.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.expect("the target is in the table").1(bytes);
}
