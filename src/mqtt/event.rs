//! What a connection reports, in our own types: nothing of rumqttc beyond `connection` and `translation`.

use super::reason::Reason;

/// What happens on a connection.
#[derive(Debug)]
pub(super) enum ConnectionEvent {
    Opened(Limits),
    /// SUBACK: for each filter the reason code of a refusal, if it was refused.
    Subscribed(Vec<Option<u8>>),
    Unsubscribed,
    Message {
        topic: String,
        payload: Vec<u8>,
        retained: bool,
    },
    /// A request was written; a message with this packet id, or 0.
    Written(u16),
    /// A message was acknowledged; perhaps with the reason code of a refusal.
    Acknowledged {
        id: u16,
        refusal: Option<u8>,
    },
    SaidGoodbye,
    /// A ping was sent.
    Pinged,
    /// A sign of life of the broker.
    Alive,
    Closed(Reason),
}

/// What the broker allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) receive_maximum: u16,
    pub(super) packet: usize,
    /// Whether it keeps retained messages.
    pub(super) retain: bool,
    /// Whether it takes more than `QoS` 0.
    pub(super) qos: bool,
}

impl Limits {
    /// Returns the reason code that the broker should have refused us with: without retained messages or `QoS` 1 the bridge is
    /// no use, and some brokers let it in all the same.
    pub(super) fn lacks(&self) -> Option<u8> {
        if !self.retain {
            return Some(0x9A);
        }
        (!self.qos).then_some(0x9B)
    }
}
