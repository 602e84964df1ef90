#![expect(clippy::disallowed_methods, reason = "a made-up beginning of time needs some instant")]

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn phone(far_end: FarEnd) -> (Phone, Instant) {
    let now = Instant::now();
    let profile = Profile { far_end, ..Profile::default() };
    (Phone::new(&profile, now), now)
}

fn states(phone: &Phone) -> String {
    phone.lines().iter().map(|line| line.state.code()).collect()
}

fn ada() -> Caller {
    Caller::new("Ada", "+15550100")
}

type Step = fn(&mut Phone, Instant) -> bool;

#[test]
fn calls_pass_from_state_to_state() {
    const RING: Step = |phone, now| phone.ring(ada(), now).is_some();
    const DIAL: Step = |phone, now| phone.dial("1002", 1, now).is_some();
    let cases: [(&str, &[Step], &str); 14] = [
        ("rings", &[RING], "2000"),
        ("is answered", &[RING, |p, t| p.answer(1, t)], "4000"),
        ("is rejected", &[RING, |p, t| p.reject(1, t)], "0000"),
        ("is missed", &[RING, |p, t| p.caller_gives_up(1, t)], "0000"),
        ("rings on the next line", &[RING, RING], "2200"),
        (
            "waits while another is answered",
            &[RING, |p, t| p.answer(1, t), RING, |p, t| p.answer(2, t)],
            "5400",
        ),
        ("is held", &[RING, |p, t| p.answer(1, t), |p, t| p.hold(1, t)], "5000"),
        (
            "is resumed",
            &[RING, |p, t| p.answer(1, t), |p, t| p.hold(1, t), |p, t| p.resume(1, t)],
            "4000",
        ),
        ("is ended here", &[RING, |p, t| p.answer(1, t), |p, t| p.hang_up(1, t)], "0000"),
        ("is ended there", &[RING, |p, t| p.answer(1, t), |p, t| p.far_end_hangs_up(1, t)], "0000"),
        ("is dialled", &[DIAL], "1000"),
        ("rings there", &[DIAL, |p, t| p.far_end_rings(1, t)], "3000"),
        ("is answered there", &[DIAL, |p, t| p.far_end_answers(1, t)], "4000"),
        ("is busy there", &[DIAL, |p, t| p.far_end_is_busy(1, t)], "8000"),
    ];
    for (name, steps, expected) in cases {
        let (mut phone, now) = phone(FarEnd::MANUAL);
        for step in steps {
            assert!(step(&mut phone, now), "{name}");
        }
        phone.advance(now + 1000 * SECOND);
        assert_eq!(states(&phone), expected, "{name}");
    }
}

#[test]
fn what_a_line_cannot_do_changes_nothing() {
    let (mut phone, now) = phone(FarEnd::MANUAL);
    let nothing_on_idle: [fn(&mut Phone, u16, Instant) -> bool; 9] = [
        Phone::answer,
        Phone::reject,
        Phone::hang_up,
        Phone::hold,
        Phone::resume,
        Phone::caller_gives_up,
        Phone::far_end_answers,
        Phone::far_end_is_busy,
        Phone::far_end_hangs_up,
    ];
    for act in nothing_on_idle {
        assert!(!act(&mut phone, 1, now) && !act(&mut phone, 0, now) && !act(&mut phone, 5, now));
    }
    phone.ring(ada(), now);
    assert!(!phone.hang_up(1, now) && !phone.hold(1, now));
    assert_eq!(states(&phone), "2000");
}

#[test]
fn far_ends_take_their_time() {
    let after = [(0, "1000"), (1, "3000"), (4, "3000"), (5, "4000"), (99, "4000")];
    let busy = [(0, "1000"), (1, "3000"), (3, "8000"), (5, "8000"), (6, "0000")];
    let never = [(1, "3000"), (9999, "3000")];
    let cases: [(&str, &[(u32, &str)]); 3] = [("1002", &after), ("5000", &busy), ("999", &never)];
    for (number, expected) in cases {
        let (mut phone, now) = phone(FarEnd::default());
        assert_eq!(phone.dial(number, 1, now), Some(1));
        for (seconds, states_then) in expected {
            phone.advance(now + *seconds * SECOND);
            assert_eq!(states(&phone), *states_then, "{number} after {seconds} s");
        }
    }
}

#[test]
fn many_steps_that_are_due_happen_at_their_own_times() {
    let (mut phone, now) = phone(FarEnd::default());
    phone.dial("5000", 1, now);
    phone.advance(now + 60 * SECOND);
    assert_eq!(states(&phone), "0000");
    assert_eq!(phone.lines()[0].since, now + 6 * SECOND);
}

#[test]
fn only_a_registered_account_and_a_free_line_take_calls() {
    let (mut phone, now) = phone(FarEnd::MANUAL);
    let office = Caller { account: 2, ..ada() };
    assert_eq!(phone.ring(office.clone(), now), None);
    assert_eq!((phone.dial("1", 2, now), phone.dial("", 1, now)), (None, None));
    assert!(phone.register(2, true) && !phone.register(3, true));
    for line in 1..=4 {
        assert_eq!(phone.ring(office.clone(), now), Some(line));
    }
    assert_eq!((phone.ring(office, now), phone.dial("1", 1, now)), (None, None));
    assert_eq!(phone.lines()[0].account, Some(2));
}

#[test]
fn the_phone_has_one_word_for_itself() {
    let (mut phone, now) = phone(FarEnd::MANUAL);
    assert_eq!(phone.status(), "available");
    phone.ring(ada(), now);
    assert_eq!(phone.status(), "ringing");
    phone.answer(1, now);
    assert_eq!(phone.status(), "busy");
    phone.hang_up(1, now);
    phone.register(1, false);
    assert_eq!(phone.status(), "unavailable");
}

#[test]
fn a_boot_forgets_calls_and_uptime() {
    let (mut phone, now) = phone(FarEnd::MANUAL);
    phone.ring(ada(), now);
    phone.caller_gives_up(1, now);
    phone.ring(ada(), now);
    assert!(phone.show(2, "42", now));
    assert_eq!((states(&phone).as_str(), phone.missed), ("24200", 1));
    phone.boot(now + 60 * SECOND);
    assert_eq!((states(&phone).as_str(), phone.missed), ("0000", 0));
    assert_eq!(phone.uptime(now + 61 * SECOND), SECOND);
}
