//! The dialect of the vendor's CTI guide (`DP75x`, GXP, GRP): the passcode is in the query of each request.

use secrecy::{ExposeSecret, SecretString};

use super::{Function, Request};

/// Phrases a request: a `GET`, but for what changes something that is kept. The guide has no such function; clients of
/// GXP phones send forms (GXP1625, GXP21xx).
pub(super) fn phrase(mut request: Request, passcode: Option<&SecretString>) -> Request {
    let keeps = [
        Function::SetValues,
        Function::ChangePassword,
        Function::SaveContact,
        Function::DeleteContact,
        Function::DeleteAllContacts,
        Function::AddGroup,
        Function::EditGroup,
    ];
    request.post = keeps.contains(&request.function);
    if request.post {
        request.form = std::mem::take(&mut request.query);
    }
    if let Some(passcode) = passcode {
        let passcode = |name: &'static str| (name.into(), passcode.expose_secret().to_owned());
        if request.function == Function::MakeCall {
            // some firmware reads it here (grandstream-ctc), though the guide says passcode
            request.query.insert(0, passcode("password"));
        }
        request.query.insert(0, passcode("passcode"));
    }
    request
}
