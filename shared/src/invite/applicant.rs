use crate::digest::{AddressKey, Secret, SignInKey};
use crate::policy::{Policy, SignInName, person};
use usher_events::{Person, Personal, PoolId, SignUpKey};

/// Somebody who wants a use of an invite: who they will be in the pool, in digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applicant {
    /// The name that they will sign in with. One name has one use, however often it asks.
    pub sign_in: SignInKey,
    /// The user name. Where people sign in by address the pool makes up a new one at each attempt.
    pub sign_up: SignUpKey,
    /// Their address: as they say at pre sign-up, as it is verified at the confirmation.
    pub address: Option<AddressKey>,
}

impl Applicant {
    /// Somebody who asks to sign up, by what they say of themselves. `person` is normalized.
    pub fn asking(
        policy: &Policy,
        secret: &Secret,
        pool: &PoolId,
        sign_up: SignUpKey,
        person: &Person,
    ) -> Self {
        let address = person.email.as_ref().map(Personal::expose);
        Self {
            sign_in: sign_in_key(policy, secret, pool, &sign_up, person),
            sign_up,
            address: address.map(|address| secret.address_key(pool, address)),
        }
    }

    /// Somebody who is in the pool; the address counts only if somebody trustworthy has verified it.
    pub fn confirmed(
        policy: &Policy,
        secret: &Secret,
        pool: &PoolId,
        sign_up: SignUpKey,
        person: &Person,
    ) -> Self {
        let mut who = Self::asking(policy, secret, pool, sign_up, person);
        if person::verified_domain(policy, person).is_none() {
            who.address = None;
        }
        who
    }
}

/// Whoever has not the attribute that the policy goes by is known by the user name alone.
fn sign_in_key(
    policy: &Policy,
    secret: &Secret,
    pool: &PoolId,
    sign_up: &SignUpKey,
    person: &Person,
) -> SignInKey {
    let named = match policy.attributes.sign_in_name {
        SignInName::Email => person.email.as_ref().map(|email| ("email", email)),
        SignInName::PhoneNumber => person.phone_number.as_ref().map(|phone| ("phone", phone)),
        SignInName::UserName => None,
    };
    match named {
        Some((kind, name)) => secret.sign_in_key(pool, kind, name.expose()),
        None => secret.sign_in_key(pool, "user_name", sign_up.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(email: Option<&str>, verified: bool) -> Person {
        Person {
            email: email.map(Personal::new),
            email_verified: verified,
            phone_number: Some(Personal::new("+431")),
            ..Person::default()
        }
    }

    #[test]
    fn the_policy_says_what_tells_one_person_from_another() {
        let (secret, pool) = (Secret::new(&[7; 32]), PoolId::new("p").unwrap());
        let who = |name: SignInName, user: &str, email: Option<&str>| {
            let mut policy = Policy::default();
            policy.attributes.sign_in_name = name;
            let sign_up = secret.sign_up_key(&pool, user);
            Applicant::asking(&policy, &secret, &pool, sign_up, &person(email, false)).sign_in
        };
        let (by_mail, by_phone, by_name) = (
            SignInName::Email,
            SignInName::PhoneNumber,
            SignInName::UserName,
        );
        let ada = Some("ada@a.example");
        assert_eq!(who(by_mail, "u1", ada), who(by_mail, "u2", ada));
        assert_ne!(who(by_mail, "u1", ada), who(by_mail, "u1", Some("eve")));
        assert_eq!(who(by_phone, "u1", ada), who(by_phone, "u2", None));
        assert_eq!(who(by_name, "u1", ada), who(by_name, "u1", None));
        assert_ne!(who(by_name, "u1", ada), who(by_name, "u2", ada));
        assert_eq!(who(by_mail, "u1", None), who(by_name, "u1", ada));
    }

    #[test]
    fn an_address_counts_at_the_confirmation_only_if_it_is_verified() {
        let (secret, pool) = (Secret::new(&[7; 32]), PoolId::new("p").unwrap());
        let policy = Policy::default();
        let address = Some(secret.address_key(&pool, "ada@a.example"));
        for (verified, provider, expected) in [
            (true, None, address.clone()),
            (false, None, None),
            (true, Some("Evil"), None),
        ] {
            let mut person = person(Some("ada@a.example"), verified);
            person.providers.extend(provider.map(str::to_owned));
            let sign_up = secret.sign_up_key(&pool, "ada");
            let asking = Applicant::asking(&policy, &secret, &pool, sign_up.clone(), &person);
            assert_eq!(asking.address, address);
            let who = Applicant::confirmed(&policy, &secret, &pool, sign_up, &person);
            assert_eq!(who.address, expected);
        }
    }
}
