//! The phone's values ("P-values"): which names are asked for, and in which lists.

pub mod named;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Values by name; none where the phone said nothing of it. Names are without the `P`.
pub type Values = BTreeMap<String, Option<String>>;

/// A list of names stays shorter than this, in bytes: from 64 on it crashes old firmware (CVE-2026-2329, GXP1610 to
/// GXP1630 up to 1.0.7.80).
const LIST: usize = 60;
/// Maximum number of values that one command reads or sets.
const MANY: usize = 100;
/// The admin's and the user's password (vendor guide, Change Password).
const PASSWORDS: [&str; 2] = ["2", "196"];
/// Passwords and keys by number: of admin and user (vendor guide, Change Password); of the SIP accounts, of keys,
/// networks, servers and directories (configuration templates of GXV3240, GXV3275 and GXP16xx in `FusionPBX`). Accounts 5
/// and 6 of the GRP2600 series (`GRP260x`) are at 706 and 806 (a public `NixOS` test of provisioning files).
const SECRETS: [&str; 27] = [
    "2", "196", "34", "406", "506", "606", "706", "806", "1706", "1806", "279", "281", "83",
    "7903", "7830", "22022", "1359", "1361", "6769", "6773", "6777", "6714", "4505", "4512",
    "8024", "1594", "2967",
];
/// The SIP passwords of accounts 7 to 16: 50606 is that of account 7 (same test), the others are as far apart as the rest
/// of these accounts' values.
const MORE_SECRETS: (RangeInclusive<u32>, u32) = (50_606..=51_506, 100);
/// Parts of names that newer firmware gives to passwords and keys, such as `account.1.sip.subscriber.password`.
const SECRET_WORDS: [&str; 4] = ["passw", "pwd", "secret", "privatekey"];

/// Reads names as users write them: `68:vendor_name`, `P68, P67`.
pub fn names(text: &str) -> Result<Vec<String>, String> {
    let words = text.split(|c: char| c == ':' || c == ',' || c.is_whitespace());
    let mut names = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        let name = readable(word)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.len() {
        0 => Err("which values? name them, such as 68:vendor_name".to_owned()),
        1..=MANY => Ok(names),
        more => Err(format!("{more} values are more than {MANY}")),
    }
}

/// Reads one name; the `P` of a number may be left out.
pub fn name(word: &str) -> Result<String, String> {
    let number = word.strip_prefix(['P', 'p']).filter(|rest| is_number(rest));
    let name = number.unwrap_or(word);
    let name = if is_number(name) { name.trim_start_matches('0') } else { name };
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    // a firmware that reads a number as far as it goes would take `2.` for 2, a password
    let odd = !is_number(name)
        && name.trim_start_matches(['P', 'p']).starts_with(|c: char| c.is_ascii_digit());
    if name.is_empty() || name.len() >= LIST || odd || !name.chars().all(legal) {
        return Err(format!("{word:?} is no name of a value"));
    }
    Ok(name.to_owned())
}

/// Checks a name that is to be read.
pub fn readable(word: &str) -> Result<String, String> {
    let name = name(word)?;
    if is_secret(&name) {
        return Err(format!("{word:?} is a password or a key, and never read"));
    }
    Ok(name)
}

/// Checks a name that is to be set: only numbers can be, and passwords have a command of their own.
pub fn settable(word: &str) -> Result<String, String> {
    let name = name(word)?;
    if PASSWORDS.contains(&name.as_str()) {
        return Err(format!("P{name} is a password: use change_password"));
    }
    if is_secret(&name) {
        return Err(format!("{word:?} is a password or a key: set it at the phone"));
    }
    if is_number(&name) { Ok(name) } else { Err(format!("{word:?} can't be set, only P-numbers")) }
}

/// Splits names into lists that old firmware survives.
pub fn lists(names: &[String]) -> Vec<Vec<String>> {
    let mut lists: Vec<Vec<String>> = Vec::new();
    let mut length = 0;
    for name in names {
        let longer = length + 1 + name.len();
        if let Some(list) = lists.last_mut().filter(|_| longer < LIST) {
            list.push(name.clone());
            length = longer;
        } else {
            lists.push(vec![name.clone()]);
            length = name.len();
        }
    }
    lists
}

/// Returns the names of those values that are not what was written.
pub fn ignored(written: &BTreeMap<String, String>, read: &Values) -> Vec<String> {
    let differs = |(name, value): (&String, &String)| {
        let read = read.get(name).and_then(Option::as_deref).unwrap_or_default();
        let same = read.trim() == value.trim();
        (!same).then(|| format!("P{name}"))
    };
    written.iter().filter_map(differs).collect()
}

/// Returns `true` if this is a password or a key: what is read and written goes over the broker, for others to hear.
fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let (more, step) = MORE_SECRETS;
    let is_more =
        |number: u32| more.contains(&number) && (number - more.start()).is_multiple_of(step);
    SECRETS.contains(&name)
        || name.parse().is_ok_and(is_more)
        || SECRET_WORDS.iter().any(|word| lower.contains(word))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_read() {
        let read = |text| names(text).map(|names| names.join(" "));
        assert_eq!(read("68:vendor_name"), Ok("68 vendor_name".into()));
        assert_eq!(read(" P68, p67  68 Phone "), Ok("68 67 Phone".into()));
        assert_eq!(read("P0068"), Ok("68".into()));
        for wrong in ["", " ", "0", "a/b", "ä", "1&2", &"x".repeat(60)] {
            assert!(names(wrong).is_err(), "{wrong}");
        }
        let many = (1000..1101).map(|n| n.to_string()).collect::<Vec<_>>().join(":");
        assert!(names(&many).unwrap_err().contains("more than 100"));
    }

    #[test]
    fn words_are_not_set() {
        assert_eq!(settable("P1561").as_deref(), Ok("1561"));
        assert!(settable("vendor_name").is_err());
    }

    #[test]
    fn secrets_are_neither_read_nor_set() {
        for own in ["P2", "p002", "196"] {
            assert!(settable(own).unwrap_err().contains("change_password"), "{own}");
        }
        let sip = "account.1.sip.subscriber.password";
        let accounts = ["34", "P034", "706", "P806", "P1806", "50606", "51106", "P51506"];
        for secret in ["2", "P196", "281", sip, "users.admin.PassWd"].into_iter().chain(accounts) {
            assert!(names(&format!("68 {secret}")).unwrap_err().contains("never read"), "{secret}");
            assert!(settable(secret).is_err(), "{secret}");
        }
        assert!(settable("34").unwrap_err().contains("at the phone"));
        // a firmware that reads a number as far as it goes would take them for passwords
        for odd in ["2.", "2_", "P2.", "PP2", "pP2", "34x"] {
            assert!(names(odd).is_err() && settable(odd).is_err(), "{odd}");
        }
        assert!(names("340:3:50604:51606:Phone:account.1.sip.subscriber.userid").is_ok());
    }

    #[test]
    fn each_known_secret_is_one() {
        // (reference: the Web API guide; FusionPBX's templates of GXV3240, GXV3275, GXP16xx; NixOS' test of GRP260x)
        let guide = ["2", "196"];
        let accounts = ["34", "406", "506", "606", "706", "806", "1706", "1806"];
        let networks = ["83", "279", "281", "7830", "7903", "22022"];
        let keys = [
            "1359", "1361", "6714", "6769", "6773", "6777", "4505", "4512", "8024", "1594", "2967",
        ];
        let known = [&guide[..], &accounts[..], &networks[..], &keys[..]].concat();
        assert_eq!(known.len(), SECRETS.len(), "say the source of a new one");
        let more = (0..10).map(|account| (50_606 + account * 100).to_string());
        for secret in known.into_iter().map(str::to_owned).chain(more) {
            assert!(is_secret(&secret), "{secret}");
            assert!(readable(&secret).is_err() && settable(&secret).is_err(), "{secret}");
        }
    }

    #[test]
    fn what_was_ignored_is_named() {
        let written = [("1", "a"), ("2", "b"), ("3", "")];
        let written = written.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let read = [("1".to_owned(), Some("a".to_owned())), ("2".to_owned(), Some("x".to_owned()))];
        assert_eq!(ignored(&written, &read.into()), ["P2"]);
    }

    #[test]
    fn what_a_phone_pads_is_not_ignored() {
        let written = [("1".to_owned(), "60".to_owned())].into();
        let read = [("1".to_owned(), Some(" 60 ".to_owned()))].into();
        assert!(ignored(&written, &read).is_empty());
    }

    proptest! {
        #[test]
        fn no_list_is_too_long_and_no_name_is_lost(names in prop::collection::vec("[a-z0-9_]{1,59}", 1..40)) {
            let lists = lists(&names);
            prop_assert!(lists.iter().all(|list| list.join(":").len() < 64));
            prop_assert_eq!(lists.concat(), names);
        }
    }
}
