//! What goes over the wire to a phone, byte for byte, judged by nobody's HTTP library.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use gxv2mqtt::domain::contacts::phonebook::Filter;
use gxv2mqtt::domain::request::password::Password;
use gxv2mqtt::domain::request::{Operation, PhoneRequest, Role, StatusQuery, SystemOperation};
use gxv2mqtt::phone::PhoneOptions;
use gxv2mqtt::phone::dialect::{DialectKind, ENDPOINTS};
use gxv2mqtt::phone::http::{Clients, PhoneClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::support::bed::options;

/// One request: its first line, its headers in lower case, and its body.
#[derive(Debug, Clone)]
struct Heard {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Heard {
    fn header(&self, name: &str) -> Vec<&str> {
        let all = self.headers.iter().filter(|(one, _)| one == name);
        all.map(|(_, value)| value.as_str()).collect()
    }
}

/// Listens, says yes to everything, and keeps what it heard.
struct Tap {
    options: PhoneOptions,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Tap {
    async fn start(kind: DialectKind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = options("kitchen", kind, listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keeper = Arc::clone(&heard);
        drop(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &keeper).await;
            }
        }));
        Self { options, heard }
    }

    /// Asks all of it, whatever is answered, and returns what was heard.
    async fn hear(&self, asks: &[PhoneRequest]) -> Vec<Heard> {
        let client = Clients::default().client(&self.options).unwrap();
        let mut client = PhoneClient::new(client, &self.options);
        for request in asks {
            drop(client.send(request).await);
        }
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, keeper: &Mutex<Vec<Heard>>) {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "a request that breaks off");
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, length)| length.parse().unwrap());
    while bytes.len() < end + 4 + length {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "a body that breaks off");
    }
    let body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
    let said = if line.contains("/cgi-bin/loginrealm") {
        "1234567890"
    } else if line.contains("/cgi-bin/login") {
        "Response=Success\r\n"
    } else {
        r#"{"response":"success","body":""}"#
    };
    keeper.lock().unwrap().push(Heard { line, headers, body });
    let length = said.len();
    let reply =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{said}");
    stream.write_all(reply.as_bytes()).await.unwrap();
}

/// Every function, in every form that the bridge has for it.
fn all() -> Vec<PhoneRequest> {
    let operations = [
        Operation::Answer,
        Operation::Reject,
        Operation::HangUp,
        Operation::Hold,
        Operation::Resume,
    ];
    let password = |text| Password::new(text).unwrap();
    let systems =
        [SystemOperation::Reboot, SystemOperation::Provision, SystemOperation::FactoryReset];
    let mut asks: Vec<_> = StatusQuery::ALL.map(PhoneRequest::Read).into();
    asks.extend(operations.map(|operation| PhoneRequest::Operate { operation, line: 1 }));
    asks.extend(systems.map(PhoneRequest::System));
    asks.extend([
        PhoneRequest::GetRegistered,
        PhoneRequest::Dial { number: "1001".into(), account: 1 },
        PhoneRequest::GetValues(vec!["8352".into()]),
        PhoneRequest::SetValues(vec![("8352".into(), "5".into())]),
        PhoneRequest::ChangePassword { role: Role::User, old: password("a"), new: password("b") },
        PhoneRequest::GetContacts(Filter::default()),
        PhoneRequest::GetContacts(Filter { id: Some("1".into()), ..Filter::default() }),
        PhoneRequest::SaveContact(Box::default()),
        PhoneRequest::DeleteContact("1".into()),
        PhoneRequest::DeleteAllContacts,
        PhoneRequest::DownloadPhonebook,
        PhoneRequest::GetGroups,
        PhoneRequest::AddGroup("Family".into()),
        PhoneRequest::EditGroup { id: "1".into(), name: String::new() },
    ]);
    asks
}

const KINDS: [DialectKind; 2] = [DialectKind::Gxv, DialectKind::Cti];

/// lighttpd, and so a WP826, answers 411 to a POST without a length, be it empty.
#[tokio::test]
async fn every_post_has_its_length() {
    let mut functions = BTreeSet::new();
    for kind in KINDS {
        for heard in Tap::start(kind).await.hear(&all()).await {
            let path = heard.line.split([' ', '?']).nth(1).unwrap().to_owned();
            functions.insert(path);
            assert!(heard.header("transfer-encoding").is_empty(), "{kind:?} {heard:?}");
            if heard.line.starts_with("POST") {
                let length = heard.body.len().to_string();
                assert_eq!(heard.header("content-length"), [length], "{kind:?} {heard:?}");
            } else {
                assert_eq!(heard.body, "", "{kind:?} {heard:?}");
            }
        }
    }
    let every = ENDPOINTS.iter().map(|(_, _, path)| format!("/cgi-bin/{path}"));
    assert_eq!(functions, every.collect(), "every function was asked for");
}

/// A GXP2170 and a WP826 answer 403 to what seems to come from another site.
#[tokio::test]
async fn every_request_says_that_it_comes_from_the_phones_own_page() {
    for kind in KINDS {
        let tap = Tap::start(kind).await;
        let origin = tap.options.url.origin().ascii_serialization();
        for heard in tap.hear(&all()).await {
            assert_eq!(heard.header("origin"), [origin.as_str()], "{kind:?} {heard:?}");
            assert_eq!(heard.header("referer"), [format!("{origin}/")], "{kind:?} {heard:?}");
        }
    }
}
