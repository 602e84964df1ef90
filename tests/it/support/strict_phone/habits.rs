//! What the sources leave open about a phone: each open point is a habit, so that a test can have it either way.
//!
//! `reference/phone-protocol.md` sections 2.1, 3.1, 4 and 9, and `reference/phone-dialects.md` section 2.1 say what is open.

use std::time::Duration;

/// The two ways of talking to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// GXV33xx: a login, and a cookie.
    Gxv,
    /// GXP, GRP, DP: the passcode in each query.
    Cti,
}

/// How the server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It closes.
    Fin,
    /// It resets.
    Reset,
}

/// How the end of an answer's body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// By its length.
    Length,
    /// By chunks.
    Chunks,
    /// By the end of the connection.
    Close,
}

/// How header names are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// `Content-Type`.
    Usual,
    /// `content-type`.
    Lower,
    /// `CONTENT-TYPE`.
    Upper,
}

/// How an answer is put on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) version: &'static str,
    pub(crate) case: Case,
    pub(crate) content_type: &'static str,
    pub(crate) framing: Framing,
    /// What stands before the body.
    pub(crate) before: &'static str,
    /// What stands after it.
    pub(crate) after: &'static str,
    /// Into pieces of which size it is cut; 0 for one.
    pub(crate) piece: usize,
}

impl Style {
    /// As a plain server answers; JSON as `text/plain` is what these phones do most.
    pub(crate) const PLAIN: Self = Self {
        version: "HTTP/1.1",
        case: Case::Usual,
        content_type: "text/plain",
        framing: Framing::Length,
        before: "",
        after: "",
        piece: 0,
    };
}

/// What the answer to a login looks like; nobody has captured it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginAnswer {
    /// `Response=Success`, as the Android web page reads it.
    Text,
    /// `{"res":"success",…}`, as the GMI guide has it.
    Res,
    /// `{"response":"success",…}`, as all other functions have it.
    Response,
    /// Nothing but the cookie.
    Empty,
}

/// How the phone says that the session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    /// `{"response":"success","body":"unauthorized"}`; contacts and groups in their own words.
    Unauthorized,
    /// `{"response":"error","body":{"status":"session-expired"}}`.
    SessionExpired,
    /// HTTP 401, and HTML.
    Html,
    /// `{"res":"error","msg":"authentication required"}`.
    AuthenticationRequired,
}

/// How a held call is resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// By `unhold`; `holdcall` is refused then.
    Unhold,
    /// By `holdcall` again; there is no `unhold`.
    Toggle,
}

/// What happens to functions that the CTI guide does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BeyondCti {
    /// They want a session, so the passcode is not enough.
    Unauthorized,
    /// They are not there.
    NotFound,
}

/// All of it.
#[derive(Debug, Clone)]
pub(crate) struct CallSettings {
    pub(crate) dialect: Dialect,
    pub(crate) style: Style,
    pub(crate) login: LoginAnswer,
    pub(crate) denial: Denial,
    pub(crate) hold: Hold,
    pub(crate) beyond_cti: BeyondCti,
    /// The name of the parameter that names the line of a phone operation.
    pub(crate) line_parameter: &'static str,
    /// Whether numbers are written as texts, and `goupID` as the guide's table has it.
    pub(crate) texts: bool,
    pub(crate) end: End,
    /// After how long an idle connection is ended.
    pub(crate) keep_alive: Duration,
    /// How many requests a connection may carry.
    pub(crate) requests: usize,
    /// After how long without a request a session is over.
    pub(crate) session: Duration,
    /// How long a restart takes.
    pub(crate) restart: Duration,
}

impl CallSettings {
    /// A phone by the vendor's Web API guide.
    pub(crate) fn gxv() -> Self {
        Self {
            dialect: Dialect::Gxv,
            style: Style::PLAIN,
            login: LoginAnswer::Text,
            denial: Denial::Unauthorized,
            hold: Hold::Unhold,
            beyond_cti: BeyondCti::Unauthorized,
            line_parameter: "arg",
            texts: false,
            end: End::Fin,
            keep_alive: Duration::from_secs(5),
            requests: 100,
            session: Duration::from_mins(15),
            restart: Duration::from_millis(300),
        }
    }

    /// A phone by the vendor's CTI guide.
    pub(crate) fn cti() -> Self {
        Self { dialect: Dialect::Cti, hold: Hold::Toggle, ..Self::gxv() }
    }
}
