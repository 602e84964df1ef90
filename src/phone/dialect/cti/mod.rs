//! The dialect of the vendor's CTI guide (`DP75x`, GXP, GRP): the passcode is in the query of each request.

use std::sync::Arc;

use crate::domain::secret::Secret;

use super::protocol::{Dialect, HttpRequest, Learned, Login, Method, ReadError, Reply, Session};
use super::webapi::WebApi;
use super::{Credentials, DialectOptions, Support};
use crate::domain::request::{Answer, Function, PhoneError, PhoneRequest, Role};

/// A phone of this dialect.
#[derive(Debug)]
pub(super) struct Cti {
    api: WebApi,
    /// The passcode is the password; there is no name.
    credentials: Credentials,
}

impl Cti {
    pub(super) fn boxed(options: DialectOptions) -> Arc<dyn Dialect> {
        let DialectOptions { credentials, account_base, line_account_base, endpoints } = options;
        Arc::new(Self { api: WebApi { account_base, line_account_base, endpoints }, credentials })
    }
}

impl Dialect for Cti {
    fn login(&self) -> Option<(HttpRequest, Box<dyn Login>)> {
        None
    }

    fn request(&self, request: &PhoneRequest, _: &Session, learned: Learned) -> HttpRequest {
        let function = request.function();
        let fields = self.api.fields(request, learned);
        let mut request = self.api.request(function, method(function), fields);
        if let Some(passcode) = &self.credentials.password {
            let passcode = |name: &'static str| (name.into(), passcode.expose().to_owned());
            if function == Function::MakeCall {
                // some firmware reads it here (grandstream-ctc), though the guide says passcode
                request.query.insert(0, passcode("password"));
            }
            request.query.insert(0, passcode("passcode"));
        }
        request
    }

    fn read(&self, request: &PhoneRequest, reply: &Reply) -> Result<Answer, ReadError> {
        self.api.read(request, reply)
    }

    fn forbidden(&self) -> PhoneError {
        PhoneError::Forbidden(match self.credentials.password {
            None => "it wants a login for that: set password or password_file".to_owned(),
            Some(_) => "it does not take the passcode for that".to_owned(),
        })
    }

    fn unauthorized(&self) -> PhoneError {
        PhoneError::Unauthorized(match self.credentials.password {
            None => "it wants a passcode: set password or password_file".to_owned(),
            Some(_) => {
                "it does not take the passcode: check password, dialect, and Action URI Support \
                 under Network, Remote Control"
                    .to_owned()
            }
        })
    }

    fn logs_in_with(&self, _: Role, password: &Secret) -> bool {
        self.credentials.has(password)
    }

    fn with_password(&self, password: Secret) -> Arc<dyn Dialect> {
        let mut credentials = self.credentials.clone();
        credentials.password = Some(password);
        Arc::new(Self { api: self.api.clone(), credentials })
    }
}

/// A `GET`, but for what changes something that is kept. The guide has no such function; clients of GXP phones send forms
/// (GXP1625, GXP21xx).
fn method(function: Function) -> Method {
    let keeps = [
        Function::SetValues,
        Function::ChangePassword,
        Function::SaveContact,
        Function::DeleteContact,
        Function::DeleteAllContacts,
        Function::AddGroup,
        Function::EditGroup,
    ];
    if keeps.contains(&function) { Method::Post } else { Method::Get }
}

/// CTI guides of the vendor, for `DP75x`, GXP and GRP.
pub(super) fn support(function: Function) -> Support {
    match function {
        Function::GetAccounts
        | Function::GetLineStatus
        | Function::GetPhoneStatus
        | Function::MakeCall
        | Function::PhoneOperation
        | Function::SystemOperation => Support::Documented,
        Function::LoginRealm | Function::Login => Support::None,
        Function::GetValues
        | Function::SetValues
        | Function::ChangePassword
        | Function::GetContacts
        | Function::SaveContact
        | Function::DeleteAllContacts
        | Function::DeleteContact
        | Function::AddGroup
        | Function::GetGroups
        | Function::EditGroup
        | Function::GetTime
        | Function::PhonebookDownload => Support::Seen,
    }
}
