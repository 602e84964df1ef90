//! What phones say: answers, logins, phonebooks, and calls of our URLs.

use std::collections::BTreeMap;

use crate::domain::contacts::phonebook::{self, Contact, Filter, is_short};
use crate::domain::request::password::Password;
use crate::domain::request::{Answer, Operation, PhoneRequest, Role, StatusQuery, SystemOperation};
use crate::domain::telephony::MANY;
use crate::phone::dialect::{
    Credentials, Dialect, DialectKind, DialectOptions, Digest, ReadError, Reply, Session, Step,
};
use crate::phone::push::request::read;

/// The longest words of an error, in characters: those of ours, and a quotation.
const WORDS: usize = 600;
/// The longest text of a field, in bytes.
const TEXT: usize = 256;
/// The longest value, in bytes.
const VALUE: usize = 4096;

/// Reads the answer to every request, in every dialect.
pub(super) fn answers(body: &[u8]) {
    for dialect in dialects(Digest::Md5) {
        for request in requests() {
            if request != PhoneRequest::DownloadPhonebook {
                answer(&*dialect, &request, body);
            }
        }
    }
}

/// Reads a phonebook, and makes names and pages of it.
pub(super) fn phonebook(body: &[u8]) {
    let dialects = dialects(Digest::Md5);
    let Some(Answer::Phonebook { contacts, xml }) =
        answer(&*dialects[0], &PhoneRequest::DownloadPhonebook, body)
    else {
        return;
    };
    assert!(contacts.len() <= 5000 && xml.len() <= 3 * body.len());
    assert!(contacts.iter().all(|c| c.others.len() <= 32 && c.more_groups.len() <= 32));
    pages(&contacts);
}

/// Reads both replies of a login: the random number, and the verdict.
pub(super) fn login(body: &[u8]) {
    for digest in [Digest::Md5, Digest::Sha256] {
        for dialect in dialects(digest) {
            let Some((_, login)) = dialect.login() else { continue };
            step(login.next(&reply(body)), body);
            let Some((_, login)) = dialect.login() else { continue };
            let Step::Send(_, login) = login.next(&reply(b"2016")) else {
                panic!("a number is refused");
            };
            step(login.next(&reply(body)), body);
        }
    }
}

/// Reads the head of a request to our URLs.
pub(super) fn push(head: &[u8]) {
    let Ok(request) = read(head) else { return };
    let Some(push) = request.push else { return };
    for text in [push.local, push.remote, push.name, push.call_id].into_iter().flatten() {
        assert!((1..=TEXT).contains(&text.chars().count()), "{text:?}");
        assert!(!text.contains(char::is_control) && text.trim_start() == text, "{text:?}");
    }
    assert!(push.mac.is_none_or(|mac| mac.len() == 17));
}

/// Follows a login to its end; the reply to all of it is the same.
fn step(step: Step, body: &[u8]) {
    match step {
        Step::Send(_, login) => match login.next(&reply(body)) {
            Step::Send(..) => panic!("a login has two steps"),
            last @ (Step::LoggedIn { .. } | Step::Refused(_)) => self::step(last, body),
        },
        Step::LoggedIn { session: Session::Sid(sid), .. } => {
            assert!((8..=TEXT).contains(&sid.expose().len()));
        }
        Step::LoggedIn { .. } => {}
        Step::Refused(error) => assert!(error.to_string().chars().count() <= WORDS, "{error}"),
    }
}

/// Reads an answer, and checks that it is bounded.
fn answer(dialect: &dyn Dialect, request: &PhoneRequest, body: &[u8]) -> Option<Answer> {
    let answer = match dialect.read(request, &reply(body)) {
        Ok(answer) => answer,
        Err(ReadError::SessionExpired) => return None,
        Err(ReadError::Phone(error)) => {
            assert!(error.to_string().chars().count() <= WORDS, "{error}");
            return None;
        }
    };
    let fits = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= TEXT);
    match &answer {
        Answer::Lines(lines) => {
            assert!(lines.len() <= MANY && lines.is_sorted_by_key(|line| line.line));
            assert!(lines.iter().all(|l| fits(&l.code) && fits(&l.name) && fits(&l.number)));
        }
        Answer::Accounts(accounts) => {
            assert!(accounts.len() <= MANY && accounts.is_sorted_by_key(|account| account.id));
            assert!(accounts.iter().all(|a| fits(&a.name) && fits(&a.sip_id)));
        }
        Answer::Identity(id) => assert!(fits(&id.model) && fits(&id.firmware) && fits(&id.mac)),
        Answer::Values(values) => {
            assert!(values.values().flatten().all(|value| value.len() <= VALUE));
        }
        Answer::Contacts(contacts) => {
            assert!(contacts.len() <= 5000);
            assert!(contacts.iter().all(|contact| fits(&contact.id) && fits(&contact.name)));
            pages(contacts);
        }
        Answer::Groups(groups) => {
            assert!(groups.len() <= 1000 && groups.iter().all(|group| fits(&group.name)));
        }
        Answer::Phonebook { .. }
        | Answer::Status(_)
        | Answer::Clock(_)
        | Answer::PasswordChanged { .. }
        | Answer::Done => {}
    }
    Some(answer)
}

/// Checks that the pages of contacts have all of them.
fn pages(contacts: &[Contact]) {
    let cards = phonebook::cards(contacts, &[]);
    assert_eq!(cards.len(), contacts.len());
    if is_short(contacts) {
        assert_eq!(phonebook::page(contacts, 1)["total"], contacts.len());
    }
}

fn reply(body: &[u8]) -> Reply {
    Reply { status: 200, redirect: None, has_cookie: true, body: body.to_vec() }
}

fn dialects(digest: Digest) -> Vec<std::sync::Arc<dyn Dialect>> {
    let credentials =
        Credentials { username: "gmiadmin".to_owned(), password: Some("1234".into()), digest };
    let options = DialectOptions {
        credentials,
        account_base: 0,
        line_account_base: 1,
        endpoints: BTreeMap::new(),
    };
    DialectKind::TABLE.iter().map(|row| row.kind.of(options.clone())).collect()
}

/// Returns a request of each kind.
fn requests() -> Vec<PhoneRequest> {
    let password = |text| Password::new(text).expect("a word is a password");
    let names = ["68", "vendor_name", "P1561"].map(str::to_owned);
    let mut requests: Vec<_> = StatusQuery::ALL.map(PhoneRequest::Read).into();
    requests.extend([
        PhoneRequest::GetRegistered,
        PhoneRequest::Dial { number: "1001".to_owned(), account: 1 },
        PhoneRequest::Operate { operation: Operation::Hold, line: 1 },
        PhoneRequest::System(SystemOperation::Reboot),
        PhoneRequest::GetValues(names.into()),
        PhoneRequest::SetValues(vec![("1561".to_owned(), "1".to_owned())]),
        PhoneRequest::ChangePassword { role: Role::User, old: password("a"), new: password("b") },
        PhoneRequest::GetContacts(Filter::default()),
        PhoneRequest::SaveContact(Box::default()),
        PhoneRequest::DeleteContact("1".to_owned()),
        PhoneRequest::DeleteAllContacts,
        PhoneRequest::DownloadPhonebook,
        PhoneRequest::GetGroups,
        PhoneRequest::AddGroup("Family".to_owned()),
        PhoneRequest::EditGroup { id: "1".to_owned(), name: String::new() },
    ]);
    requests
}
