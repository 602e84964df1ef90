//! What rumqttc says, in our words; belongs to `connection`.

use rumqttc::{
    ConnectionError, Event as Polled, MqttOptions, Outgoing, Packet, PubAck, StateError, SubAck,
};

use super::event::ConnectionEvent;
use super::reason::Reason;
use super::{dial, sieve};

/// The connection was taken over by another client with our id.
const TAKEN_OVER: u8 = 0x8E;

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is a sign of life, whatever it is")]
pub(super) fn translate(happened: Polled) -> ConnectionEvent {
    match happened {
        Polled::Incoming(Packet::Publish(publish)) => ConnectionEvent::Message {
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            payload: publish.payload.to_vec(),
            retained: publish.retain,
        },
        Polled::Incoming(Packet::PubAck(PubAck { pkid, properties, .. })) => {
            let codes = codes(properties.and_then(|properties| properties.reason_string));
            ConnectionEvent::Acknowledged { id: pkid, refusal: codes.first().copied() }
        }
        Polled::Incoming(Packet::SubAck(SubAck { return_codes, properties, .. })) => {
            let mut codes = codes(properties.and_then(|properties| properties.reason_string));
            codes.resize(return_codes.len(), 0);
            // up to 2 it is the QoS that was granted
            ConnectionEvent::Subscribed(
                codes.into_iter().map(|code| (code > 2).then_some(code)).collect(),
            )
        }
        Polled::Incoming(Packet::UnsubAck(_)) => ConnectionEvent::Unsubscribed,
        Polled::Outgoing(Outgoing::Publish(id)) => ConnectionEvent::Written(id),
        Polled::Outgoing(Outgoing::Subscribe(_) | Outgoing::Unsubscribe(_)) => {
            ConnectionEvent::Written(0)
        }
        Polled::Outgoing(Outgoing::Disconnect) => ConnectionEvent::SaidGoodbye,
        Polled::Outgoing(_) => ConnectionEvent::Pinged,
        _ => ConnectionEvent::Alive,
    }
}

fn codes(reason_string: Option<String>) -> Vec<u8> {
    reason_string.map(|text| sieve::codes(&text)).unwrap_or_default()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rest is a broken connection, whatever broke it"
)]
pub(super) fn reason(error: &ConnectionError, opened: bool, options: &MqttOptions) -> Reason {
    use rumqttc::Error as Malformed;
    let said = match error {
        ConnectionError::Io(error)
        | ConnectionError::MqttState(
            StateError::Io(error) | StateError::Deserialization(Malformed::Io(error)),
        ) => dial::of_error(error, opened),
        ConnectionError::Timeout(_) => Reason::NoAnswer(options.connect_timeout()),
        ConnectionError::MqttState(StateError::ConnectionAborted) if opened => {
            Reason::ClosedByBroker
        }
        ConnectionError::MqttState(StateError::ConnectionAborted) => Reason::ClosedEarly,
        ConnectionError::MqttState(StateError::AwaitPingResp) => {
            Reason::Broken("the broker no longer answers".to_owned())
        }
        error if opened => Reason::Broken(error.to_string()),
        error => Reason::NotMqtt5(error.to_string()),
    };
    match said {
        Reason::Ended(TAKEN_OVER) => Reason::TakenOver(options.client_id()),
        said => said,
    }
}
