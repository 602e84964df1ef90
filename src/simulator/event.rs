//! What a phone calls URLs about ("Action URL", "Event Notification"): the events and their names. Says nothing of when.

use std::{fmt, str::FromStr};

/// One thing that happens, and that the phone can call a URL about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PushEvent {
    /// A call comes in.
    Incoming,
    /// Somebody dialled.
    Outgoing,
    /// Nobody took a call, and the caller gave up.
    Missed,
    /// A call was answered, here or there.
    Established,
    /// A call that was up or going out is over.
    Terminated,
    /// Somebody here turned a call away. Known from the WP826 only (`P8315`); here every phone says it.
    Rejected,
    /// Somebody here began to use the phone.
    OffHook,
    /// Nobody uses the phone any more.
    OnHook,
    /// A call waits.
    Held,
    /// A waiting call goes on.
    Resumed,
    /// An account registered.
    Registered,
    /// An account was signed off.
    Unregistered,
    /// The phone has started.
    Booted,
}

impl PushEvent {
    /// Each event with its word, and its name on the phone's own page (GXV33xx Event Notification Guide; the rejected call
    /// is not in it).
    const TABLE: [(Self, &'static str, &'static str); 13] = [
        (Self::Incoming, "incoming", "Incoming Call"),
        (Self::Outgoing, "outgoing", "Outgoing Call"),
        (Self::Missed, "missed", "Missed Call"),
        (Self::Established, "established", "Establish Call"),
        (Self::Terminated, "terminated", "Terminate Call"),
        (Self::Rejected, "rejected", "Rejected Call"),
        (Self::OffHook, "off_hook", "Off Hook"),
        (Self::OnHook, "on_hook", "On Hook"),
        (Self::Held, "held", "Hold Call"),
        (Self::Resumed, "resumed", "Resume Call"),
        (Self::Registered, "registered", "Registration"),
        (Self::Unregistered, "unregistered", "Sign Off"),
        (Self::Booted, "booted", "Booting Completed"),
    ];

    /// All of them, in the order of the phone's page.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::TABLE.into_iter().map(|(event, _, _)| event)
    }

    /// The word of it, such as `off_hook`.
    pub fn word(self) -> &'static str {
        self.names().0
    }

    /// What the phone's page calls it.
    pub fn title(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        let found = Self::TABLE.into_iter().find(|(event, _, _)| *event == self);
        found.map_or(("", ""), |(_, word, title)| (word, title))
    }
}

/// No event has this word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEvent(String);

impl fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = PushEvent::all().map(PushEvent::word).collect();
        write!(f, "no event is called {:?}, but these are: {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownEvent {}

impl FromStr for PushEvent {
    type Err = UnknownEvent;

    fn from_str(word: &str) -> Result<Self, UnknownEvent> {
        let found = Self::all().find(|event| event.word() == word);
        found.ok_or_else(|| UnknownEvent(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_word_and_title() {
        for event in PushEvent::all() {
            assert_eq!(event.word().parse(), Ok(event));
            assert!(!event.title().is_empty());
        }
        assert_eq!(PushEvent::all().count(), 13);
    }

    #[test]
    fn an_unknown_word_is_told_the_known_ones() {
        let error = "ring".parse::<PushEvent>().unwrap_err().to_string();
        assert!(error.contains("\"ring\"") && error.contains("incoming, outgoing, "), "{error}");
    }
}
