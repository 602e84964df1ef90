//! Functions that the phone was found to lack: they are not asked for again for a while.

use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

use super::super::ask::Ask;

/// After this a function is tried again: a new firmware may bring it.
const TRY_AGAIN: Duration = Duration::from_hours(1);

/// Functions that the phone lacks, what it said of each, and when.
#[derive(Debug, Default)]
pub(super) struct Lacking(Vec<(Discriminant<Ask>, String, Instant)>);

impl Lacking {
    /// Notes that the phone does not have the function of this request.
    pub(super) fn note(&mut self, ask: &Ask, why: &str, now: Instant) {
        self.0.retain(|(known, ..)| *known != discriminant(ask));
        self.0.push((discriminant(ask), why.to_owned(), now));
    }

    /// Returns why there is no sense in this request, if so.
    pub(super) fn why(&self, ask: &Ask, now: Instant) -> Option<&str> {
        let known = self.0.iter().find(|(known, ..)| *known == discriminant(ask));
        known.filter(|(.., at)| now.duration_since(*at) < TRY_AGAIN).map(|(_, why, _)| why.as_str())
    }

    /// Forgets all of it: the phone has restarted, perhaps with another firmware.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
