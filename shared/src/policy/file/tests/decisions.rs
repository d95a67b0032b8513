//! What an explanation names is what a file has.

use super::*;
use crate::policy::admit::{Applicant, Asking, Case, Occasion};
use crate::policy::trace::Step;
use usher_events::{Person, Personal, RefusalReason, SignUpRoute, Time};

/// A file in which every rule is set, each on a line of its own.
const FILE: &str = r#"[sign_up]
blocked_domains = ["b.example"]
allowed_domains = [
  "a.example",
]

[sign_up.allowed_values]
"custom:tier" = ["x"]

[sign_in]
refuse_pending = true
[sign_in.hours]
zone = "UTC"
exempt_roles = ["admin"]
[[sign_in.hours.open]]
days = ["mon-fri"]
from = "09:00"
to = "17:00"
[[sign_in.hours.roles.user.open]]
days = ["mon-fri"]
from = "10:00"
to = "17:00"

[[domains]]
domain = "c.example"
role = "guest"
[[domains]]
domain = "a.example"
organization = "acme"

[organizations.acme]
name = "Acme"
active = false
"#;

#[test]
fn a_key_is_found_on_the_line_on_which_it_stands() {
    let lines = Lines::of(FILE, Path::new("base"), &files);
    for (key, line) in [
        ("sign_up", Some(1)),
        ("sign_up.blocked_domains", Some(2)),
        ("sign_up.allowed_domains", Some(3)),
        ("sign_up.allowed_values.custom:tier", Some(8)),
        ("sign_in.refuse_pending", Some(11)),
        ("sign_in.hours", Some(12)),
        ("sign_in.hours.exempt_roles", Some(14)),
        ("domains[0]", Some(24)),
        ("domains[1]", Some(27)),
        ("organizations.acme.active", Some(33)),
        ("sign_up.check_email", None),
        ("domains[2]", None),
    ] {
        assert_eq!(lines.get(key), line, "{key}");
    }
    assert_eq!(policy_of(FILE).domains.len(), 2);
}

/// Every key under which a question is decided, over users and applicants of all kinds.
fn keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut take = |steps: &[Step]| keys.extend(steps.iter().filter_map(|step| step.key.clone()));
    let mut places = BTreeSet::new();
    for policy in [policy_of(FILE), Policy::default()] {
        for email in ["x", "a@a.example", "a@b.example", ""] {
            let attribute = |name: &str| (name == "email").then(|| email.to_owned());
            let applicant = Applicant {
                route: SignUpRoute::SelfService,
                attribute: &attribute,
            };
            take(&Step::all(
                trace::Question::SignUp,
                &Asking::new(&policy, applicant).explain(),
            ));
            let person = Person {
                email: Some(Personal::new(email)),
                email_verified: true,
                ..Person::default()
            };
            for read in [UserRead::Absent, UserRead::StoreDown] {
                let found = crate::policy::Findings::default();
                take(&claims::explain_grant(&policy, read, Some(&person), &found));
                let grant = claims::grant(&policy, read, Some(&person), &found);
                let case = Case {
                    policy: &policy,
                    user: read,
                    grant: &grant,
                    occasion: Occasion::SignIn,
                    now: Time::from_unix_seconds(0).unwrap(),
                };
                take(&Step::all(trace::Question::SignIn, &case.explain()));
                let bearer = claims::Bearer {
                    policy: &policy,
                    grant: &grant,
                    user: read,
                    person: Some(&person),
                };
                take(&claims::Edits::of_id_token(&bearer, false).explain_id_token(&bearer));
                let access = claims::Edits::of_access_token(&bearer);
                take(&access.explain_access_token(&bearer));
            }
        }
        for reason in RefusalReason::ALL {
            places.insert(refusal::copy(&policy, reason, None).place.to_string());
        }
    }
    keys.extend(places);
    keys
}

#[test]
fn every_key_that_decides_something_is_one_that_a_file_may_have() {
    let whole = example::uncommented(example::EXAMPLE, true);
    let (_, _, known) = read_all(&whole, Path::new("base"), &files);
    let keys = keys();
    for key in &keys {
        let plain = key.split('[').next().unwrap_or(key);
        let shape = example::shape(plain);
        assert!(known.contains(&shape), "{key}");
    }
    assert!(keys.len() > 25, "{keys:?}");
}
