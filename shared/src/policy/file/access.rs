use super::custom_messages::{is_name, name_shape};
use super::hours;
use super::plans::declared_plan;
use super::reader::Found;
use super::roles::{account_type, declared_role, id, is_declared};
use super::section::{NamedList, Section};
use super::texts;
use crate::policy::{
    DomainPattern, DomainRule, Organization, OrganizationContent, PlanRules, ProfileRules, Roles,
    SignIn, WhenStoreIsDown,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use usher_events::{OrganizationId, Plan};

/// Longest name of an organization or application, in characters: it stands in subjects.
const LONGEST_NAME: usize = 100;
/// Longest text of an organization's own in mails, in characters: a paragraph.
const LONGEST_CONTENT: usize = 1000;

pub(super) fn sign_in(section: &Section<'_>, roles: &Roles, profile: &ProfileRules) -> SignIn {
    let words = [
        ("admit", WhenStoreIsDown::Admit),
        ("refuse", WhenStoreIsDown::Refuse),
    ];
    let when_store_is_down = section.choice("when_store_is_down", &words, WhenStoreIsDown::Admit);
    let refuse_pending = section.flag("refuse_pending", false);
    if refuse_pending && !profile.create {
        let text = "refuses everybody while profile.create is false; no sign of life is kept then";
        section.report_key("refuse_pending", text);
    } else if refuse_pending {
        let text =
            "a user to whom an operator has given something before the first sign-in never gets in";
        section.warn_key("refuse_pending", text);
    }
    let hours = section.section("hours", |section| {
        let hours = hours::hours(section, roles)?;
        if hours.apply_while_store_is_down && when_store_is_down == WhenStoreIsDown::Refuse {
            let text = "has no meaning while sign_in.when_store_is_down is \"refuse\"";
            section.report_key("apply_while_store_is_down", text);
        }
        Some(hours)
    });
    SignIn {
        when_store_is_down,
        refuse_pending,
        hours,
    }
}

pub(super) fn organizations(
    document: &Section<'_>,
    plans: &BTreeMap<Plan, PlanRules>,
) -> (BTreeMap<OrganizationId, Organization>, OrganizationContent) {
    let read = |name: &Found<String>, section: &Section<'_>| {
        let content = section.named_texts("content", "<name>").into_iter();
        let content = content.filter_map(|(name, text)| content_text(section, name, text));
        let content: BTreeMap<String, String> = content.collect();
        let kind = section.filled("account_type");
        let kind = kind.and_then(|found| account_type(section, &found));
        let shown = section.needed("name", "; mails call the organization by it");
        let shown = shown.and_then(|found| texts::line(section, found, LONGEST_NAME));
        let organization = Organization {
            name: shown.unwrap_or_default(),
            active: section.flag("active", true),
            account_type: kind,
            plan: section
                .filled("plan")
                .and_then(|found| declared_plan(section, &found, plans)),
        };
        let id = id(section, name, OrganizationId::new)?;
        Some((id, organization, content))
    };
    let (mut organizations, mut contents) = (BTreeMap::new(), BTreeMap::new());
    let declared = document.named("organizations", "<id>", read);
    for (id, organization, content) in declared.into_iter().flatten() {
        contents.insert(id.clone(), content);
        organizations.insert(id, organization);
    }
    (organizations, OrganizationContent::new(contents))
}

/// A text of an organization's own for mails, under a name that templates can ask for.
fn content_text(
    section: &Section<'_>,
    name: Found<String>,
    text: Found<String>,
) -> Option<(String, String)> {
    if !is_name(&name.value) {
        section.report(&name.place, name_shape());
        return None;
    }
    Some((name.value, texts::line(section, text, LONGEST_CONTENT)?))
}

pub(super) fn domains(
    document: &Section<'_>,
    roles: &Roles,
    organizations: &BTreeMap<OrganizationId, Organization>,
) -> Vec<DomainRule> {
    let seen = RefCell::new(BTreeSet::new());
    let read = |section: &Section<'_>| {
        if !section.is_set("role") && !section.is_set("organization") {
            section.report_key(
                "role",
                "is missing, and so is organization; give one or both",
            );
        }
        let role = section.filled("role");
        let role = role.and_then(|found| declared_role(section, &found, &roles.permissions));
        let organization = section.filled("organization").and_then(|found| {
            let names = organizations.keys().map(OrganizationId::as_str);
            let id = id(section, &found, OrganizationId::new)?;
            is_declared(section, &found, names, "[organizations]").then_some(id)
        });
        let domain = pattern(section, section.needed("domain", "")?)?;
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
    let read = |(name, members): NamedList| {
        if members.as_ref().is_some_and(Vec::is_empty) {
            document.report(
                &name.place,
                "must name the domains for which the provider is trusted",
            );
        }
        (
            name.value,
            values(patterns(document, members.unwrap_or_default())),
        )
    };
    lists.into_iter().map(read).collect()
}

pub(super) fn patterns(
    section: &Section<'_>,
    texts: Vec<Found<String>>,
) -> Vec<Found<DomainPattern>> {
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

pub(super) fn values<T>(found: Vec<Found<T>>) -> Vec<T> {
    found.into_iter().map(|found| found.value).collect()
}
