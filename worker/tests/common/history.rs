//! Histories of a few users, in which anything may come after anything.

use super::{at, confirmed_from, first_seen, password_reset, person, refused, signed_in};
use proptest::prelude::*;
use std::collections::BTreeSet;
use usher_events::{Envelope, LifecycleEvent, Personal, RefusalReason, SignUpContext};

/// Who the histories are about.
pub const USERS: [&str; 3] = ["ada", "bob", "eve"];
/// Their addresses: of no organization, of one with a role of its own, of a role alone, of none.
pub const DOMAINS: [&str; 4] = ["home.example", "acme.example", "root.example", "acme.test"];

/// What happened to one user.
#[derive(Clone, Debug)]
pub struct Happened {
    user: usize,
    what: What,
    domain: usize,
    verified: bool,
    name: u8,
    /// Seconds after the beginning.
    when: u64,
}

#[derive(Clone, Copy, Debug)]
pub enum What {
    Confirmed,
    FirstSeen,
    SignedIn,
    PasswordReset,
    Refused(RefusalReason),
}

impl Happened {
    pub fn event(&self) -> Envelope<LifecycleEvent> {
        let user = USERS[self.user];
        let mut person = person(&format!("{user}@{}", DOMAINS[self.domain]));
        person.email_verified = self.verified;
        person.given_name = (self.name > 0).then(|| Personal::new(format!("Ada {}", self.name)));
        person.locale = (self.name > 2).then(|| Personal::new("de-AT"));
        let now = at(self.when);
        match self.what {
            What::Confirmed => confirmed_from(user, person, SignUpContext::default(), now),
            What::FirstSeen => first_seen(user, person, now),
            What::SignedIn => signed_in(user, person, now),
            What::PasswordReset => password_reset(user, person, now),
            What::Refused(reason) => refused(user, reason, now),
        }
    }
}

pub fn happened() -> impl Strategy<Value = Happened> {
    let what = prop_oneof![
        2 => Just(What::Confirmed),
        2 => Just(What::FirstSeen),
        4 => Just(What::SignedIn),
        2 => Just(What::PasswordReset),
        1 => Just(What::Refused(RefusalReason::UserSuspended)),
        1 => Just(What::Refused(RefusalReason::StoreUnavailable)),
    ];
    let parts = (
        0..USERS.len(),
        what,
        0..DOMAINS.len(),
        any::<bool>(),
        0..4u8,
    );
    (parts, 0..7200u64).prop_map(|((user, what, domain, verified, name), when)| Happened {
        user,
        what,
        domain,
        verified,
        name,
        when,
    })
}

/// Facts of a history: of two with one id only the first, for which of them is the fact depends on
/// the order in which they come, and says nothing about folding.
pub fn facts(history: &[Happened]) -> Vec<Envelope<LifecycleEvent>> {
    let mut seen = BTreeSet::new();
    let events = history.iter().map(Happened::event);
    events.filter(|event| seen.insert(event.id)).collect()
}
