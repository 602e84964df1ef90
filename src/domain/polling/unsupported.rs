//! Functions that the phone was found to lack: a command that needs one fails at once, for a while.

use std::collections::BTreeMap;
use std::time::Instant;

use super::job::UNSUPPORTED_RETRY;
use crate::domain::request::{Answer, Function, PhoneError, PhoneRequest};

/// Functions that the phone lacks, what it said of each, and when.
#[derive(Debug, Default)]
pub struct UnsupportedFunctions(BTreeMap<Function, (String, Instant)>);

impl UnsupportedFunctions {
    /// Notes whether the phone has the function of this request.
    pub fn answered(
        &mut self,
        request: &PhoneRequest,
        result: &Result<Answer, PhoneError>,
        now: Instant,
    ) {
        match result {
            Err(PhoneError::Unsupported(why)) => {
                self.0.insert(request.function(), (why.clone(), now));
            }
            Ok(_) => {
                self.0.remove(&request.function());
            }
            Err(_) => {}
        }
    }

    /// Returns why there is no sense in this request, if so.
    pub fn why(&self, request: &PhoneRequest, now: Instant) -> Option<&str> {
        // it may be one value that it does not have: that says nothing of the others
        if matches!(request, PhoneRequest::GetValues(_)) {
            return None;
        }
        let (why, at) = self.0.get(&request.function())?;
        (now.duration_since(*at) < UNSUPPORTED_RETRY).then_some(why)
    }

    /// Forgets all of it: the phone has restarted, perhaps with another firmware.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}
