//! HTTP/1.1 as a small and pedantic server takes it, on bare TCP: no library forgives anything here.
//!
//! By the references: a POST without a length is 411, a body in chunks 501, and what is not percent-encoded is 400.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::habits::{Case, Framing, Style};

/// How long head and body may be at most: these servers have little memory.
const MAX_HEAD: usize = 4096;
const MAX_TARGET: usize = 1024;
const MAX_BODY: usize = 8192;
/// Between the pieces of an answer.
const PIECE_PAUSE: Duration = Duration::from_millis(1);

pub(crate) type Pairs = Vec<(String, String)>;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, as they came.
    pub(crate) target: String,
    pub(crate) headers: Pairs,
    pub(crate) body: String,
    /// What the query and a form held, decoded.
    pub(crate) query: Pairs,
    pub(crate) form: Pairs,
    /// Which connection it came on.
    pub(crate) connection: usize,
}

impl Request {
    /// The last part of the path.
    pub(crate) fn function(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        path.strip_prefix("/cgi-bin/").unwrap_or("")
    }

    /// The header with this name, however it is spelled.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// The parameter with exactly this name, of the query or of the form.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.query.iter().chain(&self.form);
        all.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What the server says.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) cookies: Vec<String>,
    /// Whether the style applies; a server's own pages are plain HTML.
    pub(crate) styled: bool,
    pub(crate) close: bool,
}

impl Answer {
    /// What a function says.
    pub(crate) fn of(body: impl Into<String>) -> Self {
        Self { status: 200, body: body.into(), cookies: Vec::new(), styled: true, close: false }
    }

    /// The server's own page; it ends the connection.
    pub(crate) fn page(status: u16) -> Self {
        let body = format!("<html><body><h1>{}</h1></body></html>", reason(status));
        Self { status, body, cookies: Vec::new(), styled: false, close: true }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        _ => "Not Implemented",
    }
}

/// Reads the head of a request; `None` if the other side has closed, or been silent.
pub(crate) async fn read_head(
    stream: &mut TcpStream,
    patience: Duration,
) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let wait = if head.is_empty() { patience } else { Duration::from_secs(5) };
        let Ok(byte) = tokio::time::timeout(wait, stream.read_u8()).await else { return Ok(None) };
        match byte {
            Ok(byte) if head.len() < MAX_HEAD => head.push(byte),
            Ok(_) => return Err(io::Error::other("the head is too long")),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(head))
}

/// Reads the rest of a request. What is wrong with it comes beside it, as the status to answer.
pub(crate) async fn read_rest(
    stream: &mut TcpStream,
    head: &[u8],
) -> io::Result<(Request, Result<(), u16>)> {
    let mut request = Request::default();
    let checked = parse_head(head, &mut request);
    if checked.is_err() {
        return Ok((request, checked));
    }
    let length = match body_length(&request) {
        Ok(length) => length,
        Err(status) => return Ok((request, Err(status))),
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let checked = parse_body(body, &mut request);
    Ok((request, checked))
}

fn parse_head(head: &[u8], request: &mut Request) -> Result<(), u16> {
    let head = std::str::from_utf8(head).ok().filter(|head| head.is_ascii()).ok_or(400_u16)?;
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, "HTTP/1.1"] = first[..] else {
        head.lines().next().unwrap_or_default().clone_into(&mut request.target);
        return Err(400);
    };
    method.clone_into(&mut request.method);
    target.clone_into(&mut request.target);
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(400_u16)?;
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if target.len() > MAX_TARGET {
        return Err(414);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    decode(path).ok_or(400_u16)?;
    request.query = pairs(query).ok_or(400_u16)?;
    Ok(())
}

fn body_length(request: &Request) -> Result<usize, u16> {
    if request.header("transfer-encoding").is_some() || request.header("expect").is_some() {
        return Err(501);
    }
    match request.header("content-length").map(str::parse) {
        None if request.method == "POST" => Err(411),
        None => Ok(0),
        Some(Ok(length)) if length > MAX_BODY => Err(413),
        Some(Ok(length)) => Ok(length),
        Some(Err(_)) => Err(400),
    }
}

fn parse_body(body: Vec<u8>, request: &mut Request) -> Result<(), u16> {
    request.body = String::from_utf8(body).map_err(|_| 400_u16)?;
    if request.body.is_empty() {
        return Ok(());
    }
    let kind = request.header("content-type").unwrap_or_default();
    if kind.split(';').next() != Some("application/x-www-form-urlencoded") {
        return Err(415);
    }
    request.form = pairs(&request.body).ok_or(400_u16)?;
    Ok(())
}

fn pairs(text: &str) -> Option<Pairs> {
    let parts = text.split('&').filter(|_| !text.is_empty());
    parts
        .map(|part| {
            let (key, value) = part.split_once('=')?;
            Some((decode(key)?, decode(value)?))
        })
        .collect()
}

/// Decodes what is percent-encoded. What should be and is not, is nothing: `+` is a plus to some servers and a space to
/// others, so a phone that knows neither is the strictest.
fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                decoded.push(u8::from_str_radix(digits, 16).ok()?);
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => decoded.push(byte),
            _ if b"-._~:*,;@!$'()/".contains(&byte) => decoded.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(decoded).ok()
}

/// Puts an answer on the wire; only its first part, if `share` says so.
pub(crate) async fn write(
    stream: &mut TcpStream,
    answer: &Answer,
    style: &Style,
    half: bool,
) -> io::Result<()> {
    let text = render(answer, style);
    let end = if half { text.len() - answer.body.len().div_ceil(2) - 1 } else { text.len() };
    let piece = if answer.styled && style.piece > 0 { style.piece } else { text.len() };
    for part in text[..end].chunks(piece) {
        stream.write_all(part).await?;
        stream.flush().await?;
        if piece < text.len() {
            tokio::time::sleep(PIECE_PAUSE).await;
        }
    }
    Ok(())
}

/// Returns whether the connection ends with this answer.
pub(crate) fn closes(answer: &Answer, style: &Style) -> bool {
    answer.close
        || (answer.styled && (style.framing == Framing::Close || style.version == "HTTP/1.0"))
}

fn render(answer: &Answer, style: &Style) -> Vec<u8> {
    let style =
        if answer.styled { style } else { &Style { content_type: "text/html", ..Style::PLAIN } };
    let body = format!("{}{}{}", style.before, answer.body, style.after);
    let mut fields = vec![("Content-Type".to_owned(), style.content_type.to_owned())];
    fields.extend(answer.cookies.iter().map(|cookie| ("Set-Cookie".to_owned(), cookie.clone())));
    let body = match style.framing {
        Framing::Length => {
            fields.push(("Content-Length".to_owned(), body.len().to_string()));
            body
        }
        Framing::Chunks => {
            fields.push(("Transfer-Encoding".to_owned(), "chunked".to_owned()));
            let chunk =
                if body.is_empty() { body } else { format!("{:x}\r\n{body}\r\n", body.len()) };
            format!("{chunk}0\r\n\r\n")
        }
        Framing::Close => body,
    };
    if closes(answer, style) {
        fields.push(("Connection".to_owned(), "close".to_owned()));
    }
    let mut text = format!("{} {} {}\r\n", style.version, answer.status, reason(answer.status));
    for (name, value) in fields {
        let name = match style.case {
            Case::Usual => name,
            Case::Lower => name.to_ascii_lowercase(),
            Case::Upper => name.to_ascii_uppercase(),
        };
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    text.push_str("\r\n");
    text.push_str(&body);
    text.into_bytes()
}
