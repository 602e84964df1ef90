//! The URLs that a person sets, with variables in them, and what becomes of those when the phone calls one. Nothing that is
//! put in is encoded, and what the phone has no value for stays as it is: so the real phones do it.

use std::{borrow::Cow, net::IpAddr};

use super::{
    news::{Event, Told},
    profile::{Account, Dialect, Profile},
};

/// Longer URLs are not called, and nobody is told (seen with a WP826).
const LONGEST: usize = 256;
/// The port of a URL without one.
const PORT: u16 = 80;

/// What there is to put in.
pub(super) struct Values<'a> {
    pub(super) profile: &'a Profile,
    pub(super) ip: IpAddr,
    pub(super) account: Option<&'a Account>,
    pub(super) call: Option<&'a Told>,
}

impl<'a> Values<'a> {
    pub(super) fn of(
        event: &'a Event,
        profile: &'a Profile,
        accounts: &'a [Account],
        ip: IpAddr,
    ) -> Self {
        let account = accounts.iter().find(|account| Some(account.id) == event.account);
        Self { profile, ip, account, call: event.call.as_ref() }
    }

    /// A variable by its name; each dialect's guide has its own spelling of the Call-ID.
    fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let dialect = self.profile.dialect;
        match name {
            "phone_ip" => Some(self.ip.to_string().into()),
            "mac" => Some(self.mac()),
            "product" => Some(self.profile.model.as_str().into()),
            "program_version" => Some(self.profile.firmware.as_str().into()),
            "hardware_version" => Some(self.profile.hardware.as_str().into()),
            "local" => self.account.map(|account| account.sip_id.as_str().into()),
            "display_local" => self.account.map(|account| account.name.as_str().into()),
            "remote" => self.call.map(|call| call.number.as_str().into()),
            "display_remote" => self.call.map(|call| call.name.as_str().into()),
            "call_id" if dialect == Dialect::Gxv => self.call.map(|call| call.id.as_str().into()),
            "call-id" if dialect == Dialect::Cti => self.call.map(|call| call.id.as_str().into()),
            "duration" => self.call.map(|call| call.duration.as_secs().to_string().into()),
            "calldirection" => {
                self.call.map(|call| if call.outgoing { "outgoing" } else { "incoming" }.into())
            }
            _ => None,
        }
    }

    /// Seen with separators and without: here each dialect has its own way.
    fn mac(&self) -> Cow<'a, str> {
        let mac = &self.profile.mac;
        match self.profile.dialect {
            Dialect::Gxv => mac
                .chars()
                .filter(char::is_ascii_hexdigit)
                .collect::<String>()
                .to_lowercase()
                .into(),
            Dialect::Cti => mac.as_str().into(),
        }
    }
}

/// The URL with everything put in; `None` when that is too long.
pub(super) fn filled(template: &str, values: &Values<'_>) -> Option<String> {
    let mut parts = template.split('$');
    let mut url = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_at(name_length(part));
        match values.get(name) {
            Some(value) => url.push_str(&value),
            None => url.extend(["$", name]),
        }
        url.push_str(rest);
    }
    // No name or number on a phone has these.
    url.retain(|c| !c.is_control());
    (url.chars().count() <= LONGEST).then_some(url)
}

/// How long the name is that a text begins with: of a whole word, so that `$local` is not found in `$localhost`.
fn name_length(text: &str) -> usize {
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = text.find(|c| !of_name(c)).unwrap_or(text.len());
    let dashed = text.strip_prefix("call-id").is_some_and(|rest| !rest.starts_with(of_name));
    if dashed { "call-id".len() } else { word }
}

/// Where to connect, what to call the host, and what to ask it for. The vendor's guide has no scheme in front.
pub(super) fn dissected(url: &str) -> (String, &str, Cow<'_, str>) {
    let url = url.strip_prefix("http://").unwrap_or(url);
    let (host, target) = url.split_at(url.find(['/', '?']).unwrap_or(url.len()));
    let after_address = host.rsplit(']').next().unwrap_or_default();
    let address =
        if after_address.contains(':') { host.to_owned() } else { format!("{host}:{PORT}") };
    let target = if target.starts_with('/') { target.into() } else { format!("/{target}").into() };
    (address, host, target)
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use super::*;

    fn told() -> Told {
        Told {
            name: "Zoë $mac Á".into(),
            number: "+15550100".into(),
            id: "1@a".into(),
            outgoing: false,
            duration: Duration::from_millis(61_900),
        }
    }

    fn fill(template: &str, profile: &Profile, call: Option<&Told>) -> Option<String> {
        let account = Some(&profile.accounts[0]);
        filled(template, &Values { profile, ip: Ipv4Addr::LOCALHOST.into(), account, call })
    }

    #[test]
    fn variables_are_put_in_as_they_are() {
        let (gxv, cti, told) = (Profile::default(), Profile::cti(), told());
        let cases = [
            ("a/$phone_ip", "a/127.0.0.1", "a/127.0.0.1"),
            ("a/mac=$mac&x", "a/mac=000b82123456&x", "a/mac=C0:74:AD:12:34:56&x"),
            ("$product $program_version", "GXV3370 1.0.3.62", "GRP2614 1.0.13.47"),
            ("$hardware_version", "V2.2A", "V1.3A"),
            ("$local,$display_local", "1001,Home", "1001,Home"),
            ("$remote:$display_remote", "+15550100:Zoë $mac Á", "+15550100:Zoë $mac Á"),
            ("$call_id $call-id", "1@a $call-id", "$call_id 1@a"),
            ("$duration/$calldirection", "61/incoming", "61/incoming"),
            ("$call-$call-idle", "$call-$call-idle", "$call-$call-idle"),
            ("$mac-$macro$", "000b82123456-$macro$", "C0:74:AD:12:34:56-$macro$"),
            ("$language$$remote", "$language$+15550100", "$language$+15550100"),
            ("a\r\nb", "ab", "ab"),
        ];
        for (template, by_gxv, by_cti) in cases {
            assert_eq!(fill(template, &gxv, Some(&told)).as_deref(), Some(by_gxv));
            assert_eq!(fill(template, &cti, Some(&told)).as_deref(), Some(by_cti));
        }
    }

    #[test]
    fn without_a_call_its_variables_stay() {
        let template = "$local $remote $call_id $duration";
        let seen = fill(template, &Profile::default(), None);
        assert_eq!(seen.as_deref(), Some("1001 $remote $call_id $duration"));
    }

    #[test]
    fn what_is_too_long_after_filling_in_is_not_called() {
        let told = told();
        let lengths = [(256, true), (257, false)];
        for (length, called) in lengths {
            let template = format!("{}$remote", "ä".repeat(length - told.number.len()));
            assert_eq!(fill(&template, &Profile::default(), Some(&told)).is_some(), called);
        }
    }

    #[test]
    fn urls_need_neither_scheme_nor_port_nor_path() {
        let cases = [
            ("10.0.0.5/mac=1&b", ("10.0.0.5:80", "10.0.0.5", "/mac=1&b")),
            ("host:81/a b", ("host:81", "host:81", "/a b")),
            ("http://host:81", ("host:81", "host:81", "/")),
            ("http://host?a=b:c", ("host:80", "host", "/?a=b:c")),
            ("[::1]/x", ("[::1]:80", "[::1]", "/x")),
            ("http://[::1]:81/x", ("[::1]:81", "[::1]:81", "/x")),
        ];
        for (url, (address, host, target)) in cases {
            assert_eq!(dissected(url), (address.to_owned(), host, target.into()), "{url}");
        }
    }
}
