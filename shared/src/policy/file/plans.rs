use super::reader::Found;
use super::roles::{id, is_declared, words};
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

/// A plan that the policy declares.
pub(super) fn declared_plan(
    section: &Section<'_>,
    found: &Found<String>,
    plans: &BTreeMap<Plan, PlanRules>,
) -> Option<Plan> {
    let plan = id(section, found, Plan::new)?;
    let names = plans.keys().map(Plan::as_str);
    is_declared(section, found, names, "[plans]").then_some(plan)
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
