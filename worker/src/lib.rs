//! The worker: records what happened, folds it into users, and performs what that owes.
//!
//! A batch ([`batch`]) is messages, and those of one user are a turn; a message ([`message`]) is an
//! event or a call to resume one; an event is recorded ([`record`]), after another system was asked
//! about its person ([`lookup`]) where the rules need that, or a refused sign-up was counted
//! ([`suspicion`]); then all of a turn are folded into their user ([`project`]), and each is finished
//! ([`finish`]): its once-effects performed ([`perform`]) under a lease ([`lease`]), the bus told
//! ([`publication`]).
//! What cannot be done goes to the dead letters ([`set_aside`]), waits in the queue while a service
//! is down ([`patience`]), or waits in the ledger for the
//! sweep ([`sweep`]), after which it is resumed ([`resume`]).

pub mod batch;
mod deferral;
pub mod deployed;
pub mod finish;
pub mod guard;
pub mod invite;
pub mod lambda;
pub mod lease;
pub mod lookup;
pub mod mails;
pub mod message;
pub mod organization;
pub mod patience;
pub mod perform;
pub mod poll;
pub mod project;
pub mod publication;
pub mod record;
pub mod resume;
pub mod set_aside;
pub mod story;
pub mod suspicion;
pub mod sweep;
pub mod wiring;

#[cfg(feature = "fault-injection")]
pub mod fault;
#[cfg(not(feature = "fault-injection"))]
mod fault;
mod load;
mod turn;

pub use deployed::Deployed;

use std::sync::Arc;
use std::time::Duration;
use usher_shared::clock::Clock;
use usher_shared::digest::Secret;
use usher_shared::organization::Cache as OrganizationCache;
use usher_shared::policy::Policy;
use usher_shared::port::{Bus, DeadLetters, Lookup, Mailer, Queue, Store, Visibility};
use usher_shared::retry::Schedule;
use usher_shared::secret::Kept;

/// Waits between tries of one call to the table, the bus or the mail service within an invocation.
pub(crate) const TRIES: Schedule = Schedule {
    first_wait: Duration::from_millis(50),
    max_wait: Duration::from_millis(800),
    attempts: 4,
};

/// Everything that the worker works with, under one policy. Cheap to clone: each batch has one of its
/// own, under the policy that is in force when it begins.
#[derive(Clone)]
pub struct Worker {
    /// Decides.
    pub policy: Arc<Policy>,
    /// The log, the users and what is due.
    pub store: Arc<dyn Store>,
    /// Organizations that were read from it a short while ago.
    pub organizations: OrganizationCache,
    /// Hides the names that invites are held under.
    pub secret: Kept<Secret>,
    /// Asks another system for roles.
    pub lookup: Arc<dyn Lookup>,
    /// The breakers that mail, bus and lookup are behind.
    pub guards: guard::Guards,
    /// Takes what the sweep sends on.
    pub queue: Arc<dyn Queue>,
    /// Hides messages that cannot be worked on now.
    pub visibility: Arc<dyn Visibility>,
    /// Takes what cannot be worked on.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// Takes recorded events.
    pub bus: Arc<dyn Bus>,
    /// Takes mail.
    pub mailer: Arc<dyn Mailer>,
    /// Renders mail, as that policy says.
    pub templates: mails::Templates,
    /// Tells the time, also to leases: it has to be asked anew before each call that a lease guards.
    pub clock: Arc<dyn Clock>,
    /// Who holds the leases that this worker takes. No two running workers have one name.
    pub owner: String,
}
