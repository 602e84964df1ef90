//! What holds whatever happens to the announcer.

use proptest::prelude::*;

use super::tests::{Story, kitchen, payload};
use super::*;

#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    Happens(fn() -> Input),
}

fn found() -> Input {
    let topic = "ha/device/gxv2mqtt_attic/config".to_owned();
    Input::Found { topic, payload: payload(&[1]).to_string().into_bytes() }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let events: Vec<fn() -> Input> = vec![
        || Input::Connected,
        || Input::Listening,
        || Input::Retained,
        || Input::Away,
        found,
        || kitchen(&[1], true),
        || kitchen(&[1, 2], true),
        || kitchen(&[], false),
        || Input::Born,
        || Input::Asked,
        || Input::Phones(["kitchen".parse().unwrap()].into()),
        || Input::Phones(["hall".parse().unwrap()].into()),
        || Input::Woke,
    ];
    let step = prop_oneof![
        1 => (0u64..6000).prop_map(Step::Pass),
        2 => prop::sample::select(events).prop_map(Step::Happens),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #[test]
    fn it_is_never_woken_for_what_it_has_just_done(steps in steps(), discovery in any::<bool>()) {
        let mut story = Story::new(discovery);
        let mut now = story.start;
        for step in steps {
            match step {
                Step::Pass(millis) => {
                    let end = now + Duration::from_millis(millis);
                    while let Some(wake) = story.announcer.wake().filter(|wake| *wake <= end) {
                        now = wake;
                        story.announcer.handle(Input::Woke, now);
                        prop_assert!(story.announcer.wake().is_none_or(|wake| wake > now));
                    }
                    now = end;
                }
                Step::Happens(event) => {
                    story.announcer.handle(event(), now);
                    prop_assert!(story.announcer.wake().is_none_or(|wake| wake > now));
                }
            }
        }
    }
}
