//! Functions that the phone was found to lack: they are not asked for again for a while.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::domain::polling::UNSUPPORTED_RETRY;
use crate::domain::request::{Answer, PhoneError, PhoneRequest};

/// Functions that the phone lacks, what it said of each, and when.
#[derive(Debug, Default)]
pub(super) struct UnsupportedFunctions(BTreeMap<&'static str, (String, Instant)>);

impl UnsupportedFunctions {
    /// Takes in whether the phone has the function of this request.
    pub(super) fn answered(
        &mut self,
        ask: &PhoneRequest,
        result: &Result<Answer, PhoneError>,
        now: Instant,
    ) {
        match result {
            Err(PhoneError::Unsupported(why)) => {
                self.0.insert(ask.function(), (why.clone(), now));
            }
            Ok(_) => {
                self.0.remove(ask.function());
            }
            Err(_) => {}
        }
    }

    /// Returns why there is no sense in this request, if so.
    pub(super) fn why(&self, ask: &PhoneRequest, now: Instant) -> Option<&str> {
        // it may be one value that it does not have: that says nothing of the others
        if matches!(ask, PhoneRequest::GetValues(_)) {
            return None;
        }
        let (why, at) = self.0.get(ask.function())?;
        (now.duration_since(*at) < UNSUPPORTED_RETRY).then_some(why)
    }

    /// Forgets all of it: the phone has restarted, perhaps with another firmware.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
