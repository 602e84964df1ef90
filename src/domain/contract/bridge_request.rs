//! Requests to the bridge itself, and what they are answered with: in the manner of zigbee2mqtt.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::command::arguments::Arguments;
use crate::domain::telephony::PhoneId;
use crate::domain::text::short;

/// The key of what the response repeats.
const TRANSACTION: &str = "transaction";
/// How long a phone may be paused: not for ever by mistake.
const PAUSES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(12);
/// How long it is paused, if nobody says.
const PAUSE: Duration = Duration::from_mins(15);

/// Something that is asked of the bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BridgeRequest {
    /// What it is, and which phones it has.
    Info,
    /// Whether all is well.
    Health,
    /// To read the settings again.
    Reload,
    /// To announce everything to Home Assistant, and to publish all states, again.
    Rediscover,
    /// To ask nothing of a phone.
    Pause {
        /// Which.
        phone: PhoneId,
        /// For how long.
        time: Duration,
    },
    /// To ask it again.
    Resume {
        /// Which.
        phone: PhoneId,
    },
}

/// A row of the table of requests.
#[derive(Debug)]
pub struct BridgeRequestRow {
    /// The name, the last level of its topic.
    pub name: &'static str,
    /// What a bare payload means, and the same argument's name in JSON.
    pub main: Option<&'static str>,
    /// The other arguments in JSON.
    pub others: &'static [&'static str],
    /// What it does, for people.
    pub help: &'static str,
    build: fn(&Arguments) -> Result<BridgeRequest, String>,
}

/// Every request.
pub const BRIDGE_REQUESTS: &[BridgeRequestRow] = &[
    BridgeRequestRow {
        name: "info",
        main: None,
        others: &[],
        help: "`version`, `started_at`, and `phones`, a list: `id`, `name`, `url`, `dialect`, `model`, `firmware`, `availability`, `problem`, `paused_until`",
        build: |_| Ok(BridgeRequest::Info),
    },
    BridgeRequestRow {
        name: "health",
        main: None,
        others: &[],
        help: "`healthy`, and if not, `reasons`; `uptime_seconds`, `memory_bytes`, `broker` {`connected_since`, `lost_events`, `lost_messages`}, and `phones`, a list: `id`, `problem`, `answered_seconds_ago`, `paused_until`",
        build: |_| Ok(BridgeRequest::Health),
    },
    BridgeRequestRow {
        name: "reload",
        main: None,
        others: &[],
        help: "Reads the settings again: phones are added, removed and restarted, and the others go on; returns `added`, `changed`, `removed`, `unchanged` (ids), and `needs_restart`, the sections whose changes wait for a restart; with a mistake in the settings nothing changes",
        build: |_| Ok(BridgeRequest::Reload),
    },
    BridgeRequestRow {
        name: "rediscover",
        main: None,
        others: &[],
        help: "Announces all devices to Home Assistant again, and publishes all states again",
        build: |_| Ok(BridgeRequest::Rediscover),
    },
    BridgeRequestRow {
        name: "pause",
        main: Some("phone"),
        others: &["for"],
        help: "Asks nothing of this phone, so that a person can have its only web session, until `resume`, or for a time (such as `\"1h\"`, up to 12 hours; 15 minutes if not given); returns `phone` and `until`",
        build: pause,
    },
    BridgeRequestRow {
        name: "resume",
        main: Some("phone"),
        others: &[],
        help: "Ends the pause of a phone, and reads it at once; returns `phone`",
        build: |arguments| Ok(BridgeRequest::Resume { phone: phone(arguments)? }),
    },
];

/// The longest error of a response, in characters: it may repeat what somebody sent.
const WORDS: usize = 1000;

/// Whom to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The name of the request, as the topic spells it.
    pub name: String,
    transaction: Option<Value>,
}

impl Asker {
    /// Returns the payload of the response.
    pub fn response(&self, outcome: &Result<Value, String>) -> String {
        let mut response = match outcome {
            Ok(data) => json!({ "status": "ok", "data": data }),
            Err(error) => json!({ "status": "error", "data": {}, "error": short(error, WORDS) }),
        };
        if let Some(transaction) = &self.transaction {
            response[TRANSACTION] = transaction.clone();
        }
        response.to_string()
    }
}

/// Reads a message on a request's topic; the asker is there to be answered whatever comes of it.
pub fn parse(name: &str, payload: &[u8], retained: bool) -> (Asker, Result<BridgeRequest, String>) {
    let mut asker = Asker { name: name.to_owned(), transaction: None };
    let mut arguments = match Arguments::parse(payload, TRANSACTION) {
        Ok(arguments) => arguments,
        Err(message) => return (asker, Err(message)),
    };
    asker.transaction = arguments.id.take();
    let request = if retained {
        let why = "a retained message is never obeyed: publish requests without the retain flag";
        Err(why.to_owned())
    } else {
        request(name, arguments)
    };
    (asker, request)
}

fn request(name: &str, mut arguments: Arguments) -> Result<BridgeRequest, String> {
    let Some(row) = BRIDGE_REQUESTS.iter().find(|row| row.name == name) else {
        let names: Vec<_> = BRIDGE_REQUESTS.iter().map(|row| row.name).collect();
        return Err(format!("there is no such request; there are {}", names.join(", ")));
    };
    arguments.check(name, row.main, row.others, TRANSACTION)?;
    (row.build)(&arguments)
}

fn pause(arguments: &Arguments) -> Result<BridgeRequest, String> {
    let phone = phone(arguments)?;
    let time = arguments.duration("for", &PAUSES)?.unwrap_or(PAUSE);
    Ok(BridgeRequest::Pause { phone, time })
}

fn phone(arguments: &Arguments) -> Result<PhoneId, String> {
    let id = arguments
        .text("phone")?
        .ok_or("which phone? send its id as the payload, or as \"phone\" in JSON")?;
    id.parse().map_err(|why| format!("no phone can be called {id:?}: {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn payloads_become_requests() {
        let kitchen = || "kitchen".parse().unwrap();
        let pause = |minutes| {
            let time = Duration::from_mins(minutes);
            BridgeRequest::Pause { phone: kitchen(), time }
        };
        for (name, payload, expected) in [
            ("info", "", BridgeRequest::Info),
            ("info", "PRESS", BridgeRequest::Info),
            ("health", r#"{"transaction": 7}"#, BridgeRequest::Health),
            ("reload", "", BridgeRequest::Reload),
            ("rediscover", "PRESS", BridgeRequest::Rediscover),
            ("pause", "kitchen", pause(15)),
            ("pause", r#"{"phone": "kitchen"}"#, pause(15)),
            ("pause", r#"{"phone": "kitchen", "for": "12h"}"#, pause(720)),
            ("resume", "kitchen", BridgeRequest::Resume { phone: kitchen() }),
        ] {
            assert_eq!(parse(name, payload.as_bytes(), false).1, Ok(expected), "{name} {payload}");
        }
    }

    #[test]
    fn wrong_payloads_say_what_is_wrong() {
        let noise = "x".repeat(1024 * 1024);
        for (name, payload, expected) in [
            ("info", "now", "info takes no argument"),
            ("info", r#"{"a": 1}"#, "info does not know \"a\"; it takes nothing (and transaction)"),
            ("info", "{", "broken JSON"),
            ("info", &noise, "the payload has more than 16384 bytes"),
            ("pause", "", "which phone?"),
            ("pause", "The Kitchen", "no phone can be called \"The Kitchen\": a phone's id is"),
            ("resume", r#"{"phone": 1.5}"#, "phone must be a text"),
            (
                "pause",
                r#"{"phone": "kitchen", "for": "13h"}"#,
                "for must be a text with a unit, such as \"30s\", from 1s to 12h",
            ),
            ("pause", r#"{"phone": "kitchen", "for": 5}"#, "for must be a text with a unit"),
            ("resume", r#"{"phone": "kitchen", "for": "1m"}"#, "resume does not know \"for\""),
            ("explode", "", "there is no such request; there are info, health"),
            ("device/rename", "", "there is no such request; there are info, health"),
        ] {
            let error = parse(name, payload.as_bytes(), false).1.unwrap_err();
            assert!(error.starts_with(expected), "{name}: {error}");
        }
    }

    #[test]
    fn the_transaction_comes_back_if_there_is_one() {
        let (asker, outcome) = parse("info", br#"{"transaction": "a1"}"#, true);
        insta::assert_snapshot!(
            asker.response(&outcome.map(|_| Value::Null)),
            @r#"{"data":{},"error":"a retained message is never obeyed: publish requests without the retain flag","status":"error","transaction":"a1"}"#
        );
        let (asker, _) = parse("info", b"", false);
        insta::assert_snapshot!(
            asker.response(&Ok(json!({ "x": 1 }))),
            @r#"{"data":{"x":1},"status":"ok"}"#
        );
    }

    proptest! {
        #[test]
        fn any_payload_is_read_without_a_panic(name in "[a-z]{0,10}", payload: Vec<u8>) {
            let (asker, outcome) = parse(&name, &payload, false);
            let response = asker.response(&outcome.map(|_| Value::Null));
            prop_assert!(serde_json::from_str::<Value>(&response).unwrap()["status"].is_string());
        }
    }
}
