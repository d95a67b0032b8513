//! The policy: what the owner of a pool decided, read from a file, and the decisions that follow.
//!
//! Four questions, each a pure function: [`admit`] – may this sign-up or sign-in go on?
//! [`claims`] – what does a token say? [`notice`] – what does it show that is not recorded?
//! [`react`] – what follows from an event, and what is owed? Each can also say why: rules are
//! [`opinion`]s, and a [`trace`] keeps those of one call.

pub mod admit;
mod breakers;
pub mod claims;
pub mod custom_messages;
mod disposable;
pub mod domain;
pub mod file;
pub mod findings;
pub mod free_mail;
pub mod hours;
pub mod invited;
pub mod locale;
pub mod lookup;
pub mod mails;
pub mod notice;
pub mod opinion;
pub mod person;
pub mod react;
pub mod refusal;
pub mod scope;
mod sign_up;
pub mod sources;
pub mod tokens;
pub mod trace;
pub mod why;

use crate::commit::Deferral;
use crate::preferences::Defaults;
use crate::user::User;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use usher_events::{AccountType, ClientId, OrganizationId, Plan, Role};

pub use breakers::BreakerRules;
pub use custom_messages::{CustomMessages, MessageSource};
pub use domain::{Domain, DomainPattern};
pub use findings::{DomainOrganization, Findings, LookedUp};
pub use hours::Hours;
pub use lookup::LookupRules;
pub use mails::{MailKind, MailTemplate, OrganizationContent, TagSays};
pub use person::Address;
pub use sign_up::{AutoConfirm, SignUp};
pub use tokens::{Claim, Groups, Machine, Says, ScopeEdits, Scopes, TokenVersion, Tokens};

/// What a read of the user item has shown; the only thing but the policy that decides on the spot.
#[derive(Clone, Copy, Debug)]
pub enum UserRead<'a> {
    /// There is one.
    Found(&'a User),
    /// Nothing is recorded of this user yet.
    Absent,
    /// The table did not answer in time, so nobody can tell.
    StoreDown,
}

/// Everything that a policy file says, checked and with defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `[sign_up]`
    pub sign_up: SignUp,
    /// `[invites]`
    pub invites: InviteRules,
    /// `[sign_in]`
    pub sign_in: SignIn,
    /// `[sources]`
    pub sources: Sources,
    /// `[roles]`
    pub roles: Roles,
    /// `[[domains]]`: what a verified address of a domain brings.
    pub domains: Vec<DomainRule>,
    /// `[organizations.<id>]`
    pub organizations: BTreeMap<OrganizationId, Organization>,
    /// `[founding]`: organizations of domains that no rule gives one.
    pub founding: Founding,
    /// `[lookup]`: another system that is asked for roles; none without.
    pub lookup: Option<LookupRules>,
    /// `[plans.<plan>]`: every plan there is, and what it includes.
    pub plans: BTreeMap<Plan, PlanRules>,
    /// `[trusted_providers]`: for which domains an outside provider's word on an address counts.
    pub trusted_providers: BTreeMap<String, Vec<DomainPattern>>,
    /// `[attributes]`: which attributes of the pool fill fields that have no standard attribute.
    pub attributes: Attributes,
    /// `[tokens]`
    pub tokens: Tokens,
    /// `[machines.<client id>]`: app clients that have tokens of their own.
    pub machines: BTreeMap<ClientId, Machine>,
    /// `[profile]`
    pub profile: ProfileRules,
    /// `[preferences]`: a new user's settings where the attributes say nothing.
    pub preferences: Defaults,
    /// `[mail]`
    pub mail: MailRules,
    /// `[bus]`
    pub bus: BusRules,
    /// `[trigger]`
    pub trigger: TriggerLimits,
    /// `[worker]`
    pub worker: WorkerLimits,
    /// `[deferral]`: when an effect that failed is tried again.
    pub deferral: Deferral,
    /// `[breaker]`
    pub breakers: BreakerRules,
    /// `[sweep]`
    pub sweep: SweepLimits,
    /// `[messages]`: what a refused user reads. Product copy: short, fixed, without a full stop.
    pub messages: Messages,
    /// `[refusals.<reason>]`: the same for one reason, and by locale.
    pub refusals: BTreeMap<refusal::Topic, refusal::Sentence>,
    /// `[custom_messages]`: what Cognito sends in place of the pool's own templates.
    pub custom_messages: CustomMessages,
}

/// Who needs an invite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InviteRule {
    /// Nobody, and codes are not looked at.
    #[default]
    Never,
    /// Nobody; a code that is given counts.
    Optional,
    /// Whoever has an address of these domains, or none that shows its domain.
    ByDomain(Vec<DomainPattern>),
    /// Everybody.
    Always,
}

/// How invites are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteRules {
    /// How long a use waits for the confirmation of a sign-up.
    pub reservation: Duration,
    /// The key of `validationData` or `clientMetadata` that carries the code.
    pub code_key: String,
}

/// Which attribute people sign in with. It tells one person from another under one user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInName {
    /// The mail address.
    Email,
    /// The phone number.
    PhoneNumber,
    /// The user name itself.
    UserName,
}

/// Who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// What happens while the table does not answer.
    pub when_store_is_down: WhenStoreIsDown,
    /// Whether users are refused of whom something is recorded, but neither a confirmation nor a
    /// sign-in.
    pub refuse_pending: bool,
    /// `[sign_in.hours]`: when users may sign in; at any time without.
    pub hours: Option<Hours>,
}

/// What happens to a sign-in that cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenStoreIsDown {
    /// Let it go on. Suspension also disables the user in the pool.
    Admit,
    /// Refuse it.
    Refuse,
}

/// The triggers that usher does not answer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    /// Signing in by challenges of the owner's own.
    pub challenges: WayIn,
    /// Taking users over from another directory.
    pub migration: WayIn,
    /// What an outside provider says of a user, before it becomes attributes.
    pub inbound_federation: WayIn,
}

/// Whether a way into the pool is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayIn {
    /// Its events go back as they came.
    Pass,
    /// Whoever comes by it is refused.
    Refuse,
}

/// Roles and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    /// The role of a user to whom nobody gave another.
    pub default: Role,
    /// `[roles.permissions]`: every role there is, and its permissions.
    pub permissions: BTreeMap<Role, BTreeSet<String>>,
    /// `[roles.administrators]`
    pub administrators: Administrators,
}

/// Who is an administrator, by verified mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Administrators {
    /// The role that they have; there is one wherever there are addresses.
    pub role: Option<Role>,
    /// Their addresses.
    pub emails: BTreeSet<Address>,
}

/// Organizations of domains that no rule gives one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    /// What a verified address of such a domain brings.
    pub mode: FoundingMode,
    /// Domains, beside the well-known ones, where everybody can have an address.
    pub free_mail: Vec<DomainPattern>,
    /// The role of whoever founded an organization, in the whole application.
    pub founder_role: Option<Role>,
    /// The kind of account of a new organization's members.
    pub account_type: Option<AccountType>,
    /// What a new organization pays for; always a plan that the policy declares.
    pub plan: Option<Plan>,
    /// How long trigger and worker go by what they have read of an organization.
    pub cache: Duration,
}

/// What a verified address of a domain without a rule brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FoundingMode {
    /// No organization.
    #[default]
    Off,
    /// The organization of that domain, where there is one.
    Join,
    /// The same; where there is none, the user founds it.
    Create,
}

/// What a verified address of a domain brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainRule {
    /// Which domains.
    pub domain: DomainPattern,
    /// A role.
    pub role: Option<Role>,
    /// A membership.
    pub organization: Option<OrganizationId>,
}

/// One organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its name, for mails.
    pub name: String,
    /// The kind of account that its members have.
    pub account_type: Option<AccountType>,
    /// Whether its members may sign in.
    pub active: bool,
    /// What it pays for; always a plan that the policy declares.
    pub plan: Option<Plan>,
}

/// What a plan includes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanRules {
    /// Features of the application; words without spaces.
    pub features: BTreeSet<String>,
}

/// Names of custom attributes. All are written by users unless the app client forbids it, and so
/// none of them grants anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Fills `department`.
    pub department: String,
    /// Fills the consent to marketing mail.
    pub marketing_consent: String,
    /// Fills `onboardingCompleted`.
    pub onboarding_completed: String,
    /// Says what brought the user; client metadata of the same name without `custom:` comes first.
    pub signup_source: String,
    /// Which standard attribute people sign in with.
    pub sign_in_name: SignInName,
}

/// What the worker keeps of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileRules {
    /// Whether user items and preferences are kept at all. Without, the log alone is.
    pub create: bool,
}

/// Mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRules {
    /// Whether a confirmed user is owed a welcome mail.
    pub welcome: bool,
    /// Whether that is so also where Cognito does not call the address verified. Then anybody can
    /// have a mail sent to anybody's address by signing up with it.
    pub welcome_unverified: bool,
    /// Whether a user is owed one too whom a token shows and no confirmation announces.
    pub welcome_first_seen: bool,
    /// How long such a welcome leaves it to the confirmation to come first.
    pub welcome_first_seen_delay: Duration,
    /// Whether each password reset owes a notice to a verified address.
    pub password_changed: bool,
    /// Whether each suspension by an operator owes a notice to a verified address.
    pub suspension: bool,
    /// The sender; needed where any mail is owed, and no notice is owed without.
    pub from: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// The application's address, without a slash at its end; links in mails begin with it. May be
    /// empty where nobody is welcomed: notices do without links then.
    pub app_url: String,
    /// The application's name, in mails.
    pub app_name: String,
    /// Where the welcome's readers say to have no more mails; `https`, and a token is added to it.
    pub unsubscribe_url: Option<String>,
    /// The mail service's own set of settings.
    pub configuration_set: Option<String>,
    /// `[[mail.templates]]`: the owner's, in place of ours.
    pub templates: Vec<MailTemplate>,
    /// `[mail.tags.<mail>]`: the owner's, beside ours.
    pub tags: BTreeMap<MailKind, BTreeMap<String, TagSays>>,
    /// `[organizations.<id>.content]`
    pub content: OrganizationContent,
}

impl MailRules {
    /// Whether any mail may be owed.
    pub fn is_any_owed(&self) -> bool {
        MailKind::ALL.into_iter().any(|kind| self.is_owed(kind))
    }

    /// Whether this mail may be owed.
    pub fn is_owed(&self, kind: MailKind) -> bool {
        match kind {
            MailKind::Welcome => self.welcome,
            MailKind::PasswordChanged => self.password_changed,
            MailKind::Suspension => self.suspension,
        }
    }
}

/// What the bus is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusRules {
    /// Whether recorded events are published at all.
    pub publish: bool,
    /// Whether they carry the person. Then every receiver of the bus holds personal data.
    pub include_person: bool,
}

/// The trigger's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerLimits {
    /// From the start of an invocation to its answer.
    pub budget: Duration,
}

/// The worker's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerLimits {
    /// How many users of one batch are worked on at once.
    pub concurrency: usize,
    /// How long a lease on once-effects holds. Shorter than the queue's visibility timeout.
    pub lease: Duration,
    /// The queue's receive limit: at the last delivery a message is set aside with its cause.
    pub receive_limit: u32,
}

/// How what is due comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepLimits {
    /// The most that each sweep, which is each minute, sends of what waits for one service.
    pub most_a_minute: u32,
}

/// What a refused user reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    /// A sign-up that the policy refuses.
    pub sign_up_refused: String,
    /// A sign-up without the invite that it needs.
    pub invite_missing: String,
    /// A sign-up whose invite does not count, for whichever reason.
    pub invite_refused: String,
    /// A sign-in or token that the policy refuses.
    pub sign_in_refused: String,
    /// What cannot be decided now.
    pub try_again: String,
}
