//! What payloads mean, and what is said of those that mean nothing.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn said(name: &str, payload: &str) -> Result<Command, String> {
    parse(name, payload.as_bytes(), false)
        .1
        .map_err(|failure| format!("{}: {}", failure.code.word(), failure.message))
}

#[test]
fn payloads_become_commands() {
    let dial_for = |number: &str, account, seconds: Option<u64>| Command::Dial {
        number: number.into(),
        account,
        hang_up_after: seconds.map(Duration::from_secs),
    };
    let dial = |number: &str, account| dial_for(number, account, None);
    let answer = |line| Command::Operate { operation: Operation::Answer, line };
    let cases = [
        ("dial", "1001", dial("1001", 1)),
        ("dial", " 0301234 \n", dial("0301234", 1)),
        ("dial", "\"1001\"", dial("1001", 1)),
        ("dial", r#"{"number": "1001"}"#, dial("1001", 1)),
        ("dial", r#"{"number": 1001, "account": 2, "id": 7}"#, dial("1001", 2)),
        ("dial", r#"{"number": "*21", "account": "3"}"#, dial("*21", 3)),
        ("dial", r#"{"number": "7", "hang_up_after": "1m 30s"}"#, dial_for("7", 1, Some(90))),
        ("reset_missed_calls", "PRESS", Command::ResetMissedCalls),
        ("answer", "", answer(None)),
        ("answer", "PRESS", answer(None)),
        ("answer", "{}", answer(None)),
        ("answer", r#"{"line": null}"#, answer(None)),
        ("answer", "2", answer(Some(2))),
        ("answer", r#"{"line": 2}"#, answer(Some(2))),
        ("reboot", "PRESS", Command::System(SystemOperation::Reboot)),
        ("get_time", "", Command::GetTime),
    ];
    for (name, payload, expected) in cases {
        assert_eq!(said(name, payload), Ok(expected), "{name} {payload}");
    }
}

#[test]
fn wrong_payloads_say_what_is_wrong() {
    let noise = "x".repeat(1024 * 1024);
    let cases = [
        ("dial", "", "bad_payload: which number?"),
        ("dial", "PRESS", "bad_payload: which number?"),
        ("dial", r#"{"number": ""}"#, "bad_payload: which number?"),
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
        ("dial", &noise, "bad_payload: 1048576 bytes are more than"),
        ("answer", "one", "bad_payload: line must be a whole number"),
        ("answer", "-1", "bad_payload: line must be a whole number"),
        ("answer", "70000", "bad_payload: line must be a whole number"),
        ("reboot", "now", "bad_payload: reboot takes no argument"),
        (
            "reboot",
            r#"{"force": true}"#,
            "bad_payload: reboot does not know \"force\"; it takes nothing",
        ),
        ("explode", "", "unsupported: there is no such command; there are dial, answer"),
    ];
    for (name, payload, expected) in cases {
        let error = said(name, payload).unwrap_err();
        assert!(error.starts_with(expected), "{name}: {error}");
    }
    assert_eq!(parse("dial", b"\xff\xfe", false).1.unwrap_err().code, ErrorCode::BadPayload);
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
    let mut names: Vec<_> = COMMANDS.iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), COMMANDS.len());
    for (code, word, _) in ErrorCode::TABLE {
        assert_eq!(code.word(), word);
    }
}

proptest! {
    #[test]
    fn any_payload_is_read_without_a_panic(
        name in prop::sample::select(COMMANDS.iter().map(|row| row.name).collect::<Vec<_>>()),
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let (request, _) = parse(name, &payload, false);
        prop_assert_eq!(request.name, name);
    }
}
