//! What payloads mean, and what is said of those that mean nothing.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use std::time::Duration;

use super::calls::CallCommand;
use super::contacts::ContactsCommand;
use super::policy::{Guarded, Policy};
use super::result::{ErrorCode, Failure};
use super::system::SystemCommand;
use super::values::ValuesCommand;
use super::*;
use crate::domain::contacts::phonebook::Contact;
use crate::domain::request::{Operation, SystemOperation};

fn said(name: &str, payload: &str) -> Result<Command, String> {
    parse(name, payload.as_bytes(), false)
        .1
        .map_err(|failure| format!("{}: {}", failure.code.word(), failure.message))
}

fn dialled(number: &str) -> Command {
    let number = number.to_owned();
    Command::Call(CallCommand::Dial { number, account: 1, hang_up_after: None })
}

#[test]
fn payloads_become_commands() {
    let dial_for = |number: &str, account, seconds: Option<u64>| {
        let (number, hang_up_after) = (number.into(), seconds.map(Duration::from_secs));
        Command::Call(CallCommand::Dial { number, account, hang_up_after })
    };
    let dial = |number: &str, account| dial_for(number, account, None);
    let answer = |line| Command::Call(CallCommand::Operate { operation: Operation::Answer, line });
    let accounts = |registered| Command::System(SystemCommand::ListAccounts { registered });
    let reboot = |force| Command::System(SystemCommand::Reboot { force });
    let get =
        |one: &str, two: &str| Command::Values(ValuesCommand::Get(vec![one.into(), two.into()]));
    let set = |name: &str, value: &str| {
        Command::Values(ValuesCommand::Set([(name.into(), value.into())].into()))
    };
    let cases = [
        ("dial", "1001", dial("1001", 1)),
        ("dial", " 0301234 \n", dial("0301234", 1)),
        ("dial", "\"1001\"", dial("1001", 1)),
        ("dial", r#"{"number": "1001"}"#, dial("1001", 1)),
        ("dial", r#"{"number": 1001, "account": 2, "id": 7}"#, dial("1001", 2)),
        ("dial", r#"{"number": "*21", "account": "3"}"#, dial("*21", 3)),
        ("dial", r#"{"number": "7", "hang_up_after": "1m 30s"}"#, dial_for("7", 1, Some(90))),
        ("reset_missed_calls", "PRESS", Command::Call(CallCommand::ResetMissedCalls)),
        ("answer", "", answer(None)),
        ("answer", "PRESS", answer(None)),
        ("answer", "{}", answer(None)),
        ("answer", r#"{"line": null}"#, answer(None)),
        ("answer", "2", answer(Some(2))),
        ("answer", r#"{"line": 2}"#, answer(Some(2))),
        ("reboot", "PRESS", reboot(false)),
        ("reboot", r#"{"force": true}"#, reboot(true)),
        ("list_accounts", "", accounts(false)),
        ("list_accounts", "true", accounts(true)),
        ("list_accounts", r#"{"registered": true}"#, accounts(true)),
        ("list_accounts", r#"{"id": 1}"#, accounts(false)),
        ("get_values", "68:P67", get("68", "67")),
        ("get_values", r#"["P68", 67]"#, get("68", "67")),
        ("get_values", r#"{"names": ["68", "hw_rev"]}"#, get("68", "hw_rev")),
        ("set_values", r#"{"P1561": 1, "id": 7}"#, set("1561", "1")),
        ("set_values", r#"{"values": {"35": ""}}"#, set("35", "")),
        ("delete_group", "200", Command::Contacts(ContactsCommand::DeleteGroup("200".into()))),
        ("get_time", "", Command::System(SystemCommand::GetTime)),
    ];
    for (name, payload, expected) in cases {
        assert_eq!(said(name, payload), Ok(expected), "{name} {payload}");
    }
}

#[test]
fn numbers_are_dialled_as_people_write_them() {
    let cases = [
        // as people, address books and links write numbers
        ("+49 30 123-456", "+4930123456"),
        ("tel:+49-30-123456", "+4930123456"),
        ("TEL: 030/12.34.56", "030123456"),
        (r#"{"number": "(030) 123\u20111456"}"#, "0301231456"),
        ("\u{202a}+49\u{a0}30 123456\u{202c}", "+4930123456"),
        ("+49 (0)30 123456", "+4930123456"),
        ("0049 (0) 30 123456", "004930123456"),
        ("+39 (0)6 1234 5678", "+390612345678"),
        ("(0)30 123456", "030123456"),
        ("**620", "**620"),
        // what else is in it is not taken off: it is refused, and not dialled as another number
        ("sip:1001@pbx", "sip:1001@pbx"),
        ("1001;ext=5", "1001;ext=5"),
        ("1001,,5", "1001,,5"),
    ];
    for (payload, number) in cases {
        let expected = dialled(number);
        assert_eq!(said("dial", payload), Ok(expected), "{payload}");
    }
}

#[test]
fn contacts_have_a_name_or_its_two_parts() {
    let save = |id: Option<&str>, name: Option<&str>, last_name: Option<&str>| {
        let [id, name, last_name] = [id, name, last_name].map(|text| text.map(str::to_owned));
        let work = Some("1001".to_owned());
        Command::Contacts(ContactsCommand::Save(Box::new(Contact {
            id,
            name,
            last_name,
            work,
            ..Contact::default()
        })))
    };
    let cases = [
        (r#"{"name": "Ann Example", "work": "1001"}"#, save(None, Some("Ann Example"), None)),
        (
            r#"{"first_name": "Ann", "last_name": "Example", "work": "1001"}"#,
            save(None, Some("Ann"), Some("Example")),
        ),
        (r#"{"last_name": "Example", "work": "1001"}"#, save(None, Some(""), Some("Example"))),
        (
            r#"{"contact": 3, "first_name": "Ann", "last_name": "", "work": "1001"}"#,
            save(Some("3"), Some("Ann"), Some("")),
        ),
        (r#"{"contact": "3", "work": "1001"}"#, save(Some("3"), None, None)),
    ];
    for (payload, expected) in cases {
        assert_eq!(said("save_contact", payload), Ok(expected), "{payload}");
    }
}

#[test]
fn wrong_payloads_say_what_is_wrong() {
    let noise = "x".repeat(1024 * 1024);
    let cases = [
        ("dial", "", "bad_payload: which number?"),
        ("dial", "PRESS", "bad_payload: which number?"),
        ("dial", r#"{"number": ""}"#, "bad_payload: which number?"),
        ("dial", "tel:", "bad_payload: which number?"),
        ("dial", r#"{"number": "( - )"}"#, "bad_payload: which number?"),
        ("dial", r#"{"number": ["1"]}"#, "bad_payload: number must be a text"),
        ("dial", r#"{"number": "1", "account": 0}"#, "bad_payload: account must be a whole number"),
        (
            "dial",
            r#"{"number": "1", "acount": 1}"#,
            "bad_payload: dial does not know \"acount\"; it takes number, account",
        ),
        (
            "dial",
            r#"{"number": "1", "hang_up_after": 30}"#,
            "bad_payload: hang_up_after must be a text with a unit, such as \"30s\", from 1s to 10m",
        ),
        ("dial", r#"{"number": "1", "hang_up_after": "1h"}"#, "bad_payload: hang_up_after must be"),
        (
            "dial",
            r#"{"number": "1", "hang_up_after": "-3s"}"#,
            "bad_payload: hang_up_after must be",
        ),
        ("dial", r#"{"number": "1""#, "bad_payload: broken JSON"),
        ("dial", "\"1", "bad_payload: broken JSON"),
        ("dial", &noise, "bad_payload: the payload has more than 16384 bytes"),
        ("answer", "one", "bad_payload: line must be a whole number"),
        ("answer", "-1", "bad_payload: line must be a whole number"),
        ("answer", "70000", "bad_payload: line must be a whole number"),
        ("reboot", "now", "bad_payload: reboot takes no argument"),
        ("reboot", r#"{"force": "yes"}"#, "bad_payload: force must be true or false"),
        (
            "provision",
            r#"{"force": true}"#,
            "bad_payload: provision does not know \"force\"; it takes nothing",
        ),
        ("list_accounts", "yes", "bad_payload: registered must be true or false"),
        ("get_values", "", "bad_payload: which values?"),
        ("get_values", "P2", "bad_payload: \"P2\" is a password"),
        ("get_values", r#"{"names": [[68]]}"#, "bad_payload: names must be texts"),
        ("dial", "[1]", "bad_payload: number must be a text"),
        ("set_values", "", "bad_payload: which values?"),
        ("set_values", "1561", "bad_payload: which values?"),
        ("set_values", r#"{"P2": "secret"}"#, "bad_payload: P2 is a password: use change_password"),
        ("set_values", r#"{"hw_rev": "1"}"#, "bad_payload: \"hw_rev\" can't be set"),
        ("set_values", r#"{"P1": [1]}"#, "bad_payload: P1 must be a text or a number"),
        ("delete_contact", "", "bad_payload: contact is missing"),
        ("rename_group", r#"{"group": "1", "name": " "}"#, "bad_payload: name is missing"),
        ("explode", "", "unsupported: there is no such command; there are dial, answer"),
    ];
    for (name, payload, expected) in cases {
        let error = said(name, payload).unwrap_err();
        assert!(error.starts_with(expected), "{name}: {error}");
    }
    assert_eq!(parse("dial", b"\xff\xfe", false).1.unwrap_err().code, ErrorCode::BadPayload);
}

#[test]
fn a_contact_without_a_clear_name_is_not_saved() {
    let cases = [
        (r#"{"work": "1"}"#, "bad_payload: a new contact needs a name"),
        (
            r#"{"first_name": "", "last_name": " "}"#,
            "bad_payload: first_name and last_name are both empty",
        ),
        (
            r#"{"name": "Ann Example", "last_name": "Example"}"#,
            "bad_payload: send either name, or first_name and last_name",
        ),
        (
            r#"{"contact": "3", "last_name": "Example"}"#,
            "bad_payload: to rename a contact send first_name and last_name",
        ),
    ];
    for (payload, expected) in cases {
        let error = said("save_contact", payload).unwrap_err();
        assert!(error.starts_with(expected), "{payload}: {error}");
    }
}

#[test]
fn an_id_comes_back_as_it_was_written() {
    for id in ["123456789012345678901234567890", "1.50", "-0", r#""x""#, "[1.0,{\"a\":null}]"] {
        let (request, _) = parse("refresh", format!("{{\"id\": {id}}}").as_bytes(), false);
        let result = request.result(&Ok(Value::Null), Timestamp::UNIX_EPOCH);
        assert!(result.contains(&format!("\"id\":{id},")), "{id}: {result}");
    }
}

#[test]
fn the_id_comes_back_even_with_an_error() {
    let (request, outcome) = parse("reboot", br#"{"id": "a1"}"#, true);
    assert_eq!(request.id, json!("a1"));
    assert_eq!(outcome.unwrap_err().code, ErrorCode::NotAllowed);
    let at = Timestamp::from_second(0).unwrap();
    insta::assert_snapshot!(
        request.result(&Err(Failure::new(ErrorCode::TooLate, "late")), at),
        @r#"{"at":"1970-01-01T00:00:00Z","command":"reboot","error":{"code":"too_late","message":"late"},"id":"a1","ok":false}"#
    );
}

#[test]
fn the_table_holds_together() {
    let mut names: Vec<_> = commands().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), commands().count());
    for (code, word, _) in ErrorCode::TABLE {
        assert_eq!(code.word(), word);
    }
}

proptest! {
    #[test]
    fn any_payload_is_read_without_a_panic(
        name in prop::sample::select(commands().map(|row| row.name).collect::<Vec<_>>()),
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let (request, _) = parse(name, &payload, false);
        prop_assert_eq!(request.name, name);
    }
}

#[test]
fn guards_hold() {
    let strict = Policy::default();
    let open = Policy { allow: [Guarded::FactoryReset].into(), ..strict.clone() };
    let reset = Command::System(SystemCommand::Operate(SystemOperation::FactoryReset));
    let code = |command: &Command| command.permitted(&strict, &[]).unwrap_err().code;
    assert!(dialled("+49*30#").permitted(&strict, &[]).is_ok());
    assert!(dialled("sip:x@y").permitted(&strict, &[]).is_err());
    assert!(dialled("1&account=9").permitted(&strict, &[]).is_err());
    assert_eq!(code(&reset), ErrorCode::NotAllowed);
    assert!(reset.permitted(&open, &[]).is_ok());
    let reboot = Command::System(SystemCommand::Reboot { force: true });
    assert!(reboot.permitted(&strict, &[]).is_ok());
    let set = Command::Values(ValuesCommand::Set([("35".into(), "5".into())].into()));
    for guarded in [set, Command::Contacts(ContactsCommand::DeleteAll)] {
        assert_eq!(code(&guarded), ErrorCode::NotAllowed);
    }
}
