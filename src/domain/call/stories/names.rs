//! Stories of names that address books give.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::domain::contacts::directory::{Card, Directory, Names};
use LineState::{Calling, Dialing, Idle, InCall, Ringing};

/// Returns names that people have whose numbers, names and groups these are.
fn names(people: &[(&str, &str, &[&str])]) -> Names {
    let card = |(number, name, groups): &(&str, &str, &[&str])| Card {
        name: (*name).to_owned(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        numbers: vec![(*number).to_owned()],
    };
    let own = Arc::new(Directory::new("DE".parse().ok(), people.iter().map(card)));
    Names { own, ..Names::default() }
}

impl Story {
    fn know(&mut self, people: &[(&str, &str, &[&str])]) -> &mut Self {
        self.board.know(names(people));
        self
    }

    /// Returns what the event number `place` says of who it is.
    fn who(&self, place: usize) -> Value {
        who(&self.events[place])
    }
}

fn who(payload: &Value) -> Value {
    ["name", "contact", "group", "groups"].map(|key| payload[key].clone()).to_vec().into()
}

#[test]
fn callers_get_names_and_groups_of_the_address_book() {
    let mut story = Story::new();
    story.know(&[("030 123456", "Ann", &["Family", "Work"]), ("1002", "Bob", &[])]);
    story.line(1, Ringing, "+4930123456", "").line(1, Idle, "", "");
    story.tells(&["incoming 1 +4930123456 Ann", "missed 1 +4930123456 Ann"]);
    let ann = json!(["Ann", "Ann", "Family", ["Family", "Work"]]);
    assert_eq!([story.who(0), story.who(1), who(&story.caller())], [ann.clone(), ann.clone(), ann]);

    story.away(20.0).look().dial("1002", None).line(2, Calling, "sip:1002@pbx", "");
    story.tells(&["outgoing 2 sip:1002@pbx Bob"]);
    assert_eq!(story.who(2), json!(["Bob", "Bob", null, []]));
    story.line(3, Ringing, "1003", "").tells(&["incoming 3 1003 -"]);
    assert_eq!(story.who(3), json!([null, null, null, []]));
}

#[test]
fn a_missed_call_that_only_a_push_tells_of_is_nobody_of_the_address_book() {
    let mut story = Story::with(bell("1001"));
    story.know(&[("1001", "Mum", &["Family"])]);
    story.push_name(PushKind::Missed, "1001", "Mum", "").look().tells(&["missed - 1001 -"]);
    let nobody = json!([null, null, null, []]);
    assert_eq!([story.who(0), who(&story.caller())], [nobody.clone(), nobody.clone()]);
    // nor is one without a number, whoever a push says that it is
    story.push_name(PushKind::Incoming, "1001", "Mum", "").line(1, Ringing, "", "");
    story.tells(&["incoming 1 - -"]);
    assert_eq!([story.who(1), who(&story.caller())], [nobody.clone(), nobody]);
}

#[test]
fn the_name_that_the_phone_says_stays() {
    let mut story = Story::new();
    story.know(&[("1001", "Ann Example", &["Family"])]);
    story.line(1, Ringing, "1001", "Annie").line(1, Idle, "", "");
    assert_eq!(story.who(0), json!(["Annie", "Ann Example", "Family", ["Family"]]));
    // a name that is only the number is none
    story.away(20.0).look().line(1, Ringing, "1001", "1001");
    assert_eq!(story.who(2), json!(["Ann Example", "Ann Example", "Family", ["Family"]]));
}

#[test]
fn names_that_come_late_are_filled_in() {
    let mut story = Story::new();
    story.line(1, Ringing, "1001", "").tells(&["incoming 1 1001 -"]);
    story.know(&[("1001", "Ann", &["Family"])]);
    let ann = json!(["Ann", "Ann", "Family", ["Family"]]);
    assert_eq!([who(&story.in_progress()[0]), who(&story.caller())], [ann.clone(), ann.clone()]);
    story.line(1, InCall, "1001", "").tells(&["answered 1 1001 Ann"]);
    // so is the name of a number that comes late
    story.line(2, Ringing, "", "").line(2, Ringing, "1001", "");
    assert_eq!(who(&story.caller()), ann);
}

#[test]
fn another_number_is_another_person() {
    let mut story = Story::new();
    story.know(&[("1001", "Ann", &[])]);
    story.line(1, Dialing, "1001", "").line(1, Calling, "10012", "");
    story.tells(&["outgoing 1 10012 -"]);
    assert_eq!(story.who(0), json!([null, null, null, []]));
}

#[test]
fn a_doorbell_is_known_by_the_name_of_the_address_book() {
    let rule = DoorbellRule {
        caller_name: Some(Pattern::Plain("Front door".into())),
        ..DoorbellRule::default()
    };
    let mut story = Story::with(CallSettings { doorbell: vec![rule], ..settings() });
    story.know(&[("8001", "Front door", &[])]);
    story.line(1, Ringing, "8001", "");
    story.tells(&["incoming 1 8001 Front door", "ring 1 8001 Front door"]);
}

#[test]
fn who_calls_is_remembered_over_a_restart() {
    let mut story = Story::new();
    story.know(&[("1001", "Ann", &["Family"])]);
    story.line(1, Ringing, "1001", "").away(2.0).restart(settings()).look();
    let ann = json!(["Ann", "Ann", "Family", ["Family"]]);
    assert_eq!(who(&story.in_progress()[0]), ann, "though no contacts were read since");
    story.know(&[("1001", "Ann Example", &[])]);
    assert_eq!(who(&story.in_progress()[0]), json!(["Ann Example", "Ann Example", null, []]));
    story.line(1, Idle, "", "").tells(&["incoming 1 1001 Ann", "missed 1 1001 Ann Example"]);
}

#[test]
fn what_an_older_version_left_is_understood() {
    let mut story = Story::unseen(settings());
    let old = r#"[{"call_id":"7","line":1,"state":"ringing","account":null,"direction":"incoming","name":"Ann","number":"1001",
        "started_at":null,"answered_at":null,"doorbell":false,"hang_up_at":null}]"#;
    story.remember(&PhoneTopic::Calls, old);
    let caller =
        r#"{"call_id":"7","line":1,"account":null,"name":"Ann","number":"1001","at":null}"#;
    story.remember(&PhoneTopic::LastCaller, caller);
    story.change(1, Ringing, "1001", "").look().know(&[("1001", "Ann Example", &["Family"])]);
    let ann = json!(["Ann", "Ann Example", "Family", ["Family"]]);
    let last = r#"{"event_type":"ended","call_id":"6","name":"Bob","number":"1002"}"#;
    story.remember(&PhoneTopic::LastCall, last);
    assert_eq!([who(&story.in_progress()[0]), who(&story.caller())], [ann.clone(), ann]);
    // Home Assistant's templates miss a key that is not there
    let last = story.board.topics().unwrap().last_call.unwrap();
    assert_eq!(who(&serde_json::from_str(&last).unwrap()), json!(["Bob", null, null, []]));
    assert!(last.contains(r#""group":null,"groups":[]"#), "{last}");
}
