//! All about the calls of one phone: the engine, the counters, and what is remembered over a restart of the bridge.
//!
//! What was retained on the broker is known only a moment after the bridge was started, or much later if the broker is
//! away. Until then everything that happens is kept, and taken in afterwards as if it happened only then.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::engine::Engine;
use super::live::Stage;
use super::topics::{self, CallTopics};
use super::{Call, CallSettings, Direction, EventType, Input, Now, Output};
use crate::domain::call::push::PushKind;
use crate::domain::contacts::directory::Names;
use crate::domain::contract::topic::PhoneTopic;

/// More missed calls nobody has counted: a larger number that is retained is not ours.
const MISSED: u64 = 1_000_000;

/// Maximum number of inputs that are kept until it is known what was before.
const KEPT: usize = 256;
/// Nobody wants to hear of what happened longer ago.
const STALE: Duration = Duration::from_mins(1);

/// What is to be done because of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Publish this below `P`.
    Publish(PhoneTopic, String),
    /// Tell the log.
    Log(EventType, Call),
    /// End the call on this line.
    HangUp(u16),
    /// Tell the log that the call to this number was not seen, so that its time limit means nothing.
    NeverSeen(String),
}

/// The calls of one phone.
#[derive(Debug)]
pub struct Switchboard {
    engine: Engine,
    /// What happened before it was known what was before; none since it is.
    early: Option<VecDeque<(Input, Now)>>,
    missed: u64,
    missed_is_known: bool,
    last_call: Option<String>,
    last_caller: Option<String>,
    /// Whether topics may show something else than when they were read last.
    is_news: bool,
}

impl Switchboard {
    /// Starts with nothing known.
    pub fn new(settings: CallSettings) -> Self {
        Self {
            engine: Engine::new(settings),
            early: Some(VecDeque::new()),
            missed: 0,
            missed_is_known: false,
            is_news: true,
            last_call: None,
            last_caller: None,
        }
    }

    /// Goes on with other settings, for somebody who knows nothing of its topics.
    pub fn set_settings(&mut self, settings: CallSettings) {
        self.engine.settings = settings;
        self.is_news = true;
    }

    /// Hangs nothing up any more of what was dialled before.
    pub fn forget_limits(&mut self) {
        self.engine.forget_limits();
        self.is_news = true;
    }

    /// Knows people by these names from now on.
    pub fn know(&mut self, names: Names) {
        self.is_news = true;
        self.engine.know(names);
        self.update_last_caller();
    }

    /// Handles what happened.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        let Some(early) = &mut self.early else { return self.do_handle(&input, now) };
        if !matters(&input) {
            return Vec::new();
        }
        self.missed_is_known |= matches!(input, Input::MissedReset);
        // of lines that stay as they are the first and the last poll are enough
        let mut last = early.iter().rev().take(2);
        if let Input::Seen(new, _) = &input
            && last.len() == 2
            && last.all(|(kept, _)| matches!(kept, Input::Seen(lines, _) if lines == new))
        {
            early.pop_back();
        }
        early.push_back((input, now));
        if early.len() > KEPT
            && let Some((oldest, at)) = early.pop_front()
        {
            // it is too old to be told, and counts all the same
            self.do_handle(&oldest, at);
        }
        Vec::new()
    }

    /// Handles what the broker had retained on a topic before the bridge was started.
    pub fn retained(&mut self, topic: &PhoneTopic, payload: &str, now: Now) -> Vec<Effect> {
        self.is_news = true;
        if *topic == PhoneTopic::Calls && self.early.is_some() {
            for live in topics::remembered(payload, now) {
                self.engine.remember(live);
            }
            return self.open(now);
        }
        if *topic == PhoneTopic::MissedCalls && !self.missed_is_known {
            let before = payload.parse().ok().filter(|before| *before <= MISSED);
            self.missed = self.missed.saturating_add(before.unwrap_or_default());
            self.missed_is_known = true;
        } else if *topic == PhoneTopic::LastCall {
            self.last_call = self.last_call.take().or_else(|| topics::completed(payload));
        } else if *topic == PhoneTopic::LastCaller {
            self.last_caller = self.last_caller.take().or_else(|| topics::completed(payload));
        }
        Vec::new()
    }

    /// Notes that the broker had retained nothing else.
    pub fn retained_complete(&mut self, now: Now) -> Vec<Effect> {
        self.missed_is_known = true;
        self.is_news = true;
        self.open(now)
    }

    /// Ends all calls, as nobody polls the phone any more; returns what is to be published of that.
    pub fn end_all(&mut self, now: Now) -> Vec<(PhoneTopic, String)> {
        let mut effects = self.retained_complete(now);
        effects.extend(self.handle(Input::Removed, now));
        let told = |effect| match effect {
            Effect::Publish(topic, payload) => Some((topic, payload)),
            Effect::Log(..) | Effect::HangUp(_) | Effect::NeverSeen(_) => None,
        };
        effects.into_iter().filter_map(told).collect()
    }

    /// Ends the calls that an earlier run has left in `P/calls`, of a phone that is not there any more.
    pub fn end_remembered(calls: &str, now: Now) -> Vec<(PhoneTopic, String)> {
        let (min_ring, gap, blind) = (Duration::ZERO, Duration::MAX, Duration::MAX);
        let mut board =
            Self::new(CallSettings { min_ring, gap: gap / 100, blind, doorbell: Vec::new() });
        board.retained(&PhoneTopic::Calls, calls, now);
        board.end_all(now)
    }

    /// Returns what topics show, if that may be something else than the last time; none until it is known what was before.
    pub fn news(&mut self) -> Option<CallTopics> {
        let topics = self.is_news.then(|| self.topics())?;
        self.is_news = topics.is_none();
        topics
    }

    /// Returns what topics show; none until it is known what was before.
    pub fn topics(&self) -> Option<CallTopics> {
        let unproven = |live: &&super::live::Live| !live.announced && live.stage == Stage::Ringing;
        self.early.is_none().then(|| CallTopics {
            in_progress: topics::in_progress(self.engine.live()),
            last_call: self.last_call.clone(),
            last_caller: self.last_caller.clone(),
            missed: self.missed_is_known.then_some(self.missed),
            unproven: self
                .engine
                .live()
                .filter(unproven)
                .filter_map(|live| live.call.line)
                .collect(),
        })
    }

    /// Returns when the lines are to be polled, because of a call.
    pub fn look_at(&self) -> Option<Instant> {
        self.early.is_none().then(|| self.engine.look_at()).flatten()
    }

    /// Returns when [`Input::Woke`] is wanted.
    pub fn wake(&self) -> Option<Instant> {
        self.early.is_none().then(|| self.engine.lost_at()).flatten()
    }

    fn open(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (input, at) in self.early.take().into_iter().flatten() {
            let fresh = now.instant.saturating_duration_since(at.instant) < STALE;
            let mut came = self.do_handle(&input, at);
            // a call is ended only right after it was seen
            came.retain(|effect| fresh && !matches!(effect, Effect::HangUp(_)));
            effects.append(&mut came);
        }
        effects
    }

    fn do_handle(&mut self, input: &Input, now: Now) -> Vec<Effect> {
        let was_quiet = self.engine.live().next().is_none();
        let effects = self.carry_out(input, now);
        // no call before and none now: nobody sees anything of it
        let is_quiet = was_quiet && effects.is_empty() && self.engine.live().next().is_none();
        self.is_news |= !is_quiet || matches!(input, Input::MissedReset);
        effects
    }

    fn carry_out(&mut self, input: &Input, now: Now) -> Vec<Effect> {
        if matches!(input, Input::MissedReset) {
            self.missed = 0;
            self.missed_is_known = true;
        }
        let outputs = self.engine.take(input, now);
        let mut effects = Vec::new();
        for output in outputs {
            match output {
                Output::Call(event, call, source) => {
                    let payload = topics::event(event, &call, source);
                    self.count(event, &call, &payload, now);
                    effects.push(Effect::Publish(PhoneTopic::CallEvent, payload));
                    effects.push(Effect::Log(event, call));
                }
                Output::Doorbell(call, label) => {
                    let payload = topics::doorbell(&call, label.as_deref());
                    effects.push(Effect::Publish(PhoneTopic::DoorbellEvent, payload));
                }
                Output::HangUp(line) => effects.push(Effect::HangUp(line)),
                Output::NeverSeen(number) => effects.push(Effect::NeverSeen(number)),
            }
        }
        self.update_last_caller();
        effects
    }

    /// Adds what became known late of the one who calls.
    fn update_last_caller(&mut self) {
        let last = self.last_caller.as_deref();
        let mut incoming = self.engine.live();
        if let Some(again) =
            incoming.find_map(|live| last.and_then(|last| topics::caller_again(last, &live.call)))
        {
            self.last_caller = Some(again);
        }
    }

    fn count(&mut self, event: EventType, call: &Call, payload: &str, now: Now) {
        if event == EventType::Missed && !call.doorbell {
            self.missed = self.missed.saturating_add(1);
        }
        if event.is_last() {
            self.last_call = Some(payload.to_owned());
        }
        // a missed call that only the phone knew of has no event of its beginning
        let unheard = event == EventType::Missed && call.line.is_none();
        if event == EventType::Incoming || unheard && call.direction == Some(Direction::Incoming) {
            self.last_caller = Some(topics::caller(call, now));
        }
    }
}

/// Returns `true` if this has to be known later: most pushes only tell what the lines show, too.
fn matters(input: &Input) -> bool {
    use PushKind::{
        Booted, Established, Held, Incoming, Missed, OffHook, OnHook, Outgoing, Registered,
        Rejected, Resumed, Terminated, Transferring, Unregistered,
    };
    match input {
        Input::Pushed(push, _) => match push.kind {
            Incoming | Outgoing | Missed | Rejected => true,
            Established | Terminated | Held | Resumed | Transferring | OffHook | OnHook
            | Registered | Unregistered | Booted => false,
        },
        Input::Seen(..)
        | Input::Told(_)
        | Input::Refused(_)
        | Input::MissedReset
        | Input::Removed => true,
        Input::Woke => false,
    }
}
