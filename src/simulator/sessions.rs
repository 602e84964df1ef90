//! Who is let in: random numbers, logins, sessions, and the lock after bad tries. Time is an argument; no HTTP.

use std::{
    collections::HashMap,
    fmt::Write,
    time::{Duration, Instant},
};

use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::profile::{Digest, Profile};

/// Random numbers that wait for their login at the same time; older ones are forgotten.
const RANDOMS_KEPT: usize = 8;

/// What came of a login.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// Here is the cookie.
    Welcome(String),
    /// Nobody by that name; so many bad tries by now.
    WrongName(u8),
    /// The secret is wrong; so many bad tries by now.
    WrongSecret(u8),
    /// Nobody gets in.
    Locked,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Lock {
    #[default]
    Open,
    Until(Instant),
    UntilBoot,
}

/// The doors of one phone.
#[derive(Debug)]
pub(super) struct Sessions {
    pub(super) password: String,
    username: String,
    digest: Digest,
    idle: Duration,
    single: bool,
    tries_allowed: u8,
    lockout: Option<Duration>,
    randoms: Vec<String>,
    open: HashMap<String, Instant>,
    bad_tries: u8,
    lock: Lock,
}

impl Sessions {
    pub(super) fn new(profile: &Profile) -> Self {
        Self {
            password: profile.password.clone(),
            username: profile.username.clone(),
            digest: profile.digest,
            idle: profile.session_idle,
            single: profile.single_session,
            tries_allowed: profile.bad_tries,
            lockout: profile.lockout,
            randoms: Vec::new(),
            open: HashMap::new(),
            bad_tries: 0,
            lock: Lock::Open,
        }
    }

    /// A random number for one login (vendor guide, Request for Random Number).
    pub(super) fn random(&mut self) -> String {
        let random = fastrand::u64(1_000_000_000..10_000_000_000).to_string();
        if self.randoms.len() == RANDOMS_KEPT {
            self.randoms.remove(0);
        }
        self.randoms.push(random.clone());
        random
    }

    /// A login with the hash of `name:random:password`; a bad one uses up every random number that waits.
    pub(super) fn login(&mut self, name: &str, secret: &str, sha: bool, now: Instant) -> Login {
        if self.locked(now) {
            return Login::Locked;
        }
        let sha = sha || self.digest == Digest::Sha256;
        let fits = |random: &String| {
            let secret_due = format!("{name}:{random}:{}", self.password);
            let hash =
                if sha { hex(&Sha256::digest(secret_due)) } else { hex(&Md5::digest(secret_due)) };
            hash.eq_ignore_ascii_case(secret)
        };
        let used = self.randoms.iter().position(fits);
        if let Some(used) = used.filter(|_| name == self.username) {
            self.randoms.remove(used);
            self.bad_tries = 0;
            Login::Welcome(self.open_session(now))
        } else {
            self.randoms.clear();
            self.bad_try(now);
            if name == self.username {
                Login::WrongSecret(self.bad_tries)
            } else {
                Login::WrongName(self.bad_tries)
            }
        }
    }

    /// Whether the session of this cookie is open; being asked keeps it so.
    pub(super) fn is_open(&mut self, cookie: &str, now: Instant) -> bool {
        let idle = self.idle;
        self.open.retain(|_, used| now.saturating_duration_since(*used) < idle);
        self.open.get_mut(cookie).is_some_and(|used| {
            *used = now;
            true
        })
    }

    /// Whether a request with this passcode is let in (CTI guide); `Locked` also for the right one.
    pub(super) fn passcode(&mut self, passcode: &str, now: Instant) -> Result<(), Login> {
        if self.locked(now) {
            return Err(Login::Locked);
        }
        if passcode == self.password {
            self.bad_tries = 0;
            return Ok(());
        }
        self.bad_try(now);
        Err(Login::WrongSecret(self.bad_tries))
    }

    /// Whether the lock lasts until the next boot (`LockType=2`).
    pub(super) fn locked_until_boot(&self) -> bool {
        self.lock == Lock::UntilBoot
    }

    /// How many bad tries there were since the last good one.
    pub(super) fn bad_tries(&self) -> u8 {
        self.bad_tries
    }

    /// Ends all sessions.
    pub(super) fn expire(&mut self) {
        self.open.clear();
    }

    /// A boot: no sessions, no random numbers, no lock.
    pub(super) fn boot(&mut self) {
        self.open.clear();
        self.randoms.clear();
        self.bad_tries = 0;
        self.lock = Lock::Open;
    }

    fn open_session(&mut self, now: Instant) -> String {
        if self.single {
            self.open.clear();
        }
        let cookie = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        self.open.insert(cookie.clone(), now);
        cookie
    }

    fn bad_try(&mut self, now: Instant) {
        self.bad_tries += 1;
        if self.bad_tries >= self.tries_allowed {
            self.lock = match self.lockout {
                Some(lockout) => Lock::Until(now + lockout),
                None => Lock::UntilBoot,
            };
        }
    }

    fn locked(&mut self, now: Instant) -> bool {
        match self.lock {
            Lock::Open => false,
            Lock::UntilBoot => true,
            Lock::Until(end) if now < end => true,
            Lock::Until(_) => {
                self.lock = Lock::Open;
                self.bad_tries = 0;
                false
            }
        }
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a made-up beginning of time needs some instant")]
mod tests {
    use super::*;

    fn md5(random: &str, password: &str) -> String {
        hex(&Md5::digest(format!("gmiadmin:{random}:{password}")))
    }

    fn cookie(login: Login) -> String {
        match login {
            Login::Welcome(cookie) => cookie,
            refused @ (Login::WrongName(_) | Login::WrongSecret(_) | Login::Locked) => {
                panic!("{refused:?}")
            }
        }
    }

    #[test]
    fn a_random_number_is_good_for_one_login() {
        let (mut doors, now) = (Sessions::new(&Profile::default()), Instant::now());
        let secret = md5(&doors.random(), "admin");
        assert!(matches!(doors.login("gmiadmin", &secret, false, now), Login::Welcome(_)));
        assert_eq!(doors.login("gmiadmin", &secret, false, now), Login::WrongSecret(1));
        let random = doors.random();
        let sha = hex(&Sha256::digest(format!("gmiadmin:{random}:admin")));
        assert!(matches!(doors.login("gmiadmin", &sha, true, now), Login::Welcome(_)));
    }

    #[test]
    fn five_bad_tries_lock_everybody_out_for_five_minutes() {
        let (mut doors, now) = (Sessions::new(&Profile::default()), Instant::now());
        for tries in 1..=4 {
            let secret = md5(&doors.random(), "wrong");
            assert_eq!(doors.login("gmiadmin", &secret, false, now), Login::WrongSecret(tries));
        }
        assert_eq!(doors.login("root", "", false, now), Login::WrongName(5));
        let secret = md5(&doors.random(), "admin");
        let later = now + Duration::from_secs(299);
        assert_eq!(doors.login("gmiadmin", &secret, false, later), Login::Locked);
        let later = now + Duration::from_mins(5);
        cookie(doors.login("gmiadmin", &secret, false, later));
    }

    #[test]
    fn a_lock_without_end_lasts_until_the_next_boot() {
        let profile = Profile { lockout: None, bad_tries: 1, ..Profile::cti() };
        let (mut doors, now) = (Sessions::new(&profile), Instant::now());
        assert_eq!(doors.passcode("wrong", now), Err(Login::WrongSecret(1)));
        let later = now + Duration::from_secs(1_000_000);
        assert_eq!(doors.passcode("admin", later), Err(Login::Locked));
        assert!(doors.locked_until_boot());
        doors.boot();
        assert_eq!(doors.passcode("admin", later), Ok(()));
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it_or_another_takes_its_place() {
        let profile = Profile { single_session: true, ..Profile::default() };
        let (mut doors, now) = (Sessions::new(&profile), Instant::now());
        let secret = md5(&doors.random(), "admin");
        let first = cookie(doors.login("gmiadmin", &secret, false, now));
        let soon = now + Duration::from_secs(899);
        assert!(doors.is_open(&first, soon));
        assert!(doors.is_open(&first, soon + Duration::from_secs(899)));
        assert!(!doors.is_open(&first, soon + Duration::from_secs(2000)));
        let first = doors.open_session(now);
        let second = doors.open_session(now);
        assert!(!doors.is_open(&first, now) && doors.is_open(&second, now));
    }
}
