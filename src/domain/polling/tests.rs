//! How a phone is polled, in simulated time; and what holds of every job.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const LINES: PhoneRequest = PhoneRequest::Read(StatusQuery::Lines);

#[expect(clippy::disallowed_methods, reason = "any instant does: tests only add to it")]
fn start() -> Instant {
    Instant::now()
}

fn pace() -> Pace {
    Pace { idle: 2 * SECOND, active: SECOND / 2 }
}

/// A phone with three lists of values, and contacts.
fn polling(now: Instant) -> Polling {
    let values = (0..3).map(|n| format!("{n}{}", "x".repeat(50))).collect();
    let extras = Extras { values, values_every: 300 * SECOND, contacts_every: Some(3600 * SECOND) };
    Polling::new(pace(), &extras, now, 7)
}

/// Sends what is due at this time until nothing is, and returns it.
fn polls(
    polling: &mut Polling,
    now: Instant,
    answer: impl Fn(&PhoneRequest) -> Result<(), PhoneError>,
) -> Vec<PhoneRequest> {
    let mut sent = Vec::new();
    while let Some(request) = polling.next(true, now) {
        polling.asks(&request, true, now);
        let result = answer(&request);
        polling.answered(&request, true, result.as_ref().copied(), now, false, now);
        sent.push(request);
        assert!(sent.len() < 100, "it spins: {sent:?}");
    }
    sent
}

#[expect(clippy::unnecessary_wraps, reason = "others fail")]
fn works(_: &PhoneRequest) -> Result<(), PhoneError> {
    Ok(())
}

/// One that has answered everything at this time.
fn settled(now: Instant) -> Polling {
    let mut polling = polling(now);
    polling.pull_values_forward(now);
    polling.pull_contacts_forward(now);
    polls(&mut polling, now + 2 * SECOND, works);
    polling
}

#[test]
fn a_phone_that_repeats_itself_is_not_read_each_time() {
    let start = start() + 10 * SECOND;
    let mut polling = settled(start);
    let (mut sent, mut boots) = (0, 0);
    // five pushes a second for a minute; the lines are a matter of their own
    for push in 0..300 {
        let now = start + 3 * SECOND + push * SECOND / 5;
        polling.is_told_of_accounts(now);
        boots += u32::from(polling.is_told_of_boot(now));
        let all = polls(&mut polling, now, works);
        assert_eq!(push == 0, all.contains(&PhoneRequest::Read(StatusQuery::Accounts)) && push < 9);
        sent += all.iter().filter(|request| **request != LINES).count();
    }
    assert_eq!(boots, 2);
    // accounts and status each 2 s at most
    assert!((20..=75).contains(&sent), "{sent}");
}

/// The first letter of each list of values.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are no lists")]
fn lists(sent: &[PhoneRequest]) -> String {
    let names = sent.iter().filter_map(|request| match request {
        PhoneRequest::GetValues(names) => names[0].chars().next(),
        _ => None,
    });
    names.collect()
}

#[test]
fn a_silent_phone_is_polled_at_growing_intervals() {
    let now = start();
    let mut polling = polling(now);
    let mut pauses = Vec::new();
    for miss in 1..=20u32 {
        let result = Err(&PhoneError::Timeout);
        let job = polling.answered(&LINES, true, result, now, false, now).unwrap();
        let expected = match miss {
            1 => Verdict::FirstMiss,
            3 => Verdict::GivenUp,
            _ => Verdict::Patience,
        };
        assert_eq!(job.1, expected);
        pauses.push(polling.lines().due.unwrap() - now);
    }
    for (pause, full) in pauses.iter().zip([4, 8, 16, 30, 30, 30]) {
        let full = full * SECOND;
        assert!(*pause <= full && *pause >= full.mul_f64(0.75), "{pause:?} of {full:?}");
    }
    assert!(pauses.iter().all(|pause| *pause <= SLOWEST));
}

#[test]
fn polls_that_were_pulled_forward_do_not_wear_out_the_patience() {
    let now = start();
    let mut polling = polling(now);
    let miss = |polling: &mut Polling, at| {
        polling.asks(&LINES, true, at);
        let job = polling.answered(&LINES, true, Err(&PhoneError::Timeout), at, false, at);
        job.unwrap().1
    };
    assert_eq!(miss(&mut polling, now), Verdict::FirstMiss);
    let planned = polling.lines().due.unwrap();
    let (mut at, mut asked) = (now, 0);
    while at < planned {
        polling.boost(at);
        if polling.next(true, at).is_some() {
            asked += 1;
            assert_eq!(miss(&mut polling, at), Verdict::Patience);
            assert_eq!(polling.lines().due, Some(planned.max(at)), "the next is as it was");
        }
        at += SECOND / 5;
    }
    assert_eq!(asked, 1, "it is tried at once, but not faster than a phone that is well");
    assert_eq!(miss(&mut polling, planned), Verdict::Patience);
    let next = polling.wake(true).unwrap();
    assert_eq!(miss(&mut polling, next), Verdict::GivenUp);
}

#[test]
fn phones_are_not_in_step() {
    let now = start();
    let first = |seed| Polling::new(pace(), &Extras::default(), now, seed).wake(true).unwrap();
    let firsts: Vec<_> = (0..50).map(|seed| first(seed) - now).collect();
    let early = firsts.iter().filter(|first| **first < SECOND).count();
    assert!(firsts.iter().all(|first| *first <= pace().idle));
    assert!((10..=40).contains(&early), "{early} of 50 in the first half");
}

#[test]
fn values_and_contacts_are_read_at_their_own_pace() {
    let now = start();
    let mut polling = polling(now);
    let sent = polls(&mut polling, now + 2 * SECOND, works);
    assert_eq!(sent, StatusQuery::ALL.map(PhoneRequest::Read), "the others wait to be wanted");
    polling.pull_values_forward(now + 2 * SECOND);
    polling.pull_contacts_forward(now + 2 * SECOND);
    let sent = polls(&mut polling, now + 2 * SECOND, works);
    assert_eq!(lists(&sent), "012");
    let all = PhoneRequest::GetContacts(crate::domain::contacts::phonebook::Filter::default());
    assert_eq!(sent[3..], [PhoneRequest::GetGroups, all]);
    assert_eq!(lists(&polls(&mut polling, now + 300 * SECOND, works)), "");
    assert_eq!(lists(&polls(&mut polling, now + 303 * SECOND, works)), "012");
}

#[test]
fn what_is_not_answered_is_retried_alone_with_increasing_delay() {
    let now = start();
    let mut polling = settled(now);
    let broken = |request: &PhoneRequest| match lists(std::slice::from_ref(request)).as_str() {
        "1" => Err(PhoneError::BadAnswer("no JSON".into())),
        _ => Ok(()),
    };
    let mut tries = Vec::new();
    for seconds in 303..1000 {
        let sent = polls(&mut polling, now + seconds * SECOND, broken);
        if lists(&sent).contains('1') {
            tries.push(seconds - 303);
            assert!(!polling.values_are_well());
        }
    }
    assert_eq!(tries, [0, 30, 90, 210, 450], "it doubles, up to the interval of the job");
    polls(&mut polling, now + 2000 * SECOND, works);
    assert!(polling.values_are_well());
}

#[test]
fn what_the_phone_lacks_is_tried_each_hour() {
    let now = start();
    let mut polling = settled(now);
    let lacking = |request: &PhoneRequest| {
        let error = || PhoneError::Unsupported("HTTP 404".into());
        if *request == LINES { Ok(()) } else { Err(error()) }
    };
    let mut sent = Vec::new();
    for seconds in 30..3600 {
        polling.pull_forward(StatusQuery::Status, now + seconds * SECOND);
        sent.extend(polls(&mut polling, now + seconds * SECOND, lacking));
    }
    let count =
        |sent: &[PhoneRequest], one: &PhoneRequest| sent.iter().filter(|r| *r == one).count();
    let status = PhoneRequest::Read(StatusQuery::Status);
    assert_eq!([count(&sent, &status), lists(&sent).len()], [1, 3], "whoever wants it");
    assert!(count(&sent, &LINES) > 1000);
    polling.forget_unsupported(now + 3600 * SECOND);
    let sent = polls(&mut polling, now + 3600 * SECOND, works);
    assert_eq!(lists(&sent), "012", "the phone was restarted");
}

#[test]
fn a_slow_phone_is_polled_for_its_lines_between_two_lists() {
    let now = start();
    let mut polling = settled(now);
    let mut at = now + 400 * SECOND;
    let mut sent = Vec::new();
    for _ in 0..20 {
        let request = polling.next(true, at).unwrap();
        polling.asks(&request, true, at);
        // as long as the lines may wait
        polling.answered(&request, true, Ok(()), at, false, at + 2 * SECOND);
        at += 2 * SECOND;
        sent.push(request);
    }
    let is_list = |request: &PhoneRequest| !matches!(request, PhoneRequest::Read(_));
    assert!(!sent.windows(2).any(|pair| is_list(&pair[0]) && is_list(&pair[1])), "{sent:?}");
    assert!(sent.iter().filter(|request| is_list(request)).count() >= 3, "{sent:?}");
}

#[test]
fn nothing_is_sent_after_a_refused_login_whoever_wants_it() {
    let now = start();
    let mut polling = settled(now);
    let delay = polling.login_refused(now);
    polling.boost(now);
    polling.pull_forward(StatusQuery::Clock, now);
    polling.pull_values_forward(now);
    polling.insist_on_contacts(now);
    assert_eq!(polling.wake(true), Some(now + delay));
    assert_eq!(polling.next(true, (now + delay).checked_sub(SECOND).unwrap()), None);
    assert_eq!(polling.next(true, now + delay), Some(LINES), "the lines come first");
    assert_eq!(polling.login_backoff(now), Some(delay));
    let mut next = Polling::new(pace(), &Extras::default(), now, 8);
    assert!(next.resume_login_backoff(polling.into_login_backoff(), now + SECOND));
    assert_eq!(next.wake(true), Some(now + delay));
    assert_eq!(next.login_refused(now + delay), 2 * delay);
    next.login_worked();
    assert_eq!(next.login_backoff(now + delay), None);
}

#[derive(Debug, Clone, Copy)]
enum Reply {
    Works,
    Unsupported,
    Silent,
}

proptest! {
    /// For every job: what was sent before somebody wanted it is no answer to that.
    #[test]
    fn an_answer_that_is_older_than_a_wish_never_counts(
        place in 0usize..10,
        seconds in 1u32..100,
        reply in prop::sample::select(vec![Reply::Works, Reply::Unsupported]),
    ) {
        let now = start();
        let mut polling = settled(now);
        let request = polling.jobs[place].request();
        let (sent, wanted, answered) =
            (now + 400 * SECOND, now + (400 + seconds) * SECOND, now + (500 + seconds) * SECOND);
        polling.asks(&request, true, sent);
        polling.jobs[place].pull_forward(wanted);
        let result = match reply {
            Reply::Unsupported if place > 0 => Err(PhoneError::Unsupported("HTTP 404".into())),
            Reply::Unsupported | Reply::Works | Reply::Silent => Ok(()),
        };
        polling.answered(&request, true, result.as_ref().copied(), sent, false, answered);
        prop_assert!(polling.jobs[place].due.unwrap() <= answered, "{:?}", polling.jobs[place]);
    }

    /// Whatever is answered how, nothing is due again at once: the loop would spin.
    #[test]
    fn what_was_just_sent_is_not_due_again(
        steps in prop::collection::vec((0u32..120, prop::sample::select(
            vec![Reply::Works, Reply::Works, Reply::Unsupported, Reply::Silent]), 0usize..12), 1..60),
    ) {
        let mut now = start();
        let mut polling = polling(now);
        for (seconds, reply, wish) in steps {
            now += seconds * SECOND;
            match wish {
                0 => polling.boost(now),
                1 => polling.pull_values_forward(now),
                2 => polling.insist_on_contacts(now),
                3 => polling.forget_unsupported(now),
                4 => drop(polling.login_refused(now)),
                5 => polling.is_unsupported(&PhoneRequest::GetGroups, now),
                6 => polling.pull_status_forward(now),
                _ => {}
            }
            polls(&mut polling, now, |_| match reply {
                Reply::Works => Ok(()),
                Reply::Unsupported => Err(PhoneError::Unsupported("HTTP 404".into())),
                Reply::Silent => Err(PhoneError::Timeout),
            });
            prop_assert!(polling.wake(true).is_none_or(|wake| wake > now));
        }
    }
}
