//! The lifecycle events of a Cognito user: what has happened, in a closed and versioned set of facts.
//!
//! Three sets, as three types, so that none can be mistaken for another:
//!
//! * [`LifecycleEvent`] – what Cognito told us. The only set that the wire brings in.
//! * [`DecidedEvent`] – what the policy decided from one of those. Lives in the commit of its cause.
//! * [`OperatorEvent`] – what a person with access to the table did. Appended by the command alone.
//!
//! An [`Envelope`] carries one event with its id, subject, time and cause; [`wire`] gives it its
//! CloudEvents form. Ids come from [`identity`], so that a repeat of a fact has the id of the fact.

mod decided;
mod envelope;
mod fact;
mod ids;
mod lifecycle;
mod operator;
mod person;
mod personal;
mod time;

pub mod identity;
pub mod upcast;
pub mod wire;

pub use decided::{
    DecidedEvent, OrganizationJoined, OrganizationLeft, OrganizationSource, RoleAssigned,
    RoleSource,
};
pub use envelope::Envelope;
pub use fact::Fact;
pub use ids::{
    AccountType, ClientId, CorrelationId, EventId, IdError, OrganizationId, Plan, PoolId, Role,
    SignUpKey, Sub, Subject,
};
pub use lifecycle::{
    ConfirmationRoute, LifecycleEvent, PasswordReset, RefusalReason, SignInRefused,
    SignUpConfirmed, SignUpContext, SignUpRefused, SignUpRequested, SignUpRoute, SignedIn,
};
pub use operator::{OperatorEvent, SuspensionReason, UserReinstated, UserSuspended};
pub use person::Person;
pub use personal::Personal;
pub use time::Time;
