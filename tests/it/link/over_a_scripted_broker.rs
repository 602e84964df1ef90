//! Over a broker that the test plays, packet by packet: what real ones do only now and then.

use std::time::Duration;

use gxv2mqtt::mqtt::{Notice, Patience};
use tokio::time::Instant;

use crate::support::broker::{Packet, ScriptedBroker, within};
use crate::support::link::{Running, command, event, options, quick, settle, state};

#[tokio::test]
async fn another_client_with_our_id_is_left_alone_for_a_while() {
    // with properties, and as Mosquitto says it
    for taken_over in [&[0xE0, 2, 0x8E, 0][..], &[0xE0, 1, 0x8E]] {
        let stage = ScriptedBroker::open().await;
        let mut link = Running::start(stage.address);
        let mut first = stage.ready_client(&[]).await;
        link.connected().await;
        first.send(taken_over).await;
        let started = Instant::now();
        let _second = stage.ready_client(&[]).await;
        assert!(started.elapsed() >= quick().takeover, "after {taken_over:x?}");
        link.connected().await;
        link.stop().await;
    }
}

#[tokio::test]
async fn a_broker_that_closes_each_connection_is_no_fight_over_the_client_id() {
    let stage = ScriptedBroker::open().await;
    let link = Running::start(stage.address);
    for _ in 0..5 {
        let started = Instant::now();
        drop(stage.ready_client(&[]).await);
        assert!(started.elapsed() < quick().takeover);
    }
    link.stop().await;
}

#[tokio::test]
async fn that_the_broker_is_gone_is_told_once() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let first = stage.ready_client(&[]).await;
    link.connected().await;
    drop(first);
    // two that never come up
    drop(stage.client().await);
    drop(stage.client().await);
    let mut second = stage.ready_client(&[]).await;
    assert_eq!(within("the news", link.heard.recv()).await, Some(Notice::Away));
    assert_eq!(within("the news", link.heard.recv()).await, Some(Notice::Connected));
    assert!(link.heard.try_recv().is_none(), "what is retained was not subscribed to yet");
    second.answer_subscribe().await;
    assert_eq!(within("the news", link.heard.recv()).await, Some(Notice::Listening));
    link.stop().await;
}

#[tokio::test]
async fn subscribes_for_live_messages_as_published() {
    let stage = ScriptedBroker::open().await;
    let link = Running::start(stage.address);
    let mut client = stage.client().await;
    client.accept(&[]).await;
    let filters = client.answer_subscribe().await;
    let expected = [("b/bridge/state", 0b0010_1000), ("b/+/command/+", 0b0010_1000)];
    assert_eq!(filters, expected.map(|(filter, options)| (filter.to_owned(), options)));
    link.stop().await;
}

#[tokio::test]
async fn a_withheld_acknowledgement_ends_the_connection_and_the_event_is_sent_again() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let mut client = settle(&stage, &mut link, &[]).await;
    link.publish(event("rang")).await;
    assert_eq!(client.message().await.1, "rang");
    let mut client = stage.ready_client(&[]).await;
    link.connected().await;
    client.answer_subscribe().await;
    link.outbox.greet().await;
    assert_eq!(client.message().await.1, "online");
    // it is not the first to be told: this one lets it out
    link.publish(event("then")).await;
    let (_, payload, id) = client.message().await;
    assert_eq!(payload, "rang");
    let (_, payload, next) = client.message().await;
    assert_eq!(payload, "then");
    // Acknowledged in the same breath as the end: not again.
    let [one, two] = [id, next].map(u16::to_be_bytes);
    client.send(&[[0x40, 2], one, [0x40, 2], two, [0xE0, 2], [0x8B, 0]].concat()).await;
    drop(client);
    let mut client = settle(&stage, &mut link, &[]).await;
    link.publish(state("next")).await;
    assert_eq!(client.message().await.1, "next");
    link.stop().await;
}

#[tokio::test]
async fn keeps_to_a_receive_maximum_of_one() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let mut client = settle(&stage, &mut link, &[0x21, 0, 1]).await;
    for number in 0..20 {
        link.publish(event(&number.to_string())).await;
    }
    for number in 0..20 {
        let (_, payload, id) = client.message().await;
        assert_eq!(payload, number.to_string());
        let early = tokio::time::timeout(Duration::from_millis(5), client.read()).await;
        assert!(early.is_err(), "another before the acknowledgement: {early:?}");
        client.acknowledge(id).await;
    }
    link.stop().await;
}

#[tokio::test]
async fn acknowledgements_in_any_order_stop_nothing() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let mut client = settle(&stage, &mut link, &[]).await;
    for number in 0..80 {
        link.publish(event(&number.to_string())).await;
    }
    for round in 0..5 {
        let mut ids = Vec::new();
        for number in 0..16 {
            let (_, payload, id) = client.message().await;
            assert_eq!(payload, (round * 16 + number).to_string());
            assert!(!ids.contains(&id), "id {id} twice");
            ids.push(id);
        }
        for id in ids.iter().rev() {
            client.acknowledge(*id).await;
        }
    }
    link.stop().await;
}

#[tokio::test]
async fn a_message_too_large_for_the_broker_is_dropped_alone() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let mut client = settle(&stage, &mut link, &[0x27, 0, 0, 0, 200]).await;
    for _ in 0..3 {
        link.publish(event(&"x".repeat(300))).await;
        link.publish(state(&"x".repeat(300))).await;
    }
    link.publish(event("small")).await;
    assert_eq!(client.message().await.1, "small", "on the same connection");
    link.stop().await;
}

#[tokio::test]
async fn a_flood_over_a_slow_broker_arrives_whole() {
    let stage = ScriptedBroker::open().await;
    let patience = Patience { stall: Duration::from_secs(8), ..quick() };
    let mut link = Running::start_with(&options(stage.address), patience);
    let mut client = settle(&stage, &mut link, &[]).await;
    let (outbox, long) = (link.outbox.clone(), "x".repeat(4000));
    let flood = tokio::spawn(async move {
        for number in 0..5000 {
            outbox.publish(state(&format!("{number} {long}"))).await;
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!flood.is_finished(), "it has to wait: 20 MB are kept nowhere");
    for number in 0..5000 {
        let (_, payload, _) = client.message().await;
        assert!(payload.starts_with(&format!("{number} ")));
    }
    within("the flood", flood).await.unwrap();
    link.stop().await;
}

#[tokio::test]
async fn a_broker_that_no_longer_reads_is_given_up() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let deaf = settle(&stage, &mut link, &[]).await;
    let (outbox, long) = (link.outbox.clone(), "x".repeat(4000));
    let flood = tokio::spawn(async move {
        for _ in 0..5000 {
            outbox.publish(state(&long)).await;
        }
    });
    let mut client = stage.ready_client(&[]).await;
    drop(deaf);
    link.connected().await;
    let mut asked = false;
    while !asked || !flood.is_finished() {
        if let Packet::Subscribe { id, filters } = client.next().await {
            client.grant(id, filters.len()).await;
            asked = true;
        }
    }
    link.stop.cancel();
    while client.read().await.is_some() {}
    within("the link to stop", link.task).await.unwrap();
}

#[tokio::test]
async fn a_bridge_that_does_not_listen_holds_nothing_up() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let mut client = settle(&stage, &mut link, &[]).await;
    for number in 0..5000 {
        client.publish("b/phone/command/dial", &number.to_string()).await;
    }
    link.publish(state("still here")).await;
    assert_eq!(client.message().await.1, "still here");
    drop(client);
    let mut client = stage.ready_client(&[]).await;
    for number in 0..4096 {
        assert_eq!(link.message().await, command(&number.to_string(), false));
    }
    link.connected().await;
    client.answer_subscribe().await;
    link.stop().await;
}

#[tokio::test]
async fn a_stop_without_acknowledgements_ends_soon_and_leaves_the_will_to_the_broker() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let mut client = settle(&stage, &mut link, &[]).await;
    link.publish(event("rang")).await;
    assert_eq!(client.message().await.1, "rang");
    let started = Instant::now();
    link.stop().await;
    assert!(started.elapsed() < Duration::from_millis(900));
    assert_eq!(client.message().await.1, "offline");
    assert_eq!(client.read().await, None, "no DISCONNECT, so that the broker sends the will");
}

#[tokio::test]
async fn a_clean_stop_disconnects_after_the_acknowledgements() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let mut client = settle(&stage, &mut link, &[]).await;
    link.publish(event("rang")).await;
    link.stop.cancel();
    for expected in ["rang", "offline"] {
        let (_, payload, id) = client.message().await;
        assert_eq!(payload, expected);
        client.acknowledge(id).await;
    }
    assert_eq!(client.next().await, Packet::Disconnect { reason: 0 });
    drop(client);
    within("the link to stop", link.task).await.unwrap();
}

#[tokio::test]
async fn stops_at_once_while_there_is_no_broker() {
    let stage = ScriptedBroker::open().await;
    let address = stage.address;
    drop(stage);
    let link = Running::start(address);
    link.publish(event("rang")).await;
    let started = Instant::now();
    link.stop().await;
    assert!(started.elapsed() < Duration::from_millis(300));
}

#[tokio::test]
async fn a_keep_alive_of_zero_is_no_storm_of_pings() {
    let stage = ScriptedBroker::open().await;
    let mut link = Running::start(stage.address);
    let mut client = stage.client().await;
    client.accept(&[0x13, 0, 0]).await;
    let mut pings = 0;
    loop {
        match client.next().await {
            Packet::Subscribe { id, filters } => {
                client.grant(id, filters.len()).await;
                if filters.len() > 1 {
                    link.connected().await;
                    link.publish(state("1")).await;
                }
            }
            Packet::Ping => {
                pings += 1;
                client.send(&[0xD0, 0]).await;
            }
            Packet::Publish { payload, .. } => break assert_eq!(payload, b"1"),
            other @ (Packet::Connect
            | Packet::Unsubscribe { .. }
            | Packet::Disconnect { .. }
            | Packet::Other(_)) => panic!("{other:?}"),
        }
    }
    assert!(pings <= 1, "the one that rumqttc had begun");
    link.stop().await;
}
