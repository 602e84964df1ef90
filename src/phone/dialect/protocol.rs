//! What a dialect is: a protocol as plain values. It says which request comes next and what a reply means; `phone::http` sends it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::domain::secret::Secret;

use crate::domain::request::{Answer, PhoneError, PhoneRequest, Role};

/// Names and values of a query, a form or of cookies.
pub type Fields = Vec<(Cow<'static, str>, String)>;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`, with a form.
    Post,
}

/// A request of a dialect; its values may be secret, so it is never shown.
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The path below the phone's address.
    pub path: String,
    /// The query.
    pub query: Fields,
    /// The form, if it is a `POST`.
    pub form: Fields,
    /// Cookies beside those that the phone has set; one of the same name is the phone's.
    pub cookies: Fields,
    /// Whether the answer may have thousands of contacts.
    pub is_long: bool,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Where it redirects to: scheme and host only.
    pub redirect: Option<String>,
    /// Whether the phone has set a cookie that goes along with the next request.
    pub has_cookie: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// What a login has brought, and later requests need.
#[derive(Debug, Clone, Default)]
pub enum Session {
    /// Nothing: each request carries its own credentials.
    #[default]
    None,
    /// Cookies, which the phone has set.
    Cookie,
    /// An id, as a cookie and as a field; a secret.
    Sid(Secret),
}

/// What comes next in a login.
pub enum Step {
    /// Sends this; the reply goes to the login that comes with it.
    Send(HttpRequest, Box<dyn Login>),
    /// The phone took the login.
    LoggedIn {
        /// What it has brought.
        session: Session,
        /// Whether the phone said yes explicitly; else the first request tells whether the login holds.
        is_clear: bool,
    },
    /// The phone did not take it: it refused, is locked, or makes no sense.
    Refused(PhoneError),
}

/// A login under way.
pub trait Login: Send {
    /// Handles the reply to the request that came with it.
    fn next(self: Box<Self>, reply: &Reply) -> Step;
}

/// Why a reply is no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The phone wants a login, or a new one.
    SessionExpired,
    /// Anything else.
    Phone(PhoneError),
}

impl From<PhoneError> for ReadError {
    fn from(error: PhoneError) -> Self {
        Self::Phone(error)
    }
}

/// What was learned of one phone by trying, where phones of one dialect differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Learned {
    /// It takes a call off hold by `unhold`, and not by `holdcall` again.
    pub unholds: bool,
}

/// One way to talk to phones, with the credentials and paths of one phone.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// Returns the first request of a login; none where each request carries its own credentials, or there are none.
    fn login(&self) -> Option<(HttpRequest, Box<dyn Login>)>;

    /// Returns the request that asks this.
    fn request(&self, request: &PhoneRequest, session: &Session, learned: Learned) -> HttpRequest;

    /// Reads the reply to a request.
    fn read(&self, request: &PhoneRequest, reply: &Reply) -> Result<Answer, ReadError>;

    /// Returns what it means that the phone wants a login for one function, and answers others as it is asked now.
    fn forbidden(&self) -> PhoneError;

    /// Returns what it means that the phone wants a login even for its lines: without those it is useless.
    fn unauthorized(&self) -> PhoneError;

    /// Returns `true` if the bridge logs in with this password of this role.
    fn logs_in_with(&self, role: Role, password: &Secret) -> bool;

    /// Returns the same with another password.
    fn with_password(&self, password: Secret) -> Arc<dyn Dialect>;
}
