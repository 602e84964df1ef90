//! How to reach the broker.

use crate::domain::secret::Secret;

/// How to reach the broker.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerOptions {
    /// The host's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS, if wanted.
    pub tls: Option<Tls>,
    /// User, if the broker wants one.
    pub username: Option<String>,
    /// Password, if the broker wants one.
    pub password: Option<Secret>,
    /// Stable, and unique among the broker's clients.
    pub client_id: String,
}

impl BrokerOptions {
    /// Returns how to reach a broker about which nothing else is said.
    pub fn at(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            tls: None,
            username: None,
            password: None,
            client_id: "gxv2mqtt".to_owned(),
        }
    }
}

/// TLS to the broker; the certificates are the contents of the files that the settings name (PEM).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tls {
    /// A private CA instead of the system's ones.
    pub ca: Option<Vec<u8>>,
    /// The SHA-256 of the broker's certificate: that one is taken, whoever signed it, and no other.
    pub fingerprint: Option<[u8; 32]>,
    /// Our certificate and its key, for mutual TLS.
    pub client: Option<ClientCertificate>,
}

/// A certificate with its key (PEM).
#[derive(Clone, PartialEq)]
pub struct ClientCertificate {
    /// The certificate chain.
    pub certificate: Vec<u8>,
    /// The private key.
    pub key: Secret,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}
