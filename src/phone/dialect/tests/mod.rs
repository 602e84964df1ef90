//! The dialects against the answers in `tests/fixtures`, and against what may come instead of one.

use std::sync::Arc;

use crate::domain::contacts::phonebook::Filter;
use crate::domain::secret::Secret;

mod kept;

use super::*;
use crate::domain::request::{
    Answer, Operation, PhoneError, PhoneRequest, StatusQuery, SystemOperation,
};
use crate::domain::telephony::{CallState, PhoneStatus};

pub(super) fn options() -> DialectOptions {
    DialectOptions {
        credentials: Credentials {
            username: "gmiadmin".into(),
            password: Some(Secret::from("admin")),
            digest: Digest::Md5,
        },
        account_base: 0,
        line_account_base: 1,
        endpoints: BTreeMap::new(),
    }
}

pub(super) fn dialect(kind: DialectKind) -> Arc<dyn Dialect> {
    kind.of(options())
}

pub(super) fn reply(status: u16, body: &str) -> Reply {
    Reply { status, redirect: None, has_cookie: false, body: body.as_bytes().to_vec() }
}

fn read(query: StatusQuery, body: &str) -> Result<Answer, ReadError> {
    dialect(DialectKind::Gxv).read(&PhoneRequest::Read(query), &reply(200, body))
}

fn line(text: &str) -> String {
    let body = format!(r#"{{"response":"success","body":[{text}]}}"#);
    match read(StatusQuery::Lines, &body) {
        Ok(Answer::Lines(lines)) => serde_json::to_string(&lines[0]).unwrap(),
        other => format!("{other:?}"),
    }
}

/// The request as text: method, path, query, form.
pub(super) fn text(kind: DialectKind, request: &PhoneRequest) -> String {
    let HttpRequest { method, path, query, form, .. } =
        dialect(kind).request(request, &Session::None, Learned::default());
    let fields = |fields: &Fields| {
        fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    };
    let method = match method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    format!("{method} {path}?{} [{}]", fields(&query), fields(&form))
}

/// Goes through a login with these replies, and returns the last step.
fn login(options: DialectOptions, replies: &[Reply]) -> Step {
    let (request, mut login) = DialectKind::Gxv.of(options).login().unwrap();
    let mut request = Some(request);
    for reply in replies {
        match login.next(reply) {
            Step::Send(next, rest) => (request, login) = (Some(next), rest),
            end @ (Step::LoggedIn { .. } | Step::Refused(_)) => return end,
        }
    }
    Step::Send(request.unwrap(), login)
}

/// The login that follows a random number.
fn secret(options: DialectOptions, realm: Reply) -> Result<Fields, PhoneError> {
    match login(options, &[realm]) {
        Step::Send(request, _) => Ok(request.query),
        Step::Refused(error) => Err(error),
        Step::LoggedIn { .. } => panic!("without a password"),
    }
}

/// What comes of the answer to a login.
fn verdict(mut reply: Reply, has_cookie: bool) -> Result<(bool, Option<String>), PhoneError> {
    reply.has_cookie = has_cookie;
    match login(options(), &[self::reply(200, "1234567890"), reply]) {
        Step::LoggedIn { session: Session::Sid(sid), is_clear } => {
            Ok((is_clear, Some(sid.expose().to_owned())))
        }
        Step::LoggedIn { is_clear, .. } => Ok((is_clear, None)),
        Step::Refused(error) => Err(error),
        Step::Send(..) => panic!("one more step"),
    }
}

#[test]
fn asks_are_phrased() {
    let asks = [
        PhoneRequest::Read(StatusQuery::Lines),
        PhoneRequest::Read(StatusQuery::Status),
        PhoneRequest::Read(StatusQuery::Accounts),
        PhoneRequest::Read(StatusQuery::Clock),
        PhoneRequest::Read(StatusQuery::Identity),
        PhoneRequest::GetRegistered,
        PhoneRequest::Dial { number: "+49#1".into(), account: 2 },
        PhoneRequest::Operate { operation: Operation::Answer, line: 1 },
        PhoneRequest::Operate { operation: Operation::Reject, line: 2 },
        PhoneRequest::Operate { operation: Operation::HangUp, line: 3 },
        PhoneRequest::Operate { operation: Operation::Hold, line: 1 },
        PhoneRequest::Operate { operation: Operation::Resume, line: 1 },
        PhoneRequest::System(SystemOperation::Reboot),
        PhoneRequest::System(SystemOperation::Provision),
        PhoneRequest::System(SystemOperation::FactoryReset),
    ];
    let phrased =
        |kind| asks.iter().map(|request| text(kind, request)).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(phrased(DialectKind::Gxv), @"
    POST /cgi-bin/api-get_line_status? []
    GET /cgi-bin/api-get_phone_status? []
    POST /cgi-bin/api-get_accounts? []
    GET /cgi-bin/api-get_time? []
    GET /cgi-bin/api.values.get?request=67:68:phone_model:vendor_name:vendor_fullname:hw_rev []
    POST /cgi-bin/api-get_accounts? [registered=1]
    GET /cgi-bin/api-make_call?phonenumber=+49#1&account=1 []
    GET /cgi-bin/api-phone_operation?cmd=acceptcall&arg=1&line=1 []
    GET /cgi-bin/api-phone_operation?cmd=rejectcall&arg=2&line=2 []
    GET /cgi-bin/api-phone_operation?cmd=endcall&arg=3&line=3 []
    GET /cgi-bin/api-phone_operation?cmd=holdcall&arg=1&line=1 []
    GET /cgi-bin/api-phone_operation?cmd=holdcall&arg=1&line=1 []
    GET /cgi-bin/api-sys_operation?request=REBOOT []
    GET /cgi-bin/api-sys_operation?request=PROV []
    GET /cgi-bin/api-sys_operation?request=RESET []
    ");
    insta::assert_snapshot!(phrased(DialectKind::Cti), @"
    GET /cgi-bin/api-get_line_status?passcode=admin []
    GET /cgi-bin/api-get_phone_status?passcode=admin []
    GET /cgi-bin/api-get_accounts?passcode=admin []
    GET /cgi-bin/api-get_time?passcode=admin []
    GET /cgi-bin/api.values.get?passcode=admin&request=67:68:phone_model:vendor_name:vendor_fullname:hw_rev []
    GET /cgi-bin/api-get_accounts?passcode=admin&registered=1 []
    GET /cgi-bin/api-make_call?passcode=admin&password=admin&phonenumber=+49#1&account=1 []
    GET /cgi-bin/api-phone_operation?passcode=admin&cmd=acceptcall&arg=1&line=1 []
    GET /cgi-bin/api-phone_operation?passcode=admin&cmd=rejectcall&arg=2&line=2 []
    GET /cgi-bin/api-phone_operation?passcode=admin&cmd=endcall&arg=3&line=3 []
    GET /cgi-bin/api-phone_operation?passcode=admin&cmd=holdcall&arg=1&line=1 []
    GET /cgi-bin/api-phone_operation?passcode=admin&cmd=holdcall&arg=1&line=1 []
    GET /cgi-bin/api-sys_operation?passcode=admin&request=REBOOT []
    GET /cgi-bin/api-sys_operation?passcode=admin&request=PROV []
    GET /cgi-bin/api-sys_operation?passcode=admin&request=RESET []
    ");
}

macro_rules! guide {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/gxv/guide/", $name, ".json"))
    };
}

#[test]
fn the_lists_of_the_guide_are_understood() {
    let Ok(Answer::Lines(lines)) = read(StatusQuery::Lines, guide!("get_line_status")) else {
        panic!("no lines");
    };
    let words: Vec<_> = lines.iter().map(|line| line.state.word()).collect();
    assert_eq!(words, ["ringing", "calling", "calling", "failed"]);
    assert_eq!(CallState::of(&lines), CallState::Ringing);

    let Ok(Answer::Accounts(accounts)) = read(StatusQuery::Accounts, guide!("get_accounts")) else {
        panic!("no accounts");
    };
    let registered: Vec<_> = accounts.iter().map(|account| account.registered).collect();
    assert_eq!(registered, [Some(true), Some(true), Some(true), Some(false)]);
}

#[test]
fn the_rest_of_the_guide_is_understood() {
    let answers = [
        read(StatusQuery::Status, guide!("get_phone_status")),
        read(StatusQuery::Clock, guide!("get_time")),
        read(StatusQuery::Identity, guide!("get_values")),
    ];
    insta::assert_debug_snapshot!(answers, @r#"
    [
        Ok(
            Status(
                Available,
            ),
        ),
        Ok(
            Clock(
                PhoneClock {
                    time: Some(
                        LocalTime {
                            at: 2016-08-30T11:30:00,
                            to_the_second: false,
                        },
                    ),
                    uptime: Some(
                        Uptime {
                            seconds: 1821023,
                            to_the_second: true,
                        },
                    ),
                },
            ),
        ),
        Ok(
            Identity(
                Identity {
                    model: None,
                    vendor: Some(
                        "Grandstream",
                    ),
                    firmware: Some(
                        "11.16.8.20",
                    ),
                    hardware: Some(
                        "V2.2A",
                    ),
                    mac: None,
                },
            ),
        ),
    ]
    "#);
    for done in [guide!("make_call"), guide!("phone_operation"), guide!("sys_operation")] {
        let request = PhoneRequest::Dial { number: "1".into(), account: 1 };
        assert_eq!(dialect(DialectKind::Gxv).read(&request, &reply(200, done)), Ok(Answer::Done));
    }
}

#[test]
fn captures_of_siblings_are_understood() {
    let wp826 = include_str!("../../../../tests/fixtures/cti/wp826/get_line_status.json");
    let grp = include_str!("../../../../tests/fixtures/cti/grp/get_line_status.json");
    let from_zero = DialectKind::Cti.of(DialectOptions { line_account_base: 0, ..options() });
    let lines = |dialect: &dyn Dialect, body| match dialect
        .read(&PhoneRequest::Read(StatusQuery::Lines), &reply(200, body))
    {
        Ok(Answer::Lines(lines)) => serde_json::to_string(&lines[..]).unwrap(),
        other => format!("{other:?}"),
    };
    insta::assert_snapshot!(lines(&*from_zero, wp826), @r#"[{"line":1,"state":"ringing","code":"ringing","account":1,"name":null,"number":"+15555550100","active":false},{"line":2,"state":"idle","code":"idle","account":null,"name":null,"number":null,"active":false}]"#);
    insta::assert_snapshot!(lines(&*dialect(DialectKind::Cti), grp), @r#"[{"line":1,"state":"in_call","code":"connected","account":1,"name":null,"number":null,"active":false}]"#);
}

#[test]
fn any_field_may_be_number_text_or_missing() {
    let cases = [
        (
            r#"{"line":1,"state":4,"acct":1,"name":"Ann","number":1001,"active":1}"#,
            r#"{"line":1,"state":"in_call","code":"4","account":1,"name":"Ann","number":"1001","active":true}"#,
        ),
        (
            r#"{"line":"2","state":"onhold","acct":"2","remotename":"Bob","remotenumber":"+49","active":"0"}"#,
            r#"{"line":2,"state":"on_hold","code":"onhold","account":2,"name":"Bob","number":"+49","active":false}"#,
        ),
        (
            "{}",
            r#"{"line":1,"state":"unknown","code":null,"account":null,"name":null,"number":null,"active":null}"#,
        ),
        (
            r#"{"line":1,"state":"parked","acct":"x","name":{},"number":[],"active":"maybe","new":1}"#,
            r#"{"line":1,"state":"unknown","code":"parked","account":null,"name":null,"number":null,"active":null}"#,
        ),
        (
            r#"{"line":1,"state":"-1"}"#,
            r#"{"line":1,"state":"unknown","code":"-1","account":null,"name":null,"number":null,"active":null}"#,
        ),
        (
            r#"{"line":1,"state":"0","acct":0,"name":"","number":""}"#,
            r#"{"line":1,"state":"idle","code":"0","account":null,"name":null,"number":null,"active":null}"#,
        ),
    ];
    for (said, expected) in cases {
        assert_eq!(line(said), expected, "{said}");
    }
}

#[test]
fn what_is_no_answer_says_why() {
    let cases = [
        (200, "", "is not understood: nothing"),
        (200, "<html><body>Login</body></html>", "is not understood: a web page"),
        (200, r#"{"response":"success","body":[{"line":1"#, "JSON that breaks off"),
        (200, "Response=Error", "is not understood: no JSON"),
        (200, "[]", "a list instead of a JSON object"),
        (200, r#"{"response":"success","body":"idle"}"#, "a text instead of a list of lines"),
        (
            200,
            r#"{"response":"success","body":[1,2]}"#,
            "a list of a number instead of a list of lines",
        ),
        (200, r#"{"response":"success"}"#, "nothing instead of a list of lines"),
        (200, r#"{"body":[]}"#, "JSON without a response"),
        (200, r#"{"response":"maybe","body":[]}"#, "the response \"maybe\""),
        (
            200,
            r#"{"response":"error","body":"Invalid Request"}"#,
            "refused: \"Invalid Request\" (click-to-dial is off",
        ),
        (200, r#"{"response":"error","body":{"status":"busy"}}"#, "refused: \"busy\""),
        (
            200,
            r#"{"res":"error","msg":"command not found"}"#,
            "does not have this function: \"command not found\"",
        ),
        (200, r#"{"response":"error","body":"locked","lockTime":5}"#, "has locked the login"),
        (302, "", "HTTP 302, a redirect to nowhere"),
        (403, "<html>", "does not permit this: HTTP 403"),
        (
            404,
            "<html>",
            "does not have this function: HTTP 404 at /cgi-bin/api-get_line_status: check dialect; if this firmware spells it otherwise, set endpoints.get_line_status",
        ),
        (411, "", "HTTP 411"),
        (500, "", "HTTP 500"),
    ];
    for (status, body, expected) in cases {
        let result = dialect(DialectKind::Gxv)
            .read(&PhoneRequest::Read(StatusQuery::Lines), &reply(status, body));
        let Err(ReadError::Phone(error)) = result else { panic!("{body}: {result:?}") };
        assert!(error.to_string().contains(expected), "{body}: {error}");
    }
}

#[test]
fn the_end_of_a_session_is_seen_in_all_its_forms() {
    let gxp1625 = include_str!("../../../../tests/fixtures/cti/gxp1625/session_expired.json");
    let replies = [
        reply(200, gxp1625),
        reply(401, "<html>"),
        reply(200, r#"{"response":"error","body":{"status":"session-expired"}}"#),
        reply(200, r#"{"response":"error","body":"unauthorized"}"#),
        reply(200, r#"{"res":"error","msg":"authentication required"}"#),
    ];
    for reply in replies {
        for query in StatusQuery::ALL {
            let result = dialect(DialectKind::Gxv).read(&PhoneRequest::Read(query), &reply);
            assert_eq!(result, Err(ReadError::SessionExpired), "{query:?} {reply:?}");
        }
        let result =
            dialect(DialectKind::Cti).read(&PhoneRequest::Read(StatusQuery::Status), &reply);
        assert_eq!(result, Err(ReadError::SessionExpired));
    }
}

#[test]
fn what_was_done_is_told_from_what_was_refused() {
    let request = PhoneRequest::Operate { operation: Operation::HangUp, line: 1 };
    let done = |body: &str| {
        let body = format!(r#"{{"response":"success","body":{body}}}"#);
        dialect(DialectKind::Gxv).read(&request, &reply(200, &body))
    };
    for body in [r#""true""#, "true", r#""""#, r#""complete""#, "null", r#""savereboot""#] {
        assert_eq!(done(body), Ok(Answer::Done), "{body}");
    }
    for body in [r#""false""#, "false", r#""failed""#, r#""unknown""#] {
        let result = done(body);
        assert!(
            matches!(result, Err(ReadError::Phone(PhoneError::Refused(_)))),
            "{body}: {result:?}"
        );
    }
}

#[test]
fn words_for_the_phone_are_folded() {
    for (word, expected) in [
        ("available", PhoneStatus::Available),
        ("Ringing", PhoneStatus::Ringing),
        ("oncall", PhoneStatus::Busy),
        ("unavailable", PhoneStatus::Unavailable),
        ("preview", PhoneStatus::Unknown),
    ] {
        let body = format!(r#"{{"response":"success","body":"{word}","misc":"0"}}"#);
        assert_eq!(read(StatusQuery::Status, &body), Ok(Answer::Status(expected)), "{word}");
    }
}

#[test]
fn a_login_is_the_hash_of_user_random_number_and_password() {
    let fields = secret(options(), reply(200, " 1234567890\r\n")).unwrap();
    // echo -n gmiadmin:1234567890:admin | md5sum
    assert_eq!(fields[1], ("Secret".into(), "a064cab065ab582583c0dc719b95486a".to_owned()));
    assert_eq!(fields[0], ("Username".into(), "gmiadmin".to_owned()));
    let mut sha = options();
    sha.credentials.digest = Digest::Sha256;
    let fields = secret(sha.clone(), reply(200, "1234567890")).unwrap();
    assert_eq!(fields[1].1.len(), 64);
    assert_eq!(fields[2], ("t".into(), "sha".to_owned()));
    for body in ["\"1234567890\"", "{\"response\":\"success\",\"body\":\"1234567890\"}"] {
        assert_eq!(secret(sha.clone(), reply(200, body)).unwrap(), fields, "{body}");
    }
    for (status, body) in [(200, ""), (200, "{}"), (200, "<html></html>"), (404, ""), (500, "x")] {
        assert!(secret(sha.clone(), reply(status, body)).is_err(), "{status} {body}");
    }
}

#[test]
fn only_a_clear_yes_is_a_login() {
    let cases = [
        (200, "Response=Success\r\nVer=1.0\r\n", "yes"),
        (200, r#"{"response":"success","body":{"sid":"1"}}"#, "yes"),
        (200, r#"{"res":"success"}"#, "yes"),
        (
            200,
            "Response=Error\r\nMessage=Invalid Username\r\n",
            "refused the login: \"Invalid Username\"",
        ),
        (200, "Response=Error\r\nMessage=Locked\r\nLockType=2\r\n", "locked until it is restarted"),
        (200, "Response=Error\r\nMessage=Locked\r\nTimes=5\r\n", "locked for 5 minutes"),
        (200, r#"{"response":"error","body":"locked","lockTime":5}"#, "has locked the login"),
        (200, r#"{"response":"error","body":"wrong3"}"#, "refused the login: \"wrong3\""),
        (200, r#"{"response":"success","body":"unauthorized"}"#, "refused the login"),
        (200, "<html></html>", "neither yes nor no"),
        (200, "", "neither yes nor no"),
        (
            200,
            r#"{"response":"success","body":"636f3b250d58d4d0"}"#,
            "yes, session 636f3b250d58d4d0",
        ),
        (
            200,
            r#"{"response":"success","body":{"sid":"636f3b250d58d4d0"}}"#,
            "yes, session 636f3b250d58d4d0",
        ),
        (200, r#"{"body":{"sid":"636f3b250d58d4d0"}}"#, "perhaps, session 636f3b250d58d4d0"),
        (
            200,
            r#"{"response":"error","body":"user is not allow"}"#,
            "web access is off for this user",
        ),
        (200, r#"{"response":"error","body":"636f3b250d58d4d0"}"#, "refused the login"),
        (401, "", "refused the login: HTTP 401"),
        (
            404,
            "",
            "HTTP 404 at /cgi-bin/login: check dialect; if this firmware spells it otherwise, set endpoints.login",
        ),
        (500, "", "HTTP 500"),
    ];
    for (status, body, expected) in cases {
        let said = match verdict(reply(status, body), false) {
            Ok((is_clear, sid)) => {
                let answer = if is_clear { "yes" } else { "perhaps" };
                sid.map_or(answer.to_owned(), |sid| format!("{answer}, session {sid}"))
            }
            Err(error) => error.to_string(),
        };
        assert!(said.contains(expected), "{body}: {said}");
    }
}

#[test]
fn a_cookie_and_nothing_else_may_be_a_login() {
    let login = |body, cookie| verdict(reply(200, body), cookie);
    assert_eq!(login("", true), Ok((false, None)));
    assert!(login("", false).is_err() && login("<html></html>", true).is_err());
    assert!(login("Response=Error\r\nMessage=no\r\n", true).is_err());
}

#[test]
fn a_name_that_breaks_the_rules_of_json_does_not_cost_the_line() {
    let said: [(&[u8], &str); 2] =
        [(b"J\xfcrgen", "Jürgen"), (br#"O'Neil "Bob""#, r#"O'Neil "Bob""#)];
    for (written, name) in said {
        let mut body = br#"{"response":"success","body":[{"line":"1","state":"ringing","acct":"1","remotename":""#.to_vec();
        body.extend_from_slice(written);
        body.extend_from_slice(br#"","remotenumber":"1001","active":"1"}]}"#);
        let reply = Reply { status: 200, redirect: None, has_cookie: false, body };
        let Ok(Answer::Lines(lines)) =
            dialect(DialectKind::Gxv).read(&PhoneRequest::Read(StatusQuery::Lines), &reply)
        else {
            panic!("no lines")
        };
        assert_eq!(lines[0].state, crate::domain::telephony::LineState::Ringing);
        assert_eq!(
            (lines[0].name.as_deref(), lines[0].number.as_deref()),
            (Some(name), Some("1001"))
        );
    }
}

#[test]
fn so_many_lines_contacts_and_values_are_enough() {
    let list = |entry: &str, count| {
        let entries = vec![entry; count].join(",");
        format!(r#"{{"response":"success","body":[{entries}]}}"#)
    };
    let many = list(r#"{"line":"x"}"#, 20_000);
    let Ok(Answer::Lines(lines)) = read(StatusQuery::Lines, &many) else { panic!("no lines") };
    assert_eq!(lines.len(), 64);
    let too_much =
        Err(ReadError::Phone(PhoneError::BadAnswer("more values than any phone has".to_owned())));
    assert_eq!(read(StatusQuery::Lines, &list(r#"{"line":"x"}"#, 200_000)), too_much);
    let asked = |request: &PhoneRequest, body: String| {
        let reply = Reply { status: 200, redirect: None, has_cookie: false, body: body.into() };
        dialect(DialectKind::Gxv).read(request, &reply)
    };
    let contacts = PhoneRequest::GetContacts(Filter::default());
    assert_eq!(asked(&contacts, list("{}", 5_000_000)), too_much);
    let Ok(Answer::Contacts(some)) = asked(&contacts, list("{}", 20_000)) else { panic!("none") };
    assert_eq!(some.len(), 5000);
    let Ok(Answer::Groups(some)) =
        asked(&PhoneRequest::GetGroups, list(r#"{"groupID":"1"}"#, 20_000))
    else {
        panic!("none")
    };
    assert_eq!(some.len(), 1000);
}

#[test]
fn a_text_that_is_too_long_to_be_meant_is_not_known() {
    let long = "x".repeat(257);
    let body = format!(
        r#"{{"response":"success","body":[{{"line":1,"state":"2","remotename":"{long}","remotenumber":"{}"}}]}}"#,
        "1".repeat(256)
    );
    let Ok(Answer::Lines(lines)) = read(StatusQuery::Lines, &body) else { panic!("no lines") };
    assert_eq!((lines[0].name.as_ref(), lines[0].number.as_ref().unwrap().len()), (None, 256));
    assert_eq!(lines[0].state, crate::domain::telephony::LineState::Ringing);
    let body = format!(
        r#"{{"response":"success","body":{{"1":"{}","2":"{}"}}}}"#,
        "x".repeat(4097),
        "x".repeat(4096)
    );
    let names = ["1", "2"].map(str::to_owned).to_vec();
    let reply = Reply { status: 200, redirect: None, has_cookie: false, body: body.into() };
    let Ok(Answer::Values(values)) =
        dialect(DialectKind::Gxv).read(&PhoneRequest::GetValues(names), &reply)
    else {
        panic!("no values")
    };
    assert_eq!(values.values().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
    // what it says instead of an answer is repeated, but not all of it
    let refused = read(StatusQuery::Status, &format!(r#"{{"response":"{long}{long}"}}"#));
    assert!(matches!(refused, Err(ReadError::Phone(error)) if error.to_string().len() < 250));
}

#[test]
fn every_dialect_has_its_row() {
    for kind in [DialectKind::Gxv, DialectKind::Cti] {
        assert!(DialectKind::TABLE.iter().any(|row| row.kind == kind), "{kind:?}");
        assert!(!kind.name().is_empty());
    }
}

#[test]
fn a_session_id_goes_along_as_a_cookie_and_as_a_field() {
    let session = Session::Sid(Secret::from("636f3b25"));
    let sent = |request| dialect(DialectKind::Gxv).request(&request, &session, Learned::default());
    let sid: Fields = vec![("sid".into(), "636f3b25".to_owned())];
    let lines = sent(PhoneRequest::Read(StatusQuery::Lines));
    assert_eq!((lines.cookies, lines.form, lines.query), (sid.clone(), sid.clone(), Vec::new()));
    let status = sent(PhoneRequest::Read(StatusQuery::Status));
    assert_eq!((status.cookies, status.form, status.query), (sid.clone(), Vec::new(), sid));
}
