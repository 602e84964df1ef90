//! The phone's clock: what it says, and when the phone was started.

use jiff::Timestamp;
use jiff::civil::DateTime;

/// The phone's clock (vendor guide, Get System Time).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhoneClock {
    /// Its own local time; the phone does not say in which time zone.
    pub time: Option<DateTime>,
    /// Since it was started.
    pub uptime: Option<Uptime>,
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
    /// Returns when the phone was started: the moment as it was known, unless the uptime says otherwise.
    pub fn booted_at(self, known: Option<Timestamp>, wall: Timestamp) -> Timestamp {
        let slack = if self.to_the_second { 5 } else { 65 };
        let second = wall.as_second().saturating_sub_unsigned(self.seconds);
        let at = Timestamp::from_second(second).unwrap_or(wall);
        known.filter(|known| (known.as_second() - at.as_second()).abs() <= slack).unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_of_the_start_is_steady_until_the_phone_restarts() {
        let at = |known: Option<i64>, seconds, wall| {
            let known = known.map(|second| Timestamp::from_second(second).unwrap());
            let uptime = Uptime { seconds, to_the_second: true };
            uptime.booted_at(known, Timestamp::from_second(wall).unwrap()).as_second()
        };
        assert_eq!(at(None, 500, 10_000), 9_500);
        assert_eq!(at(Some(9_500), 797, 10_300), 9_500, "3 s of delay are none");
        assert_eq!(at(Some(9_500), 20, 10_600), 10_580, "it restarted");
        assert_eq!(at(None, u64::MAX, 10_000), 10_000, "no phone is that old");
    }
}
