//! What the phone answers when it is asked how it is: values, accounts, lines, status, time. Changes nothing.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    journal::Happening,
    line::Line,
    profile::{Account, Dialect},
    reply::Reply,
    request::Asked,
    state::State,
};

/// From this length on a list of values crashes `GXP16xx` up to 1.0.7.80 (CVE-2026-2329).
const VALUES_REQUEST_LIMIT: usize = 64;
/// What is told without a login; proven for `phone_model` (GXP1625).
const PUBLIC_VALUES: [&str; 4] = ["phone_model", "1395", "vendor_name", "vendor_fullname"];

/// `api.values.get` (vendor guide, Return Values Request); a value that is not known is empty text.
pub(super) fn values(state: &mut State, asked: &Asked, limited: bool) -> Reply {
    let request = asked.text("request");
    if request.len() >= VALUES_REQUEST_LIMIT {
        let length = request.len();
        state.journal.note(Happening::OverlongValuesRequest { length });
    }
    let value = |name: &str| {
        let known = state.phone.values.get(name);
        let told = known.filter(|_| !limited || PUBLIC_VALUES.contains(&name));
        json!(told.map_or("", String::as_str))
    };
    let names = request.split(':').filter(|name| !name.is_empty());
    let body: Map<_, _> = names.map(|name| (name.to_owned(), value(name))).collect();
    Reply::success(Value::Object(body))
}

/// `api-get_accounts` (vendor guide, Get Account Status).
pub(super) fn accounts(state: &State, asked: &Asked) -> Reply {
    let only_registered = matches!(asked.text("registered"), "1" | "true");
    let accounts = state.phone.accounts.iter();
    let accounts = accounts.filter(|account| account.registered || !only_registered);
    Reply::success(accounts.map(account).collect())
}

fn account(account: &Account) -> Value {
    json!({
        "id": account.id,
        "sip_server": account.sip_server,
        "sip_id": account.sip_id,
        "name": account.name,
        "reg": u8::from(account.registered),
    })
}

/// `api-get_line_status` (vendor guide, Get Line Status); `line` 0 or -1 means all of them.
pub(super) fn lines(state: &State, asked: &Asked) -> Reply {
    let wanted = asked.get("line").filter(|line| !matches!(*line, "0" | "-1"));
    let base = state.profile.line_account_base;
    let lines = state.phone.lines().iter();
    let lines = lines.filter(|line| wanted.is_none_or(|wanted| wanted == line.line.to_string()));
    let line = match state.profile.dialect {
        Dialect::Gxv => gxv_line,
        Dialect::Cti => cti_line,
    };
    Reply::success(lines.map(|one| line(one, base)).collect())
}

/// As the vendor guide's example: numbers as text, the account as text.
fn gxv_line(line: &Line, account_base: u16) -> Value {
    let account = line.account.map(|id| id.saturating_sub(1) + account_base);
    json!({
        "line": line.line,
        "state": line.state.code(),
        "acct": account.map(|account| account.to_string()).unwrap_or_default(),
        "name": line.name,
        "number": line.number,
        "active": u8::from(line.active()),
    })
}

/// As captured from a WP826 1.0.3.35: `active` stays 0 even while connected.
fn cti_line(line: &Line, account_base: u16) -> Value {
    json!({
        "line": line.line,
        "conf": 0,
        "state": line.state.word(),
        "acct": line.account.map_or(0, |id| id.saturating_sub(1) + account_base),
        "active": 0,
        "remotename": line.name,
        "remotenumber": line.number,
    })
}

/// `api-get_phone_status` (vendor guide, Get Phone Status).
pub(super) fn phone(state: &State) -> Reply {
    let misc = if state.phone.click_to_dial() { "1" } else { "0" };
    let body = json!({ "response": "success", "body": state.phone.status(), "misc": misc });
    Reply::json(&body)
}

/// `api-get_time` (vendor guide, Get System Time): no wrapper, and the guide's own spacing.
pub(super) fn time(state: &State, now: Instant, clock: Timestamp) -> Reply {
    let clock = clock + state.profile.clock_offset;
    Reply::json(&json!({
        "date": clock.strftime("%a %m/%d/%Y").to_string(),
        "time": clock.strftime(" %I:%M%p").to_string(),
        "uptime": uptime(state.phone.uptime(now)),
    }))
}

fn uptime(uptime: Duration) -> String {
    let minutes = uptime.as_secs() / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let seconds = uptime.as_secs() % 60;
    let count = |count: u64, word: &str| format!("{count} {word}{}", plural(count));
    let (days, hours, minutes) =
        (count(days, "day"), count(hours, "hour"), count(minutes, "minute"));
    format!(" {days}, {hours}, {minutes}, {seconds}second{}", plural(seconds))
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_is_spaced_as_in_the_vendors_guide() {
        let cases = [
            (1_821_023, " 21 days, 1 hour, 50 minutes, 23seconds"),
            (0, " 0 days, 0 hours, 0 minutes, 0seconds"),
            (90_061, " 1 day, 1 hour, 1 minute, 1second"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(uptime(Duration::from_secs(seconds)), expected);
        }
    }
}
