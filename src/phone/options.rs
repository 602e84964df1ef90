//! What the settings say of one phone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::secret::Secret;
use url::Url;

use crate::domain::call::doorbell::DoorbellRule;
use crate::domain::command::policy::Policy;
use crate::domain::telephony::PhoneId;
use crate::domain::values::named::NamedValue;

use super::dialect::{Credentials, DialectKind, DialectOptions, Digest};
use super::tls;
use crate::domain::request::Function;

/// One phone of the settings. Compared by value, secrets too: whether a phone has to be started anew after its settings were read
/// again.
#[derive(Debug, Clone, PartialEq)]
pub struct PhoneOptions {
    /// Its id.
    pub id: PhoneId,
    /// Its name for people.
    pub name: String,
    /// `http://` or `https://`, host and port; no credentials, query or fragment.
    pub url: Url,
    /// Which dialect it speaks.
    pub dialect: DialectKind,
    /// The user that logs in.
    pub username: String,
    /// Its password; without one nothing that wants a login works.
    pub password: Option<Secret>,
    /// How the login is hashed.
    pub digest: Digest,
    /// For a request, from the connection to the last byte.
    pub timeout: Duration,
    /// How the phone's certificate is judged.
    pub tls: Tls,
    /// Between two polls of the lines while all are idle.
    pub poll: Duration,
    /// Between two polls of the lines while one is not.
    pub active_poll: Duration,
    /// A call that rings shorter than this is none.
    pub min_ring: Duration,
    /// Which calls are the doorbell.
    pub doorbell: Vec<DoorbellRule>,
    /// Whether a rule calls `caller_name` by its old name, `name`, which reads like a label.
    pub doorbell_name: bool,
    /// Values of the phone that are shown, and perhaps set.
    pub values: Arc<[NamedValue]>,
    /// How often these are read.
    pub values_poll: Duration,
    /// How often its contacts are read for names, if at all.
    pub contacts_poll: Option<Duration>,
    /// The number of account 1 in `make_call`.
    pub account_base: u16,
    /// The number of account 1 in the status of lines.
    pub line_account_base: u16,
    /// What may be asked of it.
    pub policy: Policy,
    /// Request paths that this firmware spells otherwise.
    pub endpoints: BTreeMap<Function, String>,
}

impl PhoneOptions {
    /// Returns the settings of a phone about which nothing else is said.
    pub fn at(id: PhoneId, url: Url) -> Self {
        Self {
            name: id.to_string(),
            id,
            url,
            dialect: DialectKind::default(),
            username: "gmiadmin".to_owned(),
            password: None,
            digest: Digest::default(),
            timeout: Duration::from_secs(5),
            tls: Tls::default(),
            poll: Duration::from_secs(2),
            active_poll: Duration::from_millis(500),
            min_ring: Duration::ZERO,
            doorbell: Vec::new(),
            doorbell_name: false,
            values: Vec::new().into(),
            values_poll: Duration::from_mins(5),
            contacts_poll: Some(Duration::from_hours(1)),
            account_base: 0,
            line_account_base: 1,
            policy: Policy::default(),
            endpoints: BTreeMap::new(),
        }
    }

    /// Returns what whoever wrote these settings should know of them, a sentence each.
    pub fn cautions(&self) -> impl Iterator<Item = &'static str> {
        let insecure = (self.tls == Tls::Insecure).then_some(INSECURE);
        let name = self.doorbell_name.then_some(DOORBELL_NAME);
        insecure.into_iter().chain(name)
    }

    /// Returns what the dialect has to know.
    pub fn dialect_options(&self) -> DialectOptions {
        let (username, password) = (self.username.clone(), self.password.clone());
        DialectOptions {
            credentials: Credentials { username, password, digest: self.digest },
            account_base: self.account_base,
            line_account_base: self.line_account_base,
            endpoints: self.endpoints.clone(),
        }
    }

    /// Returns `true` if the other settings log in at the same phone, in the same way: one that refused these refuses those.
    pub fn logs_in_as(&self, other: &Self) -> bool {
        let login = |options: &Self| Self {
            dialect: options.dialect,
            username: options.username.clone(),
            password: options.password.clone(),
            digest: options.digest,
            endpoints: options.endpoints.clone(),
            ..Self::at(self.id.clone(), options.url.clone())
        };
        login(self) == login(other)
    }

    /// Checks that the certificates can be used; the error begins with the key.
    pub fn check_certificates(&self) -> Result<(), String> {
        tls::settings(&self.tls).map(drop)
    }
}

/// What is said of [`Tls::Insecure`].
const INSECURE: &str = "tls_insecure: anybody on the network can pose as this phone";

/// What is said of [`PhoneOptions::doorbell_name`].
const DOORBELL_NAME: &str = "doorbell: `name` is not what you call the door, but what the phone must show of its caller, \
                             beside all else that the rule names; write `caller_name` for that, or `label` for your own name";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call::doorbell::Pattern;
    use crate::domain::command::dial_allow::DialAllow;
    use crate::domain::values::named::ValueKind;

    fn options() -> PhoneOptions {
        let url = "http://192.0.2.1".parse().unwrap();
        let rule = DoorbellRule {
            caller_name: Some(Pattern::Regex("^Door".parse().unwrap())),
            ..DoorbellRule::default()
        };
        PhoneOptions {
            password: Some("secret".into()),
            doorbell: vec![rule],
            values: [setting("b")].into(),
            ..PhoneOptions::at("kitchen".parse().unwrap(), url)
        }
    }

    #[test]
    fn a_login_is_the_same_whatever_else_is_changed() {
        type Case = (fn(&mut PhoneOptions), bool);
        let cases: &[Case] = &[
            (|o| o.name = "Kitchen phone".into(), true),
            (|o| o.poll = Duration::from_secs(3), true),
            (|o| o.tls = Tls::Insecure, true),
            (|o| o.password = Some("other".into()), false),
            (|o| o.username = "admin".into(), false),
            (|o| o.url = "http://192.0.2.2".parse().unwrap(), false),
            (|o| drop(o.endpoints.insert(Function::LoginRealm, "x".into())), false),
        ];
        for (number, (change, same)) in cases.iter().enumerate() {
            let mut other = options();
            change(&mut other);
            assert_eq!(options().logs_in_as(&other), *same, "change {number}");
        }
    }

    fn setting(key: &str) -> NamedValue {
        let (key, kind) = (key.parse().unwrap(), ValueKind::Text);
        NamedValue { key, name: "Name".into(), value: "270".into(), kind, icon: None }
    }

    #[test]
    fn settings_are_the_same_as_long_as_nothing_is_changed() {
        assert!(options() == options());
        let changes: &[fn(&mut PhoneOptions)] = &[
            |o| o.name = "Kitchen phone".into(),
            |o| o.password = Some("other".into()),
            |o| o.password = None,
            |o| o.tls = Tls::Insecure,
            |o| o.poll = Duration::from_secs(3),
            |o| o.contacts_poll = None,
            |o| o.doorbell[0].caller_name = Some(Pattern::Regex("^Gate".parse().unwrap())),
            |o| o.doorbell[0].caller_name = Some(Pattern::Plain("^Door".into())),
            |o| o.values_poll = Duration::from_mins(1),
            |o| o.values = [setting("a")].into(),
            |o| o.policy.dial_allow = DialAllow::new(vec!["1".into()]).unwrap(),
            |o| drop(o.endpoints.insert(Function::LoginRealm, "x".into())),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut other = options();
            change(&mut other);
            assert!(other != options(), "change {number}");
        }
    }
}
