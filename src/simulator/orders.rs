//! What the phone does when it is told to call, to handle a call, or to restart, and what it says to that.

use std::time::Instant;

use serde_json::json;

use super::{
    journal::Happening,
    line::LineState,
    profile::{Dialect, Resume},
    reply::Reply,
    request::Asked,
    state::State,
};

/// `api-make_call` (vendor guide, Make Call); the refusal is that of the vendor's own clients.
pub(super) fn make_call(state: &mut State, asked: &Asked, now: Instant) -> Reply {
    let number = asked.text("phonenumber").to_owned();
    let account = match asked.get("account") {
        None => Some(1),
        Some(account) => from_one(account, state.profile.account_base),
    };
    let account = account.filter(|_| state.phone.click_to_dial());
    let line = account.and_then(|account| state.phone.dial(&number, account, now));
    let (Some(account), Some(line)) = (account, line) else {
        state.journal.note(Happening::DialRefused { number });
        return Reply::error(json!("Invalid Request"));
    };
    state.journal.note(Happening::Dialled { number, account, line });
    Reply::success(match state.profile.dialect {
        Dialect::Gxv => json!(""),
        Dialect::Cti => json!(true),
    })
}

/// An account as the phone's people count, out of one as this firmware counts.
fn from_one(account: &str, base: u16) -> Option<u16> {
    account.parse::<u16>().ok()?.checked_sub(base)?.checked_add(1)
}

/// `api-phone_operation` (vendor guide, Phone/Call Operations). The line is `arg` or `line`: the guide says both. Without one
/// the CTI dialect takes the current call (CTI guide).
pub(super) fn phone_operation(state: &mut State, asked: &Asked, now: Instant) -> Reply {
    let operation = asked.text("cmd").to_owned();
    let named = asked.get("arg").or_else(|| asked.get("line"));
    let line = match named {
        Some(line) => line.parse().ok(),
        None if state.profile.dialect == Dialect::Cti => current(state, &operation),
        None => None,
    };
    let way = state.profile.resume;
    let toggles = matches!(way, Resume::Toggles | Resume::NoUnhold);
    let phone = &mut state.phone;
    let done = match (operation.as_str(), line) {
        ("extend", _) => true,
        ("endcall" | "cancel", Some(line)) => phone.hang_up(line, now),
        ("holdcall", Some(line)) => {
            phone.hold(line, now)
                || if toggles { phone.resume(line, now) } else { way == Resume::UnholdSilently }
        }
        ("unhold", Some(line)) => way != Resume::NoUnhold && phone.resume(line, now),
        ("acceptcall", Some(line)) => phone.answer(line, now),
        ("rejectcall", Some(line)) => phone.reject(line, now),
        _ => false,
    };
    state.journal.note(Happening::Operated { operation, line, done });
    match (state.profile.dialect, done) {
        (Dialect::Gxv, true) => Reply::success(json!("true")),
        (Dialect::Gxv, false) => Reply::error(json!("false")),
        (Dialect::Cti, true) => Reply::success(json!(true)),
        (Dialect::Cti, false) => Reply::error(json!(false)),
    }
}

/// The call that an operation without a line means.
fn current(state: &State, operation: &str) -> Option<u16> {
    let first = |wanted: &dyn Fn(&LineState) -> bool| {
        let mut lines = state.phone.lines().iter();
        lines.find(|line| wanted(&line.state)).map(|line| line.line)
    };
    let on_hold = |state: &LineState| *state == LineState::OnHold;
    match operation {
        "acceptcall" | "rejectcall" => first(&|state| *state == LineState::Ringing),
        "unhold" => first(&on_hold),
        _ => {
            let active = state.phone.lines().iter().find(|line| line.active());
            active.map(|line| line.line).or_else(|| first(&on_hold))
        }
    }
}

/// `api-sys_operation` (vendor guide, System Operations; "savereboot" and "unknown" are from the GXP and GRP families). No
/// source says what `PROV` answers: "provision" is made up after the others.
pub(super) fn system_operation(state: &mut State, asked: &Asked) -> Reply {
    match asked.text("request") {
        "REBOOT" => {
            state.journal.note(Happening::RebootAsked);
            let mut reply = Reply::success(json!("savereboot"));
            reply.then_reboots = true;
            reply
        }
        "RESET" => {
            state.journal.note(Happening::FactoryResetAsked);
            Reply::success(json!("reset"))
        }
        "PROV" => {
            state.journal.note(Happening::ProvisionAsked);
            Reply::success(json!("provision"))
        }
        _ => Reply::error(json!("unknown")),
    }
}
