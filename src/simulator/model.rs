//! One phone as the people at it know it: lines, calls, accounts, settings. Time is an argument; it never hears of HTTP.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    event::PushEvent,
    line::{Line, LineState},
    news::News,
    phonebook::Phonebook,
    profile::{Account, FarEnd, Profile},
};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Name as the phone shows it, perhaps empty.
    pub name: String,
    /// Number as the phone shows it, perhaps empty.
    pub number: String,
    /// The account that is called, from 1.
    pub account: u16,
}

impl Caller {
    /// Somebody who calls account 1.
    pub fn new(name: impl Into<String>, number: impl Into<String>) -> Self {
        Self { name: name.into(), number: number.into(), account: 1 }
    }
}

/// The phone. Every method first lets happen what was due by `now`.
#[derive(Debug)]
pub(super) struct Phone {
    lines: Vec<Line>,
    pub(super) accounts: Vec<Account>,
    pub(super) values: BTreeMap<String, String>,
    pub(super) phonebook: Phonebook,
    pub(super) missed: u32,
    pub(super) news: News,
    far_end: FarEnd,
    booted: Instant,
    uptime_then: Duration,
}

impl Phone {
    pub(super) fn new(profile: &Profile, now: Instant) -> Self {
        Self {
            lines: (1..=profile.lines).map(|n| Line::idle(n, now)).collect(),
            accounts: profile.accounts.clone(),
            values: profile.factory_values(),
            phonebook: Phonebook::with(&profile.contacts),
            missed: 0,
            news: News::new(),
            far_end: profile.far_end,
            booted: now,
            uptime_then: profile.uptime,
        }
    }

    /// When something happens next by itself.
    pub(super) fn due(&self) -> Option<Instant> {
        self.next_step().map(|(due, _)| due)
    }

    /// Lets everything happen that is due by `now`, in its order.
    pub(super) fn advance(&mut self, now: Instant) {
        while let Some((due, line)) = self.next_step().filter(|(due, _)| *due <= now) {
            if let Some((_, state)) = self.lines[line].next.take() {
                self.enter(line, state, due);
            }
        }
    }

    /// All lines as they are.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How long it is up.
    pub(super) fn uptime(&self, now: Instant) -> Duration {
        self.uptime_then + now.saturating_duration_since(self.booted)
    }

    /// Whether it may be told to dial (value 1561).
    pub(super) fn click_to_dial(&self) -> bool {
        self.values.get("1561").is_some_and(|value| value == "1")
    }

    /// The phone's one word for itself (vendor guide, Get Phone Status; `unavailable` is from the vendor's own clients).
    pub(super) fn status(&self) -> &'static str {
        let any = |state: LineState| self.lines.iter().any(|line| line.state == state);
        if any(LineState::Ringing) {
            "ringing"
        } else if self.lines.iter().any(|line| line.state != LineState::Idle) {
            "busy"
        } else if self.accounts.iter().any(|account| account.registered) {
            "available"
        } else {
            "unavailable"
        }
    }

    /// A call comes in; `None` when no line is free or its account is not registered.
    pub(super) fn ring(&mut self, caller: Caller, now: Instant) -> Option<u16> {
        let line = self.take_line(caller.account)?;
        Some(self.occupy(line, caller, LineState::Ringing, now))
    }

    /// A blocked number calls: the line rings for a moment, and nobody is told of a missed call.
    pub(super) fn flap(
        &mut self,
        caller: Caller,
        rings_for: Duration,
        now: Instant,
    ) -> Option<u16> {
        let line = self.take_line(caller.account)?;
        let number = self.occupy(line, caller, LineState::Ringing, now);
        self.lines[line].next = Some((now + rings_for, LineState::Idle));
        Some(number)
    }

    /// Somebody dials; `None` when that is not possible.
    pub(super) fn dial(&mut self, number: &str, account: u16, now: Instant) -> Option<u16> {
        let line = self.take_line(account).filter(|_| !number.is_empty())?;
        self.hold_others(line, now);
        let far = Caller { name: String::new(), number: number.to_owned(), account };
        Some(self.occupy(line, far, LineState::Dialing, now))
    }

    /// The caller gives up before anybody answers: a missed call.
    pub(super) fn caller_gives_up(&mut self, line: u16, now: Instant) -> bool {
        let gave_up = self.ends_unanswered(line, PushEvent::Missed, now);
        self.missed += u32::from(gave_up);
        gave_up
    }

    /// Somebody here takes the call; another one waits on hold.
    pub(super) fn answer(&mut self, line: u16, now: Instant) -> bool {
        self.pass(line, &[LineState::Ringing], LineState::InCall, now)
    }

    /// Somebody here turns the call away.
    pub(super) fn reject(&mut self, line: u16, now: Instant) -> bool {
        self.ends_unanswered(line, PushEvent::Rejected, now)
    }

    /// Somebody here ends the call, or clears whatever the line shows. A call that still rings is not ended but rejected.
    pub(super) fn hang_up(&mut self, line: u16, now: Instant) -> bool {
        self.line(line)
            .filter(|line| !matches!(line.state, LineState::Idle | LineState::Ringing))
            .map(|line| line.state.clone())
            .is_some_and(|state| self.pass(line, &[state], LineState::Idle, now))
    }

    /// Somebody here puts the call on hold.
    pub(super) fn hold(&mut self, line: u16, now: Instant) -> bool {
        self.pass(line, &[LineState::InCall], LineState::OnHold, now)
    }

    /// Somebody here goes on with a call on hold.
    pub(super) fn resume(&mut self, line: u16, now: Instant) -> bool {
        self.pass(line, &[LineState::OnHold], LineState::InCall, now)
    }

    /// The other phone begins to ring.
    pub(super) fn far_end_rings(&mut self, line: u16, now: Instant) -> bool {
        self.pass(line, &[LineState::Dialing], LineState::Calling, now)
    }

    /// The other phone is answered.
    pub(super) fn far_end_answers(&mut self, line: u16, now: Instant) -> bool {
        let from = [LineState::Dialing, LineState::Calling];
        self.pass(line, &from, LineState::InCall, now)
    }

    /// The other phone is busy.
    pub(super) fn far_end_is_busy(&mut self, line: u16, now: Instant) -> bool {
        let from = [LineState::Dialing, LineState::Calling];
        self.pass(line, &from, LineState::Failed, now)
    }

    /// The other party ends the call; while it still rings here, that is giving up.
    pub(super) fn far_end_hangs_up(&mut self, line: u16, now: Instant) -> bool {
        let from = [LineState::InCall, LineState::OnHold];
        self.pass(line, &from, LineState::Idle, now) || self.caller_gives_up(line, now)
    }

    /// The line shows something that no guide explains.
    pub(super) fn show(&mut self, line: u16, shown: &str, now: Instant) -> bool {
        let Some(index) = self.index(line) else {
            return false;
        };
        self.enter(index, LineState::Other(shown.to_owned()), now);
        true
    }

    /// An account registers at its server, or is signed off.
    pub(super) fn register(&mut self, account: u16, registered: bool) -> bool {
        let found = self.accounts.iter_mut().find(|one| one.id == account);
        found.is_some_and(|one| {
            if one.registered != registered {
                one.registered = registered;
                self.news.registered(account, registered);
            }
            true
        })
    }

    /// It boots: no calls, no missed calls, up for no time. What it tells of calls that this cuts is not known.
    pub(super) fn boot(&mut self, now: Instant) {
        self.news.forget();
        for line in &mut self.lines {
            *line = Line::idle(line.line, now);
        }
        self.missed = 0;
        self.booted = now;
        self.uptime_then = Duration::ZERO;
    }

    /// It has booted, and its accounts have registered again.
    pub(super) fn booted(&mut self) {
        self.news.booted();
        for account in self.accounts.iter().filter(|account| account.registered) {
            self.news.registered(account.id, true);
        }
    }

    pub(super) fn line(&self, line: u16) -> Option<&Line> {
        self.index(line).map(|index| &self.lines[index])
    }

    fn index(&self, line: u16) -> Option<usize> {
        self.lines.iter().position(|one| one.line == line)
    }

    fn next_step(&self) -> Option<(Instant, usize)> {
        let due = |(index, line): (usize, &Line)| line.next.as_ref().map(|(due, _)| (*due, index));
        self.lines.iter().enumerate().filter_map(due).min()
    }

    /// A free line for a call of this account.
    fn take_line(&self, account: u16) -> Option<usize> {
        let usable = |one: &Account| one.id == account && one.registered;
        let free = |line: &Line| line.state == LineState::Idle;
        let line = self.lines.iter().position(free)?;
        self.accounts.iter().any(usable).then_some(line)
    }

    fn occupy(&mut self, index: usize, far: Caller, state: LineState, now: Instant) -> u16 {
        let line = &mut self.lines[index];
        line.name = far.name;
        line.number = far.number;
        line.account = Some(far.account);
        line.call = Some(self.news.call(state == LineState::Dialing));
        let number = line.line;
        self.enter(index, state, now);
        number
    }

    /// Goes to a state if the line is in one of the states that lead there.
    fn pass(&mut self, line: u16, from: &[LineState], to: LineState, now: Instant) -> bool {
        match self.index(line) {
            Some(index) if from.contains(&self.lines[index].state) => {
                self.enter(index, to, now);
                true
            }
            Some(_) | None => false,
        }
    }

    /// A call that rings here ends, and that has a name.
    fn ends_unanswered(&mut self, line: u16, what: PushEvent, now: Instant) -> bool {
        let ringing = self.line(line).filter(|line| line.state == LineState::Ringing).cloned();
        ringing.is_some_and(|ringing| {
            self.news.of_line(what, &ringing, now);
            self.pass(line, &[LineState::Ringing], LineState::Idle, now)
        })
    }

    fn enter(&mut self, index: usize, state: LineState, at: Instant) {
        if state == LineState::InCall {
            self.hold_others(index, at);
        }
        self.news.line_changes(&self.lines[index], &state, at);
        let account = self.lines[index].account;
        self.change(index, state, at);
        self.news.lines_changed(&self.lines, account);
    }

    fn change(&mut self, index: usize, state: LineState, at: Instant) {
        if state == LineState::Idle {
            self.lines[index] = Line::idle(self.lines[index].line, at);
            return;
        }
        let next = self.far_end_does(&state, &self.lines[index].number);
        let line = &mut self.lines[index];
        match (&state, &mut line.call) {
            (LineState::Failed, call) => *call = None,
            (LineState::InCall, Some(call)) => call.up_since = call.up_since.or(Some(at)),
            _ => {}
        }
        line.state = state;
        line.since = at;
        line.next = next.map(|(after, state)| (at + after, state));
    }

    /// What the far end makes of a call by itself.
    fn far_end_does(&self, state: &LineState, number: &str) -> Option<(Duration, LineState)> {
        let (after, next) = match state {
            LineState::Dialing => (self.far_end.rings_after, LineState::Calling),
            LineState::Calling if number.ends_with("000") => {
                (self.far_end.busy_after, LineState::Failed)
            }
            LineState::Calling if number.ends_with("999") => (None, LineState::Failed),
            LineState::Calling => (self.far_end.answers_after, LineState::InCall),
            LineState::Failed => (self.far_end.clears_after, LineState::Idle),
            LineState::Idle
            | LineState::Ringing
            | LineState::InCall
            | LineState::OnHold
            | LineState::Other(_) => (None, LineState::Idle),
        };
        after.map(|after| (after, next))
    }

    /// One conversation at a time: the others wait.
    fn hold_others(&mut self, index: usize, at: Instant) {
        for other in (0..self.lines.len()).filter(|other| *other != index) {
            if self.lines[other].state == LineState::InCall {
                self.enter(other, LineState::OnHold, at);
            }
        }
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
