use super::super::super::{Findings, UserRead};
use super::super::{Grant, Kind, Source};
use super::*;
use crate::policy::file;
use crate::user::{Membership, Register, User};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use usher_events::{
    AccountType, EventId, OrganizationId, OrganizationSource, Person, Personal, Role, RoleSource,
    Time,
};

const BASE: &str = "\
    [[domains]]\ndomain = 'acme.example'\nrole = 'manager'\norganization = 'acme'\n\
    [plans.pro]\nfeatures = ['sso', 'api']\n\
    [organizations.acme]\nname = 'Acme & Sons'\nplan = 'pro'\naccount_type = 'business'\n\
    [organizations.bare]\nname = 'Bare'\n";

fn policy(more: &str) -> Policy {
    file::parse(&format!("{BASE}{more}"), Path::new(""), &|_| {
        Err(io::ErrorKind::NotFound.into())
    })
    .unwrap()
}

/// The grant where nothing was looked up.
fn grant(policy: &Policy, user: UserRead<'_>, person: Option<&Person>) -> Grant {
    super::super::grant(policy, user, person, &Findings::default())
}

fn ada() -> Person {
    let personal = |text: &str| Some(Personal::new(text));
    Person {
        email: personal("ada@acme.example"),
        email_verified: true,
        phone_number: personal("+15550100"),
        phone_number_verified: true,
        given_name: personal("Ada"),
        family_name: personal("Lovelace"),
        locale: personal("en"),
        zoneinfo: personal("Europe/London"),
        department: personal("Engines"),
        onboarding_completed: Some(true),
        ..Person::default()
    }
}

fn said<T>(value: T) -> Register<T> {
    let (time, by) = (Time::from_unix_seconds(0).unwrap(), uuid::Uuid::nil());
    Register::new(value, time, EventId::from_uuid(by))
}

/// What the worker has recorded of Ada.
fn recorded(role: &str, organization: &str) -> User {
    let membership = Membership {
        organization: OrganizationId::new(organization).unwrap(),
        account_type: AccountType::new("business").ok(),
    };
    User {
        confirmed_at: Time::from_unix_seconds(1_767_323_045),
        last_login_at: Time::from_unix_seconds(1_767_409_445),
        person: Some(said(ada())),
        roles: [(RoleSource::Domain, said(Role::new(role).ok()))].into(),
        memberships: [(OrganizationSource::Domain, said(Some(membership)))].into(),
        ..User::default()
    }
}

/// What both tokens say of a user, for a policy with these claims in both.
fn told(claims: &str, user: UserRead<'_>, person: Option<&Person>) -> [Value; 2] {
    let claims = format!(
        "[tokens.id.claims]\n{claims}\n[tokens.access.claims]\n{claims}\n\
         [tokens]\nmax_bytes = 16384\n"
    );
    let policy = policy(&claims);
    let grant = grant(&policy, user, person);
    let bearer = Bearer {
        policy: &policy,
        grant: &grant,
        user,
        person,
    };
    [
        shown(&Edits::of_id_token(&bearer, true)),
        shown(&Edits::of_access_token(&bearer)),
    ]
}

/// Claims that are set, by name.
fn shown(edits: &Edits) -> Value {
    let claims = edits.claims.iter();
    claims
        .map(|(name, value)| (name.to_string(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A source, its text in the first version, and its value in the others.
fn of_ada() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("role", "manager", json!("manager")),
        ("role_source", "domain", json!("domain")),
        (
            "permissions",
            "profile:read profile:write reports:read users:read",
            json!([
                "profile:read",
                "profile:write",
                "reports:read",
                "users:read"
            ]),
        ),
        (
            "organization",
            r#"{"id":"acme","name":"Acme & Sons","plan":"pro","features":["api","sso"]}"#,
            json!({
                "id": "acme", "name": "Acme & Sons", "plan": "pro", "features": ["api", "sso"],
            }),
        ),
        ("organization.id", "acme", json!("acme")),
        ("organization.name", "Acme & Sons", json!("Acme & Sons")),
        ("organization.plan", "pro", json!("pro")),
        ("organization.features", "api sso", json!(["api", "sso"])),
        ("account_type", "business", json!("business")),
        ("status", "active", json!("active")),
        ("created_at", "1767323045", json!(1_767_323_045)),
        ("last_login_at", "1767409445", json!(1_767_409_445)),
        ("onboarding_completed", "true", json!(true)),
        ("email_verified", "true", json!(true)),
        ("email", "ada@acme.example", json!("ada@acme.example")),
        ("phone_number", "+15550100", json!("+15550100")),
        ("given_name", "Ada", json!("Ada")),
        ("family_name", "Lovelace", json!("Lovelace")),
        ("locale", "en", json!("en")),
        ("zoneinfo", "Europe/London", json!("Europe/London")),
        ("department", "Engines", json!("Engines")),
    ]
}

#[test]
fn every_source_has_one_value_in_each_version() {
    let names: Vec<&str> = of_ada().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, Source::ALL.map(|(name, ..)| name));
    let user = recorded("manager", "acme");
    for (source, text, value) in of_ada() {
        let kind = match &value {
            Value::String(_) => Kind::Text,
            Value::Number(_) => Kind::Number,
            Value::Bool(_) => Kind::Boolean,
            Value::Array(_) => Kind::List,
            Value::Object(_) => Kind::Object,
            Value::Null => panic!("{source} has no value"),
        };
        assert_eq!(Source::read(source).unwrap().kind(), kind, "{source}");
        let [first, second] = told(
            &format!("x = '{source}'"),
            UserRead::Found(&user),
            Some(&ada()),
        );
        assert_eq!(
            (&first["x"], &second["x"]),
            (&json!(text), &value),
            "{source}"
        );
        let as_text = format!("x = {{ from = '{source}', as = 'text' }}");
        let [first, second] = told(&as_text, UserRead::Found(&user), Some(&ada()));
        assert_eq!((&first["x"], &second["x"]), (&json!(text), &json!(text)));
    }
}

#[test]
fn constants_follow_the_same_rule_of_texts() {
    for (constant, text, value) in [
        ("'a b'", "a b", json!("a b")),
        ("7", "7", json!(7)),
        ("0.25", "0.25", json!(0.25)),
        ("false", "false", json!(false)),
        ("['a', 1]", "a 1", json!(["a", 1])),
        (
            "{ b = [1], a = 'x' }",
            r#"{"a":"x","b":[1]}"#,
            json!({ "a": "x", "b": [1] }),
        ),
    ] {
        let claim = format!("x = {{ value = {constant} }}");
        let [first, second] = told(&claim, UserRead::StoreDown, None);
        assert_eq!(
            (&first["x"], &second["x"]),
            (&json!(text), &value),
            "{constant}"
        );
    }
}

/// Every source under a name of its own.
fn all() -> String {
    let claim = |(at, (name, ..)): (usize, (&str, Source, Kind))| format!("s{at:02} = '{name}'\n");
    Source::ALL.into_iter().enumerate().map(claim).collect()
}

/// Which sources a token tells of, where every one of them is asked for.
fn known(user: UserRead<'_>, person: Option<&Person>) -> Vec<&'static str> {
    let [_, second] = told(&all(), user, person);
    let told = Source::ALL.into_iter().enumerate();
    told.filter(|(at, _)| second.get(format!("s{at:02}")).is_some())
        .map(|(_, (name, ..))| name)
        .collect()
}

#[test]
fn what_nobody_can_tell_is_left_out() {
    let everything: Vec<&str> = Source::ALL.map(|(name, ..)| name).to_vec();
    let but = |missing: &[&str]| -> Vec<&str> {
        let kept = everything.iter().filter(|name| !missing.contains(*name));
        kept.copied().collect()
    };
    let ada = ada();
    let organization = [
        "organization",
        "organization.id",
        "organization.name",
        "organization.plan",
        "organization.features",
    ];
    let of_plan = ["organization.plan", "organization.features"];
    let of_table = ["status", "created_at", "last_login_at"];
    let of_person = [
        "email",
        "phone_number",
        "given_name",
        "family_name",
        "locale",
        "zoneinfo",
        "department",
    ];
    let member = recorded("manager", "acme");
    let of_bare = recorded("manager", "bare");
    let of_nowhere = recorded("manager", "gone");
    assert_eq!(known(UserRead::Found(&member), Some(&ada)), everything);
    assert_eq!(
        known(UserRead::Found(&of_bare), Some(&ada)),
        but(&of_plan),
        "an organization without a plan has no features to tell of"
    );
    assert_eq!(
        known(UserRead::Found(&of_nowhere), Some(&ada)),
        but(&[
            "organization.name",
            "organization.plan",
            "organization.features"
        ]),
        "an organization that the policy does not declare has an id"
    );
    // The domain grants at once; that there is a user to tell of, the worker has yet to see.
    assert_eq!(
        known(UserRead::Absent, Some(&ada)),
        but(&["created_at", "last_login_at"])
    );
    let down = [&organization[..], &of_table].concat();
    assert_eq!(known(UserRead::StoreDown, Some(&ada)), but(&down));
    let nothing = [&down[..], &of_person, &["onboarding_completed"]].concat();
    assert_eq!(known(UserRead::StoreDown, None), but(&nothing));
}

#[test]
fn an_address_and_a_number_are_told_only_if_somebody_trusted_has_verified_them() {
    let claims = "a = 'email'\nb = 'email_verified'\nc = 'phone_number'\n";
    let unverified = Person {
        email_verified: false,
        phone_number_verified: false,
        ..ada()
    };
    let outsider = Person {
        providers: vec!["Google".into()],
        ..ada()
    };
    for person in [unverified, outsider] {
        let [_, second] = told(claims, UserRead::Absent, Some(&person));
        assert_eq!(second["b"], false, "{person:?}");
        assert!(second.get("a").is_none() && second.get("c").is_none());
    }
    // Without attributes in the event, those that were recorded last.
    let user = recorded("manager", "acme");
    let [_, second] = told(claims, UserRead::Found(&user), None);
    assert_eq!(second["a"], "ada@acme.example");
}

fn edits_of(more: &str, role: &str) -> (Edits, Edits) {
    let policy = policy(more);
    let user = recorded(role, "acme");
    let user = UserRead::Found(&user);
    let ada = ada();
    let grant = grant(&policy, user, Some(&ada));
    let bearer = Bearer {
        policy: &policy,
        grant: &grant,
        user,
        person: Some(&ada),
    };
    (
        Edits::of_id_token(&bearer, false),
        Edits::of_access_token(&bearer),
    )
}

fn names(hidden: &[HiddenName]) -> Vec<&str> {
    hidden.iter().map(HiddenName::as_str).collect()
}

fn scope_names(scopes: &BTreeSet<Scope>) -> Vec<&str> {
    scopes.iter().map(Scope::as_str).collect()
}

#[test]
fn a_claim_without_a_value_is_suppressed_with_those_that_the_policy_names() {
    let policy =
        policy("[tokens]\nsuppress = ['email']\n[tokens.id.claims]\nplan = 'organization.plan'\n");
    let grant = grant(&policy, UserRead::Absent, None);
    let bearer = Bearer {
        policy: &policy,
        grant: &grant,
        user: UserRead::Absent,
        person: None,
    };
    let id = Edits::of_id_token(&bearer, true);
    assert_eq!(names(&id.suppressed), ["email", "organization_id", "plan"]);
    assert_eq!(
        names(&Edits::of_access_token(&bearer).suppressed),
        ["email", "organization_id"]
    );
}

/// A checked policy has no such contradiction; one that was made in code may.
#[test]
fn what_is_both_set_and_suppressed_is_suppressed() {
    let mut policy = policy("");
    policy.tokens.suppress = vec![HiddenName::new("role").unwrap()];
    let scope = || BTreeSet::from([Scope::new("a").unwrap()]);
    policy.tokens.scopes.everybody = ScopeEdits {
        add: scope(),
        suppress: scope(),
    };
    let grant = grant(&policy, UserRead::Absent, None);
    let bearer = Bearer {
        policy: &policy,
        grant: &grant,
        user: UserRead::Absent,
        person: None,
    };
    let access = Edits::of_access_token(&bearer);
    assert_eq!(shown(&access).get("role"), None);
    assert_eq!(names(&access.suppressed), ["role", "organization_id"]);
    assert!(access.scopes.add.is_empty());
    assert_eq!(scope_names(&access.scopes.suppress), ["a"]);
}

#[test]
fn scopes_come_from_everybody_from_the_role_and_from_its_permissions() {
    let rules = "[tokens.scopes]\nadd = ['all']\nsuppress = ['phone']\n\
                 [tokens.scopes.roles.manager]\nadd = ['reports/read']\n\
                 [tokens.scopes.roles.guest]\nsuppress = ['all', 'openid']\n\
                 [tokens.scopes.permissions]\n'users:read' = ['users/read', 'all']\n\
                 'users:write' = ['users/write']\n";
    for (role, add, suppress) in [
        ("user", vec!["all"], vec!["phone"]),
        (
            "manager",
            vec!["all", "reports/read", "users/read"],
            vec!["phone"],
        ),
        (
            "admin",
            vec!["all", "users/read", "users/write"],
            vec!["phone"],
        ),
        ("guest", vec![], vec!["all", "openid", "phone"]),
    ] {
        let (id, access) = edits_of(rules, role);
        assert_eq!(id.scopes, ScopeEdits::default());
        let scopes = (
            scope_names(&access.scopes.add),
            scope_names(&access.scopes.suppress),
        );
        assert_eq!(scopes, (add, suppress), "{role}");
    }
    let nobody = Edits::of_nobody(&policy(rules));
    assert!(nobody.scopes.add.is_empty());
    assert_eq!(
        scope_names(&nobody.scopes.suppress),
        ["all", "openid", "phone"],
        "whoever it is has no more than any role"
    );
}

#[test]
fn a_machine_gets_what_its_app_client_is_given_and_others_what_all_are_denied() {
    let policy = policy(
        "[tokens]\nsuppress = ['x']\n[tokens.id.claims]\nu = 'role'\n\
         [tokens.scopes]\nadd = ['human']\nsuppress = ['phone']\n\
         [tokens.scopes.roles.guest]\nsuppress = ['openid']\n\
         [machines.robot]\nsuppress = ['y']\n[machines.robot.claims]\ntenant = 'acme'\n\
         [machines.robot.scopes]\nadd = ['orders/read']\nsuppress = ['orders/write']\n",
    );
    let client = |id: &str| ClientId::new(id).unwrap();
    let robot = Edits::of_machine(&policy, Some(&client("robot")));
    assert_eq!(shown(&robot), json!({ "tenant": "acme" }));
    assert_eq!(names(&robot.suppressed), ["x", "y"]);
    assert_eq!(scope_names(&robot.scopes.add), ["orders/read"]);
    assert_eq!(
        scope_names(&robot.scopes.suppress),
        ["orders/write", "phone"]
    );
    for other in [Some(client("Robot")), None] {
        let edits = Edits::of_machine(&policy, other.as_ref());
        assert_eq!(shown(&edits), json!({}));
        assert_eq!(names(&edits.suppressed), ["x"]);
        assert!(edits.scopes.add.is_empty());
        assert_eq!(scope_names(&edits.scopes.suppress), ["phone"]);
    }
}

/// A policy may know less than the table: here of organizations, whose ids can be long.
#[test]
fn what_bursts_a_token_is_left_out_heaviest_first_and_named() {
    let long = "o".repeat(200);
    let claims = "[tokens]\nmax_bytes = 400\n[tokens.id]\npermissions = ''\n\
                  [tokens.id.claims]\na = 'organization.id'\nb = 'organization'\n\
                  c = 'given_name'\nd = { value = 'x' }\n[tokens.access]\npermissions = ''\n\
                  [tokens.access.claims]\na = { from = 'organization', as = 'text' }\n\
                  [tokens.scopes]\nadd = ['https://api.example/read']\n";
    let policy = policy(claims);
    let user = recorded("manager", &long);
    let user = UserRead::Found(&user);
    let name = Person {
        given_name: Some(Personal::new("x".repeat(49))),
        ..ada()
    };
    let grant = grant(&policy, user, Some(&name));
    let bearer = Bearer {
        policy: &policy,
        grant: &grant,
        user,
        person: Some(&name),
    };
    let id = Edits::of_id_token(&bearer, false);
    let left_out: Vec<(&str, usize)> = id
        .left_out
        .iter()
        .map(|left_out| (left_out.name.as_str(), left_out.bytes))
        .collect();
    // Two claims with the id alone weigh more than there is room for: they stay all the same.
    assert_eq!(
        left_out,
        [("b", 214), ("c", 56), ("account_type", 26), ("d", 8)]
    );
    assert_eq!(
        names(&id.suppressed),
        ["b", "c", "account_type", "d"],
        "nothing else speaks under the name of what was left out"
    );
    assert_eq!(
        shown(&id),
        json!({ "role": "manager", "organization_id": long, "a": long })
    );
    let access = Edits::of_access_token(&bearer);
    assert_eq!(access.left_out.len(), 1);
    assert_eq!(access.left_out[0].name, "a");
    assert_eq!(access.scopes.add.len(), 1);
}

/// Where all that stay were weighed again for each that goes, this took minutes.
#[test]
fn a_thousand_claims_that_burst_a_token_go_one_by_one() {
    let value = ClaimValue::Text("x".repeat(100));
    let claim = |at: usize| (ClaimName::new(format!("c{at:04}")).unwrap(), value.clone());
    let mut edits = Edits {
        claims: (0..4_000).map(claim).collect(),
        ..Edits::default()
    };
    let each = edits.weight() / 4_000;
    edits.trim(10 * each, &[]);
    let left: Vec<_> = edits.claims.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(left.len(), 10);
    assert_eq!((left[0], left[9]), ("c3990", "c3999"));
    assert_eq!(
        (edits.left_out.len(), edits.suppressed.len()),
        (3_990, 3_990)
    );
}

#[test]
fn of_two_claims_that_weigh_the_same_the_first_by_name_goes() {
    let text = "x".repeat(150);
    let claims = format!("b = {{ value = '{text}' }}\na = {{ value = '{text}' }}\n");
    let mut policy = policy(&format!("[tokens.id.claims]\n{claims}"));
    policy.tokens.max_bytes = 400;
    let grant = grant(&policy, UserRead::Absent, None);
    let bearer = Bearer {
        policy: &policy,
        grant: &grant,
        user: UserRead::Absent,
        person: None,
    };
    let left_out = Edits::of_id_token(&bearer, false).left_out;
    assert_eq!(left_out.len(), 1);
    assert_eq!(left_out[0].name, "a");
}

#[test]
fn scopes_that_burst_a_token_go_as_one_and_what_is_denied_stays_denied() {
    let many: BTreeSet<Scope> = (0..100)
        .map(|n| Scope::new(format!("https://api.example/{n:04}")).unwrap())
        .collect();
    let mut policy = policy("[tokens.scopes]\nsuppress = ['phone']\n");
    policy.tokens.scopes.everybody.add = many;
    let grant = grant(&policy, UserRead::Absent, None);
    let bearer = Bearer {
        policy: &policy,
        grant: &grant,
        user: UserRead::Absent,
        person: None,
    };
    let access = Edits::of_access_token(&bearer);
    let left_out = LeftOut {
        name: "scope".into(),
        bytes: 2500,
    };
    assert_eq!(access.left_out, [left_out]);
    assert!(access.scopes.add.is_empty());
    assert_eq!(scope_names(&access.scopes.suppress), ["phone"]);
    assert_eq!(shown(&access)["role"], "user");
}

/// Texts that an owner might write, good and bad, for the names in a policy.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => prop::sample::select(vec![
            "sub",
            "aud",
            "AUD",
            "scope",
            "client_id",
            "cognito:groups",
            "cognito:roles",
            "dev:custom:x",
            "custom:role",
            "email",
            "address",
            "updated_at",
            "identities",
            "role",
            "organization_id",
            "plan",
            "https://a.example/b",
        ])
        .prop_map(str::to_owned),
        30 => "[a-z:_/]{4,8}",
    ]
}

fn source_name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(Source::ALL.map(|(name, ..)| name).to_vec())
}

prop_compose! {
    fn tables()(
        id in prop::collection::btree_map(word(), source_name(), 0..5),
        access in prop::collection::btree_map(word(), source_name(), 0..5),
        suppress in prop::collection::btree_set(word(), 0..3),
        machine in prop::collection::btree_map(word(), "[ -!#-~]{0,300}", 0..4),
        add in prop::collection::btree_set(prop_oneof![30 => "[a-z/]{1,9}", 1 => "a b|aws.cognito.x"], 0..3),
        max_bytes in 256_u32..3000,
    ) -> String {
        let claims = |claims: &std::collections::BTreeMap<String, &str>| -> String {
            claims.iter().map(|(name, source)| format!("{name:?} = {source:?}\n")).collect()
        };
        let machine: String =
            machine.iter().map(|(name, value)| format!("{name:?} = {value:?}\n")).collect();
        format!(
            "[tokens]\nsuppress = {suppress:?}\nmax_bytes = {max_bytes}\n[tokens.id.claims]\n{}\
             [tokens.access.claims]\n{}[tokens.scopes]\nadd = {add:?}\n[machines.m.claims]\n{machine}",
            claims(&id), claims(&access),
        )
        .replace('{', "[")
        .replace('}', "]")
    }
}

/// Names that Cognito lets nobody set.
fn is_reserved(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ClaimName::new(name).is_err() || lower.starts_with("cognito:") || lower.starts_with("dev:")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_policy_no_token_is_told_what_cognito_refuses(
        tables in tables(),
        role in prop::sample::select(vec!["guest", "admin", "gone"]),
        organization in prop::sample::select(vec!["acme", "bare", "gone"]),
    ) {
        let parsed = file::parse(&format!("{BASE}{tables}"), Path::new(""), &|_| {
            Err(io::ErrorKind::NotFound.into())
        });
        prop_assume!(parsed.is_ok());
        let policy = parsed.unwrap();
        let (user, ada) = (recorded(role, organization), ada());
        let user = UserRead::Found(&user);
        let grant: Grant = grant(&policy, user, Some(&ada));
        let bearer = Bearer { policy: &policy, grant: &grant, user, person: Some(&ada) };
        let machine = ClientId::new("m").unwrap();
        for edits in [
            Edits::of_id_token(&bearer, true),
            Edits::of_id_token(&bearer, false),
            Edits::of_access_token(&bearer),
            Edits::of_machine(&policy, Some(&machine)),
            Edits::of_nobody(&policy),
        ] {
            let set: BTreeSet<&str> = edits.claims.iter().map(|(name, _)| name.as_str()).collect();
            prop_assert_eq!(set.len(), edits.claims.len(), "no name is set twice");
            prop_assert!(!set.iter().any(|name| is_reserved(name)), "{:?}", set);
            let hidden: BTreeSet<&str> = edits.suppressed.iter().map(HiddenName::as_str).collect();
            prop_assert_eq!(hidden.len(), edits.suppressed.len(), "no name is suppressed twice");
            prop_assert!(set.is_disjoint(&hidden));
            prop_assert!(hidden.is_superset(&names(&policy.tokens.suppress).into_iter().collect()));
            prop_assert!(edits.scopes.add.is_disjoint(&edits.scopes.suppress));
            prop_assert!(!edits.scopes.add.iter().any(Scope::is_cognitos));
            prop_assert!(edits.changes() <= 5000);
            // Names and ids are short here, so that what always stays has room.
            prop_assert!(edits.weight() <= policy.tokens.max_bytes);
        }
    }
}
