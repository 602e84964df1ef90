//! Phones that answer badly: the bridge says so, stays small, and the other phones don't notice.

use std::time::Duration;

use gxv2mqtt::phone::dialect::Kind;
use gxv2mqtt::simulator::{Fault, Function, Profile};

use super::support::world::World;

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

    hall.ring(gxv2mqtt::simulator::Caller::new("Ann", "1")).unwrap();
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
    world.phone.ring(gxv2mqtt::simulator::Caller::new("Ann", "1")).unwrap();
    world.ear().shows("gxv2mqtt/kitchen/call_state", "ringing").await;
    assert_eq!(world.command("a", "answer", "").await["ok"], true);
    world.end().await;
}
