//! Logins: as few as can be, and never against a person or a lock.

use std::time::Duration;

use super::Bench;
use crate::support::bed::{TestBed, at};
use crate::support::strict_phone::StrictPhone;
use crate::support::strict_phone::habits::{CallSettings, Denial, LoginAnswer};

#[tokio::test]
async fn every_answer_to_a_login_is_understood() {
    let words = [LoginAnswer::Text, LoginAnswer::Res, LoginAnswer::Response, LoginAnswer::Empty];
    for login in words {
        let bench = Bench::begin(CallSettings { login, ..CallSettings::gxv() }).await;
        assert_eq!(bench.phone.phone().door.logins, 1, "{login:?}");
        bench.end().await;
    }
}

#[tokio::test]
async fn a_wrong_password_burns_one_login() {
    let words = [LoginAnswer::Text, LoginAnswer::Res, LoginAnswer::Response, LoginAnswer::Empty];
    for login in words {
        let mut bench = Bench::new(CallSettings { login, ..CallSettings::gxv() }).await;
        bench.bed.settings.phones[0].password = Some("wrong".into());
        bench.bed.start_bridge();
        bench.shows("problem", "unauthorized").await;
        assert_eq!(bench.fails("refresh", "").await, "unauthorized", "{login:?}");
        assert_eq!(bench.fails("dial", r#""number":"1001""#).await, "unauthorized");
        assert_eq!(bench.phone.phone().door.refused, 1, "{login:?}");
        assert!(bench.phone.asked("api-make_call").is_empty());
        bench.end().await;
    }
}

#[tokio::test]
async fn a_wrong_passcode_is_sent_once() {
    let mut bench = Bench::new(CallSettings::cti()).await;
    bench.bed.settings.phones[0].password = Some("wrong".into());
    bench.bed.start_bridge();
    bench.shows("problem", "unauthorized").await;
    assert_eq!(bench.fails("refresh", "").await, "unauthorized");
    assert_eq!(bench.phone.phone().door.refused, 1, "{:#?}", bench.phone.seen());
    bench.end().await;
}

#[tokio::test]
async fn a_lock_is_respected() {
    for login in [LoginAnswer::Text, LoginAnswer::Response, LoginAnswer::Res] {
        let mut bench = Bench::new(CallSettings { login, ..CallSettings::gxv() }).await;
        bench.phone.phone().door.locked = true;
        bench.bed.start_bridge();
        bench.shows("problem", "locked_out").await;
        assert_eq!(bench.fails("refresh", "").await, "unauthorized", "{login:?}");
        assert_eq!(bench.phone.asked("login").len(), 1);
        bench.end().await;
    }
}

#[tokio::test]
async fn a_session_that_ended_is_renewed_once_for_a_poll_and_once_for_a_command() {
    let denials = [
        Denial::Unauthorized,
        Denial::SessionExpired,
        Denial::Html,
        Denial::AuthenticationRequired,
    ];
    for denial in denials {
        let bench = Bench::begin(CallSettings { denial, ..CallSettings::gxv() }).await;
        bench.phone.phone().door.end_session();
        bench.phone.phone().model.rings("Ann", "1001");
        bench.shows("call_state", "ringing").await;
        assert_eq!(bench.phone.phone().door.logins, 2, "{denial:?}");
        bench.does("reject", "").await;
        bench.shows("call_state", "idle").await;

        bench.phone.phone().door.end_session();
        bench.does("dial", r#""number":"1001""#).await;
        assert_eq!(bench.phone.phone().door.logins, 3, "{denial:?}");
        assert_eq!(bench.phone.phone().model.dialled.len(), 1);
        bench.phone.phone().door.end_session();
        bench.does("list_groups", "").await;
        bench.assert_never_away();
        bench.phone.phone().calamities.clone_from(&Vec::new());
        assert_eq!(bench.phone.phone().door.refused, 0);
        bench.bed.end().await;
    }
}

#[tokio::test]
async fn a_session_shorter_than_the_poll_is_no_problem() {
    let mut bench =
        Bench::new(CallSettings { session: Duration::from_millis(100), ..CallSettings::gxv() })
            .await;
    bench.bed.settings.phones[0].poll = Duration::from_millis(150);
    bench.bed.begin().await;
    bench.phone.is_asked("login", 2).await;
    bench.phone.phone().model.rings("Ann", "1001");
    bench.shows("call_state", "ringing").await;
    bench.assert_never_away();
    bench.end().await;
}

#[tokio::test]
async fn somebody_else_logs_in_and_the_bridge_comes_back() {
    let bench = Bench::begin(CallSettings::gxv()).await;
    bench.phone.phone().door.end_session();
    bench.phone.is_asked("login", 1).await;
    bench.phone.phone().model.rings("Ann", "1001");
    bench.shows("call_state", "ringing").await;
    bench.assert_never_away();
    bench.end().await;
}

#[tokio::test]
async fn somebody_who_insists_is_left_alone() {
    let bench = Bench::begin(CallSettings::gxv()).await;
    bench.phone.phone().door.rival = true;
    bench.phone.phone().door.end_session();
    bench.shows("problem", "unauthorized").await;
    let fought = bench.phone.asked("login").len();
    // each was taken, so none of them brings the phone nearer to its lock
    assert!(fought <= 8, "{fought} logins");
    assert_eq!(bench.fails("refresh", "").await, "unauthorized");
    assert_eq!(bench.fails("dial", r#""number":"1001""#).await, "unauthorized");
    assert_eq!(bench.phone.asked("login").len(), fought);
    bench.end().await;
}

#[tokio::test]
async fn two_phones_at_one_address_keep_their_cookies() {
    let hall = StrictPhone::start(CallSettings::gxv()).await;
    let kitchen = StrictPhone::start(CallSettings::gxv()).await;
    let mut bed = TestBed::embedded().await;
    bed.settings.phones = vec![kitchen.options("kitchen"), hall.options("hall")];
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
    for phone in [&hall, &kitchen] {
        phone.is_asked("api-get_line_status", 5).await;
        assert_eq!(phone.phone().door.logins, 1);
        phone.assert_well_treated();
    }
    // offline at the start, and then online
    assert_eq!(bed.recorder().count(&at("availability")), 2);
    bed.end().await;
}

#[tokio::test]
async fn no_secret_is_where_it_does_not_belong() {
    for habits in [CallSettings::gxv(), CallSettings::cti()] {
        let gxv = habits.clone().dialect == CallSettings::gxv().dialect;
        let mut bench = Bench::new(habits).await;
        bench.phone.phone().door.password = "s3cret-of-the-phone".to_owned();
        bench.bed.settings.phones[0].password = Some("s3cret-of-the-phone".into());
        bench.bed.begin().await;
        bench.does("refresh", "").await;
        for seen in bench.phone.seen() {
            let headers = format!("{:?}", seen.request.headers);
            assert!(!headers.contains("s3cret"), "{headers}");
            assert!(!gxv || !seen.request.target.contains("s3cret"), "{}", seen.request.target);
        }
        let heard = format!("{:?}", bench.bed.recorder().all());
        assert!(!heard.contains("s3cret"));
        bench.bed.end().await;
    }
}
