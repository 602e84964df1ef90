//! Phones behind `https://`: whose certificate is taken, and what is said of the others.

use std::net::SocketAddr;
use std::sync::Arc;

use gxv2mqtt::domain::request::{Answer, PhoneError, PhoneRequest, StatusQuery};
use gxv2mqtt::phone::dialect::DialectKind;
use gxv2mqtt::phone::http::{Clients, PhoneClient};
use gxv2mqtt::phone::{PhoneOptions, Tls};
use gxv2mqtt::simulator::{Profile, Simulator};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::support::bed::options;

/// A simulated phone with a certificate of a private authority.
struct Encrypted {
    address: SocketAddr,
    authority: String,
    certificate: CertificateDer<'static>,
}

async fn encrypted(stop: &CancellationToken) -> Encrypted {
    let profile = Profile::default();
    let phone = Simulator::start(([127, 0, 0, 1], 0).into(), profile, stop.clone()).await.unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let acceptor = acceptor(certificate.der().clone(), &key);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            let target = phone.address();
            tokio::spawn(async move {
                // a client that does not like the certificate goes away: that is its right
                let Ok(mut near) = acceptor.accept(near).await else { return };
                let mut far = TcpStream::connect(target).await.unwrap();
                copy_bidirectional(&mut near, &mut far).await.ok();
            });
        }
    });
    Encrypted { address, authority: authority.pem(), certificate: certificate.der().clone() }
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn request(address: SocketAddr, tls: Tls) -> Result<Answer, PhoneError> {
    let options = PhoneOptions {
        url: format!("https://{address}/").parse().unwrap(),
        tls,
        ..options("kitchen", DialectKind::Gxv, address)
    };
    let client = Clients::default().client(&options).unwrap();
    let answer =
        PhoneClient::new(client, &options).send(&PhoneRequest::Read(StatusQuery::Lines)).await;
    answer.map_err(PhoneError::from)
}

#[tokio::test]
async fn only_the_certificate_that_was_named_is_taken() {
    let stop = CancellationToken::new();
    let phone = encrypted(&stop).await;
    let other = encrypted(&stop).await;
    let fingerprint =
        |phone: &Encrypted| Tls::Fingerprint(Sha256::digest(&phone.certificate).into());
    let authority = |phone: &Encrypted| Tls::Ca(phone.authority.clone().into_bytes());
    for taken in [fingerprint(&phone), authority(&phone), Tls::Insecure] {
        let answer = request(phone.address, taken).await;
        assert!(matches!(answer, Ok(Answer::Lines(_))), "{answer:?}");
    }
    for refused in [fingerprint(&other), authority(&other), Tls::System] {
        let answer = request(phone.address, refused).await;
        let Err(PhoneError::BadCertificate(why)) = answer else { panic!("{answer:?}") };
        assert!(why.contains("certificate") && why.contains("tls_fingerprint"), "{why}");
    }
    stop.cancel();
}
