//! What a phone's task writes into the log.

use crate::domain::twin::{Note, ValuesNote};

/// Writes what a twin notes into the log.
pub(super) fn log(note: &Note) {
    match note {
        Note::Missed(_)
        | Note::Offline(_)
        | Note::LoginRefused(..)
        | Note::SessionsEnd
        | Note::Online(_)
        | Note::Paused(_)
        | Note::Resumed => log_presence(note),
        Note::Failing(query, error) => {
            tracing::warn!(function = query.function().name(), "{error}; everything else goes on");
        }
        Note::Works(query) => tracing::info!(function = query.function().name(), "works again"),
        Note::Values(note) => log_values(note),
        Note::NoContacts(why) => tracing::info!("no names from its own contacts: {why}"),
        Note::Contacts(numbers) => tracing::debug!(numbers, "its contacts are read"),
        Note::UnknownCode(code) => {
            tracing::warn!(
                code,
                "the phone reports a line state that is not known; it is shown as unknown"
            );
        }
        Note::NotDone(command, failure) => {
            let code = failure.code.word();
            tracing::warn!(command, code, "not done: {}", failure.message);
        }
        Note::Done(command) => tracing::debug!(command, "done"),
        Note::Call(event, call) => {
            tracing::info!(
                call_id = call.call_id,
                line = call.line,
                number = call.number,
                name = call.name,
                "call {}",
                event.word()
            );
        }
        Note::GivenUp(line) => {
            tracing::info!(line, "nobody answers: hanging up, as hang_up_after says");
        }
        Note::NeverSeen(number) => {
            tracing::warn!(
                number,
                "the dialled call was not seen on any line: hang_up_after does nothing"
            );
        }
        Note::PasswordChanged => tracing::warn!(
            "the phone's password was changed: put the new one into the settings before the bridge is started again"
        ),
        Note::StrangePush(mac) => tracing::warn!(
            mac,
            "another phone calls the URL of this one: run gxv2mqtt push-urls and paste each phone its own"
        ),
    }
}

/// Logs whether the phone is there, and accepts our login.
#[expect(clippy::wildcard_enum_match_arm, reason = "the caller logs the rest")]
fn log_presence(note: &Note) {
    match note {
        Note::Missed(error) => tracing::warn!("{error}; retrying with increasing delay"),
        Note::Offline(error) => tracing::info!(%error, "offline"),
        Note::LoginRefused(error, pause) => {
            let minutes = pause.as_secs() / 60;
            tracing::warn!("{error}; the next try is in {minutes} min: more could lock the phone");
        }
        Note::SessionsEnd => tracing::warn!(
            "the phone's sessions keep ending within a minute: logging in again with increasing delay; if a person uses its web \
             page with the same user, give the bridge one of its own (gmiadmin)"
        ),
        Note::Online(None) => tracing::info!("online"),
        Note::Online(Some(away)) => {
            tracing::info!(seconds = away.as_secs(), "it answers again");
        }
        Note::Paused(until) => {
            tracing::info!("paused: nothing is sent to it until {until:.0}, or a resume");
        }
        Note::Resumed => tracing::info!("the pause is over"),
        _ => {}
    }
}

fn log_values(note: &ValuesNote) {
    match note {
        ValuesNote::Failing(error) => {
            tracing::warn!(
                "the values that the settings name can't be read: {error}; everything else goes on"
            );
        }
        ValuesNote::Work => tracing::info!("all values that the settings name can be read again"),
        ValuesNote::Odd { key, value, raw: None } => {
            tracing::warn!(%key, value, "the phone does not know this value: it is unavailable");
        }
        ValuesNote::Odd { key, value, raw: Some(raw) } => {
            tracing::warn!(%key, value, raw, "what the phone reports does not fit the settings; it is shown as unknown");
        }
    }
}
