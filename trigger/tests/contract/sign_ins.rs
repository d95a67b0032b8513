//! Who is refused a sign-in or a token for more than being suspended, and in which language.

use crate::listen::listen;
use crate::sources::{given_under, published};
use crate::world::{Places, changed, fixture, given_role, made_member, policy, refusal, suspended};
use serde_json::{Value, json};
use usher_events::{LifecycleEvent, RefusalReason, Severity};
use usher_shared::commit::Commit;
use usher_trigger::{Decision, Handled};

/// The fixtures' time is four minutes past three in the night from Thursday to Friday, in UTC.
const DAYTIME: &str = r#"
[sign_in.hours]
zone = "UTC"
exempt_roles = ["admin"]
open = [{ days = ["mon-sun"], from = "08:00", to = "18:00" }]
[sign_in.hours.roles.manager]
zone = "America/New_York"
open = [{ days = ["thu"], from = "18:00", to = "23:00" }]
[sign_in.hours.roles.guest]
holidays = ["01-02"]
open = [{ days = ["mon-sun"], from = "00:00", to = "24:00" }]
"#;

const PRE: &str = "PreAuthentication_Authentication";
const HOSTED: &str = "TokenGeneration_HostedAuth";
const REFRESH: &str = "TokenGeneration_RefreshTokens";
const EVERY: [&str; 6] = [
    PRE,
    HOSTED,
    "TokenGeneration_Authentication",
    "TokenGeneration_NewPasswordChallenge",
    "TokenGeneration_AuthenticateDevice",
    REFRESH,
];

async fn given_commits(text: &str, commits: &[Commit], event: &str) -> Handled {
    let places = Places::knowing(commits);
    given_under(policy(text), places, event).await.0
}

/// Why these sources refuse, and that what they publish says so.
async fn check(
    text: &str,
    commits: &[Commit],
    sources: &[&str],
    expected: Option<(RefusalReason, Severity)>,
) {
    for source in sources {
        let handled = given_commits(text, commits, &fixture(source)).await;
        assert_ne!(handled.decision, Decision::Broken);
        let reason = expected.map(|(reason, _)| reason);
        assert_eq!(handled.reason(), reason, "{source}");
        let refused = match published(&handled) {
            Some(LifecycleEvent::SignInRefused(event)) => Some((event.reason, event.severity)),
            _ => None,
        };
        assert_eq!(refused, expected, "{source}");
    }
}

#[tokio::test]
async fn members_of_an_inactive_organization_are_refused_at_sign_in_and_at_every_token() {
    let text = |active: bool| format!("[organizations.acme]\nname = \"Acme\"\nactive = {active}\n");
    let inactive = (RefusalReason::OrganizationInactive, Severity::Medium);
    let member = [made_member("acme")];
    check(&text(false), &member, &EVERY, Some(inactive)).await;
    check(&text(true), &member, &EVERY, None).await;
    check(&text(false), &[given_role("admin")], &EVERY, None).await;
}

#[tokio::test]
async fn the_first_token_shows_which_organization_a_domain_brings_and_that_it_is_inactive() {
    let text = r#"
[organizations.acme]
name = "Acme"
active = false
[[domains]]
domain = "example.com"
organization = "acme"
[trusted_providers]
Google = ["example.com"]
"#;
    for source in EVERY {
        let (handled, _) = given_under(policy(text), Places::new(), &fixture(source)).await;
        let reason = Some(RefusalReason::OrganizationInactive);
        assert_eq!(handled.reason(), reason, "{source}");
    }
}

#[tokio::test]
async fn users_of_whom_only_an_operator_knows_are_refused_where_the_policy_says_so() {
    let pending = (RefusalReason::UserPending, Severity::Low);
    let refusing = "[sign_in]\nrefuse_pending = true\n";
    check(refusing, &[given_role("admin")], &EVERY, Some(pending)).await;
    check("", &[given_role("admin")], &EVERY, None).await;
    check(refusing, &[], &EVERY, None).await;
}

#[tokio::test]
async fn outside_hours_a_sign_in_is_refused_and_a_session_goes_on() {
    let outside = Some((RefusalReason::OutsideHours, Severity::Low));
    // Managed login, where an outside provider's user first comes in, counts as a sign-in.
    let (asked, not_asked) = (&EVERY[..2], &EVERY[2..]);
    for (role, expected) in [
        ("user", outside),
        ("guest", outside),
        ("manager", None),
        ("admin", None),
    ] {
        let commits = [given_role(role)];
        check(DAYTIME, &commits, asked, expected).await;
        check(DAYTIME, &commits, not_asked, None).await;
        let until_the_end =
            DAYTIME.replace("zone = \"UTC\"", "zone = \"UTC\"\napply_to_refresh = true");
        check(&until_the_end, &commits, &EVERY, expected).await;
    }
    check(DAYTIME, &[], asked, outside).await;
}

#[tokio::test]
async fn an_attribute_of_a_role_opens_nothing() {
    for name in ["custom:role", "role", "custom:account_type", "zoneinfo"] {
        let value = if name == "zoneinfo" {
            "Pacific/Auckland"
        } else {
            "admin"
        };
        let pointer = format!("/request/userAttributes/{name}");
        let event = changed(PRE, &[(pointer.as_str(), json!(value))]);
        let handled = given_commits(DAYTIME, &[], &event).await;
        assert_eq!(
            handled.reason(),
            Some(RefusalReason::OutsideHours),
            "{name}"
        );
    }
}

/// Copy for every reason at hand, in some languages.
const COPY: &str = r#"
[messages]
sign_up_refused = "No sign-up"
sign_in_refused = "No sign-in"
[refusals.sign_in_refused]
de = "Keine Anmeldung"
[refusals.domain_blocked]
default = "Not with this address"
de = "Nicht mit dieser Adresse"
pt = "Não com este e-mail"
[refusals.outside_hours]
default = "We are closed"
de = "Wir haben geschlossen"
de-CH = "Mir händ zue"
[refusals.organization_inactive]
de = "Ihre Firma ist nicht mehr dabei"
[sign_up]
blocked_domains = ["example.com"]
[organizations.acme]
name = "Acme"
active = false
"#;

#[tokio::test]
async fn each_reason_is_told_in_the_language_that_comes_closest() {
    let text = format!("{COPY}{DAYTIME}");
    let (none, member, barred) = (vec![], vec![made_member("acme")], vec![suspended()]);
    for (source, commits, locale, expected) in [
        ("PreSignUp_SignUp", &none, None, "Not with this address"),
        (
            "PreSignUp_SignUp",
            &none,
            Some("de-AT"),
            "Nicht mit dieser Adresse",
        ),
        (
            "PreSignUp_SignUp",
            &none,
            Some("pt_BR"),
            "Não com este e-mail",
        ),
        (
            "PreSignUp_ExternalProvider",
            &none,
            Some("pt"),
            "Não com este e-mail",
        ),
        (
            "PreSignUp_SignUp",
            &none,
            Some("fr"),
            "Not with this address",
        ),
        (PRE, &none, None, "We are closed"),
        (PRE, &none, Some("de_CH.UTF-8"), "Mir händ zue"),
        (PRE, &none, Some("de-DE"), "Wir haben geschlossen"),
        (HOSTED, &none, Some("de"), "Wir haben geschlossen"),
        (
            REFRESH,
            &member,
            Some("de"),
            "Ihre Firma ist nicht mehr dabei",
        ),
        (REFRESH, &member, Some("fr"), "No sign-in"),
        (REFRESH, &barred, Some("de"), "Keine Anmeldung"),
        (REFRESH, &barred, Some("<script>"), "No sign-in"),
        (REFRESH, &barred, None, "No sign-in"),
    ] {
        let locales = locale.map(|locale| ("/request/userAttributes/locale", json!(locale)));
        let changes: Vec<(&str, Value)> = locales.into_iter().collect();
        let handled = given_commits(&text, commits, &changed(source, &changes)).await;
        assert_eq!(refusal(&handled), expected, "{source} {locale:?}");
    }
}

#[tokio::test]
async fn what_the_client_says_of_the_language_goes_before_the_attribute() {
    let text = format!("{COPY}{DAYTIME}");
    for (source, member) in [
        ("PreSignUp_SignUp", "/request/clientMetadata"),
        ("PreSignUp_SignUp", "/request/validationData"),
        (PRE, "/request/validationData"),
        (HOSTED, "/request/clientMetadata"),
    ] {
        let event = changed(
            source,
            &[
                ("/request/userAttributes/locale", json!("pt-BR")),
                (member, json!({ "locale": "de" })),
            ],
        );
        let handled = given_commits(&text, &[], &event).await;
        let german = ["Nicht mit dieser Adresse", "Wir haben geschlossen"];
        assert!(german.contains(&refusal(&handled)), "{source}: {handled:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_logged_with_its_reason_and_severity() {
    let (log, _guard) = listen();
    given_commits(DAYTIME, &[suspended()], &fixture(PRE)).await;
    let lines = log.lines();
    let line = lines
        .iter()
        .find(|line| line["fields"]["decision"] == "refused");
    let fields = &line.unwrap()["fields"];
    assert_eq!(fields["reason"], "user_suspended");
    assert_eq!(fields["severity"], "high");
}
