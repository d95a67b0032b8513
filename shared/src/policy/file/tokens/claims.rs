use super::super::reader::Found;
use super::super::section::{Named, Section};
use super::super::suggest::nearest;
use super::constant;
use crate::policy::claims::{ClaimName, HiddenName, Kind, Source};
use crate::policy::{Claim, Says};
use std::collections::BTreeSet;
use toml::de::DeValue;

/// Claims in which an ID token shows a user's standard attributes, most of them as users write them.
#[rustfmt::skip]
const STANDARD: [&str; 19] = [
    "address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name",
    "locale", "middle_name", "name", "nickname", "phone_number", "phone_number_verified", "picture",
    "preferred_username", "profile", "updated_at", "website", "zoneinfo",
];

/// Claims that have a key of their own: the key, the name where none is given, and what they tell.
const SHORT: [(&str, &str, Source); 4] = [
    ("role", "role", Source::Role),
    ("permissions", "permissions", Source::Permissions),
    ("organization", "organization_id", Source::OrganizationId),
    ("account_type", "account_type", Source::AccountType),
];

/// One of a user's two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Id,
    Access,
}

/// The claims of one token: first those that have a key, then the others by name.
pub(super) fn claims(section: &Section<'_>, token: Token, hidden: &[HiddenName]) -> Vec<Claim> {
    let short = SHORT.into_iter().filter_map(|(key, default, source)| {
        let read = section.text(key);
        if read.as_ref().is_some_and(|found| found.value.is_empty()) {
            return None;
        }
        let text = read.as_ref().map_or(default, |found| found.value.as_str());
        let claim = ClaimName::new(text).map(|name| Claim {
            name,
            says: Says::Source(source),
            as_text: false,
            short: Some(key),
        });
        Some((key, read, claim.map_err(|error| error.to_string())))
    });
    let mut claims: Vec<Claim> = Vec::new();
    for (key, read, claim) in short {
        let claim = claim.and_then(|claim| fits(&claim, token, hidden, &claims).map(|()| claim));
        match (claim, read) {
            (Ok(claim), _) => claims.push(claim),
            (Err(text), Some(found)) => section.report(&found.place, text),
            // A default can be wrong by what stands beside it.
            (Err(text), None) => section.report_key(key, text),
        }
    }
    let free = section.named_values("claims", "<claim>", |name, value| {
        let claim = says(section, name, value)?;
        Some((name.clone(), claim))
    });
    for (found, (says, as_text)) in free.into_iter().flatten() {
        let name = ClaimName::new(found.value.as_str()).map_err(|error| error.to_string());
        let claim = name.map(|name| Claim {
            name,
            says,
            as_text,
            short: None,
        });
        match claim.and_then(|claim| fits(&claim, token, hidden, &claims).map(|()| claim)) {
            Ok(claim) => {
                if let Says::Source(source) = &claim.says
                    && source.is_personal()
                {
                    let source = source.as_str();
                    let text = format!(
                        "tells {source} to everybody who sees the token; leave it out unless they \
                         need it"
                    );
                    section.warn(&found.place, text);
                }
                claims.push(claim);
            }
            Err(text) => section.report(&found.place, text),
        }
    }
    claims
}

/// Why a claim cannot stand in this token beside the others.
fn fits(
    claim: &Claim,
    token: Token,
    hidden: &[HiddenName],
    others: &[Claim],
) -> Result<(), String> {
    let name = &claim.name;
    match () {
        () if shows_an_attribute(claim, token) => Err(format!(
            "{name} shows an attribute of the user; choose a name that no attribute has"
        )),
        () if others.iter().any(|other| other.name == *name) => {
            Err(format!("{name} carries another value already"))
        }
        () if hidden.iter().any(|hidden| hidden == name) => Err(format!(
            "{name} is also in tokens.suppress, and would not show"
        )),
        () => Ok(()),
    }
}

/// Whether an attribute that users write has this name, and shows in every ID token that goes out
/// unmodified. An access token shows no attributes: there, one may be told under its own name.
fn shows_an_attribute(claim: &Claim, token: Token) -> bool {
    let lower = claim.name.as_str().to_ascii_lowercase();
    let is_taken = lower.starts_with("custom:") || STANDARD.contains(&lower.as_str());
    let is_its_own = match claim.says {
        Says::Source(source) => source.as_str() == lower,
        Says::Constant(_) => false,
    };
    is_taken && !(is_its_own && token == Token::Access)
}

/// What a claim says, and whether it says it in a text.
fn says(section: &Section<'_>, name: &Found<String>, value: Named<'_, '_>) -> Option<(Says, bool)> {
    match value {
        Named::Value(value) => {
            let what = "the name of a source, or a table with from or value";
            let text = section.expect(&name.place, value, what, DeValue::as_str)?;
            let found = Found {
                value: text.to_owned(),
                place: name.place.clone(),
            };
            Some((Says::Source(source(section, &found)?), false))
        }
        Named::Section(table) => {
            let from = table.text("from");
            let value = table.value("value");
            let says = match (&from, value) {
                (Some(from), None) => Some(Says::Source(source(table, from)?)),
                (None, Some(Found { value, place })) => {
                    Some(Says::Constant(constant(table, &place, value)?))
                }
                (Some(_), Some(_)) => {
                    table.report(&name.place, "has both from and value; give one of them");
                    None
                }
                (None, None) => {
                    let text = "needs from, the name of a source, or value, a constant";
                    table.report(&name.place, text);
                    None
                }
            };
            let as_text = as_text(table, says.as_ref());
            Some((says?, as_text))
        }
    }
}

fn source(section: &Section<'_>, found: &Found<String>) -> Option<Source> {
    let source = Source::read(&found.value);
    if source.is_none() {
        let names = Source::ALL.into_iter().map(|(name, ..)| name);
        let hint = match nearest(&found.value, names.clone()) {
            Some(name) => format!("; did you mean {name:?}?"),
            None => format!("; there are {}", names.collect::<Vec<_>>().join(", ")),
        };
        let text = format!("{:?} is no source of claims{hint}", found.value);
        section.report(&found.place, text);
    }
    source
}

/// Whether `as` asks for a text where the value is none.
fn as_text(section: &Section<'_>, says: Option<&Says>) -> bool {
    let words = Kind::ALL.map(|kind| (kind.as_str(), Some(kind)));
    let asked = section.choice("as", &words, None);
    let own = says.map(|says| match says {
        Says::Source(source) => source.kind(),
        Says::Constant(value) => value.kind(),
    });
    match (asked, own) {
        (Some(asked), Some(own)) if asked != own && asked != Kind::Text => {
            let (asked, own) = (asked.as_str(), own.as_str());
            let text = format!("must be \"{own}\" or \"text\" for this claim, and is \"{asked}\"");
            section.report_key("as", text);
            false
        }
        (Some(Kind::Text), _) => true,
        (Some(_) | None, _) => false,
    }
}

/// The claims of a list that no token shows, each once.
pub(in super::super) fn hidden_names(section: &Section<'_>, key: &str) -> Vec<Found<HiddenName>> {
    let (mut hidden, mut seen) = (Vec::new(), BTreeSet::new());
    for found in section.texts(key) {
        match HiddenName::new(found.value) {
            Ok(name) if !seen.insert(name.clone()) => {
                section.report(&found.place, format!("{name} is listed twice"));
            }
            Ok(value) => hidden.push(Found {
                value,
                place: found.place,
            }),
            Err(error) => section.report(&found.place, error.to_string()),
        }
    }
    hidden
}
