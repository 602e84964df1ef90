//! Stories of twins that go on after the settings of their phone were changed.

use super::*;

impl Story {
    /// The settings are read again: other ones, but with the same login, if so.
    pub(super) fn reloaded(&mut self, same_login: bool) {
        let settings = self.twin.options.clone();
        self.replaced(settings, same_login);
    }

    fn replaced(&mut self, settings: TwinOptions, same_login: bool) {
        self.happens(Input::Leaving);
        self.happens(Input::Stopping);
        let next = Twin::new(settings, self.now, 2);
        let mut handover = std::mem::replace(&mut self.twin, next).into_handover();
        if !same_login {
            handover.forget_refusals();
        }
        let now = self.now();
        self.twin.resume_from(handover, now);
    }
}

#[test]
fn a_changed_phone_is_offline_until_it_has_answered() {
    let mut story = Story::settled();
    story.reloaded(true);
    story.passes(2 * SECOND);
    insta::assert_snapshot!(story.told(), @"
    10.0 availability = offline
    10.4 ? Read(Lines)
    10.4 # Online(None)
    10.4 ? Read(Status)
    10.4 ? Read(Accounts)
    10.4 ? Read(Clock)
    10.4 ? Read(Identity)
    10.4 availability = online
    10.4 ! lines [1, 2], complete true
    ");
}

#[test]
fn a_phone_that_refused_our_login_is_left_alone_until_there_is_another() {
    let mut story = Story::settled();
    story.error = Some(PhoneError::Unauthorized("wrong password".into()));
    story.passes(30 * SECOND);
    let vitals = story.twin.vitals();
    for _ in 0..4 {
        story.reloaded(true);
        story.asks();
        story.passes(100 * SECOND);
        assert!(story.asks().is_empty(), "each try could lock it");
        assert_eq!(story.twin.vitals().problem, vitals.problem);
    }
    story.commanded("dial", "1001");
    assert!(story.told().contains("left alone for 3 more min"));
    story.passes(200 * SECOND);
    assert_eq!(story.asks().len(), 1, "the time is up");
    story.passes(19 * MINUTE);
    assert_eq!(story.asks().len(), 0, "it is the second refusal, and waits longer");
    story.error = None;
    story.reloaded(false);
    story.passes(2 * SECOND);
    assert!(story.asks().len() > 1);
    assert!(story.told().contains("availability = online"));
}

#[test]
fn what_was_remembered_is_not_lost_before_the_phone_is_known() {
    let mut story = Story::new();
    story.stuck = true;
    story.passes(3 * SECOND);
    story.happens(Input::Retained(PhoneTopic::MissedCalls, "7".into()));
    story.happens(Input::Retained(PhoneTopic::Calls, "[]".into()));
    story.happens(Input::RetainedComplete);
    story.reloaded(true);
    story.happens(Input::RetainedComplete);
    story.stuck = false;
    story.passes(3 * SECOND);
    let told = story.told();
    assert!(told.contains("missed_calls = 7"), "{told}");
}

#[test]
fn what_happened_before_the_broker_has_told_all_is_not_lost() {
    let mut story = Story::new();
    story.passes(3 * SECOND);
    story.lines[0] = LineState::Ringing;
    story.passes(3 * SECOND);
    story.lines[0] = LineState::Idle;
    story.passes(3 * SECOND);
    story.happens(Input::Retained(PhoneTopic::MissedCalls, "7".into()));
    story.reloaded(true);
    story.happens(Input::RetainedComplete);
    story.passes(3 * SECOND);
    let told = story.told();
    assert!(told.contains("missed_calls = 8"), "{told}");
    assert!(told.contains("* missed, line 1"), "{told}");
}

#[test]
fn a_dial_that_is_under_way_keeps_its_time_limit() {
    let mut story = Story::settled();
    story.stuck = true;
    story.commanded("dial", r#"{"number": "1001", "hang_up_after": "20s"}"#);
    story.reloaded(true);
    let told = story.told();
    assert!(told.contains(r#""code":"timeout""#) && told.contains("may have obeyed"), "{told}");
    (story.stuck, story.lines[0]) = (false, LineState::Calling);
    story.passes(19 * SECOND);
    let hang_up = PhoneRequest::Operate { operation: Operation::HangUp, line: 1 };
    assert!(!story.asks().contains(&hang_up));
    story.passes(2 * SECOND);
    assert!(story.asks().contains(&hang_up));
}

#[test]
fn a_pause_goes_on() {
    let mut story = Story::settled();
    let until = story.now().wall + jiff::SignedDuration::from_secs(60);
    story.happens(Input::Paused(Now { instant: story.now + MINUTE, wall: until }));
    story.reloaded(true);
    story.asks();
    story.passes(59 * SECOND);
    assert!(story.asks().is_empty());
    story.passes(2 * SECOND);
    assert!(!story.asks().is_empty());
}

#[test]
fn what_comes_after_the_end_is_not_carried_out() {
    let mut story = Story::settled();
    story.happens(Input::Leaving);
    story.commanded("dial", r#"{"number": "1001", "hang_up_after": "20s"}"#);
    assert!(story.asks().is_empty());
    story.reloaded(true);
    let told = story.told();
    assert!(told.contains(r#""code":"too_late""#) && !told.contains("obeyed"), "{told}");
    story.lines[0] = LineState::Calling;
    story.passes(25 * SECOND);
    let hang_up = PhoneRequest::Operate { operation: Operation::HangUp, line: 1 };
    assert!(!story.asks().contains(&hang_up), "a person dialled this one");
}

#[test]
fn a_refused_login_that_is_under_way_counts() {
    let mut story = Story::settled();
    story.stuck = true;
    story.passes(3 * SECOND);
    story.happens(Input::Leaving);
    story.happens(Input::Answered(Err(PhoneError::Unauthorized("wrong password".into()))));
    story.stuck = false;
    story.reloaded(true);
    story.asks();
    story.passes(9 * MINUTE);
    assert!(story.asks().is_empty());
}

#[test]
fn who_is_not_asked_is_still_who_it_was() {
    for paused in [true, false] {
        let mut story = Story::settled();
        if paused {
            let until = story.now().wall + jiff::SignedDuration::from_secs(600);
            story.happens(Input::Paused(Now { instant: story.now + 10 * MINUTE, wall: until }));
        } else {
            story.error = Some(PhoneError::Unauthorized("wrong password".into()));
            story.passes(30 * SECOND);
        }
        let shown = story.twin.picture.published.clone();
        assert!(shown.contains_key(&PhoneTopic::Info) && shown.contains_key(&PhoneTopic::System));
        story.reloaded(true);
        story.happens(Input::Woke);
        assert_eq!(story.twin.picture.published, shown, "paused {paused}");
        let described = story.twin.picture.described.clone().unwrap();
        assert!(described.complete && described.lines == [1, 2]);
    }
}

#[test]
fn another_phone_is_not_hung_up() {
    let mut story = Story::settled();
    story.commanded("dial", r#"{"number": "1001", "hang_up_after": "20s"}"#);
    let url = "http://192.0.2.2/".to_owned();
    story.replaced(TwinOptions { url, ..story.twin.options.clone() }, false);
    story.lines[0] = LineState::Calling;
    story.asks();
    story.passes(25 * SECOND);
    let hang_up = PhoneRequest::Operate { operation: Operation::HangUp, line: 1 };
    assert!(!story.asks().contains(&hang_up));
}

#[test]
fn what_was_written_may_have_been_obeyed() {
    let mut story = Story::settled();
    story.twin.options.policy.allow = [Guarded::SetValues].into();
    story.stuck = true;
    story.commanded("set_values", r#"{"P35":"new"}"#);
    story.passes(3 * SECOND);
    story.happens(Input::Answered(Ok(Answer::Done)));
    story.reloaded(true);
    assert!(story.told().contains(r#""code":"timeout""#));
}

#[test]
fn what_was_known_of_another_value_is_not_that_of_the_new_one() {
    use crate::domain::values::named::{NamedValue, ValueKind};
    let with = |value: &str, unit: Option<&str>, story: &Story| {
        let kind = ValueKind::Sensor { unit: unit.map(str::to_owned) };
        let key = "volume".parse().unwrap();
        let setting =
            NamedValue { key, name: "Volume".into(), value: value.into(), kind, icon: None };
        TwinOptions { values: vec![setting].into(), ..story.twin.options.clone() }
    };
    let (here, there) = ("http://192.0.2.1/", "http://192.0.2.2/");
    for (url, value, unit, stays) in [
        (here, "1", None, true),
        (here, "2", None, false),
        (here, "1", Some("%"), false),
        (there, "1", None, false),
    ] {
        let mut story = Story::new();
        story.twin = Twin::new(with("1", None, &story), story.now, 1);
        story.values = [("1".to_owned(), "5".to_owned())].into();
        story.passes(10 * SECOND);
        assert!(story.told().contains(r#"values/volume = {"value":"5","raw":"5"}"#));
        let broken = || PhoneError::BadAnswer("?".into());
        story.denied = ["1", "2"].map(|name| (name.to_owned(), broken())).into();
        let settings = TwinOptions { url: url.to_owned(), ..with(value, unit, &story) };
        story.replaced(settings, true);
        story.passes(10 * SECOND);
        let told = story.told();
        let unknown = told.contains(r#"values/volume = {"value":null,"raw":null}"#);
        assert_eq!((unknown, told.contains("values/")), (!stays, !stays), "{told}");
    }
}
