//! Phones that answer badly: the bridge says so, stays small, and the other phones don't notice.

use std::time::Duration;

use gxv2mqtt::domain::command::policy::Guarded;
use gxv2mqtt::phone::dialect::Kind;
use gxv2mqtt::simulator::{
    Caller, Fault, Function, Happening, LoginAnswer, Profile, Resume, Simulator,
};

use super::support::world::{World, at};

/// A story of one fault of the line status: what `problem` says, and that the phone is well again after it.
async fn tell(fault: Fault, problem: &str) {
    let mut world = World::embedded().await;
    let hall = world.add_phone("hall", Kind::Gxv, Profile::default()).await;
    world.begin().await;
    world.ear().shows("gxv2mqtt/hall/call_state", "idle").await;
    let before = world.ear().count("gxv2mqtt/hall/availability");
    world.phone.set_fault(Function::GetLineStatus, fault);
    world.ear().shows("gxv2mqtt/kitchen/problem", problem).await;
    world.ear().shows("gxv2mqtt/kitchen/availability", "offline").await;

    hall.ring(Caller::new("Ann", "1")).unwrap();
    world.ear().shows("gxv2mqtt/hall/call_state", "ringing").await;
    assert_eq!(world.ear().count("gxv2mqtt/hall/availability"), before);

    world.phone.clear_faults();
    world.ear().shows("gxv2mqtt/kitchen/availability", "online").await;
    world.ear().shows("gxv2mqtt/kitchen/problem", "none").await;
    world.end().await;
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
    let mut world = World::embedded().await;
    for function in [Function::GetLineStatus, Function::GetAccounts, Function::GetValues] {
        world.phone.set_fault(function, Fault::NumbersAsText);
    }
    world.begin().await;
    world.ear().shows_field("gxv2mqtt/kitchen/accounts/1", "registered", true).await;
    world.ear().shows_field("gxv2mqtt/kitchen/lines/1", "state", "idle").await;
    world.end().await;
}

#[tokio::test]
async fn a_lacking_function_leaves_the_rest_alone() {
    let mut world = World::embedded().await;
    world.phone.set_fault(Function::GetTime, Fault::Status(404));
    world.begin().await;
    world
        .ear()
        .shows_field("gxv2mqtt/kitchen/system", "uptime_seconds", serde_json::Value::Null)
        .await;
    world.ear().shows("gxv2mqtt/kitchen/problem", "none").await;
    let result = world.command("t", "get_time", "").await;
    assert_eq!(result["error"]["code"], "unsupported", "{result}");
    world.end().await;
}

#[tokio::test]
async fn a_slow_phone_is_only_slow() {
    let mut world = World::embedded().await;
    world.phone.set_fault(None, Fault::Delay(Duration::from_millis(300)));
    world.begin().await;
    world.phone.ring(Caller::new("Ann", "1")).unwrap();
    world.ear().shows("gxv2mqtt/kitchen/call_state", "ringing").await;
    assert_eq!(world.command("a", "answer", "").await["ok"], true);
    world.end().await;
}

/// A number that was dialled with a time limit while the phone could not be told, and then by a person.
async fn dialled_by_a_person_after(
    world: &mut World,
    breaks: impl AsyncFnOnce(&World),
    mends: impl AsyncFnOnce(&World),
) {
    world.begin().await;
    breaks(world).await;
    let arguments = r#""number":"1001","hang_up_after":"1s""#;
    let result = world.command("d", "dial", arguments).await;
    assert_eq!(result["error"]["code"], "unreachable", "{result}");
    let message = result["error"]["message"].as_str().unwrap();
    assert!(!message.contains("may have obeyed"), "{message}");
    mends(world).await;
    let line = world.phone.dial("1001", 1).unwrap();
    assert!(world.phone.far_end_rings(line));
    // the next call is seen only after the limit is over, and so is what would be done about this one
    world.ear().shows(&at("call_state"), "calling").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.phone.ring(Caller::new("Ann", "1")).unwrap();
    world.ear().shows(&at("call_state"), "ringing").await;
    let ended = |one: &Happening| matches!(one, Happening::Operated { .. });
    assert!(!world.phone.happenings().iter().any(ended), "it is not the bridge's to end");
}

#[tokio::test]
async fn a_call_that_the_phone_was_never_told_of_is_not_hung_up() {
    let mut world = World::embedded().await;
    let breaks = async |world: &World| world.phone.unplug().await;
    let mends = async |world: &World| world.phone.plug_in().await.unwrap();
    dialled_by_a_person_after(&mut world, breaks, mends).await;
    world.end().await;
}

#[tokio::test]
async fn nor_is_one_that_waited_for_a_login_in_vain() {
    let mut world = World::embedded().await;
    world.settings.phones[0].timeout = Duration::from_millis(500);
    let breaks = async |world: &World| {
        world.phone.set_fault(Function::Login, Fault::NeverAnswers);
        world.phone.expire_sessions();
    };
    let mends = async |world: &World| world.phone.clear_faults();
    dialled_by_a_person_after(&mut world, breaks, mends).await;
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_breaks_off_when_it_restarts_was_restarted() {
    let mut world = World::embedded().await;
    world.phone.set_fault(Function::SystemOperation, Fault::Reset);
    world.begin().await;
    // of anything but a restart that only says that it may have been done
    let result = world.command("p", "provision", "").await;
    assert_eq!(result["error"]["code"], "unreachable", "{result}");
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains("it may have obeyed all the same"), "{message}");
    let result = world.command("r", "reboot", "").await;
    assert_eq!(result["ok"], true, "{result}");
    assert!(world.phone.happenings().contains(&Happening::RebootAsked));
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_is_gone_was_not_restarted() {
    let mut world = World::embedded().await;
    world.begin().await;
    world.phone.unplug().await;
    let result = world.command("r", "reboot", r#""force":true"#).await;
    assert_eq!(result["error"]["code"], "unreachable", "{result}");
    world.end().await;
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
        let mut world = World::embedded().await;
        let profile = Profile { login_answer, cookie: cookie.to_owned(), ..Profile::default() };
        world.replace_phone(profile).await;
        world.begin().await;
        assert_eq!(world.command("d", "dial", r#""number":"1001""#).await["ok"], true);
        assert_eq!(logins(&world.phone), 1, "{login_answer:?}");
        // and a no is one
        let mut settings = world.settings.clone();
        settings.phones[0].password = Some("wrong".into());
        world.reload(Ok(settings)).await;
        world.ear().shows(&at("problem"), "unauthorized").await;
        assert_eq!(logins(&world.phone), 1, "{login_answer:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_call_is_taken_off_hold_as_the_phone_wants_it() {
    for resume in [Resume::Toggles, Resume::Unhold, Resume::UnholdSilently, Resume::NoUnhold] {
        let mut world = World::embedded().await;
        world.replace_phone(Profile { resume, ..Profile::default() }).await;
        world.begin().await;
        let line = world.phone.ring(Caller::new("Ann", "1")).unwrap();
        assert!(world.phone.answer(line));
        for round in ["one", "two"] {
            let before = world.phone.happenings().len();
            world.ear().shows(&at("call_state"), "in_call").await;
            assert_eq!(world.command(round, "hold", "").await["ok"], true, "{resume:?}");
            world.ear().shows(&at("call_state"), "on_hold").await;
            let result = world.command(&format!("r {round}"), "resume", "").await;
            assert_eq!(result["ok"], true, "{resume:?} {result}");
            world.ear().shows(&at("call_state"), "in_call").await;
            let happenings = world.phone.happenings();
            let told = |one: &&Happening| matches!(one, Happening::Operated { .. });
            let told = happenings[before..].iter().filter(told).count();
            // what works is remembered: one to hold, one to go on
            assert!(round == "one" || told == 2, "{resume:?}: {happenings:?}");
        }
        world.end().await;
    }
}

#[tokio::test]
async fn one_function_that_wants_a_login_takes_no_phone_away() {
    for kind in [Kind::Gxv, Kind::Cti] {
        let mut world = World::embedded().await;
        let profile = if kind == Kind::Cti { Profile::cti() } else { Profile::default() };
        let hall = world.add_phone("hall", kind, profile).await;
        hall.set_fault(Function::GetTime, Fault::Status(401));
        hall.set_fault(Function::SetValues, Fault::Status(401));
        world.settings.phones[1].policy.allow = [Guarded::SetValues].into();
        world.begin().await;
        world.ear().shows("gxv2mqtt/hall/availability", "online").await;
        let before = world.ear().count("gxv2mqtt/hall/availability");
        world
            .publish(
                "gxv2mqtt/hall/command/set_values",
                br#"{"id":"s","values":{"P1":"1"}}"#,
                false,
            )
            .await;
        let result = world.ear().result("s").await;
        assert_eq!(result["error"]["code"], "unauthorized", "{result}");
        hall.ring(Caller::new("Ann", "1")).unwrap();
        world.ear().shows("gxv2mqtt/hall/call_state", "ringing").await;
        assert_eq!(world.ear().count("gxv2mqtt/hall/availability"), before, "{kind:?}");
        assert_eq!(world.ear().newest("gxv2mqtt/hall/problem").as_deref(), Some("none"));
        world.end().await;
    }
}

#[tokio::test]
async fn a_person_who_logs_in_again_and_again_makes_the_phone_slow_and_not_offline() {
    let mut world = World::embedded().await;
    world.begin().await;
    world.ear().shows(&at("call_state"), "idle").await;
    for round in 2..=4 {
        world.phone.expire_sessions();
        let again = async {
            while logins(&world.phone) < round {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), again).await.expect("another login");
    }
    world.phone.ring(Caller::new("Ann", "1")).unwrap();
    world.ear().shows(&at("call_state"), "ringing").await;
    assert_eq!(world.ear().newest(&at("availability")).as_deref(), Some("online"));
    let problems = world.ear().all().into_iter().filter(|heard| heard.topic == at("problem"));
    assert!(problems.into_iter().all(|heard| heard.payload == "none"));
    world.end().await;
}
