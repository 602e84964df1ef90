//! Functions that the phone was found to lack: they are not asked for again for a while.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::domain::polling::LACKING_EVERY;
use crate::domain::request::{Answer, Ask, Trouble};

/// Functions that the phone lacks, what it said of each, and when.
#[derive(Debug, Default)]
pub(super) struct Lacking(BTreeMap<&'static str, (String, Instant)>);

impl Lacking {
    /// Takes in whether the phone has the function of this request.
    pub(super) fn answered(&mut self, ask: &Ask, result: &Result<Answer, Trouble>, now: Instant) {
        match result {
            Err(Trouble::Unsupported(why)) => {
                self.0.insert(ask.function(), (why.clone(), now));
            }
            Ok(_) => {
                self.0.remove(ask.function());
            }
            Err(_) => {}
        }
    }

    /// Returns why there is no sense in this request, if so.
    pub(super) fn why(&self, ask: &Ask, now: Instant) -> Option<&str> {
        // it may be one value that it does not have: that says nothing of the others
        if matches!(ask, Ask::GetValues(_)) {
            return None;
        }
        let (why, at) = self.0.get(ask.function())?;
        (now.duration_since(*at) < LACKING_EVERY).then_some(why)
    }

    /// Forgets all of it: the phone has restarted, perhaps with another firmware.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
