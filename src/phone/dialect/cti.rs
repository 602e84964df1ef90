//! The dialect of the vendor's CTI guide (`DP75x`, GXP, GRP): the passcode is in the query of each request.

use secrecy::{ExposeSecret, SecretString};

use crate::domain::ask::Trouble;

use super::Request;

/// Phrases a request: all are `GET`s.
pub(super) fn phrase(mut request: Request, passcode: Option<&SecretString>) -> Request {
    if let Some(passcode) = passcode {
        request.query.insert(0, ("passcode", passcode.expose_secret().to_owned()));
    }
    request
}

/// Says what it means when the phone does not take the passcode.
pub(super) fn refused(given: bool) -> Trouble {
    let why = if given {
        "it does not take the passcode: check password, dialect, and Action URI Support under Network, Remote Control"
    } else {
        "it wants a passcode: set password or password_file"
    };
    Trouble::Unauthorized(why.to_owned())
}
