//! What tokens say, in each of Cognito's shapes.

mod groups;
mod scopes;

use crate::sources::RULES;
use crate::world::{Places, changed, commit, handle, policy, response, trigger};
use serde_json::{Value, json};
use std::sync::Arc;
use usher_events::{
    DecidedEvent, LifecycleEvent, OrganizationLeft, OrganizationSource, PasswordReset, Person,
    Personal, Role, RoleAssigned, RoleSource,
};
use usher_shared::commit::{Commit, Recorded};
use usher_trigger::Decision;

/// Signs in with the API, where the answer has the second shape.
const V2: &str = "TokenGeneration_Authentication";
/// Ends a device's authentication, where the answer has the first.
const V1: &str = "TokenGeneration_AuthenticateDevice";
/// A machine's own token.
const MACHINE: &str = "TokenGeneration_ClientCredentials";

/// `response` under the rules and `more` of them, after these commits, for a fixture with changes.
async fn says(more: &str, commits: &[Commit], source: &str, changes: &[(&str, Value)]) -> Value {
    let places = Arc::new(Places::knowing(commits));
    let trigger = trigger(policy(&format!("{RULES}{more}")), &places);
    let handled = handle(&trigger, &changed(source, changes)).await;
    response(&handled)
}

async fn id_claims(commits: &[Commit], changes: &[(&str, Value)]) -> Value {
    let response = says("", commits, V2, changes).await;
    response["claimsAndScopeOverrideDetails"]["idTokenGeneration"]["claimsToAddOrOverride"].clone()
}

async fn role(commits: &[Commit], changes: &[(&str, Value)]) -> Value {
    id_claims(commits, changes).await["role"].clone()
}

fn attribute(name: &str) -> String {
    format!("/request/userAttributes/{}", name.replace('/', "~1"))
}

/// The worker has seen the user, and the domain gave this role.
fn recorded(role: Option<&str>) -> Commit {
    let event = LifecycleEvent::from(PasswordReset {
        client: None,
        person: Person {
            email: Some(Personal::new("somebody@example.com")),
            email_verified: true,
            ..Person::default()
        },
    });
    let role = role.map(|role| Role::new(role).unwrap());
    let decided: [DecidedEvent; 2] = [
        RoleAssigned {
            source: RoleSource::Domain,
            role,
        }
        .into(),
        OrganizationLeft {
            source: OrganizationSource::Domain,
        }
        .into(),
    ];
    Commit {
        decided: decided.into(),
        ..commit(
            Recorded::Lifecycle(event),
            "2026-01-01T00:00:00Z".parse().unwrap(),
        )
    }
}

#[tokio::test]
async fn the_first_token_carries_the_domains_role_before_the_worker_ran() {
    assert_eq!(
        id_claims(&[], &[]).await,
        json!({
            "role": "manager", "permissions": ["profile:read", "reports:read"],
            "organization_id": "acme", "account_type": "enterprise",
        })
    );
}

#[tokio::test]
async fn what_the_worker_recorded_counts_and_not_what_the_attributes_would_give() {
    assert_eq!(role(&[recorded(None)], &[]).await, "user");
    assert_eq!(role(&[recorded(Some("manager"))], &[]).await, "manager");
    assert_eq!(role(&[recorded(Some("long_gone"))], &[]).await, "user");
}

/// No trigger tells of a changed address, and on a refresh no other one runs.
#[tokio::test]
async fn what_a_domain_gave_is_gone_with_the_address_at_the_next_token() {
    for (attribute, value) in [
        ("/request/userAttributes/email", json!("a@b.example")),
        ("/request/userAttributes/email_verified", json!("false")),
    ] {
        let role = role(&[recorded(Some("manager"))], &[(attribute, value)]).await;
        assert_eq!(role, "user", "{attribute}");
    }
}

#[tokio::test]
async fn an_address_that_nobody_trustworthy_verified_grants_nothing() {
    let google = json!(r#"[{"providerName":"Google","userId":"1"}]"#);
    for (what, changes) in [
        ("unverified", vec![("email_verified", json!("false"))]),
        ("never said", vec![("email_verified", json!(null))]),
        ("not a yes", vec![("email_verified", json!("yes"))]),
        (
            "another domain below",
            vec![("email", json!("ada@sub.example.com"))],
        ),
        (
            "two addresses",
            vec![("email", json!("ada@example.com,eve@evil.example"))],
        ),
        ("a provider", vec![("identities", google)]),
        (
            "a provider without a name",
            vec![("cognito:user_status", json!("EXTERNAL_PROVIDER"))],
        ),
        (
            "a provider that cannot be read",
            vec![("identities", json!("{"))],
        ),
        ("no address", vec![("email", json!(null))]),
    ] {
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(name, value)| (attribute(name), value))
            .collect();
        let changes: Vec<_> = changes
            .iter()
            .map(|(at, value)| (at.as_str(), value.clone()))
            .collect();
        assert_eq!(role(&[], &changes).await, "user", "{what}");
    }
}

#[tokio::test]
async fn a_providers_word_counts_for_the_domains_for_which_the_policy_trusts_it() {
    let more = "[trusted_providers]\nGoogle = [\"example.com\"]\n";
    for (provider, role) in [("Google", "manager"), ("Gogle", "user")] {
        let identities = json!([{ "providerName": provider, "userId": "1" }]).to_string();
        let change = ("/request/userAttributes/identities", json!(identities));
        let response = says(more, &[], V1, &[change]).await;
        let claims = &response["claimsOverrideDetails"]["claimsToAddOrOverride"];
        assert_eq!(claims["role"], role, "{provider}");
    }
}

#[tokio::test]
async fn attributes_that_users_write_for_themselves_grant_nothing() {
    let theirs = [
        ("/request/userAttributes/custom:role", json!("manager")),
        (
            "/request/userAttributes/custom:account_type",
            json!("enterprise"),
        ),
        ("/request/userAttributes/email_verified", json!("false")),
        (
            "/request/clientMetadata",
            json!({ "role": "manager", "account_type": "enterprise" }),
        ),
    ];
    let claims = id_claims(&[], &theirs).await;
    assert_eq!(
        claims,
        json!({ "role": "user", "permissions": ["profile:read"], "account_type": "standard" })
    );
}

#[tokio::test]
async fn groups_are_not_spoken_of_unless_the_policy_adds_to_them() {
    for source in [V1, V2] {
        let response = says("", &[], source, &[]).await;
        assert!(
            !response.to_string().contains("groupOverrideDetails"),
            "{source}: {response}"
        );
    }
}

#[tokio::test]
async fn a_role_that_joins_the_groups_takes_nothing_else_away() {
    let arn = "arn:aws:iam::123456789012:role/beta";
    let expected = json!({
        "groupsToOverride": ["beta", "manager"], "iamRolesToOverride": [arn], "preferredRole": arn,
    });
    for (source, member) in [
        (V1, "claimsOverrideDetails"),
        (V2, "claimsAndScopeOverrideDetails"),
    ] {
        let response = says(ADD_ROLE, &[], source, &[]).await;
        assert_eq!(
            response[member]["groupOverrideDetails"], expected,
            "{source}"
        );
    }
}

const ADD_ROLE: &str = "[tokens]\ngroups = \"add_role\"\n";

#[tokio::test]
async fn groups_that_are_not_known_or_need_nothing_are_left_alone() {
    for (what, groups) in [
        ("null", json!(null)),
        ("without a list", json!({})),
        ("a list that is null", json!({ "groupsToOverride": null })),
        (
            "the role is there",
            json!({ "groupsToOverride": ["manager"] }),
        ),
    ] {
        let response = says(
            ADD_ROLE,
            &[],
            V2,
            &[("/request/groupConfiguration", groups)],
        )
        .await;
        assert!(
            !response.to_string().contains("groupOverrideDetails"),
            "{what}: {response}"
        );
    }
}

#[tokio::test]
async fn nulls_beside_the_groups_are_left_out_of_the_answer() {
    let groups =
        json!({ "groupsToOverride": [], "iamRolesToOverride": null, "preferredRole": null });
    let response = says(
        ADD_ROLE,
        &[],
        V2,
        &[("/request/groupConfiguration", groups)],
    )
    .await;
    let details = &response["claimsAndScopeOverrideDetails"]["groupOverrideDetails"];
    assert_eq!(*details, json!({ "groupsToOverride": ["manager"] }));
}

#[tokio::test]
async fn the_shape_is_told_from_the_event_unless_the_policy_says_it() {
    let (first, second) = ("claimsOverrideDetails", "claimsAndScopeOverrideDetails");
    let v1 = "[tokens]\nversion = \"V1_0\"\n";
    let v2 = "[tokens]\nversion = \"V2_0\"\n";
    let bare = ("/response", json!({}));
    let scopes = ("/request/scopes", json!(null));
    for (what, more, source, changes, expected) in [
        ("a place for the first", "", V1, vec![], first),
        ("a place for the second", "", V2, vec![], second),
        (
            "a place counts more than a version",
            "",
            V2,
            vec![("/version", json!("1"))],
            second,
        ),
        (
            "an empty list in its place",
            "",
            V2,
            vec![("/response", json!({ second: [] }))],
            second,
        ),
        ("no place, a version", "", V2, vec![bare.clone()], second),
        (
            "no place, scopes",
            "",
            V1,
            vec![bare.clone(), scopes],
            second,
        ),
        ("no place, nothing", "", V1, vec![bare], first),
        (
            "the policy says the first",
            v1,
            V2,
            vec![("/response", json!({}))],
            first,
        ),
        (
            "the policy says the second",
            v2,
            V1,
            vec![("/response", json!({}))],
            second,
        ),
    ] {
        let response = says(more, &[], source, &changes).await;
        let members: Vec<_> = response.as_object().unwrap().keys().collect();
        assert_eq!(members, [expected], "{what}");
    }
}

#[tokio::test]
async fn suppressed_claims_are_named_beside_those_that_are_set() {
    let more = "[tokens]\nsuppress = [\"phone_number\", \"cognito:groups\"]\n";
    let hidden = json!(["phone_number", "cognito:groups"]);
    let response = says(more, &[], V1, &[]).await;
    assert_eq!(
        response["claimsOverrideDetails"]["claimsToSuppress"],
        hidden
    );
    let response = says(more, &[], V2, &[]).await;
    for token in ["idTokenGeneration", "accessTokenGeneration"] {
        let section = &response["claimsAndScopeOverrideDetails"][token];
        assert_eq!(section["claimsToSuppress"], hidden, "{token}");
        assert_eq!(
            section["claimsToAddOrOverride"]["role"], "manager",
            "{token}"
        );
    }
}

#[tokio::test]
async fn a_machines_token_is_no_users_and_has_an_access_token_alone() {
    let hidden = "[tokens]\nversion = \"V1_0\"\nsuppress = [\"tenant\"]\n";
    let unmodified = says("", &[], MACHINE, &[]).await;
    assert_eq!(unmodified, json!({ "claimsAndScopeOverrideDetails": null }));
    let users =
        json!({ "sub": crate::world::SUB, "email": "a@example.com", "email_verified": "true" });
    for attributes in [json!(null), users] {
        let change = ("/request/userAttributes", attributes);
        let section = json!({ "accessTokenGeneration": { "claimsToSuppress": ["tenant"] } });
        assert_eq!(
            says(hidden, &[], MACHINE, &[change]).await,
            json!({ "claimsAndScopeOverrideDetails": section })
        );
    }
}

#[tokio::test]
async fn a_token_of_nobody_that_we_know_grants_nothing_and_is_still_suppressed() {
    let more = "[tokens]\nsuppress = [\"phone_number\"]\n";
    let response = says(
        more,
        &[],
        V1,
        &[("/request/userAttributes/sub", json!(null))],
    )
    .await;
    let section = json!({ "claimsToSuppress": ["phone_number"] });
    assert_eq!(response, json!({ "claimsOverrideDetails": section }));
}

#[tokio::test]
async fn a_policy_that_puts_nothing_into_tokens_gives_the_event_back() {
    let nothing = ["role", "permissions", "organization", "account_type"]
        .map(|key| format!("{key} = \"\"\n"))
        .concat();
    let more = format!("[tokens.id]\n{nothing}[tokens.access]\n{nothing}");
    let places = Arc::new(Places::new());
    let trigger = trigger(policy(&format!("{RULES}{more}")), &places);
    for source in [V1, V2] {
        let event = changed(source, &[]);
        let handled = handle(&trigger, &event).await;
        assert_eq!(handled.decision, Decision::Passed, "{source}");
        assert_eq!(handled.answer.unwrap().get(), event, "{source}");
    }
}
