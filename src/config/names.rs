//! `[names]`: checks the address book, and the country of national numbers. The book is read here to find a mistake at
//! once; who keeps it reads it again.

use std::path::PathBuf;

use super::error::Error;
use super::raw;
use super::section::Section;
use crate::domain::directory::BadCountry;
use crate::names::{Options, read};

/// Checks `[names]`; what is broken inside of the file is no mistake of the settings.
pub(super) fn check(section: &Section<'_>, raw: raw::Names) -> Result<Options, Error> {
    let country = section.text("country", raw.country)?;
    let country = country.map(|text| {
        text.parse().map_err(|error: BadCountry| {
            section.wrong("country", format!("{error}, found {text:?}"))
        })
    });
    let file = section.text("file", raw.file)?.map(PathBuf::from);
    if let Some(file) = &file {
        read(file).map_err(|why| section.wrong("file", why))?;
    }
    Ok(Options { file, country: country.transpose()? })
}
