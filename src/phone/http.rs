//! Sends requests to a phone: time limits, cookies, the login, size limits. It decides nothing else.

mod failure;

use std::time::Duration;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{CONTENT_LENGTH, COOKIE, HeaderValue, LOCATION, ORIGIN, REFERER, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use tokio::time::Instant;
use url::Url;

use crate::domain::ask::{Answer, Ask, Question, SystemOperation, Trouble};

use super::dialect::{Dialect, Error, Function, Reply, Request};
use super::{Options, Tls, tls};

pub use failure::Failed;

/// No answer that we ask for is larger, but for those with thousands of contacts.
const BODY_LIMIT: usize = 1024 * 1024;
/// The largest list of contacts.
const PHONEBOOK_LIMIT: usize = 16 * 1024 * 1024;
/// So much of an answer is logged, in bytes.
const EXCERPT: usize = 2048;
/// A session that ends sooner was ended by somebody.
const SHORT_SESSION: Duration = Duration::from_mins(1);
/// So many short sessions in a row are a fight for the phone's only session.
const SHORT_SESSIONS: u32 = 3;

/// The HTTP clients of all phones: one for those without TLS settings of their own.
///
/// A client for each phone cost 145 MB for 1,000 phones, a shared one 7 MB.
#[derive(Debug, Default)]
pub struct Clients {
    shared: Option<Client>,
}

impl Clients {
    /// Returns the client for a phone; the error says which of its settings is wrong.
    pub fn client(&mut self, options: &Options) -> Result<Client, String> {
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
pub struct Handset {
    client: Client,
    dialect: Dialect,
    url: Url,
    origin: HeaderValue,
    referer: HeaderValue,
    timeout: Duration,
    cookies: Jar,
    session: Option<Instant>,
    short_sessions: u32,
}

impl Handset {
    /// Takes a phone's settings and a client that judges its certificate as they say.
    pub fn new(client: Client, options: &Options) -> Self {
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
            },
            url: options.url.clone(),
            // without both some firmware answers 403 (WP826, GXP2170)
            referer: header(&format!("{origin}/")),
            origin: header(&origin),
            timeout: options.timeout,
            cookies: Jar::default(),
            session: None,
            short_sessions: 0,
        }
    }

    /// Logs in, if this phone wants that before anything else; returns whether it does.
    pub async fn open(&mut self) -> Result<bool, Trouble> {
        let wanted = self.dialect.has_session();
        if wanted && self.session.is_none() {
            self.log_in().await?;
        }
        Ok(wanted)
    }

    /// Asks the phone; logs in first if it must, and once more if the session had ended.
    pub async fn ask(&mut self, ask: &Ask) -> Result<Answer, Failed> {
        let (mut fresh, before) = (false, self.short_sessions);
        loop {
            let logged_in = self.session.is_some();
            fresh |= self.open().await.map_err(before_it)? && !logged_in;
            let reply = match self.send(self.dialect.request(ask)).await {
                Ok(reply) => reply,
                // a phone that restarts may not find the time to say so
                Err(failed) if failed.broke && *ask == Ask::System(SystemOperation::Reboot) => {
                    return Ok(Answer::Done);
                }
                Err(failed) => return Err(failed),
            };
            if matches!(ask, Ask::Read(_)) {
                tracing::trace!(status = reply.status, body = %excerpt(&reply.body), "answer");
            }
            match self.dialect.read(ask, &reply) {
                Ok(answer) => return Ok(self.changed(ask).unwrap_or(answer)),
                Err(Error::Trouble(trouble)) => return Err(Failed::sent(trouble)),
                Err(Error::SessionExpired) if !self.dialect.has_session() => {
                    return Err(Failed::sent(no_login(ask)));
                }
                Err(Error::SessionExpired) if fresh => {
                    // the session had not ended: it is never good for this
                    self.short_sessions = before;
                    return Err(Failed::sent(useless_login(ask)));
                }
                Err(Error::SessionExpired) => self.end_session().map_err(Failed::sent)?,
            }
        }
    }

    /// Goes on with a new password, if it was ours that the phone has just changed.
    fn changed(&mut self, ask: &Ask) -> Option<Answer> {
        let Ask::ChangePassword { role, old, new } = ask else { return None };
        let ours = self.dialect.logs_in_with(*role, old.secret());
        if ours {
            self.dialect.password = Some(new.secret().clone());
        }
        Some(Answer::PasswordChanged { ours })
    }

    /// Notes that the session has ended; another login that keeps ending ours is not fought.
    fn end_session(&mut self) -> Result<(), Trouble> {
        let short = self.session.is_some_and(|since| since.elapsed() < SHORT_SESSION);
        self.short_sessions = if short { self.short_sessions + 1 } else { 0 };
        self.session = None;
        if self.short_sessions < SHORT_SESSIONS {
            return Ok(());
        }
        self.short_sessions = 0;
        let why =
            "somebody else's login keeps ending ours: give the bridge a user of its own (gmiadmin)";
        Err(Trouble::Unauthorized(why.to_owned()))
    }

    async fn log_in(&mut self) -> Result<(), Trouble> {
        self.cookies = Jar::default();
        let realm = self.send(self.dialect.login_realm()).await?;
        let login = self.dialect.login(&realm)?;
        let reply = self.send(login).await?;
        self.dialect.read_login(&reply)?;
        self.session = Some(Instant::now());
        tracing::debug!("logged in");
        Ok(())
    }

    async fn send(&self, request: Request) -> Result<Reply, Failed> {
        let mut url = self.url.clone();
        url.set_path(&self.dialect.path(request.function));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let method = if request.post { Method::POST } else { Method::GET };
        let mut builder = self
            .client
            .request(method, url)
            .timeout(self.timeout)
            .header(ORIGIN, self.origin.clone())
            .header(REFERER, self.referer.clone());
        if let Some(cookies) = self.cookies.cookies(&self.url) {
            builder = builder.header(COOKIE, cookies);
        }
        if request.post {
            builder = builder.form(&request.form);
            if request.form.is_empty() {
                // hyper sends none by itself, and lighttpd then answers 411
                builder = builder.header(CONTENT_LENGTH, 0);
            }
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

/// Returns the beginning of an answer, for the log. (Answers to a login are never logged.)
fn excerpt(body: &[u8]) -> String {
    let start = &body[..body.len().min(EXCERPT)];
    String::from_utf8_lossy(start).escape_debug().to_string()
}

/// What went wrong with the login kept what was asked from being sent.
fn before_it(trouble: Trouble) -> Failed {
    Failed::unsent(match trouble {
        Trouble::Timeout => Trouble::Unreachable("it did not answer the login in time".to_owned()),
        other @ (Trouble::Unreachable(_)
        | Trouble::Unauthorized(_)
        | Trouble::Forbidden(_)
        | Trouble::LockedOut(_)
        | Trouble::BadAnswer(_)
        | Trouble::Refused(_)
        | Trouble::Unsupported(_)) => other,
    })
}

/// Says what it means that a phone without a login wants one.
fn no_login(ask: &Ask) -> Trouble {
    if ask.lists_people() {
        Trouble::Forbidden("it wants a login for that: set password or password_file".to_owned())
    } else {
        Trouble::Unauthorized("it wants a login: set password or password_file".to_owned())
    }
}

/// Says what it means that the phone took the login, and wants another one for this all the same.
fn useless_login(ask: &Ask) -> Trouble {
    if *ask == Ask::Read(Question::Lines) {
        // without its lines the phone is of no use, and each try is a login
        Trouble::Unauthorized("it took it, and then says unauthorized all the same".to_owned())
    } else {
        Trouble::Forbidden("this user may not do that".to_owned())
    }
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
            let trouble = Trouble::BadAnswer(format!("more than {limit} bytes"));
            return Err(Failed::sent(trouble));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
