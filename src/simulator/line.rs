//! One line of the phone: what it shows, and the phone's two spellings of it. Knows nothing of calls over time.

use std::time::Instant;

/// What a line is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineState {
    /// Nothing.
    Idle,
    /// A number was dialled and is on its way out.
    Dialing,
    /// A call comes in.
    Ringing,
    /// The other phone rings.
    Calling,
    /// People are talking.
    InCall,
    /// The call waits.
    OnHold,
    /// The call could not be made.
    Failed,
    /// Anything else, shown to clients letter for letter: a code or a word that no guide explains.
    Other(String),
}

impl LineState {
    /// The code of it (vendor guide, Get Line Status; 1 is from the GMI guide, p. 42).
    pub fn code(&self) -> &str {
        match self {
            Self::Idle => "0",
            Self::Dialing => "1",
            Self::Ringing => "2",
            Self::Calling => "3",
            Self::InCall => "4",
            Self::OnHold => "5",
            Self::Failed => "8",
            Self::Other(shown) => shown,
        }
    }

    /// The word of it (CTI guide, and the WP826 capture).
    pub fn word(&self) -> &str {
        match self {
            Self::Idle => "idle",
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::Calling => "calling",
            Self::InCall => "connected",
            Self::OnHold => "onhold",
            Self::Failed => "failed",
            Self::Other(shown) => shown,
        }
    }
}

/// The call on a line, as far as the line does not show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Its Call-ID (SIP).
    pub(super) id: String,
    /// Whether it was dialled here.
    pub(super) outgoing: bool,
    /// When it was answered.
    pub(super) up_since: Option<Instant>,
}

/// One line as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which one, from 1 (vendor guide, Get Line Status).
    pub line: u16,
    /// What it is doing.
    pub state: LineState,
    /// The account that the call uses, from 1.
    pub account: Option<u16>,
    /// Name of the other party, perhaps empty.
    pub name: String,
    /// Number of the other party, perhaps empty.
    pub number: String,
    /// When it began to do that.
    pub since: Instant,
    /// What it does next by itself, and when.
    pub(super) next: Option<(Instant, LineState)>,
    /// The call on it, until that is over.
    pub(super) call: Option<Call>,
}

impl Line {
    pub(super) fn idle(line: u16, now: Instant) -> Self {
        Self {
            line,
            state: LineState::Idle,
            account: None,
            name: String::new(),
            number: String::new(),
            since: now,
            next: None,
            call: None,
        }
    }

    /// Whether somebody here talks, or waits for an answer, on it.
    pub fn active(&self) -> bool {
        matches!(self.state, LineState::Dialing | LineState::Calling | LineState::InCall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_code_and_its_word() {
        let cases = [
            (LineState::Idle, "0", "idle"),
            (LineState::Dialing, "1", "dialing"),
            (LineState::Ringing, "2", "ringing"),
            (LineState::Calling, "3", "calling"),
            (LineState::InCall, "4", "connected"),
            (LineState::OnHold, "5", "onhold"),
            (LineState::Failed, "8", "failed"),
            (LineState::Other("42".into()), "42", "42"),
        ];
        for (state, code, word) in cases {
            assert_eq!((state.code(), state.word()), (code, word));
        }
    }
}
