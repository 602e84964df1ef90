//! What the phone does when a client changes what it keeps: values and passwords.

use serde_json::json;

use super::{journal::Happening, reply::Reply, request::Asked, state::State};

/// `api.values.post` (vendor guide, Post Values Request): each `P..` is stored, all else is ignored.
pub(super) fn set_values(state: &mut State, asked: &Asked) -> Reply {
    for (name, value) in asked.pairs() {
        let Some(name) = name.strip_prefix('P') else {
            continue;
        };
        if name == "2" {
            state.sessions.password.clone_from(value);
            state.journal.note(Happening::PasswordChanged);
            continue;
        }
        if state.profile.stubborn_values.contains(name) {
            continue;
        }
        state.phone.values.insert(name.to_owned(), value.clone());
        let (name, value) = (name.to_owned(), value.clone());
        state.journal.note(Happening::ValueSet { name, value });
    }
    Reply::success(json!({ "status": "right" }))
}

/// `api-change_password` (vendor guide, Change Password). The user's password starts as 123; it opens no session here.
/// How a wrong old password is answered is made up: the guide shows success only.
pub(super) fn change_password(state: &mut State, asked: &Asked) -> Reply {
    let user_password = state.phone.values.get("196").map_or("123", String::as_str);
    let admin = asked.get("P2").map(|new| (new, asked.text("oldadmin") == state.sessions.password));
    let user = asked.get("P196").map(|new| (new, asked.text("olduser") == user_password));
    let all = [admin, user];
    if all.iter().flatten().count() == 0 || all.iter().flatten().any(|(_, right)| !right) {
        state.journal.note(Happening::PasswordChangeRefused);
        return Reply::error(json!({ "status": "wrong" }));
    }
    if let Some((new, _)) = admin {
        new.clone_into(&mut state.sessions.password);
    }
    if let Some((new, _)) = user {
        state.phone.values.insert("196".to_owned(), new.to_owned());
    }
    state.journal.note(Happening::PasswordChanged);
    Reply::success(json!({ "status": "right" }))
}
