//! Why there is no broker, in words that say what to fix.

use std::time::Duration;

/// Why a connection failed or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The host's name has no address.
    #[error("the broker's name cannot be resolved ({0}): check the host in mqtt.url")]
    NameNotFound(String),
    /// Nobody listens there.
    #[error(
        "the connection was refused: check that the broker runs, and the host and port in mqtt.url"
    )]
    NobodyListens,
    /// The network says no.
    #[error("the broker cannot be reached ({0}): check mqtt.url and the network")]
    Unreachable(String),
    /// Nothing came back in time.
    #[error(
        "the broker did not answer within {0:?}: check mqtt.url, the network, whether the broker speaks MQTT 5 (not only \
         3.1.1), and whether the port wants TLS or is one for WebSockets"
    )]
    NoAnswer(Duration),
    /// The TLS handshake failed.
    #[error("TLS failed ({0}): {hint}", hint = tls_hint(.0))]
    Tls(String),
    /// Closed before it said anything.
    #[error(
        "the broker closed the connection without an answer: check that it speaks MQTT 5 (Mosquitto does from 1.6 on), \
         and whether the port wants TLS (mqtts://)"
    )]
    ClosedEarly,
    /// A web server, or a broker's port for web sockets.
    #[error(
        "HTTP answers there, and not MQTT: is it the broker's port for WebSockets? mqtt.url wants the one for MQTT itself \
         (mostly 1883, or 8883 with TLS)"
    )]
    Http,
    /// A TLS alert came in answer to a CONNECT without TLS.
    #[error("the port wants TLS: set mqtts:// in mqtt.url")]
    WantsTls,
    /// The answer makes no sense.
    #[error(
        "the answer is not MQTT 5 ({0}): check that mqtt.url names a broker that speaks MQTT 5"
    )]
    NotMqtt5(String),
    /// CONNACK with a reason code.
    #[error("the broker refused the connection: {}", refusal(*.0))]
    Refused(u8),
    /// DISCONNECT 0x8E.
    #[error(
        "another client uses client_id `{0}` and took the connection over: give each its own mqtt.client_id"
    )]
    TakenOver(String),
    /// DISCONNECT with any other reason code.
    #[error("the broker ended the connection: {}", meaning(*.0))]
    Ended(u8),
    /// Closed without a word.
    #[error("the broker closed the connection")]
    ClosedByBroker,
    /// The connection broke.
    #[error("the connection broke ({0})")]
    Broken(String),
    /// Connected, but no progress.
    #[error("the broker is connected, but there was no progress for {0:?}")]
    Stalled(Duration),
}

impl Reason {
    /// Returns `true` if somebody has to fix something before another try is worthwhile.
    pub(super) fn needs_fixing(&self) -> bool {
        match self {
            // not available, busy, over a quota, too many connections: it passes
            Self::Refused(code) => !matches!(code, 0x88 | 0x89 | 0x97 | 0x9F),
            Self::Tls(_) | Self::Http | Self::WantsTls | Self::NotMqtt5(_) => true,
            Self::NameNotFound(_)
            | Self::NobodyListens
            | Self::Unreachable(_)
            | Self::NoAnswer(_)
            | Self::ClosedEarly
            | Self::TakenOver(_)
            | Self::Ended(_)
            | Self::ClosedByBroker
            | Self::Broken(_)
            | Self::Stalled(_) => false,
        }
    }
}

fn tls_hint(problem: &str) -> &'static str {
    if problem.contains("InvalidContentType") || problem.contains("corrupt message") {
        "the port does not speak TLS; mqtts:// in mqtt.url wants one that does"
    } else if problem.contains("UnknownIssuer") {
        "set mqtt.ca_file to the CA that signed the broker's certificate"
    } else if problem.contains("not valid for name") || problem.contains("NotValidForName") {
        "the host in mqtt.url has to be a name in the broker's certificate"
    } else if problem.contains("fatal alert") {
        "the broker did not accept us; check mqtt.client_cert_file and mqtt.client_key_file"
    } else {
        "check the broker's certificate, mqtt.ca_file and the clock of this machine"
    }
}

/// What a reason code of CONNACK means, and what to fix.
fn refusal(code: u8) -> String {
    let text = match code {
        0x80 => "no reason given",
        0x81 | 0x82 => "it takes our CONNECT for malformed",
        0x84 => "it does not speak MQTT 5; use one that does (Mosquitto does from 1.6 on)",
        0x85 => "mqtt.client_id is not valid there",
        0x86 => "bad user name or password; check mqtt.username and mqtt.password_file",
        0x87 => {
            "not authorised; check mqtt.username and mqtt.password (Mosquitto says this of a wrong password, too), and what the \
             broker allows this user and mqtt.client_id"
        }
        0x88 => "it is not available now",
        0x89 => "it is busy",
        0x8A => "this client is banned; check mqtt.client_id and the broker's settings",
        0x8C => "it wants another way to log in than user name and password",
        0x90 => {
            "the topic of the last will is not allowed; check mqtt.base_topic and what the broker allows this user"
        }
        0x95 => "our CONNECT is too large for it",
        0x97 => "a quota is used up; check the broker's limits for this user",
        0x9A => "it does not keep retained messages, which this bridge needs",
        0x9B => "it does not support QoS 1, which this bridge needs",
        0x9C | 0x9D => "it sends us to another server; set mqtt.url to that one",
        0x9F => "too many connections in a short time",
        _ => return format!("reason code {code:#04x}"),
    };
    text.to_owned()
}

/// What a reason code means that ends a connection, or refuses a message or a subscription.
pub(super) fn meaning(code: u8) -> String {
    let text = match code {
        0x00 => "it closed it normally",
        0x80 => "no reason given",
        0x81 | 0x82 => "it takes a message of ours for malformed",
        0x83 => "for a reason of its own; see its log",
        0x87 => "not authorised; check what the broker allows this user",
        0x89 => "it is busy",
        0x8B => "it is shutting down",
        0x8D => "it did not hear from us in time",
        0x8F | 0x90 => "the broker does not allow this topic; check mqtt.base_topic",
        0x93 => "it got more unacknowledged messages than it allows",
        0x95 => "too large for the broker; raise the size of messages that it allows",
        0x96 => "too many messages in a short time",
        0x97 => "a quota is used up; check the broker's limits for this user",
        0x98 => "its administrator closed it",
        0x9A => "it does not keep retained messages, which this bridge needs",
        0x9B => "it does not support QoS 1, which this bridge needs",
        0x9C | 0x9D => "it sends us to another server; set mqtt.url to that one",
        0xA2 => "it does not allow filters with + or #, which this bridge needs",
        _ => return format!("reason code {code:#04x}"),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_to_mend() {
        let cases = [
            (Reason::Refused(0x86), "mqtt.password_file"),
            (Reason::Refused(0x87), "mqtt.username"),
            (Reason::Refused(0x85), "mqtt.client_id"),
            (Reason::Refused(0x84), "does not speak MQTT 5"),
            (Reason::Refused(0xEE), "reason code 0xee"),
            (Reason::TakenOver("gxv2mqtt".to_owned()), "another client uses client_id `gxv2mqtt`"),
            (Reason::Tls("invalid peer certificate: UnknownIssuer".to_owned()), "mqtt.ca_file"),
            (Reason::Ended(0x8B), "shutting down"),
            (Reason::NoAnswer(Duration::from_secs(10)), "within 10s"),
        ];
        for (reason, expected) in cases {
            assert!(reason.to_string().contains(expected), "{reason}");
        }
    }
}
