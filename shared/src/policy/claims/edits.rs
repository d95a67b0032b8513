//! What is changed in one token: claims and scopes that are added, and those that are taken out.

use super::super::opinion::Key;
use super::super::scope::Scope;
use super::super::{Claim, Policy, Says, ScopeEdits};
use super::name::{ClaimName, HiddenName};
use super::source::Bearer;
use super::value::ClaimValue;
use std::collections::BTreeSet;
use usher_events::ClientId;

/// The name under which a token shows its scopes.
const SCOPE: &str = "scope";

/// Everything that is changed in one token. No name and no scope is both added and taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Claims to set, in the order of the policy.
    pub claims: Vec<(ClaimName, ClaimValue)>,
    /// Claims to suppress, each once.
    pub suppressed: Vec<HiddenName>,
    /// Scopes to add; for an access token alone.
    pub scopes: ScopeEdits,
    /// What the token had no room for, in the order in which it went.
    pub left_out: Vec<LeftOut>,
}

/// A claim that a token had no room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name; `scope` stands for all the scopes that were to be added.
    pub name: String,
    /// What it weighs, in bytes of JSON.
    pub bytes: usize,
}

impl Edits {
    /// The ID token of a user. With `only_text` every value is a text, as `V1_0` understands it.
    pub fn of_id_token(bearer: &Bearer<'_>, only_text: bool) -> Self {
        let tokens = &bearer.policy.tokens;
        Self::of_user(bearer, &tokens.id, only_text, ScopeEdits::default())
    }

    /// The access token of a user.
    pub fn of_access_token(bearer: &Bearer<'_>) -> Self {
        let tokens = &bearer.policy.tokens;
        Self::of_user(bearer, &tokens.access, false, scopes(bearer))
    }

    /// The access token of a machine. One that the policy does not name, or that does not say who it
    /// is, gets what everybody gets: the suppressions that hold for every token.
    pub fn of_machine(policy: &Policy, client: Option<&ClientId>) -> Self {
        let tokens = &policy.tokens;
        let machine = client.and_then(|client| policy.machines.get(client));
        let mut scopes = ScopeEdits {
            suppress: tokens.scopes.everybody.suppress.clone(),
            ..ScopeEdits::default()
        };
        let mut edits = Self::suppressing(&tokens.suppress);
        if let Some(machine) = machine {
            machine.suppress.iter().for_each(|name| edits.hide(name));
            scopes.add.extend(machine.scopes.add.iter().cloned());
            scopes
                .suppress
                .extend(machine.scopes.suppress.iter().cloned());
            for (name, value) in &machine.claims {
                edits.tell(name, Some(value.clone()));
            }
        }
        edits.scopes = settled(scopes);
        edits.trim(tokens.max_bytes, &[]);
        edits
    }

    /// A user's token of whom nothing is known, not even which: what holds for every token, and of
    /// scopes everything that any role is denied.
    pub fn of_nobody(policy: &Policy) -> Self {
        let tokens = &policy.tokens;
        let denied = tokens.scopes.roles.values();
        let denied = denied.flat_map(|edits| &edits.suppress);
        let suppress = tokens.scopes.everybody.suppress.iter().chain(denied);
        let mut edits = Self::suppressing(&tokens.suppress);
        edits.scopes.suppress = suppress.cloned().collect();
        edits
    }

    fn of_user(bearer: &Bearer<'_>, claims: &[Claim], only_text: bool, scopes: ScopeEdits) -> Self {
        let tokens = &bearer.policy.tokens;
        let mut edits = Self::suppressing(&tokens.suppress);
        for claim in claims {
            let value = match &claim.says {
                Says::Source(source) => source.value(bearer),
                Says::Constant(value) => Some(value.clone()),
            };
            let as_text = only_text || claim.as_text;
            let value = value.map(|value| if as_text { value.into_text() } else { value });
            edits.tell(&claim.name, value);
        }
        edits.scopes = scopes;
        let kept = |claim: &&Claim| match &claim.says {
            Says::Source(source) => source.is_kept(),
            Says::Constant(_) => false,
        };
        let kept: Vec<&ClaimName> = claims
            .iter()
            .filter(kept)
            .map(|claim| &claim.name)
            .collect();
        edits.trim(tokens.max_bytes, &kept);
        edits
    }

    fn suppressing(names: &[HiddenName]) -> Self {
        Self {
            suppressed: names.to_vec(),
            ..Self::default()
        }
    }

    fn hide(&mut self, name: &HiddenName) {
        if !self.suppressed.contains(name) {
            self.suppressed.push(name.clone());
        }
    }

    /// Sets a claim. One without a value is suppressed, so that nothing else speaks under its name;
    /// so is one that is suppressed already, as Cognito would have it.
    fn tell(&mut self, name: &ClaimName, value: Option<ClaimValue>) {
        let is_hidden = self.suppressed.iter().any(|hidden| hidden == name);
        match value {
            Some(value) if !is_hidden => self.claims.push((name.clone(), value)),
            Some(_) | None => self.hide(&name.clone().into()),
        }
    }

    /// How many changes Cognito counts.
    pub fn changes(&self) -> usize {
        let scopes = self.scopes.add.len() + self.scopes.suppress.len();
        self.claims.len() + self.suppressed.len() + scopes
    }

    /// What is added, in bytes of JSON.
    pub fn weight(&self) -> usize {
        let claims = self.claims.iter();
        let claims: usize = claims
            .map(|(name, value)| value.weight(name.as_str()))
            .sum();
        claims + weight_of_scopes(&self.scopes.add)
    }

    /// Leaves out what the token has no room for: the heaviest claim first and, of two that weigh the
    /// same, the one whose name comes first, until the rest fits. Scopes that are added go as one. A
    /// claim that is left out is suppressed; suppressions and `kept` stay, whatever they weigh.
    fn trim(&mut self, max_bytes: usize, kept: &[&ClaimName]) {
        let mut weight = self.weight();
        if weight <= max_bytes {
            return;
        }
        let scopes = weight_of_scopes(&self.scopes.add);
        let claims = self.claims.iter();
        let claims = claims.map(|(name, value)| (value.weight(name.as_str()), Some(name.clone())));
        // Each is weighed once: a policy may have thousands of claims, and people wait for this.
        let mut parts: Vec<(usize, Option<ClaimName>)> = claims.collect();
        parts.extend((scopes > 0).then_some((scopes, None)));
        parts.retain(|(_, name)| name.as_ref().is_none_or(|name| !kept.contains(&name)));
        parts.sort_by(|(a, name), (b, other)| {
            let scopes_last = || name.is_none().cmp(&other.is_none());
            b.cmp(a)
                .then_with(scopes_last)
                .then_with(|| name.cmp(other))
        });
        let mut gone = BTreeSet::new();
        for (bytes, name) in parts {
            if weight <= max_bytes {
                break;
            }
            weight -= bytes;
            let left_out = name.as_ref().map_or(SCOPE.to_owned(), ToString::to_string);
            self.left_out.push(LeftOut {
                name: left_out,
                bytes,
            });
            match name {
                Some(name) => {
                    self.hide(&name.clone().into());
                    gone.insert(name);
                }
                None => self.scopes.add.clear(),
            }
        }
        self.claims.retain(|(name, _)| !gone.contains(name));
    }
}

/// What scopes add to the one text in which a token shows them.
fn weight_of_scopes(scopes: &BTreeSet<Scope>) -> usize {
    scopes.iter().map(|scope| scope.as_str().len() + 1).sum()
}

/// What a user's access token may be used for, beside what the client asked for.
fn scopes(bearer: &Bearer<'_>) -> ScopeEdits {
    let mut edits = ScopeEdits::default();
    for ScopeRule { add, suppress, .. } in scope_rules(bearer) {
        edits.add.extend(add.into_iter().flatten().cloned());
        edits
            .suppress
            .extend(suppress.into_iter().flatten().cloned());
    }
    settled(edits)
}

/// What one table of the policy says of a token's scopes.
pub(super) struct ScopeRule<'p> {
    /// The table; under the keys `add` and `suppress` where it has both.
    pub(super) key: Key<'p>,
    pub(super) add: Option<&'p BTreeSet<Scope>>,
    pub(super) suppress: Option<&'p BTreeSet<Scope>>,
}

/// Everything that counts for a user's scopes: what everybody has, then the role, then permissions.
pub(super) fn scope_rules<'p>(bearer: &Bearer<'p>) -> impl Iterator<Item = ScopeRule<'p>> {
    let (scopes, grant) = (&bearer.policy.tokens.scopes, bearer.grant);
    let both = |key, edits: &'p ScopeEdits| ScopeRule {
        key,
        add: Some(&edits.add),
        suppress: Some(&edits.suppress),
    };
    let everybody = both(Key::Plain("tokens.scopes"), &scopes.everybody);
    let of_role = scopes.roles.get(&grant.role);
    let of_role = of_role.map(|edits| {
        let key = Key::Named("tokens.scopes.roles", grant.role.as_str(), "");
        both(key, edits)
    });
    let of_permissions = grant.permissions.iter().filter_map(|permission| {
        Some(ScopeRule {
            key: Key::Named("tokens.scopes.permissions", permission, ""),
            add: Some(scopes.permissions.get(permission)?),
            suppress: None,
        })
    });
    [everybody].into_iter().chain(of_role).chain(of_permissions)
}

/// Nothing is added that is taken out as well.
fn settled(mut edits: ScopeEdits) -> ScopeEdits {
    let suppress = &edits.suppress;
    edits.add.retain(|scope| !suppress.contains(scope));
    edits
}

#[cfg(test)]
mod tests;
