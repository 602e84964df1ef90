//! One answer of the phone before it becomes HTTP: status, kind and text. Knows the vendor's wrapper, not the functions.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// JSON, too, comes as plain text (seen with several families' clients).
const TEXT: &str = "text/plain";
const HTML: &str = "text/html";

/// What the phone says.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    kind: &'static str,
    cookie: Option<String>,
    pub(super) body: String,
    /// Whether the phone goes away after it.
    pub(super) then_reboots: bool,
}

impl Reply {
    pub(super) fn text(body: impl Into<String>) -> Self {
        Self {
            status: StatusCode::OK,
            kind: TEXT,
            cookie: None,
            body: body.into(),
            then_reboots: false,
        }
    }

    pub(super) fn json(value: &Value) -> Self {
        Self::text(value.to_string())
    }

    /// `{"response":"success","body":..}`
    #[expect(clippy::needless_pass_by_value, reason = "json!(..) reads better bare")]
    pub(super) fn success(body: Value) -> Self {
        Self::json(&json!({ "response": "success", "body": body }))
    }

    /// `{"response":"error","body":..}`
    #[expect(clippy::needless_pass_by_value, reason = "json!(..) reads better bare")]
    pub(super) fn error(body: Value) -> Self {
        Self::json(&json!({ "response": "error", "body": body }))
    }

    pub(super) fn xml(body: String) -> Self {
        Self { kind: "text/xml", ..Self::text(body) }
    }

    /// A page such as the phone's web server makes for everything that is not an answer.
    pub(super) fn page(status: StatusCode, heading: &str) -> Self {
        Self {
            status,
            kind: HTML,
            ..Self::text(format!(
                "<html><head><title>{heading}</title></head><body><h1>{heading}</h1></body></html>\n"
            ))
        }
    }

    pub(super) fn not_found() -> Self {
        Self::page(StatusCode::NOT_FOUND, "404 Not Found")
    }

    pub(super) fn with_cookie(self, name: &str, value: &str) -> Self {
        Self { cookie: Some(format!("{name}={value}; Path=/")), ..self }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        let cookie = self.cookie.map(HeaderValue::try_from);
        if let Some(Ok(cookie)) = cookie {
            headers.insert(header::SET_COOKIE, cookie);
        }
        response
    }
}
