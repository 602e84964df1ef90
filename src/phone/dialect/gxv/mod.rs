//! The dialect of the vendor's Web API guide (GXV33xx, WP820): login by random number, then a cookie.

mod login;

use std::sync::Arc;

use crate::domain::secret::Secret;

use super::protocol::{Dialect, HttpRequest, Learned, Login, Method, ReadError, Reply, Session};
use super::webapi::WebApi;
use super::{Credentials, DialectOptions, Support};
use crate::domain::request::{Answer, Function, PhoneError, PhoneRequest, Role};

/// A phone of this dialect.
#[derive(Debug)]
pub(super) struct Gxv {
    api: WebApi,
    credentials: Credentials,
}

impl Gxv {
    pub(super) fn boxed(options: DialectOptions) -> Arc<dyn Dialect> {
        let DialectOptions { credentials, account_base, line_account_base, endpoints } = options;
        Arc::new(Self { api: WebApi { account_base, line_account_base, endpoints }, credentials })
    }
}

impl Dialect for Gxv {
    fn login(&self) -> Option<(HttpRequest, Box<dyn Login>)> {
        let has_password = self.credentials.password.is_some();
        has_password.then(|| login::begin(&self.api, &self.credentials))
    }

    fn request(&self, request: &PhoneRequest, session: &Session, learned: Learned) -> HttpRequest {
        let function = request.function();
        let fields = self.api.fields(request, learned);
        let mut request = self.api.request(function, method(function), fields);
        if let Session::Sid(sid) = session {
            let sid = ("sid".into(), sid.expose().to_owned());
            request.cookies.push(sid.clone());
            match request.method {
                Method::Get => request.query.push(sid),
                Method::Post => request.form.push(sid),
            }
        }
        request
    }

    fn read(&self, request: &PhoneRequest, reply: &Reply) -> Result<Answer, ReadError> {
        self.api.read(request, reply)
    }

    fn forbidden(&self) -> PhoneError {
        PhoneError::Forbidden(match self.credentials.password {
            None => "it wants a login for that: set password or password_file".to_owned(),
            Some(_) => "this user may not do that".to_owned(),
        })
    }

    fn unauthorized(&self) -> PhoneError {
        PhoneError::Unauthorized(match self.credentials.password {
            None => "it wants a login: set password or password_file".to_owned(),
            Some(_) => "it took it, and then says unauthorized all the same".to_owned(),
        })
    }

    fn logs_in_with(&self, role: Role, password: &Secret) -> bool {
        let is_user = self.credentials.username == "user";
        (role == Role::User) == is_user && self.credentials.has(password)
    }

    fn with_password(&self, password: Secret) -> Arc<dyn Dialect> {
        let mut credentials = self.credentials.clone();
        credentials.password = Some(password);
        Arc::new(Self { api: self.api.clone(), credentials })
    }
}

/// What the guide calls body parameters is a form, and so a `POST`.
fn method(function: Function) -> Method {
    match function {
        Function::GetAccounts
        | Function::GetLineStatus
        | Function::SetValues
        | Function::ChangePassword
        | Function::GetContacts
        | Function::SaveContact
        | Function::DeleteContact
        | Function::DeleteAllContacts
        | Function::GetGroups
        | Function::AddGroup
        | Function::EditGroup => Method::Post,
        Function::LoginRealm
        | Function::Login
        | Function::GetValues
        | Function::GetPhoneStatus
        | Function::GetTime
        | Function::MakeCall
        | Function::PhoneOperation
        | Function::SystemOperation
        | Function::PhonebookDownload => Method::Get,
    }
}

/// The guide has all functions; of their paths it has those of the login only.
pub(super) fn support(_: Function) -> Support {
    Support::Documented
}
