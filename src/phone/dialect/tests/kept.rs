//! What the phone keeps: each function's request in both dialects, and its answers.

use super::*;
use crate::domain::contacts::phonebook::{Contact, Filter, Group};
use crate::domain::request::Role;
use crate::domain::request::password::Password;

macro_rules! guide {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/gxv/guide/", $name, ".json"))
    };
}

fn contact() -> Contact {
    Contact {
        id: Some("7".into()),
        name: Some("Ann & Bob".into()),
        last_name: Some("Doe".into()),
        group: Some("100".into()),
        work: Some("1001".into()),
        mobile: Some("+49".into()),
        ..Contact::default()
    }
}

fn change(role: Role) -> PhoneRequest {
    let password = |text| Password::new(text).unwrap();
    PhoneRequest::ChangePassword { role, old: password("one"), new: password("two") }
}

fn asks() -> [PhoneRequest; 11] {
    let id = Some("7".to_owned());
    [
        PhoneRequest::GetValues(vec!["68".into(), "vendor_name".into()]),
        PhoneRequest::SetValues(vec![("1561".into(), "1".into()), ("8352".into(), String::new())]),
        PhoneRequest::GetContacts(Filter { id, name: Some("Ann".into()), group: None }),
        PhoneRequest::SaveContact(contact().into()),
        PhoneRequest::DeleteContact("7".into()),
        PhoneRequest::DeleteAllContacts,
        PhoneRequest::GetGroups,
        PhoneRequest::AddGroup("Family".into()),
        PhoneRequest::EditGroup { id: "100".into(), name: String::new() },
        change(Role::Admin),
        change(Role::User),
    ]
}

#[test]
fn asks_are_phrased() {
    let phrased =
        |kind| asks().iter().map(|request| text(kind, request)).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(phrased(DialectKind::Gxv), @"
    GET /cgi-bin/api.values.get?request=68:vendor_name []
    POST /cgi-bin/api.values.post? [P1561=1&P8352=]
    POST /cgi-bin/api-get_contacts? [contactid=7&contactname=Ann]
    POST /cgi-bin/api-save_contact? [id=7&firstname=Ann & Bob&group=100&newphone1=1001&newphone3=+49&lastname=Doe]
    POST /cgi-bin/api-delete_contact? [id=7]
    POST /cgi-bin/api-delete_all_contact? []
    POST /cgi-bin/api-get_groups? []
    POST /cgi-bin/api-add_group? [name=Family]
    POST /cgi-bin/api-edit_delete_group? [id=100&name=]
    POST /cgi-bin/api-change_password? [oldadmin=one&P2=two]
    POST /cgi-bin/api-change_password? [olduser=one&P196=two]
    ");
    insta::assert_snapshot!(phrased(DialectKind::Cti), @"
    GET /cgi-bin/api.values.get?passcode=admin&request=68:vendor_name []
    POST /cgi-bin/api.values.post?passcode=admin [P1561=1&P8352=]
    GET /cgi-bin/api-get_contacts?passcode=admin&contactid=7&contactname=Ann []
    POST /cgi-bin/api-save_contact?passcode=admin [id=7&firstname=Ann & Bob&group=100&newphone1=1001&newphone3=+49&lastname=Doe]
    POST /cgi-bin/api-delete_contact?passcode=admin [id=7]
    POST /cgi-bin/api-delete_all_contact?passcode=admin []
    GET /cgi-bin/api-get_groups?passcode=admin []
    POST /cgi-bin/api-add_group?passcode=admin [name=Family]
    POST /cgi-bin/api-edit_delete_group?passcode=admin [id=100&name=]
    POST /cgi-bin/api-change_password?passcode=admin [oldadmin=one&P2=two]
    POST /cgi-bin/api-change_password?passcode=admin [olduser=one&P196=two]
    ");
}

#[test]
fn the_answers_of_the_guide_are_understood() {
    let read = |request: &PhoneRequest, body: &str| {
        dialect(DialectKind::Gxv).read(request, &reply(200, body)).unwrap()
    };
    let names = ["68", "1561", "gone"].map(str::to_owned).to_vec();
    let Answer::Values(values) = read(&PhoneRequest::GetValues(names), guide!("get_values")) else {
        panic!("no values");
    };
    let said = |name: &str| values[name].as_deref();
    assert_eq!([said("68"), said("1561"), said("gone")], [Some("11.16.8.20"), Some(""), None]);

    let all = PhoneRequest::GetContacts(Filter::default());
    let Answer::Contacts(contacts) = read(&all, guide!("get_contacts")) else {
        panic!("no contacts");
    };
    assert_eq!(contacts.len(), 2);
    let second = Contact {
        id: Some("1".into()),
        name: Some("grandstream".into()),
        group: Some("0".into()),
        work: Some("3587".into()),
        ..Contact::default()
    };
    assert_eq!(contacts[1], second);

    let Answer::Groups(groups) = read(&PhoneRequest::GetGroups, guide!("get_groups")) else {
        panic!("no groups");
    };
    assert_eq!(groups[1], Group { id: "100".into(), name: Some("blacklist".into()) });
    let group = PhoneRequest::EditGroup { id: "100".into(), name: "Friends".into() };
    let done = [
        (asks()[1].clone(), guide!("set_values")),
        (PhoneRequest::SaveContact(contact().into()), guide!("save_contact")),
        (PhoneRequest::DeleteContact("7".into()), guide!("delete_contact")),
        (PhoneRequest::DeleteAllContacts, guide!("delete_all_contacts")),
        (PhoneRequest::AddGroup("Family".into()), guide!("add_group")),
        (group, guide!("edit_group")),
        (change(Role::Admin), guide!("change_password")),
    ];
    for (request, body) in done {
        assert_eq!(read(&request, body), Answer::Done, "{request:?}");
    }
}

#[test]
fn only_right_is_done() {
    let change = change(Role::Admin);
    let set = &asks()[1];
    for (body, done) in [
        (r#"{"response":"success","body":{"status":"right"}}"#, true),
        (r#"{"response":"success","body":""}"#, true),
        (r#"{"response":"success","body":{"status":"wrong"}}"#, false),
        (r#"{"response":"success","body":"false"}"#, false),
        (r#"{"response":"error","body":{"status":"right"}}"#, false),
    ] {
        for request in [set, &change] {
            let read = dialect(DialectKind::Gxv).read(request, &reply(200, body));
            let refused = matches!(read, Err(ReadError::Phone(PhoneError::Refused(_))));
            assert_eq!((read.is_ok(), refused), (done, !done), "{body}");
        }
    }
}

#[test]
fn odd_answers_are_no_lists() {
    let read = |request: &PhoneRequest, body: &str| {
        dialect(DialectKind::Gxv).read(request, &reply(200, body))
    };
    let all = PhoneRequest::GetContacts(Filter::default());
    for request in [&all, &PhoneRequest::GetGroups] {
        // GMI guide: there are none
        let none = read(request, r#"{"res":"error","msg":"0"}"#);
        assert!(
            matches!(&none, Ok(Answer::Contacts(list)) if list.is_empty())
                || matches!(&none, Ok(Answer::Groups(list)) if list.is_empty()),
            "{none:?}"
        );
        for odd in [
            r#"{"res":"success"}"#,
            r#"{"res":"success","msg":"x"}"#,
            r#"{"res":"success","msg":["x"]}"#,
            r#"{"res":"error","msg":"no"}"#,
            "<html>",
            "",
        ] {
            assert!(read(request, odd).is_err(), "{odd}");
        }
        let expired = read(request, r#"{"res":"error","msg":"authentication required"}"#);
        assert_eq!(expired, Err(ReadError::SessionExpired));
    }
    let many: Vec<_> = (0..3000).map(|n| format!(r#"{{"contactID":{n}}}"#)).collect();
    let many = format!(r#"{{"res":"success","msg":[{}]}}"#, many.join(","));
    let Ok(Answer::Contacts(contacts)) = read(&all, &many) else { panic!("no contacts") };
    assert_eq!(contacts.len(), 3000);
}
