//! Stories of the phone's other functions: settings, contacts, restarts, and those that it lacks.

use super::*;

#[test]
fn a_phone_in_a_call_is_restarted_only_by_force() {
    let reboot = PhoneRequest::System(SystemOperation::Reboot);
    for (state, restarts) in [
        (LineState::Idle, true),
        (LineState::Failed, true),
        (LineState::Ringing, false),
        (LineState::OnHold, false),
        (LineState::Unknown, false),
    ] {
        let mut story = Story::settled();
        // it began after the last look
        story.lines[1] = state;
        story.commanded("reboot", "PRESS");
        assert_eq!(story.asks().contains(&reboot), restarts, "{state:?}");
        let told = story.told();
        assert_eq!(told.contains("line 2 is"), !restarts, "{told}");
        story.commanded("reboot", r#"{"force":true}"#);
        assert!(story.asks().contains(&reboot), "{state:?}");
    }
}

#[test]
fn accounts_are_filtered_and_all_of_them_stay_known() {
    let account = |id, registered| Account { registered, ..Account::unknown(id) };
    let mut story = Story::new();
    story.accounts = vec![account(1, Some(true)), account(2, Some(false)), account(3, None)];
    story.passes(10 * SECOND);
    story.told();
    story.asks();
    story.commanded("list_accounts", "true");
    assert_eq!(story.asks(), [PhoneRequest::GetRegistered]);
    let told = story.told();
    assert!(
        told.contains(r#""data":{"accounts":[{"id":1,"#) && !told.contains(r#""id":2"#),
        "{told}"
    );
    assert!(!told.contains("accounts/"), "what is not in the answer is not gone: {told}");
    story.commanded("list_accounts", "");
    assert_eq!(story.asks(), [PhoneRequest::Read(StatusQuery::Accounts)]);
    assert!(story.told().contains(r#"{"id":3,"name":null,"registered":null"#));
}

#[test]
fn values_are_asked_for_in_short_lists_and_the_lines_in_between() {
    let mut story = Story::settled();
    story.stuck = true;
    story.values = (1000..1090).map(|n| (n.to_string(), format!("v{n}"))).collect();
    let names: Vec<_> = story.values.keys().cloned().collect();
    story.commanded("get_values", &names.join(":"));
    story.commanded("hold", "");
    let mut asked = Vec::new();
    for _ in 0..60 {
        let Some(request) = story.asks().pop() else { break };
        asked.push(request.clone());
        story.now += SECOND / 2;
        let answer = story.answer(&request);
        story.happens(Input::Answered(answer));
    }
    let lists =
        asked.iter().filter(|request| matches!(request, PhoneRequest::GetValues(_))).count();
    assert_eq!(lists, 8, "{asked:?}");
    let first_look = asked
        .iter()
        .position(|request| *request == PhoneRequest::Read(StatusQuery::Lines))
        .unwrap();
    assert!(first_look <= 2, "hold is not kept waiting: {asked:?}");
    let looks =
        asked.iter().filter(|request| **request == PhoneRequest::Read(StatusQuery::Lines)).count();
    assert!(looks >= 2, "the lines are not forgotten: {asked:?}");
    let told = story.told();
    assert!(told.contains(r#""1089":"v1089""#) && told.contains(r#""ok":true"#), "{told}");
}

#[test]
fn a_value_that_the_phone_ignores_is_an_error() {
    let mut story = Story::settled();
    story.twin.options.policy.allow = Guarded::TABLE.map(|(guarded, _)| guarded).into();
    story.values =
        [("1561".to_owned(), "1".to_owned()), ("35".to_owned(), "old".to_owned())].into();
    story.commanded("set_values", r#"{"P1561":1}"#);
    assert!(story.told().contains(r#""ok":true"#));
    story.commanded("set_values", r#"{"P1561":"1","P35":"new"}"#);
    let told = story.told();
    assert!(told.contains("\"code\":\"refused\"") && told.contains("P35 did not change"), "{told}");
}

#[test]
fn nothing_of_a_contact_is_lost() {
    let contact = |id: &str, name: &str| Contact {
        id: Some(id.to_owned()),
        name: Some(name.to_owned()),
        home: Some("0301".to_owned()),
        ..Contact::default()
    };
    let mut story = Story::settled();
    story.contacts = vec![contact("3", "Ann")];
    story.commanded("save_contact", r#"{"contact":"3","work":"1001"}"#);
    let saved = Contact { work: Some("1001".to_owned()), ..contact("3", "Ann") };
    assert!(story.asks().contains(&PhoneRequest::SaveContact(saved.into())));
    story.commanded("save_contact", r#"{"contact":"3","name":"","home":""}"#);
    let saved = Contact { home: Some(String::new()), ..contact("3", "Ann") };
    assert!(
        story.asks().contains(&PhoneRequest::SaveContact(saved.into())),
        "a number can be deleted, a name not"
    );
    story.commanded("save_contact", r#"{"contact":"4","work":"1001"}"#);
    assert!(!story.asks().iter().any(|request| matches!(request, PhoneRequest::SaveContact(_))));
    assert!(story.told().contains("the phone has no contact 4"));

    story.commanded("delete_all_contacts", "");
    assert!(story.told().contains("not_allowed"));
    story.twin.options.policy.allow = [Guarded::DeleteAllContacts].into();
    story.commanded("delete_all_contacts", "");
    assert!(story.asks().contains(&PhoneRequest::DeleteAllContacts));
    assert!(story.told().contains(r#""home":"0301""#), "the result has them as they were");
    story.contacts = (0..1000).map(|n| contact(&n.to_string(), "X")).collect();
    story.commanded("delete_all_contacts", "");
    assert!(!story.asks().contains(&PhoneRequest::DeleteAllContacts), "too many to be put back");
}

#[test]
fn nothing_comes_between_reading_contacts_and_changing_them() {
    let mut story = Story::settled();
    story.twin.options.policy.allow = [Guarded::DeleteAllContacts].into();
    story.stuck = true;
    story.commanded("delete_all_contacts", "");
    story.commanded("save_contact", r#"{"name":"Ann"}"#);
    let mut asked = Vec::new();
    for _ in 0..12 {
        let Some(request) = story.asks().pop() else { break };
        asked.push(request.clone());
        story.now += Duration::from_millis(1500);
        let answer = story.answer(&request);
        story.happens(Input::Answered(answer));
    }
    let of = |wanted: fn(&PhoneRequest) -> bool| asked.iter().position(wanted).unwrap();
    let [listed, looked, deleted, saved] = [
        of(|request| matches!(request, PhoneRequest::GetContacts(_))),
        of(|request| *request == PhoneRequest::Read(StatusQuery::Lines)),
        of(|request| *request == PhoneRequest::DeleteAllContacts),
        of(|request| matches!(request, PhoneRequest::SaveContact(_))),
    ];
    assert!(listed < looked && looked < deleted, "but for the lines: {asked:?}");
    assert!(deleted < saved, "else Ann would be deleted, and in no list: {asked:?}");
}

#[test]
fn a_function_that_the_phone_lacks_is_not_asked_for_twice() {
    let mut story = Story::settled();
    story.error = Some(PhoneError::Unsupported("HTTP 404".into()));
    story.stuck = true;
    story.commanded("list_groups", "");
    let answer = story.answer(&PhoneRequest::GetGroups);
    story.happens(Input::Answered(answer));
    (story.error, story.stuck) = (None, false);
    story.asks();
    story.commanded("list_groups", "");
    assert!(!story.asks().contains(&PhoneRequest::GetGroups));
    assert_eq!(story.told().matches("\"code\":\"unsupported\"").count(), 2);
    story.commanded("list_contacts", "");
    assert!(story.told().contains(r#""ok":true"#), "the others work");
    story.passes(3601 * SECOND);
    story.commanded("list_groups", "");
    assert!(story.asks().contains(&PhoneRequest::GetGroups), "a new firmware may have it");
}

#[test]
fn what_is_polled_and_lacking_is_not_asked_for_by_a_command_either() {
    let mut story = Story::settled();
    let clock = PhoneRequest::Read(StatusQuery::Clock);
    let lacking = |story: &mut Story, name: &str| {
        story.stuck = true;
        story.commanded(name, "");
        while let Some(request) = story.asks().pop() {
            let lacks = Err(PhoneError::Unsupported("HTTP 404".into()));
            let answer = if request == clock { lacks } else { story.answer(&request) };
            story.happens(Input::Answered(answer));
        }
        story.stuck = false;
    };
    lacking(&mut story, "get_time");
    story.told();
    story.commanded("get_time", "");
    assert!(!story.asks().contains(&clock));
    assert!(story.told().contains("\"code\":\"unsupported\""));
    story.commanded("refresh", "");
    assert!(story.asks().contains(&clock), "it reads everything");
    story.commanded("get_time", "");
    assert!(
        story.told().contains(r#""uptime_seconds":5"#),
        "and what works is not lacking any more"
    );
}

#[test]
fn after_a_restart_all_functions_are_tried_again() {
    let lacking = |story: &mut Story| {
        story.stuck = true;
        story.commanded("list_groups", "");
        story.happens(Input::Answered(Err(PhoneError::Unsupported("HTTP 404".into()))));
        story.stuck = false;
        story.asks();
        story.commanded("list_groups", "");
        assert!(!story.asks().contains(&PhoneRequest::GetGroups));
    };
    let mut story = Story::settled();
    lacking(&mut story);
    story.pushes(PushKind::Booted, None);
    story.commanded("list_groups", "");
    assert!(story.asks().contains(&PhoneRequest::GetGroups), "it says so");
    lacking(&mut story);
    story.booted = story.now;
    story.commanded("get_time", "");
    story.commanded("list_groups", "");
    assert!(story.asks().contains(&PhoneRequest::GetGroups), "its uptime says so");
}

#[test]
fn a_lost_registration_shows_within_half_a_minute() {
    let account = |registered| Account { registered: Some(registered), ..Account::unknown(1) };
    // whenever it happens between two polls
    for seconds in 0..30 {
        let mut story = Story::new();
        story.accounts = vec![account(true)];
        story.passes(60 * SECOND + seconds * SECOND);
        assert!(story.told().contains(r#""registered":true"#));
        story.accounts = vec![account(false)];
        story.passes(30 * SECOND);
        assert!(story.told().contains(r#""registered":false"#), "after {seconds} s");
    }
}

#[test]
fn a_slow_phone_ends_what_it_was_told() {
    let mut story = Story::settled();
    story.twin.options.policy.allow = [Guarded::SetValues].into();
    story.values = [("35".to_owned(), "new".to_owned())].into();
    story.stuck = true;
    story.commanded("set_values", r#"{"P35":"new"}"#);
    let mut asked = Vec::new();
    while let Some(request) = story.asks().pop().filter(|_| asked.len() < 20) {
        // longer than the lines may wait
        story.now += 3 * SECOND;
        let answer = story.answer(&request);
        asked.push(request);
        story.happens(Input::Answered(answer));
        if story.log.contains("result") {
            break;
        }
    }
    assert!(story.told().contains(r#""ok":true"#), "{asked:?}");
    let looks =
        asked.iter().filter(|request| **request == PhoneRequest::Read(StatusQuery::Lines)).count();
    assert!(looks >= 1, "and its lines are not forgotten: {asked:?}");
}
