//! A phone as the bridge pictures it: its id, lines, accounts, status and identity.

pub mod clock;
pub mod number;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// More lines, or accounts, than any of these phones has; the rest is left out.
pub const MANY: usize = 64;

/// The id of a phone: part of topics and entity ids, so it never changes once in use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneId(String);

/// Why a text is no [`PhoneId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a phone's id is 1 to 64 of a-z 0-9 _ -, and not \"bridge\"")]
pub struct BadPhoneId;

impl PhoneId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhoneId {
    type Err = BadPhoneId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if (1..=64).contains(&text.len()) && text.chars().all(legal) && text != "bridge" {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadPhoneId)
        }
    }
}

impl fmt::Display for PhoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a line does; the words are those of the topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineState {
    /// Nothing.
    Idle,
    /// A number is being entered.
    Dialing,
    /// Somebody calls this phone.
    Ringing,
    /// This phone calls somebody.
    Calling,
    /// The other end of our call rings.
    Ringback,
    /// Two people talk.
    InCall,
    /// The call waits.
    OnHold,
    /// The call was handed on.
    Transferred,
    /// The call is being handed on.
    Transferring,
    /// The call is being taken down.
    Ending,
    /// The call did not come about.
    Failed,
    /// Several people talk.
    Conference,
    /// The phone pages.
    Paging,
    /// A call without a server.
    IpCall,
    /// The phone said a code that is not known, or nothing.
    Unknown,
}

impl LineState {
    /// Every state, the words of `P/lines/<n>`.
    pub const ALL: [Self; 15] = [
        Self::Idle,
        Self::Dialing,
        Self::Ringing,
        Self::Calling,
        Self::Ringback,
        Self::InCall,
        Self::OnHold,
        Self::Transferred,
        Self::Transferring,
        Self::Ending,
        Self::Failed,
        Self::Conference,
        Self::Paging,
        Self::IpCall,
        Self::Unknown,
    ];

    /// Returns the word of this state.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::Calling => "calling",
            Self::Ringback => "ringback",
            Self::InCall => "in_call",
            Self::OnHold => "on_hold",
            Self::Transferred => "transferred",
            Self::Transferring => "transferring",
            Self::Ending => "ending",
            Self::Failed => "failed",
            Self::Conference => "conference",
            Self::Paging => "paging",
            Self::IpCall => "ip_call",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the state of the whole phone that a line in this state stands for.
    ///
    /// A call that is being taken down, or was handed on, is over for the people at this phone.
    pub fn folded(self) -> CallState {
        match self {
            Self::Ringing => CallState::Ringing,
            Self::Dialing | Self::Calling | Self::Ringback => CallState::Calling,
            Self::InCall | Self::Conference | Self::Paging | Self::IpCall | Self::Transferring => {
                CallState::InCall
            }
            Self::OnHold => CallState::OnHold,
            Self::Failed => CallState::Failed,
            Self::Unknown => CallState::Unknown,
            Self::Idle | Self::Ending | Self::Transferred => CallState::Idle,
        }
    }
}

impl Serialize for LineState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// What the phone as a whole does: of all lines the first in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallState {
    /// Somebody calls.
    Ringing,
    /// A call goes out.
    Calling,
    /// Somebody talks.
    InCall,
    /// A call waits.
    OnHold,
    /// A call did not come about.
    Failed,
    /// Not known.
    Unknown,
    /// Nothing.
    Idle,
}

impl CallState {
    /// Every state, in the order in which they win.
    pub const ALL: [Self; 7] = [
        Self::Ringing,
        Self::Calling,
        Self::InCall,
        Self::OnHold,
        Self::Failed,
        Self::Unknown,
        Self::Idle,
    ];

    /// Returns the word of this state.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Calling => "calling",
            Self::InCall => "in_call",
            Self::OnHold => "on_hold",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Idle => "idle",
        }
    }

    /// Returns the state of a phone with these lines; a phone that named none is not known to be idle.
    pub fn of(lines: &[Line]) -> Self {
        lines.iter().map(|line| line.state.folded()).min().unwrap_or(Self::Unknown)
    }
}

/// One line of the phone, as `P/lines/<n>` says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Counts from 1.
    pub line: u16,
    /// What it does.
    pub state: LineState,
    /// The phone's own word or number for the state.
    pub code: Option<String>,
    /// The account of the call, from 1; none while the line is idle.
    pub account: Option<u16>,
    /// The other party's name.
    pub name: Option<String>,
    /// The other party's number.
    pub number: Option<String>,
    /// Whether the phone calls the line active (some firmware never does, even in a call).
    pub active: Option<bool>,
}

impl Line {
    /// Returns a line of which nothing is known.
    pub fn unknown(line: u16) -> Self {
        let state = LineState::Unknown;
        Self { line, state, code: None, account: None, name: None, number: None, active: None }
    }
}

/// One SIP account, as `P/accounts/<n>` says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Counts from 1.
    pub id: u16,
    /// The name on the display.
    pub name: Option<String>,
    /// The SIP user id.
    pub sip_id: Option<String>,
    /// The SIP server.
    pub sip_server: Option<String>,
    /// Whether the server knows the phone at present.
    pub registered: Option<bool>,
}

impl Account {
    /// Returns an account of which nothing is known.
    pub fn unknown(id: u16) -> Self {
        Self { id, name: None, sip_id: None, sip_server: None, registered: None }
    }
}

/// What the phone says of itself as a whole (vendor guide, Get Phone Status).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneStatus {
    /// Registered and idle.
    Available,
    /// A line rings.
    Ringing,
    /// Busy.
    Busy,
    /// Logged in, but no account is registered.
    Unavailable,
    /// It does not take our login.
    Unauthorized,
    /// A word that is not known, or none.
    Unknown,
}

impl PhoneStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Available,
        Self::Ringing,
        Self::Busy,
        Self::Unavailable,
        Self::Unauthorized,
        Self::Unknown,
    ];

    /// Returns the word of this status.
    pub fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Ringing => "ringing",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Unauthorized => "unauthorized",
            Self::Unknown => "unknown",
        }
    }
}

/// Who the phone is; none where it did not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Such as `GXV3380`.
    pub model: Option<String>,
    /// Such as `Grandstream`.
    pub vendor: Option<String>,
    /// The firmware's version.
    pub firmware: Option<String>,
    /// The hardware's revision.
    pub hardware: Option<String>,
    /// `c0:74:ad:ff:ff:ff`: lower case, with colons.
    pub mac: Option<String>,
}

impl Identity {
    /// Returns the MAC address, if it can be that of one phone: zero, broadcast and multicast are nobody's.
    pub fn own_mac(&self) -> Option<&str> {
        let mac = self.mac.as_deref()?;
        let first = u8::from_str_radix(mac.get(..2)?, 16).ok()?;
        let zero = mac.chars().all(|c| matches!(c, '0' | ':'));
        (first & 1 == 0 && !zero).then_some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_that_is_nobodys_is_not_the_phones_own() {
        let own = |mac: &str| {
            let identity = Identity { mac: Some(mac.to_owned()), ..Identity::default() };
            identity.own_mac().is_some()
        };
        assert!(own("c0:74:ad:01:02:03"));
        assert!(own("02:00:00:00:00:00"), "an address that somebody has given is one, too");
        for nobodys in ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "", "ö"] {
            assert!(!own(nobodys), "{nobodys}");
        }
        assert_eq!(Identity::default().own_mac(), None);
    }
}
