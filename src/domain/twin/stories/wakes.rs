//! When a twin is woken, whatever has happened to it.

use super::*;
use crate::domain::values::named::{NamedValue, ValueKind};

#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    Line(LineState),
    Fails(Option<PhoneError>),
    Stuck(bool),
    Deny(bool),
    Command(&'static str, &'static str),
    Push(PushKind),
    Pause(u64),
    Happens(fn() -> Input),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let errors = vec![
        None,
        None,
        Some(PhoneError::Timeout),
        Some(PhoneError::Unreachable("refused".into())),
        Some(PhoneError::Unauthorized("wrong password".into())),
        Some(PhoneError::BadAnswer("no JSON".into())),
        Some(PhoneError::Unsupported("HTTP 404".into())),
    ];
    let commands = vec![
        ("dial", r#"{"number": "1", "hang_up_after": "3s"}"#),
        ("hangup", ""),
        ("refresh", ""),
        ("get_values", "P1"),
        ("add_group", "Family"),
    ];
    let kinds = PushKind::TABLE.map(|(kind, _)| kind).to_vec();
    let events: Vec<fn() -> Input> = vec![
        || Input::Woke,
        || Input::RepublishAll,
        || Input::RetainedComplete,
        || Input::Resumed,
        || Input::Retained(PhoneTopic::Line(9), "{}".into()),
        || Input::Retained(PhoneTopic::MissedCalls, "3".into()),
    ];
    let step = prop_oneof![
        3 => (0u64..3000).prop_map(Step::Pass),
        1 => (0u64..70_000).prop_map(Step::Pass),
        3 => prop::sample::select(LineState::ALL.to_vec()).prop_map(Step::Line),
        2 => prop::sample::select(errors).prop_map(Step::Fails),
        1 => any::<bool>().prop_map(Step::Stuck),
        1 => any::<bool>().prop_map(Step::Deny),
        2 => prop::sample::select(commands).prop_map(|(name, text)| Step::Command(name, text)),
        2 => prop::sample::select(kinds).prop_map(Step::Push),
        1 => (0u64..10_000).prop_map(Step::Pause),
        3 => prop::sample::select(events).prop_map(Step::Happens),
    ];
    prop::collection::vec(step, 1..40)
}

/// A twin with all that is read in its own time.
fn story(min_ring: u64) -> Story {
    let mut story = Story::new();
    let mut settings = story.twin.options.clone();
    let value = |number: u16| NamedValue {
        key: format!("value_{number}").parse().unwrap(),
        name: "Value".into(),
        value: number.to_string(),
        kind: ValueKind::Text,
        icon: None,
    };
    settings.values = (1..100).map(value).collect();
    settings.contacts_poll = Some(MINUTE);
    settings.min_ring = Duration::from_millis(min_ring);
    story.twin = Twin::new(settings, story.start, 1);
    story
}

proptest! {
    /// `Story::happens` looks after each event.
    #[test]
    fn a_twin_is_never_woken_for_what_it_has_just_done(
        steps in steps(), min_ring in prop::sample::select(vec![0u64, 800]),
    ) {
        let mut story = story(min_ring);
        for step in steps {
            match step {
                Step::Pass(millis) => story.passes(Duration::from_millis(millis)),
                Step::Line(state) => story.lines[0] = state,
                Step::Fails(error) => story.error = error,
                Step::Stuck(stuck) => {
                    story.stuck = stuck;
                    if !stuck && story.twin.in_flight.is_some() {
                        story.happens(Input::Answered(Err(PhoneError::Timeout)));
                    }
                }
                Step::Deny(true) => {
                    let denied = PhoneError::Unsupported("HTTP 404".into());
                    story.denied.insert("7".into(), denied);
                }
                Step::Deny(false) => story.denied.clear(),
                Step::Command(name, payload) => story.commanded(name, payload),
                Step::Push(kind) => story.pushes(kind, None),
                Step::Pause(millis) => {
                    let now = story.now();
                    let time = Duration::from_millis(millis);
                    let wall = now.wall + jiff::SignedDuration::try_from(time).unwrap();
                    story.happens(Input::Paused(Now { instant: now.instant + time, wall }));
                }
                Step::Happens(event) => story.happens(event()),
            }
        }
    }
}
