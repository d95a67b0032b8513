//! What explains a decision is the decision: for every fixture, under policies that do nothing, much
//! and nearly everything, of users of all kinds.

use crate::sources::RULES;
use crate::world::{
    FIXTURES, Places, fixture, given_role, handle, made_member, now, policy, raw, refused,
    suspended, trigger,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use usher_events::{Fact, RefusalReason};
use usher_shared::commit::Commit;
use usher_shared::digest::Secret;
use usher_shared::policy::trace::{Question, Said, Step};
use usher_shared::policy::{FoundingMode, Policy};
use usher_trigger::explained::{Explained, explain};
use usher_trigger::{Decision, Handled};

/// Nearly everything that a policy can say.
const STRICT: &str = r#"
[sign_up]
blocked_domains = ["example.org"]
refuse_disposable = true
check_phone = true
invite = "always"
auto_confirm = "always"
required_attributes = ["given_name"]
[sign_up.allowed_values]
"custom:signup_source" = ["direct"]
[sign_in]
refuse_pending = true
[sign_in.hours]
zone = "Europe/Berlin"
apply_to_refresh = true
exempt_roles = ["admin"]
[[sign_in.hours.open]]
days = ["mon-thu"]
from = "09:00"
to = "17:00"
[sources]
challenges = "refuse"
migration = "refuse"
inbound_federation = "refuse"
[roles.administrators]
emails = ["ada.canary@example.com"]
[organizations.closed]
name = "Closed"
active = false
[organizations.acme]
name = "Acme"
plan = "pro"
[[domains]]
domain = "example.com"
role = "manager"
organization = "acme"
[tokens]
suppress = ["custom:department"]
groups = "add_role"
[tokens.id.claims]
features = "organization.features"
department = { from = "department", as = "text" }
plan = "organization.plan"
[tokens.access.claims]
limits = { value = { rate = 600 } }
[tokens.scopes]
suppress = ["openid"]
[tokens.scopes.roles.admin]
add = ["reports/read"]
suppress = ["profile"]
[tokens.scopes.permissions]
"users:write" = ["users/write"]
[refusals.outside_hours]
default = "Please come back in the morning"
de = "Bitte kommen Sie morgens wieder"
[custom_messages.sign_up.en]
sms = "{{ code }} is your code, {{ first_name }}."
[custom_messages.forgot_password.en]
subject = "A new password"
email = "<p>{{ code }}</p>"
"#;

const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../usher.toml"));

fn policies() -> BTreeMap<&'static str, Policy> {
    // The check refuses such a policy; a decision has to know what to make of it all the same.
    let mut narrow = policy(STRICT);
    narrow.tokens.max_bytes = 180;
    narrow.sign_in.hours = None;
    narrow.domains.clear();
    narrow.founding.mode = FoundingMode::Create;
    let scopes = &mut narrow.tokens.scopes.everybody;
    scopes.add = scopes.suppress.clone();
    BTreeMap::from([
        ("nothing", Policy::default()),
        ("rules", policy(RULES)),
        ("strict", policy(STRICT)),
        ("narrow", narrow),
        ("example", policy(EXAMPLE)),
    ])
}

fn users() -> Vec<(&'static str, Vec<Commit>)> {
    let said = refused(RefusalReason::OutsideHours, "2026-01-02T03:00:00Z");
    vec![
        ("nobody", Vec::new()),
        ("suspended", vec![suspended()]),
        ("manager", vec![given_role("manager")]),
        ("admin", vec![given_role("admin")]),
        ("member", vec![made_member("closed")]),
        ("refused", vec![given_role("manager"), said]),
    ]
}

fn places(commits: &[Commit]) -> Places {
    match commits {
        [] => Places::new(),
        commits => Places::knowing(commits),
    }
}

fn sources() -> Vec<String> {
    let files = std::fs::read_dir(FIXTURES).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names
        .map(|name| name.trim_end_matches(".json").to_owned())
        .collect()
}

#[tokio::test]
async fn explanation_and_decision_agree_on_every_fixture() {
    let mut refusals = 0;
    for (name, policy) in policies() {
        for (user, commits) in users() {
            for source in sources() {
                let event = fixture(&source);
                let what = format!("{source}, {user}, {name}");
                let table = Arc::new(places(&commits));
                let handled = handle(&trigger(policy.clone(), &table), &event).await;
                let table = places(&commits);
                let secret = Secret::new(&[7; 32]);
                let explained = explain(raw(&event), &policy, &secret, &table, now()).await;
                let Some(explained) = explained else {
                    assert_eq!(handled.decision, Decision::Unknown, "{what}");
                    continue;
                };
                is_the_same(&what, &event, &explained, &handled);
                settles(&what, &explained, &handled);
                tells_every_claim(&what, &explained, &handled);
                refusals += usize::from(handled.reason().is_some());
            }
        }
    }
    assert!(refusals > 100, "{refusals}");
}

/// Answer and fact are those of the trigger, byte for byte.
fn is_the_same(what: &str, event: &str, explained: &Explained, handled: &Handled) {
    let verdict = &explained.verdict;
    match (&verdict.answer, &handled.answer) {
        (Ok(ours), Ok(theirs)) => {
            let ours = ours.as_ref().map_or(event, |ours| ours.get());
            assert_eq!(ours, theirs.get(), "{what}");
        }
        (Err(ours), Err(theirs)) => assert_eq!(ours, theirs, "{what}"),
        (ours, theirs) => panic!("{what}: {} {}", ours.is_ok(), theirs.is_ok()),
    }
    let told = handled.published.as_ref().map(|(fact, _)| fact);
    let ours = verdict.fact.as_ref();
    assert_eq!(
        ours.map(|fact| (fact.event.name(), fact.time, fact.event.to_data())),
        told.map(|fact| (fact.event.name(), fact.time, fact.event.to_data())),
        "{what}"
    );
}

/// Exactly one rule refuses where the trigger does, and for its reason; and the sentence is its own.
fn settles(what: &str, explained: &Explained, handled: &Handled) {
    let refusals: Vec<RefusalReason> = explained
        .steps
        .iter()
        .filter_map(|step| match step.said {
            Said::Refuses(reason) => Some(reason),
            _ => None,
        })
        .collect();
    let expected: Vec<RefusalReason> = handled.reason().into_iter().collect();
    assert_eq!(refusals, expected, "{what}");
    let sentence = given(&explained.steps, Question::Sentence);
    let refusal = handled.answer.as_ref().err();
    let refusal: Vec<Value> = refusal
        .map(|refusal| refusal.text().into())
        .into_iter()
        .collect();
    assert_eq!(sentence, refusal, "{what}");
}

/// What a question was answered with, in order.
fn given(steps: &[Step], question: Question) -> Vec<Value> {
    let steps = steps.iter().filter(|step| step.question == question);
    steps
        .filter_map(|step| match &step.said {
            Said::Gives(value) => Some(value.clone()),
            _ => None,
        })
        .collect()
}

/// Every claim and scope of the answer is told with its value, and none that is not there.
fn tells_every_claim(what: &str, explained: &Explained, handled: &Handled) {
    let Ok(answer) = &handled.answer else { return };
    let answer: Value = serde_json::from_str(answer.get()).unwrap();
    let response = &answer["response"];
    let second = &response["claimsAndScopeOverrideDetails"];
    let first = &response["claimsOverrideDetails"];
    if second.is_null() && first.is_null() {
        return;
    }
    let id = if second.is_null() {
        first
    } else {
        &second["idTokenGeneration"]
    };
    let access = &second["accessTokenGeneration"];
    for (question, section) in [(Question::IdToken, id), (Question::AccessToken, access)] {
        let (mut claims, mut hidden, mut added, mut denied) =
            (Map::new(), Vec::new(), Vec::new(), Vec::new());
        let steps = explained.steps.iter();
        for step in steps.filter(|step| step.question == question) {
            let Some(name) = step.name.as_deref() else {
                continue;
            };
            match (&step.said, name.strip_prefix("scope ")) {
                (Said::Gives(_), Some(scope)) => added.push(scope.to_owned()),
                (Said::Suppresses, Some(scope)) => denied.push(scope.to_owned()),
                (Said::Gives(value), None) => {
                    claims.insert(name.to_owned(), value.clone());
                }
                (Said::Suppresses | Said::LeftOut, None) => hidden.push(name.to_owned()),
                (_, _) => {}
            }
        }
        let none = Value::Object(Map::new());
        let there = section.get("claimsToAddOrOverride").unwrap_or(&none);
        assert_eq!(&Value::Object(claims), there, "{what} {question:?}");
        assert_eq!(sorted(hidden), texts(section, "claimsToSuppress"), "{what}");
        assert_eq!(sorted(added), texts(section, "scopesToAdd"), "{what}");
        assert_eq!(sorted(denied), texts(section, "scopesToSuppress"), "{what}");
    }
    if let Some(role) = id["claimsToAddOrOverride"].get("role") {
        let said = given(&explained.steps, Question::Role);
        assert_eq!(said.last(), Some(role), "{what}");
    }
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts.dedup();
    texts
}

fn texts(section: &Value, key: &str) -> Vec<String> {
    let list = section[key].as_array().into_iter().flatten();
    sorted(list.map(|text| text.as_str().unwrap().to_owned()).collect())
}
