//! What must hold of an answer: everything goes back as it came but `response`, and what stands
//! there is something that Cognito takes.

use crate::members::Members;
use serde_json::Value;
use std::collections::BTreeSet;
use usher_shared::policy::Policy;
use usher_trigger::cognito::Source;
use usher_trigger::{Decision, Handled};

/// Holds an answer to its promises.
pub(crate) fn check(policy: &Policy, event: &str, handled: &Handled) {
    assert_ne!(handled.decision, Decision::Broken, "handling broke");
    let answer = match &handled.answer {
        Ok(answer) => answer.get(),
        Err(refusal) => {
            assert!(matches!(handled.decision, Decision::Refused(_)));
            return check_refusal(policy, refusal.text());
        }
    };
    if handled.decision != Decision::Answered {
        assert_eq!(answer, event, "what is not answered goes back as it came");
        return;
    }
    let (before, after) = (Members::of(event).unwrap(), Members::of(answer).unwrap());
    let source = before.text("triggerSource").unwrap();
    let source = Source::read(&source).unwrap();
    assert_eq!(before.without(&["response"]), after.without(&["response"]));
    let response = |members: &Members| members.last("response").and_then(Members::of);
    let ours = ours(source);
    let came = response(&before).unwrap_or(Members(Vec::new()));
    let given = response(&after).unwrap();
    assert_eq!(came.without(ours), given.without(ours));
    for name in ours {
        let said = given
            .last(name)
            .filter(|said| came.last(name) != Some(said));
        if let Some(said) = said {
            let said: Value = serde_json::from_str(said).unwrap();
            check_member(policy, event, name, &said);
        }
    }
}

/// The members of `response` that are ours to write.
fn ours(source: Source) -> &'static [&'static str] {
    match source {
        Source::PreSignUp(_) => &["autoConfirmUser", "autoVerifyEmail"],
        Source::TokenGeneration(_) => &["claimsOverrideDetails", "claimsAndScopeOverrideDetails"],
        Source::CustomMessage(_) => &["smsMessage", "emailMessage", "emailSubject"],
        Source::ConfirmSignUp
        | Source::ConfirmForgotPassword
        | Source::PreAuthentication
        | Source::PostAuthentication
        | Source::CustomSender(..)
        | Source::Challenge(_)
        | Source::UserMigration(_)
        | Source::InboundFederation => panic!("{} is answered with nothing", source.as_str()),
    }
}

/// A refusal is one of the policy's sentences, and Cognito puts its own full stop behind it.
pub(crate) fn check_refusal(policy: &Policy, text: &str) {
    let messages = &policy.messages;
    let general = [
        &messages.sign_up_refused,
        &messages.invite_missing,
        &messages.invite_refused,
        &messages.sign_in_refused,
        &messages.try_again,
    ];
    let by_reason = policy.refusals.values();
    let by_reason = by_reason.flat_map(|said| said.default.iter().chain(said.locales.values()));
    let is_ours = general
        .into_iter()
        .chain(by_reason)
        .any(|ours| ours == text);
    assert!(is_ours, "{text:?} is no sentence of the policy");
    assert!((1..=100).contains(&text.chars().count()), "{text:?}");
    assert!(!text.ends_with(['.', '!', '?', ' ']), "{text:?}");
    assert!(!text.contains(char::is_control), "{text:?}");
}

fn check_member(policy: &Policy, event: &str, name: &str, said: &Value) {
    match name {
        "autoConfirmUser" | "autoVerifyEmail" => assert_eq!(said, true),
        "claimsOverrideDetails" => {
            check_claims(said, true);
            check_groups(event, said);
            only(said, &["claimsToAddOrOverride", "claimsToSuppress", GROUPS]);
        }
        "claimsAndScopeOverrideDetails" => {
            check_groups(event, said);
            only(
                said,
                &["idTokenGeneration", "accessTokenGeneration", GROUPS],
            );
            let lists = ["claimsToAddOrOverride", "claimsToSuppress"];
            if let Some(id) = said.get("idTokenGeneration") {
                check_claims(id, false);
                only(id, &lists);
            }
            if let Some(access) = said.get("accessTokenGeneration") {
                check_claims(access, false);
                let scopes = ["scopesToAdd", "scopesToSuppress"];
                only(access, &[lists, scopes].concat());
                check_scopes(policy, access);
            }
        }
        "smsMessage" => check_text(event, said, 140),
        "emailMessage" => check_text(event, said, 20_000),
        "emailSubject" => assert!(length(said) <= 140, "{said}"),
        _ => panic!("{name} is not ours to write"),
    }
}

const GROUPS: &str = "groupOverrideDetails";

/// Claims that Cognito lets nobody change (developer guide, *Pre token generation*). Groups and
/// developer-only attributes can be suppressed.
const RESERVED: [&str; 22] = [
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
];

fn check_claims(section: &Value, all_are_texts: bool) {
    let is_reserved = |name: &str| {
        RESERVED.contains(&name) || name.starts_with("cognito:") || name.starts_with("dev:")
    };
    if let Some(claims) = section.get("claimsToAddOrOverride") {
        for (name, value) in claims.as_object().unwrap() {
            assert!(!is_reserved(name) && !name.is_empty(), "{name}");
            assert!(value.is_string() || !all_are_texts, "{name}: {value}");
            assert!(!value.is_null(), "{name}");
        }
    }
    for name in texts(section, "claimsToSuppress") {
        let can_be_suppressed = name == "cognito:groups" || name.starts_with("dev:");
        assert!(!is_reserved(&name) || can_be_suppressed, "{name}");
        let added = section.get("claimsToAddOrOverride");
        let is_added = added.is_some_and(|claims| claims.get(&name).is_some());
        assert!(!is_added, "{name} is told and suppressed");
    }
}

fn check_scopes(policy: &Policy, access: &Value) {
    let added = texts(access, "scopesToAdd");
    let suppressed = texts(access, "scopesToSuppress");
    assert!(added.is_disjoint(&suppressed), "{added:?} {suppressed:?}");
    for scope in &added {
        assert!(!scope.starts_with("aws.cognito"), "{scope}");
        assert!(!scope.contains(char::is_whitespace), "{scope}");
    }
    let everybody = policy.tokens.scopes.everybody.suppress.iter();
    let missed = everybody.filter(|scope| !suppressed.contains(scope.as_str()));
    assert_eq!(missed.count(), 0, "{suppressed:?}");
}

/// Who has groups keeps them, and whose groups cannot all be read is told nothing of them.
fn check_groups(event: &str, said: &Value) {
    let Some(details) = said.get(GROUPS) else {
        return;
    };
    let came = Members::at(
        event,
        &["request", "groupConfiguration", "groupsToOverride"],
    );
    let came = came.as_ref().and_then(Value::as_array);
    let came = came.expect("groups are added to those that came");
    let given = details["groupsToOverride"].as_array().unwrap();
    assert!(!given.is_empty());
    for group in came {
        assert!(
            given.contains(group) || group.as_str().is_none(),
            "{group} is lost"
        );
    }
}

/// A message holds what Cognito puts the code or link in place of, once, and is short enough.
fn check_text(event: &str, said: &Value, longest: usize) {
    let text = said.as_str().unwrap();
    let places = [
        ("codeParameter", "{####}"),
        ("linkParameter", "{##"),
        ("usernameParameter", "{username}"),
    ];
    let [code, link, username] = places.map(|(name, guide)| place(event, name, guide));
    let once = |place: &str| text.matches(place).count() == 1;
    assert!(once(&code) || once(&link), "{text}");
    let bare = [code, link, username]
        .iter()
        .fold(text.to_owned(), |text, place| text.replace(place, ""));
    assert!(bare.encode_utf16().count() <= longest, "{text}");
}

/// What the event says is replaced, else what the guide says. What a link reads is the policy's.
fn place(event: &str, name: &str, guide: &str) -> String {
    let named = match Members::at(event, &["request", name]) {
        Some(Value::String(text)) if !text.is_empty() => text,
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => guide.to_owned(),
    };
    match named.split_once("##") {
        Some((brace, _)) if name == "linkParameter" => format!("{brace}##"),
        _ => named,
    }
}

fn length(text: &Value) -> usize {
    text.as_str().unwrap().encode_utf16().count()
}

fn texts(section: &Value, key: &str) -> BTreeSet<String> {
    let Some(list) = section.get(key) else {
        return BTreeSet::new();
    };
    let list = list.as_array().unwrap();
    assert!(!list.is_empty(), "{key} says nothing");
    let texts: BTreeSet<String> = list
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts.len(), list.len(), "{key} says something twice");
    texts
}

fn only(section: &Value, keys: &[&str]) {
    for key in section.as_object().unwrap().keys() {
        assert!(
            keys.contains(&key.as_str()),
            "{key} is nothing of Cognito's"
        );
    }
}
