//! The ways in which a phone's answer can be wrong, late or missing, set at run time. Faults touch the Web API only, never
//! the page or its control interface.

use std::{collections::HashMap, future, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};

use super::{function::Function, reply::Reply, socket::Connection};

const HUGE_CHUNK: usize = 1 << 20;
const HUGE_CHUNKS: usize = 50;
const DRIP: Duration = Duration::from_secs(1);

/// One way to be wrong.
///
/// The phone does what it was asked and then spoils the answer, except for those that say that nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A web page with status 200. Nothing is done.
    HtmlPage,
    /// The first half of the answer.
    Truncated,
    /// Status 200 and nothing else.
    Empty,
    /// Lists and objects become text and text becomes a list.
    WrongTypes,
    /// Each number becomes text.
    NumbersAsText,
    /// 50 MB of spaces. Nothing is done.
    Huge,
    /// The answer, a byte each second.
    Drip,
    /// The connection stays open and silent. Nothing is done.
    NeverAnswers,
    /// The connection is reset in place of an answer.
    Reset,
    /// A 302 to elsewhere. Nothing is done.
    Redirect(String),
    /// This HTTP status, with a web page. Nothing is done.
    Status(u16),
    /// The right answer, this much later; what was asked is done then, too.
    Delay(Duration),
}

impl Fault {
    /// What happens in place of an answer, when nothing is done.
    pub(super) async fn instead(&self) -> Option<Response> {
        match self {
            Self::HtmlPage => Some(Reply::page(StatusCode::OK, "Grandstream").into_response()),
            Self::Huge => Some(huge()),
            Self::NeverAnswers => future::pending().await,
            Self::Redirect(to) => Some(redirect(to)),
            Self::Status(status) => {
                let status =
                    StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Some(Reply::page(status, &status.to_string()).into_response())
            }
            Self::Delay(delay) => {
                tokio::time::sleep(*delay).await;
                None
            }
            Self::Truncated
            | Self::Empty
            | Self::WrongTypes
            | Self::NumbersAsText
            | Self::Drip
            | Self::Reset => None,
        }
    }

    /// What becomes of a right answer.
    pub(super) async fn spoil(&self, mut reply: Reply, connection: &Connection) -> Response {
        match self {
            Self::Truncated => reply.body = first_half(&reply.body).to_owned(),
            Self::Empty => reply.body.clear(),
            Self::WrongTypes => reply.body = changed(&reply.body, wrong_types),
            Self::NumbersAsText => reply.body = changed(&reply.body, numbers_as_text),
            Self::Drip => return dripping(&reply.body),
            Self::Reset => {
                connection.reset();
                future::pending::<()>().await;
            }
            Self::HtmlPage
            | Self::Huge
            | Self::NeverAnswers
            | Self::Redirect(_)
            | Self::Status(_)
            | Self::Delay(_) => {}
        }
        reply.into_response()
    }
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(super) struct Faults {
    of_all: Option<Fault>,
    of_one: HashMap<Function, Fault>,
}

impl Faults {
    pub(super) fn set(&mut self, function: Option<Function>, fault: Fault) {
        match function {
            Some(function) => {
                self.of_one.insert(function, fault);
            }
            None => self.of_all = Some(fault),
        }
    }

    /// The fault of one function: its own, or that of all.
    pub(super) fn of(&self, function: Function) -> Option<Fault> {
        self.of_one.get(&function).or(self.of_all.as_ref()).cloned()
    }
}

fn huge() -> Response {
    let chunk = Bytes::from(vec![b' '; HUGE_CHUNK]);
    let chunks = (0..HUGE_CHUNKS).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
    Body::from_stream(stream::iter(chunks)).into_response()
}

fn dripping(body: &str) -> Response {
    let bytes = body.to_owned().into_bytes().into_iter();
    let drops = stream::unfold(bytes, |mut left| async {
        let byte = left.next()?;
        tokio::time::sleep(DRIP).await;
        Some((Ok::<_, std::io::Error>(Bytes::from(vec![byte])), left))
    });
    Body::from_stream(drops).into_response()
}

fn redirect(to: &str) -> Response {
    let mut response = StatusCode::FOUND.into_response();
    if let Ok(to) = HeaderValue::try_from(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

fn first_half(text: &str) -> &str {
    let middle = (0..=text.len() / 2).rfind(|at| text.is_char_boundary(*at));
    &text[..middle.unwrap_or_default()]
}

/// The answer with its `body`, or where it has none the whole of it, changed; text that is not JSON becomes a number.
fn changed(answer: &str, change: fn(Value) -> Value) -> String {
    match serde_json::from_str::<Value>(answer) {
        Ok(Value::Object(mut answer)) => {
            let key = ["body", "msg"].into_iter().find(|key| answer.contains_key(*key));
            match key.and_then(|key| answer.get_mut(key)) {
                Some(body) => *body = change(body.take()),
                None => return change(Value::Object(answer)).to_string(),
            }
            Value::Object(answer).to_string()
        }
        Ok(_) | Err(_) => "0".to_owned(),
    }
}

fn wrong_types(value: Value) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) => json!("nonsense"),
        Value::String(text) => json!([text]),
        Value::Null | Value::Bool(_) | Value::Number(_) => json!({}),
    }
}

fn numbers_as_text(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Array(values) => values.into_iter().map(numbers_as_text).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields.map(|(key, one)| (key, numbers_as_text(one))).collect()
        }
        other @ (Value::Null | Value::Bool(_) | Value::String(_)) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_change_their_types() {
        let cases = [
            (r#"{"body":[{"line":1}]}"#, r#"{"body":"nonsense"}"#, r#"{"body":[{"line":"1"}]}"#),
            (r#"{"body":"available"}"#, r#"{"body":["available"]}"#, r#"{"body":"available"}"#),
            (r#"{"date":"x"}"#, r#""nonsense""#, r#"{"date":"x"}"#),
            ("Response=Success", "0", "0"),
        ];
        for (answer, wrong, text) in cases {
            assert_eq!(changed(answer, wrong_types), wrong);
            assert_eq!(changed(answer, numbers_as_text), text);
        }
    }

    #[test]
    fn half_of_a_text_ends_between_characters() {
        assert_eq!(first_half("äöü"), "ä");
        assert_eq!(first_half(""), "");
    }

    #[test]
    fn a_functions_own_fault_goes_before_that_of_all() {
        let mut faults = Faults::default();
        faults.set(None, Fault::Empty);
        faults.set(Some(Function::GetTime), Fault::Drip);
        assert_eq!(faults.of(Function::GetTime), Some(Fault::Drip));
        assert_eq!(faults.of(Function::MakeCall), Some(Fault::Empty));
    }
}
