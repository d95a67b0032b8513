mod sign_ins;

use super::*;

fn gated(allowed: &[&str], blocked: &[&str], administrators: bool) -> Policy {
    let mut policy = Policy::default();
    let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    policy.sign_up.allowed_domains = patterns(allowed);
    policy.sign_up.blocked_domains = patterns(blocked);
    policy.sign_up.apply_to_administrators = administrators;
    policy
}

const ALL: [SignUpRoute; 3] = [
    SignUpRoute::SelfService,
    SignUpRoute::Administrator,
    SignUpRoute::ExternalProvider,
];
const BLOCKED: Result<(), RefusalReason> = Err(RefusalReason::DomainBlocked);
const NOT_ALLOWED: Result<(), RefusalReason> = Err(RefusalReason::DomainNotAllowed);
const MISSING: Result<(), RefusalReason> = Err(RefusalReason::EmailMissing);

/// What a sign-up of one's own is told for each address.
fn check(policy: &Policy, cases: &[(Option<&str>, Result<(), RefusalReason>)]) {
    for (email, expected) in cases {
        for route in [SignUpRoute::SelfService, SignUpRoute::ExternalProvider] {
            assert_eq!(
                sign_up(policy, route, *email),
                *expected,
                "{route:?} {email:?}"
            );
        }
    }
}

#[test]
fn a_policy_without_lists_admits_everybody() {
    for route in ALL {
        for email in [None, Some(""), Some("nonsense"), Some("ada@a.example")] {
            assert_eq!(sign_up(&Policy::default(), route, email), Ok(()));
        }
    }
}

#[test]
fn a_blocked_domain_is_refused_however_it_is_written() {
    check(
        &gated(
            &[],
            &["spam.example", "*.spam.example", "bücher.example"],
            false,
        ),
        &[
            (Some("ada@a.example"), Ok(())),
            (Some("ada@spam.example"), BLOCKED),
            (Some(" Ada@SPAM.example. "), BLOCKED),
            (Some("ada@spam。example"), BLOCKED),
            (Some("ada@mx.eu.spam.example"), BLOCKED),
            (Some("ada@notspam.example"), Ok(())),
            (Some("ada@xn--bcher-kva.example"), BLOCKED),
        ],
    );
}

#[test]
fn an_exact_block_does_not_reach_below() {
    check(
        &gated(&[], &["spam.example"], false),
        &[
            (Some("ada@spam.example"), BLOCKED),
            (Some("ada@a.spam.example"), Ok(())),
        ],
    );
}

#[test]
fn with_a_list_of_allowed_domains_no_other_may_come() {
    check(
        &gated(
            &["acme.example", "*.acme.example"],
            &["bad.acme.example"],
            false,
        ),
        &[
            (Some("ada@acme.example"), Ok(())),
            (Some("ada@eu.acme.example"), Ok(())),
            (Some("ada@bad.acme.example"), BLOCKED),
            (Some("ada@other.example"), NOT_ALLOWED),
            (Some("ada@acme.example.other.example"), NOT_ALLOWED),
        ],
    );
}

#[test]
fn no_address_is_refused_where_only_some_may_come_and_passes_where_only_some_may_not() {
    for email in [None, Some(""), Some("  ")] {
        check(&gated(&["acme.example"], &[], false), &[(email, MISSING)]);
        check(&gated(&[], &["spam.example"], false), &[(email, Ok(()))]);
        check(
            &gated(&["acme.example"], &["spam.example"], false),
            &[(email, MISSING)],
        );
    }
}

#[test]
fn an_address_without_a_clear_domain_is_refused_wherever_domains_count() {
    for email in [
        "ada",
        "ada@",
        "eve@spam.example,ada@acme.example",
        "\"eve@spam.example\"@acme.example",
    ] {
        check(
            &gated(&["acme.example"], &[], false),
            &[(Some(email), MISSING)],
        );
        check(
            &gated(&[], &["spam.example"], false),
            &[(Some(email), MISSING)],
        );
    }
}

#[test]
fn users_whom_administrators_create_pass_unless_the_policy_says_otherwise() {
    let administrator =
        |policy: &Policy| sign_up(policy, SignUpRoute::Administrator, Some("ada@spam.example"));
    assert_eq!(administrator(&gated(&[], &["spam.example"], false)), Ok(()));
    assert_eq!(administrator(&gated(&[], &["spam.example"], true)), BLOCKED);
    assert_eq!(
        administrator(&gated(&["acme.example"], &[], true)),
        NOT_ALLOWED
    );
}
