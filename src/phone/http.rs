//! Sends requests to a phone: time limits, cookies, the login, size limits. It decides nothing else.

mod failure;
mod session;

use std::time::Duration;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderValue, LOCATION, ORIGIN, REFERER, SET_COOKIE,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, sleep};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::domain::request::{
    Answer, Operation, PhoneError, PhoneRequest, StatusQuery, SystemOperation,
};
use crate::domain::telephony::{Line, LineState};

use super::dialect::{Dialect, Error, Fields, Function, Reply, Request};
use super::{PhoneOptions, Tls, tls};

pub use failure::Failed;
use session::Session;

/// No answer that we ask for is larger, but for those with thousands of contacts.
const BODY_LIMIT: usize = 1024 * 1024;
/// What a form calls itself.
const FORM: &str = "application/x-www-form-urlencoded";
/// The largest list of contacts.
const PHONEBOOK_LIMIT: usize = 16 * 1024 * 1024;
/// So much of an answer is logged, in bytes.
const EXCERPT: usize = 2048;
/// How long a command waits for the next login.
const PATIENCE: Duration = Duration::from_secs(5);
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

/// One phone at the other end of HTTP.
#[derive(Debug)]
pub struct PhoneClient {
    client: Client,
    dialect: Dialect,
    url: Url,
    origin: HeaderValue,
    referer: HeaderValue,
    timeout: Duration,
    cookies: Jar,
    session: Session,
    /// The session's id, where the answer to the login named it.
    sid: Option<SecretString>,
    /// Whether the phone said in so many words that it took the login.
    welcome: bool,
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
            dialect: Dialect {
                kind: options.dialect,
                username: options.username.clone(),
                password: options.password.clone(),
                digest: options.digest,
                account_base: options.account_base,
                line_account_base: options.line_account_base,
                endpoints: options.endpoints.clone(),
                unholds: false,
            },
            url: options.url.clone(),
            // without both some firmware answers 403 (WP826, GXP2170)
            referer: header(&format!("{origin}/")),
            origin: header(&origin),
            timeout: options.timeout,
            cookies: Jar::default(),
            session: Session::default(),
            sid: None,
            welcome: false,
        }
    }

    /// Logs in, if this phone wants that before anything else; returns whether it does.
    pub async fn open(&mut self) -> Result<bool, PhoneError> {
        let wanted = self.dialect.has_session();
        if wanted && !self.session.is_open() {
            let wait = self.session.wait(Instant::now());
            if !wait.is_zero() {
                return Err(PhoneError::SessionEnded(wait));
            }
            self.log_in().await?;
        }
        Ok(wanted)
    }

    /// Asks the phone; logs in first if it must, and once more if the session had ended.
    pub async fn ask(&mut self, ask: &PhoneRequest) -> Result<Answer, Failed> {
        if let PhoneRequest::Operate { operation: Operation::Resume, line } = ask {
            return self.resume(ask, *line).await;
        }
        self.obey(ask).await
    }

    /// Takes a call off hold. Phones differ in what they want for that: `holdcall` toggles on some, others refuse it on a held
    /// line and want `unhold`, which on none puts a call on hold. What works is remembered.
    async fn resume(&mut self, ask: &PhoneRequest, line: u16) -> Result<Answer, Failed> {
        let first = match self.obey(ask).await {
            Ok(answer) => answer,
            Err(failed) if failed.is_refusal() => {
                self.dialect.unholds = !self.dialect.unholds;
                let second = self.obey(ask).await;
                if second.is_err() {
                    // neither: what was tried first says why
                    self.dialect.unholds = !self.dialect.unholds;
                    return Err(failed);
                }
                return second;
            }
            Err(failed) => return Err(failed),
        };
        if !self.dialect.unholds && self.holds(line).await {
            sleep(RESUMED).await;
            if self.holds(line).await {
                self.dialect.unholds = true;
                self.dialect.unholds = self.obey(ask).await.is_ok();
            }
        }
        Ok(first)
    }

    /// Returns `true` if this line is on hold for sure.
    async fn holds(&mut self, line: u16) -> bool {
        let is_held = |one: &Line| one.line == line && one.state == LineState::OnHold;
        match self.obey(&PhoneRequest::Read(StatusQuery::Lines)).await {
            Ok(Answer::Lines(lines)) => lines.iter().any(is_held),
            Ok(_) | Err(_) => false,
        }
    }

    async fn obey(&mut self, ask: &PhoneRequest) -> Result<Answer, Failed> {
        let mut fresh = false;
        loop {
            let was_open = self.session.is_open();
            self.wait_for_login(ask).await;
            fresh |= self.open().await.map_err(before_it)? && !was_open;
            let reply = match self.send(self.dialect.request(ask)).await {
                Ok(reply) => reply,
                // a phone that restarts may not find the time to say so
                Err(failed)
                    if failed.broke && *ask == PhoneRequest::System(SystemOperation::Reboot) =>
                {
                    return Ok(Answer::Done);
                }
                Err(failed) => return Err(failed),
            };
            if matches!(ask, PhoneRequest::Read(_)) {
                tracing::trace!(status = reply.status, body = %excerpt(&reply.body), "answer");
            }
            match self.dialect.read(ask, &reply) {
                Ok(answer) => {
                    // a phone may tell its model without a session: only the lines prove that there is one
                    if *ask == PhoneRequest::Read(StatusQuery::Lines) {
                        self.session.is_good();
                    }
                    return Ok(self.changed(ask).unwrap_or(answer));
                }
                Err(Error::PhoneError(trouble)) => return Err(Failed::sent(trouble)),
                Err(Error::SessionExpired) => {
                    if let Some(trouble) = self.not_let_in(ask, fresh) {
                        return Err(Failed::sent(trouble));
                    }
                }
            }
        }
    }

    /// Lets a command wait where sessions keep ending, if that is not for long: polls come again by themselves.
    async fn wait_for_login(&self, ask: &PhoneRequest) {
        let wait = self.session.wait(Instant::now());
        let closed = self.dialect.has_session() && !self.session.is_open();
        if closed && wait <= PATIENCE && !matches!(ask, PhoneRequest::Read(_)) {
            sleep(wait).await;
        }
    }

    /// Says what it means that the phone wants a login; none if another one is worth while at once.
    fn not_let_in(&mut self, ask: &PhoneRequest, fresh: bool) -> Option<PhoneError> {
        let lines = *ask == PhoneRequest::Read(StatusQuery::Lines);
        if !self.dialect.has_session() {
            return Some(if lines {
                self.dialect.unauthorized()
            } else {
                self.dialect.forbidden()
            });
        }
        let now = Instant::now();
        if !fresh {
            self.session.ends(now);
            return None;
        }
        if !self.welcome {
            // it never said yes: this is its no
            self.session.ends(now);
            let why = "it answered the login with neither yes nor no, and then wants one; check username and password";
            return Some(PhoneError::Unauthorized(why.to_owned()));
        }
        if !lines {
            // the session has not ended: it is never good for this
            return Some(self.dialect.forbidden());
        }
        if self.session.was_useless(now) {
            return Some(PhoneError::SessionEnded(self.session.wait(now)));
        }
        Some(self.dialect.unauthorized())
    }

    /// Goes on with a new password, if it was ours that the phone has just changed.
    fn changed(&mut self, ask: &PhoneRequest) -> Option<Answer> {
        let PhoneRequest::ChangePassword { role, old, new } = ask else { return None };
        let ours = self.dialect.logs_in_with(*role, old.secret());
        if ours {
            self.dialect.password = Some(new.secret().clone());
        }
        Some(Answer::PasswordChanged { ours })
    }

    async fn log_in(&mut self) -> Result<(), PhoneError> {
        self.cookies = Jar::default();
        self.sid = None;
        let realm = self.send(self.dialect.login_realm()).await?;
        let login = self.dialect.login(&realm)?;
        let reply = self.send(login).await?;
        let cookie = self.cookie(&self.url_of(Function::GetLineStatus)).is_some();
        let welcome = self.dialect.read_login(&reply, cookie)?;
        self.sid = welcome.sid.map(SecretString::from);
        self.welcome = welcome.is_clear;
        self.session.opens(Instant::now());
        tracing::debug!("logged in");
        Ok(())
    }

    /// Returns where a function is.
    fn url_of(&self, function: Function) -> Url {
        let mut url = self.url.clone();
        url.set_path(&self.dialect.path(function));
        url
    }

    /// Returns the cookies for a request, with the session's id among them. A phone may set them for `/cgi-bin` only.
    fn cookie(&self, url: &Url) -> Option<HeaderValue> {
        let cookies = self.cookies.cookies(url);
        let Some(sid) = &self.sid else { return cookies };
        let mut text = format!("sid={}", sid.expose_secret());
        if let Some(cookies) = cookies.as_ref().and_then(|cookies| cookies.to_str().ok()) {
            if cookies.split("; ").any(|cookie| cookie.starts_with("sid=")) {
                text.clear();
            } else {
                text.push_str("; ");
            }
            text.push_str(cookies);
        }
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    async fn send(&self, mut request: Request) -> Result<Reply, Failed> {
        if let Some(sid) = &self.sid {
            let fields = if request.post { &mut request.form } else { &mut request.query };
            fields.push(("sid".into(), sid.expose_secret().to_owned()));
        }
        let mut url = self.url_of(request.function);
        let cookies = self.cookie(&url);
        if !request.query.is_empty() {
            url.set_query(Some(&encoded(&request.query)));
        }
        let method = if request.post { Method::POST } else { Method::GET };
        let mut builder = self
            .client
            .request(method, url)
            .timeout(self.timeout)
            .header(ORIGIN, self.origin.clone())
            .header(REFERER, self.referer.clone());
        if let Some(cookies) = cookies {
            builder = builder.header(COOKIE, cookies);
        }
        if request.post {
            let form = encoded(&request.form);
            // hyper sends no length with an empty body by itself, and lighttpd then answers 411
            builder =
                builder.header(CONTENT_TYPE, FORM).header(CONTENT_LENGTH, form.len()).body(form);
        }
        let response = builder.send().await.map_err(Failed::from)?;
        self.cookies.set_cookies(&mut response.headers().get_all(SET_COOKIE).iter(), &self.url);
        let status = response.status().as_u16();
        let redirect = redirect(&response);
        let long = matches!(request.function, Function::PhonebookDownload | Function::GetContacts);
        let limit = if long { PHONEBOOK_LIMIT } else { BODY_LIMIT };
        Ok(Reply { status, redirect, body: body(response, limit).await? })
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
fn before_it(trouble: PhoneError) -> Failed {
    Failed::unsent(match trouble {
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
    Some(to.origin().ascii_serialization())
}

async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, Failed> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Failed::from)? {
        if body.len() + chunk.len() > limit {
            let trouble = PhoneError::BadAnswer(format!("more than {limit} bytes"));
            return Err(Failed::sent(trouble));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
