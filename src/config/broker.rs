//! `[mqtt]`: checks how the broker is reached.

use super::BASE_TOPIC;
use super::error::Error;
use super::raw;
use super::section::Section;
use crate::mqtt::{BrokerOptions, ClientCertificate, Tls};

/// Checks `[mqtt]`; returns the base topic beside it, which is not the link's business.
pub(super) fn check(
    section: &Section<'_>,
    raw: raw::Mqtt,
) -> Result<(BrokerOptions, String), Error> {
    let url = raw.url.as_deref().unwrap_or("mqtt://localhost");
    let url = section.url("url", url, &["mqtt", "mqtts"])?;
    let secure = url.scheme() == "mqtts";
    let files = [
        ("ca_file", &raw.ca_file),
        ("tls_fingerprint", &raw.tls_fingerprint),
        ("client_cert_file", &raw.client_cert_file),
        ("client_key_file", &raw.client_key_file),
    ];
    if let Some((key, _)) = files.iter().find(|(_, file)| !secure && file.is_some()) {
        return Err(section.wrong(key, "expected an mqtts:// url with it; mqtt:// has no TLS"));
    }
    if raw.ca_file.is_some() && raw.tls_fingerprint.is_some() {
        return Err(section.wrong("tls_fingerprint", "expected that or ca_file, not both"));
    }
    let tls = Tls {
        fingerprint: section.fingerprint("tls_fingerprint", raw.tls_fingerprint)?,
        ca: section.pem("ca_file", raw.ca_file, "CERTIFICATE")?,
        client: client(section, raw.client_cert_file, raw.client_key_file)?,
    };
    let username = section.text("username", raw.username)?;
    let password = section.secret("password", raw.password, raw.password_file)?;
    if password.is_some() && username.is_none() {
        return Err(section.missing("username", "the user that the password belongs to"));
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port().unwrap_or(if secure { 8883 } else { 1883 });
    let default = BrokerOptions::at(host.trim_matches(['[', ']']), port);
    let options = BrokerOptions {
        tls: secure.then_some(tls),
        username,
        password,
        client_id: client_id(section, raw.client_id)?.unwrap_or(default.client_id),
        ..default
    };
    let base_topic = section.topic("base_topic", raw.base_topic)?;
    Ok((options, base_topic.unwrap_or_else(|| BASE_TOPIC.to_owned())))
}

fn client(
    section: &Section<'_>,
    certificate: Option<String>,
    key: Option<String>,
) -> Result<Option<ClientCertificate>, Error> {
    let certificate = section.pem("client_cert_file", certificate, "CERTIFICATE")?;
    let key = section.pem("client_key_file", key, "PRIVATE KEY")?;
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(section.missing("client_key_file", "the key of client_cert_file")),
        (None, Some(_)) => {
            Err(section.missing("client_cert_file", "the certificate of client_key_file"))
        }
        (Some(certificate), Some(key)) => {
            let key = String::from_utf8(key)
                .map_err(|_| section.wrong("client_key_file", "expected PEM, which is text"))?;
            if key.contains("ENCRYPTED") {
                return Err(section.wrong("client_key_file", "expected a key without a passphrase"));
            }
            Ok(Some(ClientCertificate { certificate, key: key.into() }))
        }
    }
}

fn client_id(section: &Section<'_>, id: Option<String>) -> Result<Option<String>, Error> {
    match section.text("client_id", id)? {
        Some(id) if id.contains(['/', '+', '#']) || id.chars().any(char::is_control) => {
            Err(section.wrong("client_id", format!("expected no / + or #, found {id:?}")))
        }
        id => Ok(id),
    }
}
