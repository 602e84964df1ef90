//! The login of the vendor's Web API guide: a hash of user, random number and password, then a cookie.

use std::borrow::Cow;

use crate::domain::secret::Secret;
use data_encoding::HEXLOWER;
use md5::Md5;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::domain::request::{Function, PhoneError};
use crate::phone::dialect::protocol::{
    Fields, HttpRequest, Login, Method, ReadError, Reply, Session, Step,
};
use crate::phone::dialect::webapi::{WebApi, check_status};
use crate::phone::dialect::{Credentials, Digest};

/// The longest random number that is taken for one.
const RANDOM: usize = 256;

/// A login that waits for the random number.
struct AwaitsRandom {
    api: WebApi,
    credentials: Credentials,
}

/// A login that waits for the phone's yes or no.
struct AwaitsVerdict {
    api: WebApi,
}

/// Vendor guide, Request for Random Number.
pub(super) fn begin(api: &WebApi, credentials: &Credentials) -> (HttpRequest, Box<dyn Login>) {
    let request = api.request(Function::LoginRealm, Method::Get, Vec::new());
    let login = AwaitsRandom { api: api.clone(), credentials: credentials.clone() };
    (request, Box::new(login))
}

impl Login for AwaitsRandom {
    /// Vendor guide, Password Token Authentication; `t=sha` and SHA-256 as the web page of newer firmware has it.
    fn next(self: Box<Self>, reply: &Reply) -> Step {
        let random = match read_realm(reply) {
            Ok(random) => random,
            Err(error) => {
                return Step::Refused(self.api.name_the_path(Function::LoginRealm, error));
            }
        };
        let Credentials { username, password, digest } = &self.credentials;
        let password = password.as_ref().map_or("", |password| password.expose());
        let token = format!("{username}:{random}:{password}");
        let secret = match digest {
            Digest::Md5 => HEXLOWER.encode(&Md5::digest(token)),
            Digest::Sha256 => HEXLOWER.encode(&Sha256::digest(token)),
        };
        let mut fields: Fields =
            vec![("Username".into(), username.clone()), ("Secret".into(), secret)];
        if *digest == Digest::Sha256 {
            fields.push(("t".into(), "sha".to_owned()));
        }
        let request = self.api.request(Function::Login, Method::Get, fields);
        Step::Send(request, Box::new(AwaitsVerdict { api: self.api }))
    }
}

impl Login for AwaitsVerdict {
    fn next(self: Box<Self>, reply: &Reply) -> Step {
        read(reply)
            .unwrap_or_else(|error| Step::Refused(self.api.name_the_path(Function::Login, error)))
    }
}

fn logged_in(is_clear: bool, sid: Option<String>) -> Step {
    let session = sid.map_or(Session::Cookie, |sid| Session::Sid(Secret::from(sid)));
    Step::LoggedIn { session, is_clear }
}

/// Returns the text of a reply, without the mark of UTF-8.
fn text_of(reply: &Reply) -> Cow<'_, str> {
    let body = reply.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&reply.body);
    String::from_utf8_lossy(body)
}

/// Reads the random number.
fn read_realm(reply: &Reply) -> Result<String, PhoneError> {
    check_status(reply).map_err(|error| match error {
        ReadError::SessionExpired => {
            PhoneError::BadAnswer("HTTP 401 to the request for a random number".to_owned())
        }
        ReadError::Phone(error) => error,
    })?;
    let text = text_of(reply).trim().to_owned();
    // the guide says a bare number; in JSON it can only be meant without its quotes and wrapper
    let random = match serde_json::from_str(&text) {
        Ok(Value::String(inner)) => inner,
        Ok(Value::Object(object)) => {
            object.get("body").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | Err(_) => text,
    };
    if random.is_empty()
        || random.len() > RANDOM
        || random.contains(|c: char| !c.is_ascii_graphic() || c == '<')
    {
        return Err(PhoneError::BadAnswer("no random number for the login".to_owned()));
    }
    Ok(random)
}

/// Reads the answer to a login: `Response=Success` lines, or JSON, which may hold the session as `body` or `body.sid` (as
/// `dologin` of other families has it), or nothing but a cookie. Only a clear success is one; where the phone says neither
/// yes nor no, a session that came along is tried.
fn read(reply: &Reply) -> Result<Step, PhoneError> {
    check_status(reply).map_err(|error| match error {
        ReadError::SessionExpired => {
            PhoneError::Unauthorized("HTTP 401; check username and password".to_owned())
        }
        ReadError::Phone(PhoneError::Forbidden(why)) => PhoneError::Unauthorized(why),
        ReadError::Phone(error) => error,
    })?;
    let text = text_of(reply);
    let fields = login_fields(&text);
    let field = |key: &str| fields.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
    let verdict = field("response").or_else(|| field("res")).unwrap_or_default();
    let message =
        field("message").or_else(|| field("body")).or_else(|| field("msg")).unwrap_or_default();
    if let Some(refusal) = refusal(message, field("locktype")) {
        return Err(refusal);
    }
    let sid = field("sid").or(Some(message)).filter(|text| is_session(text)).map(str::to_owned);
    if verdict.eq_ignore_ascii_case("success") {
        return Ok(logged_in(true, sid));
    }
    let only_cookie = reply.has_cookie && text.trim().is_empty();
    if verdict.is_empty() && (sid.is_some() || only_cookie) {
        return Ok(logged_in(false, sid));
    }
    if verdict.is_empty() {
        // it may have counted as a bad one: not to be repeated in a loop
        return Err(PhoneError::Unauthorized(
            "its answer to the login is neither yes nor no".to_owned(),
        ));
    }
    let words: String = message.chars().take(80).collect();
    Err(PhoneError::Unauthorized(format!(
        "{words:?}; check username and password, and whether digest fits"
    )))
}

/// Returns what it means if this is a no, whatever else the answer says: a JSON answer may say success in its wrapper.
fn refusal(message: &str, lock_type: Option<&str>) -> Option<PhoneError> {
    let is = |word: &str| message.eq_ignore_ascii_case(word);
    if is("locked") {
        let until =
            if lock_type == Some("2") { "until it is restarted" } else { "for 5 minutes or more" };
        let why = format!("too many bad logins; it is locked {until}");
        return Some(PhoneError::LockedOut(why));
    }
    // WP826 and GDS say it of a user whose web access is off (security.webAccess.user.enable)
    let why = if is("user is not allow") {
        "web access is off for this user: switch it on in the phone's own web page, or set another username"
    } else if is("unauthorized") || is("false") {
        "it says no; check username and password, and whether digest fits"
    } else {
        return None;
    };
    Some(PhoneError::Unauthorized(why.to_owned()))
}

/// Returns `true` if this can be a session: long, with a digit, and nothing in it that a cookie can't hold.
fn is_session(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (8..=RANDOM).contains(&text.len())
        && text.chars().all(fits)
        && text.contains(|c: char| c.is_ascii_digit())
}

/// Returns the fields of a login's answer, keys in lower case.
fn login_fields(text: &str) -> Vec<(String, String)> {
    let pairs: Vec<(String, String)> = match serde_json::from_str(text.trim()) {
        Ok(Value::Object(mut object)) => {
            if let Some(Value::Object(inner)) = object.get("body") {
                let sid = inner.get("sid").cloned();
                object.extend(sid.map(|sid| ("sid".to_owned(), sid)));
            }
            let text =
                |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            object.into_iter().map(|(key, value)| (key, text(&value))).collect()
        }
        _ => text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
            .collect(),
    };
    pairs.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), value)).collect()
}
