//! One form for each number, whoever wrote it: E.164 where it is known in which country it is, else as it stands.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, Region};

use crate::domain::telephony::number::bare;

/// A number with fewer digits is an extension, whatever it would be in the public network.
const EXTENSION: usize = 6;
/// Where national numbers begin with a 0, one without has so many digits at least: else it is an extension, or one
/// without its area code, and the library would take its beginning for another area.
const WITHOUT_ZERO: usize = 9;

/// A country, by its code of ISO 3166, such as `DE`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Country(Region);

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Why a text is no [`Country`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a country by the two letters of ISO 3166, such as \"DE\"")]
pub struct BadCountry;

impl FromStr for Country {
    type Err = BadCountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let region: Region = text.to_ascii_uppercase().parse().map_err(|_| BadCountry)?;
        PHONE_NUMBER_UTIL
            .get_country_code_for_region(region)
            .map(|_| Self(region))
            .ok_or(BadCountry)
    }
}

impl Country {
    /// Returns the whole of a number that is dialled in this country.
    fn complete(self, digits: &str) -> Option<String> {
        let parse = |digits: &str| valid(&PHONE_NUMBER_UTIL.parse(digits, Some(self.0)).ok()?);
        let Some(whole) = parse(digits) else { return self.complete_by_zero(digits) };
        let short = digits.len() < WITHOUT_ZERO && !digits.starts_with('0');
        // where a 0 says that an area code follows it belongs to no number
        let area = short && parse(&format!("0{digits}")).as_ref() == Some(&whole);
        (!area).then_some(whole)
    }
}

impl Country {
    /// Returns the whole of a number with the 0 of an area code that the library does not know, or not yet: it is the one
    /// that somebody writes with the country's code.
    fn complete_by_zero(self, digits: &str) -> Option<String> {
        let national = digits.strip_prefix('0').filter(|rest| !rest.starts_with('0'))?;
        let parsed = PHONE_NUMBER_UTIL.parse(digits, Some(self.0)).ok()?;
        let whole = e164(&parsed);
        (PHONE_NUMBER_UTIL.is_possible_number(&parsed) && whole.ends_with(national))
            .then_some(whole)
    }
}

/// Returns the one form of a number; none, if there is nothing in it.
pub(super) fn canonical(number: &str, country: Option<Country>) -> Option<String> {
    let bare = bare(number);
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    if digits.is_empty() {
        return None;
    }
    let short = digits.len() < EXTENSION && digits.len() == bare.len();
    // somebody at a SIP server, a service such as *21
    let other = !digits.bytes().all(|digit| digit.is_ascii_digit());
    if short || other {
        return Some(bare);
    }
    let national = country.filter(|_| digits.len() == bare.len());
    if let Some(whole) = national.and_then(|country| country.complete(digits)) {
        return Some(without_mobile(whole));
    }
    let international = match digits.strip_prefix("00") {
        Some(rest) if digits.len() == bare.len() => format!("+{rest}"),
        _ => bare,
    };
    let parsed = PHONE_NUMBER_UTIL.parse(&international, None).ok();
    Some(without_mobile(parsed.and_then(|number| valid(&number)).unwrap_or(international)))
}

fn valid(number: &PhoneNumber) -> Option<String> {
    PHONE_NUMBER_UTIL.is_valid_number(number).then(|| e164(number))
}

fn e164(number: &PhoneNumber) -> String {
    PHONE_NUMBER_UTIL.format(number, PhoneNumberFormat::E164).into_owned()
}

/// Takes out the digit that says mobile in Argentina (9), and said so in Mexico (1): callers are shown without it, and the
/// rest is the same number.
fn without_mobile(whole: String) -> String {
    for (mobile, country) in [("+549", "+54"), ("+521", "+52")] {
        if let Some(rest) = whole.strip_prefix(mobile).filter(|rest| rest.len() == 10) {
            return format!("{country}{rest}");
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number, the country of national ones, and its form.
    #[rustfmt::skip] // one number, one line
    const NUMBERS: &[(&str, &str, &str)] = &[
        // written otherwise
        ("+49 (0)30 123456", "", "+4930123456"),
        ("+49 (0)30 123456", "US", "+4930123456"),
        ("tel:+49-30-123456", "", "+4930123456"),
        ("tel:+49-30-123456;ext=5", "", "+4930123456"),
        ("sip:+4930123456@pbx;user=phone", "", "+4930123456"),
        ("+49\u{a0}30/12\u{2011}34.56", "", "+4930123456"),
        ("\u{202a}+49 30 123456\u{202c}", "", "+4930123456"),
        ("004930123456", "", "+4930123456"),
        ("0049 (0) 170 1234567", "CH", "+491701234567"),
        // national
        ("030 123456", "DE", "+4930123456"),
        ("030 123456", "", "030123456"),
        ("4930123456", "DE", "+4930123456"),
        ("1701234567", "DE", "+491701234567"),
        ("04921 8700", "DE", "+4949218700"),
        ("0043 1 58858", "DE", "+43158858"),
        ("(310) 555-0199", "US", "+13105550199"),
        ("1 310 555 0199", "US", "+13105550199"),
        ("011 49 30 123456", "US", "+4930123456"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("01 23 45 67 89", "FR", "+33123456789"),
        ("044 668 18 00", "CH", "+41446681800"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("391 231 2312", "IT", "+393912312312"),
        ("8 (812) 123-45-67", "RU", "+78121234567"),
        ("+7 812 123 45 67", "DE", "+78121234567"),
        ("11 96123-4567", "BR", "+5511961234567"),
        ("22 33 44 55", "DK", "+4522334455"),
        // not known to the library
        ("+49 1234 666666", "DE", "+491234666666"),
        ("01234666666", "DE", "+491234666666"),
        ("001234666666", "DE", "+1234666666"),
        // mobile numbers with a digit that callers are shown without
        ("+54 9 11 2345-6789", "AR", "+541123456789"),
        ("1123456789", "AR", "+541123456789"),
        ("011 15 2345-6789", "AR", "+541123456789"),
        ("+52 1 55 1234 5678", "MX", "+525512345678"),
        // extensions, services, people
        ("1001", "DE", "1001"),
        ("01001", "DE", "01001"),
        ("12345", "SH", "12345"),
        ("620001", "DE", "620001"),
        ("33445566", "DE", "33445566"),
        ("555-0199", "US", "5550199"),
        ("112", "DE", "112"),
        ("+112", "DE", "+112"),
        ("*21", "DE", "*21"),
        ("**620", "DE", "**620"),
        ("sip:Ann@example.com", "DE", "ann"),
        ("anonymous", "DE", "anonymous"),
        // numbers that nobody has
        ("+1 555 0100", "", "+15550100"),
        ("001 555 0100", "", "+15550100"),
        ("+999123456789", "DE", "+999123456789"),
        ("00000000000000000000000000000", "DE", "+000000000000000000000000000"),
    ];

    #[test]
    fn numbers_have_one_form() {
        for (number, country, expected) in NUMBERS {
            let country = country.parse().ok();
            let form = canonical(number, country);
            assert_eq!(form.as_deref(), Some(*expected), "{number} {country:?}");
            let again = form.and_then(|form| canonical(&form, country));
            assert_eq!(again.as_deref(), Some(*expected), "{number} again");
        }
        for nothing in ["", " ", "-", "sip:@pbx", "+"] {
            assert_eq!(canonical(nothing, None), None, "{nothing:?}");
        }
    }

    #[test]
    fn countries_have_two_letters() {
        for (text, known) in [
            ("DE", true),
            ("de", true),
            ("XK", true),
            ("EU", false),
            ("Germany", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Country>().is_ok(), known, "{text}");
        }
    }
}
