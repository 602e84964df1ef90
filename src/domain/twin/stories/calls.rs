//! Stories of calls and pushes.

use super::*;

#[test]
fn a_push_makes_the_next_look_now() {
    let mut story = Story::settled();
    story.lines[0] = LineState::Ringing;
    story.pushes(PushKind::Incoming, None);
    insta::assert_snapshot!(story.told(), @"
    10.0 ? Read(Lines)
    10.0 ringing = ON
    10.0 call_state = ringing
    10.0 * incoming, line 1, -, push
    10.0 ? Read(Status)
    10.0 ? Read(Accounts)
    ");
    // a look that was under way may have been too early
    story.stuck = true;
    story.passes(SECOND / 2);
    assert_eq!(story.asks().last(), Some(&PhoneRequest::Read(StatusQuery::Lines)));
    story.lines[0] = LineState::InCall;
    story.pushes(PushKind::Established, None);
    story.lines[0] = LineState::Ringing;
    let early = Answer::Lines(story.lines().into());
    story.lines[0] = LineState::InCall;
    story.stuck = false;
    story.told();
    story.happens(Input::Answered(Ok(early)));
    let told = story.told();
    assert!(told.contains("* answered, line 1, -, push"), "{told}");
    story.asks();
    story.pushes(PushKind::Registered, None);
    assert_eq!(
        story.asks(),
        [PhoneRequest::Read(StatusQuery::Status), PhoneRequest::Read(StatusQuery::Accounts)]
    );
}

#[test]
fn a_push_does_not_try_a_refused_login_again() {
    let mut story = Story::new();
    story.error = Some(PhoneError::Unauthorized("wrong".into()));
    story.passes(5 * SECOND);
    story.asks();
    for (kind, _) in PushKind::TABLE {
        story.pushes(kind, None);
        story.passes(SECOND);
    }
    assert_eq!(story.asks(), []);
}

#[test]
fn a_push_of_another_phone_is_not_for_us() {
    let mut story = Story::settled();
    story.twin.picture.snapshot.identity.mac = Some("c0:74:ad:00:00:01".into());
    story.happens(Input::Woke);
    story.told();
    for _ in 0..2 {
        story.pushes(PushKind::Incoming, Some("c0:74:ad:00:00:02"));
    }
    assert_eq!(story.told(), " 10.0 # StrangePush(\"c0:74:ad:00:00:02\")\n");
    assert_eq!(story.asks(), []);
    story.pushes(PushKind::Incoming, Some("c0:74:ad:00:00:01"));
    assert_eq!(story.asks(), [PhoneRequest::Read(StatusQuery::Lines)]);
}

#[test]
fn a_dialled_call_that_nobody_answers_is_ended() {
    let mut story = Story::settled();
    story.commanded("dial", r#"{"number":"1001","hang_up_after":"3s"}"#);
    story.lines = vec![LineState::Calling, LineState::InCall];
    story.passes(6 * SECOND);
    let told = story.told();
    let reads = |line: &&str| !line.contains("? Read");
    insta::assert_snapshot!(told.lines().filter(reads).collect::<Vec<_>>().join("\n"), @r#"
    10.0 ? Dial { number: "1001", account: 1 }
    10.0 result = {"at":"1970-01-12T13:46:50Z","command":"dial","data":null,"id":null,"ok":true}
    10.0 # Done("dial")
    10.5 in_call = ON
    10.5 call_state = calling
    10.5 * outgoing, line 1, 1001, poll
    10.5 * answered, line 2, -, poll
    13.0 # GivenUp(1)
    13.0 ? Operate { operation: HangUp, line: 1 }
    15.0 # GivenUp(1)
    15.0 ? Operate { operation: HangUp, line: 1 }
    "#);
    story.lines[0] = LineState::Idle;
    story.passes(20 * SECOND);
    assert!(
        story
            .asks()
            .iter()
            .all(|request| *request
                != PhoneRequest::Operate { operation: Operation::HangUp, line: 2 })
    );
}

#[test]
fn of_two_calls_that_nobody_answers_each_is_ended_after_a_look_of_its_own() {
    let mut story = Story::settled();
    for number in ["1001", "1002"] {
        story.commanded("dial", &format!(r#"{{"number":"{number}","hang_up_after":"3s"}}"#));
    }
    story.lines = vec![LineState::Calling, LineState::Calling];
    story.passes(SECOND);
    story.asks();
    story.passes(3 * SECOND);
    let asks = story.asks();
    let is_end = |request: &PhoneRequest| {
        matches!(request, PhoneRequest::Operate { operation: Operation::HangUp, .. })
    };
    assert_eq!(asks.iter().filter(|request| is_end(request)).count(), 1);
    // the other one is answered in the meantime
    story.lines[1] = LineState::InCall;
    story.passes(20 * SECOND);
    let line_2 = PhoneRequest::Operate { operation: Operation::HangUp, line: 2 };
    assert!(!story.asks().contains(&line_2));
}

#[test]
fn a_call_that_we_turned_away_is_rejected() {
    for (command, payload) in [("reject", ""), ("hangup", "1")] {
        let mut story = Story::settled();
        story.lines[0] = LineState::Ringing;
        story.passes(2 * SECOND);
        story.commanded(command, payload);
        story.lines[0] = LineState::Idle;
        story.passes(SECOND);
        let told = story.told();
        assert!(told.contains("* rejected, line 1"), "{told}");
        assert!(!told.contains("missed"), "{told}");
    }
}

#[test]
fn missed_calls_are_counted_over_a_restart() {
    let mut story = Story::new();
    story.passes(3 * SECOND);
    assert!(!story.told().contains("missed_calls"), "they are not known yet");
    story.happens(Input::Retained(PhoneTopic::MissedCalls, "3".into()));
    story.happens(Input::Retained(PhoneTopic::Calls, "[]".into()));
    assert!(story.told().contains("missed_calls = 3"));
    story.lines[0] = LineState::Ringing;
    story.passes(2 * SECOND);
    story.lines[0] = LineState::Idle;
    story.passes(SECOND);
    assert!(story.told().contains("missed_calls = 4"));
    story.error = Some(PhoneError::Timeout);
    story.passes(60 * SECOND);
    story.told();
    story.commanded("reset_missed_calls", "PRESS");
    let told = story.told();
    assert!(told.contains("missed_calls = 0") && told.contains(r#""ok":true"#), "{told}");
}

#[test]
fn what_was_missed_while_the_broker_is_away_at_the_start_is_counted() {
    let mut story = Story::new();
    story.passes(3 * SECOND);
    story.lines[0] = LineState::Ringing;
    story.passes(3 * SECOND);
    story.lines[0] = LineState::Idle;
    story.passes(2 * 3600 * SECOND);
    story.told();
    story.happens(Input::Retained(PhoneTopic::MissedCalls, "3".into()));
    story.happens(Input::RetainedComplete);
    let told = story.told();
    assert!(told.contains("missed_calls = 4"), "{told}");
    assert!(!told.contains('*'), "nobody is told after two hours: {told}");
}

#[test]
fn a_flap_is_seen_and_said_by_nobody() {
    let mut story = Story::new();
    story.twin =
        Twin::new(TwinOptions { min_ring: SECOND, ..story.twin.options.clone() }, story.now, 1);
    story.passes(3 * SECOND);
    story.happens(Input::RetainedComplete);
    story.told();
    story.lines[0] = LineState::Ringing;
    story.pushes(PushKind::Incoming, None);
    story.passes(SECOND * 7 / 10);
    story.lines[0] = LineState::Idle;
    story.passes(5 * SECOND);
    let told = story.told();
    assert!(!told.contains("ringing = ON") && !told.contains('*'), "{told}");
    story.lines[0] = LineState::Ringing;
    story.pushes(PushKind::Incoming, None);
    story.passes(SECOND);
    let told = story.told();
    assert!(told.contains("ringing = ON") && told.contains("* incoming"), "{told}");
}

#[test]
fn pushes_do_not_hurry_a_phone_that_is_away() {
    let mut story = Story::settled();
    story.error = Some(PhoneError::Unreachable("no route".into()));
    story.passes(2 * SECOND);
    assert!(story.told().contains("Missed"));
    story.asks();
    for _ in 0..50 {
        story.passes(SECOND / 5);
        story.pushes(PushKind::OnHook, None);
    }
    let asks = story.asks().len();
    assert!((5..=8).contains(&asks), "{asks} in 10 s");
    story.error = None;
    story.passes(2 * SECOND);
    story.pushes(PushKind::Booted, None);
    assert!(
        story.told().contains("availability = online"),
        "but one is enough to see that it is back"
    );
}

#[test]
fn a_push_names_the_account_as_phones_write_it() {
    for (local, expected) in [
        ("1001", 1),
        ("1001@pbx.example", 1),
        ("sip:1001@pbx.example:5060", 1),
        ("1002", 2),
        ("21001", 0),
        ("1003@b.example", 4),
        ("1003", 0),
        ("", 0),
    ] {
        let mut story = Story::settled();
        let account =
            |id, sip_id: &str| Account { sip_id: Some(sip_id.to_owned()), ..Account::unknown(id) };
        story.accounts = vec![
            account(1, "1001@pbx.example"),
            account(2, "1002@pbx.example"),
            account(3, "1003@a.example"),
            account(4, "1003@b.example"),
        ];
        story.passes(MINUTE);
        let push = Push {
            kind: PushKind::Incoming,
            mac: None,
            local: Some(local.to_owned()),
            remote: Some("5550101".to_owned()),
            name: None,
            call_id: None,
        };
        story.lines[0] = LineState::Ringing;
        story.number = Some("5550101".to_owned());
        story.happens(Input::Pushed(push));
        let calls = story.twin.switchboard.topics().unwrap().in_progress;
        let calls: serde_json::Value = serde_json::from_str(&calls).unwrap();
        assert_eq!(calls[0]["account"].as_u64().unwrap_or(0), expected, "{local:?}");
    }
}

/// Ways in which a request that surely did not reach the phone comes to nothing; a login that is too slow is one, too.
fn unsent() -> [PhoneError; 3] {
    let (refused, broken) = ("connection refused".into(), "no random number".into());
    [PhoneError::Unreachable(refused), PhoneError::Timeout, PhoneError::BadAnswer(broken)]
}

#[test]
fn a_number_that_was_never_sent_is_not_hung_up_when_a_person_dials_it() {
    let dial = r#"{"number":"1001","hang_up_after":"3s"}"#;
    let hang_up = PhoneRequest::Operate { operation: Operation::HangUp, line: 1 };
    let ends_it = |result: Input| {
        let mut story = Story::settled();
        story.stuck = true;
        story.commanded("dial", dial);
        story.stuck = false;
        story.happens(result);
        story.number = Some("1001".into());
        story.lines[0] = LineState::Calling;
        story.passes(10 * SECOND);
        story.asks().contains(&hang_up)
    };
    for error in unsent() {
        assert!(!ends_it(Input::NotSent(error.clone())), "{error}");
        assert!(ends_it(Input::Answered(Err(error.clone()))), "{error}: it may have obeyed");
    }
}

#[test]
fn a_call_that_nobody_was_told_to_turn_away_is_missed() {
    for (command, payload) in [("reject", ""), ("hangup", "1")] {
        for error in unsent() {
            let mut story = Story::settled();
            story.lines[0] = LineState::Ringing;
            story.passes(2 * SECOND);
            story.stuck = true;
            story.commanded(command, payload);
            story.stuck = false;
            story.happens(Input::NotSent(error));
            story.lines[0] = LineState::Idle;
            story.passes(SECOND);
            let told = story.told();
            assert!(told.contains("* missed, line 1") && !told.contains("rejected"), "{told}");
        }
    }
}

#[test]
fn a_result_says_whether_the_phone_may_have_obeyed() {
    let message = |result: Input| {
        let mut story = Story::settled();
        story.stuck = true;
        story.commanded("dial", "1001");
        story.happens(result);
        story.told().contains("it may have obeyed all the same")
    };
    for error in &unsent()[..2] {
        assert!(message(Input::Answered(Err(error.clone()))), "{error}");
        assert!(!message(Input::NotSent(error.clone())), "{error}");
    }
}
