//! Calls that were dialled with a time limit, and those that must not get it.

use super::*;

#[test]
fn a_call_that_nobody_answers_is_given_up() {
    let mut story = Story::new();
    story.dial("1001", Some(30)).line(1, Dialing, "1001", "").tells(&["outgoing 1 1001 -"]);
    story.line(1, Calling, "1001", "").line(2, Calling, "1002", "").tells(&["outgoing 2 1002 -"]);
    assert_eq!(story.board.look_at().unwrap() - story.now().instant, Duration::from_millis(28_500));
    story.pass(28.0).look().tells(&[]).pass(0.5).look().tells(&["hang up 1"]);
    story.pass(1.0).look().tells(&[]).pass(1.0).look().tells(&["hang up 1"]);
    story.line(1, Idle, "", "").tells(&["ended 1 1001 -"]);
    story.pass(60.0).look().tells(&[]);
    // a phone that does not obey is not asked for ever
    story.dial("1001", Some(1)).line(1, Calling, "1001", "");
    for _ in 0..30 {
        story.pass(2.0).look();
    }
    story.tells(&[
        "outgoing 1 1001 -",
        "hang up 1",
        "hang up 1",
        "hang up 1",
        "hang up 1",
        "hang up 1",
    ]);
    assert_eq!(story.board.look_at(), None);
}

#[test]
fn only_the_call_that_was_dialled_is_given_up() {
    let answered = |story: &mut Story| {
        story.pass(60.0).look().tells(&[]);
    };
    let mut story = Story::new();
    story.dial("1001", Some(20)).line(1, Calling, "1001", "").line(1, InCall, "1001", "");
    story.tells(&["outgoing 1 1001 -", "answered 1 1001 -"]);
    answered(&mut story);
    story.line(1, Idle, "", "").dial("1001", Some(20)).line(1, InCall, "1001", "");
    story.tells(&["ended 1 1001 -", "outgoing 1 1001 -", "answered 1 1001 -"]);
    answered(&mut story);
    // it is over by itself, and somebody calls the same number by hand
    story.line(1, Idle, "", "").dial("1001", Some(20)).line(1, Calling, "1001", "");
    story.line(1, Failed, "1001", "").line(1, Calling, "1001", "");
    story.tells(&["ended 1 1001 -", "outgoing 1 1001 -", "failed 1 1001 -", "outgoing 1 1001 -"]);
    answered(&mut story);
    // the phone refused; it turns out to be another call; it is never seen
    story.dial("1002", Some(5)).take(Input::Refused(Instruction::Dial("1002".into(), None)));
    story.line(2, Calling, "1002", "").tells(&["outgoing 2 1002 -"]);
    answered(&mut story);
    story.dial("1003", Some(5)).line(3, Calling, "", "").line(3, Calling, "1009", "");
    story.tells(&["outgoing 3 1003 -", "never seen 1003"]);
    answered(&mut story);
    story.line(3, Idle, "", "").tells(&["ended 3 1009 -"]);
    story.dial("1004", Some(5)).pass(20.0).look().tells(&["never seen 1004"]);
}

#[test]
fn a_handset_that_was_off_hook_before_does_not_get_the_limit_of_a_dial() {
    let mut story = Story::new();
    story.line(1, Dialing, "", "").pass(1.0).tells(&[]);
    story.dial("1001", Some(20)).line(2, Calling, "1001", "").tells(&["outgoing 2 1001 -"]);
    story.pass(21.0).look().tells(&["hang up 2"]);
}

#[test]
fn nor_does_it_on_a_phone_that_shows_no_numbers() {
    let mut story = Story::new();
    story.line(1, Dialing, "", "").pass(1.0).tells(&[]);
    story.dial("1001", Some(20)).change(1, Calling, "", "").line(2, Calling, "", "");
    story.tells(&["outgoing 1 - -", "outgoing 2 1001 -"]);
    story.pass(21.0).look().tells(&["hang up 2"]);
}

#[test]
fn a_phone_that_dials_on_the_line_that_was_off_hook_keeps_the_limit() {
    let mut story = Story::new();
    story.line(1, Dialing, "", "").pass(1.0).tells(&[]);
    story.dial("1001", Some(20)).line(1, Calling, "1001", "").tells(&["outgoing 1 1001 -"]);
    story.pass(21.0).look().tells(&["hang up 1"]);
}

#[test]
fn a_redial_between_two_looks_is_another_call_without_the_limit() {
    let mut story = Story::new();
    story.dial("1001", Some(20)).line(1, Calling, "1001", "").tells(&["outgoing 1 1001 -"]);
    story.pass(1.0).line(1, Calling, "1002", "").tells(&["ended 1 1001 -", "outgoing 1 1002 -"]);
    story.pass(21.0).look().tells(&[]);
}

#[test]
fn a_limit_that_is_long_past_at_the_start_is_dropped() {
    let mut story = Story::new();
    story.dial("1001", Some(20)).line(1, Calling, "1001", "").tells(&["outgoing 1 1001 -"]);
    story.away(300.0).restart(settings());
    story.change(1, Calling, "1001", "").look().pass(3.0).look().tells(&[]);
}

#[test]
fn a_call_that_nobody_saw_begin_is_not_the_one_that_was_dialled() {
    let mut story = Story::new();
    story.dial("1005", Some(10)).line(2, InCall, "", "").tells(&["answered 2 - -"]);
    story.line(3, Calling, "1005", "").tells(&["outgoing 3 1005 -"]);
    story.pass(11.0).look().tells(&["hang up 3"]);
}
