//! The user at the 95th percentile: nineteen in twenty have values, and so items, no larger.
//!
//! Which values: every attribute that usher keeps is set; each name is two names; the address is of a person with both names in it at a company; the zone is among the
//! longest there are; the sign-in came through an outside provider with a long name; user, client and
//! pool have Cognito's longest ids; the organization comes by domain, with a role of its own and a kind
//! of account. Who was ever suspended, has an operator's role, or belongs to two organizations is one in
//! twenty at most, and not in it.

use usher_events::{
    ClientId, CorrelationId, Envelope, Fact, Person, Personal, PoolId, SignUpContext,
};

/// A `sub` of Cognito's.
pub const SUB: &str = "3f0c2a1e-70c1-70ad-0000-0a1b2c3d4e5f";

/// The domain of the address.
pub const DOMAIN: &str = "example-corp.com";

/// A role.
pub const ROLE: &str = "administrator";

/// An organization.
pub const ORGANIZATION: &str = "subsidiary-example-com";

/// A kind of account.
pub const ACCOUNT_TYPE: &str = "enterprise";

/// The attributes.
pub fn person() -> Person {
    let value = |text: &str| Some(Personal::new(text));
    Person {
        email: value("maximiliane.mustermann@example-corp.com"),
        email_verified: true,
        phone_number: value("+4366412345678"),
        phone_number_verified: true,
        given_name: value("Maximiliane Sophie"),
        family_name: value("Mustermann-Schröder"),
        locale: value("de-AT"),
        zoneinfo: value("America/Argentina/Buenos_Aires"),
        department: value("Research and Development"),
        marketing_consent: Some(false),
        onboarding_completed: Some(true),
        providers: vec!["LoginWithAmazon".to_owned()],
    }
}

/// Where the sign-up came from.
pub fn context() -> SignUpContext {
    SignUpContext {
        source: SignUpContext::word("partner-newsletter"),
        campaign: SignUpContext::word("spring_2026_enterprise"),
        referrer: None,
    }
}

/// The pool, in a Region with one of the longest names.
pub fn pool() -> PoolId {
    PoolId::new("ap-southeast-2_AbCdEfGhI").unwrap()
}

/// The app client.
pub fn client() -> Option<ClientId> {
    ClientId::new("1example23456789abcdefghij").ok()
}

/// What Cognito's request is called in the logs.
pub fn correlation() -> Option<CorrelationId> {
    CorrelationId::new("3f0c2a1e-70c1-70ad-0000-0a1b2c3d4e5f").ok()
}

/// An event with the ids around it as long as they come.
#[must_use]
pub fn around<E: Fact>(event: Envelope<E>) -> Envelope<E> {
    Envelope {
        source: pool(),
        correlation_id: correlation(),
        ..event
    }
}
