//! What users ask of the bridge itself, told twice: over the embedded broker, and over Mosquitto with its own tools.

use std::time::Duration;

use gxv2mqtt::phone::dialect::Kind;
use gxv2mqtt::simulator::{Caller, Happening, Profile, Simulator};
use serde_json::{Value, json};

use super::support::stories;
use super::support::world::World;

stories! {
    the_bridge_says_what_it_is
    the_bridge_says_whether_all_is_well
    what_is_no_request_is_answered_too
    a_paused_phone_is_left_alone
    a_pause_ends_by_itself
    everything_is_announced_again
}

const KITCHEN: &str = "gxv2mqtt/kitchen";

fn at(place: &str) -> String {
    format!("{KITCHEN}/{place}")
}

fn data(response: &Value) -> &Value {
    assert_eq!(response["status"], "ok", "{response}");
    &response["data"]
}

fn error(response: &Value) -> &str {
    assert_eq!(response["status"], "error", "{response}");
    response["error"].as_str().unwrap()
}

async fn the_bridge_says_what_it_is(world: &mut World) {
    world.add_phone("hall", Kind::Cti, Profile::cti()).await;
    world.begin().await;
    world.ear().shows("gxv2mqtt/hall/availability", "online").await;
    let response = world.request("info", "").await;
    let info = data(&response);
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    let [hall, kitchen] = [&info["phones"][0], &info["phones"][1]];
    assert_eq!(
        *kitchen,
        json!({"id": "kitchen", "name": "The kitchen phone",
            "url": world.settings.phones[0].url.as_str(), "dialect": "gxv", "model": "GXV3370",
            "firmware": kitchen["firmware"], "availability": "online", "problem": "none",
            "paused_until": null})
    );
    assert!(kitchen["firmware"].is_string());
    assert_eq!([&hall["id"], &hall["dialect"]], ["hall", "cti"]);
}

async fn the_bridge_says_whether_all_is_well(world: &mut World) {
    world.begin().await;
    let response = world.request("health", "").await;
    let health = data(&response);
    assert_eq!(health["healthy"], true, "{health}");
    assert!(health["broker"]["connected_since"].is_string());
    assert_eq!(health["broker"]["lost_events"], 0);
    assert!(health["memory_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(health["phones"][0]["answered_seconds_ago"].as_u64().unwrap() < 10);
    world.phone.unplug().await;
    world.ear().shows(&at("problem"), "unreachable").await;
    let response = world.request("health", "").await;
    let health = data(&response);
    assert_eq!(health["healthy"], false);
    assert_eq!(health["reasons"], json!(["kitchen: unreachable"]));
}

async fn what_is_no_request_is_answered_too(world: &mut World) {
    world.begin().await;
    let response = world.request("explode", "").await;
    assert!(error(&response).contains("there are info, health"), "{response}");
    let response = world.request("device/rename", "").await;
    assert!(error(&response).contains("no such request"), "{response}");
    let response = world.request("pause", r#""phone":"attic""#).await;
    assert_eq!(error(&response), "there is no phone \"attic\"; there are kitchen");

    let payload = br#"{"transaction":"stale","phone":"kitchen"}"#;
    world.publish("gxv2mqtt/bridge/request/pause", payload, true).await;
    let response = world.ear().response("stale").await;
    assert!(error(&response).contains("retained"), "{response}");
    world.publish("gxv2mqtt/bridge/request/pause", b"", true).await;
    world.publish("gxv2mqtt/bridge/request/info", &vec![b'x'; 100_000], false).await;
    world.request("health", "").await;
    let all = world.ear().all();
    let responses: Vec<_> =
        all.iter().filter(|heard| heard.topic.contains("/bridge/response/")).collect();
    assert!(responses.iter().all(|heard| !heard.retained));
    // each request has one, also the empty message that takes the retained one back, and the one that is too long
    assert_eq!(responses.len(), 7, "{responses:#?}");
    assert!(responses[5].payload.contains("100000 bytes are more than"), "{:?}", responses[5]);
    assert_eq!(world.ear().newest(&at("availability")).as_deref(), Some("online"));
}

async fn a_paused_phone_is_left_alone(world: &mut World) {
    world.begin().await;
    let response = world.request("pause", r#""phone":"kitchen","for":"10m""#).await;
    assert!(data(&response)["until"].is_string(), "{response}");
    world.ear().shows(&at("problem"), "paused").await;
    world.ear().shows(&at("availability"), "offline").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = world.phone.all_requests();
    let result = world.command("d", "dial", r#""number":"1001""#).await;
    assert_eq!(result["error"]["code"], "unreachable");
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains(data(&response)["until"].as_str().unwrap()), "{message}");
    world.phone.ring(Caller::new("Ann", "1")).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.phone.all_requests(), before, "it is asked nothing");
    let info = world.request("info", "").await;
    assert_eq!(data(&info)["phones"][0]["paused_until"], data(&response)["until"]);
    let health = world.request("health", "").await;
    assert_eq!(data(&health)["healthy"], true, "a pause is wanted");

    data(&world.request("resume", r#""phone":"kitchen""#).await);
    world.ear().shows(&at("availability"), "online").await;
    world.ear().shows(&at("problem"), "none").await;
    world.ear().shows(&at("call_state"), "ringing").await;
    assert_eq!(logins(&world.phone), 1, "its session has outlived the pause");
}

async fn a_pause_ends_by_itself(world: &mut World) {
    world.begin().await;
    data(&world.request("pause", r#""phone":"kitchen","for":"1s""#).await);
    world.ear().shows(&at("problem"), "paused").await;
    world.ear().shows(&at("problem"), "none").await;
    world.ear().shows(&at("availability"), "online").await;
}

fn logins(phone: &Simulator) -> usize {
    let happenings = phone.happenings().into_iter();
    happenings.filter(|happening| matches!(happening, Happening::LoggedIn { .. })).count()
}

async fn everything_is_announced_again(world: &mut World) {
    world.begin().await;
    let config = "homeassistant/device/gxv2mqtt_kitchen/config";
    let twice = |count: usize| {
        let what = format!("{count} announcements");
        let ear = world.ear();
        async move {
            ear.until(&what, |heard| {
                (heard.iter().filter(|heard| heard.topic == config).count() >= count).then_some(())
            })
            .await;
        }
    };
    twice(2).await;
    let announced = world.ear().count(config);
    let states = world.ear().count(&at("call_state"));
    data(&world.request("rediscover", "").await);
    twice(announced + 1).await;
    world
        .ear()
        .until("the states", |heard| {
            let again = heard.iter().filter(|heard| heard.topic == at("call_state")).count();
            (again > states).then_some(())
        })
        .await;
}
