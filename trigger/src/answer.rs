//! Writing `response`, and nothing else.

use crate::cognito::{Call, Source, TokenSource};
use serde_json::{Map, Value, json, value::RawValue};
use std::collections::BTreeSet;
use usher_events::ClientId;
use usher_shared::policy::admit::Automatic;
use usher_shared::policy::claims::{self, Bearer, Edits};
use usher_shared::policy::scope::Scope;
use usher_shared::policy::trace::{Question, Said, Step, Trace, note};
use usher_shared::policy::{Policy, TokenVersion};

/// The member of `response` that holds claims, in each shape.
const V1_MEMBER: &str = "claimsOverrideDetails";
const V2_MEMBER: &str = "claimsAndScopeOverrideDetails";

/// The shapes that an answer can have.
#[derive(Clone, Copy)]
enum Shape {
    /// The ID token alone, and texts alone.
    First,
    /// Both tokens, and any JSON.
    Second,
}

/// The event with what the policy tells of a user in tokens. `None` where that is nothing.
pub fn tokens(
    call: &Call<'_>,
    bearer: &Bearer<'_>,
    trace: Option<&Trace>,
) -> Option<Box<RawValue>> {
    let policy = bearer.policy;
    let current = call.request.groups();
    let groups = claims::groups(policy, bearer.grant, current.as_deref());
    let (shape, why) = shape(call, policy);
    note(trace, || vec![shape.explain(why)]);
    let (member, mut section) = match shape {
        Shape::First => {
            let id = Edits::of_id_token(bearer, true);
            note(trace, || id.explain_id_token(bearer));
            (V1_MEMBER, first(id))
        }
        Shape::Second => {
            let id = Edits::of_id_token(bearer, false);
            note(trace, || id.explain_id_token(bearer));
            let access = Edits::of_access_token(bearer);
            note(trace, || access.explain_access_token(bearer));
            (V2_MEMBER, second(id, access))
        }
    };
    note(trace, || {
        let (current, groups) = (current.as_deref(), groups.as_deref());
        vec![claims::explain_groups(policy, current, groups)]
    });
    let groups = groups.map(|groups| group_override(call, groups));
    section.extend(groups.map(|groups| ("groupOverrideDetails".to_owned(), groups)));
    write(call, member, &section)
}

/// The event with what the policy tells of a machine, by its app client, in its one token.
pub fn machine_token(
    call: &Call<'_>,
    policy: &Policy,
    trace: Option<&Trace>,
) -> Option<Box<RawValue>> {
    let client = call.client_id.as_deref().map(ClientId::new);
    let client = client.and_then(Result::ok);
    let access = Edits::of_machine(policy, client.as_ref());
    note(trace, || access.explain_machine(policy, client.as_ref()));
    write(call, V2_MEMBER, &second(Edits::default(), access))
}

/// The event with what an admitted sign-up is spared. `None` where it is spared nothing.
///
/// Only what is true is written: Cognito refuses an event that says a missing address is verified,
/// and what is false is what the event says already.
pub fn automatic(call: &Call<'_>, automatic: Automatic) -> Option<Box<RawValue>> {
    let has_email = call.request.attribute("email").is_some();
    let flags = [
        ("autoConfirmUser", automatic.confirm),
        ("autoVerifyEmail", automatic.verify_email && has_email),
    ];
    let set = flags.into_iter().filter(|(_, set)| *set);
    let set: Vec<(&str, &RawValue)> = set.map(|(name, _)| (name, RawValue::TRUE)).collect();
    (!set.is_empty()).then(|| call.with_responses(&set))
}

/// The event with what is taken out of every token, and nothing granted.
pub fn suppressions(
    call: &Call<'_>,
    policy: &Policy,
    trace: Option<&Trace>,
) -> Option<Box<RawValue>> {
    let (shape, why) = shape(call, policy);
    note(trace, || vec![shape.explain(why)]);
    let edits = match is_machine(call) {
        true => Edits::of_machine(policy, None),
        false => Edits::of_nobody(policy),
    };
    note(trace, || edits.explain_nobody(policy));
    let (member, section) = match shape {
        Shape::First => (V1_MEMBER, first(edits)),
        Shape::Second if is_machine(call) => (V2_MEMBER, second(Edits::default(), edits)),
        Shape::Second => {
            let id = Edits {
                suppressed: edits.suppressed.clone(),
                ..Edits::default()
            };
            (V2_MEMBER, second(id, edits))
        }
    };
    write(call, member, &section)
}

/// The shape that this call wants, and why: as the policy says, else as the event shows. The
/// placeholder in `response` is the surest sign; `version` is "1" in some events of the second shape.
/// A machine's tokens know only the second.
fn shape(call: &Call<'_>, policy: &Policy) -> (Shape, &'static str) {
    let by_version =
        || matches!(call.version.as_deref(), Some("2" | "3")) || call.request.has("scopes");
    match policy.tokens.version {
        _ if is_machine(call) => (Shape::Second, "a machine's tokens know no other"),
        Some(TokenVersion::V1) => (Shape::First, "is set"),
        Some(TokenVersion::V2 | TokenVersion::V3) => (Shape::Second, "is set"),
        None if call.has_place_for(V2_MEMBER) => (
            Shape::Second,
            "is \"auto\", and the event has a place for both tokens",
        ),
        None if call.has_place_for(V1_MEMBER) => (
            Shape::First,
            "is \"auto\", and the event has a place for the ID token alone",
        ),
        None if by_version() => (
            Shape::Second,
            "is \"auto\", and the event's version is a later one",
        ),
        None => (
            Shape::First,
            "is \"auto\", and the event's version is the first",
        ),
    }
}

impl Shape {
    fn explain(self, why: &str) -> Step {
        let said = match self {
            Self::First => "V1_0: the ID token alone, in texts",
            Self::Second => "V2_0 or V3_0: both tokens",
        };
        Step::new(Question::IdToken, "tokens.version", Said::gives(said), why)
    }
}

/// Whether the token is a machine's own; it has an access token and no other.
fn is_machine(call: &Call<'_>) -> bool {
    call.source == Source::TokenGeneration(TokenSource::ClientCredentials)
}

fn first(id: Edits) -> Map<String, Value> {
    tell("id", &id);
    claims_of(id)
}

fn second(id: Edits, mut access: Edits) -> Map<String, Value> {
    tell("id", &id);
    tell("access", &access);
    let scopes = std::mem::take(&mut access.scopes);
    let mut with_scopes = claims_of(access);
    let lists = [
        ("scopesToAdd", scopes.add),
        ("scopesToSuppress", scopes.suppress),
    ];
    let lists = lists.into_iter().filter(|(_, scopes)| !scopes.is_empty());
    with_scopes.extend(lists.map(|(name, scopes)| (name.to_owned(), texts(&scopes))));
    let sections = [
        ("idTokenGeneration", claims_of(id)),
        ("accessTokenGeneration", with_scopes),
    ];
    let filled = sections
        .into_iter()
        .filter(|(_, section)| !section.is_empty());
    filled
        .map(|(name, section)| (name.to_owned(), Value::Object(section)))
        .collect()
}

fn texts(scopes: &BTreeSet<Scope>) -> Value {
    let scopes = scopes.iter().map(|scope| Value::from(scope.as_str()));
    Value::Array(scopes.collect())
}

fn claims_of(edits: Edits) -> Map<String, Value> {
    let claims = edits.claims.into_iter();
    let claims: Map<String, Value> = claims
        .map(|(name, value)| (name.as_str().to_owned(), json!(value)))
        .collect();
    let hidden = edits.suppressed.iter();
    let hidden: Vec<Value> = hidden.map(|name| name.as_str().into()).collect();
    let mut section = Map::new();
    if !claims.is_empty() {
        section.insert("claimsToAddOrOverride".to_owned(), Value::Object(claims));
    }
    if !hidden.is_empty() {
        section.insert("claimsToSuppress".to_owned(), Value::Array(hidden));
    }
    section
}

/// Names what a token had no room for, and never its value.
fn tell(token: &str, edits: &Edits) {
    for left_out in &edits.left_out {
        tracing::error!(
            token,
            claim.name = left_out.name,
            claim.bytes = left_out.bytes,
            "A claim was left out, because with it the token would weigh more than \
             tokens.max_bytes"
        );
    }
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
