use super::*;
use crate::commit::Deferral;
use std::time::Duration;

/// The example that lies at the top of the repository.
pub(super) const EXAMPLE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../usher.toml"));

/// Tables of the example that show how something is done; without them there is none of it.
const ILLUSTRATIONS: [&str; 7] = [
    "[lookup",
    "[[mail.templates",
    "[mail.tags",
    "[sign_in.hours",
    "[[sign_in.hours",
    "[refusals",
    "[custom_messages.",
];

/// The example with its commented keys taken in, those of the illustrations or not.
pub(super) fn uncommented(text: &str, illustrations: bool) -> String {
    let (mut lines, mut illustrates) = (Vec::new(), false);
    for line in text.lines() {
        let shown = line.strip_prefix("# ").unwrap_or_default();
        let is_key = shown.split_once(" = ").is_some_and(|(key, _)| {
            !key.is_empty()
                && key
                    .bytes()
                    .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'))
        });
        if shown.starts_with('[') || line.starts_with('[') {
            illustrates = ILLUSTRATIONS.iter().any(|table| shown.starts_with(table));
        }
        let taken = (is_key || shown.starts_with('[')) && (illustrations || !illustrates);
        lines.push(if taken { shown } else { line });
    }
    lines.join("\n")
}

#[test]
fn the_example_is_a_good_policy_for_the_sample_life() {
    let policy = policy_of(EXAMPLE);
    let blocked: Vec<String> = policy
        .sign_up
        .blocked_domains
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(blocked, ["blocked.example", "spam.example"]);
    assert_eq!(policy.mail.from, "Example App <welcome@app.example>");
    assert_eq!(policy.mail.app_url, "https://app.example");
    assert_eq!(policy.mail.app_name, "Example App");
    assert!(policy.mail.welcome);
    let rule = &policy.domains[0];
    assert_eq!(rule.domain.to_string(), "acme.example");
    assert_eq!(rule.role.as_ref().map(Role::as_str), Some("manager"));
    let acme = OrganizationId::new("acme").unwrap();
    assert_eq!(rule.organization.as_ref(), Some(&acme));
    let business = AccountType::new("business").ok();
    assert_eq!(
        policy.organizations[&acme],
        Organization {
            name: "Acme".into(),
            active: true,
            account_type: business,
            plan: Plan::new("pro").ok(),
        }
    );
}

#[test]
fn what_the_example_shows_commented_is_the_default() {
    let shown = uncommented(EXAMPLE, false);
    assert_ne!(shown, EXAMPLE);
    assert_eq!(policy_of(&shown), policy_of(EXAMPLE));
    let keys = |text: &str| {
        text.lines()
            .filter(|line| !line.starts_with('#') && line.contains(" = "))
            .count()
    };
    assert!(keys(&shown) > keys(EXAMPLE) + 35, "{}", keys(&shown));
}

#[test]
fn every_key_that_is_read_stands_in_the_example() {
    let (_, findings, known) = read_all(&uncommented(EXAMPLE, true), Path::new("base"), &files);
    assert_eq!(findings.problems, []);
    let present = paths_of(&uncommented(EXAMPLE, true));
    let missing: Vec<&String> = known
        .iter()
        .filter(|path| !present.contains(&shape(path)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(known.len() > 60, "{}", known.len());
}

/// Every path of a text, with the names that an owner chooses as the reader shows them.
fn paths_of(text: &str) -> BTreeSet<String> {
    let table = DeTable::parse(text).unwrap();
    let mut paths = BTreeSet::new();
    walk(
        "",
        &toml::de::DeValue::Table(table.into_inner()),
        &mut paths,
    );
    paths.iter().map(|path| shape(path)).collect()
}

/// A path with the names that an owner chooses as the reader shows them. All that Cognito sends has
/// the same keys, and one example is enough.
pub(super) fn shape(path: &str) -> String {
    let is_source = |key: &str| MessageSource::ALL.iter().any(|(source, _)| *source == key);
    let mut parts: Vec<&str> = path.split('.').collect();
    match parts.as_mut_slice() {
        ["breaker", service @ ("mail" | "bus" | "lookup"), ..] => *service = "<service>",
        ["organizations", id, "content", name] => (*id, *name) = ("<id>", "<name>"),
        ["organizations", id, ..] => *id = "<id>",
        ["plans", plan, ..] => *plan = "<plan>",
        ["tokens", "id" | "access", "claims", claim, ..] => *claim = "<claim>",
        ["tokens", "scopes", "roles", role, ..] => *role = "<role>",
        ["tokens", "scopes", "permissions", permission] => *permission = "<permission>",
        ["machines", client, "claims", claim, ..] => {
            (*client, *claim) = ("<client id>", "<claim>");
        }
        ["machines", client, ..] => *client = "<client id>",
        ["roles", "permissions", role] => *role = "<role>",
        ["sign_up", "allowed_values", attribute] => *attribute = "<attribute>",
        ["trusted_providers", provider] => *provider = "<provider>",
        ["mail", "tags", mail] => *mail = "<mail>",
        ["mail", "tags", mail, name, ..] => (*mail, *name) = ("<mail>", "<name>"),
        ["sign_in", "hours", "roles", role, ..] => *role = "<role>",
        ["refusals", reason] => *reason = "<reason>",
        ["refusals", reason, "default"] => *reason = "<reason>",
        ["refusals", reason, locale] => (*reason, *locale) = ("<reason>", "<locale>"),
        ["custom_messages", "brand", name] => *name = "<name>",
        ["custom_messages", source, rest @ ..] if is_source(source) => {
            *source = "<source>";
            if let Some(locale) = rest.first_mut() {
                *locale = "<locale>";
            }
        }
        _ => {}
    }
    parts.join(".")
}

fn walk(path: &str, value: &toml::de::DeValue<'_>, paths: &mut BTreeSet<String>) {
    if !path.is_empty() {
        paths.insert(path.to_owned());
    }
    for (key, value) in value.as_table().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        walk(
            &format!("{path}{dot}{}", key.get_ref()),
            value.get_ref(),
            paths,
        );
    }
    for value in value.as_array().into_iter().flat_map(|array| array.iter()) {
        walk(path, value.get_ref(), paths);
    }
}

#[test]
fn the_empty_file_is_the_default_and_has_no_problems() {
    assert_eq!(read(""), Ok(Policy::default()));
    assert_eq!(read("# nothing\n"), Ok(Policy::default()));
}

#[test]
fn defaults_are_those_of_the_document_that_this_implements() {
    let policy = Policy::default();
    let roles: Vec<&str> = policy.roles.permissions.keys().map(Role::as_str).collect();
    assert_eq!(roles, ["admin", "guest", "manager", "user"]);
    assert_eq!(policy.roles.default.as_str(), "user");
    assert_eq!(policy.sign_in.when_store_is_down, WhenStoreIsDown::Admit);
    assert_eq!(policy.trigger.budget, Duration::from_millis(2500));
    let lease = Duration::from_secs(60);
    assert_eq!(
        policy.worker,
        WorkerLimits {
            concurrency: 8,
            lease,
            receive_limit: 40
        }
    );
    assert_eq!(policy.deferral, Deferral::default());
    assert_eq!(
        policy.bus,
        BusRules {
            publish: true,
            include_person: false
        }
    );
    assert_eq!(policy.attributes.department, "custom:department");
    assert_eq!(
        policy.attributes.marketing_consent,
        "custom:marketing_consent"
    );
    assert_eq!(
        policy.attributes.onboarding_completed,
        "custom:onboarding_completed"
    );
    assert_eq!(policy.attributes.signup_source, "custom:signup_source");
    let names: Vec<&str> = policy
        .tokens
        .id
        .iter()
        .map(|claim| claim.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["role", "permissions", "organization_id", "account_type"]
    );
    let claims = policy.tokens.id.clone();
    assert_eq!(
        policy.tokens,
        Tokens {
            id: claims.clone(),
            access: claims,
            ..Tokens::default()
        }
    );
    assert_eq!(policy.tokens.max_bytes, 2000);
    assert!(policy.machines.is_empty());
    assert_eq!(policy.preferences, Defaults::default());
    assert!(policy.profile.create && !policy.mail.welcome && !policy.sign_up.is_gated());
}

#[test]
fn each_default_role_may_do_more_than_the_one_below_it() {
    let permissions = Policy::default().roles.permissions;
    let of = |role: &str| &permissions[&Role::new(role).unwrap()];
    for (low, high) in [("guest", "user"), ("user", "manager"), ("manager", "admin")] {
        assert!(
            of(low).is_subset(of(high)) && of(low).len() < of(high).len(),
            "{low} {high}"
        );
    }
}

#[test]
fn each_default_plan_includes_more_than_the_one_below_it() {
    let plans = Policy::default().plans;
    let of = |plan: &str| &plans[&Plan::new(plan).unwrap()].features;
    for (low, high) in [("free", "pro"), ("pro", "enterprise")] {
        assert!(of(low).is_subset(of(high)) && of(low).len() < of(high).len());
    }
    assert_eq!(plans.len(), 3);
}

#[test]
fn the_example_names_every_reason_that_has_a_sentence() {
    let start = EXAMPLE.find("# The same for one reason").unwrap();
    for topic in refusal::Topic::ALL {
        let named = EXAMPLE[start..]
            .split(|c: char| !c.is_ascii_lowercase() && c != '_')
            .any(|word| word == topic.as_str());
        assert!(named, "{}", topic.as_str());
    }
}
