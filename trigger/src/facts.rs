//! What happened, as the events that the rest of the system knows.

use crate::cognito::{Call, Source, TokenSource};
use crate::refused::Refused;
use std::collections::BTreeSet;
use usher_events::{
    AttributesChanged, ClientId, ConfirmationRoute, CorrelationId, Envelope, EventId, FirstSeen,
    InviteId, LifecycleEvent, MessageMedium, MessagePurpose, MessageRequested, PasswordReset,
    Person, RefusalReason, RefusedStep, SignInRefused, SignUpConfirmed, SignUpContext, SignUpKey,
    SignUpRefused, SignUpRequested, SignUpRoute, SignedIn, Sub, Subject, Time, identity,
};
use usher_shared::digest::Secret;
use usher_shared::policy::notice::{self, Notice};
use usher_shared::policy::trace::{self, Step, Trace};
use usher_shared::policy::{self, Policy, SignInName, UserRead};

/// What a fact is made of besides the call itself.
#[derive(Clone, Copy, Debug)]
pub struct Witness<'a> {
    /// Names the attributes.
    pub policy: &'a Policy,
    /// Hides user names. `None` where it cannot be read now: then there is no name for a sign-up.
    pub secret: Option<&'a Secret>,
    /// When it happened.
    pub now: Time,
    /// The invocation's id.
    pub request_id: &'a str,
    /// Keeps what is asked of the policy, for whoever wants to know why; a Lambda keeps nothing.
    pub trace: Option<&'a Trace>,
}

impl Witness<'_> {
    /// Keeps steps, if anybody asked why.
    pub fn note(&self, steps: impl FnOnce() -> Vec<Step>) {
        trace::note(self.trace, steps);
    }

    /// A sign-up was admitted. `None` if there is no secret to name it by.
    pub fn sign_up_requested(
        &self,
        call: &Call<'_>,
        route: SignUpRoute,
        invite: Option<InviteId>,
    ) -> Option<Envelope<LifecycleEvent>> {
        let subject = Subject::SignUp(self.sign_up_key(call)?);
        let (id, time) = identity::sign_up_request(&call.pool, &subject, route, self.now);
        let event = SignUpRequested { route, invite };
        Some(self.envelope(call, subject, id, time, event.into()))
    }

    /// A sign-up under this name was refused, for this often within the hour.
    pub fn sign_up_refused(
        &self,
        call: &Call<'_>,
        name: SignUpKey,
        route: SignUpRoute,
        refused: Refused,
        attempt: u32,
    ) -> Envelope<LifecycleEvent> {
        let Refused { reason, invite } = refused;
        let subject = Subject::SignUp(name);
        let event = SignUpRefused {
            invite,
            ..SignUpRefused::new(route, reason, attempt)
        };
        let (id, time) = identity::sign_up_refusal(&call.pool, &subject, reason, attempt, self.now);
        self.envelope(call, subject, id, time, event.into())
    }

    /// The name under which whoever signs up would sign in; the user name where that is missing.
    /// Where people sign in by address the pool makes up a new user name at each attempt, and
    /// attempts of one person would never be counted together. `None` if there is no secret to hide
    /// it.
    pub fn sign_in_name(&self, call: &Call<'_>) -> Option<SignUpKey> {
        let name = match self.policy.attributes.sign_in_name {
            SignInName::Email => call.request.attribute("email"),
            SignInName::PhoneNumber => call.request.attribute("phone_number"),
            SignInName::UserName => None,
        };
        let name = name.as_deref().unwrap_or(&call.user_name);
        Some(self.secret?.sign_up_key(&call.pool, name))
    }

    /// A user was refused a sign-in or a token.
    pub fn sign_in_refused(
        &self,
        call: &Call<'_>,
        sub: Sub,
        reason: RefusalReason,
    ) -> Envelope<LifecycleEvent> {
        let (id, time) = identity::sign_in_refusal(&call.pool, &sub, reason, self.now);
        let event = SignInRefused {
            step: step(call),
            client: client(call),
            ..SignInRefused::new(reason)
        };
        self.envelope(call, Subject::User(sub), id, time, event.into())
    }

    /// Cognito asked for a message to be sent in its stead. Of a user whom the event does not name by
    /// sub it is told under the name: the one that a notice carries, else that of the call. `None` if
    /// there is no secret to hide the name.
    pub fn message_requested(
        &self,
        call: &Call<'_>,
        medium: MessageMedium,
        purpose: MessagePurpose,
    ) -> Option<Envelope<LifecycleEvent>> {
        let subject = match sub(call) {
            Some(sub) => Subject::User(sub),
            None => {
                let name = call.request.attribute("USER_NAME");
                let name = name.as_deref().unwrap_or(&call.user_name);
                Subject::SignUp(self.secret?.sign_up_key(&call.pool, name))
            }
        };
        let (id, time) =
            identity::message_requested(&call.pool, &subject, medium, purpose, self.now);
        let event = MessageRequested { medium, purpose }.into();
        Some(self.envelope(call, subject, id, time, event))
    }

    /// What a token shows of its user that nobody has told us yet; see [`notice`]. `None` also for a
    /// change without a secret to tell it from others, or in the minute of what is recorded: then the
    /// next token tells it.
    pub fn noticed(
        &self,
        call: &Call<'_>,
        sub: Sub,
        user: UserRead<'_>,
        person: Person,
    ) -> Option<Envelope<LifecycleEvent>> {
        let looked = notice::look(self.policy, user, &person);
        self.note(|| vec![notice::explain(looked)]);
        let notice = looked.ok()?;
        let client = client(call);
        let (id, time, event): (EventId, Time, LifecycleEvent) = match notice {
            Notice::FirstSeen => {
                let event = FirstSeen { client, person }.into();
                (identity::once(&call.pool, &sub, &event), self.now, event)
            }
            Notice::AttributesChanged { since } => {
                let digest = self.secret?.person(&person);
                let (id, time) = identity::attributes_changed(&call.pool, &sub, &digest, self.now);
                if time <= since {
                    return None;
                }
                (id, time, AttributesChanged { client, person }.into())
            }
        };
        Some(self.envelope(call, Subject::User(sub), id, time, event))
    }

    /// What a trigger that runs after the fact tells; `None` if it tells of no user.
    pub fn after_the_fact(&self, call: &Call<'_>) -> Option<Envelope<LifecycleEvent>> {
        let sub = sub(call)?;
        let mut person = call.request.person(&self.policy.attributes);
        policy::person::normalize(&mut person);
        let client = client(call);
        let (id, time, event): (EventId, Time, LifecycleEvent) = match call.source {
            Source::ConfirmSignUp => {
                let external = call.request.is_external();
                let route = if external {
                    ConfirmationRoute::ExternalProvider
                } else {
                    ConfirmationRoute::SignUp
                };
                let context = self.context(call);
                let event = SignUpConfirmed {
                    route,
                    client,
                    context,
                    sign_up: self.sign_up_key(call),
                    person,
                }
                .into();
                (identity::once(&call.pool, &sub, &event), self.now, event)
            }
            Source::ConfirmForgotPassword => {
                let (id, time) = identity::password_reset(&call.pool, &sub, self.now);
                (id, time, PasswordReset { client, person }.into())
            }
            Source::PostAuthentication => {
                // Without the secret, each call is a sign-in of its own: told twice is not lost.
                let digest = self.secret.map_or_else(
                    || self.request_id.to_owned(),
                    |secret| secret.person(&person),
                );
                let (id, time) =
                    identity::sign_in(&call.pool, &sub, client.as_ref(), &digest, self.now);
                let new_device = call.request.flag("newDeviceUsed");
                (
                    id,
                    time,
                    SignedIn {
                        client,
                        new_device,
                        person,
                    }
                    .into(),
                )
            }
            Source::PreSignUp(_)
            | Source::PreAuthentication
            | Source::TokenGeneration(_)
            | Source::CustomMessage(_)
            | Source::CustomSender(..)
            | Source::Challenge(_)
            | Source::UserMigration(_)
            | Source::InboundFederation => return None,
        };
        Some(self.envelope(call, Subject::User(sub), id, time, event))
    }

    /// The same before the confirmation and after it: Cognito names the user alike in both.
    fn sign_up_key(&self, call: &Call<'_>) -> Option<SignUpKey> {
        Some(self.secret?.sign_up_key(&call.pool, &call.user_name))
    }

    /// Where the sign-up came from: what the client says now, else what it once wrote down.
    pub fn context(&self, call: &Call<'_>) -> SignUpContext {
        let attribute = &self.policy.attributes.signup_source;
        let hint = attribute.strip_prefix("custom:").unwrap_or(attribute);
        let source = call
            .request
            .hint(hint)
            .or_else(|| call.request.attribute(attribute));
        let campaign = call.request.hint("utm_campaign");
        SignUpContext {
            source: source.and_then(|text| known(&text, &self.policy.sign_up.known_sources)),
            campaign: campaign.and_then(|text| known(&text, &self.policy.sign_up.known_campaigns)),
            referrer: call
                .request
                .hint("referrer")
                .as_deref()
                .and_then(SignUpContext::word),
        }
    }

    fn envelope(
        &self,
        call: &Call<'_>,
        subject: Subject,
        id: EventId,
        time: Time,
        event: LifecycleEvent,
    ) -> Envelope<LifecycleEvent> {
        Envelope {
            id,
            source: call.pool.clone(),
            subject,
            time,
            correlation_id: CorrelationId::new(self.request_id).ok(),
            causation_id: None,
            event,
        }
    }
}

/// What a call wants of which its user may be refused.
fn step(call: &Call<'_>) -> RefusedStep {
    match call.source {
        Source::PreAuthentication | Source::Challenge(_) => RefusedStep::SignIn,
        Source::TokenGeneration(TokenSource::RefreshTokens) => RefusedStep::Refresh,
        Source::TokenGeneration(
            TokenSource::HostedAuth
            | TokenSource::Authentication
            | TokenSource::NewPasswordChallenge
            | TokenSource::AuthenticateDevice
            | TokenSource::ClientCredentials,
        ) => RefusedStep::Token,
        Source::PreSignUp(_)
        | Source::ConfirmSignUp
        | Source::ConfirmForgotPassword
        | Source::PostAuthentication
        | Source::CustomMessage(_)
        | Source::CustomSender(..)
        | Source::UserMigration(_)
        | Source::InboundFederation => RefusedStep::Unknown,
    }
}

fn client(call: &Call<'_>) -> Option<ClientId> {
    call.client_id.clone().and_then(|id| ClientId::new(id).ok())
}

/// A word that may be kept: one of those that the policy knows, if it knows any.
fn known(text: &str, words: &BTreeSet<String>) -> Option<String> {
    let word = SignUpContext::word(text)?;
    (words.is_empty() || words.contains(&word)).then_some(word)
}

/// The user's sub, where the event names one.
pub fn sub(call: &Call<'_>) -> Option<Sub> {
    call.request
        .attribute("sub")
        .and_then(|sub| Sub::new(sub).ok())
}
