//! Phones that answer badly: the bridge says so, stays small, and the other phones don't notice.

use std::time::Duration;

use gxv2mqtt::domain::command::policy::Guarded;
use gxv2mqtt::phone::dialect::DialectKind;
use gxv2mqtt::simulator::{
    Caller, Fault, Function, Happening, LoginAnswer, Profile, Resume, Simulator,
};

use super::support::bed::{TestBed, at};

/// A story of one fault of the line status: what `problem` says, and that the phone is well again after it.
async fn tell(fault: Fault, problem: &str) {
    let mut bed = TestBed::embedded().await;
    let hall = bed.add_phone("hall", DialectKind::Gxv, Profile::default()).await;
    bed.begin().await;
    bed.recorder().shows("gxv2mqtt/hall/call_state", "idle").await;
    let before = bed.recorder().count("gxv2mqtt/hall/availability");
    bed.phone.set_fault(Function::GetLineStatus, fault);
    bed.recorder().shows("gxv2mqtt/kitchen/problem", problem).await;
    bed.recorder().shows("gxv2mqtt/kitchen/availability", "offline").await;

    hall.ring(Caller::new("Ann", "1")).unwrap();
    bed.recorder().shows("gxv2mqtt/hall/call_state", "ringing").await;
    assert_eq!(bed.recorder().count("gxv2mqtt/hall/availability"), before);

    bed.phone.clear_faults();
    bed.recorder().shows("gxv2mqtt/kitchen/availability", "online").await;
    bed.recorder().shows("gxv2mqtt/kitchen/problem", "none").await;
    bed.end().await;
}

macro_rules! faults {
    ($($name:ident: $fault:expr => $problem:literal,)*) => {
        $(#[tokio::test]
        async fn $name() {
            tell($fault, $problem).await;
        })*
    };
}

faults! {
    a_web_page: Fault::HtmlPage => "bad_answer",
    half_an_answer: Fault::Truncated => "bad_answer",
    nothing: Fault::Empty => "bad_answer",
    wrong_types: Fault::WrongTypes => "bad_answer",
    fifty_megabytes: Fault::Huge => "bad_answer",
    a_body_that_drips: Fault::Drip => "unreachable",
    no_answer: Fault::NeverAnswers => "unreachable",
    a_reset: Fault::Reset => "unreachable",
    a_redirect: Fault::Redirect("http://127.0.0.1:1/secret".to_owned()) => "bad_answer",
    an_error_of_the_server: Fault::Status(500) => "bad_answer",
    a_path_that_is_not_there: Fault::Status(404) => "bad_answer",
    a_forbidden_function: Fault::Status(403) => "unauthorized",
}

#[tokio::test]
async fn numbers_as_text_are_no_fault() {
    let mut bed = TestBed::embedded().await;
    for function in [Function::GetLineStatus, Function::GetAccounts, Function::GetValues] {
        bed.phone.set_fault(function, Fault::NumbersAsText);
    }
    bed.begin().await;
    bed.recorder().shows_field("gxv2mqtt/kitchen/accounts/1", "registered", true).await;
    bed.recorder().shows_field("gxv2mqtt/kitchen/lines/1", "state", "idle").await;
    bed.end().await;
}

#[tokio::test]
async fn a_lacking_function_leaves_the_rest_alone() {
    let mut bed = TestBed::embedded().await;
    bed.phone.set_fault(Function::GetTime, Fault::Status(404));
    bed.begin().await;
    bed.recorder()
        .shows_field("gxv2mqtt/kitchen/system", "uptime_seconds", serde_json::Value::Null)
        .await;
    bed.recorder().shows("gxv2mqtt/kitchen/problem", "none").await;
    let result = bed.command("t", "get_time", "").await;
    assert_eq!(result["error"]["code"], "unsupported", "{result}");
    bed.end().await;
}

#[tokio::test]
async fn a_slow_phone_is_only_slow() {
    let mut bed = TestBed::embedded().await;
    bed.phone.set_fault(None, Fault::Delay(Duration::from_millis(300)));
    bed.begin().await;
    bed.phone.ring(Caller::new("Ann", "1")).unwrap();
    bed.recorder().shows("gxv2mqtt/kitchen/call_state", "ringing").await;
    assert_eq!(bed.command("a", "answer", "").await["ok"], true);
    bed.end().await;
}

/// A number that was dialled with a time limit while the phone could not be told, and then by a person.
async fn dialled_by_a_person_after(
    bed: &mut TestBed,
    breaks: impl AsyncFnOnce(&TestBed),
    fixes: impl AsyncFnOnce(&TestBed),
) {
    bed.begin().await;
    breaks(bed).await;
    let arguments = r#""number":"1001","hang_up_after":"1s""#;
    let result = bed.command("d", "dial", arguments).await;
    assert_eq!(result["error"]["code"], "unreachable", "{result}");
    let message = result["error"]["message"].as_str().unwrap();
    assert!(!message.contains("may have obeyed"), "{message}");
    fixes(bed).await;
    let line = bed.phone.dial("1001", 1).unwrap();
    assert!(bed.phone.far_end_rings(line));
    // the next call is seen only after the limit is over, and so is what would be done about this one
    bed.recorder().shows(&at("call_state"), "calling").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    bed.phone.ring(Caller::new("Ann", "1")).unwrap();
    bed.recorder().shows(&at("call_state"), "ringing").await;
    let ended = |one: &Happening| matches!(one, Happening::Operated { .. });
    assert!(!bed.phone.happenings().iter().any(ended), "it is not the bridge's to end");
}

#[tokio::test]
async fn a_call_that_the_phone_was_never_told_of_is_not_hung_up() {
    let mut bed = TestBed::embedded().await;
    let breaks = async |bed: &TestBed| bed.phone.unplug().await;
    let fixes = async |bed: &TestBed| bed.phone.plug_in().await.unwrap();
    dialled_by_a_person_after(&mut bed, breaks, fixes).await;
    bed.end().await;
}

#[tokio::test]
async fn nor_is_one_that_waited_for_a_login_in_vain() {
    let mut bed = TestBed::embedded().await;
    bed.settings.phones[0].timeout = Duration::from_millis(500);
    let breaks = async |bed: &TestBed| {
        bed.phone.set_fault(Function::Login, Fault::NeverAnswers);
        bed.phone.expire_sessions();
    };
    let fixes = async |bed: &TestBed| bed.phone.clear_faults();
    dialled_by_a_person_after(&mut bed, breaks, fixes).await;
    bed.end().await;
}

#[tokio::test]
async fn a_phone_that_breaks_off_when_it_restarts_was_restarted() {
    let mut bed = TestBed::embedded().await;
    bed.phone.set_fault(Function::SystemOperation, Fault::Reset);
    bed.begin().await;
    // of anything but a restart that only says that it may have been done
    let result = bed.command("p", "provision", "").await;
    assert_eq!(result["error"]["code"], "unreachable", "{result}");
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains("it may have obeyed all the same"), "{message}");
    let result = bed.command("r", "reboot", "").await;
    assert_eq!(result["ok"], true, "{result}");
    assert!(bed.phone.happenings().contains(&Happening::RebootAsked));
    bed.end().await;
}

#[tokio::test]
async fn a_phone_that_is_gone_was_not_restarted() {
    let mut bed = TestBed::embedded().await;
    bed.begin().await;
    bed.phone.unplug().await;
    let result = bed.command("r", "reboot", r#""force":true"#).await;
    assert_eq!(result["error"]["code"], "unreachable", "{result}");
    bed.end().await;
}

/// How often the bridge has logged in.
fn logins(phone: &Simulator) -> usize {
    let happenings = phone.happenings().into_iter();
    happenings.filter(|one| matches!(one, Happening::LoggedIn { .. })).count()
}

#[tokio::test]
async fn what_a_phone_says_yes_with_does_not_matter() {
    for login_answer in [LoginAnswer::Json, LoginAnswer::Sid, LoginAnswer::Cookie] {
        let cookie = if login_answer == LoginAnswer::Sid { "sid" } else { "phonecookie" };
        let mut bed = TestBed::embedded().await;
        let profile = Profile { login_answer, cookie: cookie.to_owned(), ..Profile::default() };
        bed.replace_phone(profile).await;
        bed.begin().await;
        assert_eq!(bed.command("d", "dial", r#""number":"1001""#).await["ok"], true);
        assert_eq!(logins(&bed.phone), 1, "{login_answer:?}");
        // and a no is one
        let mut settings = bed.settings.clone();
        settings.phones[0].password = Some("wrong".into());
        bed.reload(Ok(settings)).await;
        bed.recorder().shows(&at("problem"), "unauthorized").await;
        assert_eq!(logins(&bed.phone), 1, "{login_answer:?}");
        bed.end().await;
    }
}

#[tokio::test]
async fn a_call_is_taken_off_hold_as_the_phone_wants_it() {
    for resume in [Resume::Toggles, Resume::Unhold, Resume::UnholdSilently, Resume::NoUnhold] {
        let mut bed = TestBed::embedded().await;
        bed.replace_phone(Profile { resume, ..Profile::default() }).await;
        bed.begin().await;
        let line = bed.phone.ring(Caller::new("Ann", "1")).unwrap();
        assert!(bed.phone.answer(line));
        for round in ["one", "two"] {
            let before = bed.phone.happenings().len();
            bed.recorder().shows(&at("call_state"), "in_call").await;
            assert_eq!(bed.command(round, "hold", "").await["ok"], true, "{resume:?}");
            bed.recorder().shows(&at("call_state"), "on_hold").await;
            let result = bed.command(&format!("r {round}"), "resume", "").await;
            assert_eq!(result["ok"], true, "{resume:?} {result}");
            bed.recorder().shows(&at("call_state"), "in_call").await;
            let happenings = bed.phone.happenings();
            let told = |one: &&Happening| matches!(one, Happening::Operated { .. });
            let told = happenings[before..].iter().filter(told).count();
            // what works is remembered: one to hold, one to go on
            assert!(round == "one" || told == 2, "{resume:?}: {happenings:?}");
        }
        bed.end().await;
    }
}

#[tokio::test]
async fn one_function_that_wants_a_login_takes_no_phone_away() {
    for kind in [DialectKind::Gxv, DialectKind::Cti] {
        let mut bed = TestBed::embedded().await;
        let profile = if kind == DialectKind::Cti { Profile::cti() } else { Profile::default() };
        let hall = bed.add_phone("hall", kind, profile).await;
        hall.set_fault(Function::GetTime, Fault::Status(401));
        hall.set_fault(Function::SetValues, Fault::Status(401));
        bed.settings.phones[1].policy.allow = [Guarded::SetValues].into();
        bed.begin().await;
        bed.recorder().shows("gxv2mqtt/hall/availability", "online").await;
        let before = bed.recorder().count("gxv2mqtt/hall/availability");
        bed.publish(
            "gxv2mqtt/hall/command/set_values",
            br#"{"id":"s","values":{"P1":"1"}}"#,
            false,
        )
        .await;
        let result = bed.recorder().result("s").await;
        assert_eq!(result["error"]["code"], "unauthorized", "{result}");
        hall.ring(Caller::new("Ann", "1")).unwrap();
        bed.recorder().shows("gxv2mqtt/hall/call_state", "ringing").await;
        assert_eq!(bed.recorder().count("gxv2mqtt/hall/availability"), before, "{kind:?}");
        assert_eq!(bed.recorder().newest("gxv2mqtt/hall/problem").as_deref(), Some("none"));
        bed.end().await;
    }
}

#[tokio::test]
async fn a_person_who_logs_in_again_and_again_makes_the_phone_slow_and_not_offline() {
    let mut bed = TestBed::embedded().await;
    bed.begin().await;
    bed.recorder().shows(&at("call_state"), "idle").await;
    for round in 2..=4 {
        bed.phone.expire_sessions();
        let again = async {
            while logins(&bed.phone) < round {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), again).await.expect("another login");
    }
    bed.phone.ring(Caller::new("Ann", "1")).unwrap();
    bed.recorder().shows(&at("call_state"), "ringing").await;
    assert_eq!(bed.recorder().newest(&at("availability")).as_deref(), Some("online"));
    let problems = bed.recorder().all().into_iter().filter(|heard| heard.topic == at("problem"));
    assert!(problems.into_iter().all(|heard| heard.payload == "none"));
    bed.end().await;
}
