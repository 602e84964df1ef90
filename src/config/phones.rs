//! `[phones.<id>]`: checks how each phone is reached, and what may be asked of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::doorbell;
use super::error::Error;
use super::raw;
use super::section::Section;
use super::sources::Sources;
use super::values;
use super::written::unknown;
use crate::domain::command::dial_allow::DialAllow;
use crate::domain::command::policy::{Guarded, Policy};
use crate::domain::request::Function;
use crate::domain::telephony::PhoneId;
use crate::phone::dialect::{DialectKind, Digest, ENDPOINTS};
use crate::phone::{PhoneOptions, Tls};

const DIGESTS: [(&str, Digest); 2] = [("md5", Digest::Md5), ("sha256", Digest::Sha256)];

/// Maximum number of patterns of `dial_allow`.
const PATTERNS: usize = 100;
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_mins(2);
const RINGS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(10);
const VALUES_POLLS: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_hours(24);
const CONTACTS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(24);
/// Long lists of contacts are work for a phone.
const CONTACTS_AT_MOST: Duration = Duration::from_mins(1);
const POLLS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_hours(1);

/// Checks every phone; there must be one, and no two with the same address.
pub(super) fn check(
    sources: &Sources,
    raw: BTreeMap<String, raw::Phone>,
) -> Result<Vec<PhoneOptions>, Error> {
    if raw.is_empty() {
        let problem = "expected at least one phone: add [phones.kitchen] with a url, \
                       or set GXV2MQTT_PHONES__KITCHEN__URL";
        return Err(sources.wrong("phones", problem));
    }
    let mut phones: Vec<PhoneOptions> = Vec::with_capacity(raw.len());
    let mut urls = BTreeMap::new();
    for (id, raw) in raw {
        let section = Section::new(sources, format!("phones.{id}"));
        let id: PhoneId = id
            .parse()
            .map_err(|error| sources.wrong(&format!("phones.{id}"), format!("{error}")))?;
        let phone = phone(&section, id, raw)?;
        if let Some(twin) = urls.insert(phone.url.clone(), phone.id.clone()) {
            let problem = format!(
                "phones.{twin} has the same url; two would fight for the phone's one session"
            );
            return Err(section.wrong("url", problem));
        }
        phones.push(phone);
    }
    Ok(phones)
}

fn phone(section: &Section<'_>, id: PhoneId, raw: raw::Phone) -> Result<PhoneOptions, Error> {
    let Some(url) = raw.url else {
        let expected = "the phone's address, such as \"http://192.168.1.50\"";
        return Err(section.missing("url", expected));
    };
    let url = section.url("url", &url, &["http", "https"])?;
    let username = section.text("username", raw.username)?;
    let name = section.text("name", raw.name)?;
    let timeout = section.duration("timeout", raw.timeout, &TIMEOUTS)?;
    let poll = section.duration("poll", raw.poll, &POLLS)?;
    let active_poll = section.duration("active_poll", raw.active_poll, &POLLS)?;
    let values_poll = section.duration("values_poll", raw.values_poll, &VALUES_POLLS)?;
    let min_ring = section.duration("min_ring", raw.min_ring, &RINGS)?;
    let contacts_poll = section.duration("contacts_poll", raw.contacts_poll, &CONTACTS)?;
    if contacts_poll.is_some_and(|poll| !poll.is_zero() && poll < CONTACTS_AT_MOST) {
        let problem = "expected 1m at least, or 0s for never";
        return Err(section.wrong("contacts_poll", problem));
    }
    let dialects = DialectKind::TABLE.map(|row| (row.name, row.kind));
    let dialect = section.choice("dialect", raw.dialect, &dialects)?;
    let digest = section.choice("digest", raw.digest, &DIGESTS)?;
    let encrypted = url.scheme() == "https";
    let certificate = Certificate {
        ca_file: raw.tls_ca_file,
        fingerprint: raw.tls_fingerprint,
        insecure: raw.tls_insecure.unwrap_or(false),
    };
    let default = PhoneOptions::at(id, url);
    Ok(PhoneOptions {
        name: name.unwrap_or(default.name),
        dialect: dialect.unwrap_or(default.dialect),
        username: username.unwrap_or(default.username),
        password: section.secret("password", raw.password, raw.password_file)?,
        digest: digest.unwrap_or(default.digest),
        timeout: timeout.unwrap_or(default.timeout),
        tls: certificate.check(section, encrypted)?,
        poll: poll.unwrap_or(default.poll),
        active_poll: active_poll.unwrap_or(default.active_poll),
        min_ring: min_ring.unwrap_or(default.min_ring),
        doorbell_name: raw.doorbell.iter().any(|rule| rule.name.is_some()),
        doorbell: doorbell::check(section, raw.doorbell)?,
        values: values::check(section, raw.values)?,
        values_poll: values_poll.unwrap_or(default.values_poll),
        contacts_poll: contacts_poll.or(default.contacts_poll).filter(|poll| !poll.is_zero()),
        account_base: base(section, "account_base", raw.account_base, default.account_base)?,
        line_account_base: base(
            section,
            "line_account_base",
            raw.line_account_base,
            default.line_account_base,
        )?,
        policy: Policy {
            allow: allow(section, raw.allow.unwrap_or_default())?,
            dial_allow: match raw.dial_allow {
                Some(patterns) => dial_allow(section, patterns)?,
                None => default.policy.dial_allow,
            },
        },
        endpoints: endpoints(&section.below("endpoints"), raw.endpoints)?,
        ..default
    })
}

/// Checks the number of account 1.
fn base(section: &Section<'_>, key: &str, raw: Option<u16>, default: u16) -> Result<u16, Error> {
    match raw.unwrap_or(default) {
        base @ 0..=1 => Ok(base),
        other => Err(section.wrong(key, format!("expected 0 or 1, found {other}"))),
    }
}

/// What was written about the phone's certificate.
struct Certificate {
    ca_file: Option<String>,
    fingerprint: Option<String>,
    insecure: bool,
}

impl Certificate {
    fn check(self, section: &Section<'_>, encrypted: bool) -> Result<Tls, Error> {
        let set: Vec<&str> = [
            ("tls_ca_file", self.ca_file.is_some()),
            ("tls_fingerprint", self.fingerprint.is_some()),
            ("tls_insecure", self.insecure),
        ]
        .into_iter()
        .filter_map(|(key, set)| set.then_some(key))
        .collect();
        match set[..] {
            [key, ..] if !encrypted => {
                return Err(
                    section.wrong(key, "expected an https:// url with it; http:// has no TLS")
                );
            }
            [one, other, ..] => return Err(section.either(one, other)),
            _ => {}
        }
        if let Some(ca) = section.pem("tls_ca_file", self.ca_file, "CERTIFICATE")? {
            return Ok(Tls::Ca(ca));
        }
        Ok(match section.fingerprint("tls_fingerprint", self.fingerprint)? {
            Some(sha256) => Tls::Fingerprint(sha256),
            None if self.insecure => Tls::Insecure,
            None => Tls::System,
        })
    }
}

fn allow(section: &Section<'_>, names: Vec<String>) -> Result<BTreeSet<Guarded>, Error> {
    let known = Guarded::TABLE.map(|(_, name)| name);
    let guarded = |name: String| {
        let found = Guarded::TABLE.iter().find(|(_, known)| *known == name);
        found.map(|(command, _)| *command).ok_or_else(|| {
            let problem = format!("guarded command {name:?} is {}", unknown(&name, &known));
            section.wrong("allow", problem)
        })
    };
    names.into_iter().map(guarded).collect()
}

fn dial_allow(section: &Section<'_>, patterns: Vec<String>) -> Result<DialAllow, Error> {
    if patterns.len() > PATTERNS {
        return Err(section.wrong("dial_allow", format!("expected up to {PATTERNS} patterns")));
    }
    for pattern in &patterns {
        section.regex("dial_allow", pattern)?;
    }
    let all = patterns.join(" ");
    DialAllow::new(patterns).map_err(|error| section.no_regex("dial_allow", &all, &error))
}

fn endpoints(
    section: &Section<'_>,
    raw: BTreeMap<String, String>,
) -> Result<BTreeMap<Function, String>, Error> {
    let known = ENDPOINTS.map(|(_, key, _)| key);
    let endpoint = |(key, path): (String, String)| {
        let row = ENDPOINTS.iter().find(|(_, known, _)| *known == key);
        let (function, ..) = row.ok_or_else(|| section.wrong(&key, unknown(&key, &known)))?;
        let strange = |c: char| c.is_whitespace() || c.is_control() || "?#:\\".contains(c);
        if path.is_empty() || path.starts_with("//") || path.contains(strange) {
            let problem =
                "expected a request path such as \"api-get_contacts\": no URL, no ? # : or blank";
            return Err(section.wrong(&key, problem));
        }
        Ok((*function, path))
    };
    raw.into_iter().map(endpoint).collect()
}
