use super::reader::Found;
use super::roles::{id, words};
use super::section::Section;
use crate::policy::PlanRules;
use std::collections::{BTreeMap, BTreeSet};
use usher_events::Plan;

/// The plans of a policy that declares none, each with what it includes beyond the one before.
const PLANS: [(&str, &[&str]); 3] = [
    ("free", &["basic_dashboard", "user_management"]),
    ("pro", &["analytics", "api_access"]),
    ("enterprise", &["audit_logs", "custom_branding", "sso"]),
];

pub(super) fn plans(document: &Section<'_>) -> BTreeMap<Plan, PlanRules> {
    let read = |name: &Found<String>, section: &Section<'_>| {
        let features = words(section, &section.texts("features"), "feature");
        Some((id(section, name, Plan::new)?, PlanRules { features }))
    };
    let declared = document.named("plans", "<plan>", read);
    if document.has("plans") {
        declared.into_iter().flatten().collect()
    } else {
        default_plans()
    }
}

fn default_plans() -> BTreeMap<Plan, PlanRules> {
    let mut features = BTreeSet::new();
    let rise = |(plan, more): &(&str, &[&str])| {
        features.extend(more.iter().map(|feature| (*feature).to_owned()));
        let plan = Plan::new(*plan).expect("the plans of this file are plain words");
        let features = features.clone();
        (plan, PlanRules { features })
    };
    PLANS.iter().map(rise).collect()
}
