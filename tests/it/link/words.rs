//! What the link and the probe say to people.

use std::cell::RefCell;

use gxv2mqtt::mqtt::{BrokerOptions, Reason, Trial, probe};

use crate::support::broker::{Client, ScriptedBroker};
use crate::support::link::{Running, event, options, quick};
use crate::support::port::Port;

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the log of each thread apart, and so of each test. One for all threads, because `tracing` remembers per
/// process which lines nobody wants.
struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_changes_and_no_secrets() {
    tracing_subscriber::fmt()
        .with_env_filter("trace,mqtt5=off")
        .with_ansi(false)
        .with_writer(|| Log)
        .try_init()
        .unwrap();
    let stage = ScriptedBroker::open().await;
    let options = BrokerOptions {
        username: Some("user".to_owned()),
        password: Some("hunter2".into()),
        ..options(stage.address)
    };
    let mut link = Running::start_with(&options, quick());
    for _ in 0..5 {
        stage.client().await.refuse(0x86).await;
    }
    stage.client().await.refuse(0x87).await;
    let mut client = stage.ready_client(&[0x27, 0, 0, 0, 200]).await;
    link.connected().await;
    client.answer_subscribe().await;
    for _ in 0..3 {
        link.publish(event(&"payload".repeat(100))).await;
    }
    link.publish(event("payload")).await;
    assert_eq!(client.message().await.1, "payload");
    link.stop().await;
    let log = String::from_utf8(LOG.take()).unwrap();
    let lines = |level: &str| log.lines().filter(|line| line.contains(level)).collect::<Vec<_>>();
    let warnings = lines(" WARN gxv2mqtt");
    assert_eq!(warnings.len(), 4, "{log}");
    for (warning, expected) in
        warnings.iter().zip(["mqtt.password_file", "not authorised", "b/event", "in time"])
    {
        assert!(warning.contains(expected), "{warning}");
    }
    assert_eq!(lines(" INFO gxv2mqtt").len(), 1, "{log}");
    assert_eq!(lines("still not connected to the broker").len(), 4, "{log}");
    assert!(!log.contains("hunter2") && !log.contains("payloadpayload"), "{log}");
}

async fn probed(stage: &ScriptedBroker, answer: impl AsyncFnOnce(&mut Client)) -> String {
    let options = options(stage.address);
    let trial = Trial { filters: vec!["b/+/command/+".to_owned()], ..Trial::default() };
    let (answer, ()) = tokio::join!(probe(&options, &trial), async {
        answer(&mut stage.client().await).await;
    });
    answer.unwrap_err().to_string()
}

#[tokio::test]
async fn a_probe_says_what_to_mend() {
    let stage = ScriptedBroker::open().await;
    for (code, expected) in [
        (0x86, "mqtt.password_file"),
        (0x87, "mqtt.username"),
        (0x85, "mqtt.client_id"),
        (0x84, "MQTT 5"),
    ] {
        let said = probed(&stage, async |client| client.refuse(code).await).await;
        assert!(said.contains(expected), "{said}");
    }
    // An old broker answers as MQTT 3.1.1 does, or not at all.
    let said = probed(&stage, async |client| client.send(&[0x20, 2, 0, 1]).await).await;
    assert!(said.contains("MQTT 5"), "{said}");
    let said = probed(&stage, async |_| {}).await;
    assert_eq!(said, Reason::ClosedEarly.to_string());

    // one that nobody else is given meanwhile
    let port = Port::reserve();
    let closed = options(port.address);
    let error = probe(&closed, &Trial::default()).await.unwrap_err();
    assert_eq!(error.to_string(), Reason::NobodyListens.to_string());
    let nowhere = BrokerOptions { host: "no-such-host.invalid".to_owned(), ..closed };
    let error = probe(&nowhere, &Trial::default()).await.unwrap_err().to_string();
    assert!(error.contains("cannot be resolved"), "{error}");
}
