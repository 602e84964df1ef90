//! Stories of the phone's own contacts: when they are read, and the names that they give.

use std::sync::Arc;

use super::*;
use crate::domain::contacts::directory::{Card, Directory};
use crate::domain::contacts::phonebook::Filter;

const HOUR: Duration = Duration::from_hours(1);

fn all() -> PhoneRequest {
    PhoneRequest::GetContacts(Filter::default())
}

fn contact(name: &str, number: &str) -> Contact {
    let text = |text: &str| Some(text.to_owned());
    Contact {
        id: text("3"),
        name: text(name),
        group: text("5"),
        home: text(number),
        ..Contact::default()
    }
}

impl Story {
    /// A phone with a contact, which is met a second or two later.
    fn with_contacts() -> Self {
        let mut story = Self::new();
        let settings = TwinOptions { contacts_poll: Some(HOUR), ..story.twin.options.clone() };
        story.twin = Twin::new(settings, story.start, 1);
        story.contacts = vec![contact("Ann", "1001")];
        story.groups = vec![Group { id: "5".into(), name: Some("Family".into()) }];
        story.happens(Input::RetainedComplete);
        story
    }

    fn met(mut self) -> Self {
        self.passes(10 * SECOND);
        self.told();
        self.asks();
        self
    }

    /// Returns what was asked for about contacts since the last call.
    fn lists(&mut self) -> Vec<PhoneRequest> {
        let mut asks = self.asks();
        asks.retain(|request| {
            matches!(request, PhoneRequest::GetContacts(_) | PhoneRequest::GetGroups)
        });
        asks
    }

    /// A call comes; returns name, contact and group as its event says them.
    fn call(&mut self, number: &str) -> String {
        self.number = Some(number.to_owned());
        self.lines[1] = LineState::Ringing;
        self.passes(3 * SECOND);
        self.who()
    }

    /// Returns name, contact and group of the calls in progress.
    fn who(&self) -> String {
        let calls: serde_json::Value =
            serde_json::from_str(&self.twin.picture.published[&PhoneTopic::Calls]).unwrap();
        let text = |key| calls[0][key].as_str().unwrap_or("-");
        format!("{} {} {}", text("name"), text("contact"), text("group"))
    }
}

#[test]
fn contacts_are_read_when_the_phone_has_said_all_else_and_then_each_hour() {
    let mut story = Story::with_contacts();
    story.passes(10 * SECOND);
    let asks = story.asks();
    let place = |wanted: &PhoneRequest| asks.iter().position(|request| request == wanted).unwrap();
    let identity = place(&PhoneRequest::Read(StatusQuery::Identity));
    assert!(
        identity < place(&PhoneRequest::GetGroups)
            && place(&PhoneRequest::GetGroups) < place(&all())
    );
    assert_eq!(story.call("sip:1001@pbx"), "Ann Ann Family");
    story.lines[1] = LineState::Idle;
    story.contacts.push(contact("Bob", "1002"));
    story.passes(59 * 60 * SECOND);
    assert_eq!(story.lists(), []);
    story.passes(60 * SECOND);
    assert_eq!(story.lists(), [PhoneRequest::GetGroups, all()]);
    assert_eq!(story.call("1002"), "Bob Bob Family");
}

#[test]
fn without_the_setting_none_are_read() {
    let mut story = Story::new();
    story.contacts = vec![contact("Ann", "1001")];
    story.passes(2 * HOUR);
    story.commanded("refresh", "");
    story.commanded("list_contacts", "");
    story.commanded("add_group", "x");
    story.passes(10 * SECOND);
    assert_eq!(story.lists(), [all()], "but the command's");
    story.happens(Input::RetainedComplete);
    assert_eq!(story.call("1001"), "- - -");
}

#[test]
fn they_are_read_after_a_change_and_when_the_phone_comes_back() {
    let mut story = Story::with_contacts().met();
    story.commanded("save_contact", r#"{"name":"Bob","work":"1002"}"#);
    story.commanded("rename_group", r#"{"group":"5","name":"Friends"}"#);
    story.contacts.push(contact("Bob", "1002"));
    story.groups[0].name = Some("Friends".into());
    assert_eq!(story.lists(), [], "more changes may follow");
    story.passes(4 * SECOND);
    assert_eq!(story.lists(), [PhoneRequest::GetGroups, all()]);
    assert_eq!(story.call("1002"), "Bob Bob Friends");
    story.lines[1] = LineState::Idle;

    story.error = Some(PhoneError::Timeout);
    story.passes(60 * SECOND);
    assert_eq!(story.lists(), []);
    story.error = None;
    story.passes(60 * SECOND);
    assert_eq!(story.lists(), [PhoneRequest::GetGroups, all()]);
    story.commanded("refresh", "");
    assert_eq!(story.lists(), [PhoneRequest::GetGroups, all()]);
    story.pushes(PushKind::Booted, None);
    assert_eq!(story.lists(), [PhoneRequest::GetGroups, all()]);
}

#[test]
fn what_a_command_lists_is_known_from_then_on_unless_it_is_only_a_part() {
    let mut story = Story::with_contacts().met();
    story.contacts = vec![contact("Bob", "1001")];
    story.commanded("list_contacts", r#"{"name":"B"}"#);
    assert_eq!(story.call("1001"), "Ann Ann Family");
    story.commanded("list_contacts", "");
    assert_eq!(story.who(), "Bob Bob Family", "also for the one who calls at present");
}

#[test]
fn a_call_that_is_being_set_up_is_not_kept_waiting() {
    let mut story = Story::with_contacts();
    story.number = Some("1001".to_owned());
    story.lines[1] = LineState::Ringing;
    story.passes(60 * SECOND);
    assert_eq!(story.lists(), []);
    assert_eq!(story.who(), "- - -");
    story.lines[1] = LineState::InCall;
    story.passes(SECOND);
    assert_eq!(story.lists(), [PhoneRequest::GetGroups, all()]);
    assert_eq!(story.who(), "Ann Ann Family", "late, but known");
}

#[test]
fn a_phone_without_contacts_has_no_problem_and_is_left_alone() {
    for error in [PhoneError::Unsupported("HTTP 404".into()), PhoneError::Forbidden("no".into())] {
        let mut story = Story::with_contacts();
        story.stuck = true;
        let end = story.start + 119 * 60 * SECOND;
        let mut lists = 0;
        story.now = story.twin.wake().unwrap();
        story.happens(Input::Woke);
        while story.now < end {
            let asks = story.asks();
            for request in asks {
                let contacts = matches!(
                    request,
                    PhoneRequest::GetContacts(_)
                        | PhoneRequest::GetGroups
                        | PhoneRequest::DownloadPhonebook
                );
                lists += u32::from(contacts);
                let answer = if contacts { Err(error.clone()) } else { story.answer(&request) };
                story.happens(Input::Answered(answer));
            }
            if story.asked.is_empty() {
                story.now = story.twin.wake().unwrap().max(story.now);
                story.happens(Input::Woke);
            }
        }
        let phonebook = u32::from(error.is_unavailable());
        assert_eq!(lists, 4 + 2 * phonebook, "groups, contacts and perhaps the phonebook, twice");
        let told = story.told();
        assert!(!told.contains("problem = bad") && told.contains("availability = online"));
        assert_eq!(told.matches("# NoContacts").count(), 1, "said once");
        assert!(!told.contains("Failing"));
    }
}

#[test]
fn a_phone_that_only_hands_out_its_phonebook_gives_names_too() {
    let mut story = Story::with_contacts();
    story.denied.insert("contacts".into(), PhoneError::Unsupported("HTTP 404".into()));
    let mut story = story.met();
    assert_eq!(story.call("1001").split(' ').next(), Some("Ann"));
    assert!(!story.told().contains("# NoContacts"));
}

#[test]
fn names_of_the_settings_come_after_the_phones_own() {
    let mut story = Story::with_contacts().met();
    let card = |name: &str, number: &str| Card {
        name: name.to_owned(),
        groups: vec!["Work".to_owned()],
        numbers: vec![number.to_owned()],
    };
    let cards = [card("Carl", "1001"), card("Dora", "030 123456")];
    let others = Directory::new("DE".parse().ok(), cards);
    assert_eq!(story.call("+4930123456"), "- - -");
    story.happens(Input::Named(Arc::new(others)));
    assert_eq!(story.who(), "Dora Dora Work", "also for the one who calls at present");
    story.lines[1] = LineState::Idle;
    story.passes(20 * SECOND);
    assert_eq!(story.call("1001"), "Ann Ann Family");
}

#[test]
fn the_country_of_the_settings_is_that_of_the_phones_contacts_too() {
    let mut story = Story::with_contacts();
    story.contacts = vec![contact("Ann", "030 123456")];
    story.passes(10 * SECOND);
    assert_eq!(story.call("+4930123456"), "- - -");
    story.happens(Input::Named(Arc::new(Directory::new("DE".parse().ok(), []))));
    assert_eq!(story.who(), "Ann Ann Family");
}

#[test]
fn a_caller_is_known_right_after_a_reload() {
    let mut story = Story::with_contacts().met();
    story.stuck = true;
    story.reloaded(true);
    story.happens(Input::Named(Arc::default()));
    story.number = Some("1001".to_owned());
    story.lines[1] = LineState::Ringing;
    story.stuck = false;
    story.passes(2 * SECOND);
    assert_eq!(story.who(), "Ann Ann Family");
}

#[test]
fn groups_that_can_not_be_read_and_lines_that_nobody_knows_keep_no_name_away() {
    let mut story = Story::with_contacts();
    story.lines[0] = LineState::Unknown;
    story.stuck = true;
    story.passes(3 * SECOND);
    let (mut asked, mut left) = (Vec::new(), 30);
    while let Some(request) = story.asks().pop().filter(|_| left > 0) {
        let silent = request == PhoneRequest::GetGroups;
        let answer = if silent { Err(PhoneError::Timeout) } else { story.answer(&request) };
        asked.push(request);
        left -= 1;
        story.happens(Input::Answered(answer));
    }
    assert!(asked.contains(&all()), "{asked:?}");
    story.stuck = false;
    assert_eq!(story.call("1001"), "Ann Ann 5");
}
