//! Keyed digests: names that can be compared and not read.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use std::fmt;
use usher_events::{Person, PoolId, SignUpKey};

/// The deployment's secret. Everything that hides a user name is keyed with it, and so are the ids of
/// sign-ins and refusals: after a change of it, a repeat under way is a second fact.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl Secret {
    /// Takes 32 bytes of randomness.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// What stands for a sign-up in this pool under this name, until its user has a sub.
    ///
    /// The name is compared as Cognito compares it: without the white space around it and, since
    /// pools are made case-insensitive by default, in lower case.
    pub fn sign_up_key(&self, pool: &PoolId, user_name: &str) -> SignUpKey {
        let name = user_name.trim().to_lowercase();
        let digest = self.digest("sign-up", &[pool.as_str().as_bytes(), name.as_bytes()]);
        SignUpKey::from_digest(&digest).expect("a digest's text is short and has no white space")
    }

    /// Tells one set of attributes from another without saying what they are.
    pub fn person(&self, person: &Person) -> String {
        let text =
            serde_json::to_vec(person).expect("a person has text keys, so it is always JSON");
        self.digest("person", &[&text])
    }

    /// 128 bits of HMAC-SHA-256 over the purpose and the parts, each with its length before it.
    fn digest(&self, purpose: &str, parts: &[&[u8]]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        URL_SAFE_NO_PAD.encode(&context.sign().as_ref()[..16])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([secret])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_key_in_one_pool_and_does_not_show_in_it() {
        let secret = Secret::new(&[7; 32]);
        let pool = PoolId::new("eu-west-1_A").unwrap();
        let other = PoolId::new("eu-west-1_B").unwrap();
        let key = secret.sign_up_key(&pool, "ada@example.com");
        assert_eq!(key, secret.sign_up_key(&pool, " Ada@Example.com"));
        assert_ne!(key, secret.sign_up_key(&other, "ada@example.com"));
        assert_ne!(
            key,
            Secret::new(&[8; 32]).sign_up_key(&pool, "ada@example.com")
        );
        assert!(!key.as_str().contains("ada"));
    }
}
