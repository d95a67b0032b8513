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
mod message;
mod operator;
mod person;
mod personal;
mod refusal;
mod sign_up;
mod time;

pub mod identity;
pub mod upcast;
pub mod wire;

pub use decided::{
    AccountTypeAssigned, AccountTypeSource, DecidedEvent, InviteLapsed, InviteRedeemed,
    LapseReason, OrganizationFounded, OrganizationJoined, OrganizationLeft, OrganizationSource,
    RoleAssigned, RoleSource, SuspiciousSignUp,
};
pub use envelope::Envelope;
pub use fact::Fact;
pub use ids::{
    AccountType, ClientId, CorrelationId, EventId, IdError, InviteId, OrganizationId, Plan, PoolId,
    Role, SignUpKey, Sub, Subject,
};
pub use lifecycle::{
    AttributesChanged, FirstSeen, LifecycleEvent, MessageRequested, PasswordReset, SignInRefused,
    SignUpConfirmed, SignUpRefused, SignUpRequested, SignedIn,
};
pub use message::{MessageMedium, MessagePurpose};
pub use operator::{
    AccountTypeSet, EditedText, LetterEdited, MembershipSet, OperatorEvent, PersonRevealed,
    RoleSet, SuspensionReason, UserReinstated, UserSuspended,
};
pub use person::Person;
pub use personal::Personal;
pub use refusal::{RefusalReason, RefusedStep, Severity};
pub use sign_up::{ConfirmationRoute, SignUpContext, SignUpRoute};
pub use time::Time;
