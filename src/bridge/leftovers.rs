//! What an earlier run has left on the broker: what is ours is taken back, and what is of others stays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::contract::topic::PhoneTopic;
use crate::domain::telephony::PhoneId;

/// Maximum number of topics of phones that are not there that are remembered.
const MANY: usize = 10_000;
/// Maximum size of the calls among them, in bytes.
const CALLS: usize = 1024 * 1024;
/// Maximum number of them that are named in the log.
const NAMED: usize = 5;

/// Topics with the form of ours, of phones that the settings do not know, as they are heard after a connection.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// The phones of the run before, as its `B/bridge/info` says: what is theirs, we have published.
    ours: BTreeSet<PhoneId>,
    /// With the calls that a phone had; of other topics it does not matter what they hold.
    found: BTreeMap<(PhoneId, PhoneTopic), String>,
    /// The size of these calls, in bytes.
    calls: usize,
}

impl Leftovers {
    /// Handles what `B/bridge/info` said before this run says it anew.
    pub(super) fn info(&mut self, payload: &[u8]) {
        let info: Value = serde_json::from_slice(payload).unwrap_or_default();
        let ids = info["phones"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.ours.extend(ids.filter_map(|id| id.parse().ok()));
    }

    /// Handles a topic that has something retained.
    pub(super) fn topic(&mut self, id: PhoneId, place: PhoneTopic, payload: &[u8]) {
        if self.found.len() < MANY {
            let calls = if place == PhoneTopic::Calls { payload } else { &[] };
            let calls = if self.calls + calls.len() > CALLS { &[] } else { calls };
            self.calls += calls.len();
            self.found.insert((id, place), String::from_utf8_lossy(calls).into_owned());
        }
    }

    /// Returns what is to be taken back, with the calls that were in progress, and the names of what is not ours.
    pub(super) fn judge(self) -> (Vec<(PhoneId, PhoneTopic, String)>, Option<String>) {
        let Self { ours, found, .. } = self;
        let (ours, foreign): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|((id, _), _)| ours.contains(id));
        let ours = ours.into_iter().map(|((id, place), calls)| (id, place, calls)).collect();
        let names: Vec<_> =
            foreign.iter().map(|((id, place), _)| format!("{id}/{}", place.render())).collect();
        let more = names.len().saturating_sub(NAMED);
        let mut text = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        if more > 0 {
            text = format!("{text} and {more} more");
        }
        (ours, (!text.is_empty()).then_some(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_run_before_says_is_its_own_is_taken_back() {
        let mut left = Leftovers::default();
        let id = |id: &str| id.parse::<PhoneId>().unwrap();
        left.info(br#"{"version":"0.1.0","phones":["kitchen","attic","Not an id",7]}"#);
        left.info(b"no JSON");
        for (phone, place) in [
            ("attic", PhoneTopic::Info),
            ("attic", PhoneTopic::Line(1)),
            ("garage", PhoneTopic::Status),
            ("boiler", PhoneTopic::System),
        ] {
            left.topic(id(phone), place, b"[]");
        }
        let (ours, foreign) = left.judge();
        assert!(ours.iter().all(|(phone, ..)| phone.as_str() == "attic") && ours.len() == 2);
        assert_eq!(foreign.as_deref(), Some("boiler/system, garage/status"));
        assert_eq!(Leftovers::default().judge(), (Vec::new(), None));
    }

    #[test]
    fn what_no_run_before_claims_stays() {
        let mut left = Leftovers::default();
        for number in 1..=8 {
            left.topic("garage".parse().unwrap(), PhoneTopic::Line(number), b"");
        }
        let (ours, foreign) = left.judge();
        assert!(ours.is_empty());
        assert!(foreign.unwrap().ends_with("garage/lines/5 and 3 more"));
    }
}
