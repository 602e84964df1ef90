//! How the certificate of an `https://` phone is judged: rustls settings out of ours.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::Tls;
use crate::tls::{Pinned, provider, system_roots};

/// Returns the settings for a phone whose certificate is judged like this.
pub(super) fn settings(tls: &Tls) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let pinned = match tls {
        Tls::System => {
            return Ok(builder.with_root_certificates(system_roots().0).with_no_client_auth());
        }
        Tls::Ca(pem) => {
            return Ok(builder.with_root_certificates(private(pem)?).with_no_client_auth());
        }
        Tls::Fingerprint(sha256) => Some(*sha256),
        Tls::Insecure => None,
    };
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Pinned::new(pinned))
        .with_no_client_auth())
}

fn private(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("tls_ca_file: {error}"))?;
        roots.add(certificate).map_err(|error| format!("tls_ca_file: {error}"))?;
    }
    if roots.is_empty() {
        return Err("tls_ca_file: it holds no certificate (PEM)".to_owned());
    }
    Ok(roots)
}
