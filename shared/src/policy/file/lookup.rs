use super::access::{patterns, values};
use super::roles::declared_role;
use super::section::Section;
use crate::policy::lookup::{Endpoint, LookupRules, Url};
use crate::policy::{DomainPattern, ProfileRules, Roles};
use crate::secret::SecretRef;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;
use usher_events::Role;

/// A handshake of TLS with somebody far away takes a tenth of a second; and after five, nobody who
/// answers a question about one row of a database will.
const TIMEOUT_MS: RangeInclusive<u32> = 100..=5000;

/// The lookup, if there is a table of it.
pub(super) fn lookup(
    section: &Section<'_>,
    roles: &Roles,
    profile: &ProfileRules,
) -> Option<LookupRules> {
    if section.is_there() && !section.is_set("url") {
        section.report_key("url", "is missing; it says who is asked");
    }
    let url: Option<Url> = parsed(section, "url");
    if url.as_ref().is_some_and(Url::is_local) {
        section.warn_key("url", "reaches the worker's own machine and no other");
    }
    if url.is_some() && !section.is_set("authorization") {
        let text = "is empty; whom you ask cannot tell who asks, and tells anybody whatever it \
                    knows of an address";
        section.warn_key("authorization", text);
    }
    if url.is_some() && !profile.create {
        let text = "gives roles while profile.create is false; without the address that a role was \
                    given for, a user who changes it keeps the role until whom you ask answers again";
        section.warn_key("url", text);
    }
    let authorization: Option<SecretRef> = parsed(section, "authorization");
    let timeout_ms = section.number("timeout_ms", TIMEOUT_MS, "ms", 1500);
    let timeout = Duration::from_millis(timeout_ms.into());
    let domains: Vec<DomainPattern> = values(patterns(section, section.texts("domains")));
    let given = given(section, roles);

    Some(LookupRules {
        endpoint: Endpoint {
            url: url?,
            authorization,
            timeout,
        },
        domains,
        roles: given,
    })
}

fn given(section: &Section<'_>, roles: &Roles) -> BTreeSet<Role> {
    let mut given = BTreeSet::new();
    for found in section.texts("roles") {
        let Some(role) = declared_role(section, &found, &roles.permissions) else {
            continue;
        };
        if roles.administrators.role.as_ref() == Some(&role) {
            let text = format!("lets whom you ask make anybody {role}");
            section.warn(&found.place, text);
        }
        if !given.insert(role) {
            section.report(&found.place, format!("{} is listed twice", found.value));
        }
    }
    if section.is_there() && (!section.has("roles") || section.is_empty_list("roles")) {
        let text = "must list the roles that an answer may give; any other counts as none";
        section.report_key("roles", text);
    }
    given
}

/// What a text that is not empty says; a problem shows no part of it.
fn parsed<T: FromStr<Err: Display>>(section: &Section<'_>, key: &str) -> Option<T> {
    let found = section.filled(key)?;
    let parsed = found.value.parse();
    parsed
        .map_err(|error: T::Err| section.report(&found.place, error.to_string()))
        .ok()
}
