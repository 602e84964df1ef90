//! The wire: answers in every shape, connections that end at every bad moment.

use gxv2mqtt::domain::command::policy::Guarded;
use std::time::Duration;

use super::Bench;
use crate::support::bed::{TestBed, at};
use crate::support::strict_phone::habits::{CallSettings, Case, End, Framing, Style};
use crate::support::strict_phone::{Moment, StrictPhone};

#[tokio::test]
async fn answers_are_read_in_every_shape() {
    let plain = Style::PLAIN;
    let styles = [
        ("json", Style { content_type: "application/json; charset=utf-8", ..plain }),
        ("html", Style { content_type: "text/html", case: Case::Upper, ..plain }),
        ("latin", Style { content_type: "text/plain; charset=ISO-8859-1", ..plain }),
        ("lower", Style { case: Case::Lower, before: "\r\n\r\n  ", after: "\r\n\t\r\n", ..plain }),
        ("bom", Style { before: "\u{feff}", ..plain }),
        ("bytes", Style { piece: 7, ..plain }),
        ("chunks", Style { framing: Framing::Chunks, ..plain }),
        ("close", Style { framing: Framing::Close, ..plain }),
        ("old", Style { framing: Framing::Close, version: "HTTP/1.0", ..plain }),
    ];
    let mut bed = TestBed::embedded().await;
    bed.settings.phones.clear();
    let mut phones = Vec::new();
    for (id, style) in styles {
        for habits in [CallSettings::gxv(), CallSettings::cti()] {
            let id = format!("{id}-{}", phones.len());
            let phone = StrictPhone::start(CallSettings { style, ..habits }).await;
            bed.settings.phones.push(phone.options(&id));
            phones.push((id, phone));
        }
    }
    bed.start_bridge();
    for (id, phone) in &phones {
        bed.recorder().shows(&format!("gxv2mqtt/{id}/availability"), "online").await;
        phone.phone().model.rings("Jörg", "1001");
    }
    for (id, phone) in &phones {
        bed.recorder().shows(&format!("gxv2mqtt/{id}/call_state"), "ringing").await;
        let line = format!("gxv2mqtt/{id}/lines/1");
        bed.recorder().shows_field(&line, "name", "Jörg").await;
        assert!(phone.phone().door.logins <= 1, "{id}");
    }
    bed.end().await;
}

async fn a_phone_that_ends_connections(habits: CallSettings) {
    let poll = Duration::from_millis(60);
    let mut bench = Bench::new(habits).await;
    bench.bed.settings.phones[0].poll = poll;
    bench.bed.begin().await;
    for round in 0..4 {
        bench.phone.is_asked("api-get_line_status", 8).await;
        bench.does("dial", &format!(r#""number":"{round}""#)).await;
        bench.shows("call_state", "calling").await;
        bench.does("hangup", "").await;
        bench.shows("call_state", "idle").await;
    }
    assert_eq!(bench.phone.asked("api-make_call").len(), 4);
    assert_eq!(bench.phone.phone().door.logins, 1);
    bench.assert_never_away();
    bench.end().await;
}

#[tokio::test]
async fn idle_connections_are_closed_just_when_a_poll_is_due() {
    let keep_alive = Duration::from_millis(60);
    a_phone_that_ends_connections(CallSettings { keep_alive, ..CallSettings::gxv() }).await;
}

#[tokio::test]
async fn idle_connections_are_reset_just_when_a_poll_is_due() {
    let keep_alive = Duration::from_millis(60);
    a_phone_that_ends_connections(CallSettings {
        keep_alive,
        end: End::Reset,
        ..CallSettings::gxv()
    })
    .await;
}

#[tokio::test]
async fn a_connection_carries_few_requests() {
    a_phone_that_ends_connections(CallSettings { requests: 1, ..CallSettings::gxv() }).await;
    a_phone_that_ends_connections(CallSettings { requests: 3, ..CallSettings::gxv() }).await;
}

#[tokio::test]
async fn a_poll_that_is_cut_off_is_not_told_as_a_failure() {
    let bench = Bench::begin(CallSettings::gxv()).await;
    for moment in [Moment::Asked, Moment::Done, Moment::Answering] {
        for end in [End::Fin, End::Reset] {
            for function in ["api-get_line_status", "api-get_phone_status", "api-get_accounts"] {
                bench.phone.break_at(function, moment, end);
                if function != "api-get_line_status" {
                    bench.result("refresh", "").await;
                }
                bench.phone.is_asked("api-get_line_status", 2).await;
                assert!(bench.phone.is_whole(), "{function}");
            }
        }
    }
    bench.phone.phone().model.rings("Ann", "1001");
    bench.shows("call_state", "ringing").await;
    bench.assert_never_away();
    bench.end().await;
}

#[tokio::test]
async fn a_command_that_is_cut_off_is_not_sent_twice() {
    let mut bench = Bench::new(CallSettings::gxv()).await;
    bench.bed.settings.phones[0].policy.allow =
        [Guarded::SetValues, Guarded::ChangePassword].into();
    bench.bed.begin().await;
    let commands = [
        ("api-make_call", "dial", r#""number":"1001""#),
        ("api-save_contact", "save_contact", r#""name":"Ann","work":"1001""#),
        ("api-add_group", "add_group", r#""name":"Friends""#),
        ("api.values.post", "set_values", r#""values":{"P8352":"3"}"#),
        ("api-change_password", "change_password", r#""role":"admin","old":"bad","new":"worse""#),
        ("api-sys_operation", "provision", ""),
    ];
    let mut sent = 0;
    for moment in [Moment::Asked, Moment::Done] {
        for end in [End::Fin, End::Reset] {
            sent += 1;
            for (function, name, arguments) in commands {
                bench.phone.break_at(function, moment, end);
                let code = bench.fails(name, arguments).await;
                assert!(["unreachable", "timeout"].contains(&code.as_str()), "{name}: {code}");
                assert_eq!(bench.phone.asked(function).len(), sent, "{name}");
            }
            for line in 1..=4 {
                bench.phone.phone().model.set(line, crate::support::strict_phone::model::IDLE);
            }
        }
    }
    bench.shows("availability", "online").await;
    bench.end().await;
}

#[tokio::test]
async fn a_login_that_is_cut_off_is_not_sent_twice_in_a_row() {
    let mut bench = Bench::new(CallSettings::gxv()).await;
    bench.phone.break_at("login", Moment::Done, End::Reset);
    bench.bed.start_bridge();
    bench.shows("availability", "online").await;
    let logins = bench.phone.asked("login");
    assert_eq!(logins.len(), 2);
    assert_ne!(logins[0].target, logins[1].target, "each login has its own random number");
    assert_eq!(bench.phone.phone().door.refused, 0);
    bench.end().await;
}

#[tokio::test]
async fn a_phone_that_answers_nonsense_says_so() {
    let style = Style { before: "<html>", ..Style::PLAIN };
    let mut bench = Bench::new(CallSettings { style, ..CallSettings::cti() }).await;
    bench.bed.start_bridge();
    bench.shows("problem", "bad_answer").await;
    assert_eq!(bench.bed.recorder().newest(&at("availability")).as_deref(), Some("offline"));
    bench.end().await;
}
