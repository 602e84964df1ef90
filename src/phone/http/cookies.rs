//! The cookies that one phone has set, in memory and up to a size.
//!
//! Each phone has a client of its own, and its requests go to one host: of RFC 6265 only names, paths, and the end of a cookie
//! matter. A date of expiry is not looked at, but where the phone takes a cookie back by one of the past.

use std::fmt;

use cookie::Cookie;
use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};

use crate::phone::dialect::Fields;

/// Maximum number of cookies that are kept; the oldest goes for a new one.
const COOKIES: usize = 16;
/// The longest cookie, name and value, in bytes; a longer one is left out (RFC 6265, 6.1).
const LONGEST: usize = 4096;

/// A phone whose clock is wrong means its cookies all the same, but for those that ended before there were such phones.
const LONG_AGO: i32 = 2000;

/// The cookies of one phone.
#[derive(Default)]
pub(super) struct Cookies(Vec<Kept>);

struct Kept {
    name: String,
    value: String,
    path: String,
}

impl fmt::Debug for Cookies {
    /// Shows no secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} cookies", self.0.len())
    }
}

impl Cookies {
    /// Takes what an answer sets; it was asked at this path.
    pub(super) fn take(&mut self, headers: &HeaderMap, asked: &str) {
        for header in headers.get_all(SET_COOKIE) {
            if header.len() > 2 * LONGEST {
                continue;
            }
            if let Ok(text) = header.to_str()
                && let Ok(cookie) = Cookie::parse(text)
            {
                self.set(&cookie, asked);
            }
        }
    }

    fn set(&mut self, cookie: &Cookie<'_>, asked: &str) {
        let (name, value) = cookie.name_value();
        if name.len() + value.len() > LONGEST {
            return;
        }
        let path = match cookie.path() {
            Some(path) if path.starts_with('/') => path,
            Some(_) | None => asked.rsplit_once('/').map_or("/", |(folder, _)| folder),
        };
        let path = if path.is_empty() { "/" } else { path };
        self.0.retain(|kept| kept.name != name || kept.path != path);
        let is_taken_back = cookie.max_age().is_some_and(|age| !age.is_positive())
            || cookie.max_age().is_none()
                && cookie.expires_datetime().is_some_and(|end| end.year() <= LONG_AGO);
        if is_taken_back {
            return;
        }
        if self.0.len() >= COOKIES {
            self.0.remove(0);
        }
        let [name, value, path] = [name, value, path].map(str::to_owned);
        self.0.push(Kept { name, value, path });
    }

    /// Returns `true` if one of them goes along with a request of this path.
    pub(super) fn has_any(&self, path: &str) -> bool {
        self.0.iter().any(|kept| kept.is_for(path))
    }

    /// Returns the header of a request: those that the phone has set for its path, and of the dialect's own those that the
    /// phone has not set; none, if there is no cookie.
    pub(super) fn header(&self, path: &str, own: &Fields) -> Option<HeaderValue> {
        if self.0.is_empty() && own.is_empty() {
            return None;
        }
        let mut set: Vec<_> = self.0.iter().filter(|kept| kept.is_for(path)).collect();
        // the longer path first (RFC 6265, 5.4)
        set.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        let missing = own.iter().filter(|(name, _)| set.iter().all(|kept| kept.name != *name));
        let mut text = String::new();
        let pairs = missing.map(|(name, value)| (name.as_ref(), value));
        for (name, value) in pairs.chain(set.iter().map(|kept| (&*kept.name, &kept.value))) {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.extend([name, "=", value]);
        }
        let mut header = HeaderValue::from_str(&text).ok().filter(|_| !text.is_empty())?;
        header.set_sensitive(true);
        Some(header)
    }
}

impl Kept {
    /// RFC 6265, 5.1.4.
    fn is_for(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str()).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(set: &[&str]) -> Cookies {
        let mut cookies = Cookies::default();
        for text in set {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, HeaderValue::from_str(text).unwrap());
            cookies.take(&headers, "/cgi-bin/dologin");
        }
        cookies
    }

    fn sent(set: &[&str], path: &str) -> String {
        let own = vec![("sid".into(), "own".to_owned()), ("role".into(), "admin".to_owned())];
        let header = after(set).header(path, &own);
        header.unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn cookies_go_where_they_belong() {
        for (set, path, expected) in [
            (&[][..], "/", "sid=own; role=admin"),
            (&["sid=1; HttpOnly; Path=/"], "/cgi-bin/api", "role=admin; sid=1"),
            (&["sid=1"], "/cgi-bin/api", "role=admin; sid=1"),
            (&["sid=1"], "/other", "sid=own; role=admin"),
            (&["sid=1; Path=/cgi"], "/cgi-bin/api", "sid=own; role=admin"),
            (&["sid=1; Path=/", "sid=2; Path=/cgi-bin"], "/cgi-bin/a", "role=admin; sid=2; sid=1"),
            (&["sid=1; Path=/", "sid=2; Path=/"], "/", "role=admin; sid=2"),
            (&["sid=1; Path=/", "sid=; Path=/; Max-Age=0"], "/", "sid=own; role=admin"),
            (
                &["sid=1; Path=/", "sid=x; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
                "/",
                "sid=own; role=admin",
            ),
            // its clock was never set
            (&["sid=1; Path=/; Expires=Sat, 05 Jan 2013 00:00:00 GMT"], "/", "role=admin; sid=1"),
            (&["sid=\"a b\"; Path=/"], "/", "role=admin; sid=\"a b\""),
        ] {
            assert_eq!(sent(set, path), expected, "{set:?}");
        }
    }

    #[test]
    fn a_phone_can_set_only_so_much() {
        let mut cookies = Cookies::default();
        for number in 0..10_000 {
            let mut headers = HeaderMap::new();
            for name in ["a", "b"] {
                let text = format!("{name}{number}={}; Path=/", "x".repeat(4000));
                headers.append(SET_COOKIE, HeaderValue::from_str(&text).unwrap());
            }
            let long = format!("long={}", "x".repeat(LONGEST));
            headers.append(SET_COOKIE, HeaderValue::from_str(&long).unwrap());
            cookies.take(&headers, "/");
        }
        let header = cookies.header("/", &Vec::new()).unwrap();
        assert!(header.len() < COOKIES * (LONGEST + 2), "{}", header.len());
        assert!(header.to_str().unwrap().contains("b9999="), "the newest are kept");
        assert!(!header.to_str().unwrap().contains("long="));
    }
}
