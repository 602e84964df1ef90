//! `[push]`: checks where phones may call us, and how they reach that.

use std::net::SocketAddr;

use rustls::crypto::ring;
use url::Url;

use super::error::Error;
use super::raw;
use super::section::Section;
use crate::phone::push::{PushOptions, urls};

/// The shortest secret, in bytes: whoever guesses it knows all tokens.
const SECRET: usize = 16;

/// Checks `[push]`; none, without a place to listen at.
pub(super) fn check(section: &Section<'_>, raw: raw::Push) -> Result<Option<PushOptions>, Error> {
    let url = raw.url.map(|url| section.url("url", &url, &["http"])).transpose()?;
    let secret = section.secret("secret", raw.secret, raw.secret_file)?;
    let Some(listen) = raw.listen else { return Ok(None) };
    let listen = address(section, &listen)?;
    let url = match url {
        Some(url) => url,
        None => own_url(section, listen)?,
    };
    if !urls::fits(&url) {
        let problem = "expected a shorter host: phones drop URLs of more than 256 characters";
        return Err(section.wrong("url", problem));
    }
    let Some(secret) = secret else {
        return Err(section.missing("secret", "a text that nobody can guess"));
    };
    if secret.expose().len() < SECRET {
        let problem = format!("expected at least {SECRET} characters");
        return Err(section.wrong("secret", problem));
    }
    Ok(Some(PushOptions { listen, url, secret }))
}

fn address(section: &Section<'_>, text: &str) -> Result<SocketAddr, Error> {
    text.parse().ok().filter(|address: &SocketAddr| address.port() != 0).ok_or_else(|| {
        let expected = "an address of this machine and a port, such as \"192.168.1.10:8099\"";
        section.wrong("listen", format!("expected {expected}, found {text:?}"))
    })
}

/// Returns how phones reach this address, if it is one that can be reached.
fn own_url(section: &Section<'_>, listen: SocketAddr) -> Result<Url, Error> {
    let url = Url::parse(&format!("http://{listen}")).ok();
    url.filter(|_| !listen.ip().is_unspecified()).ok_or_else(|| {
        let port = listen.port();
        let expected = format!("how the phones reach this machine, such as \"http://192.168.1.10:{port}\"; {listen} does not say");
        section.missing("url", &expected)
    })
}

/// Proposes a secret, drawn anew each time: for a terminal, and not for whoever asked for a reload.
pub(super) fn proposal() -> Option<String> {
    let mut bytes = [0; 16];
    ring::default_provider().secure_random.fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bytes)))
}
