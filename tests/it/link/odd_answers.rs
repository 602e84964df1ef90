//! What brokers answer that the MQTT library does not know, or that is not MQTT 5 at all.

use std::time::Duration;

use gxv2mqtt::domain::contract::topic::Delivery;
use gxv2mqtt::mqtt::{Patience, Trial, probe};

use crate::support::broker::{Packet, ScriptedBroker};
use crate::support::link::{Running, event, message, options, quick, settle, state};

/// PUBACK: no.
fn refusal(id: u16, code: u8) -> Vec<u8> {
    [&[0x40, 3][..], &id.to_be_bytes(), &[code]].concat()
}

#[tokio::test]
async fn a_message_that_is_refused_for_an_unknown_reason_is_dropped_alone() {
    for code in [1, 0x80, 149, 255] {
        let stage = ScriptedBroker::open().await;
        let mut link = Running::start(stage.address);
        let mut client = settle(&stage, &mut link, &[]).await;
        link.publish(event("refused")).await;
        let (_, payload, id) = client.message().await;
        assert_eq!(payload, "refused");
        client.send(&refusal(id, code)).await;
        link.publish(event("next")).await;
        let (_, payload, id) = client.message().await;
        assert_eq!(payload, "next", "on the same connection, after code {code}");
        client.acknowledge(id).await;
        link.publish(state("still here")).await;
        assert_eq!(client.message().await.1, "still here");
        link.stop().await;
    }
}

#[tokio::test]
async fn a_subscription_that_is_refused_for_an_unknown_reason_leaves_the_rest() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let mut client = stage.client().await;
    client.accept(&[]).await;
    let Packet::Subscribe { id, filters } = client.next().await else { panic!("no SUBSCRIBE") };
    let codes: Vec<u8> = filters.iter().map(|_| 149).collect();
    let length = 3 + u8::try_from(codes.len()).unwrap();
    client.send(&[&[0x90, length], &id.to_be_bytes()[..], &[0], &codes].concat()).await;
    link.connected().await;
    client.answer_subscribe().await;
    link.outbox.unsubscribe(vec!["discovery/+/config".to_owned()]).await;
    let Packet::Unsubscribe { id } = client.next().await else { panic!("no UNSUBSCRIBE") };
    client.send(&[&[0xB0, 4], &id.to_be_bytes()[..], &[0, 149]].concat()).await;
    link.publish(state("still here")).await;
    assert_eq!(client.message().await.1, "still here");
    link.stop().await;
}

#[tokio::test]
async fn what_a_probe_says_of_odd_answers() {
    let cases: [(&[u8], &str); 9] = [
        (&[0x20, 3, 0, 0xEE, 0], "reason code 0xee"),
        (&[0x20, 3, 0, 1, 0], "reason code 0x01"),
        (&[0xE0, 1, 0x9C], "another server"),
        (&[0xE0, 1, 0xEE], "reason code 0xee"),
        (&[0xE0, 0], "closed it normally"),
        // MQTT 3.1.1, by a broker that keeps the connection
        (&[0x20, 2, 0, 1], "MQTT 5"),
        (&[0x20, 2, 0, 0], "MQTT 5"),
        // a TLS alert
        (&[0x15, 3, 1, 0, 2, 2, 22], "mqtts://"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
    ];
    for (answer, expected) in cases {
        let stage = ScriptedBroker::open().await;
        let (options, trial) = (options(stage.address), Trial::default());
        let said = tokio::select! {
            said = probe(&options, &trial) => said.unwrap_err().to_string(),
            () = async {
                let mut client = stage.client().await;
                client.send(answer).await;
                std::future::pending::<()>().await;
            } => unreachable!(),
            () = tokio::time::sleep(quick().stall) => panic!("no word of {answer:x?}"),
        };
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn a_broker_that_keeps_nothing_and_lets_us_in_gets_nothing() {
    for lacks in [[0x25, 0], [0x24, 0]] {
        let stage = ScriptedBroker::open().await;
        let mut link = Running::start(stage.address);
        let mut client = stage.client().await;
        client.accept(&lacks).await;
        assert_eq!(client.next().await, Packet::Disconnect { reason: 0 }, "and no last will");
        drop(client);
        stage.client().await.accept(&lacks).await;
        assert!(link.heard.try_recv().is_none());
        link.stop().await;
    }
}

#[tokio::test]
async fn a_broker_that_takes_states_and_is_gone_is_noticed() {
    let stage = ScriptedBroker::open().await;
    let patience = Patience { keep_alive: Duration::from_secs(1), ..quick() };
    let mut link = Running::start_with(&options(stage.address), patience);
    let mut client = settle(&stage, &mut link, &[]).await;
    let outbox = link.outbox.clone();
    let busy = tokio::spawn(async move {
        loop {
            outbox.publish(state("1")).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    // it reads, and says nothing
    let questions = tokio::spawn(async move {
        let mut questions = 0;
        while let Some(packet) = client.read().await {
            questions += usize::from(matches!(packet, Packet::Subscribe { .. }));
        }
        questions
    });
    let _second = stage.ready_client(&[]).await;
    assert_eq!(questions.await.unwrap(), 1, "it was asked for a sign of life");
    busy.abort();
    link.stop().await;
}

#[tokio::test]
async fn a_probe_names_each_topic_that_is_refused() {
    let stage = ScriptedBroker::open().await;
    let (options, echo) = (options(stage.address), "b/bridge/response/check");
    let trial = Trial {
        topics: vec![message("b/kitchen/check", "check", Delivery::Event)],
        echo: echo.to_owned(),
        largest: 2000,
        ..Trial::default()
    };
    let broker = async {
        let mut client = stage.client().await;
        client.accept(&[]).await;
        client.answer_subscribe().await;
        // taken, not authorised, too large, taken
        for code in [0, 0x87, 0x95, 0] {
            let (_, _, id) = client.message().await;
            client.send(&refusal(id, code)).await;
            if code == 0x95 {
                // what was published comes back late: QoS 0, retained
                let topic = [&[0, 23], echo.as_bytes(), &[0]].concat();
                let length = u8::try_from(topic.len()).unwrap();
                client.send(&[&[0x31, length], &topic[..]].concat()).await;
            }
        }
    };
    let (probed, ()) = tokio::join!(probe(&options, &trial), broker);
    let refused = probed.unwrap().refused;
    let all: Vec<_> = refused.iter().map(|(topic, why)| format!("{topic}: {why}")).collect();
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].starts_with("b/kitchen/check: not authorised"), "{all:?}");
    assert!(all[1].contains("(2000 bytes): too large for the broker"), "{all:?}");
}
