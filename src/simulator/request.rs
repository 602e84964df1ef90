//! What a client asks with: the parameters of query and form together, and the session's cookie. Judges nothing.

use axum::{
    Form, RequestExt,
    extract::{Query, Request},
    http::{Method, header},
};

/// The parameters of one request; names are as the client spelled them.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pairs: Vec<(String, String)>,
    cookies: Vec<String>,
}

impl Asked {
    /// Reads a request: a form that cannot be read is no form.
    pub(super) async fn read(request: Request) -> Self {
        let cookies = request.headers().get_all(header::COOKIE).into_iter();
        let cookies = cookies.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
        let query = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
        let mut pairs = query.map(|Query(pairs)| pairs).unwrap_or_default();
        if request.method() == Method::POST {
            let form = request.extract::<Form<Vec<(String, String)>>, _>().await;
            pairs.extend(form.map(|Form(pairs)| pairs).unwrap_or_default());
        }
        Self { pairs, cookies }
    }

    /// A parameter that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter, or nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// All parameters in their order.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// A cookie by its name.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.cookies.iter().flat_map(|line| line.split(';'));
        let mut cookies = cookies.filter_map(|cookie| cookie.trim().split_once('='));
        cookies.find(|(one, _)| *one == name).map(|(_, value)| value)
    }
}
