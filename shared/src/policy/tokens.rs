//! `[tokens]` and `[machines]`: what the owner wants tokens to say.

use super::claims::{ClaimName, ClaimValue, HiddenName, Source};
use super::scope::Scope;
use std::collections::{BTreeMap, BTreeSet};
use usher_events::Role;

/// What tokens say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The shape of the answer; `None` tells it from the event.
    pub version: Option<TokenVersion>,
    /// `[tokens.id]`: claims of the ID token.
    pub id: Vec<Claim>,
    /// `[tokens.access]`: claims of the access token; not in V1.
    pub access: Vec<Claim>,
    /// Claims that no token shows.
    pub suppress: Vec<HiddenName>,
    /// What becomes of `cognito:groups`.
    pub groups: Groups,
    /// `[tokens.scopes]`: scopes of the access token; not in V1.
    pub scopes: Scopes,
    /// What the claims and scopes that are added may weigh in one token, in bytes of JSON.
    pub max_bytes: usize,
}

impl Default for Tokens {
    /// Tokens as the pool makes them.
    fn default() -> Self {
        Self {
            version: None,
            id: Vec::new(),
            access: Vec::new(),
            suppress: Vec::new(),
            groups: Groups::Keep,
            scopes: Scopes::default(),
            max_bytes: Self::MAX_BYTES,
        }
    }
}

impl Tokens {
    /// What may be added to one token where the policy does not say, in bytes of JSON.
    ///
    /// A browser keeps a cookie of 4,096 characters. Of those a token's header and signature take
    /// about 450 and Cognito's own claims, at about 700 bytes, 950; four characters of what is left
    /// carry three bytes.
    pub const MAX_BYTES: usize = 2000;
}

/// The shapes that Cognito understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenVersion {
    /// `V1_0`: ID token only, text values only.
    V1,
    /// `V2_0`: both tokens, any JSON.
    V2,
    /// `V3_0`: as `V2_0`, and the tokens of machines.
    V3,
}

/// One claim: a name, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name.
    pub name: ClaimName,
    /// What it says.
    pub says: Says,
    /// Whether it says so in a text also where other values are understood.
    pub as_text: bool,
    /// The key that names it, where that is one of those with a key of their own.
    pub short: Option<&'static str>,
}

/// What a claim says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// What is known of the user.
    Source(Source),
    /// Always the same.
    Constant(ClaimValue),
}

/// What becomes of a user's groups in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// Nothing.
    Keep,
    /// The role is added to the groups that the pool gives.
    AddRole,
}

/// Scopes to add to a token and to take out of it. What is in both is taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeEdits {
    /// Added.
    pub add: BTreeSet<Scope>,
    /// Taken out.
    pub suppress: BTreeSet<Scope>,
}

/// Whose access token has which scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Everybody's. What is suppressed here no machine has either.
    pub everybody: ScopeEdits,
    /// `[tokens.scopes.roles.<role>]`
    pub roles: BTreeMap<Role, ScopeEdits>,
    /// `[tokens.scopes.permissions]`: what a permission adds.
    pub permissions: BTreeMap<String, BTreeSet<Scope>>,
}

/// What the access token of one machine says; it has no other token, and there is no user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// `[machines.<client id>.claims]`: all of them constants.
    pub claims: Vec<(ClaimName, ClaimValue)>,
    /// Claims that it does not show, beside those that no token shows.
    pub suppress: Vec<HiddenName>,
    /// `[machines.<client id>.scopes]`
    pub scopes: ScopeEdits,
}
