//! Tries a phone: one login, and each function that only reads.

use tokio::time::Instant;

use super::table::{Row, Verdict};
use crate::domain::contacts::phonebook::Filter;
use crate::domain::request::{Answer, Function, PhoneError, PhoneRequest, StatusQuery};
use crate::domain::values;
use crate::domain::values::named::NamedValue;
use crate::phone::PhoneOptions;
use crate::phone::http::PhoneClient;

/// Tries everything that changes nothing; nothing more after a refused login.
pub(super) async fn rows(options: &PhoneOptions, mut client: PhoneClient) -> Vec<Row> {
    for caution in options.cautions() {
        tracing::warn!(phone = %options.id, "{caution}");
    }
    let row = |what, verdict, took, remark: String| {
        Row::needed(options.id.as_str(), what, verdict, took, remark)
    };
    let mut rows = Vec::new();
    let started = Instant::now();
    let login = client.open().await;
    let took = Some(started.elapsed());
    let mut barred = login.is_err();
    match login {
        Ok(true) => rows.push(row("log in", Verdict::Works, took, String::new())),
        Ok(false) => {}
        Err(error) => rows.push(row("log in", Verdict::Fails, took, error.to_string())),
    }
    let queries = StatusQuery::ALL.map(PhoneRequest::Read);
    for request in queries.into_iter().chain(lists()).chain(values(options)) {
        let what = name(&request);
        if barred {
            rows.push(row(what, Verdict::NotTried, None, String::new()));
            continue;
        }
        let started = Instant::now();
        let answer = client.send(&request).await.map_err(PhoneError::from);
        barred = answer.as_ref().is_err_and(is_the_end);
        let (verdict, remark, nothing_for) = judge(&answer, &options.values);
        let needed = matches!(request, PhoneRequest::Read(_) | PhoneRequest::GetValues(_));
        let row = row(what, verdict, Some(started.elapsed()), remark);
        rows.push(Row { needed: needed || answer.is_ok(), nothing_for, ..row });
    }
    for rule in &options.doorbell {
        let conditions = rule.conditions();
        if conditions.len() > 1 {
            let remark = format!("rings only where all of it fits: {}", conditions.join(", "));
            rows.push(row("doorbell rule", Verdict::NotTried, None, remark));
        }
    }
    let functions = Function::NAMES.into_iter().filter(|(function, _)| function.changes());
    let changing: Vec<_> = functions.map(|(_, name)| name).collect();
    rows.push(row("what changes the phone", Verdict::NotTried, None, changing.join(", ")));
    rows
}

fn name(request: &PhoneRequest) -> &'static str {
    if matches!(request, PhoneRequest::GetValues(_)) {
        "values of the settings"
    } else {
        request.function().name()
    }
}

/// Returns `true` if nothing more may be tried after this.
fn is_the_end(error: &PhoneError) -> bool {
    matches!(
        error,
        PhoneError::Unauthorized(_)
            | PhoneError::LockedOut(_)
            | PhoneError::BadCertificate(_)
            | PhoneError::Unreachable(_)
    )
}

/// Returns the verdict on an answer, a remark, and the number of values that the phone has nothing for.
fn judge(answer: &Result<Answer, PhoneError>, named: &[NamedValue]) -> (Verdict, String, usize) {
    match answer {
        Ok(Answer::Values(values)) => {
            let unknown = unknown(values, named);
            let known = format!("{} of {} values", values.len() - unknown.len(), values.len());
            let nothing = format!("{known}; nothing for {}", unknown.join(", "));
            let remark = if unknown.is_empty() { known } else { nothing };
            (Verdict::Works, remark, unknown.len())
        }
        Ok(answer) => (Verdict::Works, summary(answer), 0),
        Err(error) => (Verdict::from(error), error.to_string(), 0),
    }
}

/// Lists that are read only when somebody wants them.
fn lists() -> [PhoneRequest; 3] {
    [
        PhoneRequest::GetContacts(Filter::default()),
        PhoneRequest::GetGroups,
        PhoneRequest::DownloadPhonebook,
    ]
}

/// The values that the settings name.
fn values(options: &PhoneOptions) -> impl Iterator<Item = PhoneRequest> {
    let names: Vec<_> = options.values.iter().map(|named| named.value.clone()).collect();
    values::lists(&names).into_iter().map(PhoneRequest::GetValues)
}

/// Returns which values the phone has nothing for.
fn unknown(values: &values::Values, named: &[NamedValue]) -> Vec<String> {
    let empty = values.iter().filter(|(_, text)| text.as_deref().unwrap_or("").is_empty());
    let shown = empty.map(|(name, _)| {
        let number = name.chars().all(|c| c.is_ascii_digit());
        let name_shown = format!("{}{name}", if number { "P" } else { "" });
        let known = named.iter().find(|named| named.value == *name);
        known.map_or(name_shown.clone(), |named| format!("{name_shown} ({})", named.key))
    });
    shown.collect()
}

fn summary(answer: &Answer) -> String {
    match answer {
        Answer::Lines(lines) => format!("{} lines", lines.len()),
        Answer::Status(status) => status.word().to_owned(),
        Answer::Accounts(accounts) => {
            let registered = accounts.iter().filter(|a| a.registered == Some(true)).count();
            format!("{registered} of {} registered", accounts.len())
        }
        Answer::Clock(clock) => match (clock.time, clock.uptime) {
            (Some(time), Some(uptime)) => format!("{}, up for {} s", time.at, uptime.seconds),
            _ => "in a format that is not known: please report it".to_owned(),
        },
        Answer::Identity(identity) => {
            let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
            format!("{} with firmware {}", word(&identity.model), word(&identity.firmware))
        }
        Answer::Contacts(contacts) | Answer::Phonebook { contacts, .. } => {
            format!("{} contacts", contacts.len())
        }
        Answer::Groups(groups) => format!("{} groups", groups.len()),
        Answer::Values(_) | Answer::PasswordChanged { .. } | Answer::Done => String::new(),
    }
}
