//! The page, its control interface, and calls that come by themselves.

use std::time::Duration;

use serde_json::{Value, json};

use super::{super::*, Bench, OpenConnection, Seen, eventually};

async fn press(bench: &Bench, action: &str, body: &Value) -> Seen {
    let kind = "Content-Type: application/json\r\n";
    let line = format!("POST /simulator/{action}");
    bench.send(&line, kind, &body.to_string()).await.unwrap()
}

#[tokio::test]
async fn the_page_is_served_and_needs_nothing_from_elsewhere() {
    let bench = Bench::new(Profile::default()).await;
    let seen = bench.send("GET /", "", "").await.unwrap();
    assert!(seen.status == 200 && seen.head.contains("content-type: text/html"));
    assert!(!seen.body.contains("http://") && !seen.body.contains("https://"));
}

#[tokio::test]
async fn buttons_play_both_ends_of_a_call() {
    let bench = Bench::new(Profile::default()).await;
    let line = json!({ "line": 1 });
    let call = json!({ "name": "Ada", "number": "+15550100" });
    let steps = [
        ("ring", &call, "ringing"),
        ("caller-gives-up", &line, "idle"),
        ("ring", &call, "ringing"),
        ("reject", &line, "idle"),
        ("ring", &call, "ringing"),
        ("answer", &line, "connected"),
        ("hold", &line, "onhold"),
        ("resume", &line, "connected"),
        ("far-end-hangs-up", &line, "idle"),
        ("dial", &json!({ "number": "1002" }), "dialing"),
        ("far-end-rings", &line, "calling"),
        ("far-end-answers", &line, "connected"),
        ("hang-up", &line, "idle"),
        ("dial", &json!({ "number": "1002" }), "dialing"),
        ("far-end-is-busy", &line, "failed"),
    ];
    for (action, body, state) in steps {
        let seen = press(&bench, action, body).await;
        assert_eq!((seen.status, &seen.json()["ok"]), (200, &json!(true)), "{action}");
        let shown = bench.send("GET /simulator/state", "", "").await.unwrap().json();
        assert_eq!(shown["lines"][0]["state"], state, "{action}");
    }
    let shown = bench.send("GET /simulator/state", "", "").await.unwrap().json();
    assert_eq!((&shown["missed"], &shown["model"]), (&json!(1), &json!("GXV3370")));
}

#[tokio::test]
async fn buttons_that_do_nothing_say_so() {
    let bench = Bench::new(Profile::default()).await;
    let line = json!({ "line": 1 });
    assert_eq!(press(&bench, "answer", &line).await.status, 409);
    assert_eq!(press(&bench, "ring", &json!({ "account": 2 })).await.status, 409);
    assert_eq!(press(&bench, "register", &json!({ "account": 2 })).await.status, 200);
    assert_eq!(press(&bench, "ring", &json!({ "account": 2 })).await.json()["line"], 1);
    assert_eq!(press(&bench, "dance", &line).await.status, 404);
    assert_eq!(press(&bench, "answer", &json!({ "lime": 1 })).await.status, 422);
}

#[tokio::test]
async fn other_sites_cannot_press_buttons() {
    let bench = Bench::new(Profile::default()).await;
    for kind in ["", "Content-Type: text/plain\r\n"] {
        let seen = bench.send("POST /simulator/ring", kind, r#"{"number":"1"}"#).await;
        assert_eq!(seen.unwrap().status, 415);
    }
    assert_eq!(bench.send("GET /simulator/ring", "", "").await.unwrap().status, 405);
    assert_eq!(bench.phone.lines()[0].state, LineState::Idle);
}

#[tokio::test]
async fn buttons_unplug_and_reboot() {
    let bench = Bench::new(Profile { reboot: Duration::ZERO, ..Profile::default() }).await;
    let orders = [("reboot", json!({})), ("unplug", json!({ "seconds": 0 }))];
    for (action, body) in orders {
        let mut open = OpenConnection::to(&bench).await;
        assert_eq!(press(&bench, action, &body).await.status, 200);
        assert!(open.is_cut().await, "{action}");
        eventually("back", async || bench.try_get("loginrealm").await.is_ok()).await;
    }
}

#[tokio::test]
async fn a_living_phone_rings_and_falls_silent_again() {
    let bench = Bench::new(Profile::default()).await;
    bench.phone.live(Pace::default().faster(1000));
    let state = async || bench.phone.lines()[0].state.clone();
    eventually("a call", async || state().await != LineState::Idle).await;
    eventually("silence", async || state().await == LineState::Idle).await;
    eventually("a conversation", async || state().await == LineState::InCall).await;
}
