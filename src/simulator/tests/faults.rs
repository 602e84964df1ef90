//! Each fault as a client sees it.

use std::{io::ErrorKind, time::Duration};

use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{super::*, Bench};

const STATUS: &str = "api-get_phone_status";
const PATIENCE: Duration = Duration::from_millis(200);

async fn bench(fault: Fault) -> Bench {
    let bench = Bench::logged_in(Profile::default()).await;
    bench.phone.set_fault(None, fault);
    bench
}

#[tokio::test]
async fn answers_are_spoiled() {
    let cases = [
        (Fault::HtmlPage, 200, "<html>"),
        (Fault::Truncated, 200, r#"{"body":"available","#),
        (Fault::Empty, 200, ""),
        (Fault::WrongTypes, 200, r#"{"body":["available"],"misc""#),
        (Fault::NumbersAsText, 200, r#"{"body":"available","misc""#),
        (Fault::Status(500), 500, "<html>"),
        (Fault::Status(404), 404, "<html>"),
        (Fault::Redirect("http://elsewhere.example/".into()), 302, ""),
    ];
    for (fault, status, begin) in cases {
        let seen = bench(fault.clone()).await.get(STATUS).await;
        assert_eq!(seen.status, status, "{fault:?}");
        assert!(seen.body.starts_with(begin), "{fault:?}: {}", seen.body);
        assert_eq!(seen.body.is_empty(), begin.is_empty(), "{fault:?}");
        if let Fault::Redirect(to) = &fault {
            assert!(seen.head.contains(&format!("location: {to}")));
        }
        if fault == Fault::Truncated {
            assert!(serde_json::from_str::<serde_json::Value>(&seen.body).is_err());
        }
    }
}

#[tokio::test]
async fn a_huge_body_is_huge() {
    let seen = bench(Fault::Huge).await.get(STATUS).await;
    assert_eq!(seen.body.len(), 50 << 20);
}

#[tokio::test]
async fn a_silent_phone_stays_silent_and_does_nothing() {
    let bench = bench(Fault::NeverAnswers).await;
    let call = bench.try_get("api-make_call?phonenumber=1");
    assert!(timeout(PATIENCE, call).await.is_err());
    assert_eq!(bench.phone.requests(Function::MakeCall), 1);
    assert_eq!(bench.phone.lines()[0].state, LineState::Idle);
}

#[tokio::test]
async fn a_reset_is_a_reset_and_the_order_is_carried_out() {
    let bench = bench(Fault::Reset).await;
    let seen = bench.try_get("api-make_call?phonenumber=1").await;
    assert_eq!(seen.map_err(|error| error.kind()).err(), Some(ErrorKind::ConnectionReset));
    assert_eq!(bench.phone.lines()[0].state, LineState::Dialing);
}

#[tokio::test]
async fn a_dripping_body_comes_a_byte_each_second() {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };
    let bench = bench(Fault::Drip).await;
    let mut stream = TcpStream::connect(bench.phone.address()).await.unwrap();
    stream.write_all(b"GET /cgi-bin/loginrealm HTTP/1.0\r\n\r\n").await.unwrap();
    let mut seen = Vec::new();
    let reading = async { while stream.read_buf(&mut seen).await.is_ok_and(|read| read > 0) {} };
    assert!(timeout(Duration::from_millis(2500), reading).await.is_err());
    let seen = String::from_utf8(seen).unwrap();
    let (_, body) = seen.split_once("\r\n\r\n").unwrap();
    assert!((1..=2).contains(&body.len()), "{body:?}");
}

#[tokio::test]
async fn a_delay_delays() {
    let begin = Instant::now();
    let seen = bench(Fault::Delay(PATIENCE)).await.get(STATUS).await;
    assert_eq!(seen.json()["body"], "available");
    assert!(begin.elapsed() >= PATIENCE);
}

#[tokio::test]
async fn a_fault_of_one_function_leaves_the_others_alone_until_it_is_cleared() {
    let bench = Bench::logged_in(Profile::default()).await;
    bench.phone.set_fault(Function::GetLineStatus, Fault::WrongTypes);
    assert_eq!(bench.get("api-get_line_status").await.json()["body"], "nonsense");
    assert!(bench.get("api-get_accounts").await.json()["body"].is_array());
    bench.phone.set_fault(Function::GetLineStatus, Fault::NumbersAsText);
    assert_eq!(bench.get("api-get_line_status").await.json()["body"][0]["line"], json!("1"));
    bench.phone.clear_faults();
    assert_eq!(bench.get("api-get_line_status").await.json()["body"][0]["line"], json!(1));
    assert_eq!(bench.phone.requests(Function::GetLineStatus), 3);
    assert_eq!(bench.phone.requests(Function::GetAccounts), 1);
    assert_eq!(bench.phone.all_requests(), 6);
}
