//! Keyed digests: names that can be compared and not read.

use crate::invite::{Code, base_32};
use crate::unsubscribe;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::fmt;
use usher_events::{InviteId, Person, PoolId, SignUpKey};

/// What the key of unsubscribe tokens is the digest of. Never to be changed: old mails hold tokens.
const UNSUBSCRIBE: &[u8] = b"usher/unsubscribe/1";

/// A short name that stands for a text that is no secret: whoever knows the text can tell its name.
pub fn name_of(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    base_32(&digest.as_ref()[..10]).to_lowercase()
}

/// SHA-256 of a text, in hex, as `sha256sum` prints it.
pub fn sha_256(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    hex.collect()
}

/// Stands for the name under which somebody signs in to one pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignInKey(String);

impl SignInKey {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Stands for a mail address in one pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddressKey(String);

/// The deployment's secret. Everything that hides a user name is keyed with it, and so are the ids of
/// sign-ins and refusals: after a change of it, a repeat under way is a second fact.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl Secret {
    /// Takes 32 bytes of randomness.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Reads 32 bytes in Base64. `None` if the text is anything else.
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        Some(Self::new(bytes.as_slice().try_into().ok()?))
    }

    /// The key that signs unsubscribe tokens. The secret cannot be had from it.
    ///
    /// Every other digest is of a text that begins with a length, so none of them is this one.
    pub fn unsubscribe_key(&self) -> unsubscribe::Key {
        let tag = hmac::sign(&self.0, UNSUBSCRIBE);
        let bytes = tag.as_ref().try_into();
        unsubscribe::Key::new(bytes.expect("an HMAC-SHA-256 has 32 bytes"))
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

    /// What stands for a sign-in name in this pool. `kind` says which attribute it is, so that a
    /// phone number and an address of one text are two names; names are compared as
    /// [`Secret::sign_up_key`] compares them.
    pub fn sign_in_key(&self, pool: &PoolId, kind: &str, name: &str) -> SignInKey {
        let name = name.trim().to_lowercase();
        let parts = [pool.as_str().as_bytes(), kind.as_bytes(), name.as_bytes()];
        SignInKey(self.digest("sign-in", &parts))
    }

    /// What stands for a mail address in this pool, compared without case.
    pub fn address_key(&self, pool: &PoolId, address: &str) -> AddressKey {
        let address = address.trim().to_lowercase();
        let parts = [pool.as_str().as_bytes(), address.as_bytes()];
        AddressKey(self.digest("address", &parts))
    }

    /// The name of the invite with this code in this pool. The code cannot be had from it, and it
    /// is of another length than a code: people type both.
    pub fn invite_id(&self, pool: &PoolId, code: &Code) -> InviteId {
        let parts = [pool.as_str().as_bytes(), code.as_str().as_bytes()];
        let digest = base_32(&self.bytes("invite", &parts)).to_lowercase();
        InviteId::new(digest).expect("a digest's text is short and has no white space")
    }

    /// Tells one set of attributes from another without saying what they are.
    pub fn person(&self, person: &Person) -> String {
        let text =
            serde_json::to_vec(person).expect("a person has text keys, so it is always JSON");
        self.digest("person", &[&text])
    }

    fn digest(&self, purpose: &str, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(purpose, parts))
    }

    /// 128 bits of HMAC-SHA-256 over the purpose and the parts, each with its length before it.
    fn bytes(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&context.sign().as_ref()[..16]);
        bytes
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

    #[test]
    fn a_code_names_one_invite_in_one_pool_and_does_not_show_in_its_name() {
        let secret = Secret::new(&[7; 32]);
        let pool = PoolId::new("eu-west-1_A").unwrap();
        let code = Code::draw(&[9; 10]);
        let id = secret.invite_id(&pool, &code);
        assert_eq!(id, secret.invite_id(&pool, &Code::draw(&[9; 10])));
        assert_ne!(
            id,
            secret.invite_id(&PoolId::new("eu-west-1_B").unwrap(), &code)
        );
        assert_ne!(id, Secret::new(&[8; 32]).invite_id(&pool, &code));
        assert_ne!(id, secret.invite_id(&pool, &Code::draw(&[8; 10])));
        assert!(!id.as_str().contains(&code.as_str().to_lowercase()));
        assert_eq!((id.as_str().len(), Code::read(id.as_str())), (26, None));
    }

    #[test]
    fn an_address_and_a_number_of_one_text_are_two_sign_in_names() {
        let secret = Secret::new(&[7; 32]);
        let pool = PoolId::new("eu-west-1_A").unwrap();
        let key = |kind, name| secret.sign_in_key(&pool, kind, name);
        assert_eq!(
            key("email", "Ada@a.example "),
            key("email", "ada@a.example")
        );
        assert_ne!(key("email", "1"), key("phone_number", "1"));
    }
}
