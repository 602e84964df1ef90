//! What the bridge says of itself when it is asked: which phones it has, and whether all is well.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::contract::snapshot::Problem;
use crate::domain::telephony::{Identity, PhoneId};
use crate::domain::time::Now;

/// How one phone is, as its twin knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Why it can't be used; none until anything is known of it.
    pub problem: Option<Problem>,
    /// When it answered last.
    pub answered: Option<Instant>,
    /// Until when nothing is asked of it, because somebody wants that.
    pub paused_until: Option<Now>,
}

/// One phone of the bridge.
#[derive(Debug, Clone)]
pub struct PhoneFacts {
    /// The phone.
    pub id: PhoneId,
    /// Its name for people.
    pub name: String,
    /// Its web page, without credentials.
    pub url: String,
    /// The dialect that it speaks.
    pub dialect: &'static str,
    /// Who it is.
    pub identity: Identity,
    /// How it is.
    pub vitals: Vitals,
}

/// The bridge.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The version of the program.
    pub version: &'static str,
    /// When it was started.
    pub started_at: Timestamp,
    /// For how long it runs.
    pub uptime: Duration,
    /// The memory that it takes, in bytes.
    pub memory: Option<u64>,
    /// Since when the broker is there.
    pub connected_since: Option<Timestamp>,
    /// Events that waited too long for the broker.
    pub lost_events: u64,
    /// Messages that came faster than they could be handled.
    pub lost_messages: u64,
    /// Its phones.
    pub phones: Vec<PhoneFacts>,
}

impl Facts {
    /// Returns what `info` is answered with.
    pub fn info(&self) -> Value {
        let phones = self.phones.iter().map(|phone| {
            let Vitals { problem, paused_until, .. } = phone.vitals;
            let online = problem == Some(Problem::None);
            json!({
                "id": phone.id.as_str(),
                "name": phone.name,
                "url": phone.url,
                "dialect": phone.dialect,
                "model": phone.identity.model,
                "firmware": phone.identity.firmware,
                "availability": if online { "online" } else { "offline" },
                "problem": problem.map(Problem::word),
                "paused_until": paused_until.map(|until| second(until.wall)),
            })
        });
        json!({
            "version": self.version,
            "started_at": second(self.started_at),
            "phones": phones.collect::<Vec<_>>(),
        })
    }

    /// Returns what `health` is answered with.
    pub fn health(&self, now: Instant) -> Value {
        let phones = self.phones.iter().map(|phone| {
            let Vitals { problem, answered, paused_until } = phone.vitals;
            json!({
                "id": phone.id.as_str(),
                "problem": problem.map(Problem::word),
                "answered_seconds_ago":
                    answered.map(|at| now.saturating_duration_since(at).as_secs()),
                "paused_until": paused_until.map(|until| second(until.wall)),
            })
        });
        let reasons = self.reasons();
        json!({
            "healthy": reasons.is_empty(),
            "reasons": reasons,
            "uptime_seconds": self.uptime.as_secs(),
            "memory_bytes": self.memory,
            "broker": {
                "connected_since": self.connected_since.map(second),
                "lost_events": self.lost_events,
                "lost_messages": self.lost_messages,
            },
            "phones": phones.collect::<Vec<_>>(),
        })
    }

    /// Returns what is not well at present: a pause is wanted, and what was lost before is over.
    fn reasons(&self) -> Vec<String> {
        let ill = |phone: &PhoneFacts| {
            let why = match phone.vitals.problem {
                Some(Problem::None | Problem::Paused) => return None,
                None => "not heard yet",
                Some(
                    problem @ (Problem::Unreachable
                    | Problem::BadCertificate
                    | Problem::Unauthorized
                    | Problem::LockedOut
                    | Problem::BadAnswer),
                ) => problem.word(),
            };
            Some(format!("{}: {why}", phone.id))
        };
        self.phones.iter().filter_map(ill).collect()
    }
}

fn second(at: Timestamp) -> String {
    format!("{at:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any instant does: tests only add to it")]
    fn start() -> Instant {
        Instant::now()
    }

    fn facts(vitals: Vitals) -> Facts {
        let at = |second| Timestamp::from_second(second).unwrap();
        Facts {
            version: "1.2.3",
            started_at: at(0),
            uptime: Duration::from_millis(61_900),
            memory: None,
            connected_since: Some(at(1)),
            lost_events: 2,
            lost_messages: 3,
            phones: vec![PhoneFacts {
                id: "kitchen".parse().unwrap(),
                name: "Kitchen phone".into(),
                url: "http://192.0.2.1/".into(),
                dialect: "gxv",
                identity: Identity { model: Some("GXV3380".into()), ..Identity::default() },
                vitals,
            }],
        }
    }

    #[test]
    fn info_and_health_are_told() {
        let start = start();
        let vitals = Vitals {
            problem: Some(Problem::None),
            answered: Some(start + Duration::from_secs(10)),
            paused_until: None,
        };
        let facts = facts(vitals);
        insta::assert_snapshot!(facts.info(), @r#"{"phones":[{"availability":"online","dialect":"gxv","firmware":null,"id":"kitchen","model":"GXV3380","name":"Kitchen phone","paused_until":null,"problem":"none","url":"http://192.0.2.1/"}],"started_at":"1970-01-01T00:00:00Z","version":"1.2.3"}"#);
        insta::assert_snapshot!(facts.health(start + Duration::from_secs(12)), @r#"{"broker":{"connected_since":"1970-01-01T00:00:01Z","lost_events":2,"lost_messages":3},"healthy":true,"memory_bytes":null,"phones":[{"answered_seconds_ago":2,"id":"kitchen","paused_until":null,"problem":"none"}],"reasons":[],"uptime_seconds":61}"#);
    }

    #[test]
    fn what_is_not_well_is_named() {
        for (problem, expected) in [
            (Some(Problem::None), None),
            (None, Some("kitchen: not heard yet")),
            (Some(Problem::Unreachable), Some("kitchen: unreachable")),
            (Some(Problem::Paused), None),
            (Some(Problem::LockedOut), Some("kitchen: locked_out")),
        ] {
            let health = facts(Vitals { problem, ..Vitals::default() }).health(start());
            assert_eq!(health["healthy"], expected.is_none(), "{health}");
            assert_eq!(health["reasons"][0].as_str(), expected);
        }
    }
}
