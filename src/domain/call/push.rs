//! What a phone says by itself: it calls a URL when something happens ("Action URL", "Event Notification").
//!
//! Anybody who knows the URL can say it, and it may get lost: so it is a hint, and a poll confirms it.

/// What happened, as a phone tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PushKind {
    /// Somebody calls.
    Incoming,
    /// A call goes out.
    Outgoing,
    /// A call was answered, here or there.
    Established,
    /// A call is over.
    Terminated,
    /// A call was not answered here.
    Missed,
    /// A call was turned away here.
    Rejected,
    /// A call waits.
    Held,
    /// A waiting call goes on.
    Resumed,
    /// A call is being handed on.
    Transferring,
    /// The client was taken up.
    OffHook,
    /// The client was put back.
    OnHook,
    /// An account has registered.
    Registered,
    /// An account has signed off.
    Unregistered,
    /// The phone has started.
    Booted,
}

impl PushKind {
    /// Every kind, and its word in our URLs.
    pub const TABLE: [(Self, &'static str); 14] = [
        (Self::Incoming, "incoming"),
        (Self::Outgoing, "outgoing"),
        (Self::Established, "established"),
        (Self::Terminated, "terminated"),
        (Self::Missed, "missed"),
        (Self::Rejected, "rejected"),
        (Self::Held, "held"),
        (Self::Resumed, "resumed"),
        (Self::Transferring, "transferring"),
        (Self::OffHook, "off_hook"),
        (Self::OnHook, "on_hook"),
        (Self::Registered, "registered"),
        (Self::Unregistered, "unregistered"),
        (Self::Booted, "booted"),
    ];

    /// Returns the word of this kind.
    pub fn word(self) -> &'static str {
        Self::TABLE.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    /// Returns the kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::TABLE.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// One call of a URL; none where the phone did not fill a variable in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// What happened.
    pub kind: PushKind,
    /// The phone's MAC address: lower case, with colons.
    pub mac: Option<String>,
    /// The phone's own number, that of the account (`$local`).
    pub local: Option<String>,
    /// The other party's number (`$remote`).
    pub remote: Option<String>,
    /// The other party's name (`$display_remote`).
    pub name: Option<String>,
    /// The SIP Call-ID (`$call_id`, `$call-id`).
    pub call_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_word() {
        for (kind, word) in PushKind::TABLE {
            assert_eq!((kind.word(), PushKind::from_word(word)), (word, Some(kind)));
        }
    }
}
