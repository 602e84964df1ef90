//! Calls that come by themselves: now and then somebody of a small cast rings, and somebody at the phone deals with it.

use std::{ops::Range, time::Duration};

use tokio::{select, time::sleep};

use super::{handle::Simulator, line::LineState, model::Caller, profile::Person};

/// People that do not exist, with numbers from the range kept for fiction.
const CAST: [(&str, &str); 6] = [
    ("Ada Lindqvist", "+15550100"),
    ("Front gate", "+15550117"),
    ("Grandma", "+15550123"),
    ("Dr. Okafor", "+15550142"),
    ("Pizzeria Luna", "+15550168"),
    ("", "+15550199"),
];

/// Contacts of a phone that some of them call: one has no other name, and two are family.
pub fn friends() -> Vec<Person> {
    vec![
        Person::new("Grandma Lindqvist", "+1 555 0123").of("Family"),
        Person::new("Uncle Bo", "001 555 0199").of("Family"),
        Person::new("Pizza", "+1 (555) 0168"),
    ]
}

/// How long the parts of a call take; each is drawn from its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two calls.
    pub quiet: Range<Duration>,
    /// Until somebody answers, rejects or the caller gives up.
    pub ring: Range<Duration>,
    /// Each part of a conversation.
    pub talk: Range<Duration>,
    /// On hold.
    pub hold: Range<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        let seconds = |from, to| Duration::from_secs(from)..Duration::from_secs(to);
        Self {
            quiet: seconds(10, 30),
            ring: seconds(3, 9),
            talk: seconds(5, 20),
            hold: seconds(3, 8),
        }
    }
}

impl Pace {
    /// Everything this many times as fast.
    #[must_use]
    pub fn faster(self, times: u32) -> Self {
        let times = times.max(1);
        let faster = |range: Range<Duration>| range.start / times..range.end / times;
        Self {
            quiet: faster(self.quiet),
            ring: faster(self.ring),
            talk: faster(self.talk),
            hold: faster(self.hold),
        }
    }
}

impl Simulator {
    /// From now on calls come by themselves, until the phone stops.
    pub fn live(&self, pace: Pace) {
        let phone = self.clone();
        drop(tokio::spawn(async move {
            select! {
                () = phone.inner.stop.cancelled() => {}
                () = live(&phone, &pace) => {}
            }
        }));
    }
}

async fn live(phone: &Simulator, pace: &Pace) {
    loop {
        some(&pace.quiet).await;
        let (name, number) = CAST[fastrand::usize(..CAST.len())];
        if let Some(line) = phone.ring(Caller::new(name, number)) {
            some(&pace.ring).await;
            if is_theirs(phone, line, number, &LineState::Ringing) {
                one_call(phone, pace, line, number).await;
            }
        }
    }
}

/// What becomes of a call that has rung for a while, unless somebody else takes care of it.
async fn one_call(phone: &Simulator, pace: &Pace, line: u16, number: &str) {
    match fastrand::u8(..10) {
        0..2 => drop(phone.caller_gives_up(line)),
        2 => drop(phone.reject(line)),
        _ => {
            phone.answer(line);
            some(&pace.talk).await;
            if fastrand::bool() && is_theirs(phone, line, number, &LineState::InCall) {
                phone.hold(line);
                some(&pace.hold).await;
                if is_theirs(phone, line, number, &LineState::OnHold) {
                    phone.resume(line);
                }
                some(&pace.talk).await;
            }
            if is_theirs(phone, line, number, &LineState::InCall) {
                phone.far_end_hangs_up(line);
            }
        }
    }
}

fn is_theirs(phone: &Simulator, line: u16, number: &str, state: &LineState) -> bool {
    let lines = phone.lines();
    let mut lines = lines.iter();
    lines.any(|one| one.line == line && one.number == number && one.state == *state)
}

async fn some(range: &Range<Duration>) {
    let span = range.end.saturating_sub(range.start);
    sleep(range.start + span.mul_f64(fastrand::f64())).await;
}
