use super::reader::Found;
use super::section::Section;
use super::suggest::nearest;
use super::texts;
use crate::policy::{
    DomainPattern, DomainRule, Organization, Roles, SignIn, SignUp, WhenStoreIsDown,
};
use std::collections::{BTreeMap, BTreeSet};
use usher_events::{AccountType, IdError, OrganizationId, Role};

/// Every kind of account there is.
const ACCOUNT_TYPES: [&str; 3] = ["standard", "business", "enterprise"];

/// The roles of a policy that declares none, each with what it may do beyond the one before.
const ROLES: [(&str, &[&str]); 4] = [
    ("guest", &["profile:read"]),
    ("user", &["profile:write"]),
    ("manager", &["reports:read", "users:read"]),
    ("admin", &["settings:write", "users:write"]),
];

/// The role of everybody to whom nobody gave another.
const DEFAULT_ROLE: &str = "user";

pub(super) fn sign_up(section: &Section<'_>) -> SignUp {
    let allowed = patterns(section, section.texts("allowed_domains"));
    let blocked = patterns(section, section.texts("blocked_domains"));
    for entry in &allowed {
        if let Some(over) = blocked.iter().find(|over| over.value.covers(&entry.value)) {
            let text = format!("{} is also blocked, by {}", entry.value, over.value);
            section.report(&entry.place, text);
        }
    }
    SignUp {
        allowed_domains: values(allowed),
        blocked_domains: values(blocked),
        apply_to_administrators: section.flag("apply_to_administrators", false),
    }
}

pub(super) fn sign_in(section: &Section<'_>) -> SignIn {
    let words = [
        ("admit", WhenStoreIsDown::Admit),
        ("refuse", WhenStoreIsDown::Refuse),
    ];
    let when_store_is_down = section.choice("when_store_is_down", &words, WhenStoreIsDown::Admit);
    SignIn { when_store_is_down }
}

pub(super) fn roles(section: &Section<'_>) -> Roles {
    let permissions = match section.named_lists("permissions", "<role>") {
        None => default_permissions(),
        Some(lists) => lists
            .into_iter()
            .filter_map(|(name, members)| {
                let role = id(section, &name, Role::new)?;
                Some((
                    role,
                    members
                        .iter()
                        .filter_map(|text| permission(section, text))
                        .collect(),
                ))
            })
            .collect(),
    };
    let default = match section.text("default") {
        Some(found) => declared_role(section, &found, &permissions),
        None => {
            let role = word(DEFAULT_ROLE);
            if !permissions.contains_key(&role) {
                let text = format!("must be set where [roles.permissions] has no {DEFAULT_ROLE}");
                section.report_key("default", text);
            }
            Some(role)
        }
    };
    Roles {
        default: default.unwrap_or_else(|| word(DEFAULT_ROLE)),
        permissions,
    }
}

pub(super) fn organizations(document: &Section<'_>) -> BTreeMap<OrganizationId, Organization> {
    let read = |name: &Found<String>, section: &Section<'_>| {
        let account_type = section.filled("account_type");
        let account_type = account_type.and_then(|found| account_type_of(section, &found));
        let name_of_it = section
            .text("name")
            .and_then(|found| texts::line(section, found, 100));
        if name_of_it.is_none() && !section.has("name") {
            section.report_key("name", "is missing; mails call the organization by it");
        }
        let organization = Organization {
            name: name_of_it.unwrap_or_default(),
            account_type,
        };
        Some((id(section, name, OrganizationId::new)?, organization))
    };
    document
        .named("organizations", "<id>", read)
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn domains(
    document: &Section<'_>,
    roles: &Roles,
    organizations: &BTreeMap<OrganizationId, Organization>,
) -> Vec<DomainRule> {
    let seen = std::cell::RefCell::new(BTreeSet::new());
    let read = |section: &Section<'_>| {
        let role = section.filled("role");
        let organization = section.filled("organization");
        if role.is_none() && organization.is_none() {
            section.report_key(
                "role",
                "is missing, and so is an organization; give one or both",
            );
        }
        let role = role.and_then(|found| declared_role(section, &found, &roles.permissions));
        let organization = organization.and_then(|found| {
            let names = organizations.keys().map(OrganizationId::as_str);
            let id = id(section, &found, OrganizationId::new)?;
            declared(section, &found, names, "[organizations]").then_some(id)
        });
        let Some(found) = section.text("domain") else {
            if !section.has("domain") {
                section.report_key("domain", "is missing");
            }
            return None;
        };
        let domain = pattern(section, found)?;
        if !seen.borrow_mut().insert(domain.value.clone()) {
            section.report(
                &domain.place,
                format!("{} has a rule already", domain.value),
            );
        }
        Some(DomainRule {
            domain: domain.value,
            role,
            organization,
        })
    };
    document
        .tables("domains", read)
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn trusted_providers(document: &Section<'_>) -> BTreeMap<String, Vec<DomainPattern>> {
    let lists = document
        .named_lists("trusted_providers", "<provider>")
        .unwrap_or_default();
    let read = |(name, members): (Found<String>, Vec<Found<String>>)| {
        if members.is_empty() {
            document.report(
                &name.place,
                "must name the domains for which the provider is trusted",
            );
        }
        (name.value, values(patterns(document, members)))
    };
    lists.into_iter().map(read).collect()
}

/// The kind of account of this name.
pub(super) fn account_type_of(section: &Section<'_>, found: &Found<String>) -> Option<AccountType> {
    if ACCOUNT_TYPES.contains(&found.value.as_str()) {
        return id(section, found, AccountType::new);
    }
    let text = format!(
        "{:?} is no kind of account; there are {}",
        found.value,
        ACCOUNT_TYPES.join(", ")
    );
    section.report(&found.place, text);
    None
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

/// A permission that can stand in a list with spaces between its members.
fn permission(section: &Section<'_>, found: &Found<String>) -> Option<String> {
    let text = &found.value;
    let plain = !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if !plain {
        section.report(
            &found.place,
            "a permission is a text without spaces, and not empty",
        );
    }
    plain.then(|| text.clone())
}

fn declared_role(
    section: &Section<'_>,
    found: &Found<String>,
    permissions: &BTreeMap<Role, BTreeSet<String>>,
) -> Option<Role> {
    let role = id(section, found, Role::new)?;
    let names = permissions.keys().map(Role::as_str);
    declared(section, found, names, "[roles.permissions]").then_some(role)
}

fn declared<'n>(
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

fn id<T>(
    section: &Section<'_>,
    found: &Found<String>,
    new: impl FnOnce(String) -> Result<T, IdError>,
) -> Option<T> {
    new(found.value.clone())
        .map_err(|error| section.report(&found.place, error.to_string()))
        .ok()
}

fn patterns(section: &Section<'_>, texts: Vec<Found<String>>) -> Vec<Found<DomainPattern>> {
    let mut seen = BTreeSet::new();
    let read: Vec<_> = texts
        .into_iter()
        .filter_map(|found| pattern(section, found))
        .collect();
    for found in &read {
        if !seen.insert(&found.value) {
            section.report(&found.place, format!("{} is listed twice", found.value));
        }
    }
    read
}

fn pattern(section: &Section<'_>, found: Found<String>) -> Option<Found<DomainPattern>> {
    match found.value.parse() {
        Ok(value) => Some(Found {
            value,
            place: found.place,
        }),
        Err(error) => {
            section.report(&found.place, format!("{:?} {error}", found.value));
            None
        }
    }
}

fn values<T>(found: Vec<Found<T>>) -> Vec<T> {
    found.into_iter().map(|found| found.value).collect()
}
