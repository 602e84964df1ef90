//! The dialect of the vendor guide.

use serde_json::json;

use super::{super::*, Bench};

#[tokio::test]
async fn a_client_logs_in_and_stays_so_by_its_cookie() {
    let mut bench = Bench::new(Profile::default()).await;
    let unauthorized = json!({ "response": "success", "body": "unauthorized" });
    assert_eq!(bench.get("api-get_phone_status").await.json(), unauthorized);
    let seen = bench.login("gmiadmin", "admin").await;
    assert_eq!(seen.body, "Response=Success\r\nVer=1.0.3.62\r\nNeedChange=1\r\n");
    bench.cookie = seen.cookie();
    let seen = bench.get("api-get_phone_status").await;
    let available = json!({ "response": "success", "body": "available", "misc": "1" });
    assert_eq!(seen.json(), available);
    assert!(seen.head.contains("content-type: text/plain"));
    bench.phone.expire_sessions();
    assert_eq!(bench.get("api-get_line_status").await.json(), unauthorized);
    let username = "gmiadmin".to_owned();
    assert_eq!(
        bench.phone.happenings(),
        [Happening::TurnedAway, Happening::LoggedIn { username }, Happening::TurnedAway]
    );
}

#[tokio::test]
async fn five_bad_logins_lock_the_door_in_text_or_json() {
    let cases = [
        (
            LoginAnswer::Text,
            "Response=Error\r\nMessage=Authentication failed\r\nLockType=0\r\nTimes=1\r\n",
            "Response=Error\r\nMessage=Locked\r\nLockType=1\r\nTimes=5\r\n",
        ),
        (
            LoginAnswer::Json,
            r#"{"body":"wrong4","response":"error"}"#,
            r#"{"body":"locked","lockTime":5,"response":"error"}"#,
        ),
    ];
    for (login_answer, first, locked) in cases {
        let bench = Bench::new(Profile { login_answer, ..Profile::default() }).await;
        assert_eq!(bench.login("gmiadmin", "wrong").await.body, first);
        for _ in 0..3 {
            bench.login("gmiadmin", "wrong").await;
        }
        bench.login("root", "admin").await;
        assert_eq!(bench.login("gmiadmin", "admin").await.body, locked);
        let happenings = bench.phone.happenings();
        let bad = |one: &&Happening| matches!(one, Happening::BadLogin { .. });
        assert_eq!(happenings.iter().filter(bad).count(), 5);
        assert_eq!(happenings.last(), Some(&Happening::LoginWhileLocked));
    }
}

#[tokio::test]
async fn a_client_without_a_session_is_told_so_in_the_firmwares_way() {
    let cases = [
        (Unauthorized::InSuccess, 200, r#"{"body":"unauthorized","response":"success"}"#),
        (Unauthorized::Status401, 401, "<html>"),
        (
            Unauthorized::SessionExpired,
            200,
            r#"{"body":{"status":"session-expired"},"response":"error"}"#,
        ),
    ];
    for (unauthorized, status, body) in cases {
        let bench = Bench::logged_in(Profile { unauthorized, ..Profile::default() }).await;
        bench.phone.expire_sessions();
        for function in Function::ALL {
            if !function.opens_session() {
                let seen = bench.get(function.path()).await;
                assert_eq!(seen.status, status, "{function:?}");
                assert!(seen.body.starts_with(body), "{function:?}: {}", seen.body);
            }
        }
    }
}

#[tokio::test]
async fn values_are_told_in_part_to_everybody() {
    let mut bench = Bench::new(Profile::default()).await;
    let path = "api.values.get?request=phone_model:68:9999";
    let limited = json!({ "phone_model": "GXV3370", "68": "", "9999": "" });
    assert_eq!(bench.get(path).await.json()["body"], limited);
    bench.cookie = bench.login("gmiadmin", "admin").await.cookie();
    let all = json!({ "phone_model": "GXV3370", "68": "1.0.3.62", "9999": "" });
    assert_eq!(bench.get(path).await.json()["body"], all);
    let long = format!("api.values.get?request={}", "12345678:".repeat(8));
    bench.get(&long).await;
    let expected = Happening::OverlongValuesRequest { length: 72 };
    assert_eq!(bench.phone.happenings().last(), Some(&expected));
}

#[tokio::test]
async fn the_state_of_accounts_lines_and_clock_is_told() {
    let bench = Bench::logged_in(Profile::default()).await;
    let home = json!({ "id": 1, "sip_server": "pbx.example.com", "sip_id": "1001", "name": "Home", "reg": 1 });
    let all = bench.post("api-get_accounts", "").await.json();
    assert_eq!((&all["body"][0], &all["body"][1]["reg"]), (&home, &json!(0)));
    let registered = bench.get("api-get_accounts?registered=true").await.json();
    assert_eq!(registered["body"], json!([home]));

    bench.phone.ring(Caller::new("Ada", "+15550100"));
    let first = json!({ "line": 1, "state": "2", "acct": "1", "name": "Ada", "number": "+15550100", "active": 0 });
    let second =
        json!({ "line": 2, "state": "0", "acct": "", "name": "", "number": "", "active": 0 });
    let all = bench.get("api-get_line_status?line=-1").await.json();
    assert_eq!((&all["body"][0], &all["body"][1]), (&first, &second));
    let one = bench.post("api-get_line_status", "line=2").await.json();
    assert_eq!(one["body"], json!([second]));
    assert_eq!(bench.get("api-get_phone_status").await.json()["body"], "ringing");

    let time = bench.get("api-get_time").await.json();
    assert_eq!(time["date"].as_str().map(str::len), Some("Tue 08/30/2016".len()));
    assert_eq!(time["time"].as_str().map(str::len), Some(" 11:30AM".len()));
    assert!(time["uptime"].as_str().is_some_and(|up| up.starts_with(" 0 days, 0 hours")));
}

#[tokio::test]
async fn calls_are_made_and_handled() {
    let bench = Bench::logged_in(Profile::default()).await;
    let done = json!({ "response": "success", "body": "true" });
    let refused = json!({ "response": "error", "body": "false" });
    let seen = bench.get("api-make_call?phonenumber=%2B1002&account=0").await;
    assert_eq!(seen.json(), json!({ "response": "success", "body": "" }));
    let dialled = Happening::Dialled { number: "+1002".into(), account: 1, line: 1 };
    assert_eq!(bench.phone.happenings().last(), Some(&dialled));
    bench.phone.far_end_answers(1);
    bench.phone.ring(Caller::new("", "1003"));
    let cases = [
        ("cmd=acceptcall&arg=2", &done, "54"),
        ("cmd=holdcall&line=2", &done, "55"),
        ("cmd=holdcall&arg=1&line=1", &done, "45"),
        ("cmd=unhold&arg=2", &done, "54"),
        ("cmd=rejectcall&arg=1", &refused, "54"),
        ("cmd=endcall", &refused, "54"),
        ("cmd=endcall&arg=x", &refused, "54"),
        ("cmd=dance&arg=1", &refused, "54"),
        ("cmd=endcall&arg=1", &done, "04"),
        ("cmd=endcall&arg=2", &done, "00"),
    ];
    for (query, answer, states) in cases {
        let seen = bench.get(&format!("api-phone_operation?{query}")).await;
        assert_eq!(&seen.json(), answer, "{query}");
        let lines = bench.phone.lines();
        let now: String = lines[..2].iter().map(|line| line.state.code()).collect();
        assert_eq!(now, states, "{query}");
    }
}

#[tokio::test]
async fn calls_that_cannot_be_made_are_refused() {
    let bench = Bench::logged_in(Profile::default()).await;
    let refused = json!({ "response": "error", "body": "Invalid Request" });
    for query in [
        "account=0",
        "phonenumber=1&account=1",
        "phonenumber=1&account=x",
        "phonenumber=1&account=9",
    ] {
        assert_eq!(bench.get(&format!("api-make_call?{query}")).await.json(), refused, "{query}");
    }
    bench.post("api.values.post", "P1561=0&x=y").await;
    assert_eq!(bench.get("api-make_call?phonenumber=1").await.json(), refused);
    assert_eq!(bench.get("api-get_phone_status").await.json()["misc"], "0");
}

#[tokio::test]
async fn passwords_change_with_the_old_one_only() {
    let bench = Bench::logged_in(Profile::default()).await;
    let path = "api-change_password";
    let wrong = bench.post(path, "oldadmin=nope&P2=secret").await;
    assert_eq!(wrong.json()["response"], "error");
    let right = bench.post(path, "oldadmin=admin&P2=secret&olduser=123&P196=456").await;
    assert_eq!(right.json()["body"], json!({ "status": "right" }));
    assert!(bench.login("gmiadmin", "secret").await.body.contains("NeedChange=0"));
}

#[tokio::test]
async fn the_phonebook_is_kept() {
    let bench = Bench::logged_in(Profile::default()).await;
    let form = "firstname=Ada&lastname=Byron&newphone1=8819&group=100&email=a@example.com";
    assert_eq!(bench.post("api-save_contact", form).await.json()["body"], "");
    bench.post("api-save_contact", "firstname=Bob").await;
    let ada = json!({ "contactID": "0", "contactName": "Ada Byron", "groupID": "100", "work": "8819",
        "home": "", "mobile": "", "fax": "", "email": "a@example.com" });
    for filter in ["contactid=0", "contactname=Byron", "groupid=100"] {
        let list = bench.post("api-get_contacts", filter).await.json();
        assert_eq!(list, json!({ "res": "success", "msg": [ada] }), "{filter}");
    }
    assert!(bench.get("phonebook_download").await.body.contains("<LastName>Byron<"));
    bench.post("api-delete_contact", "id=0").await;
    bench.post("api-delete_all_contact", "").await;
    assert_eq!(bench.get("api-get_contacts").await.json()["msg"], json!([]));
    bench.post("api-add_group", "name=family").await;
    bench.post("api-edit_delete_group", "id=100&name=blocked").await;
    bench.post("api-edit_delete_group", "id=202&name=").await;
    let groups = json!([{ "groupID": "0", "groupName": "default" }, { "groupID": "100", "groupName": "blocked" }]);
    assert_eq!(bench.get("api-get_groups").await.json()["msg"], groups);
    assert_eq!(bench.post("api-delete_contact", "id=7").await.json()["response"], "error");
}

#[tokio::test]
async fn system_operations_are_noted() {
    let bench = Bench::logged_in(Profile::default()).await;
    for (request, body) in [("PROV", "provision"), ("RESET", "reset"), ("DANCE", "unknown")] {
        let seen = bench.get(&format!("api-sys_operation?request={request}")).await;
        assert_eq!(seen.json()["body"], body);
    }
    let expected = [Happening::ProvisionAsked, Happening::FactoryResetAsked];
    assert_eq!(bench.phone.happenings()[1..], expected);
}

#[tokio::test]
async fn what_is_not_there_is_a_web_page() {
    let bench = Bench::logged_in(Profile::default()).await;
    let seen = bench.get("api-dance").await;
    assert!(seen.status == 404 && seen.body.starts_with("<html>"));
}
