//! Who has which number: the contacts of a phone, the address book of the settings, and how numbers are compared.

pub mod directory;
pub mod phonebook;
pub mod xml;
