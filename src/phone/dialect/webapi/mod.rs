//! The vendor's Web API, which several dialects share: its functions and their paths, the fields of requests, and how answers
//! are read. What differs, the login and where fields go, is the dialect's.

mod answers;
mod endpoints;
mod json;
mod kept;
mod requests;
mod scalars;
mod xml;

use std::collections::BTreeMap;

use super::protocol::{Fields, HttpRequest, Learned, Method, ReadError, Reply};
use crate::domain::request::{Answer, Function, PhoneError, PhoneRequest, StatusQuery};

use endpoints::endpoint;

pub use endpoints::ENDPOINTS;

pub(super) use answers::check_status;

/// The Web API of one phone.
#[derive(Debug, Clone)]
pub(super) struct WebApi {
    /// The number of account 1 in `make_call`.
    pub(super) account_base: u16,
    /// The number of account 1 in the status of lines.
    pub(super) line_account_base: u16,
    /// Request paths that this firmware spells otherwise.
    pub(super) endpoints: BTreeMap<Function, String>,
}

impl WebApi {
    /// Returns the path of a function, below the phone's address.
    pub(super) fn path(&self, function: Function) -> String {
        let path = self.endpoints.get(&function).map_or(endpoint(function).1, String::as_str);
        if path.starts_with('/') { path.to_owned() } else { format!("/cgi-bin/{path}") }
    }

    /// Returns a request by this method: what it asks for is a form if it is a `POST`, else a query.
    pub(super) fn request(
        &self,
        function: Function,
        method: Method,
        fields: Fields,
    ) -> HttpRequest {
        let (query, form) = match method {
            Method::Get => (fields, Vec::new()),
            Method::Post => (Vec::new(), fields),
        };
        let is_long = matches!(function, Function::PhonebookDownload | Function::GetContacts);
        HttpRequest { method, path: self.path(function), query, form, cookies: Vec::new(), is_long }
    }

    /// Returns the fields of a request, in the names of the vendor's guide.
    pub(super) fn fields(&self, request: &PhoneRequest, learned: Learned) -> Fields {
        requests::fields(request, self.account_base, learned.unholds)
    }

    /// Reads the reply to a request.
    pub(super) fn read(&self, request: &PhoneRequest, reply: &Reply) -> Result<Answer, ReadError> {
        let answer = match request {
            PhoneRequest::Read(StatusQuery::Lines) => answers::lines(reply, self.line_account_base),
            PhoneRequest::Read(StatusQuery::Accounts) | PhoneRequest::GetRegistered => {
                answers::accounts(reply)
            }
            PhoneRequest::Read(StatusQuery::Status) => answers::status(reply),
            PhoneRequest::Read(StatusQuery::Clock) => answers::clock(reply),
            PhoneRequest::Read(StatusQuery::Identity) => answers::identity(reply),
            PhoneRequest::GetValues(names) => kept::read_values(reply, names),
            PhoneRequest::SetValues(_) | PhoneRequest::ChangePassword { .. } => kept::set(reply),
            PhoneRequest::GetContacts(_) => kept::contacts(reply),
            PhoneRequest::GetGroups => kept::groups(reply),
            PhoneRequest::DownloadPhonebook => xml::phonebook(reply),
            PhoneRequest::Dial { .. }
            | PhoneRequest::Operate { .. }
            | PhoneRequest::System(_)
            | PhoneRequest::SaveContact(_)
            | PhoneRequest::DeleteContact(_)
            | PhoneRequest::DeleteAllContacts
            | PhoneRequest::AddGroup(_)
            | PhoneRequest::EditGroup { .. } => answers::done(reply),
        };
        answer.map_err(|error| match error {
            ReadError::SessionExpired => ReadError::SessionExpired,
            ReadError::Phone(error) => {
                ReadError::Phone(self.name_the_path(request.function(), error))
            }
        })
    }

    /// Adds to the error of a function that is not there which path was tried, and how to set another.
    pub(super) fn name_the_path(&self, function: Function, error: PhoneError) -> PhoneError {
        let PhoneError::Unsupported(why) = error else { return error };
        PhoneError::Unsupported(format!(
            "{why} at {}: check dialect; if this firmware spells it otherwise, set endpoints.{}",
            self.path(function),
            endpoint(function).0
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_settings() {
        let mut api = WebApi { account_base: 0, line_account_base: 1, endpoints: BTreeMap::new() };
        assert_eq!(api.path(Function::GetTime), "/cgi-bin/api-get_time");
        api.endpoints.insert(Function::GetTime, "api-time".into());
        assert_eq!(api.path(Function::GetTime), "/cgi-bin/api-time");
        api.endpoints.insert(Function::GetTime, "/manager".into());
        assert_eq!(api.path(Function::GetTime), "/manager");
    }
}
