//! The URLs that the phone calls, as a receiver sees them on the wire.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};

use super::{super::*, Bench, eventually};

/// Somebody who waits for the phone's calls.
struct Receiver(TcpListener);

impl Receiver {
    /// Somebody whom the phone calls about all of these, with the event's word in the path and this behind it.
    async fn of(phone: &Simulator, events: &[PushEvent], rest: &str) -> Self {
        let receiver = Self(TcpListener::bind("127.0.0.1:0").await.unwrap());
        for event in events {
            phone.push_to(*event, Some(format!("{}/{}{rest}", receiver.host(), event.word())));
        }
        receiver
    }

    fn host(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// The next request, byte for byte.
    async fn request(&self) -> Vec<u8> {
        let reading = async {
            let (mut stream, _) = self.0.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0);
            }
            stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").await.unwrap();
            request
        };
        timeout(Duration::from_secs(10), reading).await.expect("the phone calls")
    }

    /// What the next request asks for.
    async fn target(&self) -> String {
        let request = String::from_utf8(self.request().await).unwrap();
        let line = request.lines().next().unwrap();
        line.strip_prefix("GET ").unwrap().strip_suffix(" HTTP/1.1").unwrap().to_owned()
    }

    /// What the next requests ask for.
    async fn targets(&self, count: usize) -> Vec<String> {
        let mut targets = Vec::new();
        while targets.len() < count {
            targets.push(self.target().await);
        }
        targets
    }
}

fn all() -> Vec<PushEvent> {
    PushEvent::all().collect()
}

#[tokio::test]
async fn what_is_put_in_goes_out_raw() {
    let bench = Bench::new(Profile::default()).await;
    let rest = "?who=$display_remote&n=$remote&mac=$mac&id=$call-id&at=$phone_ip";
    let receiver = Receiver::of(&bench.phone, &[PushEvent::Incoming], rest).await;
    bench.phone.ring(Caller::new("Zoë van Dijk", "+15550100"));
    let seen = receiver.request().await;
    let expected = format!(
        "GET /incoming?who=Zoë van Dijk&n=+15550100&mac=000b82123456&id=$call-id&at=127.0.0.1 HTTP/1.1\r\n\
         Host: {}\r\nUser-Agent: Grandstream GXV3370\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        receiver.host()
    );
    assert_eq!(String::from_utf8(seen), Ok(expected));
}

#[tokio::test]
async fn events_of_a_call_come_in_order_with_one_call_id() {
    let bench = Bench::new(Profile::cti()).await;
    let receiver = Receiver::of(&bench.phone, &all(), " $call-id").await;
    let phone = &bench.phone;
    assert_eq!(phone.ring(Caller::new("", "1")), Some(1));
    assert!(phone.answer(1) && phone.hold(1) && phone.resume(1) && phone.hang_up(1));
    let targets = receiver.targets(7).await;
    let words = targets.iter().map(|target| target.split(' ').next().unwrap());
    let expected =
        ["/incoming", "/off_hook", "/established", "/held", "/resumed", "/terminated", "/on_hook"];
    assert_eq!(words.collect::<Vec<_>>(), expected);
    let id = |index: usize| targets[index].split(' ').nth(1).unwrap();
    assert!(id(0).contains('@') && id(0) == id(2) && id(2) == id(5), "{targets:?}");
    assert_eq!(id(1), "$call-id");
    let sent = phone.pushed();
    assert_eq!((sent.len(), sent[0].event), (7, PushEvent::Incoming));
    assert_eq!(sent[0].url, format!("{}{}", receiver.host(), targets[0]));
}

#[tokio::test]
async fn what_happens_by_itself_is_told_when_it_happens() {
    let far_end = FarEnd {
        rings_after: Some(Duration::from_millis(10)),
        answers_after: Some(Duration::from_millis(10)),
        ..FarEnd::MANUAL
    };
    let bench = Bench::with(Profile::default(), far_end).await;
    let receiver = Receiver::of(&bench.phone, &[PushEvent::Established], "").await;
    bench.phone.dial("1002", 1);
    assert_eq!(receiver.target().await, "/established");
}

#[tokio::test]
async fn nothing_is_told_without_a_network_or_when_it_is_to_be_lost() {
    let bench = Bench::new(Profile { reboot: Duration::ZERO, ..Profile::default() }).await;
    let phone = &bench.phone;
    let receiver = Receiver::of(phone, &all(), "$remote").await;
    phone.lose_pushes(true);
    phone.ring(Caller::new("", "1"));
    phone.lose_pushes(false);
    phone.unplug().await;
    assert!(phone.answer(1) && phone.hold(1));
    phone.plug_in().await.unwrap();
    assert!(phone.resume(1));
    assert_eq!(receiver.target().await, "/resumed1");
    phone.reboot().await;
    assert_eq!(receiver.targets(2).await, ["/booted$remote", "/registered$remote"]);
    assert_eq!(phone.pushed().len(), 3);
}

#[tokio::test]
async fn urls_are_set_and_cleared_and_long_ones_are_not_called() {
    let bench = Bench::new(Profile::default()).await;
    let phone = &bench.phone;
    let events = [PushEvent::Incoming, PushEvent::Rejected];
    let receiver = Receiver::of(phone, &events, "/$display_remote").await;
    phone.ring(Caller::new("n".repeat(256), "1"));
    phone.push_to(PushEvent::Incoming, None);
    phone.ring(Caller::new("Ada", "1"));
    phone.push_to(PushEvent::Incoming, Some(format!("http://{}", receiver.host())));
    phone.ring(Caller::new("Ada", "1"));
    assert_eq!(receiver.target().await, "/");
    assert!(phone.reject(2));
    assert_eq!(receiver.target().await, "/rejected/Ada");
    assert_eq!(phone.pushed().len(), 2);
}

#[tokio::test]
async fn what_does_not_fit_is_lost() {
    let bench = Bench::new(Profile::default()).await;
    let phone = &bench.phone;
    let receiver = Receiver::of(phone, &[PushEvent::Incoming], "").await;
    for _ in 0..50 {
        assert_eq!(phone.ring(Caller::new("", "1")), Some(1));
        assert!(phone.caller_gives_up(1));
    }
    assert_eq!(receiver.targets(32).await, ["/incoming"; 32]);
    phone.push_to(PushEvent::Registered, Some(format!("{}/last", receiver.host())));
    phone.register(2, true);
    assert_eq!(receiver.target().await, "/last");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_says_nothing_holds_up_only_the_next_call_and_only_for_a_while() {
    let bench = Bench::with(Profile::default(), FarEnd::default()).await;
    let phone = &bench.phone;
    let events = [PushEvent::OffHook, PushEvent::Outgoing, PushEvent::Established];
    let _silent = Receiver::of(phone, &events, "").await;
    phone.dial("1002", 1);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(phone.lines()[0].state, LineState::InCall);
    let all_three = async || phone.pushed().iter().map(|one| one.event).eq(events);
    eventually("the others", all_three).await;
}

#[tokio::test]
async fn the_page_sets_urls() {
    let bench = Bench::new(Profile::default()).await;
    let receiver = Receiver::of(&bench.phone, &[], "").await;
    let press = async |action: &str, body: serde_json::Value| {
        let kind = "Content-Type: application/json\r\n";
        let line = format!("POST /simulator/{action}");
        bench.send(&line, kind, &body.to_string()).await.unwrap()
    };
    let url = format!("{}/x", receiver.host());
    let set = press("push", json!({ "event": "incoming", "url": url })).await;
    assert_eq!(set.json(), json!({ "ok": true }));
    let flap = press("flap", json!({ "number": "1", "milliseconds": 20 })).await;
    assert_eq!(flap.json(), json!({ "ok": true, "line": 1 }));
    assert_eq!(receiver.target().await, "/x");
    let shown = async || bench.send("GET /simulator/state", "", "").await.unwrap().json();
    let one = json!({ "event": "incoming", "title": "Incoming Call", "url": url });
    assert_eq!(shown().await["pushes"]["urls"][0], one);
    assert_eq!(shown().await["pushes"]["sent"], 1);
    eventually("idle", async || shown().await["lines"][0]["state"] == "idle").await;
    assert_eq!(shown().await["missed"], 0);
    press("push", json!({ "event": "incoming", "url": "" })).await;
    assert_eq!(shown().await["pushes"]["urls"][0]["url"], "");
    let wrong = press("push", json!({ "event": "dance", "url": url })).await;
    assert!(wrong.status == 422 && wrong.body.contains("booted"));
}
