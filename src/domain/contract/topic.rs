//! Topics and their text: the only place that spells a topic, and says how a message on it travels.

use crate::domain::telephony::PhoneId;
use crate::domain::values::named::ValueKey;

/// The longest name of a command or a request that is answered, in bytes.
const REQUEST_NAME: usize = 256;

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The present: qos 0, retained; dropped while the broker is away, and asked for again when it is back.
    State,
    /// What others build upon (availability, discovery): qos 1, retained; dropped while the broker is away, too.
    Lasting,
    /// What happened once: qos 1, never retained; waits for the broker up to a minute.
    Event,
}

/// A message for the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The whole topic.
    pub topic: String,
    /// The payload; empty on a retained topic takes the message back.
    pub payload: Vec<u8>,
    /// How it travels.
    pub delivery: Delivery,
}

/// The topics of one bridge: `B` of the docs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base(String);

/// A place in the tree of one bridge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// `B/bridge/state`
    BridgeState,
    /// `B/bridge/info`
    BridgeInfo,
    /// `B/bridge/request/<name>`
    BridgeRequest(String),
    /// `B/bridge/response/<name>`
    BridgeResponse(String),
    /// A place below `P`, the tree of one phone.
    Phone(PhoneId, PhoneTopic),
}

/// A place below `P`, the tree of one phone.
///
/// The order is that in which they are published: who is told of a state, and reads others then, finds there what belongs
/// to it. So what explains a state comes before it, and an event comes last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhoneTopic {
    /// `P/problem`
    Problem,
    /// `P/availability`
    Availability,
    /// `P/info`
    Info,
    /// `P/system`
    System,
    /// `P/values/<key>`
    Value(ValueKey),
    /// `P/accounts/<n>`
    Account(u16),
    /// `P/last_caller`
    LastCaller,
    /// `P/last_call`
    LastCall,
    /// `P/calls`
    Calls,
    /// `P/lines/<n>`
    Line(u16),
    /// `P/missed_calls`
    MissedCalls,
    /// `P/status`
    Status,
    /// `P/in_call`
    InCall,
    /// `P/ringing`
    Ringing,
    /// `P/call_state`
    CallState,
    /// `P/event/call`
    CallEvent,
    /// `P/event/doorbell`
    DoorbellEvent,
    /// `P/command/<name>`
    Command(String),
    /// `P/result`
    Result,
}

/// ```
/// use gxv2mqtt::domain::contract::topic::{Base, PhoneTopic, Topic};
///
/// let base = Base::new("gxv2mqtt");
/// let kitchen = "kitchen".parse().unwrap();
/// let ringing = Topic::Phone(kitchen, PhoneTopic::Ringing);
/// assert_eq!(base.render(&ringing), "gxv2mqtt/kitchen/ringing");
/// assert_eq!(base.parse("gxv2mqtt/kitchen/ringing"), Some(ringing));
/// assert_eq!(base.parse("other/kitchen/ringing"), None);
/// ```
impl Base {
    /// Takes a base topic that the settings have checked: no wildcards, no empty levels.
    pub fn new(base: impl Into<String>) -> Self {
        Self(base.into())
    }

    /// Returns the base topic itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text of a topic.
    pub fn render(&self, topic: &Topic) -> String {
        match topic {
            Topic::BridgeState => format!("{}/bridge/state", self.0),
            Topic::BridgeInfo => format!("{}/bridge/info", self.0),
            Topic::BridgeRequest(name) => format!("{}/bridge/request/{name}", self.0),
            Topic::BridgeResponse(name) => format!("{}/bridge/response/{name}", self.0),
            Topic::Phone(id, place) => format!("{}/{id}/{}", self.0, place.render()),
        }
    }

    /// Returns the topic of a text, or none where it is not one of this tree.
    pub fn parse(&self, text: &str) -> Option<Topic> {
        let (first, rest) = text.strip_prefix(&self.0)?.strip_prefix('/')?.split_once('/')?;
        match (first, rest) {
            ("bridge", "state") => Some(Topic::BridgeState),
            ("bridge", "info") => Some(Topic::BridgeInfo),
            ("bridge", rest) => match rest.split_once('/')? {
                ("request", name) => Some(Topic::BridgeRequest(request(name)?)),
                ("response", name) => Some(Topic::BridgeResponse(request(name)?)),
                _ => None,
            },
            _ => Some(Topic::Phone(first.parse().ok()?, PhoneTopic::parse(rest)?)),
        }
    }

    /// Returns `true` for a topic on which commands come, whoever they are for.
    pub fn is_of_a_command(text: &str) -> bool {
        text.contains("/command/")
    }

    /// Returns the filter that every command of every phone matches.
    pub fn commands(&self) -> String {
        format!("{}/+/command/+", self.0)
    }

    /// Returns the filter that every request to the bridge matches, also one that there is not: it is answered, too.
    pub fn requests(&self) -> String {
        format!("{}/bridge/request/#", self.0)
    }

    /// Returns the filters that every state of every phone matches.
    pub fn states(&self) -> [String; 4] {
        ["+/+", "+/lines/+", "+/accounts/+", "+/values/+"]
            .map(|place| format!("{}/{place}", self.0))
    }

    /// Returns the topics of a phone that have to be known after a restart, by name: a broker may send nothing retained to
    /// a filter with wildcards (`RabbitMQ`).
    pub fn history(&self, id: &PhoneId) -> [String; 4] {
        use PhoneTopic::{Calls, LastCall, LastCaller, MissedCalls};
        [Calls, LastCall, LastCaller, MissedCalls]
            .map(|place| self.render(&Topic::Phone(id.clone(), place)))
    }

    /// Makes a message: the topic says how it travels.
    pub fn publication(&self, topic: &Topic, payload: impl Into<Vec<u8>>) -> Publication {
        Publication {
            topic: self.render(topic),
            payload: payload.into(),
            delivery: topic.delivery(),
        }
    }
}

impl Topic {
    /// Returns how a message on this topic travels.
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::BridgeState | Self::Phone(_, PhoneTopic::Availability) => Delivery::Lasting,
            Self::Phone(
                _,
                PhoneTopic::Result
                | PhoneTopic::Command(_)
                | PhoneTopic::CallEvent
                | PhoneTopic::DoorbellEvent,
            )
            | Self::BridgeRequest(_)
            | Self::BridgeResponse(_) => Delivery::Event,
            Self::BridgeInfo | Self::Phone(..) => Delivery::State,
        }
    }
}

impl PhoneTopic {
    /// Returns the text below `P`.
    pub fn render(&self) -> String {
        match self {
            Self::Availability => "availability".to_owned(),
            Self::Problem => "problem".to_owned(),
            Self::Status => "status".to_owned(),
            Self::CallState => "call_state".to_owned(),
            Self::Ringing => "ringing".to_owned(),
            Self::InCall => "in_call".to_owned(),
            Self::Line(line) => format!("lines/{line}"),
            Self::Account(account) => format!("accounts/{account}"),
            Self::Calls => "calls".to_owned(),
            Self::LastCall => "last_call".to_owned(),
            Self::LastCaller => "last_caller".to_owned(),
            Self::MissedCalls => "missed_calls".to_owned(),
            Self::CallEvent => "event/call".to_owned(),
            Self::DoorbellEvent => "event/doorbell".to_owned(),
            Self::Info => "info".to_owned(),
            Self::System => "system".to_owned(),
            Self::Value(key) => format!("values/{key}"),
            Self::Command(name) => format!("command/{name}"),
            Self::Result => "result".to_owned(),
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.split_once('/') {
            Some(("lines", line)) => Self::Line(number(line)?),
            Some(("accounts", account)) => Self::Account(number(account)?),
            Some(("values", key)) => Self::Value(key.parse().ok()?),
            Some(("command", name)) if !name.contains('/') => Self::Command(request(name)?),
            Some(("event", "call")) => Self::CallEvent,
            Some(("event", "doorbell")) => Self::DoorbellEvent,
            Some(_) => return None,
            None => match text {
                "availability" => Self::Availability,
                "problem" => Self::Problem,
                "status" => Self::Status,
                "call_state" => Self::CallState,
                "ringing" => Self::Ringing,
                "in_call" => Self::InCall,
                "calls" => Self::Calls,
                "last_call" => Self::LastCall,
                "last_caller" => Self::LastCaller,
                "missed_calls" => Self::MissedCalls,
                "info" => Self::Info,
                "system" => Self::System,
                "result" => Self::Result,
                _ => return None,
            },
        })
    }
}

/// Reads the name of a command or a request: several levels, as zigbee2mqtt has them, but not so long that its response has no topic.
fn request(name: &str) -> Option<String> {
    (1..=REQUEST_NAME).contains(&name.len()).then(|| name.to_owned())
}

/// Reads a line or account as topics spell it: no sign, no leading zero.
fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|number: &u16| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn foreign_topics_are_none() {
        let base = Base::new("house/phones");
        for text in [
            "house/phones",
            "house/phones/",
            "house/phonesX/kitchen/info",
            "house/phones/kitchen",
            "house/phones/kitchen/info/more",
            "house/phones/kitchen/lines/+1",
            "house/phones/kitchen/lines/01",
            "house/phones/kitchen/lines/99999",
            "house/phones/kitchen/values/Loud",
            "house/phones/kitchen/values/a/b",
            "house/phones/kitchen/command/",
            "house/phones/kitchen/command/dial/now",
            "house/phones/Kitchen/info",
            "house/phones/bridge/info/x",
            "house/phones/bridge/request",
            "house/phones/bridge/request/",
            "house/phones/kitchen/request/info",
            "house/phones/bridge/command/dial",
        ] {
            assert_eq!(base.parse(text), None, "{text}");
        }
    }

    fn places() -> impl Strategy<Value = PhoneTopic> {
        prop_oneof![
            Just(PhoneTopic::Availability),
            Just(PhoneTopic::Problem),
            Just(PhoneTopic::Status),
            Just(PhoneTopic::CallState),
            Just(PhoneTopic::Ringing),
            Just(PhoneTopic::InCall),
            Just(PhoneTopic::Calls),
            Just(PhoneTopic::LastCall),
            Just(PhoneTopic::LastCaller),
            Just(PhoneTopic::MissedCalls),
            Just(PhoneTopic::CallEvent),
            Just(PhoneTopic::DoorbellEvent),
            Just(PhoneTopic::Info),
            Just(PhoneTopic::System),
            Just(PhoneTopic::Result),
            any::<u16>().prop_map(PhoneTopic::Line),
            any::<u16>().prop_map(PhoneTopic::Account),
            "[a-z0-9_]{1,64}".prop_map(|key| PhoneTopic::Value(key.parse().unwrap())),
            "[a-z_]{1,20}".prop_map(PhoneTopic::Command),
        ]
    }

    proptest! {
        #[test]
        fn text_and_topic_are_inverses(id in "[a-z0-9_-]{1,64}", place in places(), base in "[a-z]{1,8}(/[a-z]{1,8})?") {
            prop_assume!(id != "bridge");
            let topic = Topic::Phone(id.parse().unwrap(), place);
            let base = Base::new(base);
            prop_assert_eq!(base.parse(&base.render(&topic)), Some(topic));
        }

        #[test]
        fn requests_and_responses_are_told_apart(name in "[a-z_]{1,20}(/[a-z]{1,8})?") {
            let base = Base::new("b");
            for topic in [Topic::BridgeRequest(name.clone()), Topic::BridgeResponse(name)] {
                prop_assert_eq!(base.parse(&base.render(&topic)), Some(topic));
            }
        }

        #[test]
        fn any_text_is_parsed_without_a_panic(text in ".*") {
            if let Some(topic) = Base::new("b").parse(&text) {
                prop_assert_eq!(Base::new("b").render(&topic), text);
            }
        }
    }
}
