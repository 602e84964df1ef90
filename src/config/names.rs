//! `[names]`: checks how the address book is called, and the country of national numbers. The book itself is not read
//! at: a file that is broken, or not there yet, must not keep the phones from being bridged.

use std::path::PathBuf;

use super::error::Error;
use super::raw;
use super::section::Section;
use crate::domain::contacts::directory::BadCountry;
use crate::names::{NamesOptions, reader};

/// Checks `[names]`; what is wrong with the file itself is no mistake of the settings.
pub(super) fn check(section: &Section<'_>, raw: raw::Names) -> Result<NamesOptions, Error> {
    let country = section.text("country", raw.country)?;
    let country = country.map(|text| {
        text.parse().map_err(|error: BadCountry| {
            section.wrong("country", format!("{error}, found {text:?}"))
        })
    });
    let file = section.text("file", raw.file)?.map(PathBuf::from);
    if let Some(file) = &file {
        reader(file).map_err(|why| section.wrong("file", why))?;
    }
    Ok(NamesOptions { file, country: country.transpose()? })
}
