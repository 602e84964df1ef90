//! The URLs that a phone calls: those that are set, that wait, and that were called.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::event::PushEvent;

/// Calls that are remembered.
const KEPT: usize = 1000;
/// A URL that was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// What happened.
    pub event: PushEvent,
    /// The URL with everything put in.
    pub url: String,
}

/// What is set, what waits and what was sent.
#[derive(Debug)]
pub(super) struct Pushes {
    pub(super) urls: BTreeMap<PushEvent, String>,
    pub(super) count: u64,
    pub(super) ip: IpAddr,
    pub(super) lost: bool,
    pub(super) waiting: VecDeque<Pushed>,
    pub(super) sent: VecDeque<Pushed>,
}

impl Pushes {
    /// Nothing is set; the phone will say that this is its address.
    pub(super) fn new(ip: IpAddr) -> Self {
        Self {
            urls: BTreeMap::new(),
            count: 0,
            ip,
            lost: false,
            waiting: VecDeque::new(),
            sent: VecDeque::new(),
        }
    }

    /// Notes that a URL was called.
    pub(super) fn note(&mut self, pushed: Pushed) {
        tracing::debug!(target: "simulator", event = pushed.event.word(), "URL called");
        self.count += 1;
        if self.sent.len() == KEPT {
            self.sent.pop_front();
        }
        self.sent.push_back(pushed);
    }
}
