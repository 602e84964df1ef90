//! Stories of the values that the settings name: read in time, written within their limits, and shown as they are.

use super::*;
use crate::domain::values::named::{NamedValue, ValueKind};

fn setting(key: &str, value: &str, kind: ValueKind) -> NamedValue {
    let key = key.parse().unwrap();
    NamedValue { key, name: "Name".into(), value: value.into(), kind, icon: None }
}

fn brightness() -> NamedValue {
    let kind = ValueKind::Number { min: 10, max: 100, step: 10, unit: None };
    setting("brightness", "334", kind)
}

fn firmware() -> NamedValue {
    setting("firmware", "68", ValueKind::Sensor { unit: None })
}

impl Story {
    /// A phone with these values, and what it says of them.
    fn with(settings: Vec<NamedValue>, values: &[(&str, &str)]) -> Self {
        let mut story = Self::new();
        story.configured(settings);
        let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        story.values = values.iter().map(pair).collect();
        story
    }

    /// The twin begins with these values.
    fn configured(&mut self, values: Vec<NamedValue>) {
        let settings = TwinOptions { values: values.into(), ..self.twin.options.clone() };
        self.twin = Twin::new(settings, self.now, 1);
    }

    fn says(&mut self, name: &str, text: &str) {
        self.values.insert(name.to_owned(), text.to_owned());
    }

    /// Returns what was written of values since the last call.
    fn told_of_values(&mut self) -> String {
        let told = self.told();
        let wanted = ["values/", "Values", "result", "availability"];
        let lines = told.lines().filter(|line| wanted.iter().any(|word| line.contains(word)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn values_are_read_at_their_own_pace() {
    let mut story = Story::with(vec![brightness(), firmware()], &[("334", "60"), ("68", "1.0")]);
    story.passes(10 * SECOND);
    insta::assert_snapshot!(story.told_of_values(), @r#"
      1.3 availability = offline
      1.3 availability = online
      1.3 ? GetValues(["334", "68"])
      1.3 values/brightness = {"value":60,"raw":"60"}
      1.3 values/firmware = {"value":"1.0","raw":"1.0"}
    "#);
    story.says("334", "20");
    // calls do not make them come sooner
    story.lines[0] = LineState::Ringing;
    story.passes(280 * SECOND);
    assert_eq!(story.told_of_values(), "");
    story.passes(20 * SECOND);
    insta::assert_snapshot!(story.told_of_values(), @r#"
    301.3 ? GetValues(["334", "68"])
    301.3 values/brightness = {"value":20,"raw":"20"}
    "#);
}

#[test]
fn many_values_leave_time_for_the_lines() {
    let settings: Vec<_> =
        (1000..1100).map(|n| setting(&format!("v{n}"), &n.to_string(), ValueKind::Text)).collect();
    let mut story = Story::with(settings, &[]);
    story.stuck = true;
    story.passes(10 * SECOND);
    let mut asked = Vec::new();
    // each answer takes as long as the lines' pace
    while asked.len() < 40 {
        let Some(request) = story.asks().pop() else {
            story.passes(SECOND);
            continue;
        };
        asked.push(request.clone());
        story.now += 2 * SECOND;
        let answer = story.answer(&request);
        story.happens(Input::Answered(answer));
    }
    let lists: Vec<_> = asked
        .iter()
        .enumerate()
        .filter_map(|(place, request)| {
            matches!(request, PhoneRequest::GetValues(_)).then_some(place)
        })
        .collect();
    assert!(lists.len() >= 9, "{asked:?}");
    for pair in lists.windows(2) {
        assert!(
            asked[pair[0]..pair[1]].contains(&PhoneRequest::Read(StatusQuery::Lines)),
            "{asked:?}"
        );
    }
}

#[test]
fn what_makes_no_sense_is_unknown_and_told_once() {
    let mut story = Story::with(vec![brightness(), firmware()], &[("334", "7")]);
    story.passes(700 * SECOND);
    insta::assert_snapshot!(story.told_of_values(), @r#"
      1.3 availability = offline
      1.3 availability = online
      1.3 ? GetValues(["334", "68"])
      1.3 # Values(Odd { key: ValueKey("brightness"), value: "334", raw: Some("7") })
      1.3 # Values(Odd { key: ValueKey("firmware"), value: "68", raw: None })
      1.3 values/brightness = {"value":null,"raw":"7"}
      1.3 values/firmware = {"value":null,"raw":null}
    301.3 ? GetValues(["334", "68"])
    601.3 ? GetValues(["334", "68"])
    "#);
}

#[test]
fn what_never_fits_is_told_once_however_it_changes() {
    let temperature = ValueKind::Sensor { unit: Some("°C".into()) };
    let mut story = Story::with(vec![setting("temperature", "901", temperature)], &[]);
    let mut told = 0;
    for (text, expected) in [("21 C", 1), ("22 C", 1), ("23 C", 1), ("24", 1), ("25 C", 2)] {
        story.says("901", text);
        story.passes(300 * SECOND);
        told += story.told().matches("Odd").count();
        assert_eq!(told, expected, "{text}");
    }
}

#[test]
fn what_the_settings_name_may_be_set_and_nothing_else() {
    let mut story = Story::with(vec![brightness(), firmware()], &[("334", "60"), ("68", "1.0")]);
    story.passes(10 * SECOND);
    story.told();
    story.asks();
    for (payload, error) in [
        (r#"{"P334":"55"}"#, "P334 (Name) must be a whole number from 10 to 100 in steps of 10"),
        (r#"{"P68":"1.1"}"#, "nor do its values name P68"),
        (r#"{"P334":"50","P1561":"1"}"#, "nor do its values name P1561"),
    ] {
        story.commanded("set_values", payload);
        let told = story.told();
        assert!(told.contains(r#""ok":false"#) && told.contains(error), "{told}");
        assert!(story.asks().is_empty(), "{payload}");
    }
    // the phone takes it
    story.says("334", "50");
    story.commanded("set_values", r#"{"P334":50}"#);
    let asked = [
        PhoneRequest::SetValues(vec![("334".into(), "50".into())]),
        PhoneRequest::GetValues(vec!["334".into()]),
    ];
    assert_eq!(story.asks(), asked);
    let told = story.told();
    assert!(told.contains(r#""ok":true"#), "{told}");
    assert!(told.contains(r#"values/brightness = {"value":50,"raw":"50"}"#), "{told}");
    // it says yes, and does not
    story.commanded("set_values", r#"{"P334":"70"}"#);
    let told = story.told();
    assert!(told.contains("\"code\":\"refused\"") && !told.contains("values/"), "{told}");
    // even who may set anything keeps within the limits
    story.twin.options.policy.allow = [Guarded::SetValues].into();
    story.commanded("set_values", r#"{"P334":"101"}"#);
    assert!(story.told().contains("\"code\":\"bad_payload\""));
}

#[test]
fn nothing_is_written_before_what_was_written_is_read_back() {
    let mut story = Story::with(vec![brightness()], &[("334", "60")]);
    story.passes(10 * SECOND);
    story.told();
    story.asks();
    story.stuck = true;
    story.commanded("set_values", r#"{"P334":"40"}"#);
    story.commanded("set_values", r#"{"P334":"50"}"#);
    let mut asked = Vec::new();
    for _ in 0..20 {
        let Some(request) = story.asks().pop() else { break };
        // it takes so long that the lines are due in between
        story.now += 3 * SECOND / 2;
        if let PhoneRequest::SetValues(wanted) = &request {
            story.says("334", &wanted[0].1);
        }
        let answer = story.answer(&request);
        asked.push(request);
        story.happens(Input::Answered(answer));
    }
    let set = |text: &str| PhoneRequest::SetValues(vec![("334".into(), text.into())]);
    let get = || PhoneRequest::GetValues(vec!["334".into()]);
    let of_values =
        asked.iter().filter(|request| !matches!(request, PhoneRequest::Read(_))).cloned();
    assert_eq!(of_values.collect::<Vec<_>>(), [set("40"), get(), set("50"), get()]);
    assert_eq!(
        asked[1],
        PhoneRequest::Read(StatusQuery::Lines),
        "the lines are looked at all the same"
    );
    let told = story.told();
    assert_eq!(told.matches(r#""ok":true"#).count(), 2, "{told}");
}

#[test]
fn what_may_have_been_written_is_read_again() {
    let mut story = Story::with(vec![brightness()], &[("334", "60")]);
    story.passes(10 * SECOND);
    story.stuck = true;
    story.commanded("set_values", r#"{"P334":"50"}"#);
    story.says("334", "50");
    story.stuck = false;
    story.told();
    story.happens(Input::Answered(Err(PhoneError::Timeout)));
    let told = story.told();
    assert!(told.contains("\"code\":\"timeout\""), "{told}");
    assert!(told.contains(r#"values/brightness = {"value":50"#), "{told}");
}

#[test]
fn what_users_read_is_shown_too() {
    let mut story = Story::with(vec![brightness()], &[("334", "60"), ("8352", "5")]);
    story.passes(10 * SECOND);
    for command in [("get_values", "P334:8352"), ("refresh", "")] {
        let text = if command.1.is_empty() { "30" } else { "40" };
        story.told();
        story.says("334", text);
        story.commanded(command.0, command.1);
        let told = story.told_of_values();
        assert!(told.contains(&format!(r#"values/brightness = {{"value":{text}"#)), "{told}");
    }
}

#[test]
fn a_phone_without_the_function_is_asked_each_hour() {
    let mut story = Story::with(vec![brightness()], &[("334", "60")]);
    story.passes(10 * SECOND);
    story.asks();
    story.stuck = true;
    story.passes(300 * SECOND);
    let lists = |asks: &[PhoneRequest]| {
        asks.iter().filter(|request| matches!(request, PhoneRequest::GetValues(_))).count()
    };
    loop {
        let request = story.asks().pop().unwrap();
        let list = matches!(request, PhoneRequest::GetValues(_));
        let lacking = Err(PhoneError::Unsupported("HTTP 404".into()));
        let answer = if list { lacking } else { story.answer(&request) };
        if list {
            story.stuck = false;
            story.told();
        }
        story.happens(Input::Answered(answer));
        if list {
            break;
        }
        story.passes(SECOND);
    }
    insta::assert_snapshot!(story.told_of_values().lines().map(|line| &line[6..]).collect::<Vec<_>>().join("\n"), @r#"
    # Values(Failing(Unsupported("HTTP 404")))
    values/brightness = {"value":null,"raw":null}
    "#);
    story.asks();
    story.passes(3500 * SECOND);
    assert_eq!(lists(&story.asks()), 0);
    story.passes(200 * SECOND);
    assert_eq!(lists(&story.asks()), 1);
    assert!(story.told().contains("# Values(Work)"));
}

#[test]
fn one_list_that_the_phone_denies_takes_no_other_values_down() {
    for denied in
        [PhoneError::Unsupported("HTTP 404".into()), PhoneError::Forbidden("HTTP 403".into())]
    {
        for place in 0..3 {
            let names: Vec<_> = (0..3).map(|n| format!("{n}{}", "x".repeat(50))).collect();
            let text = |n: usize| setting(&format!("v{n}"), &names[n], ValueKind::Text);
            let says: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
            let mut story = Story::with((0..3).map(text).collect(), &says);
            story.denied.insert(names[place].clone(), denied.clone());
            story.passes(7000 * SECOND);
            let told = story.told();
            for (n, name) in names.iter().enumerate() {
                let nothing = format!(r#"values/v{n} = {{"value":null"#);
                assert_eq!(told.contains(&nothing), n == place, "{place}: {told}");
                let topic = format!("values/v{n} = ");
                assert_eq!(told.matches(&topic).count(), 1, "{place}: {told}");
                let list = PhoneRequest::GetValues(vec![name.clone()]);
                let asked = story.asked.iter().filter(|request| **request == list).count();
                assert_eq!(asked, if n == place { 2 } else { 24 }, "{place}: {n}");
            }
            assert_eq!(told.matches("Failing").count(), 1, "{told}");
            story.denied.clear();
            story.passes(3600 * SECOND);
            let told = story.told_of_values();
            assert!(told.contains(&format!(r#"values/v{place} = {{"value":"1""#)), "{told}");
            assert!(told.contains("# Values(Work)"), "{told}");
        }
    }
}

#[test]
fn a_value_that_users_ask_for_in_vain_takes_no_other_values_down() {
    let mut story = Story::with(vec![brightness()], &[("334", "60")]);
    story.denied.insert("999".into(), PhoneError::Unsupported("HTTP 404".into()));
    story.passes(10 * SECOND);
    story.commanded("get_values", "999");
    story.told();
    story.passes(400 * SECOND);
    story.commanded("get_values", "334");
    let told = story.told();
    assert!(told.contains(r#""334":"60""#) && !told.contains("values/"), "{told}");
}

#[test]
fn a_phone_that_comes_back_is_read_anew() {
    let mut story = Story::with(vec![brightness()], &[("334", "60")]);
    story.passes(10 * SECOND);
    story.asks();
    story.error = Some(PhoneError::Timeout);
    story.passes(400 * SECOND);
    assert!(story.told_of_values().ends_with("availability = offline"), "its values stay");
    let list = PhoneRequest::GetValues(vec!["334".into()]);
    assert!(!story.asks().contains(&list), "who does not answer is asked for nothing but lines");
    story.error = None;
    story.says("334", "20");
    story.passes(31 * SECOND);
    let told = story.told_of_values();
    assert!(told.contains("availability = online") && told.contains(r#"{"value":20"#), "{told}");
}

#[test]
fn what_was_known_before_a_restart_stays_until_it_is_read() {
    let mut story = Story::with(vec![brightness()], &[("334", "60")]);
    let value = |key: &str| PhoneTopic::Value(key.parse().unwrap());
    let remembered = |key, text: &str| Input::Retained(value(key), text.to_owned());
    story.happens(remembered("brightness", r#"{"value":60,"raw":"60"}"#));
    story.happens(remembered("volume", r#"{"value":5,"raw":"5"}"#));
    story.happens(Input::RetainedComplete);
    story.passes(10 * SECOND);
    let told = story.told_of_values();
    assert!(!told.contains("values/brightness"), "it is as it was: {told}");
    let (_, taken_back) = told.split_once("values/volume = ").unwrap();
    assert!(taken_back.starts_with('\n'), "the settings do not name it any more: {told}");
    story.happens(Input::RepublishAll);
    assert!(story.told_of_values().contains(r#"values/brightness = {"value":60"#));
}

#[test]
fn who_refuses_our_login_is_asked_for_no_values_either() {
    let mut story = Story::with(vec![brightness()], &[("334", "60")]);
    story.passes(10 * SECOND);
    story.stuck = true;
    story.commanded("set_values", r#"{"P334":"50"}"#);
    story.asks();
    story.stuck = false;
    story.happens(Input::Answered(Err(PhoneError::Unauthorized("wrong password".into()))));
    story.passes(599 * SECOND);
    assert!(story.asks().is_empty(), "each try could lock it");
    story.passes(2 * SECOND);
    assert!(story.asks().contains(&PhoneRequest::GetValues(vec!["334".into()])));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_happens_the_values_are_right_in_the_end(
        events in prop::collection::vec((events(), 0u32..4), 1..20)
    ) {
        let mut story = Story::new();
        story.twin.options.pace = Pace { idle: 60 * SECOND, active: 60 * SECOND };
        story.configured(vec![brightness(), firmware()]);
        for ((seconds, command, error), text) in events {
            story.error = error;
            story.says("334", &(text * 30).to_string());
            story.passes(seconds * SECOND);
            if let Some((name, payload)) = command {
                story.commanded(&name, &payload);
            }
        }
        story.error = None;
        story.says("68", "1.0");
        // the longest wait is that after refused logins
        story.passes(7 * 3600 * SECOND);
        story.asks();
        story.passes(3600 * SECOND);
        let lists = story.asks().iter().filter(|request| matches!(request, PhoneRequest::GetValues(_))).count();
        prop_assert_eq!(lists, 12, "all is as it was, and so is the pace");
        let shown = |key: &str| story.twin.picture.snapshot.values[&key.parse().unwrap()].raw.clone();
        prop_assert_eq!(shown("brightness"), story.values.get("334").cloned());
        prop_assert_eq!(shown("firmware"), Some("1.0".to_owned()));
    }
}
