use super::access::{patterns, values};
use super::plans::declared_plan;
use super::roles::{account_type, declared_role};
use super::section::Section;
use crate::policy::{Founding, FoundingMode, PlanRules, Roles};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;
use usher_events::{Plan, Role};

/// Below a second every call would read; for more than an hour nobody wants to wait until an
/// organization that was switched off is out.
const CACHE_S: RangeInclusive<u32> = 1..=3600;

/// Reads `[founding]`.
pub(super) fn founding(
    section: &Section<'_>,
    roles: &Roles,
    plans: &BTreeMap<Plan, PlanRules>,
) -> Founding {
    let words = [
        ("off", FoundingMode::Off),
        ("join", FoundingMode::Join),
        ("create", FoundingMode::Create),
    ];
    let mode = section.choice("mode", &words, FoundingMode::Off);
    let founder_role = section.filled("founder_role");
    let founder_role =
        founder_role.and_then(|found| declared_role(section, &found, &roles.permissions));
    let kind = section.filled("account_type");
    let plan = section.filled("plan");
    let cache_s = section.number("cache_s", CACHE_S, "s", 60);
    let founding = Founding {
        mode,
        free_mail: values(patterns(section, section.texts("free_mail"))),
        founder_role,
        account_type: kind.and_then(|found| account_type(section, &found)),
        plan: plan.and_then(|found| declared_plan(section, &found, plans)),
        cache: Duration::from_secs(cache_s.into()),
    };
    check(section, &founding, roles);
    founding
}

/// Reports keys that change nothing, and warns of what a founder is given.
fn check(section: &Section<'_>, founding: &Founding, roles: &Roles) {
    let set = |key: &str| section.is_set(key) && !section.is_empty_list(key);
    match founding.mode {
        FoundingMode::Off => {
            for key in ["free_mail", "founder_role", "account_type", "plan"] {
                if set(key) {
                    section.report_key(key, "has no meaning while founding.mode is \"off\"");
                }
            }
        }
        FoundingMode::Join => {
            for key in ["account_type", "plan"] {
                if set(key) {
                    let text = "changes nothing while founding.mode is \"join\"; what an \
                                organization was founded with stays";
                    section.warn_key(key, text);
                }
            }
        }
        FoundingMode::Create => {}
    }
    let elevated = |role: &&Role| {
        let of = |role: &Role| roles.permissions.get(role).cloned().unwrap_or_default();
        !of(role).is_subset(&of(&roles.default))
    };
    if let Some(role) = founding.founder_role.as_ref().filter(elevated) {
        let text = format!(
            "whoever is the first with a verified address of any domain without a rule is {role} \
             in the whole application, not only among the members of that organization, and so can \
             anybody be who buys a domain; it is for the application to hold the role to the \
             organization"
        );
        section.warn_key("founder_role", text);
    }
}
