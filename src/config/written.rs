//! Reads the settings as they were written, and says in a user's words which key has the wrong name or type.

use figment::Figment;
use figment::error::{Actual, Kind};
use figment::value::{Dict, Value};

use super::raw::{Raw, Shape};

/// Reads the settings; the error is a key, and what is wrong with it.
pub(super) fn read(figment: &Figment) -> Result<Raw, (String, String)> {
    let tree: Dict = figment.extract().map_err(|error| explain(&error))?;
    refuse_false_tables(&mut Vec::new(), &tree)?;
    figment.extract().map_err(|error| explain(&error))
}

/// Refuses what is no table where one belongs; serde would take a list for the table's values in order.
fn refuse_false_tables<'t>(
    path: &mut Vec<&'t str>,
    tree: &'t Dict,
) -> Result<(), (String, String)> {
    for (key, value) in tree {
        path.push(key);
        if let Value::Dict(_, below) = value {
            refuse_false_tables(path, below)?;
        } else if let (Value::Array(_, rules), shape @ (Shape::Rules | Shape::Values)) =
            (value, Shape::of(path))
        {
            if let Some(other) = rules.iter().find(|rule| rule.as_dict().is_none()) {
                let problem = mistyped(shape, &other.to_actual()) + " in it";
                return Err((path.join("."), problem));
            }
        } else if Shape::of(path) == Shape::Table {
            let problem = mistyped(Shape::Table, &value.to_actual());
            return Err((path.join("."), problem));
        }
        path.pop();
    }
    Ok(())
}

/// Says what is wrong, without the value: it may be a secret.
fn explain(error: &figment::Error) -> (String, String) {
    let mut path: Vec<&str> = error.path.iter().map(String::as_str).collect();
    let whole = path.len();
    while path.len() > 1 && Shape::of(&path[..path.len() - 1]) == Shape::List {
        path.pop();
    }
    let shape = Shape::of(&path);
    let problem = if let Kind::UnknownField(found, known) = &error.kind {
        unknown(found, known)
    } else if let Kind::InvalidType(actual, _) = &error.kind {
        let inside = if path.len() < whole { " in it" } else { "" };
        mistyped(shape, actual) + inside
    } else {
        format!("expected {}", shape.expected())
    };
    (path.join("."), problem)
}

fn mistyped(shape: Shape, actual: &Actual) -> String {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "TOML has no other types than the named ones"
    )]
    let found = match actual {
        Actual::Bool(_) => "true or false without quotes",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a bare number",
        Actual::Str(_) => "text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "something else",
    };
    format!("expected {}, found {found}", shape.expected())
}

/// Says that a name is not known, and which one may have been meant.
pub(super) fn unknown(found: &str, known: &[&str]) -> String {
    match nearest(found, known) {
        Some(nearest) => format!("unknown; did you mean \"{nearest}\"?"),
        None => format!("unknown; known here: {}", known.join(", ")),
    }
}

/// Returns the known name that may have been meant.
pub(super) fn nearest<'k>(found: &str, known: &[&'k str]) -> Option<&'k str> {
    let nearest = known.iter().map(|known| (strsim::levenshtein(found, known), known)).min();
    nearest.filter(|(distance, _)| *distance <= 1 + found.len() / 4).map(|(_, nearest)| *nearest)
}
