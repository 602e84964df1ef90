//! `gxv2mqtt push-urls`: what to paste into the phones' web pages, so that they push.

use std::fmt::Write as _;

use crate::config::Settings;
use crate::phone::push::urls::{place, urls};

const HEAD: &str = "\
Each event has a field of its own on the phone's web page; paste those that you want to be seen at once. Not every phone
has all of them. Keep the URLs to yourself: whoever has one can make the bridge look at the phone.
";

/// Returns the URLs of every phone, or none, if phones may not call. They hold tokens: that is what they are for.
pub fn push_urls(settings: &Settings) -> Option<String> {
    let push = settings.push.as_ref()?;
    let mut text = HEAD.to_owned();
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes any text");
    for phone in &settings.phones {
        let entries = urls(phone.dialect, &push.url, &push.token(&phone.id));
        let width = entries.iter().map(|entry| entry.event.len()).max().unwrap_or_default();
        line(format!("\n{} ({}), {}", phone.name, phone.id, phone.url));
        line(format!("{}\n", place(phone.dialect)));
        for entry in entries {
            let setting = entry.setting.map(|number| format!("P{number}  ")).unwrap_or_default();
            line(format!("  {:width$}  {setting}{}", entry.event, entry.url));
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn settings(push: &str) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gxv2mqtt.toml");
        let toml = "
            [phones.kitchen]
            name = 'Kitchen phone'
            url = 'http://192.168.1.50'
            [phones.hall]
            url = 'https://192.168.1.51:8443'
            dialect = 'cti'
        ";
        std::fs::write(&file, format!("{push}\n{toml}")).unwrap();
        config::load(Some(&file)).unwrap()
    }

    #[test]
    fn every_phone_has_its_urls() {
        let settings =
            settings("[push]\nlisten = '192.168.1.10:8099'\nsecret = '0123456789abcdef'");
        insta::with_settings!({ snapshot_path => "../tests/snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("push_urls", push_urls(&settings).unwrap());
        });
    }

    #[test]
    fn there_are_none_where_phones_may_not_call() {
        assert_eq!(push_urls(&settings("")), None);
    }
}
