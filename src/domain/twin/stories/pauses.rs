//! Stories of pauses.

use super::*;

impl Story {
    fn paused(&mut self, time: Duration) {
        let now = self.now();
        let wall = now.wall + jiff::SignedDuration::try_from(time).unwrap();
        self.happens(Input::Paused(Now { instant: now.instant + time, wall }));
    }
}

#[test]
fn nothing_is_asked_of_a_paused_phone() {
    let mut story = Story::settled();
    story.paused(15 * MINUTE);
    story.passes(MINUTE);
    story.commanded("dial", "1001");
    story.commanded("refresh", "");
    story.commanded("reset_missed_calls", "");
    story.pushes(PushKind::Incoming, None);
    story.passes(13 * MINUTE);
    assert!(story.asks().is_empty());
    let until = story.twin.vitals().paused_until.unwrap();
    assert_eq!(until.wall.as_second(), 1_000_910);
    insta::assert_snapshot!(story.told(), @r#"
    10.0 # Paused(1970-01-12T14:01:50Z)
    10.0 problem = paused
    10.0 availability = offline
    10.0 status = unknown
    10.0 in_call = unknown
    10.0 ringing = unknown
    10.0 call_state = unknown
    70.0 result = {"at":"1970-01-12T13:47:50Z","command":"dial","error":{"code":"unreachable","message":"the phone is paused until 1970-01-12T14:01:50Z; the bridge's request resume ends that"},"id":null,"ok":false}
    70.0 # NotDone("dial", Failure { code: Unreachable, message: "the phone is paused until 1970-01-12T14:01:50Z; the bridge's request resume ends that" })
    70.0 result = {"at":"1970-01-12T13:47:50Z","command":"refresh","error":{"code":"unreachable","message":"the phone is paused until 1970-01-12T14:01:50Z; the bridge's request resume ends that"},"id":null,"ok":false}
    70.0 # NotDone("refresh", Failure { code: Unreachable, message: "the phone is paused until 1970-01-12T14:01:50Z; the bridge's request resume ends that" })
    70.0 result = {"at":"1970-01-12T13:47:50Z","command":"reset_missed_calls","data":null,"id":null,"ok":true}
    70.0 # Done("reset_missed_calls")
    "#);
    story.passes(3 * MINUTE);
    assert!(story.asks().len() > 30, "the time is up");
    assert_eq!(story.twin.vitals().paused_until, None);
}

#[test]
fn after_a_pause_the_phone_is_read_at_once() {
    let mut story = Story::settled();
    story.paused(15 * MINUTE);
    story.passes(MINUTE);
    story.told();
    story.happens(Input::Resumed);
    insta::assert_snapshot!(story.told(), @"
    70.0 # Resumed
    70.0 ? Read(Lines)
    70.0 # Online(Some(60s))
    70.0 in_call = OFF
    70.0 ringing = OFF
    70.0 call_state = idle
    70.0 problem = none
    70.0 availability = online
    70.0 ? Read(Status)
    70.0 status = available
    70.0 ? Read(Accounts)
    70.0 ? Read(Clock)
    70.0 ? Read(Identity)
    ");
    story.happens(Input::Resumed);
    assert_eq!(story.told(), "", "it was not paused any more");
}

#[test]
fn a_phone_that_has_gone_in_its_pause_is_not_called_paused_any_more() {
    let mut story = Story::settled();
    story.error = Some(PhoneError::Timeout);
    story.passes(MINUTE);
    story.paused(15 * MINUTE);
    story.told();
    story.happens(Input::Resumed);
    let told = story.told();
    assert!(told.contains("problem = unreachable") && !told.contains("online"), "{told}");
}

#[test]
fn what_is_under_way_ends_as_it_would_and_what_waits_is_answered_at_once() {
    let mut story = Story::settled();
    story.stuck = true;
    story.commanded("dial", "1001");
    story.commanded("refresh", "");
    story.told();
    story.asks();
    story.paused(15 * MINUTE);
    let told = story.told();
    assert_eq!(told.matches("\"code\":\"unreachable\"").count(), 1, "{told}");
    assert!(told.contains("the phone is paused until 1970-01-12T14:01:50Z"), "{told}");
    story.happens(Input::Answered(Ok(Answer::Done)));
    let told = story.told();
    assert!(told.contains("\"command\":\"dial\"") && told.contains("\"ok\":true"), "{told}");
    story.happens(Input::Resumed);
    assert_eq!(story.asks(), [PhoneRequest::Read(StatusQuery::Lines)]);
    story.paused(MINUTE);
    story.told();
    story.happens(Input::Answered(Ok(Answer::Lines(story.lines().into()))));
    assert_eq!(story.told(), "", "what a look saw that ended in the pause is not shown");
}

#[test]
fn a_call_is_not_over_because_nobody_looks_but_after_a_minute() {
    let mut story = Story::settled();
    story.lines[0] = LineState::InCall;
    story.passes(2 * SECOND);
    story.told();
    story.paused(15 * MINUTE);
    story.passes(50 * SECOND);
    assert!(!story.told().contains('*'));
    story.happens(Input::Resumed);
    assert!(!story.told().contains('*'), "it is the same call");
    story.paused(15 * MINUTE);
    story.passes(2 * MINUTE);
    assert!(story.told().contains("* ended, line 1"));
}

#[test]
fn a_pause_does_not_try_a_refused_login_again() {
    let mut story = Story::settled();
    story.error = Some(PhoneError::Unauthorized("no".into()));
    story.passes(3 * SECOND);
    story.paused(MINUTE);
    story.asks();
    story.told();
    story.passes(3 * MINUTE);
    assert!(story.asks().is_empty());
    let told = story.told();
    assert!(told.contains("problem = unauthorized"), "{told}");

    let mut story = Story::settled();
    story.stuck = true;
    story.passes(3 * SECOND);
    story.paused(MINUTE);
    story.happens(Input::Answered(Err(PhoneError::Unauthorized("no".into()))));
    story.asks();
    story.passes(3 * MINUTE);
    assert!(story.asks().is_empty(), "the phone has counted the try");
    assert!(story.told().contains("problem = unauthorized"));
}

#[test]
fn a_pause_that_comes_too_late_is_none() {
    let mut story = Story::settled();
    story.paused(Duration::ZERO);
    assert_eq!(story.told(), "");
    assert_eq!(story.twin.vitals().paused_until, None);
}
