//! Certificates: judging one by its fingerprint, and what is wrong with one, in words. For phones and brokers alike.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use sha2::{Digest as _, Sha256};

/// Returns the cryptography that is used everywhere.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Returns the certificate authorities of this system, and why some could not be read.
pub fn system_roots() -> (RootCertStore, Option<String>) {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    (roots, found.errors.first().map(ToString::to_string))
}

/// Takes one certificate only, by the SHA-256 of its DER form and whoever signed it; or any, if there is no fingerprint.
#[derive(Debug)]
pub struct Pinned {
    sha256: Option<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    /// Takes the fingerprint.
    pub fn new(sha256: Option<[u8; 32]>) -> Arc<Self> {
        Arc::new(Self { sha256, provider: provider() })
    }
}

/// Another certificate than the one of the settings.
#[derive(Debug, thiserror::Error)]
#[error("its certificate is another one than expected, sha256:{hex}", hex = hex(.0))]
struct NotPinned([u8; 32]);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = Sha256::digest(end_entity);
        if self.sha256.is_none_or(|wanted| wanted == *found) {
            return Ok(ServerCertVerified::assertion());
        }
        let other = OtherError(Arc::new(NotPinned(found.into())));
        Err(Error::InvalidCertificate(CertificateError::Other(other)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The keys of the settings that say how a certificate is judged.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// That of the fingerprint.
    pub fingerprint: &'static str,
    /// That of the private authority.
    pub ca: &'static str,
}

/// Why a handshake failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// The certificate is not trusted.
    Certificate(String),
    /// Anything else.
    Handshake(String),
}

/// Says why a handshake failed, and what to do.
pub fn explain(error: &Error, keys: Keys) -> Fault {
    let Keys { fingerprint, ca } = keys;
    let old = matches!(
        error,
        Error::PeerIncompatible(_)
            | Error::AlertReceived(
                AlertDescription::ProtocolVersion
                    | AlertDescription::HandshakeFailure
                    | AlertDescription::InsufficientSecurity
            )
    );
    if old {
        return Fault::Handshake(format!(
            "its TLS is too old or too weak for this program, which wants 1.2 or newer with forward secrecy ({error}): update \
             its firmware; what is left is plain text on a network that you trust"
        ));
    }
    let Error::InvalidCertificate(why) = error else { return Fault::Handshake(error.to_string()) };
    let text = if let CertificateError::Other(OtherError(inner)) = why {
        inner.to_string()
    } else {
        why.to_string()
    };
    if let CertificateError::Other(OtherError(inner)) = why
        && inner.is::<NotPinned>()
    {
        return Fault::Certificate(format!(
            "{text}: if it was renewed, or restored to factory settings, set {fingerprint} to that; if not, somebody may sit in between"
        ));
    }
    let debug = format!("{why:?}");
    let weak = matches!(why, CertificateError::BadSignature);
    let hint = if debug.contains("UnsupportedCertVersion") {
        "it is X.509 v1, which no setting here makes good: give it one of version 3".to_owned()
    } else if weak || debug.contains("UnsupportedSignatureAlgorithm") {
        format!(
            "set {fingerprint} or {ca}; if that is set, its key or signature is too weak (an RSA key needs 2048 bits): give \
             it another one"
        )
    } else if debug.contains("CaUsedAsEndEntity") {
        format!("it is one of an authority, used by a server: set {fingerprint}")
    } else {
        format!("if it has one of its own, set {fingerprint} or {ca}")
    };
    Fault::Certificate(format!("its certificate is not trusted ({text}): {hint}"))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    const KEYS: Keys = Keys { fingerprint: "tls_fingerprint", ca: "tls_ca_file" };

    fn judged(verifier: &dyn ServerCertVerifier, pem: &str) -> Fault {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let now = UnixTime::now();
        let error = verifier.verify_server_cert(&certificate, &[], &name, &[], now).unwrap_err();
        explain(&error, KEYS)
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_told_in_words() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
        let other = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap().cert;
        let mut roots = RootCertStore::empty();
        roots.add(other.der().clone()).unwrap();
        let builder =
            rustls::client::WebPkiServerVerifier::builder_with_provider(roots.into(), provider());
        let rooted = builder.build().unwrap();
        let says = |fault: Fault, part: &str| {
            let Fault::Certificate(why) = fault else { panic!("{fault:?}") };
            assert!(why.contains(part), "{why}");
        };
        says(
            judged(&*Pinned::new(Some([7; 32])), &made),
            "set tls_fingerprint to that; if not, somebody",
        );
        says(judged(&*rooted, &made), "set tls_fingerprint or tls_ca_file");
        let v1 = include_str!("../tests/fixtures/tls/x509_v1.pem");
        says(judged(&*rooted, v1), "X.509 v1");
    }

    #[test]
    fn an_old_tls_is_told_from_a_certificate() {
        let old = Error::AlertReceived(AlertDescription::ProtocolVersion);
        let Fault::Handshake(why) = explain(&old, KEYS) else { panic!("no handshake") };
        assert!(why.contains("too old") && why.contains("1.2 or newer"), "{why}");
        let other = Error::AlertReceived(AlertDescription::InternalError);
        assert_eq!(explain(&other, KEYS), Fault::Handshake(other.to_string()));
    }
}
