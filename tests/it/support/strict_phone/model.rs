//! What a phone holds: lines, accounts, contacts, groups, values, a clock. It knows no HTTP.

use std::collections::BTreeMap;

use super::habits::Hold;

/// What a line does; the numbers of the guide, and the words of the CTI guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) number: &'static str,
    pub(crate) word: &'static str,
}

pub(crate) const IDLE: State = State { number: "0", word: "idle" };
pub(crate) const RINGING: State = State { number: "2", word: "ringing" };
pub(crate) const CALLING: State = State { number: "3", word: "calling" };
pub(crate) const CONNECTED: State = State { number: "4", word: "connected" };
pub(crate) const ON_HOLD: State = State { number: "5", word: "onhold" };
pub(crate) const FAILED: State = State { number: "8", word: "failed" };

/// A line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) state: State,
    pub(crate) name: String,
    pub(crate) number: String,
}

/// An account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) sip_id: String,
    pub(crate) registered: bool,
}

/// A contact, as saving it names the parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) group: String,
    /// Work, home, mobile, fax.
    pub(crate) numbers: [String; 4],
    pub(crate) email: String,
}

impl Contact {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first, self.last).trim().to_owned()
    }
}

/// The phone itself.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) lines: Vec<Line>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) contacts: BTreeMap<u32, Contact>,
    pub(crate) groups: BTreeMap<u32, String>,
    pub(crate) values: BTreeMap<String, String>,
    /// Values that it says to have set, and has not.
    pub(crate) stubborn: Vec<String>,
    pub(crate) clock: &'static str,
    /// What was dialled: number, and account as the request named it.
    pub(crate) dialled: Vec<(String, String)>,
    pub(crate) restarts: u32,
}

impl Model {
    pub(crate) fn new() -> Self {
        let idle = Line { state: IDLE, name: String::new(), number: String::new() };
        let account = |name: &str, sip_id: &str, registered| Account {
            name: name.to_owned(),
            sip_id: sip_id.to_owned(),
            registered,
        };
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        Self {
            lines: vec![idle; 4],
            accounts: vec![account("Desk", "1001", true), account("", "", false)],
            contacts: BTreeMap::new(),
            groups: [(0, "default".to_owned()), (100, "blacklist".to_owned())].into(),
            values: owned(&[
                ("68", "1.0.1.27"),
                ("1561", "1"),
                ("8352", "5"),
                ("phone_model", "GXV3370"),
                ("vendor_name", "Grandstream"),
                ("vendor_fullname", "Grandstream Networks, Inc."),
            ]),
            stubborn: Vec::new(),
            // The guide's own example, letter by letter.
            clock: r#"{ "date":"Tue 08/30/2016", "time":" 11:30AM", "uptime":" 21 days, 1 hour, 50 minutes, 23seconds" }"#,
            dialled: Vec::new(),
            restarts: 0,
        }
    }

    /// Somebody calls; returns the line, counted from 1.
    pub(crate) fn rings(&mut self, name: &str, number: &str) -> usize {
        self.occupy(RINGING, name, number)
    }

    fn occupy(&mut self, state: State, name: &str, number: &str) -> usize {
        let free = self.lines.iter().position(|line| line.state == IDLE).unwrap();
        self.lines[free] = Line { state, name: name.to_owned(), number: number.to_owned() };
        free + 1
    }

    pub(crate) fn set(&mut self, line: usize, state: State) {
        self.lines[line - 1].state = state;
        if state == IDLE {
            self.lines[line - 1].name.clear();
            self.lines[line - 1].number.clear();
        }
    }

    /// Dials, if it can: click-to-dial is on, there is a number, and a registered account, counted from 0.
    pub(crate) fn dial(&mut self, number: &str, account: &str) -> bool {
        let usable = account.parse().ok().and_then(|account: usize| self.accounts.get(account));
        let can = self.values.get("1561").is_some_and(|on| on == "1")
            && !number.is_empty()
            && usable.is_some_and(|account| account.registered);
        if can {
            self.dialled.push((number.to_owned(), account.to_owned()));
            self.occupy(CALLING, "", number);
        }
        can
    }

    /// Does an operation on a line, or on the one that it fits.
    pub(crate) fn operate(&mut self, command: &str, line: Option<usize>, hold: Hold) -> bool {
        let (fits, becomes): (&[State], State) = match (command, hold) {
            ("acceptcall", _) => (&[RINGING], CONNECTED),
            ("rejectcall", _) => (&[RINGING], IDLE),
            ("endcall", _) => (&[CALLING, CONNECTED, ON_HOLD, FAILED], IDLE),
            ("holdcall", Hold::Unhold) => (&[CONNECTED], ON_HOLD),
            ("holdcall", Hold::Toggle) => (&[CONNECTED, ON_HOLD], ON_HOLD),
            ("unhold", Hold::Unhold) => (&[ON_HOLD], CONNECTED),
            _ => return false,
        };
        let fitting = |line: &usize| {
            self.lines.get(line.wrapping_sub(1)).is_some_and(|line| fits.contains(&line.state))
        };
        let found = match line {
            Some(line) => Some(line).filter(fitting),
            None => (1..=self.lines.len()).find(fitting),
        };
        let Some(line) = found else { return false };
        let again = command == "holdcall" && self.lines[line - 1].state == ON_HOLD;
        self.set(line, if again { CONNECTED } else { becomes });
        true
    }

    /// Saves a contact: a new one, or over one that is there; what is not said is empty then.
    pub(crate) fn save(&mut self, id: &str, contact: Contact) -> bool {
        let id = match id {
            "" => Some(self.contacts.keys().next_back().map_or(0, |last| last + 1)),
            id => id.parse().ok().filter(|id| self.contacts.contains_key(id)),
        };
        let Some(id) = id else { return false };
        self.contacts.insert(id, contact);
        true
    }
}
