//! Lets clients in or says why not, in the phone's words. Who may come in is decided in `sessions`.

use std::time::Instant;

use axum::http::StatusCode;
use serde_json::json;

use super::{
    function::Function,
    journal::Happening,
    profile::{Dialect, LoginAnswer, Unauthorized},
    reply::Reply,
    request::Asked,
    sessions::Login,
    state::State,
};

/// How far a client may go.
#[derive(Debug)]
pub(super) enum Entry {
    /// Everywhere.
    Full,
    /// To the values that everybody may read (vendor guide, Return Values: "None (limited return)").
    Limited,
    /// Nowhere; here is the answer.
    Refused(Reply),
}

/// Judges a request by its session or passcode.
pub(super) fn entry(state: &mut State, function: Function, asked: &Asked, now: Instant) -> Entry {
    match state.profile.dialect {
        Dialect::Gxv => by_session(state, function, asked, now),
        Dialect::Cti => by_passcode(state, function, asked, now),
    }
}

fn by_session(state: &mut State, function: Function, asked: &Asked, now: Instant) -> Entry {
    let cookie = asked.cookie(&state.profile.cookie);
    if cookie.is_some_and(|cookie| state.sessions.is_open(cookie, now)) {
        return Entry::Full;
    }
    if cookie.is_none() && function == Function::GetValues {
        return Entry::Limited;
    }
    state.journal.note(Happening::TurnedAway);
    Entry::Refused(match state.profile.unauthorized {
        Unauthorized::InSuccess => Reply::success(json!("unauthorized")),
        Unauthorized::Status401 => unauthorized(),
        Unauthorized::SessionExpired => Reply::error(json!({ "status": "session-expired" })),
    })
}

/// Some firmware spells the passcode of `api-make_call` "password" (grandstream-ctc): both work.
fn by_passcode(state: &mut State, function: Function, asked: &Asked, now: Instant) -> Entry {
    let given = asked.get("passcode").or_else(|| asked.get("password"));
    match given {
        None if function == Function::GetValues => Entry::Limited,
        None => {
            state.journal.note(Happening::TurnedAway);
            Entry::Refused(unauthorized())
        }
        Some(passcode) => match state.sessions.passcode(passcode, now) {
            Ok(()) => Entry::Full,
            Err(refused) => {
                note_refusal(state, &refused, "");
                Entry::Refused(unauthorized())
            }
        },
    }
}

fn unauthorized() -> Reply {
    Reply::page(StatusCode::UNAUTHORIZED, "401 Unauthorized")
}

/// `loginrealm`: the bare random number (vendor guide, Request for Random Number).
pub(super) fn random_number(state: &mut State) -> Reply {
    Reply::text(state.sessions.random())
}

/// `login` (vendor guide, Password Token Authentication; the answer's form is that of the GXV web interface).
pub(super) fn login(state: &mut State, asked: &Asked, now: Instant) -> Reply {
    let name = asked.text("Username");
    let sha = asked.get("t") == Some("sha");
    let outcome = state.sessions.login(name, asked.text("Secret"), sha, now);
    match &outcome {
        Login::Welcome(_) => state.journal.note(Happening::LoggedIn { username: name.to_owned() }),
        refused @ (Login::WrongName(_) | Login::WrongSecret(_) | Login::Locked) => {
            note_refusal(state, refused, name);
        }
    }
    match state.profile.login_answer {
        LoginAnswer::Text => login_as_text(state, &outcome),
        LoginAnswer::Json => login_as_json(state, &outcome),
        LoginAnswer::Sid => match &outcome {
            Login::Welcome(session) => Reply::success(json!({ "sid": session })),
            Login::WrongName(_) | Login::WrongSecret(_) | Login::Locked => {
                login_as_json(state, &outcome)
            }
        },
        LoginAnswer::Cookie => match &outcome {
            Login::Welcome(session) => {
                Reply::text(String::new()).with_cookie(&state.profile.cookie, session)
            }
            Login::WrongName(_) | Login::WrongSecret(_) | Login::Locked => {
                login_as_text(state, &outcome)
            }
        },
    }
}

fn note_refusal(state: &mut State, refused: &Login, name: &str) {
    state.journal.note(if *refused == Login::Locked {
        Happening::LoginWhileLocked
    } else {
        Happening::BadLogin { username: name.to_owned() }
    });
}

fn login_as_text(state: &State, outcome: &Login) -> Reply {
    let refusal = |message: &str, lock_type: u8, tries: u8| {
        Reply::text(format!(
            "Response=Error\r\nMessage={message}\r\nLockType={lock_type}\r\nTimes={tries}\r\n"
        ))
    };
    match outcome {
        Login::Welcome(cookie) => {
            let change = u8::from(state.sessions.password == "admin");
            let version = &state.profile.firmware;
            Reply::text(format!("Response=Success\r\nVer={version}\r\nNeedChange={change}\r\n"))
                .with_cookie(&state.profile.cookie, cookie)
        }
        Login::WrongName(tries) => refusal("Invalid Username", 0, *tries),
        Login::WrongSecret(tries) => refusal("Authentication failed", 0, *tries),
        Login::Locked => {
            let lock_type = if state.sessions.locked_until_boot() { 2 } else { 1 };
            refusal("Locked", lock_type, state.sessions.bad_tries())
        }
    }
}

fn login_as_json(state: &State, outcome: &Login) -> Reply {
    match outcome {
        Login::Welcome(cookie) => Reply::success(json!({ "ver": state.profile.firmware }))
            .with_cookie(&state.profile.cookie, cookie),
        Login::WrongName(tries) | Login::WrongSecret(tries) => {
            let left = state.profile.bad_tries.saturating_sub(*tries);
            Reply::error(json!(format!("wrong{left}")))
        }
        Login::Locked => {
            let body = json!({ "response": "error", "body": "locked", "lockTime": 5 });
            Reply::json(&body)
        }
    }
}
