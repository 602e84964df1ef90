//! Who may in: the login of the vendor's guide, and the passcode of the CTI guide, as strict as the sources allow.
//!
//! A realm is used once, and a new one replaces the one before; five refused logins lock; the newest login of a user wins.

use std::time::Duration;

use md5::{Digest, Md5};
use tokio::time::Instant;

use super::wire::Request;

/// How many refused logins lock.
const ATTEMPTS: u32 = 5;
/// The cookie's name on GXV33xx, as others saw it.
const COOKIE: &str = "session-identify";

/// What came of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// With the cookies to set.
    In(Vec<String>),
    Refused {
        times: u32,
    },
    Locked,
}

/// The door.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) user: String,
    pub(crate) password: String,
    realm: Option<String>,
    session: Option<(String, Instant)>,
    idle: Duration,
    issued: u32,
    pub(crate) logins: u32,
    pub(crate) refused: u32,
    pub(crate) locked: bool,
    /// Somebody at the web page, who logs in again each time that the bridge has.
    pub(crate) rival: bool,
}

impl Door {
    pub(crate) fn new(idle: Duration) -> Self {
        Self {
            user: "gmiadmin".to_owned(),
            password: "admin".to_owned(),
            realm: None,
            session: None,
            idle,
            issued: 0,
            logins: 0,
            refused: 0,
            locked: false,
            rival: false,
        }
    }

    /// Returns a random number for one login; any before it is void.
    pub(crate) fn realm(&mut self) -> String {
        self.issued += 1;
        let realm = format!("{:08}{:06}", self.issued, fastrand::u32(..1_000_000));
        self.realm = Some(realm.clone());
        realm
    }

    /// Judges a login.
    pub(crate) fn login(&mut self, request: &Request, now: Instant) -> Login {
        let realm = self.realm.take();
        if self.locked {
            return Login::Locked;
        }
        let secret = realm.map(|realm| format!("{}:{realm}:{}", self.user, self.password));
        let secret = secret.map(|text| {
            Md5::digest(text).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
        });
        let right = request.get("Username") == Some(&self.user)
            && secret.is_some()
            && request.get("Secret") == secret.as_deref();
        if !right {
            return self.refuse();
        }
        self.logins += 1;
        self.refused = 0;
        let value = format!("{:x}{:016x}", self.logins, fastrand::u64(..));
        self.session = Some((value.clone(), now)).filter(|_| !self.rival);
        Login::In(vec![
            format!("{COOKIE}={value}; Path=/cgi-bin; HttpOnly"),
            format!("web={value}; Path=/manager"),
        ])
    }

    fn refuse(&mut self) -> Login {
        self.refused += 1;
        self.locked = self.refused >= ATTEMPTS;
        if self.locked { Login::Locked } else { Login::Refused { times: self.refused } }
    }

    /// Returns whether the request carries the cookie of the session, and nothing else, and prolongs it.
    pub(crate) fn knows(&mut self, request: &Request, now: Instant) -> bool {
        let mut cookies =
            request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
        let (Some((_, cookie)), None, Some((value, used))) =
            (cookies.next(), cookies.next(), &mut self.session)
        else {
            return false;
        };
        let known = *cookie == format!("{COOKIE}={value}") && now - *used <= self.idle;
        if known {
            *used = now;
        }
        known
    }

    /// Judges the passcode of a query; a wrong one counts.
    pub(crate) fn takes_passcode(&mut self, request: &Request) -> bool {
        if self.locked {
            return false;
        }
        let right = request.get("passcode") == Some(&self.password);
        if right {
            self.refused = 0;
        } else {
            self.refuse();
        }
        right
    }

    /// Ends the session, as a restart, the time or another's login does.
    pub(crate) fn end_session(&mut self) {
        self.session = None;
        self.realm = None;
    }
}
