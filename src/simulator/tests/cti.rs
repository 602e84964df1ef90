//! The dialect of the CTI guide.

use serde_json::json;

use super::{super::*, Bench};

async fn bench(passcode: &'static str) -> Bench {
    let mut bench = Bench::new(Profile::cti()).await;
    bench.passcode = Some(passcode);
    bench
}

#[tokio::test]
async fn lines_have_words_and_other_names() {
    let bench = bench("admin").await;
    bench.phone.ring(Caller::new("", "+15555550100"));
    let captured = json!({ "line": 1, "conf": 0, "state": "ringing", "acct": 1, "active": 0,
        "remotename": "", "remotenumber": "+15555550100" });
    let idle = json!({ "line": 2, "conf": 0, "state": "idle", "acct": 0, "active": 0, "remotename": "", "remotenumber": "" });
    let seen = bench.post("api-get_line_status", "line=-1").await.json();
    assert_eq!((&seen["body"][0], &seen["body"][1]), (&captured, &idle));
    bench.phone.answer(1);
    let seen = bench.get("api-get_line_status?line=1").await.json();
    assert_eq!(
        (&seen["body"][0]["state"], &seen["body"][0]["active"]),
        (&json!("connected"), &json!(0))
    );
}

#[tokio::test]
async fn operations_without_a_line_mean_the_current_call() {
    let bench = bench("admin").await;
    let yes = json!({ "response": "success", "body": true });
    let no = json!({ "response": "error", "body": false });
    let seen = bench.get("api-make_call?phonenumber=1002&account=0").await;
    assert_eq!(seen.json(), yes);
    bench.phone.far_end_answers(1);
    bench.phone.ring(Caller::new("", "1003"));
    let cases = [
        ("acceptcall", &yes, "onhold connected"),
        ("holdcall", &yes, "onhold onhold"),
        ("unhold", &yes, "connected onhold"),
        ("rejectcall", &no, "connected onhold"),
        ("extend", &yes, "connected onhold"),
        ("cancel", &yes, "idle onhold"),
        ("endcall", &yes, "idle idle"),
    ];
    for (operation, answer, states) in cases {
        let seen = bench.get(&format!("api-phone_operation?cmd={operation}")).await;
        assert_eq!(&seen.json(), answer, "{operation}");
        let lines = bench.phone.lines();
        assert_eq!(
            format!("{} {}", lines[0].state.word(), lines[1].state.word()),
            states,
            "{operation}"
        );
    }
}

#[tokio::test]
async fn every_function_answers_to_the_passcode_and_to_nothing_else() {
    let mut bench = bench("admin").await;
    for function in Function::ALL {
        let here = if function.opens_session() { 404 } else { 200 };
        if function != Function::SystemOperation {
            assert_eq!(bench.get(function.path()).await.status, here, "{function:?}");
            assert_eq!(bench.post(function.path(), "").await.status, here, "{function:?}");
        }
    }
    bench.passcode = None;
    assert_eq!(bench.get("api-get_accounts").await.status, 401);
    assert_eq!(bench.get("api-get_accounts?password=admin").await.status, 200);
    let model = bench.get("api.values.get?request=phone_model").await;
    assert_eq!(model.json()["body"]["phone_model"], "GRP2614");
}

#[tokio::test]
async fn wrong_passcodes_lock_the_door() {
    let mut bench = bench("wrong").await;
    for _ in 0..5 {
        assert_eq!(bench.get("api-get_phone_status").await.status, 401);
    }
    bench.passcode = Some("admin");
    assert_eq!(bench.get("api-get_phone_status").await.status, 401);
    assert_eq!(bench.phone.happenings().len(), 6);
}
