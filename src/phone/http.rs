//! Sends requests to a phone: time limits, cookies, the login, size limits. What they say is the dialect's.

mod cookies;
mod failure;
mod logins;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderValue, LOCATION, ORIGIN, REFERER,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::domain::request::{
    Answer, Operation, PhoneError, PhoneRequest, StatusQuery, SystemOperation,
};
use crate::domain::telephony::{Line, LineState};
use crate::domain::text::short;

use super::dialect::{
    Dialect, Fields, HttpRequest, Learned, Login, Method, ReadError, Reply, Session, Step,
};
use super::options::{PhoneOptions, Tls};
use super::tls;

use cookies::Cookies;
pub use failure::Failed;
use failure::WORDS;
use logins::Logins;

/// The largest answer, in bytes, but for those with thousands of contacts.
const BODY_LIMIT: usize = 256 * 1024;
/// An answer that is larger, in bytes, is read aside.
const QUICK: usize = 32 * 1024;
/// What reads large answers: each takes up to some ten times its size meanwhile.
static READERS: Semaphore = Semaphore::const_new(2);
/// What a form calls itself.
const FORM: &str = "application/x-www-form-urlencoded";
/// The largest list of contacts, in bytes.
const PHONEBOOK_LIMIT: usize = 4 * 1024 * 1024;
/// Maximum part of an answer that is logged, in bytes.
const EXCERPT: usize = 2048;
/// How long a command waits for the next login.
const PATIENCE: Duration = Duration::from_secs(5);
/// The request that tells whether a session holds.
const LINES: PhoneRequest = PhoneRequest::Read(StatusQuery::Lines);
/// How long a line may take to show that it was taken off hold.
const RESUMED: Duration = Duration::from_millis(500);

/// The HTTP clients of all phones: one for those without TLS settings of their own.
///
/// A client for each phone cost 145 MB for 1,000 phones, a shared one 7 MB.
#[derive(Debug, Default)]
pub struct Clients {
    shared: Option<Client>,
}

impl Clients {
    /// Returns the client for a phone; the error says which of its settings is wrong.
    pub fn client(&mut self, options: &PhoneOptions) -> Result<Client, String> {
        let own = options.url.scheme() == "https" && options.tls != Tls::System;
        if !own && let Some(shared) = &self.shared {
            return Ok(shared.clone());
        }
        let made = client(&options.tls)?;
        if !own {
            self.shared = Some(made.clone());
        }
        Ok(made)
    }
}

fn client(tls: &Tls) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(tls::settings(tls)?)
        .redirect(Policy::none())
        // requests hold secrets: they go to the phone, never to a proxy
        .no_proxy()
        .http1_only()
        .pool_max_idle_per_host(1)
        // sooner than the phone's own web server closes it
        .pool_idle_timeout(Duration::from_secs(4))
        .build()
        .map_err(|error| error.to_string())
}

/// What a phone said of its lines, and what that means.
#[derive(Debug)]
struct LastLines {
    body: Box<[u8]>,
    lines: Arc<[Line]>,
}

/// One phone at the other end of HTTP.
#[derive(Debug)]
pub struct PhoneClient {
    client: Client,
    dialect: Arc<dyn Dialect>,
    learned: Learned,
    url: Url,
    origin: HeaderValue,
    referer: HeaderValue,
    timeout: Duration,
    cookies: Cookies,
    session: Session,
    logins: Logins,
    /// What it said last of its lines, and what that means.
    last: Option<LastLines>,
    /// Whether the phone said explicitly that it took the login.
    is_welcome: bool,
}

impl PhoneClient {
    /// Takes a phone's settings and a client that judges its certificate as they say.
    pub fn new(client: Client, options: &PhoneOptions) -> Self {
        let origin = options.url.origin().ascii_serialization();
        let header = |text: &str| {
            HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
        };
        Self {
            client,
            dialect: options.dialect.of(options.dialect_options()),
            learned: Learned::default(),
            url: options.url.clone(),
            // without both some firmware answers 403 (WP826, GXP2170)
            referer: header(&format!("{origin}/")),
            origin: header(&origin),
            timeout: options.timeout,
            cookies: Cookies::default(),
            session: Session::None,
            logins: Logins::default(),
            last: None,
            is_welcome: false,
        }
    }

    /// Logs in, if this phone wants that before anything else; returns whether it does.
    pub async fn open(&mut self) -> Result<bool, PhoneError> {
        let Some(login) = self.dialect.login() else { return Ok(false) };
        if !self.logins.is_open() {
            let wait = self.logins.wait(Instant::now());
            if !wait.is_zero() {
                return Err(PhoneError::SessionEnded(wait));
            }
            self.log_in(login).await?;
        }
        Ok(true)
    }

    /// Sends a request; logs in first if it must, and once more if the session had ended.
    pub async fn send(&mut self, request: &PhoneRequest) -> Result<Answer, Failed> {
        if let PhoneRequest::Operate { operation: Operation::Resume, line } = request {
            return self.resume(request, *line).await;
        }
        self.send_in_session(request).await
    }

    /// Takes a call off hold. Phones differ in what they want for that: `holdcall` toggles on some, others refuse it on a held
    /// line and want `unhold`, which on none puts a call on hold. What works is remembered.
    async fn resume(&mut self, request: &PhoneRequest, line: u16) -> Result<Answer, Failed> {
        let first = match self.send_in_session(request).await {
            Ok(answer) => answer,
            Err(failed) if failed.is_refusal() => {
                self.learned.unholds = !self.learned.unholds;
                let second = self.send_in_session(request).await;
                if second.is_err() {
                    // neither: what was tried first says why
                    self.learned.unholds = !self.learned.unholds;
                    return Err(failed);
                }
                return second;
            }
            Err(failed) => return Err(failed),
        };
        if !self.learned.unholds && self.holds(line).await {
            sleep(RESUMED).await;
            if self.holds(line).await {
                self.learned.unholds = true;
                self.learned.unholds = self.send_in_session(request).await.is_ok();
            }
        }
        Ok(first)
    }

    /// Returns `true` if this line is on hold for sure.
    async fn holds(&mut self, line: u16) -> bool {
        let is_held = |one: &Line| one.line == line && one.state == LineState::OnHold;
        match self.send_in_session(&LINES).await {
            Ok(Answer::Lines(lines)) => lines.iter().any(is_held),
            Ok(_) | Err(_) => false,
        }
    }

    async fn send_in_session(&mut self, request: &PhoneRequest) -> Result<Answer, Failed> {
        let mut fresh = false;
        loop {
            let was_open = self.logins.is_open();
            self.wait_for_login(request).await;
            fresh |= self.open().await.map_err(before_it)? && !was_open;
            let exchange = self.dialect.request(request, &self.session, self.learned);
            let reply = match self.exchange(exchange).await {
                Ok(reply) => reply,
                // a phone that restarts may not find the time to say so
                Err(failed)
                    if failed.broke
                        && *request == PhoneRequest::System(SystemOperation::Reboot) =>
                {
                    return Ok(Answer::Done);
                }
                Err(failed) => return Err(failed),
            };
            if matches!(request, PhoneRequest::Read(_)) {
                tracing::trace!(status = reply.status, body = %excerpt(&reply.body), "answer");
            }
            match self.read(request, reply).await {
                Ok(answer) => {
                    // a phone may tell its model without a session: only the lines prove that there is one
                    if *request == LINES {
                        self.logins.is_good();
                    }
                    return Ok(self.changed(request).unwrap_or(answer));
                }
                Err(ReadError::Phone(error)) => return Err(Failed::sent(error)),
                Err(ReadError::SessionExpired) => {
                    if let Some(error) = self.not_let_in(request, fresh) {
                        return Err(Failed::sent(error));
                    }
                }
            }
        }
    }

    /// Reads a reply. One that says of the lines what the last one said is not read again, and one that takes long to read keeps
    /// no other phone waiting.
    async fn read(&mut self, request: &PhoneRequest, reply: Reply) -> Result<Answer, ReadError> {
        if reply.body.len() <= QUICK {
            if *request != LINES || reply.status != 200 {
                return self.dialect.read(request, &reply);
            }
            if let Some(last) = self.last.as_ref().filter(|last| *last.body == *reply.body) {
                return Ok(Answer::Lines(Arc::clone(&last.lines)));
            }
            let answer = self.dialect.read(request, &reply);
            self.last = match &answer {
                Ok(Answer::Lines(lines)) => {
                    Some(LastLines { body: reply.body.into(), lines: Arc::clone(lines) })
                }
                Ok(_) | Err(_) => None,
            };
            return answer;
        }
        let _turn = READERS.acquire().await;
        let (dialect, request) = (Arc::clone(&self.dialect), request.clone());
        let read = spawn_blocking(move || dialect.read(&request, &reply)).await;
        read.unwrap_or_else(|_| {
            Err(PhoneError::BadAnswer("reading it panicked: please report it".to_owned()).into())
        })
    }

    /// Lets a command wait where sessions keep ending, if that is not for long: polls come again by themselves.
    async fn wait_for_login(&self, request: &PhoneRequest) {
        let wait = self.logins.wait(Instant::now());
        let closed = self.dialect.login().is_some() && !self.logins.is_open();
        if closed && wait <= PATIENCE && !matches!(request, PhoneRequest::Read(_)) {
            sleep(wait).await;
        }
    }

    /// Returns what it means that the phone wants a login; none if another one is worthwhile at once.
    fn not_let_in(&mut self, request: &PhoneRequest, fresh: bool) -> Option<PhoneError> {
        let lines = *request == LINES;
        if self.dialect.login().is_none() {
            return Some(if lines {
                self.dialect.unauthorized()
            } else {
                self.dialect.forbidden()
            });
        }
        let now = Instant::now();
        if !fresh {
            self.logins.ends(now);
            return None;
        }
        if !self.is_welcome {
            // it never said yes: this is its no
            self.logins.ends(now);
            let why = "it answered the login with neither yes nor no, and then wants one; check username and password";
            return Some(PhoneError::Unauthorized(why.to_owned()));
        }
        if !lines {
            // the session has not ended: it is never good for this
            return Some(self.dialect.forbidden());
        }
        if self.logins.was_useless(now) {
            return Some(PhoneError::SessionEnded(self.logins.wait(now)));
        }
        Some(self.dialect.unauthorized())
    }

    /// Goes on with a new password, if it was ours that the phone has just changed.
    fn changed(&mut self, request: &PhoneRequest) -> Option<Answer> {
        let PhoneRequest::ChangePassword { role, old, new } = request else { return None };
        let ours = self.dialect.logs_in_with(*role, old.secret());
        if ours {
            self.dialect = self.dialect.with_password(new.secret().clone());
        }
        Some(Answer::PasswordChanged { ours })
    }

    async fn log_in(&mut self, login: (HttpRequest, Box<dyn Login>)) -> Result<(), PhoneError> {
        self.cookies = Cookies::default();
        self.session = Session::None;
        let (mut request, mut login) = login;
        loop {
            let reply = self.exchange(request).await?;
            match login.next(&reply) {
                Step::Send(next, rest) => (request, login) = (next, rest),
                Step::LoggedIn { session, is_clear } => {
                    self.session = session;
                    self.is_welcome = is_clear;
                    self.logins.opens(Instant::now());
                    tracing::debug!("logged in");
                    return Ok(());
                }
                Step::Refused(error) => return Err(error),
            }
        }
    }

    /// Sends one request of the dialect.
    async fn exchange(&mut self, request: HttpRequest) -> Result<Reply, Failed> {
        let HttpRequest { method, path, query, form, cookies, is_long } = request;
        let mut url = self.url.clone();
        url.set_path(&path);
        let cookies = self.cookies.header(url.path(), &cookies);
        if !query.is_empty() {
            url.set_query(Some(&encoded(&query)));
        }
        let mut builder = match method {
            Method::Get => self.client.get(url),
            Method::Post => {
                let form = encoded(&form);
                // hyper sends no length with an empty body by itself, and lighttpd then answers 411
                let post = self.client.post(url).header(CONTENT_TYPE, FORM);
                post.header(CONTENT_LENGTH, form.len()).body(form)
            }
        };
        builder = builder.timeout(self.timeout);
        builder = builder.header(ORIGIN, self.origin.clone()).header(REFERER, self.referer.clone());
        if let Some(cookies) = cookies {
            builder = builder.header(COOKIE, cookies);
        }
        let response = builder.send().await.map_err(Failed::from)?;
        self.cookies.take(response.headers(), response.url().path());
        let status = response.status().as_u16();
        let redirect = redirect(&response);
        let has_cookie = self.cookies.has_any(response.url().path());
        let body = body(response, if is_long { PHONEBOOK_LIMIT } else { BODY_LIMIT }).await?;
        Ok(Reply { status, redirect, has_cookie, body })
    }
}

/// Returns fields as a query or a form has them. A space is `%20`, which each server knows: to some a `+` is a plus. Colons stay,
/// as the vendor's guide has them: a list of values is short enough for old firmware only like this.
fn encoded(fields: &Fields) -> String {
    let mut text = Serializer::new(String::new());
    text.extend_pairs(fields).finish().replace('+', "%20").replace("%3A", ":")
}

/// Returns the beginning of an answer, for the log. (Answers to a login are never logged.)
fn excerpt(body: &[u8]) -> String {
    let start = &body[..body.len().min(EXCERPT)];
    String::from_utf8_lossy(start).escape_debug().to_string()
}

/// What went wrong with the login kept what was asked from being sent.
fn before_it(error: PhoneError) -> Failed {
    Failed::unsent(match error {
        PhoneError::Timeout => {
            PhoneError::Unreachable("it did not answer the login in time".to_owned())
        }
        other @ (PhoneError::Unreachable(_)
        | PhoneError::Unauthorized(_)
        | PhoneError::Forbidden(_)
        | PhoneError::LockedOut(_)
        | PhoneError::BadCertificate(_)
        | PhoneError::SessionEnded(_)
        | PhoneError::BadAnswer(_)
        | PhoneError::Refused(_)
        | PhoneError::Unsupported(_)) => other,
    })
}

/// Returns where a response redirects to: no path, which could hold a secret.
fn redirect(response: &Response) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let to = response.url().join(location).ok()?;
    Some(short(&to.origin().ascii_serialization(), WORDS))
}

async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, Failed> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Failed::from)? {
        if body.len() + chunk.len() > limit {
            let error = PhoneError::BadAnswer(format!("more than {limit} bytes"));
            return Err(Failed::sent(error));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
