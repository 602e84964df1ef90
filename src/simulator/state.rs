//! Everything that one simulated phone is, behind its one lock. Parts are looked after in their own files.

use std::{collections::HashMap, net::IpAddr, time::Instant};

use super::{
    fault::Faults, function::Function, journal::Journal, model::Phone, profile::Profile,
    pushes::Pushes, sessions::Sessions,
};

#[derive(Debug)]
pub(super) struct State {
    pub(super) profile: Profile,
    pub(super) phone: Phone,
    pub(super) sessions: Sessions,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    pub(super) pushes: Pushes,
    pub(super) requests: HashMap<Function, u64>,
    pub(super) plugged_in: bool,
    pub(super) booting: bool,
}

impl State {
    pub(super) fn new(profile: Profile, ip: IpAddr, now: Instant) -> Self {
        Self {
            phone: Phone::new(&profile, now),
            sessions: Sessions::new(&profile),
            faults: Faults::default(),
            journal: Journal::default(),
            pushes: Pushes::new(ip),
            requests: HashMap::new(),
            plugged_in: true,
            booting: false,
            profile,
        }
    }

    /// Whether the network can see the phone.
    pub(super) fn reachable(&self) -> bool {
        self.plugged_in && !self.booting
    }
}
