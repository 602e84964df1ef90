//! The plug and the reboot.

use std::{io::ErrorKind, time::Duration};

use tokio::net::TcpStream;

use super::{super::*, Bench, OpenConnection, eventually};

const STATUS: &str = "api-get_phone_status";

#[tokio::test]
async fn an_unplugged_phone_refuses_and_comes_back_as_it_was() {
    let bench = Bench::logged_in(Profile::default()).await;
    bench.phone.ring(Caller::new("", "1"));
    let mut open = OpenConnection::to(&bench).await;
    bench.phone.unplug().await;
    assert!(open.is_cut().await);
    let refused = bench.try_get(STATUS).await.map_err(|error| error.kind()).err();
    assert_eq!(refused, Some(ErrorKind::ConnectionRefused));
    assert_eq!(bench.phone.ring(Caller::new("", "2")), None);
    bench.phone.unplug().await;
    bench.phone.plug_in().await.unwrap();
    bench.phone.plug_in().await.unwrap();
    assert_eq!(bench.get(STATUS).await.json()["body"], "ringing");
}

#[tokio::test]
async fn a_reboot_order_is_answered_and_then_the_phone_goes_away_and_comes_back_new() {
    let bench = Bench::logged_in(Profile {
        reboot: Duration::from_millis(300),
        uptime: Duration::from_hours(25),
        ..Profile::default()
    })
    .await;
    bench.phone.ring(Caller::new("", "1"));
    let mut open = OpenConnection::to(&bench).await;
    let seen = bench.get("api-sys_operation?request=REBOOT").await;
    assert_eq!(seen.body, r#"{"body":"savereboot","response":"success"}"#);
    assert!(open.is_cut().await);
    assert_eq!(bench.phone.lines()[0].state, LineState::Idle);
    eventually("back", async || bench.try_get(STATUS).await.is_ok()).await;
    assert_eq!(bench.get(STATUS).await.json()["body"], "unauthorized");
    let mut bench = bench;
    bench.cookie = bench.login("gmiadmin", "admin").await.cookie();
    let time = bench.get("api-get_time").await.json();
    assert!(time["uptime"].as_str().is_some_and(|up| up.starts_with(" 0 days, 0 hours, 0 min")));
    let reboots = bench.phone.happenings();
    assert!(reboots.contains(&Happening::RebootAsked));
}

#[tokio::test]
async fn a_phone_that_is_unplugged_while_it_boots_stays_away() {
    let bench =
        Bench::new(Profile { reboot: Duration::from_millis(20), ..Profile::default() }).await;
    bench.phone.reboot().await;
    bench.phone.unplug().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(bench.try_get("loginrealm").await.is_err());
    bench.phone.plug_in().await.unwrap();
    assert!(bench.try_get("loginrealm").await.is_ok());
}

#[tokio::test]
async fn a_stopped_phone_is_gone() {
    let stop = CancellationToken::new();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let phone = Simulator::start(any, Profile::default(), stop.clone()).await.unwrap();
    let address = phone.address();
    assert!(Simulator::start(address, Profile::default(), stop.clone()).await.is_err());
    stop.cancel();
    eventually("gone", async || TcpStream::connect(address).await.is_err()).await;
}
