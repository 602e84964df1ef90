//! Makes the answers of brokers digestible for rumqttc, which ends a connection on any reason code that it does not know, and
//! on the short form of a packet.
//!
//! Refusals go on as the one code that it knows, with the real ones as their reason string ([`codes`]); a CONNACK keeps only
//! what the link needs; what ends the connection is told as a [`Reason`]. All else passes as it is.

use tokio::io::ReadBuf;

use super::reason::Reason;

/// The largest answer with a reason code that is read; they are small.
const LARGEST_ANSWER: usize = 64 * 1024;
/// "Unspecified error", which rumqttc knows everywhere.
const REFUSED: u8 = 0x80;

/// Bytes of the broker in, bytes for rumqttc out.
#[derive(Debug)]
pub(super) struct Sieve {
    keep_alive: u16,
    pub(super) opened: bool,
    /// What has come and is not examined yet: less than a packet.
    came: Vec<u8>,
    /// Number of bytes that still belong to a packet that passes as it is.
    passing: usize,
    ready: Vec<u8>,
    /// Why nothing comes after `ready`.
    pub(super) end: Option<End>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The broker closed the connection without a word.
    Closed,
    Because(Reason),
}

impl Sieve {
    pub(super) fn new(keep_alive: u16) -> Self {
        Self { keep_alive, opened: false, came: vec![], passing: 0, ready: vec![], end: None }
    }

    /// Gives out what is ready, as far as there is room; returns `false` if nothing is.
    pub(super) fn hand_on(&mut self, into: &mut ReadBuf<'_>) -> bool {
        let size = self.ready.len().min(into.remaining());
        into.put_slice(&self.ready[..size]);
        self.ready.drain(..size);
        size > 0
    }

    /// The stream has ended.
    pub(super) fn close(&mut self) {
        let early = !self.opened && !self.came.is_empty();
        let why = || End::Because(Reason::NotMqtt5("it ends too early".to_owned()));
        self.end = Some(if early { why() } else { End::Closed });
    }

    pub(super) fn take_in(&mut self, bytes: &[u8]) {
        self.came.extend_from_slice(bytes);
        let came = std::mem::take(&mut self.came);
        let mut rest = &came[..];
        while self.end.is_none() && !rest.is_empty() {
            let passing = self.passing.min(rest.len());
            if passing > 0 {
                self.ready.extend_from_slice(&rest[..passing]);
                self.passing -= passing;
                rest = &rest[passing..];
                continue;
            }
            match self.packet(rest) {
                Ok(Some(used)) => rest = &rest[used..],
                Ok(None) => break,
                Err(reason) => self.end = Some(End::Because(reason)),
            }
        }
        self.came = rest.to_vec();
    }

    /// Takes one packet from the front, or lets it pass; returns how much was used, or nothing if more has to come.
    fn packet(&mut self, bytes: &[u8]) -> Result<Option<usize>, Reason> {
        if !self.opened && !opens(bytes)? {
            return Ok(None);
        }
        let Some((start, length)) = header(bytes)? else { return Ok(None) };
        let kind = bytes[0] >> 4;
        if !matches!(kind, CONNACK | PUBACK | SUBACK | UNSUBACK | DISCONNECT) {
            self.passing = start + length;
            return Ok(Some(0));
        }
        if length > LARGEST_ANSWER {
            return Err(Reason::Broken(format!("an answer of {length} bytes")));
        }
        let Some(body) = bytes.get(start..start + length) else { return Ok(None) };
        let answer = match kind {
            CONNACK => self.connack(body)?,
            DISCONNECT => return Err(Reason::Ended(body.first().copied().unwrap_or(0))),
            PUBACK => puback(body),
            SUBACK => suback(body),
            _ => unsuback(body),
        };
        let answer =
            answer.ok_or_else(|| Reason::Broken("an answer that is too short".to_owned()))?;
        self.ready.extend(framed(bytes[0], &answer));
        Ok(Some(start + length))
    }

    /// Keeps of a CONNACK only what is needed: the rest, a fault in it too, is none of our business.
    fn connack(&mut self, body: &[u8]) -> Result<Option<Vec<u8>>, Reason> {
        if let [_, _] = body {
            return Err(Reason::NotMqtt5("it answers as MQTT 3.1.1 does".to_owned()));
        }
        let &[flags, code, ref rest @ ..] = body else { return Ok(None) };
        if code != 0 {
            return Err(Reason::Refused(code));
        }
        self.opened = true;
        let Some(properties) = properties(rest) else { return Ok(None) };
        let mut kept = Vec::new();
        for (id, value) in properties {
            match (id, value) {
                // a broker that wants no signs of life, or few, gets ours: more are always allowed
                (0x13, &[high, low]) => {
                    let theirs = u16::from_be_bytes([high, low]);
                    if (1..self.keep_alive).contains(&theirs) {
                        kept.extend([0x13, high, low]);
                    }
                }
                (0x21 | 0x24 | 0x25 | 0x27, value) => {
                    kept.push(id);
                    kept.extend(value);
                }
                _ => {}
            }
        }
        let length = u8::try_from(kept.len()).unwrap_or(0);
        Ok(Some([&[flags, code, length], &kept[..]].concat()))
    }
}

const CONNACK: u8 = 2;
const PUBACK: u8 = 4;
const SUBACK: u8 = 9;
const UNSUBACK: u8 = 11;
const DISCONNECT: u8 = 14;
/// For a login in several steps, which we never ask for: rumqttc says what is wrong.
const AUTH: u8 = 15;

/// Looks at the very first bytes; returns `false` if more are needed.
fn opens(bytes: &[u8]) -> Result<bool, Reason> {
    const HTTP: &[u8] = b"HTTP/";
    let seen = bytes.len().min(HTTP.len());
    if bytes[..seen] == HTTP[..seen] {
        return if seen == HTTP.len() { Err(Reason::Http) } else { Ok(false) };
    }
    match bytes {
        [0x15, 3, ..] => Err(Reason::WantsTls),
        [0x15] => Ok(false),
        [first, ..] if matches!(first >> 4, CONNACK | DISCONNECT | AUTH) => Ok(true),
        _ => Err(Reason::NotMqtt5("not a CONNACK".to_owned())),
    }
}

/// Returns where the body begins, and its length; nothing if more has to come.
fn header(bytes: &[u8]) -> Result<Option<(usize, usize)>, Reason> {
    match variable(&bytes[1..]) {
        Some((used, length)) => Ok(Some((1 + used, length))),
        None if bytes.len() > 4 => Err(Reason::Broken("a packet without a length".to_owned())),
        None => Ok(None),
    }
}

/// Reads a number of one to four bytes.
fn variable(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((at + 1, value));
        }
    }
    None
}

fn framed(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    loop {
        let byte = u8::try_from(length & 0x7F).unwrap_or(0);
        length >>= 7;
        packet.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

/// Returns the properties of a CONNACK with their values as they came.
fn properties(bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let (used, length) = variable(bytes)?;
    let mut rest = bytes.get(used..used + length)?;
    let mut found = Vec::new();
    while let Some((&id, value)) = rest.split_first() {
        let text = |at: usize| {
            let size = value.get(at..at + 2)?;
            Some(at + 2 + usize::from(u16::from_be_bytes([size[0], size[1]])))
        };
        let size = match id {
            0x24 | 0x25 | 0x28 | 0x29 | 0x2A => 1,
            0x13 | 0x21 | 0x22 => 2,
            0x11 | 0x27 => 4,
            0x12 | 0x15 | 0x16 | 0x1A | 0x1C | 0x1F => text(0)?,
            0x26 => text(text(0)?)?,
            _ => return None,
        };
        found.push((id, value.get(..size)?));
        rest = &value[size..];
    }
    Some(found)
}

fn puback(body: &[u8]) -> Option<Vec<u8>> {
    let id = body.get(..2)?;
    match body.get(2) {
        // success; success, and nobody listens
        None | Some(0 | 0x10) => Some(id.to_vec()),
        Some(code) => Some([id, &[REFUSED], &told(&[*code])].concat()),
    }
}

fn suback(body: &[u8]) -> Option<Vec<u8>> {
    let (id, codes) = acknowledged(body)?;
    let known: Vec<u8> =
        codes.iter().map(|code| if *code <= 2 { *code } else { REFUSED }).collect();
    Some([id, &told(codes), &known].concat())
}

/// What is not subscribed to any more is no loss, whatever the broker thinks of it.
fn unsuback(body: &[u8]) -> Option<Vec<u8>> {
    let (id, codes) = acknowledged(body)?;
    Some([id, &[0], &vec![0; codes.len()]].concat())
}

/// Returns the packet id and the reason codes.
fn acknowledged(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (id, rest) = body.split_at_checked(2)?;
    let (used, length) = variable(rest)?;
    Some((id, rest.get(used + length..)?))
}

/// Returns properties with these codes as the reason string.
fn told(codes: &[u8]) -> Vec<u8> {
    let text: Vec<String> = codes.iter().map(ToString::to_string).collect();
    let text = text.join(" ").into_bytes();
    let size = u16::try_from(text.len()).unwrap_or(0).to_be_bytes();
    framed(0, &[&[0x1F, size[0], size[1]], &text[..]].concat())[1..].to_vec()
}

/// Returns the reason codes of an answer, out of the reason string that was put there.
pub(super) fn codes(reason_string: &str) -> Vec<u8> {
    reason_string.split(' ').filter_map(|code| code.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out if it comes in pieces of this size.
    fn through(bytes: &[u8], piece: usize) -> (Vec<u8>, Option<End>) {
        let mut sieve = Sieve::new(30);
        for piece in bytes.chunks(piece) {
            sieve.take_in(piece);
        }
        (sieve.ready, sieve.end)
    }

    #[test]
    fn answers_are_made_digestible_however_they_come() {
        let connack = [0x20, 3, 0, 0, 0];
        let cases: [(&[u8], &[u8]); 9] = [
            (&[0x40, 2, 0, 7], &[0x40, 2, 0, 7]),
            (&[0x40, 3, 0, 7, 0x10], &[0x40, 2, 0, 7]),
            (&[0x40, 4, 0, 7, 0, 0], &[0x40, 2, 0, 7]),
            (&[0x40, 3, 0, 7, 149], b"\x40\x0A\x00\x07\x80\x06\x1F\x00\x03149"),
            (&[0x40, 3, 0, 7, 1], b"\x40\x08\x00\x07\x80\x04\x1F\x00\x011"),
            (&[0x90, 5, 0, 7, 0, 0, 149], b"\x90\x0D\x00\x07\x08\x1F\x00\x050 149\x00\x80"),
            (&[0xB0, 5, 0, 7, 0, 0, 149], &[0xB0, 5, 0, 7, 0, 0, 0]),
            (&[0x30, 4, 0, 1, b't', 0], &[0x30, 4, 0, 1, b't', 0]),
            (&[0xD0, 0], &[0xD0, 0]),
        ];
        for (came, expected) in cases {
            for piece in [1, 2, 100] {
                let (ready, end) = through(&[&connack, came, &connack].concat(), piece);
                assert_eq!(ready, [&connack, expected, &connack].concat(), "{came:x?}");
                assert_eq!(end, None);
            }
        }
    }

    #[test]
    fn a_connack_keeps_what_is_looked_at() {
        let came = b"\x20\x1D\x01\x00\x1A\x13\x00\x00\x21\x00\x05\x24\x00\x25\x00\x27\x00\x00\x00\xC8\x26\x00\x01k\x00\x01v\x12\x00\x01c";
        let expected = [0x20, 15, 1, 0, 12, 0x21, 0, 5, 0x24, 0, 0x25, 0, 0x27, 0, 0, 0, 200];
        assert_eq!(through(came, 3).0, expected);
        for (theirs, kept) in [(0, false), (10, true), (29, true), (60, false)] {
            let (ready, _) = through(&[0x20, 6, 0, 0, 3, 0x13, 0, theirs], 100);
            assert_eq!(ready.len(), if kept { 8 } else { 5 }, "keep alive {theirs}");
        }
    }

    #[test]
    fn what_ends_the_connection_comes_after_what_came_before() {
        let connack = [0x20, 3, 0, 0, 0];
        for (came, expected) in [
            (&[0xE0, 1, 0x8E][..], Reason::Ended(0x8E)),
            (&[0xE0, 2, 0x8B, 0], Reason::Ended(0x8B)),
            (&[0xE0, 0], Reason::Ended(0)),
        ] {
            let (ready, end) = through(&[&connack[..], &[0x40, 2, 0, 7], came].concat(), 4);
            assert_eq!(ready, [0x20, 3, 0, 0, 0, 0x40, 2, 0, 7]);
            assert_eq!(end, Some(End::Because(expected)));
        }
    }

    #[test]
    fn nonsense_of_any_kind_ends_and_does_not_panic() {
        for first in 0..=255 {
            for length in [0, 1, 2, 3, 5, 127] {
                let body = [first, length, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
                through(&body, 1);
                through(&[&[0x20, 3, 0, 0, 0], &body[..]].concat(), 3);
            }
        }
    }
}
