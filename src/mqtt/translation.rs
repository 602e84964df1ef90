//! What rumqttc says, in our words; belongs to `connection`.

use std::time::Duration;

use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::v5::{
    ConnectReturnCode as Code, DisconnectReasonCode, Packet, PubAckReason, SubscribeReasonCode,
};
use rumqttc::v5::{ConnectionError, Event as Polled, MqttOptions, StateError, TlsError};

use super::Reason;
use super::connection::Event;

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is a sign of life, whatever it is")]
pub(super) fn translate(happened: Polled) -> Event {
    match happened {
        Polled::Incoming(Packet::Publish(publish)) => Event::Message {
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            payload: publish.payload.to_vec(),
            retained: publish.retain,
        },
        Polled::Incoming(Packet::PubAck(ack)) => {
            let fine =
                matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers);
            Event::Acknowledged {
                id: ack.pkid,
                refusal: (!fine).then(|| format!("{:?}", ack.reason)),
            }
        }
        Polled::Incoming(Packet::SubAck(ack)) => {
            let refusal = |code: &SubscribeReasonCode| match code {
                SubscribeReasonCode::Success(_) => None,
                code => Some(format!("{code:?}")),
            };
            Event::Subscribed(ack.return_codes.iter().map(refusal).collect())
        }
        Polled::Incoming(Packet::UnsubAck(_)) => Event::Unsubscribed,
        Polled::Outgoing(Outgoing::Publish(id)) => Event::Written(id),
        Polled::Outgoing(Outgoing::Subscribe(_) | Outgoing::Unsubscribe(_)) => Event::Written(0),
        Polled::Outgoing(Outgoing::Disconnect) => Event::SaidGoodbye,
        _ => Event::Alive,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rest is a broken connection, whatever broke it"
)]
pub(super) fn reason(
    error: &ConnectionError,
    opened: bool,
    after: Duration,
    options: &MqttOptions,
) -> Reason {
    use rumqttc::v5::mqttbytes::Error as Malformed;
    match error {
        ConnectionError::Timeout(_) => Reason::NoAnswer(Duration::from_secs(after.as_secs())),
        ConnectionError::Tls(TlsError::Io(error)) | ConnectionError::Io(error) => {
            io_reason(error, opened)
        }
        ConnectionError::Tls(error) => Reason::Tls(error.to_string()),
        ConnectionError::ConnectionRefused(code) => Reason::Refused(refusal_code(*code)),
        ConnectionError::NotConnAck(_) => Reason::NotMqtt5("not a CONNACK".to_owned()),
        ConnectionError::MqttState(error) => match error {
            StateError::ServerDisconnect {
                reason_code: DisconnectReasonCode::SessionTakenOver,
                ..
            } => Reason::TakenOver(options.client_id()),
            StateError::ServerDisconnect { reason_code, .. } => Reason::Ended(*reason_code as u8),
            StateError::Io(error) | StateError::Deserialization(Malformed::Io(error)) => {
                io_reason(error, opened)
            }
            StateError::ConnectionAborted if !opened => Reason::ClosedEarly,
            StateError::ConnectionAborted => Reason::ClosedByBroker,
            StateError::AwaitPingResp => Reason::Broken("the broker no longer answers".to_owned()),
            StateError::Deserialization(error) if !opened => Reason::NotMqtt5(error.to_string()),
            error => Reason::Broken(error.to_string()),
        },
        error @ ConnectionError::RequestsDone => Reason::Broken(error.to_string()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "there are dozens, and more to come")]
fn io_reason(error: &std::io::Error, opened: bool) -> Reason {
    use std::io::ErrorKind;
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Reason::Tls(error.to_string());
    }
    let text = error.to_string();
    match error.kind() {
        _ if opened => Reason::Broken(text),
        _ if text.contains("lookup address") || text.contains("could not resolve") => {
            Reason::NameNotFound(text)
        }
        ErrorKind::ConnectionRefused => Reason::NobodyListens,
        // What tokio-util calls an end in the middle of a packet.
        _ if text.contains("bytes remaining") => Reason::NotMqtt5("it ends too early".to_owned()),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            Reason::ClosedEarly
        }
        _ => Reason::Unreachable(text),
    }
}

/// The reason code on the wire, which rumqttc keeps to itself.
fn refusal_code(code: Code) -> u8 {
    match code {
        Code::Success => 0x00,
        Code::UnspecifiedError => 0x80,
        Code::MalformedPacket => 0x81,
        Code::ProtocolError => 0x82,
        Code::ImplementationSpecificError => 0x83,
        Code::UnsupportedProtocolVersion | Code::RefusedProtocolVersion => 0x84,
        Code::ClientIdentifierNotValid | Code::BadClientId => 0x85,
        Code::BadUserNamePassword => 0x86,
        Code::NotAuthorized => 0x87,
        Code::ServerUnavailable | Code::ServiceUnavailable => 0x88,
        Code::ServerBusy => 0x89,
        Code::Banned => 0x8A,
        Code::BadAuthenticationMethod => 0x8C,
        Code::TopicNameInvalid => 0x90,
        Code::PacketTooLarge => 0x95,
        Code::QuotaExceeded => 0x97,
        Code::PayloadFormatInvalid => 0x99,
        Code::RetainNotSupported => 0x9A,
        Code::QoSNotSupported => 0x9B,
        Code::UseAnotherServer => 0x9C,
        Code::ServerMoved => 0x9D,
        Code::ConnectionRateExceeded => 0x9F,
    }
}
