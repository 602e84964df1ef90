//! The dialect of the vendor's Web API guide (GXV33xx, WP820): login by random number, then a cookie.

use std::borrow::Cow;

use md5::{Digest as _, Md5};
use secrecy::ExposeSecret;
use serde_json::Value;
use sha2::Sha256;

use crate::domain::request::PhoneError;

use super::answer::check_status;
use super::{Dialect, Digest, Error, Function, Reply, Request, Welcome};

/// The longest random number that is taken for one.
const RANDOM: usize = 256;

/// Phrases a request: what the guide calls body parameters is a form, and so a `POST`.
pub(super) fn phrase(mut request: Request) -> Request {
    request.post = match request.function {
        Function::GetAccounts
        | Function::GetLineStatus
        | Function::SetValues
        | Function::ChangePassword
        | Function::GetContacts
        | Function::SaveContact
        | Function::DeleteContact
        | Function::DeleteAllContacts
        | Function::GetGroups
        | Function::AddGroup
        | Function::EditGroup => true,
        Function::LoginRealm
        | Function::Login
        | Function::GetValues
        | Function::GetPhoneStatus
        | Function::GetTime
        | Function::MakeCall
        | Function::PhoneOperation
        | Function::SystemOperation
        | Function::PhonebookDownload => false,
    };
    if request.post {
        request.form = std::mem::take(&mut request.query);
    }
    request
}

/// Vendor guide, Request for Random Number.
pub(super) fn login_realm() -> Request {
    Request { function: Function::LoginRealm, post: false, query: Vec::new(), form: Vec::new() }
}

/// Returns the text of a reply, without the mark of UTF-8.
fn text_of(reply: &Reply) -> Cow<'_, str> {
    let body = reply.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&reply.body);
    String::from_utf8_lossy(body)
}

/// Reads the random number.
pub(super) fn read_realm(reply: &Reply) -> Result<String, PhoneError> {
    check_status(reply).map_err(|error| match error {
        Error::SessionExpired => {
            PhoneError::BadAnswer("HTTP 401 to the request for a random number".to_owned())
        }
        Error::PhoneError(trouble) => trouble,
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

/// Vendor guide, Password Token Authentication; `t=sha` and SHA-256 as the web page of newer firmware has it.
pub(super) fn login(dialect: &Dialect, random: &str) -> Request {
    let password = dialect.password.as_ref().map_or("", |password| password.expose_secret());
    let token = format!("{}:{random}:{password}", dialect.username);
    let secret = match dialect.digest {
        Digest::Md5 => hex(&Md5::digest(token)),
        Digest::Sha256 => hex(&Sha256::digest(token)),
    };
    let mut query: super::Fields =
        vec![("Username".into(), dialect.username.clone()), ("Secret".into(), secret)];
    if dialect.digest == Digest::Sha256 {
        query.push(("t".into(), "sha".to_owned()));
    }
    Request { function: Function::Login, post: false, query, form: Vec::new() }
}

/// Reads the answer to a login: `Response=Success` lines, or JSON, which may hold the session as `body` or `body.sid` (as
/// `dologin` of other families has it), or nothing but a cookie. Only a clear success is one; where the phone says neither
/// yes nor no, a session that came along is tried.
pub(super) fn read_login(reply: &Reply, cookie: bool) -> Result<Welcome, PhoneError> {
    check_status(reply).map_err(|error| match error {
        Error::SessionExpired => {
            PhoneError::Unauthorized("HTTP 401; check username and password".to_owned())
        }
        Error::PhoneError(PhoneError::Forbidden(why)) => PhoneError::Unauthorized(why),
        Error::PhoneError(trouble) => trouble,
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
        return Ok(Welcome { is_clear: true, sid });
    }
    let only_cookie = cookie && text.trim().is_empty();
    if verdict.is_empty() && (sid.is_some() || only_cookie) {
        return Ok(Welcome { is_clear: false, sid });
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

/// Says what it means if this is a no, whatever else the answer says: a JSON answer may say success in its wrapper.
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

/// Says whether this can be a session: long, with a digit, and nothing in it that a cookie can't hold.
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

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes any text");
        text
    })
}
