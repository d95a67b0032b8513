use super::reader::Found;
use super::section::Section;
use crate::policy::{ClaimNames, Groups, TokenVersion, Tokens};
use std::collections::BTreeSet;

/// Claims that Cognito does not let a trigger change (Cognito developer guide, *Pre token
/// generation*), and `scope`, which has a way of its own.
#[rustfmt::skip]
const RESERVED: [&str; 22] = [
    "acr", "amr", "at_hash", "aud", "auth_time", "azp", "client_id", "device_key", "event_id",
    "exp", "iat", "identities", "iss", "jti", "nbf", "nonce", "origin_jti", "scope", "sub",
    "token_use", "username", "version",
];
/// Beginnings of names that are Cognito's own, too.
const RESERVED_PREFIXES: [&str; 2] = ["cognito:", "dev:"];
/// Claims in which an ID token shows a user's standard attributes, most of them as users write them.
#[rustfmt::skip]
const STANDARD: [&str; 19] = [
    "address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name",
    "locale", "middle_name", "name", "nickname", "phone_number", "phone_number_verified", "picture",
    "preferred_username", "profile", "updated_at", "website", "zoneinfo",
];
/// Longest name of a claim, in characters; tokens travel in headers.
const LONGEST: usize = 64;

pub(super) fn tokens(section: &Section<'_>) -> Tokens {
    let versions = [
        ("auto", None),
        ("V1_0", Some(TokenVersion::V1)),
        ("V2_0", Some(TokenVersion::V2)),
        ("V3_0", Some(TokenVersion::V2)),
    ];
    let version = section.choice("version", &versions, None);
    let groups = [("keep", Groups::Keep), ("add_role", Groups::AddRole)];
    let groups = section.choice("groups", &groups, Groups::Keep);
    let suppress = suppress(section, groups);
    let id = section.section("id", |names| claim_names(names, &suppress));
    let access = section.section("access", |names| {
        if names.is_there() && version == Some(TokenVersion::V1) {
            section.report_key(
                "access",
                "has no meaning with version V1_0, which reaches ID tokens alone",
            );
        }
        claim_names(names, &suppress)
    });
    Tokens {
        version,
        id,
        access,
        suppress,
        groups,
    }
}

fn suppress(section: &Section<'_>, groups: Groups) -> Vec<String> {
    let mut suppress = Vec::new();
    for found in section.texts("suppress") {
        let name = found.value.as_str();
        let adds_to_it = name == "cognito:groups" && groups == Groups::AddRole;
        let problem = match () {
            () if adds_to_it => {
                Some("cognito:groups cannot be suppressed while groups is add_role".to_owned())
            }
            () if name == "cognito:groups" || name.starts_with("dev:") => None,
            () => unusable(name),
        };
        let repeated = suppress
            .contains(&found.value)
            .then(|| format!("{name} is listed twice"));
        match problem.or(repeated) {
            Some(text) => section.report(&found.place, text),
            None => suppress.push(found.value),
        }
    }
    suppress
}

fn claim_names(section: &Section<'_>, suppress: &[String]) -> ClaimNames {
    let mut seen = BTreeSet::new();
    let mut name = |key: &str, default: &str| {
        let read = section.text(key);
        if read.as_ref().is_some_and(|found| found.value.is_empty()) {
            return None;
        }
        let name = read
            .as_ref()
            .map_or(default, |found| found.value.as_str())
            .to_owned();
        let repeated = || {
            (!seen.insert(name.clone())).then(|| format!("{name} carries another value already"))
        };
        let hidden = || {
            suppress
                .contains(&name)
                .then(|| format!("{name} is also in tokens.suppress, and would not show"))
        };
        if let Some(text) = unusable(&name)
            .or_else(|| attributes_own(&name))
            .or_else(repeated)
            .or_else(hidden)
        {
            report(section, read.as_ref(), key, text);
        }
        Some(name)
    };
    ClaimNames {
        role: name("role", "role"),
        permissions: name("permissions", "permissions"),
        organization: name("organization", "organization_id"),
        account_type: name("account_type", "account_type"),
    }
}

/// At the value, or where it would stand: a default can be wrong by what stands beside it.
fn report(section: &Section<'_>, found: Option<&Found<String>>, key: &str, text: String) {
    match found {
        Some(found) => section.report(&found.place, text),
        None => section.report_key(key, text),
    }
}

/// Why no claim can be set or suppressed under this name.
fn unusable(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let reserved = RESERVED.contains(&lower.as_str())
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| lower.starts_with(prefix));
    match () {
        () if name.is_empty() => Some("the name of a claim must not be empty".to_owned()),
        () if name.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            Some("the name of a claim must not hold spaces or control characters".to_owned())
        }
        () if name.chars().count() > LONGEST => Some(format!(
            "the name of a claim must be at most {LONGEST} characters"
        )),
        () if reserved => Some(format!("{name} is reserved; Cognito lets nobody change it")),
        () => None,
    }
}

/// Why a right cannot be told under this name: an attribute that users write has it, and shows in
/// every token that goes out unmodified.
fn attributes_own(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let taken = lower.starts_with("custom:") || STANDARD.contains(&lower.as_str());
    taken.then(|| {
        format!("{name} shows an attribute of the user; choose a name that no attribute has")
    })
}
