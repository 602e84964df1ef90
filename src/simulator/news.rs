//! What is new at the phone: turns changes of lines and accounts into events, and keeps them until somebody takes them.

use std::time::{Duration, Instant};

use super::{
    event::PushEvent,
    line::{Call, Line, LineState},
};

/// News beyond this many are lost: nobody takes them.
const KEPT: usize = 1000;

/// One event, with what the phone can tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) what: PushEvent,
    pub(super) account: Option<u16>,
    pub(super) call: Option<Told>,
}

/// What the phone can tell of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) number: String,
    pub(super) id: String,
    pub(super) outgoing: bool,
    pub(super) duration: Duration,
}

/// The events that nobody took yet.
#[derive(Debug)]
pub(super) struct News {
    events: Vec<Event>,
    off_hook: bool,
    calls: u64,
    salt: u32,
}

impl News {
    pub(super) fn new() -> Self {
        Self { events: Vec::new(), off_hook: false, calls: 0, salt: fastrand::u32(..) }
    }

    /// All events since the last time, the oldest first.
    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// A call begins; its Call-ID is like no other.
    pub(super) fn call(&mut self, outgoing: bool) -> Call {
        self.calls += 1;
        let id = format!("{:08x}-5060-{}@phone.example.com", self.salt, self.calls);
        Call { id, outgoing, up_since: None }
    }

    /// A line is about to change.
    pub(super) fn line_changes(&mut self, line: &Line, to: &LineState, at: Instant) {
        let answered_here = line.state == LineState::Ringing && *to == LineState::InCall;
        if (answered_here || *to == LineState::Dialing) && !self.off_hook {
            self.off_hook = true;
            self.add(Event { what: PushEvent::OffHook, account: line.account, call: None });
        }
        if let Some(what) = named(line, to) {
            self.of_line(what, line, at);
        }
    }

    /// The lines have changed, one of them with this account: perhaps nobody uses the phone any more.
    pub(super) fn lines_changed(&mut self, lines: &[Line], account: Option<u16>) {
        let unused = |line: &Line| matches!(line.state, LineState::Idle | LineState::Ringing);
        if self.off_hook && lines.iter().all(unused) {
            self.off_hook = false;
            self.add(Event { what: PushEvent::OnHook, account, call: None });
        }
    }

    /// Something happens to the call on a line.
    pub(super) fn of_line(&mut self, what: PushEvent, line: &Line, at: Instant) {
        let told = line.call.as_ref().map(|call| Told {
            name: line.name.clone(),
            number: line.number.clone(),
            id: call.id.clone(),
            outgoing: call.outgoing,
            duration: call.up_since.map_or(Duration::ZERO, |up| at.saturating_duration_since(up)),
        });
        self.add(Event { what, account: line.account, call: told });
    }

    /// An account registered, or was signed off.
    pub(super) fn registered(&mut self, account: u16, registered: bool) {
        let what = if registered { PushEvent::Registered } else { PushEvent::Unregistered };
        self.add(Event { what, account: Some(account), call: None });
    }

    /// The phone has started.
    pub(super) fn booted(&mut self) {
        self.add(Event { what: PushEvent::Booted, account: None, call: None });
    }

    /// The phone starts anew: nothing is told, and nobody uses it.
    pub(super) fn forget(&mut self) {
        self.events.clear();
        self.off_hook = false;
    }

    fn add(&mut self, event: Event) {
        if self.events.len() < KEPT {
            self.events.push(event);
        }
    }
}

/// What a change of a line is called. It is not known whether a phone also says `terminated` of a call that nobody took, was
/// turned away or could not be made: here it does so only of calls that were up or on their way out, as soon as they fail.
fn named(line: &Line, to: &LineState) -> Option<PushEvent> {
    use LineState::{Calling, Dialing, Failed, Idle, InCall, OnHold, Ringing};
    let counts = line.call.as_ref().is_some_and(|call| call.outgoing || call.up_since.is_some());
    match (&line.state, to) {
        (_, Ringing) => Some(PushEvent::Incoming),
        (_, Dialing) => Some(PushEvent::Outgoing),
        (Ringing | Dialing | Calling, InCall) => Some(PushEvent::Established),
        (InCall, OnHold) => Some(PushEvent::Held),
        (OnHold, InCall) => Some(PushEvent::Resumed),
        (_, Idle | Failed) if counts => Some(PushEvent::Terminated),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "a made-up beginning of time needs some instant"
    )]

    use super::{
        super::{
            model::{Caller, Phone},
            profile::{FarEnd, Profile},
        },
        *,
    };

    type Step = fn(&mut Phone, Instant);

    const SECOND: Duration = Duration::from_secs(1);
    const RING: Step = |phone, now| assert!(phone.ring(Caller::new("Ada", "1"), now).is_some());
    const DIAL: Step = |phone, now| assert!(phone.dial("1002", 1, now).is_some());
    const ANSWER: Step = |phone, now| assert!(phone.answer(1, now));
    const HANG_UP: Step = |phone, now| assert!(phone.hang_up(1, now));

    fn words(news: &[Event]) -> String {
        news.iter().map(|event| event.what.word()).collect::<Vec<_>>().join(" ")
    }

    /// Takes the steps a second apart, with far ends that do nothing by themselves unless told so.
    fn after(steps: &[Step], far_end: FarEnd) -> Vec<Event> {
        let mut now = Instant::now();
        let mut phone = Phone::new(&Profile { far_end, ..Profile::default() }, now);
        for step in steps {
            step(&mut phone, now);
            now += SECOND;
        }
        phone.news.take()
    }

    #[test]
    fn every_change_has_its_events() {
        const SECOND_CALL: &[Step] = &[RING, ANSWER, RING, |p, t| assert!(p.answer(2, t))];
        let cases: [(&[Step], &str); 22] = [
            (&[RING], "incoming"),
            (&[RING, ANSWER], "incoming off_hook established"),
            (&[RING, |p, t| assert!(p.reject(1, t))], "incoming rejected"),
            (&[RING, |p, t| assert!(p.caller_gives_up(1, t))], "incoming missed"),
            (&[RING, |p, t| assert!(p.far_end_hangs_up(1, t))], "incoming missed"),
            (&[RING, ANSWER, HANG_UP], "incoming off_hook established terminated on_hook"),
            (
                &[RING, ANSWER, |p, t| assert!(p.far_end_hangs_up(1, t))],
                "incoming off_hook established terminated on_hook",
            ),
            (
                &[RING, ANSWER, |p, t| assert!(p.hold(1, t)), |p, t| assert!(p.resume(1, t))],
                "incoming off_hook established held resumed",
            ),
            (
                &[RING, ANSWER, |p, t| assert!(p.hold(1, t)), HANG_UP],
                "incoming off_hook established held terminated on_hook",
            ),
            (SECOND_CALL, "incoming off_hook established incoming held established"),
            (
                &[RING, ANSWER, RING, HANG_UP],
                "incoming off_hook established incoming terminated on_hook",
            ),
            (
                &[RING, ANSWER, DIAL, HANG_UP],
                "incoming off_hook established held outgoing terminated",
            ),
            (&[DIAL], "off_hook outgoing"),
            (&[DIAL, |p, t| assert!(p.far_end_rings(1, t))], "off_hook outgoing"),
            (&[DIAL, |p, t| assert!(p.far_end_answers(1, t))], "off_hook outgoing established"),
            (&[DIAL, HANG_UP], "off_hook outgoing terminated on_hook"),
            (&[DIAL, |p, t| assert!(p.far_end_is_busy(1, t))], "off_hook outgoing terminated"),
            (
                &[DIAL, |p, t| assert!(p.far_end_is_busy(1, t)), HANG_UP],
                "off_hook outgoing terminated on_hook",
            ),
            (&[|p, _| assert!(p.register(2, true) && p.register(2, true))], "registered"),
            (&[|p, _| assert!(p.register(1, false))], "unregistered"),
            (&[RING, ANSWER, Phone::boot, |p, _| p.booted()], "booted registered"),
            (&[|p, t| assert!(p.show(1, "42", t)), HANG_UP], ""),
        ];
        for (index, (steps, expected)) in cases.into_iter().enumerate() {
            assert_eq!(words(&after(steps, FarEnd::MANUAL)), expected, "case {index}");
        }
    }

    #[test]
    fn what_happens_by_itself_has_its_events() {
        const LATER: Step = |phone, now| phone.advance(now + 60 * SECOND);
        let answered = after(&[DIAL, LATER], FarEnd::default());
        assert_eq!(words(&answered), "off_hook outgoing established");
        let busy: Step = |phone, now| assert!(phone.dial("5000", 1, now).is_some());
        let busy = after(&[busy, LATER], FarEnd::default());
        assert_eq!(words(&busy), "off_hook outgoing terminated on_hook");
    }

    #[test]
    fn a_blocked_number_is_not_a_missed_call() {
        let now = Instant::now();
        let mut phone = Phone::new(&Profile::default(), now);
        assert_eq!(phone.flap(Caller::new("", "666"), SECOND / 4, now), Some(1));
        assert_eq!(phone.due(), Some(now + SECOND / 4));
        phone.advance(now + SECOND);
        assert_eq!((phone.lines()[0].state.clone(), phone.missed), (LineState::Idle, 0));
        assert_eq!(words(&phone.news.take()), "incoming");
        phone.flap(Caller::new("", "666"), SECOND, now);
        phone.answer(1, now);
        phone.advance(now + 2 * SECOND);
        assert_eq!(phone.lines()[0].state, LineState::InCall);
    }

    #[test]
    fn events_tell_of_their_call() {
        let told = |event: &Event| event.call.clone().unwrap();
        let news = after(&[RING, ANSWER, HANG_UP, DIAL, HANG_UP], FarEnd::MANUAL);
        let calls = [0, 2, 3, 6, 7].map(|index| told(&news[index]));
        let durations = [0, 0, 1, 0, 0].map(Duration::from_secs);
        assert_eq!(calls.each_ref().map(|call| call.duration), durations);
        let outgoing = [false, false, false, true, true];
        assert_eq!(calls.each_ref().map(|call| call.outgoing), outgoing);
        assert_eq!((calls[0].name.as_str(), calls[0].number.as_str()), ("Ada", "1"));
        assert!(calls[0].id == calls[2].id && calls[3].id == calls[4].id);
        assert!(calls[0].id != calls[3].id && calls[0].id.contains('@'));
        assert_eq!((news[1].account, news[1].call.is_none()), (Some(1), true));
    }
}
