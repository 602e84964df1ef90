//! The URLs to paste into a phone's web page: one for each event.
//!
//! Names of the events of GXV phones: GXV33XX Event Notification Module User Guide (2024-02-20); they are those of the
//! Action URL Module User Guide for GXV3240 and GXV3275. Names and P-values of GXP and GRP phones: the table "Action URL
//! Parameters P-values" of their administration guides (GRP26 series, p. 85), shambles07/grandstream-actionurl-server;
//! P8315: eklundjon/ha-grandstream-phone, seen on a WP826. What we have no use for (DND, forwarding, syslog) is left out.

use url::Url;

use super::token::Token;
use crate::domain::call::push::PushKind;
use crate::phone::dialect::{DialectKind, PushForm};

/// The longest URL that a phone keeps: a WP826 drops longer ones without a word (eklundjon/ha-grandstream-phone).
const LONGEST: usize = 256;

const SCHEME: &str = "http://";

/// One event of a phone, and the URL that it is to call.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it means.
    pub kind: PushKind,
    /// The event's name on the phone's web page.
    pub event: &'static str,
    /// The number of the setting (P-value), where there is one.
    pub setting: Option<u16>,
    /// What to paste; it holds the phone's token, so it has no `Debug`.
    pub url: String,
}

/// An event: what it means, its name on a GXV, and its name and P-value on a GXP or GRP.
type Event = (PushKind, Option<&'static str>, (&'static str, u16));

const EVENTS: [Event; 15] = [
    (PushKind::Incoming, Some("Incoming Call"), ("Incoming Call", 8310)),
    (PushKind::Outgoing, Some("Outgoing Call"), ("Outgoing Call", 8311)),
    (PushKind::Established, Some("Establish Call"), ("Established Call", 8313)),
    (PushKind::Terminated, Some("Terminate Call"), ("Terminated Call", 8314)),
    (PushKind::Missed, Some("Missed Call"), ("Missed Call", 8312)),
    // Only a WP826 is known to have it; what its page calls it is a guess.
    (PushKind::Rejected, None, ("Rejected Call", 8315)),
    (PushKind::Held, Some("Hold Call"), ("Hold Call", 8324)),
    (PushKind::Resumed, Some("Resume Call"), ("UnHold Call", 8325)),
    (PushKind::Transferring, Some("Blind Transferring"), ("Blind Transfer", 8320)),
    (PushKind::Transferring, Some("Attended Transferring"), ("Attended Transfer", 8321)),
    (PushKind::OffHook, Some("Off Hook"), ("Off Hook", 8308)),
    (PushKind::OnHook, Some("On Hook"), ("On Hook", 8309)),
    (PushKind::Registered, Some("Registration"), ("Registered", 8305)),
    (PushKind::Unregistered, Some("Sign Off"), ("Unregistered", 8306)),
    (PushKind::Booted, Some("Booting Completed"), ("Setup Completed", 8304)),
];

/// Says where on the phone's web page the URLs belong, and how.
pub fn place(dialect: DialectKind) -> &'static str {
    match dialect.push() {
        // the guides' examples have no scheme; whether one is taken is not known
        PushForm::EventNotification => {
            "Maintenance > Event Notification (GXV3240, GXV3275: Event Notify); \
             if the page wants a scheme, put http:// in front"
        }
        PushForm::ActionUrl => "Settings > Outbound Notification > Action URL; or the P-value",
    }
}

/// Returns the URLs of one phone, in the order of a call.
pub fn urls(dialect: DialectKind, base: &Url, token: &Token) -> Vec<Entry> {
    entries(dialect.push(), base, &token.in_url())
}

/// Returns `true` if every URL below this one is short enough for a phone, be it with a scheme put in front.
pub fn fits(base: &Url) -> bool {
    let token = "0".repeat(32);
    let mut entries = [PushForm::EventNotification, PushForm::ActionUrl]
        .into_iter()
        .flat_map(|d| entries(d, base, &token));
    entries.all(|entry| {
        let without = entry.url.trim_start_matches(SCHEME);
        SCHEME.len() + without.chars().count() <= LONGEST
    })
}

fn entries(form: PushForm, base: &Url, token: &str) -> Vec<Entry> {
    let entry = |(kind, gxv, cti): &Event| {
        let (event, setting) = match form {
            PushForm::EventNotification => ((*gxv)?, None),
            PushForm::ActionUrl => (cti.0, Some(cti.1)),
        };
        Some(Entry { kind: *kind, event, setting, url: url(form, base, token, *kind) })
    };
    EVENTS.iter().filter_map(entry).collect()
}

fn url(form: PushForm, base: &Url, token: &str, kind: PushKind) -> String {
    let (word, fields) = (kind.word(), fields(form, kind));
    let base = base.as_str().trim_end_matches('/');
    match form {
        // as the guide writes it: 172.18.24.103/mac=$mac&local=$local
        PushForm::EventNotification => {
            let host = base.split_once("://").map_or(base, |(_, host)| host);
            format!("{host}/{token}/{word}/{fields}")
        }
        PushForm::ActionUrl => format!("{base}/{token}/{word}?{fields}"),
    }
}

/// Returns the variables that are of use with an event. The name is last: a phone puts it in as it is.
fn fields(form: PushForm, kind: PushKind) -> &'static str {
    match (kind, form) {
        (PushKind::OffHook | PushKind::OnHook | PushKind::Booted, _) => "mac=$mac",
        (PushKind::Registered | PushKind::Unregistered, _) => "mac=$mac&local=$local",
        // $call_id in the guide for GXV33xx, $call-id in the one for GXV3240 and GXV3275
        (_, PushForm::EventNotification) => {
            "mac=$mac&local=$local&remote=$remote&call_id=$call_id&call-id=$call-id&name=$display_remote"
        }
        (_, PushForm::ActionUrl) => {
            "mac=$mac&local=$local&remote=$remote&call_id=$call-id&name=$display_remote"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::push::request;

    fn all(base: &str) -> Vec<Entry> {
        let token = Token::of(&"kitchen".parse().unwrap(), &"0123456789abcdef".into());
        let of = |dialect| urls(dialect, &base.parse().unwrap(), &token);
        [of(DialectKind::Gxv), of(DialectKind::Cti)].concat()
    }

    #[test]
    fn they_are_short_enough_for_any_sensible_host() {
        let bases = [
            "http://192.168.100.200:65535".to_owned(),
            "http://[2001:db8:1234:5678:9abc:def0:1234:5678]:65535".to_owned(),
            format!("http://{}.home.arpa:65535", "b".repeat(63)),
        ];
        for base in bases {
            assert!(fits(&base.parse().unwrap()), "{base}");
            let longest = all(&base).iter().map(|entry| entry.url.len()).max().unwrap();
            assert!(longest <= LONGEST, "{longest}");
        }
        let label = "b".repeat(60);
        assert!(!fits(&format!("http://{label}.{label}.lan").parse().unwrap()));
    }

    #[test]
    fn they_say_what_they_are_for() {
        for base in ["http://192.168.1.10:8099", "http://[::1]:8099/", "http://bridge.lan"] {
            for Entry { event, url, .. } in all(base) {
                let scheme = if url.starts_with("http://") { "" } else { "http://" };
                let head = format!("GET {scheme}{url} HTTP/1.1\r\n\r\n");
                let request = request::read(head.as_bytes()).unwrap();
                let token = Token::of(&"kitchen".parse().unwrap(), &"0123456789abcdef".into());
                assert_eq!(request.token, Some(token), "{event}");
                let push = request.push.unwrap();
                assert!(EVENTS.iter().any(|(kind, gxv, (cti, _))| *kind == push.kind
                    && [gxv.unwrap_or_default(), cti].contains(&event)));
                let unfilled = [push.mac, push.local, push.remote, push.name, push.call_id];
                assert_eq!(unfilled, [None, None, None, None, None], "{event}");
            }
        }
    }

    #[test]
    fn every_kind_has_an_event_and_no_setting_two() {
        for (kind, word) in PushKind::TABLE {
            assert!(EVENTS.iter().any(|(known, ..)| *known == kind), "{word}");
        }
        let mut settings: Vec<u16> = EVENTS.iter().map(|(_, _, (_, number))| *number).collect();
        settings.sort_unstable();
        settings.dedup();
        assert_eq!(settings.len(), EVENTS.len());
    }
}
