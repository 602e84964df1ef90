//! The phonebook that a phone hands out as XML (GXP2200 XML Based Downloadable Phonebook Guide).

use roxmltree::Node;

use crate::domain::contacts::phonebook::Contact;
use crate::domain::contacts::xml::{children, decoded, parse, text};
use crate::domain::request::{Answer, PhoneError};

use super::answers::{body, check_status, nonsense};
use super::kept::CONTACTS;
use crate::phone::dialect::protocol::{ReadError, Reply};

/// Maximum number of elements and texts: a contact has some twenty.
const NODES: u32 = 200_000;
/// Maximum number of further numbers, and of further groups, of a contact.
const MORE: usize = 32;

/// Reads the answer of Phonebook Download: XML, or JSON where the phone says no.
pub(super) fn phonebook(reply: &Reply) -> Result<Answer, ReadError> {
    check_status(reply)?;
    let text = decoded(&reply.body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        body(reply)?;
        return Err(nonsense("JSON instead of a phonebook"));
    }
    let document = parse(text, NODES)
        .map_err(|why| PhoneError::BadAnswer(format!("a phonebook that is no XML: {why}")))?;
    let root = document.root_element();
    if !root.tag_name().name().eq_ignore_ascii_case("AddressBook") {
        return Err(nonsense("XML that is no phonebook"));
    }
    let contacts = children(root, "Contact").take(CONTACTS).map(contact).collect();
    Ok(Answer::Phonebook { contacts, xml: text.to_owned() })
}

fn contact(node: Node<'_, '_>) -> Contact {
    let one = |name| children(node, name).find_map(text);
    let name =
        [one("FirstName"), one("LastName")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let ids = children(node, "Groups").flat_map(|all| children(all, "groupid")).filter_map(text);
    let mut groups = children(node, "Group").filter_map(text).chain(ids);
    let mut contact = Contact {
        id: one("id"),
        name: Some(name).filter(|name| !name.is_empty()),
        group: groups.next(),
        email: one("Mail").or_else(|| one("Email")),
        ..Contact::default()
    };
    contact.more_groups = groups.take(MORE).collect();
    for phone in children(node, "Phone") {
        let kind = phone.attribute("type").unwrap_or_default().to_ascii_lowercase();
        for number in children(phone, "phonenumber").filter_map(text) {
            let place = match kind.as_str() {
                "work" => Some(&mut contact.work),
                // "Home Voice", "Home Fax" …
                kind if kind.contains("fax") => Some(&mut contact.fax),
                kind if kind.starts_with("home") => Some(&mut contact.home),
                "cell" | "mobile" => Some(&mut contact.mobile),
                _ => None,
            };
            match place {
                Some(place) if place.is_none() => *place = Some(number),
                Some(_) | None if contact.others.len() < MORE => contact.others.push(number),
                Some(_) | None => {}
            }
        }
    }
    contact
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Answer, ReadError> {
        phonebook(&Reply {
            status: 200,
            redirect: None,
            has_cookie: false,
            body: text.as_bytes().to_vec(),
        })
    }

    #[test]
    fn a_phonebook_is_read() {
        let xml = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>
            <AddressBook>
              <pbgroup><id>1</id><name>Family</name></pbgroup>
              <Contact><id>7</id><FirstName>Zo&#235;</FirstName><LastName>S&amp;B</LastName>
                <Phone type=\"Work\"><phonenumber>1001</phonenumber><accountindex>0</accountindex></Phone>
                <Phone type=\"Cell\"><phonenumber> +49 171 </phonenumber></Phone>
                <Phone type=\"Home\"><phonenumber/></Phone><Email>z@example.com</Email>
                <Groups><groupid>1</groupid></Groups></Contact>
              <Contact><LastName>Ann</LastName><Phone><phonenumber>2</phonenumber></Phone></Contact>
              <Contact/>
            </AddressBook>";
        let Ok(Answer::Phonebook { contacts, .. }) = read(xml) else { panic!("no phonebook") };
        let some = |text: &str| Some(text.to_owned());
        let zoe = Contact {
            id: some("7"),
            name: some("Zoë S&B"),
            group: some("1"),
            work: some("1001"),
            mobile: some("+49 171"),
            email: some("z@example.com"),
            ..Contact::default()
        };
        let ann = Contact { name: some("Ann"), others: vec!["2".to_owned()], ..Contact::default() };
        assert_eq!(contacts, [zoe, ann, Contact::default()]);
        let Ok(Answer::Phonebook { contacts, .. }) = read("<AddressBook/>") else { panic!("none") };
        assert!(contacts.is_empty());
    }

    #[test]
    fn no_number_and_no_group_is_lost() {
        let xml = "<AddressBook><Contact><FirstName>Bob</FirstName>
            <Phone type=\"Cell\"><phonenumber>01711111111</phonenumber></Phone>
            <Phone type=\"Cell\"><phonenumber>01722222222</phonenumber></Phone>
            <Phone type=\"Other\"><phonenumber>8001</phonenumber></Phone>
            <Phone type=\"Home Voice\"><phonenumber>030 1</phonenumber></Phone>
            <Phone><phonenumber>8002</phonenumber></Phone>
            <Group>1</Group><Group>Family</Group><Groups><groupid>3</groupid></Groups>
            </Contact></AddressBook>";
        let Ok(Answer::Phonebook { contacts, .. }) = read(xml) else { panic!("no phonebook") };
        let some = |text: &str| Some(text.to_owned());
        let bob = Contact {
            name: some("Bob"),
            group: some("1"),
            home: some("030 1"),
            mobile: some("01711111111"),
            others: ["01722222222", "8001", "8002"].map(str::to_owned).into(),
            more_groups: ["Family", "3"].map(str::to_owned).into(),
            ..Contact::default()
        };
        assert_eq!(contacts, [bob]);
        let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><AddressBook><Contact>\
            <LastName>J\xfcrgen</LastName></Contact></AddressBook>";
        let reply = Reply { status: 200, redirect: None, has_cookie: false, body: latin.to_vec() };
        let Ok(Answer::Phonebook { contacts, .. }) = phonebook(&reply) else { panic!("none") };
        assert_eq!(contacts[0].name.as_deref(), Some("Jürgen"));
    }

    #[test]
    fn the_elements_of_the_vendors_guide_are_understood() {
        let xml = include_str!("../../../../tests/fixtures/gxv/gxp2200/phonebook_download.xml");
        let Ok(Answer::Phonebook { contacts, .. }) = read(xml) else { panic!("no phonebook") };
        let some = |text: &str| Some(text.to_owned());
        let ann = Contact {
            name: some("Ann Example"),
            group: some("1"),
            work: some("8001"),
            mobile: some("+15550123"),
            email: some("ann@example.com"),
            others: vec!["8009".to_owned()],
            ..Contact::default()
        };
        let others = vec!["8002".to_owned()];
        let bob = Contact { name: some("Bob"), others, ..Contact::default() };
        assert_eq!(contacts, [ann, bob]);
    }

    #[test]
    fn a_phonebook_may_be_deep_and_breaks_nothing() {
        let deep = format!("<AddressBook>{}", "<a>".repeat(100_000));
        assert!(read(&deep).is_err());
        let closed = format!("{deep}{}</AddressBook>", "</a>".repeat(100_000));
        assert!(
            matches!(read(&closed), Ok(Answer::Phonebook { contacts, .. }) if contacts.is_empty())
        );
    }

    #[test]
    fn what_is_no_phonebook_says_why() {
        let words = |text| match read(text) {
            Err(ReadError::Phone(error)) => error.to_string(),
            other => format!("{other:?}"),
        };
        let broken = "<AddressBook>\n<Contact>\n<FirstName>A</LastName>\n</AddressBook>";
        assert!(words(broken).contains("broken in line 3"), "{}", words(broken));
        assert!(words("<html><body/></html>").contains("no phonebook"));
        assert!(words("").contains("broken in line 1"));
        assert!(words(r#"{"response":"success","body":[]}"#).contains("JSON instead"));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\">]><AddressBook>&b;</AddressBook>";
        assert!(words(bomb).contains("broken"), "{}", words(bomb));
        let expired = read(r#"{"response":"success","body":"unauthorized"}"#);
        assert_eq!(expired, Err(ReadError::SessionExpired));
    }
}
