//! Over a real broker in this process, judged by another client library.

use std::time::Duration;

use gxv2mqtt::domain::contract::topic::Delivery;
use gxv2mqtt::mqtt::{BrokerOptions, ClientCertificate, Notice, Patience, Tls, Trial, probe};
use mqtt5::broker::config::TlsConfig;
use tokio::time::Instant;

use crate::support::broker::{Broker, Proxy, ReferenceClient};
use crate::support::link::{Running, command, event, message, options, quick, said, state};

/// Months of a bad network in seconds.
#[tokio::test]
#[ignore = "takes 30 s"]
async fn holds_while_the_network_comes_and_goes() {
    let broker = Broker::start().await;
    let proxy = Proxy::before(broker.address).await;
    let mut reference = ReferenceClient::connect(broker.address, "reference").await;
    reference.listen("b/event").await;
    let patience = Patience { event: Duration::from_hours(1), ..quick() };
    let mut link = Running::start_with(&options(proxy.address), patience);
    let (outbox, heard) = (link.outbox.clone(), &mut link.heard);
    let (mut connected, mut away, mut commands) = (0, 0, 0);
    let greeter = outbox.clone();
    let listener = async {
        while let Some(heard) = heard.recv().await {
            match heard {
                Notice::Connected => {
                    connected += 1;
                    greeter.greet().await;
                }
                Notice::Away => away += 1,
                Notice::Listening => {}
                Notice::Message { .. } => commands += 1,
            }
        }
    };
    let story = async {
        let end = Instant::now() + Duration::from_secs(30);
        let mut number = 0_u32;
        while Instant::now() < end {
            proxy.cut();
            let pause = Instant::now() + Duration::from_millis(fastrand::u64(1..400));
            while Instant::now() < pause {
                outbox.publish(event(&number.to_string())).await;
                outbox.publish(state(&number.to_string())).await;
                number += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            reference.publish("b/phone/command/dial", "1001", false).await;
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
        // one that happens when all is well again lets out those that waited for subscribers
        tokio::time::sleep(Duration::from_millis(500)).await;
        outbox.publish(event(&number.to_string())).await;
        number += 1;
        let (mut expected, mut repeated) = (0, 0);
        while expected < number {
            let got: u32 = reference.next().await.1.parse().unwrap();
            assert!(got <= expected, "{expected} is missing before {got}");
            if got == expected { expected += 1 } else { repeated += 1 }
        }
        (number, repeated)
    };
    let (events, repeated) = tokio::select! {
        () = listener => panic!("the link ended"),
        counts = story => counts,
    };
    let counts = format!(
        "{events} events, {repeated} repeated, {connected} connections, {commands} commands"
    );
    assert!(connected > 30 && commands > 30, "{counts}");
    assert!(away == connected || away + 1 == connected, "{away} times away; {counts}");
    link.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn carries_both_ways_and_leaves_in_order() {
    let broker = Broker::start().await;
    let mut reference = ReferenceClient::connect(broker.address, "reference").await;
    reference.publish("b/phone/command/dial", "stale", true).await;
    let mut link = Running::start(broker.address);
    link.greeted().await;
    reference.listen("b/bridge/#").await;
    reference.listen("b/event").await;
    reference.listen("b/state").await;
    reference.until("b/bridge/state", "online").await;
    link.publish(state("1")).await;
    link.publish(event("rang")).await;
    let mut both = [reference.next().await, reference.next().await];
    both.sort();
    assert_eq!(both, [said("b/event", "rang"), said("b/state", "1")]);

    reference.publish("b/phone/command/dial", "1001", false).await;
    reference.publish("b/phone/command/dial", "retained", true).await;
    assert_eq!(link.message().await, command("1001", false), "and nothing stale before it");
    assert_eq!(link.message().await, command("retained", true));

    for payload in ["a", "b", "c"] {
        link.publish(event(payload)).await;
    }
    link.stop().await;
    let mut last = Vec::new();
    while last.last() != Some(&said("b/bridge/state", "offline")) {
        last.push(reference.next().await);
    }
    let events = ["a", "b", "c"].map(|payload| said("b/event", payload));
    assert_eq!(last[..3], events);
    reference.publish("b/event", "end", false).await;
    assert_eq!(reference.until("b/event", "end").await, [], "no last will after a clean stop");
    broker.stop().await;
}

#[tokio::test]
async fn comes_back_after_a_cut_and_keeps_events_only() {
    let broker = Broker::start().await;
    let proxy = Proxy::before(broker.address).await;
    let mut reference = ReferenceClient::connect(broker.address, "reference").await;
    reference.listen("b/#").await;
    let mut link = Running::start(proxy.address);
    link.greeted().await;
    reference.until("b/bridge/state", "online").await;

    proxy.cut();
    link.greeted().await;
    reference.until("b/bridge/state", "offline").await;
    reference.until("b/bridge/state", "online").await;

    proxy.close();
    reference.until("b/bridge/state", "offline").await;
    for number in 0..2000 {
        link.publish(state(&number.to_string())).await;
    }
    link.publish(event("missed")).await;
    proxy.open();
    link.greeted().await;
    link.publish(state("fresh")).await;
    let mut others = reference.until("b/state", "fresh").await;
    // it waits until the states are published, and for subscribers; one that comes after it lets it out
    link.publish(event("now")).await;
    // this broker does not keep messages of different qos in order
    while others.len() < 3 {
        others.push(reference.next().await);
    }
    let expected =
        [said("b/bridge/state", "online"), said("b/event", "missed"), said("b/event", "now")];
    assert_eq!(others, expected);
    reference.publish("b/phone/command/dial", "1001", false).await;
    assert_eq!(link.message().await, command("1001", false));
    link.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn comes_back_after_a_restart_of_the_broker() {
    let broker = Broker::start().await;
    let mut link = Running::start(broker.address);
    link.greeted().await;
    let address = broker.address;
    broker.stop().await;
    link.publish(event("meanwhile")).await;
    let broker = Broker::start_at(address, None).await;
    let mut reference = ReferenceClient::connect(broker.address, "reference").await;
    reference.listen("b/#").await;
    link.greeted().await;
    link.publish(state("1")).await;
    reference.until("b/state", "1").await;
    link.stop().await;
    reference.until("b/bridge/state", "offline").await;
    broker.stop().await;
}

#[tokio::test]
async fn says_online_again_when_somebody_says_offline() {
    let broker = Broker::start().await;
    let mut reference = ReferenceClient::connect(broker.address, "reference").await;
    let mut link = Running::start(broker.address);
    link.greeted().await;
    reference.listen("b/bridge/state").await;
    reference.until("b/bridge/state", "online").await;
    reference.publish("b/bridge/state", "offline", true).await;
    reference.until("b/bridge/state", "offline").await;
    assert_eq!(reference.next().await, said("b/bridge/state", "online"));
    link.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn retained_messages_come_only_where_wanted_and_after_connected() {
    let broker = Broker::start().await;
    let reference = ReferenceClient::connect(broker.address, "reference").await;
    reference.publish("discovery/old/config", "{}", true).await;
    let mut link = Running::start(broker.address);
    link.greeted().await;
    let expected = ("discovery/old/config".to_owned(), "{}".to_owned(), true);
    assert_eq!(link.message().await, expected);
    link.outbox.unsubscribe(vec!["discovery/+/config".to_owned()]).await;
    link.publish(event("after the answer")).await;
    let mut recorders = ReferenceClient::connect(broker.address, "recorders").await;
    recorders.listen("b/bridge/state").await;
    reference.publish("b/bridge/state", "offline", false).await;
    recorders.until("b/bridge/state", "offline").await;
    recorders.until("b/bridge/state", "online").await;
    reference.publish("discovery/new/config", "{}", true).await;
    reference.publish("b/phone/command/dial", "1001", false).await;
    assert_eq!(link.message().await, command("1001", false), "and no more discovery");
    link.stop().await;
    broker.stop().await;
}

#[tokio::test]
async fn a_probe_leaves_the_running_link_alone() {
    let broker = Broker::start().await;
    let mut link = Running::start(broker.address);
    link.greeted().await;
    let trial = Trial {
        filters: vec!["b/+/command/+".to_owned()],
        topics: vec![message("b/kitchen/check", "check", Delivery::Event)],
        echo: "b/bridge/response/check".to_owned(),
        largest: 20_000,
    };
    let probed = probe(&options(broker.address), &trial).await.unwrap();
    assert_eq!(probed.refused, []);
    while let Some(news) = link.heard.try_recv() {
        assert_eq!(news, Notice::Listening);
    }
    link.stop().await;
    broker.stop().await;
}

/// A CA, a certificate signed by it with its key, and the CA's, all as PEM.
fn certificates(name: &str) -> (String, String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(params, key);
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    (ca.pem(), leaf.pem(), leaf_key.serialize_pem())
}

#[tokio::test]
async fn speaks_tls_with_a_private_ca_and_a_client_certificate() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let files = tempfile::tempdir().unwrap();
    let write = |name: &str, pem: &str| {
        std::fs::write(files.path().join(name), pem).unwrap();
        files.path().join(name)
    };
    let (server_ca, server, server_key) = certificates("localhost");
    let (client_ca, client, client_key) = certificates("bridge");
    let tls = TlsConfig::new(write("server.pem", &server), write("server.key", &server_key))
        .with_ca_file(write("client-ca.pem", &client_ca))
        .with_require_client_cert(true)
        .with_bind_addresses(vec!["127.0.0.1:0".parse().unwrap()]);
    let broker = Broker::start_at("127.0.0.1:0".parse().unwrap(), Some(tls)).await;
    let certificate =
        ClientCertificate { certificate: client.into_bytes(), key: client_key.into() };
    let mut options = options(broker.tls_address.unwrap());
    options.host = "localhost".to_owned();
    options.tls = Some(Tls {
        ca: Some(server_ca.clone().into_bytes()),
        client: Some(certificate),
        ..Tls::default()
    });
    let mut link = Running::start_with(&options, quick());
    link.greeted().await;
    let mut reference = ReferenceClient::connect(broker.address, "reference").await;
    reference.listen("b/state").await;
    link.publish(state("secret")).await;
    reference.until("b/state", "secret").await;
    link.stop().await;

    for (tls, expected) in [
        (Tls { ca: Some(server_ca.into_bytes()), ..Tls::default() }, "mqtt.client_cert_file"),
        (Tls { ca: Some(client_ca.into_bytes()), ..Tls::default() }, "mqtt.ca_file"),
    ] {
        let without = BrokerOptions { tls: Some(tls), ..options.clone() };
        let error = probe(&without, &Trial::default()).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    broker.stop().await;
}
