//! What is kept until the broker has told what was before, and what the broker tells.

use super::*;

#[test]
fn pushes_that_say_nothing_of_calls_push_out_nothing() {
    let mut story = Story::unseen(habits());
    story.look();
    for _ in 0..20 {
        story.line(1, Ringing, "1001", "").line(1, Idle, "", "");
    }
    for _ in 0..300 {
        for kind in [PushKind::Registered, PushKind::OnHook, PushKind::Established] {
            story.pass(60.0).push(kind, "", "");
        }
    }
    story.remember(&PhoneTopic::MissedCalls, "3").remember_no_more();
    assert_eq!(story.missed(), 23);
}

#[test]
fn what_is_too_much_to_keep_is_counted_all_the_same() {
    let mut story = Story::unseen(habits());
    story.look();
    for _ in 0..200 {
        story.line(1, Ringing, "1001", "").line(1, Idle, "", "").pass(60.0);
    }
    story.line(2, Ringing, "1002", "").line(2, InCall, "1002", "");
    story.remember(&PhoneTopic::MissedCalls, "3").remember_no_more();
    assert_eq!(story.missed(), 203);
    assert_eq!(story.in_progress()[0]["number"], "1002");
}

#[test]
fn what_is_seen_is_not_replaced_by_what_is_remembered() {
    let mut story = Story::unseen(habits());
    story.look().line(1, Ringing, "1001", "").line(1, InCall, "1001", "");
    for _ in 0..200 {
        story.line(2, Ringing, "1002", "").line(2, Idle, "", "");
    }
    let before =
        r#"[{"call_id":"old","line":1,"state":"ringing","number":"1003","doorbell":false}]"#;
    story.remember(&PhoneTopic::Calls, before).look();
    assert_eq!(story.in_progress()[0]["number"], "1001");
}

#[test]
fn what_was_missed_before_a_reset_is_not_counted_after_it() {
    let mut story = Story::unseen(habits());
    story.look().line(1, Ringing, "1001", "").line(1, Idle, "", "");
    story.take(Input::MissedReset);
    story.line(1, Ringing, "1001", "").line(1, Idle, "", "");
    story.remember(&PhoneTopic::MissedCalls, "3").remember_no_more();
    assert_eq!(story.missed(), 1);
}

#[test]
fn one_broken_entry_of_what_is_remembered_is_left_out() {
    let mut story = Story::unseen(habits());
    let before = r#"[{"line":1}, 7, {"call_id":"a","line":2,"state":"in_call","doorbell":false}]"#;
    story.remember(&PhoneTopic::Calls, before);
    let calls = story.in_progress();
    assert_eq!((calls.as_array().unwrap().len(), &calls[0]["call_id"]), (1, &"a".into()));
}

#[test]
fn a_ring_of_long_ago_is_over() {
    for (hours, same) in [(0.1, true), (1.0, false)] {
        let mut story = Story::with(bell("8001"));
        story.line(1, Ringing, "8001", "").tells(&["incoming 1 8001 -", "ring 1 8001 -"]);
        story.away(hours * 3600.0).restart(bell("8001")).look();
        let again = ["missed 1 8001 -", "incoming 1 8001 -", "ring 1 8001 -"];
        story.tells(if same { &[] } else { &again });
        assert_eq!(story.missed(), u64::from(!same));
    }
    // it was answered while the bridge was away
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "").tells(&["incoming 1 1001 -"]);
    story.change(1, InCall, "1001", "").away(3600.0).restart(habits()).look();
    story.tells(&["answered 1 1001 -"]);
    // people talk for longer
    let mut story = Story::new();
    story.line(1, InCall, "1001", "").tells(&["answered 1 1001 -"]);
    story.away(3600.0).restart(habits()).look().tells(&[]);
}
