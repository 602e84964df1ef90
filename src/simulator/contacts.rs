//! What the phone says to the phonebook functions. What the book keeps is in `phonebook`. The
//! guide shows success only: the refusal is that of `api-make_call`.

use serde_json::{Value, json};

use super::{
    function::Function,
    journal::Happening,
    phonebook::{Contact, Phonebook},
    reply::Reply,
    request::Asked,
    state::State,
};

/// Get Contact (vendor guide).
pub(super) fn list(state: &State, asked: &Asked) -> Reply {
    let fits = |name: &str, value: &str| asked.get(name).is_none_or(|wanted| wanted == value);
    let contacts = state.phone.phonebook.contacts.iter().filter(|contact| {
        fits("contactid", &contact.id)
            && fits("groupid", &contact.group)
            && contact.name.contains(asked.text("contactname"))
    });
    listed(contacts.map(|contact| json!(contact)).collect())
}

/// Get Contact Group (vendor guide); its table spells the filter `Id`.
pub(super) fn list_groups(state: &State, asked: &Asked) -> Reply {
    let wanted = asked.get("id").or_else(|| asked.get("Id"));
    let groups = state.phone.phonebook.groups.iter();
    let groups = groups.filter(|group| wanted.is_none_or(|wanted| wanted == group.id));
    listed(groups.map(|group| json!(group)).collect())
}

/// Lists of the phonebook have a wrapper of their own.
#[expect(clippy::needless_pass_by_value, reason = "collected just for this")]
fn listed(list: Value) -> Reply {
    Reply::json(&json!({ "res": "success", "msg": list }))
}

fn contact(asked: &Asked) -> Contact {
    let text = |name| asked.text(name).to_owned();
    let name = format!("{} {}", asked.text("firstname"), asked.text("lastname"));
    Contact {
        id: text("id"),
        name: name.trim().to_owned(),
        group: asked.get("group").unwrap_or("0").to_owned(),
        work: text("newphone1"),
        home: text("newphone2"),
        mobile: text("newphone3"),
        fax: text("newphone4"),
        email: text("email"),
    }
}

/// Save/Edit Contact (vendor guide).
pub(super) fn save(state: &mut State, asked: &Asked) -> Reply {
    change(state, Function::SaveContact, |book| book.save(contact(asked)))
}

/// Delete Contact (vendor guide).
pub(super) fn delete(state: &mut State, asked: &Asked) -> Reply {
    change(state, Function::DeleteContact, |book| book.delete(asked.text("id")))
}

/// Delete All Contacts (vendor guide).
pub(super) fn delete_all(state: &mut State) -> Reply {
    change(state, Function::DeleteAllContacts, |book| {
        book.contacts.clear();
        true
    })
}

/// Add Contact Group (vendor guide).
pub(super) fn add_group(state: &mut State, asked: &Asked) -> Reply {
    change(state, Function::AddGroup, |book| book.add_group(asked.text("name")))
}

/// Edit/delete Contact Group (vendor guide).
pub(super) fn edit_group(state: &mut State, asked: &Asked) -> Reply {
    change(state, Function::EditGroup, |book| book.edit_group(asked.text("id"), asked.text("name")))
}

/// Phonebook Download (vendor guide).
pub(super) fn download(state: &State) -> Reply {
    Reply::xml(state.phone.phonebook.xml())
}

fn change(
    state: &mut State,
    function: Function,
    change: impl FnOnce(&mut Phonebook) -> bool,
) -> Reply {
    if !change(&mut state.phone.phonebook) {
        return Reply::error(json!("Invalid Request"));
    }
    let happening = Happening::PhonebookChanged(function.path());
    state.journal.note(happening);
    Reply::success(json!(""))
}
