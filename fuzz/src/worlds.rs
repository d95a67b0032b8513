//! Policies and places that between them take every way through the trigger.

use crate::places::{Mood, Places, given_role, made_member, now, policy, suspended, trigger_on};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use usher_events::{InviteId, PoolId, Role};
use usher_shared::digest::Secret;
use usher_shared::invite::{Code, Grants, Invite, Terms};
use usher_shared::policy::Policy;
use usher_trigger::Trigger;
use usher_trigger::publish::Publisher;

/// A policy and what there is around it.
pub(crate) struct World {
    pub(crate) policy: Policy,
    places: fn() -> Places,
}

impl World {
    /// A trigger in this world, as nobody has asked it anything yet; and its places.
    pub(crate) fn trigger(&self) -> (Trigger, Arc<Places>) {
        trigger(&self.policy, (self.places)())
    }
}

/// A trigger under this policy on these places.
pub(crate) fn trigger(policy: &Policy, places: Places) -> (Trigger, Arc<Places>) {
    let places = Arc::new(places);
    let publisher = Publisher {
        queue: places.clone(),
        bus: places.clone(),
        store: places.clone(),
    };
    let trigger = trigger_on(Policy::clone(policy), publisher);
    (trigger, places)
}

/// The worlds that every event is given to.
pub(crate) static WORLDS: LazyLock<Vec<World>> = LazyLock::new(|| {
    let world = |text: &str, places| World {
        policy: policy(text),
        places,
    };
    vec![
        world("", Places::new),
        world(include_str!("../../usher.toml"), member),
        world(include_str!("worlds/strict.toml"), suspended_user),
        world(include_str!("worlds/invites.toml"), invites),
        world(include_str!("worlds/tokens_v1.toml"), manager),
        world(include_str!("worlds/tokens_v2.toml"), everything_is_down),
        world(include_str!("worlds/founding.toml"), Places::new),
    ]
});

fn secret() -> Secret {
    Secret::new(&[7; 32])
}

fn member() -> Places {
    Places::knowing(&[made_member("acme")])
}

fn manager() -> Places {
    Places::knowing(&[given_role("manager")])
}

fn suspended_user() -> Places {
    Places::knowing(&[suspended()])
}

fn everything_is_down() -> Places {
    Places {
        reading: Mood::Hangs,
        queue: Mood::Fails(usher_shared::disposition::FaultKind::Refused),
        bus: Mood::Takes(Duration::from_secs(9)),
        ..Places::new()
    }
}

/// An invite of the fixtures' pool under the code that the seeds bring.
fn invites() -> Places {
    let pool = PoolId::new("eu-west-1_Ex4mpl301").unwrap();
    let code = Code::read("0000-0000-0000-0000").unwrap();
    let id: InviteId = secret().invite_id(&pool, &code);
    let terms = Terms {
        uses: 2,
        expires_at: None,
        bound_to: None,
        grants: Grants {
            role: Role::new("manager").ok(),
            ..Grants::default()
        },
        label: None,
    };
    let invite = Invite::new(pool.clone(), id.clone(), terms, now());
    let mut places = Places::new();
    places.invites = HashMap::from([((pool, id), invite)]).into();
    places
}
