//! Commands that change contacts: their arguments.

use super::Command;
use crate::domain::command::arguments::Arguments;
use crate::domain::contacts::phonebook::Contact;

/// Reads the contact that is to be saved.
pub(super) fn save(arguments: &Arguments) -> Result<Command, String> {
    let id = arguments.text("contact")?;
    let (name, last_name) = contact_name(arguments, id.is_none())?;
    let contact = Contact {
        id,
        name,
        last_name,
        group: arguments.text("group")?,
        work: arguments.text_or_empty("work")?,
        home: arguments.text_or_empty("home")?,
        mobile: arguments.text_or_empty("mobile")?,
        fax: arguments.text_or_empty("fax")?,
        email: arguments.text_or_empty("email")?,
        ..Contact::default()
    };
    Ok(Command::SaveContact(contact))
}

/// Returns the name of a contact: the whole of it, or the first name and the last.
fn contact_name(
    arguments: &Arguments,
    is_new: bool,
) -> Result<(Option<String>, Option<String>), String> {
    let name = arguments.text("name")?;
    let parts = (arguments.text_or_empty("first_name")?, arguments.text_or_empty("last_name")?);
    match (name, parts) {
        (None, (None, None)) if is_new => Err("a new contact needs a name".to_owned()),
        (name, (None, None)) => Ok((name, None)),
        (Some(_), _) => Err("send either name, or first_name and last_name".to_owned()),
        (None, (first, last)) if !is_new && (first.is_none() || last.is_none()) => {
            let why = "the phone tells only the whole name, so it is not known what the other is";
            Err(format!("to rename a contact send first_name and last_name: {why}"))
        }
        (None, (first, last)) => {
            let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
            if first.is_empty() && last.is_empty() {
                return Err("first_name and last_name are both empty".to_owned());
            }
            Ok((Some(first), Some(last)))
        }
    }
}
