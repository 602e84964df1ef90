//! The phone: its dialects, the HTTP that carries them, and the task that owns one phone.

pub mod dialect;
pub mod http;
mod mac;
pub mod push;
pub mod task;
mod tls;

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::domain::doorbell::DoorbellRule;
use crate::domain::phone::PhoneId;
use crate::domain::policy::Policy;

use dialect::{Digest, Function, Kind};

/// One phone of the settings.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its id.
    pub id: PhoneId,
    /// Its name for people.
    pub name: String,
    /// `http://` or `https://`, host and port; no credentials, query or fragment.
    pub url: Url,
    /// Which dialect it speaks.
    pub dialect: Kind,
    /// The user that logs in.
    pub username: String,
    /// Its password; without one nothing that wants a login works.
    pub password: Option<SecretString>,
    /// How the login is hashed.
    pub digest: Digest,
    /// For a request, from the connection to the last byte.
    pub timeout: Duration,
    /// How the phone's certificate is judged.
    pub tls: Tls,
    /// Between two looks at the lines while all are idle.
    pub poll: Duration,
    /// Between two looks at the lines while one is not.
    pub active_poll: Duration,
    /// A call that rings shorter than this is none.
    pub min_ring: Duration,
    /// Which calls are the doorbell.
    pub doorbell: Vec<DoorbellRule>,
    /// The number of account 1 in `make_call`.
    pub account_base: u16,
    /// The number of account 1 in the status of lines.
    pub line_account_base: u16,
    /// What may be asked of it.
    pub policy: Policy,
    /// Request paths that this firmware spells otherwise.
    pub endpoints: BTreeMap<Function, String>,
}

impl Options {
    /// Returns the settings of a phone about which nothing else is said.
    pub fn at(id: PhoneId, url: Url) -> Self {
        Self {
            name: id.to_string(),
            id,
            url,
            dialect: Kind::default(),
            username: "gmiadmin".to_owned(),
            password: None,
            digest: Digest::default(),
            timeout: Duration::from_secs(5),
            tls: Tls::default(),
            poll: Duration::from_secs(2),
            active_poll: Duration::from_millis(500),
            min_ring: Duration::ZERO,
            doorbell: Vec::new(),
            account_base: 0,
            line_account_base: 1,
            policy: Policy::default(),
            endpoints: BTreeMap::new(),
        }
    }

    /// Says whether the certificates can be used at all; the error begins with the key.
    pub fn check_certificates(&self) -> Result<(), String> {
        tls::settings(&self.tls).map(drop)
    }
}

/// How the certificate of an `https://` phone is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tls {
    /// By the system's certificate authorities.
    #[default]
    System,
    /// By this certificate authority only (PEM).
    Ca(Vec<u8>),
    /// By the SHA-256 of the certificate itself.
    Fingerprint([u8; 32]),
    /// Not at all.
    Insecure,
}
