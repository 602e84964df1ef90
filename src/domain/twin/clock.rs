//! What the phone's clock says: whether it is right, and when the phone was started.

use std::time::Instant;

use super::{Now, Twin};
use crate::domain::telephony::clock::{LocalTime, PhoneClock, Uptime};

impl Twin {
    /// Handles what the clock said; it was asked at this time.
    pub(super) fn set_clock(&mut self, clock: PhoneClock, asked: Instant, now: Now) {
        let snapshot = &mut self.snapshot;
        let asked = now.wall - (now.instant - asked);
        let known = snapshot.booted_at.zip(snapshot.clock.and_then(|clock| clock.uptime));
        snapshot.clock = Some(clock);
        let skew = |time: LocalTime| time.skew(snapshot.clock_skew, [asked, now.wall]);
        snapshot.clock_skew = clock.time.and_then(skew);
        let before = snapshot.booted_at;
        let booted_at = |uptime: Uptime| uptime.booted_at(known, now.wall);
        snapshot.booted_at = clock.uptime.map(booted_at);
        if before.is_some() && snapshot.booted_at != before {
            self.forget_lacking(now);
        }
    }
}
