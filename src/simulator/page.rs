//! The page at `/` on which a person plays both ends of a call, and the control interface behind its buttons. The interface
//! itself is described at the top of this module's parent. Nothing here is any vendor's.

use axum::{
    Json, Router,
    extract::{Path, State as Of},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::{
    event::{PushEvent, UnknownEvent},
    handle::Simulator,
    line::Line,
    model::Caller,
    profile::Dialect,
    state::State,
};

const PAGE: &str = include_str!("page.html");
/// Happenings that the page shows.
const SHOWN: usize = 12;

/// The routes of page and control interface.
pub(super) fn router() -> Router<Simulator> {
    Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/simulator/state", get(shown))
        .route("/simulator/{action}", post(press))
}

/// What comes with a button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pressed {
    #[serde(default)]
    line: u16,
    #[serde(default = "first")]
    account: u16,
    #[serde(default)]
    name: String,
    #[serde(default)]
    number: String,
    #[serde(default = "half_a_minute")]
    seconds: u64,
    #[serde(default = "a_blink")]
    milliseconds: u64,
    #[serde(default)]
    event: String,
    #[serde(default)]
    url: String,
}

impl Pressed {
    fn caller(self) -> Caller {
        Caller { name: self.name, number: self.number, account: self.account }
    }
}

fn first() -> u16 {
    1
}

fn half_a_minute() -> u64 {
    30
}

fn a_blink() -> u64 {
    300
}

async fn press(
    Of(phone): Of<Simulator>,
    Path(action): Path<String>,
    Json(pressed): Json<Pressed>,
) -> Response {
    let line = pressed.line;
    let done = match action.as_str() {
        "ring" => return took_line(phone.ring(pressed.caller())),
        "flap" => {
            let rings_for = Duration::from_millis(pressed.milliseconds);
            return took_line(phone.flap(pressed.caller(), rings_for));
        }
        "dial" => return took_line(phone.dial(&pressed.number, pressed.account)),
        "caller-gives-up" => phone.caller_gives_up(line),
        "answer" => phone.answer(line),
        "reject" => phone.reject(line),
        "hang-up" => phone.hang_up(line),
        "hold" => phone.hold(line),
        "resume" => phone.resume(line),
        "far-end-rings" => phone.far_end_rings(line),
        "far-end-answers" => phone.far_end_answers(line),
        "far-end-is-busy" => phone.far_end_is_busy(line),
        "far-end-hangs-up" => phone.far_end_hangs_up(line),
        "register" => phone.register(pressed.account, true),
        "unregister" => phone.register(pressed.account, false),
        "push" => match pressed.event.parse() {
            Ok(event) => {
                phone.push_to(event, Some(pressed.url));
                true
            }
            Err(unknown) => return not_understood(&unknown),
        },
        "reboot" => {
            phone.reboot_soon();
            true
        }
        "unplug" => {
            phone.unplug_for(Duration::from_secs(pressed.seconds));
            true
        }
        "expire-sessions" => {
            phone.expire_sessions();
            true
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    outcome(done, json!({ "ok": done }))
}

fn took_line(line: Option<u16>) -> Response {
    outcome(line.is_some(), json!({ "ok": line.is_some(), "line": line }))
}

fn not_understood(unknown: &UnknownEvent) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, unknown.to_string()).into_response()
}

fn outcome(done: bool, body: Value) -> Response {
    let status = if done { StatusCode::OK } else { StatusCode::CONFLICT };
    (status, Json(body)).into_response()
}

async fn shown(Of(phone): Of<Simulator>) -> Json<Value> {
    Json(phone.with(|state, now| picture(state, now)))
}

fn picture(state: &State, now: Instant) -> Value {
    let phone = &state.phone;
    let accounts = phone.accounts.iter().map(|account| {
        json!({ "id": account.id, "name": account.name, "sip_id": account.sip_id, "registered": account.registered })
    });
    let journal = state.journal.all().rev().take(SHOWN);
    json!({
        "model": state.profile.model,
        "mac": state.profile.mac,
        "firmware": state.profile.firmware,
        "dialect": match state.profile.dialect {
            Dialect::Gxv => "gxv",
            Dialect::Cti => "cti",
        },
        "status": phone.status(),
        "uptime_seconds": phone.uptime(now).as_secs(),
        "missed": phone.missed,
        "requests": state.requests.values().sum::<u64>(),
        "lines": phone.lines().iter().map(|one| line(one, now)).collect::<Value>(),
        "accounts": accounts.collect::<Value>(),
        "pushes": { "sent": state.pushes.count, "urls": PushEvent::all().map(|event| push(state, event)).collect::<Value>() },
        "happenings": journal.map(|one| json!(one.to_string())).collect::<Value>(),
    })
}

fn push(state: &State, event: PushEvent) -> Value {
    let url = state.pushes.urls.get(&event).map_or("", String::as_str);
    json!({ "event": event.word(), "title": event.title(), "url": url })
}

fn line(line: &Line, now: Instant) -> Value {
    json!({
        "line": line.line,
        "state": line.state.word(),
        "code": line.state.code(),
        "account": line.account,
        "name": line.name,
        "number": line.number,
        "seconds": now.saturating_duration_since(line.since).as_secs(),
    })
}
