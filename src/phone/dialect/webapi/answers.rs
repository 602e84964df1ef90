//! Reading answers. The dialects differ in how they ask; what they answer is read by one, lenient, reader.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::domain::request::{Answer, PhoneError};
use crate::domain::telephony::clock::PhoneClock;
use crate::domain::telephony::{Account, Identity, Line, LineState, MANY};
use crate::domain::text::short;
use crate::phone::mac::mac;

use super::json;
use super::scalars::{flag, line_state, local_time, phone_status, text, uptime, whole};
use crate::phone::dialect::protocol::{ReadError, Reply};

/// Maximum length of a phone's own words that are repeated, in characters.
const QUOTE: usize = 120;

/// Reads the answer of Get Line Status.
pub(super) fn lines(reply: &Reply, account_base: u16) -> Result<Answer, ReadError> {
    let body = body(reply)?;
    let entries = objects(&body, "a list of lines")?;
    let mut lines = numbered(entries, |number, entry| line(number, entry, account_base), "line");
    lines.sort_by_key(|line| line.line);
    Ok(Answer::Lines(lines.into()))
}

fn line(number: u16, entry: &Map<String, Value>, account_base: u16) -> Line {
    let code = text(entry.get("state"));
    let state = line_state(code.as_deref());
    // an idle line's account is the firmware's default, not an account (WP826 capture: 0 on all lines)
    let account = whole(entry.get("acct")).filter(|_| state != LineState::Idle);
    Line {
        line: number,
        state,
        code,
        account: account.and_then(|acct| acct.checked_sub(account_base)?.checked_add(1)),
        name: text(entry.get("name")).or_else(|| text(entry.get("remotename"))),
        number: text(entry.get("number")).or_else(|| text(entry.get("remotenumber"))),
        active: flag(entry.get("active")),
    }
}

/// Reads the answer of Get Account Status.
pub(super) fn accounts(reply: &Reply) -> Result<Answer, ReadError> {
    let body = body(reply)?;
    let entries = objects(&body, "a list of accounts")?;
    let account = |id, entry: &Map<String, Value>| Account {
        id,
        name: text(entry.get("name")),
        sip_id: text(entry.get("sip_id")),
        sip_server: text(entry.get("sip_server")),
        registered: flag(entry.get("reg")),
    };
    let mut accounts = numbered(entries, account, "id");
    accounts.sort_by_key(|account| account.id);
    Ok(Answer::Accounts(accounts))
}

/// Reads the answer of Get Phone Status.
pub(super) fn status(reply: &Reply) -> Result<Answer, ReadError> {
    let body = body(reply)?;
    let Value::String(word) = &body else {
        let what = format!("{} instead of the status of the phone", kind(&body));
        return Err(nonsense(&what));
    };
    Ok(Answer::Status(phone_status(word)))
}

/// Reads the answer of Get System Time, which has no wrapper in the vendor's guide.
pub(super) fn clock(reply: &Reply) -> Result<Answer, ReadError> {
    let Value::Object(whole) = json(reply)? else {
        return Err(nonsense("no JSON object instead of the time"));
    };
    let inner = if ["response", "res"].iter().any(|key| whole.contains_key(*key)) {
        // a GXP2170 has the uptime beside the wrapper's keys
        if let Value::Object(inner) = unwrap(whole.clone())? { inner } else { whole }
    } else {
        whole
    };
    if !["date", "time", "uptime"].iter().any(|key| inner.contains_key(*key)) {
        return Err(nonsense("neither date, time nor uptime"));
    }
    // an HT802 has both in one field, as "2026-04-10 21:06:47"
    let said = ["date", "time"].map(|key| text(inner.get(key)).unwrap_or_default());
    Ok(Answer::Clock(PhoneClock {
        time: local_time(&said.join(" ")),
        uptime: text(inner.get("uptime")).and_then(|text| uptime(&text)),
    }))
}

/// Reads the answer of Return Values to 67 (MAC), 68 (firmware), and the names of model, vendor and hardware.
pub(super) fn identity(reply: &Reply) -> Result<Answer, ReadError> {
    let Value::Object(values) = body(reply)? else {
        return Err(nonsense("no JSON object instead of values"));
    };
    let value = |name: &str| text(values.get(name));
    Ok(Answer::Identity(Identity {
        model: value("phone_model"),
        vendor: value("vendor_name").or_else(|| value("vendor_fullname")),
        firmware: value("68"),
        hardware: value("hw_rev"),
        mac: value("67").and_then(|text| mac(&text)),
    }))
}

/// Reads the answer of a function that does something: the body is empty, a truth value, or a word.
pub(super) fn done(reply: &Reply) -> Result<Answer, ReadError> {
    let body = body(reply)?;
    let refused = flag(Some(&body)) == Some(false)
        || text(Some(&body)).is_some_and(|word| word == "failed" || word == "unknown");
    if refused { Err(refusal(&body)) } else { Ok(Answer::Done) }
}

/// Reads a reply as JSON, whatever its content type says.
fn json(reply: &Reply) -> Result<Value, ReadError> {
    check_status(reply)?;
    let body = reply.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&reply.body).trim_ascii();
    if body.is_empty() {
        return Err(nonsense("nothing"));
    }
    if json::is_too_much(body) {
        return Err(nonsense("more values than any phone has"));
    }
    json::parse(body).map_err(|error| {
        if body.starts_with(b"<") {
            nonsense("a web page")
        } else if error.is_eof() {
            nonsense("JSON that breaks off")
        } else {
            nonsense("no JSON")
        }
    })
}

/// Reads a reply as JSON, and returns what is in its wrapper.
pub(super) fn body(reply: &Reply) -> Result<Value, ReadError> {
    let json = json(reply)?;
    let what = kind(&json);
    let Value::Object(object) = json else {
        return Err(nonsense(&format!("{what} instead of a JSON object")));
    };
    unwrap(object)
}

/// Takes the wrapper off: `response` and `body`, or `res` and `msg` (contacts, GMI).
fn unwrap(mut object: Map<String, Value>) -> Result<Value, ReadError> {
    let verdict = text(object.get("response").or_else(|| object.get("res")));
    let body = object.remove("body").or_else(|| object.remove("msg")).unwrap_or(Value::Null);
    let word = text(body.get("status")).or_else(|| text(Some(&body))).unwrap_or_default();
    let expired =
        ["unauthorized", "session-expired", "authentication required", "authentication failed"];
    if expired.iter().any(|said| word.eq_ignore_ascii_case(said)) {
        return Err(ReadError::SessionExpired);
    }
    match verdict.map(|word| word.to_ascii_lowercase()).as_deref() {
        Some("success") => Ok(body),
        Some("error") if word.eq_ignore_ascii_case("locked") => {
            Err(PhoneError::LockedOut(quote(&word)).into())
        }
        Some("error") if word.eq_ignore_ascii_case("command not found") => {
            Err(PhoneError::Unsupported(quote(&word)).into())
        }
        Some("error") => Err(refusal(&body)),
        Some(other) => Err(nonsense(&format!("the response {}", quote(other)))),
        None => Err(nonsense("JSON without a response")),
    }
}

/// Returns what an HTTP status means, where it is not success.
pub(in crate::phone::dialect) fn check_status(reply: &Reply) -> Result<(), ReadError> {
    match reply.status {
        200..=299 => Ok(()),
        401 => Err(ReadError::SessionExpired),
        403 => Err(PhoneError::Forbidden(
            "HTTP 403: the phone does not let this host or user in (web access, or the Action URI allowed IP list)"
                .to_owned(),
        )
        .into()),
        // not there, not by this method, not made
        404 | 405 | 501 => Err(PhoneError::Unsupported(format!("HTTP {}", reply.status)).into()),
        status @ 300..=399 => {
            let to = reply.redirect.as_deref().unwrap_or("nowhere");
            Err(nonsense(&format!("HTTP {status}, a redirect to {to}, which is not followed: set url to the right address")))
        }
        status => Err(nonsense(&format!("HTTP {status}"))),
    }
}

pub(super) fn objects<'a>(
    body: &'a Value,
    wanted: &str,
) -> Result<Vec<&'a Map<String, Value>>, ReadError> {
    let Value::Array(entries) = body else {
        return Err(nonsense(&format!("{} instead of {wanted}", kind(body))));
    };
    let objects: Vec<_> = entries.iter().filter_map(Value::as_object).collect();
    if objects.is_empty() && !entries.is_empty() {
        return Err(nonsense(&format!("a list of {} instead of {wanted}", kind(&entries[0]))));
    }
    Ok(objects)
}

/// Reads entries that have a number; one without takes that of its place, a second of the same is left out.
fn numbered<T>(
    entries: Vec<&Map<String, Value>>,
    read: impl Fn(u16, &Map<String, Value>) -> T,
    key: &str,
) -> Vec<T> {
    let mut seen = BTreeSet::new();
    (1..)
        .zip(entries.into_iter().take(MANY))
        .map(|(place, entry)| (whole(entry.get(key)).unwrap_or(place), entry))
        .filter(|(number, _)| seen.insert(*number))
        .map(|(number, entry)| read(number, entry))
        .collect()
}

pub(super) fn refusal(body: &Value) -> ReadError {
    let words = text(body.get("status")).or_else(|| text(Some(body)));
    let words = words.unwrap_or_else(|| body.to_string());
    let hint = if words == "Invalid Request" {
        " (click-to-dial is off, no account can be used, or the keypad is locked)"
    } else {
        ""
    };
    PhoneError::Refused(format!("{}{hint}", quote(&words))).into()
}

pub(super) fn nonsense(what: &str) -> ReadError {
    PhoneError::BadAnswer(what.to_owned()).into()
}

fn quote(words: &str) -> String {
    format!("{:?}", short(words, QUOTE))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
