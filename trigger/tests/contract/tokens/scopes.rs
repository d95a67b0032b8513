//! Scopes of users and machines, what a token has no room for, and what a refresh notices.

use super::{MACHINE, V1, V2, recorded, says};
use crate::listen::listen;
use crate::world::{given_role, made_member};
use serde_json::{Value, json};
use usher_shared::commit::Commit;

const REFRESH: &str = "TokenGeneration_RefreshTokens";

/// What everybody, a role and a permission are given, and what they are denied.
const SCOPES: &str = r#"
[tokens.scopes]
add = ["app/use"]
suppress = ["aws.cognito.signin.user.admin"]
[tokens.scopes.roles.manager]
add = ["reports/read"]
suppress = ["reports/erase"]
[tokens.scopes.permissions]
"reports:read" = ["reports/list"]
"#;

/// The app client of the machine's fixture, with what `tokens` denies everybody.
const MACHINES: &str = r#"
[tokens]
suppress = ["tenant"]
[tokens.scopes]
suppress = ["orders/erase"]
[machines.3n4b5urk1ft4fl3mg5e62d9ado]
suppress = ["plan"]
[machines.3n4b5urk1ft4fl3mg5e62d9ado.claims]
organization_id = "acme"
limits = { requests_per_minute = 600 }
[machines.3n4b5urk1ft4fl3mg5e62d9ado.scopes]
add = ["reports/read"]
suppress = ["orders/read"]
"#;

async fn tokens(more: &str, commits: &[Commit], source: &str, changes: &[(&str, Value)]) -> Value {
    says(more, commits, source, changes).await["claimsAndScopeOverrideDetails"].clone()
}

#[tokio::test]
async fn scopes_go_into_access_tokens_of_the_second_and_the_third_version() {
    for (policy, event) in [("V2_0", "2"), ("V3_0", "3"), ("auto", "2"), ("auto", "3")] {
        let more = format!("[tokens]\nversion = {policy:?}\n{SCOPES}");
        let tokens = tokens(&more, &[], V2, &[("/version", json!(event))]).await;
        let access = &tokens["accessTokenGeneration"];
        assert_eq!(
            access["scopesToAdd"],
            json!(["app/use", "reports/list", "reports/read"]),
            "{policy} {event}"
        );
        assert_eq!(
            access["scopesToSuppress"],
            json!(["aws.cognito.signin.user.admin", "reports/erase"]),
            "{policy} {event}"
        );
        let id = tokens["idTokenGeneration"].as_object().unwrap();
        let members: Vec<_> = id.keys().collect();
        assert_eq!(members, ["claimsToAddOrOverride"], "{policy} {event}");
    }
}

#[tokio::test]
async fn the_first_version_has_no_place_for_scopes() {
    let response = says(SCOPES, &[], V1, &[]).await;
    let section = response["claimsOverrideDetails"].as_object().unwrap();
    let members: Vec<_> = section.keys().collect();
    assert_eq!(members, ["claimsToAddOrOverride"]);
}

#[tokio::test]
async fn scopes_of_which_there_are_none_are_not_spoken_of() {
    let response = says("", &[], V2, &[]).await.to_string();
    assert!(!response.contains("scopesTo"), "{response}");
}

#[tokio::test]
async fn a_machine_that_the_policy_names_has_its_own_claims_and_scopes() {
    for version in ["auto", "V3_0"] {
        let more = MACHINES.replace("[tokens]", &format!("[tokens]\nversion = {version:?}"));
        assert_eq!(
            tokens(&more, &[], MACHINE, &[]).await,
            json!({ "accessTokenGeneration": {
                "claimsToAddOrOverride": {
                    "organization_id": "acme", "limits": { "requests_per_minute": 600 },
                },
                "claimsToSuppress": ["tenant", "plan"],
                "scopesToAdd": ["reports/read"],
                "scopesToSuppress": ["orders/erase", "orders/read"],
            } }),
            "{version}"
        );
    }
}

#[tokio::test]
async fn a_machine_that_the_policy_does_not_name_is_denied_what_everybody_is() {
    for client in [json!("another0client"), json!(""), json!(null)] {
        let change = ("/callerContext/clientId", client.clone());
        assert_eq!(
            tokens(MACHINES, &[], MACHINE, &[change]).await,
            json!({ "accessTokenGeneration": {
                "claimsToSuppress": ["tenant"], "scopesToSuppress": ["orders/erase"],
            } }),
            "{client}"
        );
    }
}

#[tokio::test]
async fn a_claim_that_is_left_out_is_logged_by_name_and_bytes_and_not_by_value() {
    let more = "[tokens]\nmax_bytes = 256\n[tokens.id.claims]\nmail = \"email\"\n\
                [tokens.access.claims]\nmail = \"email\"\n";
    // An address is the one text of a user that is never cut.
    let address = format!("{}@example.com", "lovelace".repeat(40));
    let (log, _guard) = listen();
    let change = ("/request/userAttributes/email", json!(address));
    let tokens = tokens(more, &[], V2, &[change]).await;
    for token in ["idTokenGeneration", "accessTokenGeneration"] {
        let section = &tokens[token];
        assert_eq!(section["claimsToSuppress"], json!(["mail"]), "{token}");
        assert_eq!(section["claimsToAddOrOverride"]["role"], "manager");
    }
    let lines = log.lines();
    let told = lines
        .iter()
        .filter(|line| line["fields"].get("claim.name").is_some());
    let told: Vec<Value> = told
        .map(|line| {
            let fields = &line["fields"];
            json!([
                line["level"],
                fields["token"],
                fields["claim.name"],
                fields["claim.bytes"]
            ])
        })
        .collect();
    let bytes = format!("\"mail\":\"{address}\",").len();
    assert_eq!(
        told,
        [
            json!(["ERROR", "id", "mail", bytes]),
            json!(["ERROR", "access", "mail", bytes]),
        ]
    );
    let text = log.text();
    assert!(!text.contains("lovelace"), "{text}");
}

#[tokio::test]
async fn a_refresh_says_what_the_item_says_now() {
    let shown = async |commits: &[Commit]| {
        let access = tokens(SCOPES, commits, REFRESH, &[]).await["accessTokenGeneration"].clone();
        let claims = &access["claimsToAddOrOverride"];
        json!([
            claims["role"],
            claims["organization_id"],
            access["scopesToAdd"]
        ])
    };
    let managers = json!(["app/use", "reports/list", "reports/read"]);
    let before = [recorded(Some("manager"))];
    assert_eq!(shown(&before).await, json!(["manager", null, managers]));
    let lowered = [recorded(Some("manager")), given_role("user")];
    assert_eq!(shown(&lowered).await, json!(["user", null, ["app/use"]]));
    let joined = [recorded(Some("manager")), made_member("acme")];
    assert_eq!(shown(&joined).await, json!(["manager", "acme", managers]));
}
