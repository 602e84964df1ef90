//! The names that the phone's own contacts give to numbers.

use std::sync::Arc;

use crate::domain::contacts::directory::{Directory, Names};
use crate::domain::contacts::phonebook::{Contact, Filter, Group, cards};
use crate::domain::request::{Answer, PhoneError, PhoneRequest};

/// The phone's own contacts and groups, as they were read last, and the names of the settings.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    listed: Vec<Contact>,
    groups: Vec<Group>,
    names: Names,
    /// Why they can't be read, as the log knows it.
    error: Option<PhoneError>,
}

impl Contacts {
    /// Returns all names that are known.
    pub(super) fn names(&self) -> Names {
        self.names.clone()
    }

    /// Returns how many numbers of the phone's own contacts have a name.
    pub(super) fn len(&self) -> usize {
        self.names.own.len()
    }

    /// Handles the names of the settings; with another country numbers mean something else.
    pub(super) fn named(&mut self, others: Arc<Directory>) {
        let moved = self.names.others.country() != others.country();
        self.names.others = others;
        if moved {
            self.names.own = self.own();
        }
    }

    /// Handles an answer, whoever asked for it. Returns `true` if the names have changed.
    pub(super) fn learn(&mut self, request: &PhoneRequest, answer: &Answer, is_poll: bool) -> bool {
        let is_new = match (request, answer) {
            (PhoneRequest::GetContacts(filter), Answer::Contacts(new))
                if *filter == Filter::default() =>
            {
                replace(&mut self.listed, new)
            }
            (PhoneRequest::DownloadPhonebook, Answer::Phonebook { contacts: new, .. })
                if is_poll =>
            {
                replace(&mut self.listed, new)
            }
            (PhoneRequest::GetGroups, Answer::Groups(new)) => replace(&mut self.groups, new),
            _ => false,
        };
        if is_new {
            self.names.own = self.own();
        }
        is_new
    }

    /// Notes whether they can be read. Returns the error if the log does not know it yet.
    pub(super) fn note(&mut self, error: Option<&PhoneError>) -> Option<PhoneError> {
        let is_known = self.error.as_ref() == error;
        self.error = error.cloned();
        self.error.clone().filter(|_| !is_known)
    }

    fn own(&self) -> Arc<Directory> {
        let cards = cards(&self.listed, &self.groups);
        Arc::new(Directory::new(self.names.others.country(), cards))
    }
}

fn replace<T: Clone + PartialEq>(known: &mut Vec<T>, new: &[T]) -> bool {
    let is_new = known != new;
    if is_new {
        *known = new.to_vec();
    }
    is_new
}
