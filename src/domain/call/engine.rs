//! The reducer of one phone's calls: (input, now) in, outputs out. What the lines do decides; pushes, and what the bridge
//! told the phone, only explain it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::evidence::Evidence;
use super::live::{Live, Shown, Stage};
use super::pushes::{APART, Fit, Pushes};
use super::{Call, CallSettings, Direction, EventType, Input, Instruction, Now, Output, Source};
use crate::domain::contacts::directory::Names;
use crate::domain::telephony::Line;

/// What is seen within this time after a push was looked for because of it.
const NUDGED: Duration = Duration::from_secs(1);
/// So long an order to turn a call away explains that it ends.
const TURNED_AWAY: Duration = Duration::from_secs(10);
/// A call is lost after so many gaps.
const LOST_AFTER: u32 = 6;

/// The calls of one phone.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) settings: CallSettings,
    pub(super) lines: BTreeMap<u16, Slot>,
    pub(super) evidence: Evidence,
    pub(super) pushes: Pushes,
    pub(super) look: Look,
    pub(super) nudged: Option<Instant>,
    pub(super) names: Names,
    /// Whether the lines were ever seen.
    looked: bool,
    last_id: i64,
    pub(super) outputs: Vec<Output>,
}

/// What all lines together showed when they were seen last, for pushes that do not say which call they are about.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) numbers: Vec<String>,
    /// Whether there is only one new call that no push with its number has come for.
    pub(super) one_is_new: bool,
}

/// One line.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Apart, as most lines have none.
    pub(super) call: Option<Box<Live>>,
    /// Whether the line showed a failure when it was seen last: one failure is one event.
    failed: bool,
}

impl Engine {
    pub(super) fn new(settings: CallSettings) -> Self {
        Self {
            settings,
            lines: BTreeMap::new(),
            evidence: Evidence::default(),
            pushes: Pushes::default(),
            look: Look::default(),
            nudged: None,
            names: Names::default(),
            looked: false,
            last_id: 0,
            outputs: Vec::new(),
        }
    }

    /// Adds a call from before the bridge was started; what was seen since is newer.
    pub(super) fn remember(&mut self, current: Live) {
        if let Some(line) = current.call.line {
            self.evidence.take_id(&current.call.call_id);
            self.lines.entry(line).or_default().call.get_or_insert_with(|| Box::new(current));
        }
    }

    /// Hangs nothing up any more of what was dialled before.
    pub(super) fn forget_limits(&mut self) {
        self.evidence.forget_dialled();
        for current in self.lines.values_mut().filter_map(|slot| slot.call.as_deref_mut()) {
            current.hang_up = None;
        }
    }

    /// Knows people by these names from now on, those in calls included.
    pub(super) fn know(&mut self, names: Names) {
        self.names = names;
        for current in self.lines.values_mut().filter_map(|slot| slot.call.as_deref_mut()) {
            current.recognise(&self.names);
        }
    }

    /// Handles what happened, and returns what is to be said, in this order.
    pub(super) fn take(&mut self, input: &Input, now: Now) -> Vec<Output> {
        match input {
            Input::Seen(lines, asked) => self.seen(lines, *asked, now),
            Input::Pushed(push, account) => self.pushed(push, *account, now),
            Input::Told(Instruction::Dial(number, limit)) => {
                self.evidence.dialled(number.clone(), *limit, now.instant);
            }
            Input::Refused(Instruction::Dial(number, _)) => self.evidence.not_dialled(number),
            Input::Told(Instruction::TurnAway(line)) => self.turn_away(*line, Some(now.instant)),
            Input::Refused(Instruction::TurnAway(line)) => self.turn_away(*line, None),
            Input::Removed => self.end_all(now),
            Input::MissedReset | Input::Woke => {}
        }
        self.lose(now);
        self.pushes.forget(now.instant);
        for dialled in self.evidence.forget(now.instant) {
            self.outputs.push(Output::NeverSeen(dialled.number));
        }
        std::mem::take(&mut self.outputs)
    }

    /// Returns when the lines are to be polled: a call may prove to be one then, or must be ended.
    pub(super) fn look_at(&self) -> Option<Instant> {
        let rings =
            self.live().filter(|current| !current.announced && current.stage == Stage::Ringing);
        let proven = rings.map(|current| current.since + self.settings.min_ring);
        let limits = self.live().filter_map(|current| current.hang_up.as_ref()?.due());
        proven.chain(limits).min()
    }

    /// Returns when a call is lost, unless its line is seen before.
    pub(super) fn lost_at(&self) -> Option<Instant> {
        self.live().map(|current| current.seen.instant + self.settings.gap * LOST_AFTER).min()
    }

    /// Returns the calls in progress, in the order of their lines.
    pub(super) fn live(&self) -> impl Iterator<Item = &Live> {
        self.lines.values().filter_map(|slot| slot.call.as_deref())
    }

    fn seen(&mut self, lines: &[Line], asked: Instant, now: Now) {
        self.look = self.look_over(lines, now);
        for line in lines {
            self.line(line, now);
        }
        // a phone that names no line at all has said nothing; one that names others has let this one go
        let known: Vec<u16> = self.lines.keys().copied().filter(|_| !lines.is_empty()).collect();
        for number in known {
            if lines.iter().all(|line| line.line != number) {
                self.finish(number, Shown::Nothing, now);
            }
        }
        self.looked |= !lines.is_empty();
        if !lines.is_empty() {
            self.pushes.looked(asked);
        }
        if self.looked {
            self.confirm_missed(asked, now);
        }
    }

    fn look_over(&self, lines: &[Line], now: Now) -> Look {
        let is_call = |line: &&Line| matches!(Shown::of(line.state), Shown::Call(_));
        let numbers = || lines.iter().filter(is_call).filter_map(|line| line.number.clone());
        let told = |number: &Option<String>| {
            number.as_ref().is_some_and(|number| self.pushes.announce(number))
        };
        let is_new = |live: &&Live| !live.hinted && since(live.since, now) < APART;
        let known = self.live().filter(is_new).filter(|live| !told(&live.call.number));
        let began = lines.iter().filter(is_call).filter(|line| {
            let slot = self.lines.get(&line.line);
            slot.is_none_or(|slot| slot.call.is_none()) && !told(&line.number)
        });
        Look { numbers: numbers().collect(), one_is_new: known.count() + began.count() == 1 }
    }

    fn line(&mut self, line: &Line, now: Now) {
        let (number, shown, blind) = (line.line, Shown::of(line.state), self.settings.blind);
        let slot = self.lines.entry(number).or_default();
        let failed = slot.failed;
        slot.failed = shown == Shown::Failed || failed && shown == Shown::Unknown;
        match (shown, &mut slot.call) {
            (Shown::Unknown, Some(current)) => current.seen = now,
            (Shown::Unknown | Shown::Nothing, None) => {}
            (Shown::Nothing | Shown::Failed, Some(_)) => self.finish(number, shown, now),
            (Shown::Failed, None) if failed || !self.looked => {}
            (Shown::Failed, None) => {
                self.begin(line, Stage::Calling, now);
                self.finish(number, shown, now);
            }
            (Shown::Call(stage), None) => self.begin(line, stage, now),
            (Shown::Call(stage), Some(current)) => {
                let unwatched = since(current.seen.instant, now) >= blind;
                let over = !stage.is_up() && current.is_long_over(now);
                if !over && current.can_be(stage, line, unwatched) {
                    self.go_on(line, stage, now);
                } else {
                    self.finish(number, Shown::Nothing, now);
                    self.begin(line, stage, now);
                }
            }
        }
    }

    /// A line that had no call shows one.
    fn begin(&mut self, line: &Line, stage: Stage, now: Now) {
        let direction = match stage {
            Stage::Ringing => Some(Direction::Incoming),
            Stage::Dialing | Stage::Calling => Some(Direction::Outgoing),
            Stage::Up | Stage::Held => None,
        };
        let mut current = self.make(direction, stage, now);
        current.call.line = Some(line.line);
        if self.looked && stage.is_up() {
            // it went by between two polls
            current.stage = Stage::Calling;
        } else if !self.looked {
            // it was there before us: nobody knows since when
            current.call.started = None;
            if stage.is_up() {
                (current.announced, current.call.was_up) = (true, true);
                current.fill(line);
                current.recognise(&self.names);
                self.say(EventType::Answered, &current.call, now);
            }
        }
        self.lines.entry(line.line).or_default().call = Some(Box::new(current));
        self.go_on(line, stage, now);
    }

    /// The call on this line is seen (again), perhaps further than before.
    fn go_on(&mut self, line: &Line, stage: Stage, now: Now) {
        let slot = self.lines.get_mut(&line.line);
        let Some(mut current) = slot.and_then(|slot| slot.call.take()) else { return };
        current.fill(line);
        let before = std::mem::replace(&mut current.stage, stage);
        current.seen = now;
        current.remembered = false;
        current.recognise(&self.names);
        if current.announced {
            self.take_push(&mut current);
        } else {
            self.announce(&mut current, before, now);
        }
        if stage.is_up() && !current.call.was_up {
            current.call.was_up = true;
            current.call.answered = Some(now);
            self.say(EventType::Answered, &current.call, now);
        }
        if stage.is_up() {
            current.hang_up = None;
        }
        match (before, stage) {
            (Stage::Held, Stage::Up) => self.say(EventType::Resumed, &current.call, now),
            (before, Stage::Held) if before != Stage::Held => {
                self.say(EventType::Held, &current.call, now);
            }
            _ => {}
        }
        self.outputs.extend(current.unmask().map(Output::NeverSeen));
        if current.hang_up.as_mut().is_some_and(|limit| limit.is_due(now.instant)) {
            self.outputs.push(Output::HangUp(line.line));
        }
        if current.announced && stage == Stage::Ringing {
            // its name or number may have come late
            let ring = self.recognise_doorbell(&mut current);
            self.outputs.extend(ring);
        }
        self.lines.entry(line.line).or_default().call = Some(current);
    }

    /// Says that a call has begun, if it is one for sure.
    fn announce(&mut self, current: &mut Live, before: Stage, now: Now) {
        let fit = self.explain(current, now);
        current.recognise(&self.names);
        current.announced = match current.stage {
            Stage::Ringing => since(current.since, now) >= self.settings.min_ring,
            Stage::Dialing => fit == Some(Fit::Number),
            Stage::Calling | Stage::Up | Stage::Held => true,
        };
        match current.call.direction.filter(|_| current.announced) {
            Some(Direction::Incoming) => {
                // that it came is seen, or told by who knows its number
                let rang = [before, current.stage].contains(&Stage::Ringing);
                let is_sure = rang || fit == Some(Fit::Number);
                let door = is_sure.then(|| self.recognise_doorbell(current)).flatten();
                self.say(EventType::Incoming, &current.call, now);
                self.outputs.extend(door);
            }
            Some(Direction::Outgoing) => self.say(EventType::Outgoing, &current.call, now),
            None => {}
        }
    }

    /// A line that had a call shows none, or a failure.
    fn finish(&mut self, number: u16, shown: Shown, now: Now) {
        let slot = self.lines.get_mut(&number);
        let Some(mut current) = slot.and_then(|slot| slot.call.take()) else { return };
        current.call.ended = if current.remembered {
            None
        } else if since(current.seen.instant, now) >= self.settings.gap {
            // nobody knows when, but then it was there
            Some(current.seen)
        } else {
            Some(now)
        };
        self.take_push(&mut current);
        self.evidence.over(&current.call, current.sip_id.clone(), false, now.instant);
        if !current.announced {
            return;
        }
        let turned_away = current.turned_away.is_some_and(|at| since(at, now) < TURNED_AWAY);
        let event = match (current.stage, shown) {
            (Stage::Ringing, _) if turned_away => EventType::Rejected,
            (Stage::Ringing, _) => EventType::Missed,
            (Stage::Dialing | Stage::Calling, Shown::Failed) => EventType::Failed,
            (Stage::Dialing | Stage::Calling | Stage::Up | Stage::Held, _) => EventType::Ended,
        };
        self.say(event, &current.call, now);
    }

    /// Ends all calls, as nobody polls the phone any more: what becomes of them, and when, is not known.
    fn end_all(&mut self, now: Now) {
        for number in self.lines.keys().copied().collect::<Vec<_>>() {
            if let Some(live) = self.lines.get_mut(&number).and_then(|slot| slot.call.as_mut()) {
                (live.stage, live.remembered) = (Stage::Up, true);
            }
            self.finish(number, Shown::Nothing, now);
        }
    }

    /// Gives up calls of a phone that was not seen for long.
    fn lose(&mut self, now: Now) {
        let after = self.settings.gap * LOST_AFTER;
        let lost: Vec<u16> = self
            .live()
            .filter(|current| since(current.seen.instant, now) >= after)
            .filter_map(|current| current.call.line)
            .collect();
        for number in lost {
            self.finish(number, Shown::Nothing, now);
        }
    }

    /// Notes that a call which rings, or has rung, is the doorbell; returns what is to be said of that, if it is and that
    /// was not said yet.
    fn recognise_doorbell(&self, current: &mut Live) -> Option<Output> {
        let call = &mut current.call;
        if call.doorbell {
            return None;
        }
        let (number, name) = (call.number.as_deref(), call.shown_name());
        let mut rules = self.settings.doorbell.iter();
        let label = rules.find(|rule| rule.fits(number, name, call.account))?.label.clone();
        call.doorbell = true;
        Some(Output::Doorbell(call.clone(), label))
    }

    pub(super) fn make(&mut self, direction: Option<Direction>, stage: Stage, now: Now) -> Live {
        // two calls within a millisecond, or a clock that was set back, do not share an id
        self.last_id = now.wall.as_millisecond().max(self.last_id + 1);
        let call = Call {
            call_id: format!("{:x}", self.last_id),
            line: None,
            account: None,
            direction,
            name: None,
            number: None,
            person: None,
            started: Some(now),
            answered: None,
            ended: None,
            was_up: false,
            doorbell: false,
        };
        Live::new(call, stage, now)
    }

    fn say(&mut self, event: EventType, call: &Call, now: Now) {
        let nudged = self.nudged.is_some_and(|at| since(at, now) < NUDGED);
        let source = if nudged { Source::Push } else { Source::Poll };
        self.outputs.push(Output::Call(event, call.clone(), source));
    }
}

fn since(at: Instant, now: Now) -> Duration {
    now.instant.saturating_duration_since(at)
}

/// Returns a later moment, by both clocks.
pub(super) fn later(now: Now, at: Instant) -> Now {
    let ahead = at.saturating_duration_since(now.instant);
    Now { instant: at, wall: now.wall.saturating_add(ahead).unwrap_or(now.wall) }
}
