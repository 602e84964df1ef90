//! How to talk to a phone, as plain values: nothing is sent here. A dialect is a protocol (`protocol`), one folder each and a row
//! of [`DialectKind::TABLE`]; `webapi` is what those of the vendor's Web API share.
//!
//! ```
//! use gxv2mqtt::domain::request::{Answer, PhoneRequest, StatusQuery};
//! use gxv2mqtt::domain::telephony::LineState;
//! use gxv2mqtt::phone::dialect::*;
//!
//! let credentials =
//!     Credentials { username: String::new(), password: Some("1234".into()), digest: Digest::Md5 };
//! let options = DialectOptions {
//!     credentials,
//!     account_base: 0,
//!     line_account_base: 1,
//!     endpoints: Default::default(),
//! };
//! let cti = DialectKind::Cti.of(options);
//! assert!(cti.login().is_none(), "the passcode is in each request");
//!
//! let lines = PhoneRequest::Read(StatusQuery::Lines);
//! let request = cti.request(&lines, &Session::None, Learned::default());
//! assert_eq!(request.path, "/cgi-bin/api-get_line_status");
//! assert_eq!(request.query, [("passcode".into(), "1234".to_owned())]);
//!
//! let body = br#"{"response":"success","body":[{"line":1,"state":"ringing","remotenumber":"1001"}]}"#;
//! let reply = Reply { status: 200, redirect: None, has_cookie: false, body: body.to_vec() };
//! let Ok(Answer::Lines(lines)) = cti.read(&lines, &reply) else { panic!("no lines") };
//! assert_eq!(lines[0].state, LineState::Ringing);
//! ```

mod cti;
mod gxv;
mod protocol;
#[cfg(test)]
mod tests;
mod webapi;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::secret::Secret;

pub use protocol::{
    Dialect, Fields, HttpRequest, Learned, Login, Method, ReadError, Reply, Session, Step,
};
pub use webapi::ENDPOINTS;

use crate::domain::request::Function;

/// The dialects of the phones' HTTP API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DialectKind {
    /// The vendor's Web API guide for GXV33xx and WP820: login by random number, cookie session.
    #[default]
    Gxv,
    /// The vendor's CTI guide for GXP and GRP: the passcode in the query.
    Cti,
}

/// A row of the table of dialects.
#[derive(Debug)]
pub struct DialectRow {
    /// Which.
    pub kind: DialectKind,
    /// Its name in the settings.
    pub name: &'static str,
    /// How its phones are told which URL to call when something happens.
    pub push: PushForm,
    /// What is known of a function in this dialect.
    pub support: fn(Function) -> Support,
    new: fn(DialectOptions) -> Arc<dyn Dialect>,
}

/// What is known of a function in a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// The vendor's guide for this dialect has it.
    Documented,
    /// The guide does not have it; captures, or clients of other people, do.
    Seen,
    /// The dialect has no such function, and needs none.
    None,
}

/// How phones are told which URL to call when something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushForm {
    /// "Event Notification" of the GXV pages: variables in the path.
    EventNotification,
    /// "Action URL" of the GXP and GRP pages, or its P-values: variables in the query.
    ActionUrl,
}

/// The hash of the login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Digest {
    /// As the vendor's guide says.
    #[default]
    Md5,
    /// As newer firmware wants it.
    Sha256,
}

/// Who logs in, and how.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// Its password.
    pub password: Option<Secret>,
    /// How the login is hashed.
    pub digest: Digest,
}

/// What a dialect has to know of one phone.
#[derive(Debug, Clone)]
pub struct DialectOptions {
    /// Who logs in.
    pub credentials: Credentials,
    /// The number of account 1 in `make_call`.
    pub account_base: u16,
    /// The number of account 1 in the status of lines.
    pub line_account_base: u16,
    /// Request paths that this firmware spells otherwise.
    pub endpoints: BTreeMap<Function, String>,
}

impl DialectKind {
    /// Every dialect.
    pub const TABLE: [DialectRow; 2] = [
        DialectRow {
            kind: Self::Gxv,
            name: "gxv",
            push: PushForm::EventNotification,
            support: gxv::support,
            new: gxv::Gxv::boxed,
        },
        DialectRow {
            kind: Self::Cti,
            name: "cti",
            push: PushForm::ActionUrl,
            support: cti::support,
            new: cti::Cti::boxed,
        },
    ];

    fn row(self) -> &'static DialectRow {
        const { &Self::TABLE }
            .iter()
            .find(|row| row.kind == self)
            .expect("every dialect has its row, as a test knows")
    }

    /// Returns the name of this dialect in the settings.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns how its phones are told which URL to call.
    pub fn push(self) -> PushForm {
        self.row().push
    }

    /// Returns the dialect for one phone.
    pub fn of(self, options: DialectOptions) -> Arc<dyn Dialect> {
        (self.row().new)(options)
    }
}

impl Credentials {
    /// Returns `true` if this is the password.
    fn has(&self, password: &Secret) -> bool {
        let same = |ours: &Secret| ours.expose() == password.expose();
        self.password.as_ref().is_some_and(same)
    }
}
