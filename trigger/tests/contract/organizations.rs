//! What tokens show of organizations that users have founded, what that costs, and who is refused.

use crate::world::{
    Mood, Places, changed, commit, fixture, given_role, handle, made_member, policy, refusal,
    response, suspended, trigger,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, advance};
use usher_events::{
    EventId, LifecycleEvent, OrganizationId, Plan, RefusalReason, SignedIn, Sub, Time,
};
use usher_shared::commit::{Commit, Recorded};
use usher_shared::disposition::FaultKind;
use usher_shared::organization::{Organization, id_of};
use usher_shared::policy::{self, Domain};
use usher_trigger::{Decision, Handled};

const PRE: &str = "PreAuthentication_Authentication";
const TOKEN: &str = "TokenGeneration_Authentication";
const REFRESH: &str = "TokenGeneration_RefreshTokens";
const EVERY: [&str; 4] = [PRE, TOKEN, "TokenGeneration_NewPasswordChallenge", REFRESH];

/// Tells everything of an organization.
const TOKENS: &str = "[tokens.id.claims]\ncalled = 'organization.name'\nplan = 'organization.plan'\n\
                      features = 'organization.features'\norg = 'organization'\n";

fn rules(founding: &str) -> String {
    format!("[founding]\n{founding}\n{TOKENS}")
}

fn create() -> String {
    rules("mode = 'create'\nfounder_role = 'admin'\nplan = 'pro'\naccount_type = 'business'")
}

fn id() -> OrganizationId {
    id_of(&Domain::new("example.com").unwrap())
}

/// The organization of the fixtures' domain.
fn founded_by(sub: &str, active: bool) -> Organization {
    let terms = policy::Organization {
        name: "Example".to_owned(),
        account_type: None,
        active,
        plan: Plan::new("free").ok(),
    };
    let event: EventId = "00000000-0000-7000-8000-000000000000".parse().unwrap();
    Organization::new(
        Domain::new("example.com").unwrap(),
        terms,
        Sub::new(sub).unwrap(),
        event,
        "2026-01-01T00:00:00Z".parse().unwrap(),
    )
}

fn with(organization: Organization, commits: &[Commit]) -> Places {
    let places = match commits {
        [] => Places::new(),
        commits => Places::knowing(commits),
    };
    let mut organizations = places.organizations.lock().unwrap();
    organizations.insert(organization.id.clone(), organization);
    drop(organizations);
    places
}

async fn given(text: &str, places: Places, event: &str) -> (Handled, Arc<Places>) {
    let places = Arc::new(places);
    let handled = handle(&trigger(policy(text), &places), event).await;
    (handled, places)
}

/// Claims of the ID token.
fn claims(handled: &Handled) -> Value {
    let response = response(handled);
    let overrides = &response["claimsAndScopeOverrideDetails"];
    overrides["idTokenGeneration"]["claimsToAddOrOverride"].clone()
}

/// How often the table was asked for organizations.
fn asked(places: &Places) -> usize {
    places.looked_up.lock().unwrap().len()
}

#[tokio::test]
async fn the_first_token_carries_the_organization_of_the_domain_and_what_its_plan_includes() {
    for mode in ["create", "join"] {
        let text = rules(&format!("mode = '{mode}'\nfounder_role = 'admin'"));
        for (founder, role) in [("somebody", "user"), (crate::world::SUB, "admin")] {
            let places = with(founded_by(founder, true), &[]);
            let (handled, places) = given(&text, places, &fixture(TOKEN)).await;
            let claims = claims(&handled);
            assert_eq!(claims["organization_id"], json!(id().as_str()), "{mode}");
            assert_eq!(claims["role"], role, "{mode}");
            assert_eq!(claims["called"], "Example");
            assert_eq!(claims["plan"], "free");
            assert_eq!(
                claims["features"],
                json!(["basic_dashboard", "user_management"])
            );
            assert_eq!(claims["org"]["plan"], "free");
            assert_eq!(asked(&places), 1);
        }
    }
}

/// The worker is about to found it, and elects the founder: nobody is one before.
#[tokio::test]
async fn before_it_is_founded_the_first_token_names_the_organization_and_no_founder() {
    let (handled, places) = given(&create(), Places::new(), &fixture(TOKEN)).await;
    let told = claims(&handled);
    assert_eq!(told["organization_id"], json!(id().as_str()));
    assert_eq!(
        (&told["role"], &told["plan"]),
        (&json!("user"), &json!("pro"))
    );
    assert_eq!(told["account_type"], "business");
    assert_eq!(told["called"], Value::Null);
    let org = json!({ "id": id().as_str(), "plan": "pro", "features": told["features"] });
    assert_eq!(told["org"], org);
    assert_eq!(asked(&places), 1);
    let (handled, _) = given(&rules("mode = 'join'"), Places::new(), &fixture(TOKEN)).await;
    assert_eq!(claims(&handled)["organization_id"], Value::Null);
}

#[tokio::test]
async fn members_of_a_founded_organization_that_is_inactive_are_refused_everywhere() {
    for (active, reason) in [
        (false, Some(RefusalReason::OrganizationInactive)),
        (true, None),
    ] {
        for commits in [Vec::new(), vec![made_member(id().as_str())]] {
            for source in EVERY {
                let places = with(founded_by("somebody", active), &commits);
                let (handled, _) = given(&create(), places, &fixture(source)).await;
                assert_eq!(handled.reason(), reason, "{source} {commits:?}");
                if reason.is_some() {
                    let sentence = "Sign-in is not possible with this account";
                    assert_eq!(refusal(&handled), sentence);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_plan_of_a_recorded_members_organization_decides_the_features() {
    let places = with(founded_by("somebody", true), &[made_member(id().as_str())]);
    let (handled, places) = given(&create(), places, &fixture(REFRESH)).await;
    let claims = claims(&handled);
    assert_eq!(
        (&claims["called"], &claims["plan"]),
        (&json!("Example"), &json!("free"))
    );
    assert_eq!(claims["role"], "user");
    assert_eq!(asked(&places), 1);
}

#[tokio::test]
async fn without_founding_and_for_what_the_policy_declares_the_table_is_not_asked() {
    let acme = "[organizations.acme]\nname = 'Acme'\n";
    let domain = "[[domains]]\ndomain = 'example.com'\norganization = 'acme'\n";
    let (off, on) = (rules("mode = 'off'"), create());
    let founded = made_member(id().as_str());
    for (text, commits) in [
        (off.clone(), vec![]),
        (off, vec![founded]),
        (
            format!("{on}\n{acme}"),
            vec![made_member("acme"), seen("ada.canary@example.com")],
        ),
        (format!("{on}\n{acme}{domain}"), vec![]),
        // Not in the policy any more, and never founded.
        (
            on.clone(),
            vec![made_member("gone"), seen("ada.canary@example.com")],
        ),
    ] {
        for source in EVERY {
            let places = with(founded_by("somebody", true), &commits);
            let (handled, places) = given(&text, places, &fixture(source)).await;
            assert_ne!(handled.decision, Decision::Broken);
            assert_eq!(asked(&places), 0, "{source} {text} {commits:?}");
        }
    }
    for source in ["PostAuthentication_Authentication", "PreSignUp_SignUp"] {
        let places = with(founded_by("somebody", true), &[]);
        let (_, places) = given(&on, places, &fixture(source)).await;
        assert_eq!(asked(&places), 0, "{source}");
    }
}

/// A sign-in of the fixtures' user with this address, which gave no organization.
fn seen(email: &str) -> Commit {
    let person = usher_events::Person {
        email: Some(usher_events::Personal::new(email)),
        email_verified: true,
        ..usher_events::Person::default()
    };
    let event = LifecycleEvent::from(SignedIn {
        client: None,
        new_device: None,
        person,
    });
    let source = usher_events::OrganizationSource::Domain;
    Commit {
        decided: vec![usher_events::OrganizationLeft { source }.into()],
        ..commit(Recorded::Lifecycle(event), time())
    }
}

fn time() -> Time {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_organization_is_read_once_in_its_lifetime_and_then_anew() {
    let text = rules("mode = 'join'\ncache_s = 60");
    let places = Arc::new(with(founded_by("somebody", true), &[]));
    let trigger = trigger(policy(&text), &places);
    for _ in 0..3 {
        for source in EVERY {
            assert_eq!(handle(&trigger, &fixture(source)).await.reason(), None);
        }
    }
    assert_eq!(asked(&places), 1);
    let inactive = founded_by("somebody", false);
    places.organizations.lock().unwrap().insert(id(), inactive);
    advance(Duration::from_secs(59)).await;
    assert_eq!(handle(&trigger, &fixture(TOKEN)).await.reason(), None);
    advance(Duration::from_secs(1)).await;
    let reason = handle(&trigger, &fixture(TOKEN)).await.reason();
    assert_eq!(reason, Some(RefusalReason::OrganizationInactive));
    assert_eq!(asked(&places), 2);
}

#[tokio::test]
async fn attributes_that_users_write_and_addresses_that_nobody_verified_join_nothing() {
    let attribute = |name: &str, value: &str| {
        let pointer = format!("/request/userAttributes/{name}");
        changed(
            TOKEN,
            &[
                (&pointer, json!(value)),
                ("/request/userAttributes/email", json!("ada@other.example")),
            ],
        )
    };
    let founded = id();
    let mut events: Vec<String> = [
        "custom:organization",
        "custom:organization_id",
        "custom:company_domain",
        "custom:email",
        "organization",
    ]
    .iter()
    .flat_map(|name| {
        [
            attribute(name, founded.as_str()),
            attribute(name, "example.com"),
        ]
    })
    .collect();
    let unverified = |value| changed(TOKEN, &[("/request/userAttributes/email_verified", value)]);
    events.extend([unverified(json!("false")), unverified(Value::Null)]);
    let identities = json!("[{\"providerName\":\"Evil\",\"providerType\":\"OIDC\"}]");
    events.push(changed(
        TOKEN,
        &[("/request/userAttributes/identities", identities)],
    ));
    for event in events {
        let places = with(founded_by("somebody", true), &[]);
        let (handled, _) = given(&rules("mode = 'join'"), places, &event).await;
        assert_eq!(handled.decision, Decision::Answered);
        assert_eq!(claims(&handled)["organization_id"], Value::Null, "{event}");
    }
}

const MOODS: [Mood; 3] = [
    Mood::Hangs,
    Mood::Fails(FaultKind::Unavailable),
    Mood::Fails(FaultKind::Corrupt),
];

/// A member who is an administrator by an operator's hand, while organizations cannot be read.
fn in_the_dark(mood: Mood) -> Places {
    let commits = [made_member(id().as_str()), given_role("admin")];
    Places {
        looking_up: mood,
        ..with(founded_by("somebody", false), &commits)
    }
}

#[tokio::test(start_paused = true)]
async fn while_an_organization_cannot_be_read_a_token_has_the_least_and_is_not_refused() {
    for mood in MOODS {
        for source in [TOKEN, REFRESH] {
            let begun = Instant::now();
            let (handled, places) = given(&create(), in_the_dark(mood), &fixture(source)).await;
            assert!(begun.elapsed() < Duration::from_millis(1_000), "{mood:?}");
            assert_eq!(handled.decision, Decision::Answered);
            let claims = claims(&handled);
            assert_eq!(
                (&claims["role"], &claims["plan"]),
                (&json!("user"), &Value::Null)
            );
            assert_eq!(claims["organization_id"], Value::Null);
            assert_eq!(asked(&places), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_cannot_be_checked_goes_by_the_policy_and_suspension_by_the_record() {
    let hours = "[sign_in.hours]\nzone = 'UTC'\nopen = [{ days = ['mon-sun'], from = '08:00', to = '18:00' }]\n";
    let refuse = "[sign_in]\nwhen_store_is_down = 'refuse'\n";
    let always = "apply_while_store_is_down = true\n";
    let (down, outside) = (RefusalReason::StoreUnavailable, RefusalReason::OutsideHours);
    for mood in MOODS {
        for (more, at_sign_in, at_token) in [
            (String::new(), None, None),
            (refuse.to_owned(), Some(down), None),
            (hours.to_owned(), None, None),
            (
                hours.replace("zone", &format!("{always}apply_to_refresh = true\nzone")),
                Some(outside),
                Some(outside),
            ),
        ] {
            let text = format!("{more}{}", create());
            for (source, expected) in [(PRE, at_sign_in), (REFRESH, at_token)] {
                let (handled, _) = given(&text, in_the_dark(mood), &fixture(source)).await;
                assert_eq!(handled.reason(), expected, "{mood:?} {source} {more}");
            }
        }
        for source in EVERY {
            let places = Places {
                looking_up: mood,
                ..with(
                    founded_by("somebody", true),
                    &[made_member(id().as_str()), suspended()],
                )
            };
            let (handled, _) = given(&create(), places, &fixture(source)).await;
            assert_eq!(
                handled.reason(),
                Some(RefusalReason::UserSuspended),
                "{source}"
            );
        }
    }
}

/// What was read is not forgotten because of an outage, and what failed is not remembered.
#[tokio::test(start_paused = true)]
async fn an_outage_shorter_than_the_lifetime_is_not_seen() {
    let places = Arc::new(with(founded_by("somebody", true), &[]));
    let well = trigger(policy(&create()), &places);
    handle(&well, &fixture(TOKEN)).await;
    let dark = Arc::new(in_the_dark(Mood::Hangs));
    let in_outage = usher_trigger::Trigger {
        publisher: trigger(policy(""), &dark).publisher,
        ..well.clone()
    };
    let handled = handle(&in_outage, &fixture(TOKEN)).await;
    assert_eq!(claims(&handled)["organization_id"], json!(id().as_str()));
    advance(Duration::from_secs(60)).await;
    let handled = handle(&in_outage, &fixture(TOKEN)).await;
    assert_eq!(claims(&handled)["organization_id"], Value::Null);
    let handled = handle(&well, &fixture(TOKEN)).await;
    assert_eq!(claims(&handled)["organization_id"], json!(id().as_str()));
}
