use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A policy that asks for nothing, not even for the form of an address.
fn lenient() -> Policy {
    let mut policy = Policy::default();
    policy.sign_up.check_email = false;
    policy
}

/// What somebody with these attributes is told.
fn told(
    policy: &Policy,
    route: SignUpRoute,
    attributes: &[(&str, &str)],
) -> Result<(), RefusalReason> {
    let attributes: BTreeMap<&str, &str> = attributes.iter().copied().collect();
    let attribute = |name: &str| attributes.get(name).map(|value| (*value).to_owned());
    let attribute = &attribute;
    sign_up(policy, Applicant { route, attribute })
}

fn by_email(policy: &Policy, route: SignUpRoute, email: Option<&str>) -> Result<(), RefusalReason> {
    let email = email.map(|email| ("email", email));
    told(policy, route, email.as_slice())
}

fn gated(allowed: &[&str], blocked: &[&str], administrators: bool) -> Policy {
    let mut policy = lenient();
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
const INVALID: Result<(), RefusalReason> = Err(RefusalReason::EmailInvalid);
const MISSING: Result<(), RefusalReason> = Err(RefusalReason::EmailMissing);

/// What a sign-up of one's own is told for each address.
fn check(policy: &Policy, cases: &[(Option<&str>, Result<(), RefusalReason>)]) {
    for (email, expected) in cases {
        for route in [SignUpRoute::SelfService, SignUpRoute::ExternalProvider] {
            assert_eq!(
                by_email(policy, route, *email),
                *expected,
                "{route:?} {email:?}"
            );
        }
    }
}

#[test]
fn a_policy_without_rules_admits_everybody() {
    for route in ALL {
        for email in [None, Some(""), Some("nonsense"), Some("ada@a.example")] {
            assert_eq!(by_email(&lenient(), route, email), Ok(()));
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
            &[(Some(email), INVALID)],
        );
        check(
            &gated(&[], &["spam.example"], false),
            &[(Some(email), INVALID)],
        );
    }
}

#[test]
fn users_whom_administrators_create_pass_unless_the_policy_says_otherwise() {
    let administrator =
        |policy: &Policy| by_email(policy, SignUpRoute::Administrator, Some("ada@spam.example"));
    assert_eq!(administrator(&gated(&[], &["spam.example"], false)), Ok(()));
    assert_eq!(administrator(&gated(&[], &["spam.example"], true)), BLOCKED);
    assert_eq!(
        administrator(&gated(&["acme.example"], &[], true)),
        NOT_ALLOWED
    );
}

#[test]
fn a_disposable_domain_is_refused_where_the_policy_says_so() {
    let mut policy = lenient();
    check(&policy, &[(Some("ada@mailinator.com"), Ok(()))]);
    policy.sign_up.refuse_disposable = true;
    let refused = Err(RefusalReason::DomainDisposable);
    check(
        &policy,
        &[
            (Some("ada@mailinator.com"), refused),
            (Some("ada@x.Mailinator.com"), refused),
            (Some("ada@example.com"), Ok(())),
            (None, Ok(())),
        ],
    );
}

#[test]
fn an_address_or_number_without_the_form_of_one_is_refused() {
    let mut policy = Policy::default();
    policy.sign_up.check_phone = true;
    let of = |name, value| told(&policy, SignUpRoute::SelfService, &[(name, value)]);
    for good in [
        "ada@example.com",
        "a.b+c@eu.example.com",
        "ada@bücher.example",
    ] {
        assert_eq!(of("email", good), Ok(()), "{good}");
    }
    for bad in [
        "ada",
        "ada@",
        "@example.com",
        "a b@example.com",
        "ada@localhost",
    ] {
        assert_eq!(of("email", bad), INVALID, "{bad}");
    }
    for good in ["+12025550143", "+436641234567"] {
        assert_eq!(of("phone_number", good), Ok(()), "{good}");
    }
    for bad in [
        "12025550143",
        "+1 202 555 0143",
        "+999123456789",
        "+0000",
        "+1",
    ] {
        let refused = Err(RefusalReason::PhoneInvalid);
        assert_eq!(of("phone_number", bad), refused, "{bad}");
    }
}

#[test]
fn what_a_form_must_give_is_asked_of_who_has_one() {
    let mut policy = lenient();
    policy.sign_up.apply_to_administrators = true;
    policy.sign_up.required_attributes = ["given_name".to_owned()].into();
    policy.sign_up.required_consents = ["custom:terms".to_owned()].into();
    let missing = Err(RefusalReason::AttributeMissing);
    let no_consent = Err(RefusalReason::ConsentMissing);
    for (attributes, expected) in [
        (&[][..], missing),
        (&[("given_name", " "), ("custom:terms", "true")], missing),
        (&[("given_name", "Ada")], no_consent),
        (
            &[("given_name", "Ada"), ("custom:terms", "false")],
            no_consent,
        ),
        (&[("given_name", "Ada"), ("custom:terms", "True")], Ok(())),
    ] {
        for route in [SignUpRoute::SelfService, SignUpRoute::Administrator] {
            assert_eq!(told(&policy, route, attributes), expected, "{attributes:?}");
        }
        let external = told(&policy, SignUpRoute::ExternalProvider, attributes);
        assert_eq!(external, Ok(()), "{attributes:?}");
    }
}

#[test]
fn an_attribute_has_a_declared_value_or_none() {
    let mut policy = lenient();
    let values = ["free", "pro"].map(str::to_owned).into();
    policy.sign_up.allowed_values = [("custom:plan".to_owned(), values)].into();
    for route in [SignUpRoute::SelfService, SignUpRoute::ExternalProvider] {
        let plan = |value| told(&policy, route, &[("custom:plan", value)]);
        assert_eq!(told(&policy, route, &[]), Ok(()));
        assert_eq!(plan("pro"), Ok(()));
        for other in ["Pro", "enterprise", "pro "] {
            assert_eq!(plan(other), Err(RefusalReason::AttributeNotAllowed));
        }
    }
}

#[test]
fn nothing_is_spared_but_what_the_policy_says_and_an_invite_makes_safe() {
    let with = |confirm, verify| {
        let mut policy = Policy::default();
        policy.sign_up.auto_confirm = confirm;
        policy.sign_up.auto_verify_invited = verify;
        policy
    };
    let invites = [None, Some(false), Some(true)];
    for invite in invites {
        for route in ALL {
            let spared = automatic(&Policy::default(), route, invite);
            assert_eq!(spared, Automatic::default());
        }
        for route in [SignUpRoute::Administrator, SignUpRoute::ExternalProvider] {
            let spared = automatic(&with(AutoConfirm::Always, true), route, invite);
            assert_eq!(spared, Automatic::default(), "{route:?}");
        }
    }
    let own = |policy: &Policy| {
        invites.map(|invite| {
            let spared = automatic(policy, SignUpRoute::SelfService, invite);
            (spared.confirm, spared.verify_email)
        })
    };
    let invited = own(&with(AutoConfirm::Invited, true));
    assert_eq!(invited, [(false, false), (true, false), (true, true)]);
    let always = own(&with(AutoConfirm::Always, false));
    assert_eq!(always, [(true, false); 3]);
}

proptest! {
    #[test]
    fn no_attributes_are_too_odd_to_be_judged(
        email in prop::option::of(".{0,40}"),
        phone in prop::option::of("\\+?.{0,20}"),
    ) {
        let mut policy = Policy::default();
        policy.sign_up.refuse_disposable = true;
        let attribute = |name: &str| match name {
            "email" => email.clone(),
            "phone_number" => phone.clone(),
            _ => None,
        };
        for route in ALL {
            let _ = sign_up(&policy, Applicant { route, attribute: &attribute });
        }
    }
}
