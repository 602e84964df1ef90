//! Where the functions of the vendor's Web API are.

use crate::domain::request::Function;

/// Every function: its key under `[phones.<id>.endpoints]`, and its path where the settings don't name one.
///
/// The first two paths are of the vendor's GXV33xx guide; the others are of its CTI guide and of clients of
/// sibling phones (GXP, GRP, WP826), and were not tried on a GXV.
pub const ENDPOINTS: [(Function, &str, &str); 20] = [
    (Function::LoginRealm, "loginrealm", "loginrealm"),
    (Function::Login, "login", "login"),
    (Function::GetValues, "get_values", "api.values.get"),
    (Function::SetValues, "set_values", "api.values.post"),
    (Function::ChangePassword, "change_password", "api-change_password"),
    (Function::GetContacts, "get_contacts", "api-get_contacts"),
    (Function::SaveContact, "save_contact", "api-save_contact"),
    (Function::DeleteAllContacts, "delete_all_contacts", "api-delete_all_contact"),
    (Function::DeleteContact, "delete_contact", "api-delete_contact"),
    (Function::AddGroup, "add_group", "api-add_group"),
    (Function::GetGroups, "get_groups", "api-get_groups"),
    (Function::EditGroup, "edit_group", "api-edit_delete_group"),
    (Function::GetAccounts, "get_accounts", "api-get_accounts"),
    (Function::GetLineStatus, "get_line_status", "api-get_line_status"),
    (Function::GetPhoneStatus, "get_phone_status", "api-get_phone_status"),
    (Function::GetTime, "get_time", "api-get_time"),
    (Function::MakeCall, "make_call", "api-make_call"),
    (Function::PhoneOperation, "phone_operation", "api-phone_operation"),
    (Function::SystemOperation, "sys_operation", "api-sys_operation"),
    (Function::PhonebookDownload, "phonebook_download", "phonebook_download"),
];

/// Returns the key of a function in the settings, and its path where they don't name one.
pub(super) fn endpoint(function: Function) -> (&'static str, &'static str) {
    let (_, key, path) = ENDPOINTS[function as usize];
    (key, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_functions() {
        for (place, (function, ..)) in ENDPOINTS.into_iter().enumerate() {
            assert_eq!(place, function as usize);
        }
    }
}
