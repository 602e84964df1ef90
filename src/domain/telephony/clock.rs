//! The phone's clock: what it says, how far it is off, and when the phone was started.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The phone's clock (vendor guide, Get System Time).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhoneClock {
    /// Its own local time.
    pub time: Option<LocalTime>,
    /// Since it was started.
    pub uptime: Option<Uptime>,
}

/// A time as the phone says it: it does not say in which time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// Date and time.
    pub at: DateTime,
    /// Whether the phone said the seconds too, or minutes only.
    pub to_the_second: bool,
}

/// The time zones of the world are so many seconds apart, and from this to that many steps from UTC.
const ZONES: (i64, RangeInclusive<i64>) = (15 * 60, -48..=56);

impl LocalTime {
    /// Returns by how many seconds the clock is off, positive if it is fast: the least that explains what it says, in
    /// whichever zone. What was known stays, unless this time says otherwise.
    ///
    /// It was said between these two moments of our own clock. Whole quarter hours can't be told from a zone.
    pub fn skew(self, known: Option<i64>, between: [Timestamp; 2]) -> Option<i64> {
        let said = Offset::UTC.to_timestamp(self.at).ok()?.as_second();
        let [from, to] = between.map(Timestamp::as_second);
        let until = said + if self.to_the_second { 1 } else { 60 };
        // a second more, for our own moments are cut off to seconds
        let (least, most) = (said - to - 1, until - from);
        let (apart, zones) = ZONES;
        let skews = || zones.clone().map(|zone| least - zone * apart..=most - zone * apart);
        if let Some(known) = known.filter(|known| skews().any(|skew| skew.contains(known))) {
            return Some(known);
        }
        let smallest = |skew: RangeInclusive<i64>| 0.clamp(*skew.start(), *skew.end());
        skews().map(smallest).min_by_key(|skew| skew.abs())
    }
}

/// How long the phone has been up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptime {
    /// Whole seconds.
    pub seconds: u64,
    /// Whether the phone counted the seconds too, or minutes only.
    pub to_the_second: bool,
}

impl Uptime {
    /// Returns when the phone was started: the moment as it was known, with the uptime that was known, unless the uptime says
    /// otherwise. One that went back is another start, however soon.
    pub fn booted_at(self, known: Option<(Timestamp, Self)>, wall: Timestamp) -> Timestamp {
        let known = known.filter(|(_, before)| before.seconds <= self.seconds).map(|(at, _)| at);
        let slack = if self.to_the_second { 5 } else { 65 };
        let second = wall.as_second().saturating_sub_unsigned(self.seconds);
        let at = Timestamp::from_second(second).unwrap_or(wall);
        known.filter(|known| (known.as_second() - at.as_second()).abs() <= slack).unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(at: &str, to_the_second: bool) -> LocalTime {
        LocalTime { at: at.parse().unwrap(), to_the_second }
    }

    #[test]
    fn a_clock_is_off_by_what_no_zone_explains() {
        let from: Timestamp = "2026-11-25T12:00:10Z".parse().unwrap();
        let to = from + jiff::SignedDuration::from_secs(1);
        let cases = [
            // in UTC, Berlin, New York, Kathmandu, and on the Line Islands
            ("2026-11-25T12:00:10", true, None, 0),
            ("2026-11-25T13:00:11", true, None, 0),
            ("2026-11-25T07:00", false, None, 0),
            ("2026-11-25T17:45:10", true, None, 0),
            ("2026-11-26T02:00", false, None, 0),
            // fast and slow, and what minutes can't tell
            ("2026-11-25T13:00:40", true, None, 28),
            ("2026-11-25T12:59:40", true, None, -29),
            ("2026-11-25T13:03", false, None, 168),
            ("2026-11-25T13:01", false, None, 48),
            ("2026-11-25T12:58", false, None, -70),
            // what was known stays as long as it may be true
            ("2026-11-25T13:03", false, Some(200), 200),
            ("2026-11-25T13:03", false, Some(240), 168),
            ("2026-11-25T13:00", false, Some(200), 0),
            // it has never heard of the time
            ("1970-01-01T00:03", false, None, -1_795_564_570),
            ("2035-01-01T00:00:00", true, None, 255_563_988),
        ];
        for (said, to_the_second, known, expected) in cases {
            let skew = time(said, to_the_second).skew(known, [from, to]);
            assert_eq!(skew, Some(expected), "{said} {known:?}");
        }
    }

    proptest! {
        #[test]
        fn a_skew_explains_what_was_said(
            ours in -1_000_000_000i64..4_000_000_000, zone in -48i64..=56, skew in -440i64..=440,
            took in 0i64..6, to_the_second: bool,
        ) {
            let [from, to] = [ours, ours + took].map(|at| Timestamp::from_second(at).unwrap());
            let theirs = Timestamp::from_second(ours + zone * 900 + skew).unwrap();
            let mut at = Offset::UTC.to_datetime(theirs);
            if !to_the_second {
                at = at.with().second(0).build().unwrap();
            }
            let said = LocalTime { at, to_the_second };
            let found = said.skew(None, [from, to]).unwrap();
            let slack = if to_the_second { 2 + took } else { 61 + took };
            prop_assert!(found.abs() <= skew.abs() && skew.abs() - found.abs() <= slack, "{found}");
            prop_assert_eq!(said.skew(Some(skew), [from, to]), Some(skew), "the truth stays");
        }
    }

    #[test]
    fn the_moment_of_the_start_is_steady_until_the_phone_restarts() {
        let uptime = |seconds| Uptime { seconds, to_the_second: true };
        let at = |known: Option<(i64, u64)>, seconds, wall| {
            let known =
                known.map(|(second, up)| (Timestamp::from_second(second).unwrap(), uptime(up)));
            uptime(seconds).booted_at(known, Timestamp::from_second(wall).unwrap()).as_second()
        };
        assert_eq!(at(None, 500, 10_000), 9_500);
        assert_eq!(at(Some((9_500, 500)), 797, 10_300), 9_500, "3 s of delay are none");
        assert_eq!(at(Some((9_500, 500)), 20, 10_600), 10_580, "it restarted");
        assert_eq!(at(Some((9_500, 4)), 2, 9_506), 9_504, "it restarted at once");
        assert_eq!(at(None, u64::MAX, 10_000), 10_000, "no phone is that old");
    }
}
