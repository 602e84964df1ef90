//! Reading single values of the phones' JSON, where any field may be a number or a text, or missing.

use jiff::civil::{Date, Time};
use serde_json::Value;

use crate::domain::telephony::clock::{LocalTime, Uptime};
use crate::domain::telephony::{LineState, PhoneStatus};

/// The longest text of a field, in bytes; phones show less.
const TEXT: usize = 256;

/// Returns a text, or a number as text; an empty one is none, and so is one that is too long to be meant.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim(),
        Value::Number(number) => number.as_str(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (1..=TEXT).contains(&text.len()).then(|| text.to_owned())
}

/// Returns a whole number, be it written as a text.
pub(super) fn whole(value: Option<&Value>) -> Option<u16> {
    text(value)?.parse().ok()
}

/// Returns a truth value: `0`, `1`, `true`, `false`, as number, text or itself.
pub(super) fn flag(value: Option<&Value>) -> Option<bool> {
    if let Some(Value::Bool(flag)) = value {
        return Some(*flag);
    }
    match text(value)?.to_ascii_lowercase().as_str() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// Returns the state of a line from the phone's number or word.
///
/// Numbers: Grandstream GMI guide p. 42 (agrees with the vendor guide on 0, 2, 3, 4, 5, 8).
/// Words: WP826 capture, clients of GXP and GRP phones.
pub(super) fn line_state(code: Option<&str>) -> LineState {
    let Some(code) = code else {
        return LineState::Unknown;
    };
    match code.to_ascii_lowercase().as_str() {
        "0" | "idle" => LineState::Idle,
        "1" | "dialing" => LineState::Dialing,
        "2" | "ringing" => LineState::Ringing,
        "3" | "calling" => LineState::Calling,
        "4" | "connected" => LineState::InCall,
        "5" | "onhold" => LineState::OnHold,
        "6" | "transferred" => LineState::Transferred,
        "7" | "ending" => LineState::Ending,
        "8" | "failed" => LineState::Failed,
        "9" | "transferring" => LineState::Transferring,
        "10" | "conference" => LineState::Conference,
        "11" | "paging" => LineState::Paging,
        "12" | "ringback" => LineState::Ringback,
        "13" => LineState::IpCall,
        _ => LineState::Unknown,
    }
}

/// Returns the status of the phone from its word.
///
/// Vendor guide, Get Phone Status; `unavailable`: GRP extension of the vendor; the words of a busy phone: GXP1625.
pub(super) fn phone_status(word: &str) -> PhoneStatus {
    match word.trim().to_ascii_lowercase().as_str() {
        "available" => PhoneStatus::Available,
        "ringing" => PhoneStatus::Ringing,
        "busy" | "calling" | "oncall" | "connected" | "holding" => PhoneStatus::Busy,
        "unavailable" => PhoneStatus::Unavailable,
        "unauthorized" => PhoneStatus::Unauthorized,
        _ => PhoneStatus::Unknown,
    }
}

/// Returns the phone's local time from its date and time: `Tue 08/30/2016  11:30AM` (vendor guide).
pub(super) fn local_time(text: &str) -> Option<LocalTime> {
    let mut words = text.split_whitespace();
    let date = words.find_map(|word| {
        let formats = ["%m/%d/%Y", "%Y-%m-%d", "%Y/%m/%d"];
        formats.iter().find_map(|format| Date::strptime(format, word).ok())
    })?;
    let time = words.collect::<String>().to_ascii_uppercase();
    let formats = [("%I:%M%p", false), ("%I:%M:%S%p", true), ("%H:%M", false), ("%H:%M:%S", true)];
    formats.iter().find_map(|(format, to_the_second)| {
        let at = date.to_datetime(Time::strptime(format, &time).ok()?);
        Some(LocalTime { at, to_the_second: *to_the_second })
    })
}

/// Returns the uptime from ` 21 days, 1 hour, 50 minutes, 23seconds` (vendor guide), or from plain seconds.
pub(super) fn uptime(text: &str) -> Option<Uptime> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Uptime { seconds, to_the_second: true });
    }
    let mut uptime = Uptime { seconds: 0, to_the_second: false };
    let mut rest = text.trim_start_matches(separator);
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..unit_at].parse().ok()?;
        let unit = rest[unit_at..].trim_start();
        let end = unit.find(|c: char| !c.is_alphabetic()).unwrap_or(unit.len());
        let seconds = match unit[..end].to_ascii_lowercase().as_str() {
            "week" | "weeks" => 7 * 86400,
            "day" | "days" => 86400,
            "hour" | "hours" => 3600,
            "minute" | "minutes" | "min" => 60,
            "second" | "seconds" | "sec" => {
                uptime.to_the_second = true;
                1
            }
            _ => return None,
        };
        uptime.seconds = uptime.seconds.checked_add(number.checked_mul(seconds)?)?;
        rest = unit[end..].trim_start_matches(separator);
    }
    (!text.trim().is_empty()).then_some(uptime)
}

fn separator(c: char) -> bool {
    c.is_whitespace() || c == ','
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn clocks_are_read() {
        let cases = [
            ("Tue 08/30/2016  11:30AM", Some(("2016-08-30T11:30:00", false))),
            ("08/30/2016 11:30 PM", Some(("2016-08-30T23:30:00", false))),
            ("Tue 08/30/2016 12:05am", Some(("2016-08-30T00:05:00", false))),
            ("08/30/2016 11:30:07 PM", Some(("2016-08-30T23:30:07", true))),
            ("2026-11-23 23:05:59", Some(("2026-11-23T23:05:59", true))),
            // HT802, in the field of the time
            (" 2026-04-10 21:06:47", Some(("2026-04-10T21:06:47", true))),
            ("30/08/2016 11:30", None),
            (" 11:30", None),
            ("08/30/2016 ", None),
            ("yesterday noon", None),
        ];
        for (text, expected) in cases {
            let read = local_time(text).map(|time| (time.at.to_string(), time.to_the_second));
            let read = read.as_ref().map(|(at, to_the_second)| (at.as_str(), *to_the_second));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn uptimes_are_read() {
        let cases = [
            (" 21 days, 1 hour, 50 minutes, 23seconds", Some((1_821_023, true))),
            ("1 hour, 5 minutes", Some((3900, false))),
            ("0 minutes", Some((0, false))),
            ("12 min 3 sec", Some((723, true))),
            ("86400", Some((86400, true))),
            ("2 fortnights", None),
            ("3 days and more", None),
            ("days", None),
            ("99999999999999999999 days", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let read = uptime(text).map(|uptime| (uptime.seconds, uptime.to_the_second));
            assert_eq!(read, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(a in ".*", b in ".*") {
            local_time(&format!("{a} {b}"));
            uptime(&a);
            line_state(Some(&a));
        }
    }
}
