//! The fields of requests, in the names of the vendor's guide.

use super::kept;
use crate::domain::request::{Operation, PhoneRequest, StatusQuery, SystemOperation};
use crate::phone::dialect::protocol::Fields;

/// Returns the fields of a request, in the names of the vendor's guide.
pub(super) fn fields(request: &PhoneRequest, account_base: u16, unholds: bool) -> Fields {
    match request {
        // each list of names stays under 64 bytes: longer ones overflow old firmware (CVE-2026-2329)
        PhoneRequest::Read(StatusQuery::Identity) => {
            named([("request", "67:68:phone_model:vendor_name:vendor_fullname:hw_rev".to_owned())])
        }
        PhoneRequest::Read(_)
        | PhoneRequest::DeleteAllContacts
        | PhoneRequest::GetGroups
        | PhoneRequest::DownloadPhonebook => Vec::new(),
        // the guide takes "1" or "true"; WP826 captures have 1
        PhoneRequest::GetRegistered => named([("registered", "1".to_owned())]),
        PhoneRequest::Dial { number, account } => {
            let account = account.saturating_sub(1).saturating_add(account_base);
            named([("phonenumber", number.clone()), ("account", account.to_string())])
        }
        PhoneRequest::Operate { operation, line } => {
            let cmd = match operation {
                Operation::Answer => "acceptcall",
                Operation::Reject => "rejectcall",
                Operation::HangUp => "endcall",
                // the vendor's extension for browsers has it
                Operation::Resume if unholds => "unhold",
                // it toggles: the guide has no other way back (seen in clients of GXP phones)
                Operation::Hold | Operation::Resume => "holdcall",
            };
            // the guide's text says "arg", its table "Line"; the vendor's own extension sends arg
            named([("cmd", cmd.to_owned()), ("arg", line.to_string()), ("line", line.to_string())])
        }
        PhoneRequest::System(operation) => {
            let request = match operation {
                SystemOperation::Reboot => "REBOOT",
                SystemOperation::Provision => "PROV",
                SystemOperation::FactoryReset => "RESET",
            };
            named([("request", request.to_owned())])
        }
        PhoneRequest::GetValues(names) => named([("request", names.join(":"))]),
        PhoneRequest::SetValues(values) => kept::values(values),
        PhoneRequest::ChangePassword { role, old, new } => kept::passwords(*role, old, new),
        PhoneRequest::GetContacts(filter) => kept::filter(filter),
        PhoneRequest::SaveContact(contact) => kept::contact(contact),
        PhoneRequest::DeleteContact(id) => named([("id", id.clone())]),
        PhoneRequest::AddGroup(name) => named([("name", name.clone())]),
        PhoneRequest::EditGroup { id, name } => named([("id", id.clone()), ("name", name.clone())]),
    }
}

fn named<const N: usize>(fields: [(&'static str, String); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_values_stay_under_64_bytes() {
        for (_, value) in fields(&PhoneRequest::Read(StatusQuery::Identity), 0, false) {
            assert!(value.len() < 64, "{value}");
        }
    }
}
