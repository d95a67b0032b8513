use super::reader::Found;
use super::section::{NamedList, Section};
use super::suggest::nearest;
use crate::policy::{Address, Administrators, Roles};
use std::collections::{BTreeMap, BTreeSet};
use usher_events::{AccountType, IdError, Role};

/// Every kind of account there is.
pub(super) const ACCOUNT_TYPES: [&str; 3] = ["standard", "business", "enterprise"];

/// The roles of a policy that declares none, each with what it may do beyond the one before.
const ROLES: [(&str, &[&str]); 4] = [
    ("guest", &["profile:read"]),
    ("user", &["profile:write"]),
    ("manager", &["reports:read", "users:read"]),
    ("admin", &["settings:write", "users:write"]),
];

/// The role of everybody to whom nobody gave another.
const DEFAULT_ROLE: &str = "user";

/// The role of those on the list of administrators.
const ADMINISTRATORS_ROLE: &str = "admin";

/// Longest permission or feature, in characters; tokens travel in headers.
const LONGEST_WORD: usize = 64;

pub(super) fn roles(section: &Section<'_>) -> Roles {
    let declared = section.named_lists("permissions", "<role>").map(|lists| {
        let read = |(name, members): NamedList| {
            Some((
                id(section, &name, Role::new)?,
                words(section, &members.unwrap_or_default(), "permission"),
            ))
        };
        lists.into_iter().filter_map(read).collect()
    });
    let permissions = declared.unwrap_or_else(default_permissions);
    let default = match section.text("default") {
        Some(found) => declared_role(section, &found, &permissions),
        None => {
            if !permissions.contains_key(&word(DEFAULT_ROLE)) {
                let text = format!("must be set where [roles.permissions] has no {DEFAULT_ROLE}");
                section.report_key("default", text);
            }
            None
        }
    };
    let administrators = section.section("administrators", |section| {
        administrators(section, &permissions)
    });
    Roles {
        default: default.unwrap_or_else(|| word(DEFAULT_ROLE)),
        permissions,
        administrators,
    }
}

fn administrators(
    section: &Section<'_>,
    permissions: &BTreeMap<Role, BTreeSet<String>>,
) -> Administrators {
    let mut emails = BTreeSet::new();
    for found in section.texts("emails") {
        // An address is personal, and a problem's text may go into a log.
        match Address::new(&found.value).map(|address| emails.insert(address)) {
            None => section.report(
                &found.place,
                "holds something that is no plain mail address",
            ),
            Some(false) => section.report(&found.place, "holds one address twice"),
            Some(true) => {}
        }
    }
    let default = || {
        let admin = word(ADMINISTRATORS_ROLE);
        let declared = permissions.contains_key(&admin);
        if !declared && !emails.is_empty() {
            let text =
                format!("must be set where [roles.permissions] has no {ADMINISTRATORS_ROLE}");
            section.report_key("role", text);
        }
        declared.then_some(admin)
    };
    let role = match section.text("role") {
        Some(found) => declared_role(section, &found, permissions),
        None => default(),
    };
    Administrators { role, emails }
}

/// A role that the policy declares.
pub(super) fn declared_role(
    section: &Section<'_>,
    found: &Found<String>,
    permissions: &BTreeMap<Role, BTreeSet<String>>,
) -> Option<Role> {
    let role = id(section, found, Role::new)?;
    let names = permissions.keys().map(Role::as_str);
    is_declared(section, found, names, "[roles.permissions]").then_some(role)
}

/// Whether a name is among those that a table declares.
pub(super) fn is_declared<'n>(
    section: &Section<'_>,
    found: &Found<String>,
    names: impl Iterator<Item = &'n str> + Clone,
    table: &str,
) -> bool {
    let known = names.clone().any(|name| name == found.value);
    if !known {
        let hint = nearest(&found.value, names).map(|name| format!("; did you mean {name:?}?"));
        let text = format!("{:?} is not declared in {table}", found.value);
        section.report(&found.place, text + &hint.unwrap_or_default());
    }
    known
}

/// The kind of account of this name.
pub(super) fn account_type(section: &Section<'_>, found: &Found<String>) -> Option<AccountType> {
    if ACCOUNT_TYPES.contains(&found.value.as_str()) {
        return id(section, found, AccountType::new);
    }
    let all = ACCOUNT_TYPES.join(", ");
    section.report(
        &found.place,
        format!("{:?} is no kind of account; there are {all}", found.value),
    );
    None
}

/// An id, checked by its type.
pub(super) fn id<T>(
    section: &Section<'_>,
    found: &Found<String>,
    new: impl FnOnce(String) -> Result<T, IdError>,
) -> Option<T> {
    new(found.value.clone())
        .map_err(|error| section.report(&found.place, error.to_string()))
        .ok()
}

fn default_permissions() -> BTreeMap<Role, BTreeSet<String>> {
    let mut permissions = BTreeSet::new();
    let rise = |(role, more): &(&str, &[&str])| {
        permissions.extend(more.iter().map(|permission| (*permission).to_owned()));
        (word(role), permissions.clone())
    };
    ROLES.iter().map(rise).collect()
}

fn word(role: &str) -> Role {
    Role::new(role).expect("the roles of this file are plain words")
}

/// Words that can stand in a text with spaces between them; `what` says what each of them is.
pub(super) fn words(
    section: &Section<'_>,
    members: &[Found<String>],
    what: &str,
) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for found in members {
        let text = &found.value;
        let blank = |c: char| c.is_whitespace() || c.is_control();
        let problem = match () {
            () if text.is_empty() || text.contains(blank) => {
                format!("a {what} is a text without spaces, and not empty")
            }
            () if text.chars().count() > LONGEST_WORD => {
                format!("a {what} is at most {LONGEST_WORD} characters")
            }
            () if !words.insert(text.clone()) => format!("{text} is listed twice"),
            () => continue,
        };
        section.report(&found.place, problem);
    }
    words
}
