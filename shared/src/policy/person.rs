//! What the attributes of a person are worth: cleaned before they are recorded, and a mail domain
//! only where somebody trustworthy has verified it.

use super::{Domain, Policy};
use std::fmt;
use usher_events::{Person, Personal};

/// Longest name kept, in characters.
const NAME: usize = 50;
/// Longest language or time zone kept, in characters; the longest of the tz database has 32.
const CODE: usize = 64;
/// Longest department kept, in characters.
const DEPARTMENT: usize = 100;

/// Brings every value into the one form in which it is recorded and compared.
///
/// Control characters go, and with them those that turn the direction of text; what is empty then
/// is absent. Names, language, time zone and department are cut to a length. An address has none
/// here: half of one is somebody else's. Doing it again changes nothing.
pub fn normalize(person: &mut Person) {
    reshape(&mut person.email, |text| lower(&clean(text)));
    reshape(&mut person.phone_number, phone);
    reshape(&mut person.given_name, |text| cut(&clean(text), NAME));
    reshape(&mut person.family_name, |text| cut(&clean(text), NAME));
    reshape(&mut person.locale, |text| cut(&clean(text), CODE));
    reshape(&mut person.zoneinfo, |text| cut(&clean(text), CODE));
    reshape(&mut person.department, |text| cut(&clean(text), DEPARTMENT));
}

/// The domain of a mail address that counts as verified: by the pool alone, or also by outside
/// providers all of which the policy trusts for that domain.
///
/// Any outside provider can assert `email_verified`, and with linked accounts nobody can tell which
/// of them did; so one that is not trusted is enough to make the address worth nothing.
pub fn verified_domain(policy: &Policy, person: &Person) -> Option<Domain> {
    judge(policy, person).ok()
}

/// Why a mail address counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt<'p> {
    /// There is none.
    Missing,
    /// Receivers could read it as another one.
    Unreadable,
    /// Nobody says that it is verified.
    Unverified,
    /// This outside provider is not trusted for its domain.
    Untrusted(&'p str),
}

/// The domain of [`verified_domain`], or why there is none.
pub fn judge<'p>(policy: &Policy, person: &'p Person) -> Result<Domain, Doubt<'p>> {
    let email = person.email.as_ref().ok_or(Doubt::Missing)?;
    let domain = Domain::of_email(email.expose()).ok_or(Doubt::Unreadable)?;
    let trusted = |provider: &String| {
        let patterns = policy.trusted_providers.get(provider);
        patterns.is_some_and(|patterns| patterns.iter().any(|pattern| pattern.matches(&domain)))
    };
    if !person.email_verified {
        return Err(Doubt::Unverified);
    }
    match person.providers.iter().find(|provider| !trusted(provider)) {
        Some(provider) => Err(Doubt::Untrusted(provider)),
        None => Ok(domain),
    }
}

impl fmt::Display for Doubt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no mail address"),
            Self::Unreadable => f.write_str("the mail address is none whose domain can be told"),
            Self::Unverified => f.write_str("the mail address is not verified"),
            Self::Untrusted(provider) => {
                write!(
                    f,
                    "trusted_providers does not trust {provider} for this domain"
                )
            }
        }
    }
}

/// A mail address in the one form in which it is compared: the local part in lower case, the domain
/// as [`Domain`] has it. Personal, and so its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// Takes an address that every receiver reads alike; see [`Domain::of_email`].
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let domain = Domain::of_email(text)?;
        let (local, _) = text.rsplit_once('@')?;
        Some(Self(format!("{}@{domain}", lower(local))))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

/// The address, where [`verified_domain`] counts it as verified.
pub fn verified_address(policy: &Policy, person: &Person) -> Option<Address> {
    judge_address(policy, person).ok()
}

/// The address of [`verified_address`], or why there is none.
pub fn judge_address<'p>(policy: &Policy, person: &'p Person) -> Result<Address, Doubt<'p>> {
    judge(policy, person)?;
    let email = person.email.as_ref().ok_or(Doubt::Missing)?;
    Address::new(email.expose()).ok_or(Doubt::Unreadable)
}

/// Lower case, except that no letter of another script becomes one of ours: the Kelvin sign is not
/// a `k`, and an address with it may be somebody else's.
fn lower(text: &str) -> String {
    let one = |c: char| {
        let kept = !c.is_ascii() && c.to_lowercase().all(|lower| lower.is_ascii());
        let lower = (!kept).then(|| c.to_lowercase());
        kept.then_some(c)
            .into_iter()
            .chain(lower.into_iter().flatten())
    };
    text.chars().flat_map(one).collect()
}

fn reshape(value: &mut Option<Personal>, shape: impl FnOnce(&str) -> String) {
    *value = value
        .take()
        .map(|text| shape(text.expose()))
        .filter(|text| !text.is_empty())
        .map(Personal::new);
}

fn clean(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !c.is_control() && !turns_text(*c) && !is_noncharacter(*c))
        .collect();
    kept.trim().to_owned()
}

/// Marks that reorder the text around them, and separators that some mail clients show as a line.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Code points that stand for no character; queues refuse a message that holds one.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

fn cut(text: &str, longest: usize) -> String {
    let kept: String = text.chars().take(longest).collect();
    kept.trim_end().to_owned()
}

/// A plus sign, if the first character kept is one, and the digits.
fn phone(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let first = text.chars().find(|c| *c == '+' || c.is_ascii_digit());
    match first {
        Some('+') if !digits.is_empty() => format!("+{digits}"),
        _ => digits,
    }
}

#[cfg(test)]
mod tests;
