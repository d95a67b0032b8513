//! What an outside provider's user is asked beyond the rules for everybody.
//!
//! Somebody who signs up with an address is sent a code there before the account is of any use. Nobody
//! sends one to an outside provider's user: what the provider says of the address is all there ever
//! is, and any provider can say anything.

use crate::policy::opinion::{Key, Opinion, settle};
use crate::policy::why::Why;
use crate::policy::{Policy, person};
use usher_events::{Person, RefusalReason, SignUpRoute};

/// Names of providers have three characters at least, and of these only the second may be the mark
/// that stands between a provider's name and its own id of the user.
const SHORTEST_NAME: usize = 3;

/// Whether the address of who wants to sign up may let somebody in: that of an outside provider's
/// user, only where the provider says that it is verified, and the policy trusts it for that domain.
///
/// The provider is the one with whose name the pool has begun the user name, in whichever case.
pub fn address_counts(
    policy: &Policy,
    route: SignUpRoute,
    user_name: &str,
    person: &Person,
) -> bool {
    match route {
        SignUpRoute::SelfService | SignUpRoute::Administrator => return true,
        SignUpRoute::ExternalProvider => {}
    }
    let named = provider(user_name).unwrap_or_default().to_lowercase();
    let mut trusted = policy.trusted_providers.keys();
    let Some(provider) = trusted.find(|name| name.to_lowercase() == named) else {
        return false;
    };
    let asked = Person {
        providers: vec![provider.clone()],
        ..person.clone()
    };
    person::verified_domain(policy, &asked).is_some()
}

/// Whether somebody may come in whose address counts or not: where only some domains may, an address
/// has to.
pub fn outsider(policy: &Policy, address_counts: bool) -> Result<(), RefusalReason> {
    settle([explain_outsider(policy, address_counts)])
}

/// What [`outsider`] goes by.
pub fn explain_outsider(policy: &Policy, address_counts: bool) -> Opinion<'static> {
    let key = Key::Plain("sign_up.allowed_domains");
    match () {
        () if policy.sign_up.allowed_domains.is_empty() => Opinion::off(key, "nothing is listed"),
        () if address_counts => {
            let why = "a trusted provider vouches for the address";
            Opinion::passes(key, Why::Fixed(why))
        }
        () => {
            let why = "no provider whom trusted_providers trusts vouches for the address";
            Opinion::refuses(key, RefusalReason::EmailUnverified, Why::Fixed(why))
        }
    }
}

fn provider(user_name: &str) -> Option<&str> {
    let mut marks = user_name.char_indices().skip(SHORTEST_NAME);
    let (at, _) = marks.find(|(_, c)| *c == '_')?;
    Some(&user_name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_events::Personal;

    fn policy() -> Policy {
        let mut policy = Policy::default();
        for (provider, domain) in [("Google", "acme.example"), ("A_cme", "*.acme.example")] {
            let domain = domain.parse().unwrap();
            let domains = vec![domain];
            policy
                .trusted_providers
                .insert(provider.to_owned(), domains);
        }
        policy
    }

    fn counts(route: SignUpRoute, user_name: &str, email: Option<&str>, verified: bool) -> bool {
        let person = Person {
            email: email.map(Personal::new),
            email_verified: verified,
            ..Person::default()
        };
        address_counts(&policy(), route, user_name, &person)
    }

    #[test]
    fn an_outsiders_address_counts_by_the_word_of_a_provider_that_is_trusted_for_it() {
        let route = SignUpRoute::ExternalProvider;
        let (acme, below) = (Some("a@acme.example"), Some("a@x.acme.example"));
        for (user_name, email, verified, expected) in [
            ("Google_1", acme, true, true),
            ("google_1_2", acme, true, true),
            ("A_cme_1", below, true, true),
            ("Google_1", acme, false, false),
            ("Google_1", below, true, false),
            ("Google_1", None, true, false),
            ("Google_1", Some("nowhere"), true, false),
            ("Gogle_1", acme, true, false),
            ("GoogleX_1", acme, true, false),
            ("Facebook_Google_1", acme, true, false),
            ("_Google_1", acme, true, false),
            ("Google", acme, true, false),
            ("", acme, true, false),
        ] {
            let said = counts(route, user_name, email, verified);
            assert_eq!(said, expected, "{user_name} {email:?} {verified}");
        }
    }

    #[test]
    fn everybody_else_is_sent_a_code_or_known_to_an_administrator() {
        for route in [SignUpRoute::SelfService, SignUpRoute::Administrator] {
            assert!(counts(route, "Google_1", None, false));
        }
    }

    #[test]
    fn an_address_has_to_count_only_where_domains_are_listed_that_may_come() {
        let mut policy = policy();
        policy.sign_up.blocked_domains = vec!["b.example".parse().unwrap()];
        assert_eq!(outsider(&policy, false), Ok(()));
        policy.sign_up.allowed_domains = vec!["acme.example".parse().unwrap()];
        assert_eq!(
            outsider(&policy, false),
            Err(RefusalReason::EmailUnverified)
        );
        assert_eq!(outsider(&policy, true), Ok(()));
    }
}
