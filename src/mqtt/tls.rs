//! TLS towards the broker: what the settings say, made into what rustls wants.

use std::sync::Arc;

use super::options::{BrokerOptions, Tls};
use crate::tls::{Pinned, provider, system_roots};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

/// What is wrong with the certificates; only the settings or the system can fix it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The private CA is no use.
    #[error("mqtt.ca_file: {0}")]
    Ca(String),
    /// The system has no roots.
    #[error(
        "this system has no CA certificates ({0}): install ca-certificates, or set mqtt.ca_file"
    )]
    NoRoots(String),
    /// The client certificate is no use.
    #[error("mqtt.client_cert_file: {0}")]
    Certificate(String),
    /// The client's key is no use, or belongs to another certificate.
    #[error("mqtt.client_key_file: {0}")]
    Key(String),
}

/// Builds the TLS configuration.
pub(super) fn configuration(tls: &Tls) -> Result<Arc<ClientConfig>, Error> {
    let builder = match (tls.fingerprint, &tls.ca) {
        (Some(sha256), _) => {
            let pinned = Pinned::new(Some(sha256));
            builder().dangerous().with_custom_certificate_verifier(pinned)
        }
        (None, Some(pem)) => builder().with_root_certificates(private_roots(pem)?),
        (None, None) => builder().with_root_certificates(roots_of_system()?),
    };
    let Some(client) = &tls.client else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let chain = certificates(&client.certificate).map_err(Error::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(client.key.expose().as_bytes())
        .map_err(|_| Error::Key("no private key in it (PEM)".to_owned()))?;
    let config = builder.with_client_auth_cert(chain, key).map_err(|error| {
        let text = format!("{error:?}");
        if text.contains("UnsupportedCertVersion") {
            let why =
                "it is X.509 v1, which is no longer accepted: create a new one, with version 3";
            return Error::Certificate(why.to_owned());
        }
        Error::Key(error.to_string())
    })?;
    Ok(Arc::new(config))
}

fn builder() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
}

fn private_roots(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).map_err(Error::Ca)? {
        roots.add(certificate).map_err(|error| Error::Ca(error.to_string()))?;
    }
    Ok(roots)
}

fn roots_of_system() -> Result<RootCertStore, Error> {
    let (roots, reason) = system_roots();
    if roots.is_empty() {
        return Err(Error::NoRoots(reason.unwrap_or_else(|| "none found".to_owned())));
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    if chain.is_empty() { Err("no certificate in it (PEM)".to_owned()) } else { Ok(chain) }
}

impl BrokerOptions {
    /// Checks the certificates: if they can't be used, no later try would fix it.
    pub fn check_certificates(&self) -> Result<(), Error> {
        self.tls.as_ref().map_or(Ok(()), |tls| configuration(tls).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::ClientCertificate;

    #[test]
    fn bad_pem_names_the_setting() {
        let made = rcgen::generate_simple_self_signed(["broker".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap();
        let good = made.cert.pem().into_bytes();
        let with_client = |certificate: &[u8], key: String| Tls {
            ca: Some(good.clone()),
            fingerprint: None,
            client: Some(ClientCertificate { certificate: certificate.to_vec(), key: key.into() }),
        };
        let key = || made.signing_key.serialize_pem();
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
        let cases = [
            (
                Tls { ca: Some(b"nonsense".to_vec()), ..Tls::default() },
                "mqtt.ca_file: no certificate",
            ),
            (Tls { ca: Some(broken), ..Tls::default() }, "mqtt.ca_file: "),
            (with_client(b"", key()), "mqtt.client_cert_file: no certificate"),
            (with_client(&good, "nonsense".to_owned()), "mqtt.client_key_file: no private key"),
            (
                with_client(&good, other.signing_key.serialize_pem()),
                "mqtt.client_key_file: keys may not be consistent",
            ),
        ];
        for (tls, expected) in cases {
            let error = configuration(&tls).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error} instead of {expected}");
        }
        assert!(configuration(&with_client(&good, key())).is_ok());
    }
}
