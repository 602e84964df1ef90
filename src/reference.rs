//! The reference of topics, commands, entities and functions, out of the tables: `gxv2mqtt topics`, and `docs/reference.md`.

use std::fmt::Write as _;

use crate::domain::call::EventType;
use crate::domain::command;
use crate::domain::command::policy::Guarded;
use crate::domain::command::result::ErrorCode;
use crate::domain::contract::bridge_request::BRIDGE_REQUESTS;
use crate::domain::contract::entity::{Category, ENTITIES, Kind};
use crate::domain::contract::snapshot::STATES;
use crate::phone::dialect::{DialectKind, ENDPOINTS, Support};

/// Returns the reference, in Markdown.
pub fn reference() -> String {
    [topics(), events(), commands(), errors(), bridge_requests(), entities(), functions()]
        .join("\n")
}

fn table(title: &str, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text =
        format!("## {title}\n\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        writeln!(text, "| {} |", row.join(" | ")).expect("a String takes any text");
    }
    text
}

fn topics() -> String {
    let bridge = [
        ("B/bridge/state", "`online` or `offline` (last will)"),
        ("B/bridge/info", "JSON: `version`, `started_at`, `phones` (ids)"),
        ("B/bridge/request/<name>", "A request to the bridge itself; never obeyed if retained"),
        (
            "B/bridge/response/<name>",
            "JSON, one for each request, not retained: `status` (`ok` or `error`), `data`, `error` (why not), `transaction` (yours, if any)",
        ),
    ];
    let results = [
        (
            "P/event/call",
            "JSON, whenever something happens to a call, not retained: `event_type`, `call_id`, `line`, `account`, `direction` (`incoming`, `outgoing`), `name`, `number`, `contact` (the name of who has that number, as address books say), `group` (the first of that contact's groups), `groups` (all of them), `started_at`, `answered_at`, `ended_at`, `ring_seconds`, `talk_seconds`, `doorbell` (whether it is the doorbell), `source` (`poll` or `push`: what made the bridge look)",
        ),
        (
            "P/event/doorbell",
            "JSON, once for each call that comes and that a `doorbell` rule fits, not retained: `event_type` (`ring`), `label` (of the rule), `name`, `number`, `line` (null if only the phone's push told of it)",
        ),
        ("P/command/<name>", "A command; never obeyed if retained"),
        (
            "P/result",
            "JSON, one for each command, not retained: `command`, `id` (yours, or null), `ok`, `data` or `error` {`code`, `message`}, `at`",
        ),
    ];
    let states = STATES.iter().map(|row| (format!("P/{}", row.topic), row.help));
    let rows = bridge
        .into_iter()
        .map(|(topic, help)| (topic.to_owned(), help))
        .chain(states)
        .chain(results.into_iter().map(|(topic, help)| (topic.to_owned(), help)))
        .map(|(topic, help)| vec![format!("`{topic}`"), help.to_owned()]);
    table("Topics", &["Topic", "Payload"], rows)
}

fn events() -> String {
    let rows = EventType::TABLE.map(|(_, word, help)| vec![format!("`{word}`"), help.to_owned()]);
    table("Events of calls", &["`event_type`", "Means"], rows)
}

fn commands() -> String {
    let rows = command::commands().map(|row| {
        let arguments: Vec<String> =
            row.main.iter().chain(row.others).map(|name| format!("`{name}`")).collect();
        let guarded = Guarded::TABLE.iter().any(|(_, name)| *name == row.name);
        let name = format!("`{}`{}", row.name, if guarded { " (guarded)" } else { "" });
        vec![name, arguments.join(", "), row.help.to_owned()]
    });
    table("Commands", &["Command", "Arguments (the first may be the bare payload)", "Does"], rows)
}

fn errors() -> String {
    let rows = ErrorCode::TABLE.map(|(_, word, help)| vec![format!("`{word}`"), help.to_owned()]);
    table("Error codes", &["Code", "Means"], rows)
}

fn bridge_requests() -> String {
    let rows = BRIDGE_REQUESTS.iter().map(|row| {
        let arguments: Vec<String> =
            row.main.iter().chain(row.others).map(|name| format!("`{name}`")).collect();
        vec![format!("`{}`", row.name), arguments.join(", "), row.help.to_owned()]
    });
    let head = ["Request", "Arguments (the first may be the bare payload)", "Does, or returns"];
    table("Bridge requests", &head, rows)
}

fn entities() -> String {
    let rows = ENTITIES.iter().map(|entity| {
        let platform = match entity.kind {
            Kind::Words { .. }
            | Kind::Text { .. }
            | Kind::Count { .. }
            | Kind::Moment { .. }
            | Kind::Seconds { .. } => "sensor",
            Kind::Event { .. } => "event",
            Kind::Trigger { .. } => "device trigger",
            Kind::OnOff { .. } | Kind::Connected { .. } => "binary sensor",
            Kind::Button { .. } => "button",
            Kind::Entry { .. } => "text",
        };
        let category = match entity.category {
            None => "",
            Some(Category::Config) => ", configuration",
            Some(Category::Diagnostic) => ", diagnostic",
        };
        vec![
            format!("`{}`", entity.key),
            format!("`{}`", entity.name),
            format!("{platform}{category}"),
            entity.help.to_owned(),
        ]
    });
    let value = [
        "`value_<key>`",
        "as in the settings",
        "switch, number, select or text, configuration; or sensor, diagnostic",
        "A value of the phone that the settings name (`values`)",
    ];
    let rows = rows.chain([value.map(str::to_owned).to_vec()]);
    table("Home Assistant entities", &["Key", "Name", "Kind", "Shows or does"], rows)
}

fn functions() -> String {
    let rows = ENDPOINTS.map(|(function, key, path)| {
        let head = [function.name().to_owned(), format!("`{key}`"), format!("`{path}`")];
        let support = DialectKind::TABLE.map(|row| match (row.support)(function) {
            Support::Documented => "guide".to_owned(),
            Support::Seen => "seen".to_owned(),
            Support::None => "none".to_owned(),
        });
        head.into_iter().chain(support).collect()
    });
    let dialects = DialectKind::TABLE.map(|row| format!("`{}`", row.name));
    let [gxv, cti] = dialects.each_ref().map(String::as_str);
    let head = ["Function", "Key in `endpoints`", "Path below `/cgi-bin/`", gxv, cti];
    let text = table("Functions of the phone", &head, rows);
    format!(
        "{text}\n`guide`: the vendor's guide for this dialect has it; `seen`: captures, or clients of other people, do; `none`: the dialect needs \
         none. Of the paths only the first two are from the guide of the GXV33xx; the others were not tried on one.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md");

    /// With `UPDATE_EXPECT=1` writes the file anew.
    #[test]
    fn the_docs_hold_it() {
        let docs = std::fs::read_to_string(REFERENCE).unwrap();
        let (before, rest) = docs.split_once("<!-- generated: gxv2mqtt topics -->\n").unwrap();
        let (_, after) = rest.split_once("<!-- /generated -->\n").unwrap();
        let fresh = format!(
            "{before}<!-- generated: gxv2mqtt topics -->\n\n{}\n<!-- /generated -->\n{after}",
            reference()
        );
        if fresh != docs && std::env::var_os("UPDATE_EXPECT").is_some() {
            return std::fs::write(REFERENCE, fresh).unwrap();
        }
        assert!(
            fresh == docs,
            "docs/reference.md is stale: run `UPDATE_EXPECT=1 cargo test --lib reference`"
        );
    }
}
