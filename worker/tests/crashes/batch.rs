//! Random batches: something of everything that a worker is ever sent, in any order.

use crate::common::history::{USERS, facts, happened};
use crate::common::{
    at, confirmed, confirmed_from, first_seen, person, pool, refused_sign_up, signed_in,
};
use proptest::prelude::*;
use proptest::sample::Index;
use usher_events::{
    DecidedEvent, Envelope, EventId, LifecycleEvent, RefusalReason, Role, RoleAssigned, RoleSource,
    SignUpContext, SignUpKey, wire,
};
use usher_shared::digest::Secret;

/// Signs up with an invite that nobody else has.
pub const INVITED: &str = "amy";
/// The name under which she did.
pub const INVITED_NAME: &str = "amy-1";
/// Belong to a domain whose organization the first of them founds.
pub const FOUNDERS: [&str; 2] = ["joe", "kim"];
/// Is told of by a trigger that neither queue nor bus heard.
pub const SPILLED: &str = "pat";

/// Is known, and then suspended.
pub const SUSPENDED: &str = "lee";

/// What the workers of one case are sent.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Messages on the queue, in order.
    pub bodies: Vec<String>,
    /// Those of them that no program will ever read.
    pub unreadable: Vec<String>,
    /// What the other messages say.
    pub told: Vec<Envelope<LifecycleEvent>>,
    /// What the table keeps for the sweep.
    pub spilled: Envelope<LifecycleEvent>,
    /// What is recorded before.
    pub known: Envelope<LifecycleEvent>,
    /// Whom an operator suspends, and by which acts; only of the first it is sure that the record has
    /// an address when the act is taken up.
    pub suspended: Vec<(&'static str, EventId)>,
}

pub fn secret() -> Secret {
    Secret::new(&[7; 32])
}

pub fn sign_up_key() -> SignUpKey {
    secret().sign_up_key(&pool(), INVITED_NAME)
}

pub fn batch() -> impl Strategy<Value = Batch> {
    let histories = prop::collection::vec(happened(), 4..10);
    let repeated = prop::collection::vec(any::<Index>(), 0..4);
    let order = prop::collection::vec(any::<u32>(), 32);
    let suspended = prop::sample::subsequence(USERS.to_vec(), 0..=2);
    let parts = (histories, 1..7u32, repeated, order, suspended);
    parts.prop_map(|(history, refusals, repeated, order, suspended)| {
        let mut told = vec![invited()];
        let [founder, other] =
            FOUNDERS.map(|user| (user, person(&format!("{user}@globe.example"))));
        told.push(first_seen(founder.0, founder.1, at(40)));
        told.push(signed_in(other.0, other.1, at(50)));
        let refusal = |number| {
            let one = (RefusalReason::InviteUnknown, number);
            refused_sign_up("eve", one, None, at(60))
        };
        told.extend((1..=refusals).map(refusal));
        told.extend(facts(&history));
        let unreadable = vec!["nothing to read".to_owned(), forged(&told[0])];
        let mut bodies: Vec<String> = told.iter().map(wire::encode).collect();
        let again: Vec<String> = repeated
            .iter()
            .map(|one| one.get(&bodies).clone())
            .collect();
        bodies.extend(again);
        bodies.extend(unreadable.iter().cloned());
        let mut ordered: Vec<_> = order.iter().cycle().zip(bodies).collect();
        ordered.sort();
        Batch {
            bodies: ordered.into_iter().map(|(_, body)| body).collect(),
            unreadable,
            told,
            spilled: confirmed(SPILLED, person("pat@home.example")),
            known: confirmed(SUSPENDED, person("lee@home.example")),
            suspended: [SUSPENDED].into_iter().chain(suspended).map(act).collect(),
        }
    })
}

/// A user, and the id of an act upon whom.
fn act(user: &'static str) -> (&'static str, EventId) {
    let id = "0190a8c0-0000-7000-8000-000000000001".parse();
    (user, id.unwrap())
}

fn invited() -> Envelope<LifecycleEvent> {
    let who = person("amy@home.example");
    let mut envelope = confirmed_from(INVITED, who, SignUpContext::default(), at(30));
    if let LifecycleEvent::SignUpConfirmed(event) = &mut envelope.event {
        event.sign_up = Some(sign_up_key());
    }
    envelope
}

/// What only the worker may decide.
fn forged(event: &Envelope<LifecycleEvent>) -> String {
    let decided = DecidedEvent::from(RoleAssigned {
        source: RoleSource::Domain,
        role: Some(Role::new("admin").unwrap()),
    });
    wire::encode(&event.clone().map(|_| decided))
}
