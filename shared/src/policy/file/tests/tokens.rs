mod claims;
mod machines;
mod scopes;
mod weight;

use super::*;
use crate::policy::claims::Source;

/// Names of claims, and what each tells; a constant tells its JSON.
fn told(claims: &[Claim]) -> Vec<(&str, String)> {
    let told = |claim: &Claim| match &claim.says {
        Says::Source(source) => source.as_str().to_owned(),
        Says::Constant(value) => serde_json::json!(value).to_string(),
    };
    claims
        .iter()
        .map(|claim| (claim.name.as_str(), told(claim)))
        .collect()
}

/// Every name that Cognito keeps to itself (Cognito developer guide, *Pre token generation*).
const RESERVED: [&str; 29] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "scope",
    "sub",
    "token_use",
    "username",
    "version",
    "cognito:username",
    "cognito:groups",
    "cognito:roles",
    "cognito:preferred_role",
    "cognito:anything",
    "dev:custom:x",
    "AUD",
];

#[test]
fn a_reserved_name_carries_nothing_in_either_token() {
    for name in RESERVED {
        for token in ["id", "access"] {
            let text = format!("[tokens.{token}]\norganization = '{name}'\n");
            let problem = format!("{name} is reserved; Cognito lets nobody change it");
            assert_eq!(
                wrong_with(&text),
                [format!("line 2: tokens.{token}.organization: {problem}")]
            );
        }
    }
}

#[test]
fn a_right_is_never_told_under_the_name_of_an_attribute() {
    for name in [
        "custom:role",
        "email",
        "email_verified",
        "profile",
        "address",
        "updated_at",
        "nickname",
    ] {
        let text = format!("[tokens.id]\nrole = '{name}'\n");
        let problem =
            format!("{name} shows an attribute of the user; choose a name that no attribute has");
        assert_eq!(
            wrong_with(&text),
            [format!("line 2: tokens.id.role: {problem}")]
        );
    }
}

#[test]
fn a_name_is_used_once_within_a_token_and_not_also_suppressed() {
    check_problems(&[
        (
            "[tokens.id]\nrole = 'r'\npermissions = 'r'\n",
            "line 3: tokens.id.permissions: r carries another value already",
        ),
        (
            "[tokens.id]\nrole = 'account_type'\n",
            "line 1: tokens.id.account_type: account_type carries another value already",
        ),
        (
            "[tokens]\nsuppress = ['r']\n[tokens.access]\nrole = 'r'\n",
            "line 4: tokens.access.role: r is also in tokens.suppress, and would not show",
        ),
        (
            "[tokens]\nsuppress = ['email', 'email']\n",
            "line 2: tokens.suppress: email is listed twice",
        ),
    ]);
    assert_eq!(
        wrong_with("[tokens]\nsuppress = ['role']\n"),
        [
            "line 1: tokens.access.role: role is also in tokens.suppress, and would not show",
            "line 1: tokens.id.role: role is also in tokens.suppress, and would not show",
        ]
    );
    check_good(&["[tokens.id]\nrole = 'r'\n[tokens.access]\npermissions = 'r'\n"]);
}

#[test]
fn names_of_claims_are_short_words() {
    let long = "x".repeat(65);
    for (name, problem) in [
        (
            "my role",
            "the name of a claim must not hold spaces or control characters",
        ),
        (
            "a\\nb",
            "the name of a claim must not hold spaces or control characters",
        ),
        (
            long.as_str(),
            "the name of a claim must be at most 64 characters",
        ),
    ] {
        let text = format!("[tokens.id]\nrole = \"{name}\"\n");
        assert_eq!(
            wrong_with(&text),
            [format!("line 2: tokens.id.role: {problem}")],
            "{name}"
        );
    }
    check_problems(&[(
        "[tokens]\nsuppress = ['']\n",
        "line 2: tokens.suppress: the name of a claim must not be empty",
    )]);
    check_good(&["[tokens.id]\nrole = 'https://app.example/role'\n"]);
}

#[test]
fn an_empty_name_leaves_the_value_out() {
    let policy = policy_of(
        "[tokens]\nsuppress = ['role']\n[tokens.id]\nrole = ''\n[tokens.access]\nrole = ''\n",
    );
    for claims in [&policy.tokens.id, &policy.tokens.access] {
        assert_eq!(
            told(claims),
            [
                ("permissions", "permissions".to_owned()),
                ("organization_id", "organization.id".to_owned()),
                ("account_type", "account_type".to_owned()),
            ]
        );
    }
}

#[test]
fn what_cognito_lets_a_trigger_suppress_can_be_suppressed() {
    check_good(&[
        "[tokens]\nsuppress = ['email', 'custom:role', 'dev:custom:x', 'cognito:groups']\n",
        "[tokens]\ngroups = 'add_role'\nsuppress = ['email']\n",
    ]);
    check_problems(&[
        (
            "[tokens]\nsuppress = ['sub']\n",
            "line 2: tokens.suppress: sub is reserved; Cognito lets nobody change it",
        ),
        (
            "[tokens]\nsuppress = ['cognito:username']\n",
            "line 2: tokens.suppress: cognito:username is reserved; Cognito lets nobody change it",
        ),
        (
            "[tokens]\ngroups = 'add_role'\nsuppress = ['cognito:groups']\n",
            "line 3: tokens.suppress: cognito:groups cannot be suppressed while groups is add_role",
        ),
    ]);
}

#[test]
fn the_version_is_one_that_cognito_has_and_reaches_the_tokens_named() {
    for (word, version) in [
        ("auto", None),
        ("V1_0", Some(TokenVersion::V1)),
        ("V2_0", Some(TokenVersion::V2)),
        ("V3_0", Some(TokenVersion::V3)),
    ] {
        assert_eq!(
            policy_of(&format!("[tokens]\nversion = '{word}'\n"))
                .tokens
                .version,
            version
        );
    }
    check_problems(&[
        (
            "[tokens]\nversion = '2'\n",
            "line 2: tokens.version: must be \"auto\" or \"V1_0\" or \"V2_0\" or \"V3_0\"",
        ),
        (
            "[tokens]\nversion = 'V1_0'\n[tokens.access]\nrole = 'r'\n",
            "line 3: tokens.access: has no meaning with version V1_0, which reaches ID tokens alone",
        ),
    ]);
}
