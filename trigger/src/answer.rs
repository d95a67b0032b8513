//! Writing `response`, and nothing else.

use crate::cognito::{Call, Source, TokenSource};
use serde_json::{Map, Value, json, value::RawValue};
use usher_shared::policy::claims::{self, ClaimValue, Grant};
use usher_shared::policy::{ClaimNames, Policy, TokenVersion};

/// The member of `response` that holds claims, in each shape.
const V1_MEMBER: &str = "claimsOverrideDetails";
const V2_MEMBER: &str = "claimsAndScopeOverrideDetails";

/// The event with the claims of a grant. `None` where the policy puts nothing into tokens.
pub fn tokens(call: &Call<'_>, policy: &Policy, grant: &Grant) -> Option<Box<RawValue>> {
    let current = call.request.groups();
    let groups = claims::groups(policy, grant, current.as_deref());
    let details = |names: &ClaimNames, text_only| granted(policy, names, grant, text_only);
    let groups = groups.map(|groups| group_override(call, groups));
    match shape(call, policy) {
        TokenVersion::V1 => {
            let mut section = details(&policy.tokens.id, true);
            section.extend(groups.map(|groups| ("groupOverrideDetails".to_owned(), groups)));
            write(call, V1_MEMBER, &section)
        }
        TokenVersion::V2 => {
            let mut section = two_tokens(
                details(&policy.tokens.id, false),
                details(&policy.tokens.access, false),
            );
            section.extend(groups.map(|groups| ("groupOverrideDetails".to_owned(), groups)));
            write(call, V2_MEMBER, &section)
        }
    }
}

/// The event with the policy's static suppressions and nothing granted.
pub fn suppressions(call: &Call<'_>, policy: &Policy) -> Option<Box<RawValue>> {
    let section = || claim_section(Vec::new(), &policy.tokens.suppress, false);
    match shape(call, policy) {
        TokenVersion::V1 => write(call, V1_MEMBER, &section()),
        TokenVersion::V2 if is_machine(call) => {
            write(call, V2_MEMBER, &two_tokens(Map::new(), section()))
        }
        TokenVersion::V2 => write(call, V2_MEMBER, &two_tokens(section(), section())),
    }
}

/// The shape that this call wants: as the policy says, else as the event shows. The placeholder in
/// `response` is the surest sign; `version` is "1" in some events of the second shape. A machine's
/// tokens know only the second.
fn shape(call: &Call<'_>, policy: &Policy) -> TokenVersion {
    let by_version =
        || matches!(call.version.as_deref(), Some("2" | "3")) || call.request.has("scopes");
    match policy.tokens.version {
        _ if is_machine(call) => TokenVersion::V2,
        Some(version) => version,
        None if call.has_place_for(V2_MEMBER) => TokenVersion::V2,
        None if call.has_place_for(V1_MEMBER) => TokenVersion::V1,
        None if by_version() => TokenVersion::V2,
        None => TokenVersion::V1,
    }
}

/// Whether the token is a machine's own; it has an access token and no other.
fn is_machine(call: &Call<'_>) -> bool {
    call.source == Source::TokenGeneration(TokenSource::ClientCredentials)
}

fn granted(
    policy: &Policy,
    names: &ClaimNames,
    grant: &Grant,
    text_only: bool,
) -> Map<String, Value> {
    let suppressed = claims::suppressed(policy, names, grant);
    claim_section(claims::values(names, grant), &suppressed, text_only)
}

fn claim_section(
    claims: Vec<(String, ClaimValue)>,
    suppressed: &[String],
    text_only: bool,
) -> Map<String, Value> {
    let value = |value: ClaimValue| {
        if text_only {
            json!(value.into_text())
        } else {
            json!(value)
        }
    };
    let claims: Map<String, Value> = claims
        .into_iter()
        .map(|(name, one)| (name, value(one)))
        .collect();
    let mut section = Map::new();
    if !claims.is_empty() {
        section.insert("claimsToAddOrOverride".to_owned(), Value::Object(claims));
    }
    if !suppressed.is_empty() {
        section.insert("claimsToSuppress".to_owned(), json!(suppressed));
    }
    section
}

fn two_tokens(id: Map<String, Value>, access: Map<String, Value>) -> Map<String, Value> {
    let sections = [("idTokenGeneration", id), ("accessTokenGeneration", access)];
    let filled = sections
        .into_iter()
        .filter(|(_, section)| !section.is_empty());
    filled
        .map(|(name, section)| (name.to_owned(), Value::Object(section)))
        .collect()
}

/// Everything that the pool said of groups, with the groups replaced. What is left out of an
/// override is taken from the user, so roles and preferred role go back as they came.
fn group_override(call: &Call<'_>, groups: Vec<String>) -> Value {
    let mut details = call
        .request
        .group_configuration()
        .cloned()
        .unwrap_or_default();
    details.retain(|_, value| !value.is_null());
    details.insert("groupsToOverride".to_owned(), Value::from(groups));
    Value::Object(details)
}

fn write(call: &Call<'_>, member: &str, section: &Map<String, Value>) -> Option<Box<RawValue>> {
    if section.is_empty() {
        return None;
    }
    let value =
        serde_json::value::to_raw_value(section).expect("a map with text keys is always JSON");
    Some(call.with_response(member, &value))
}
