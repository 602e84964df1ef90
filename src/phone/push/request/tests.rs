//! Calls as phones make them, and as they might.

use proptest::prelude::*;

use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Reads a request line, in which `TOKEN` stands for one.
fn read_line(line: &[u8]) -> Result<Request, Refusal> {
    let place = line.windows(5).position(|word| word == b"TOKEN");
    let line = match place {
        Some(place) => [&line[..place], TOKEN.as_bytes(), &line[place + 5..]].concat(),
        None => line.to_owned(),
    };
    read(&[&line, &b"\r\nHost: whoever\r\n\r\n"[..]].concat())
}

/// Returns mac, local, remote, name and call id of a push of an incoming call, with `-` for none.
fn fields(line: &[u8]) -> [String; 5] {
    let request = read_line(line).unwrap();
    assert_eq!(request.token, Token::read(TOKEN.as_bytes()), "{line:?}");
    let push = request.push.unwrap();
    assert_eq!((push.kind, request.only_asks), (PushKind::Incoming, false));
    [push.mac, push.local, push.remote, push.name, push.call_id]
        .map(|field| field.unwrap_or_else(|| "-".to_owned()))
}

const MAC: &str = "c0:74:ad:01:02:03";

#[test]
fn fields_are_read() {
    #[rustfmt::skip] // one call, one line
    let cases: [(&[u8], [&str; 5]); 32] = [
        // path style, as the guide for GXV33xx writes it; query style
        (b"GET /TOKEN/incoming/mac=c074ad010203&local=1000&remote=1001&name=Bob HTTP/1.1", [MAC, "1000", "1001", "Bob", "-"]),
        (b"GET /TOKEN/incoming?mac=C0:74:AD:01:02:03&local=1000&remote=1001 HTTP/1.1", [MAC, "1000", "1001", "-", "-"]),
        (b"GET /TOKEN/incoming/?mac=C0-74-AD-01-02-03 HTTP/1.1", [MAC, "-", "-", "-", "-"]),
        (b"GET /TOKEN/incoming?mac=C074AD0102&remote=1 HTTP/1.1", ["-", "-", "1", "-", "-"]),
        // nothing, and slashes
        (b"GET /TOKEN/incoming HTTP/1.1", ["-"; 5]),
        (b"GET /TOKEN/incoming/ HTTP/1.1", ["-"; 5]),
        (b"GET /TOKEN/incoming? HTTP/1.1", ["-"; 5]),
        (b"GET //TOKEN/incoming//remote=1 HTTP/1.1", ["-", "-", "1", "-", "-"]),
        (b"GET /TOKEN/incoming/local=1000&remote=1001/ HTTP/1.1", ["-", "1000", "1001", "-", "-"]),
        (b"GET TOKEN/incoming/remote=1 HTTP/1.1", ["-", "-", "1", "-", "-"]),
        // the whole URL
        (b"GET http://192.168.1.10:8099/TOKEN/incoming?remote=1 HTTP/1.1", ["-", "-", "1", "-", "-"]),
        (b"GET HTTP://[::1]:8099//TOKEN/incoming/remote=1 HTTP/1.1", ["-", "-", "1", "-", "-"]),
        // versions
        (b"GET /TOKEN/incoming?remote=1", ["-", "-", "1", "-", "-"]),
        (b"GET /TOKEN/incoming?name=Front Door", ["-", "-", "-", "Front Door", "-"]),
        (b"GET /TOKEN/incoming?name=Front Door http/1.", ["-", "-", "-", "Front Door", "-"]),
        (b"get \t /TOKEN/incoming?name=HTTP/1.1 is old  HTTP/9 ", ["-", "-", "-", "HTTP/1.1 is old", "-"]),
        // names, raw as the phones put them in
        (b"GET /TOKEN/incoming/name=A & B = C? 50% /#1/ HTTP/1.1", ["-", "-", "-", "A & B = C? 50% /#1/", "-"]),
        (b"GET /TOKEN/incoming/remote=1&name=Tom&remote=2 HTTP/1.1", ["-", "-", "1", "Tom&remote=2", "-"]),
        ("GET /TOKEN/incoming?name=Zoë Müller ☎ HTTP/1.1".as_bytes(), ["-", "-", "-", "Zoë Müller ☎", "-"]),
        (b"GET /TOKEN/incoming?name=Zo\xeb M\xfcller HTTP/1.1", ["-", "-", "-", "Zoë Müller", "-"]),
        (b"GET /TOKEN/incoming?name=\x1b[31m\0\"<b>\\ HTTP/1.1", ["-", "-", "-", "[31m\"<b>\\", "-"]),
        // percent-encoded, or not
        (b"GET /TOKEN/incoming?name=Zo%C3%AB%20M%FCller HTTP/1.1", ["-", "-", "-", "ZoÃ« Müller", "-"]),
        (b"GET /TOKEN/incoming?name=a%26b%3dc%0A%zz%4 HTTP/1.1", ["-", "-", "-", "a&b=c%zz%4", "-"]),
        (b"GET /TOKEN/incoming?remote=+4930123&name=1+1 HTTP/1.1", ["-", "-", "+4930123", "1+1", "-"]),
        (b"GET /TOKEN/incoming/local=sip:1000@pbx.lan:5060&remote=sip:1001@pbx;user=phone HTTP/1.1", ["-", "sip:1000@pbx.lan:5060", "sip:1001@pbx;user=phone", "-", "-"]),
        // variables that the phone did not fill in
        (b"GET /TOKEN/incoming/mac=$mac&local=&remote=$remote&call_id=$call_id&call-id=7@a&name=$display_remote HTTP/1.1", ["-", "-", "-", "-", "7@a"]),
        (b"GET /TOKEN/incoming/remote=%24remote&call_id=8@b&call-id=$call-id&name= HTTP/1.1", ["-", "-", "-", "-", "8@b"]),
        (b"GET /TOKEN/incoming/call_id=8@b&call-id=7@a&name=$5 shop HTTP/1.1", ["-", "-", "-", "$5 shop", "8@b"]),
        // what is twice, unknown, without a value, or spelled by the web page
        (b"GET /TOKEN/incoming?remote=1&remote=2&x=3&local&&=5 HTTP/1.1", ["-", "-", "1", "-", "-"]),
        (b"GET /TOKEN/incoming?mac=c074ad010203&amp;remote=1&amp;name=Bob HTTP/1.1", [MAC, "-", "1", "Bob", "-"]),
        (b"GET /TOKEN/incoming?local=  1000  &remote=10 01 HTTP/1.1", ["-", "1000", "10 01", "-", "-"]),
        (b"GET /TOKEN/incoming?local=1=2 HTTP/1.1", ["-", "1=2", "-", "-", "-"]),
    ];
    for (line, expected) in cases {
        assert_eq!(fields(line), expected, "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn what_is_not_ours_is_told_apart() {
    type Told = Result<(bool, bool, bool), Refusal>;
    let cases: [(&[u8], Told); 14] = [
        (b"HEAD /TOKEN/incoming HTTP/1.1", Ok((true, true, true))),
        (b"GET /TOKEN/dancing HTTP/1.1", Ok((true, false, false))),
        (b"GET /TOKEN HTTP/1.1", Ok((true, false, false))),
        (b"GET /TOKEN/INCOMING HTTP/1.1", Ok((true, false, false))),
        (b"GET /TOKEN0/incoming HTTP/1.1", Ok((false, true, false))),
        (b"GET /incoming/TOKEN HTTP/1.1", Ok((false, false, false))),
        (b"GET /favicon.ico HTTP/1.1", Ok((false, false, false))),
        (b"GET / HTTP/1.1", Ok((false, false, false))),
        (b"GET  HTTP/1.1", Ok((false, false, false))),
        (b"POST /TOKEN/incoming HTTP/1.1", Err(Refusal::NoGet)),
        (b"OPTIONS * HTTP/1.1", Err(Refusal::NoGet)),
        (b"hello", Err(Refusal::NoRequest)),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03 \x14", Err(Refusal::NoRequest)),
        (b"", Err(Refusal::NoRequest)),
    ];
    for (line, expected) in cases {
        let told = read_line(line);
        let told = told.map(|r| (r.token.is_some(), r.push.is_some(), r.only_asks));
        assert_eq!(told, expected, "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn lines_may_end_in_any_way() {
    let call = format!("GET /{TOKEN}/on_hook");
    for head in [
        format!("{call} HTTP/1.0\n\n"),
        format!("\r\n\n{call} HTTP/1.1\r\nHost: a\r\n"),
        format!("{call}\n"),
        call,
    ] {
        let push = read(head.as_bytes()).unwrap().push.unwrap();
        assert_eq!(push.kind, PushKind::OnHook, "{head}");
    }
}

#[test]
fn values_are_cut() {
    let name = "ë".repeat(10 * 1024);
    let [.., name, _] = fields(format!("GET /TOKEN/incoming?name={name} HTTP/1.1").as_bytes());
    assert_eq!(name, "ë".repeat(VALUE));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        drop(read(&bytes));
        let call = format!("GET /{TOKEN}/incoming/mac=$mac&remote=");
        let request = read(&[call.as_bytes(), &bytes].concat()).unwrap();
        for field in [request.push.unwrap().remote, None].into_iter().flatten() {
            prop_assert!(!field.is_empty() && !field.contains(char::is_control));
        }
    }

    #[test]
    fn any_name_arrives(name in "[ -#&-~]{1,40}") {
        let line = format!("GET /TOKEN/incoming?remote=1&name={name} HTTP/1.1");
        let [.., got, _] = fields(line.as_bytes());
        let name = name.trim();
        prop_assert_eq!(got, if name.is_empty() { "-" } else { name });
    }
}
