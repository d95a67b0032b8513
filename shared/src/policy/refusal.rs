//! What a refused user reads.

use super::locale::Locale;
use super::{Messages, Policy};
use std::collections::BTreeMap;
use std::fmt;
use usher_events::RefusalReason;

/// What a sentence is about, as the policy's file names it.
///
/// Reasons that nobody may tell apart have one topic: whoever tries a code must not learn whether it
/// was ever one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The domain of the mail address is blocked.
    DomainBlocked,
    /// It is not among those that are allowed.
    DomainNotAllowed,
    /// It is of a service that gives addresses away for minutes.
    DomainDisposable,
    /// There is no mail address.
    EmailMissing,
    /// The mail address is not one.
    EmailInvalid,
    /// Nobody trustworthy has verified the mail address.
    EmailUnverified,
    /// The phone number is not one.
    PhoneInvalid,
    /// An attribute is missing.
    AttributeMissing,
    /// An attribute has a value that it must not have.
    AttributeNotAllowed,
    /// A consent was not given.
    ConsentMissing,
    /// The user is suspended.
    UserSuspended,
    /// Nothing is known of the user but what operators did.
    UserPending,
    /// The user's organization is not active.
    OrganizationInactive,
    /// It is outside the hours of the user's role.
    OutsideHours,
    /// Whatever it was, the policy has none of it.
    SourceRefused,
    /// Everything of a kind.
    General(General),
}

/// The sentences of `[messages]`, which stand for whatever has none of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum General {
    /// A sign-up.
    SignUpRefused,
    /// A sign-up that lacks an invite.
    InviteMissing,
    /// A sign-up whose invite is unknown, used, expired, revoked or somebody else's.
    InviteRefused,
    /// A sign-in or a token.
    SignInRefused,
    /// Whatever cannot be decided now.
    TryAgain,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 20] = [
        Self::DomainBlocked,
        Self::DomainNotAllowed,
        Self::DomainDisposable,
        Self::EmailMissing,
        Self::EmailInvalid,
        Self::EmailUnverified,
        Self::PhoneInvalid,
        Self::AttributeMissing,
        Self::AttributeNotAllowed,
        Self::ConsentMissing,
        Self::UserSuspended,
        Self::UserPending,
        Self::OrganizationInactive,
        Self::OutsideHours,
        Self::SourceRefused,
        Self::General(General::SignUpRefused),
        Self::General(General::InviteMissing),
        Self::General(General::InviteRefused),
        Self::General(General::SignInRefused),
        Self::General(General::TryAgain),
    ];

    /// What a refusal for this reason is about.
    pub fn of(reason: RefusalReason) -> Self {
        match reason {
            RefusalReason::DomainBlocked => Self::DomainBlocked,
            RefusalReason::DomainNotAllowed => Self::DomainNotAllowed,
            RefusalReason::DomainDisposable => Self::DomainDisposable,
            RefusalReason::EmailMissing => Self::EmailMissing,
            RefusalReason::EmailInvalid => Self::EmailInvalid,
            RefusalReason::EmailUnverified => Self::EmailUnverified,
            RefusalReason::PhoneInvalid => Self::PhoneInvalid,
            RefusalReason::AttributeMissing => Self::AttributeMissing,
            RefusalReason::AttributeNotAllowed => Self::AttributeNotAllowed,
            RefusalReason::ConsentMissing => Self::ConsentMissing,
            RefusalReason::InviteMissing => Self::General(General::InviteMissing),
            RefusalReason::InviteUnknown
            | RefusalReason::InviteUsed
            | RefusalReason::InviteExpired
            | RefusalReason::InviteRevoked
            | RefusalReason::InviteForeign => Self::General(General::InviteRefused),
            RefusalReason::UserSuspended => Self::UserSuspended,
            RefusalReason::UserPending => Self::UserPending,
            RefusalReason::OrganizationInactive => Self::OrganizationInactive,
            RefusalReason::OutsideHours => Self::OutsideHours,
            RefusalReason::SourceRefused => Self::SourceRefused,
            RefusalReason::StoreUnavailable => Self::General(General::TryAgain),
        }
    }

    /// The name of its table in the policy's file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DomainBlocked => "domain_blocked",
            Self::DomainNotAllowed => "domain_not_allowed",
            Self::DomainDisposable => "domain_disposable",
            Self::EmailMissing => "email_missing",
            Self::EmailInvalid => "email_invalid",
            Self::EmailUnverified => "email_unverified",
            Self::PhoneInvalid => "phone_invalid",
            Self::AttributeMissing => "attribute_missing",
            Self::AttributeNotAllowed => "attribute_not_allowed",
            Self::ConsentMissing => "consent_missing",
            Self::UserSuspended => "user_suspended",
            Self::UserPending => "user_pending",
            Self::OrganizationInactive => "organization_inactive",
            Self::OutsideHours => "outside_hours",
            Self::SourceRefused => "source_refused",
            Self::General(General::SignUpRefused) => "sign_up_refused",
            Self::General(General::InviteMissing) => "invite_missing",
            Self::General(General::InviteRefused) => "invite_refused",
            Self::General(General::SignInRefused) => "sign_in_refused",
            Self::General(General::TryAgain) => "try_again",
        }
    }

    /// Whether a sentence of its own says something of a user to whoever tries to sign in as that
    /// user: the pool asks for the password only later.
    pub fn tells_of_a_user(self) -> bool {
        match self {
            Self::UserSuspended | Self::UserPending | Self::OrganizationInactive => true,
            Self::DomainBlocked
            | Self::DomainNotAllowed
            | Self::DomainDisposable
            | Self::EmailMissing
            | Self::EmailInvalid
            | Self::EmailUnverified
            | Self::PhoneInvalid
            | Self::AttributeMissing
            | Self::AttributeNotAllowed
            | Self::ConsentMissing
            | Self::OutsideHours
            | Self::SourceRefused
            | Self::General(_) => false,
        }
    }

    /// The sentence that stands for it.
    fn general(self) -> General {
        match self {
            Self::DomainBlocked
            | Self::DomainNotAllowed
            | Self::DomainDisposable
            | Self::EmailMissing
            | Self::EmailInvalid
            | Self::EmailUnverified
            | Self::PhoneInvalid
            | Self::AttributeMissing
            | Self::AttributeNotAllowed
            | Self::ConsentMissing => General::SignUpRefused,
            Self::UserSuspended
            | Self::UserPending
            | Self::OrganizationInactive
            | Self::OutsideHours
            | Self::SourceRefused => General::SignInRefused,
            Self::General(general) => general,
        }
    }
}

/// One sentence, as it is for whom it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// For everybody for whose locale there is none; without, the general sentence is.
    pub default: Option<String>,
    /// In other languages.
    pub locales: BTreeMap<Locale, String>,
}

impl Sentence {
    /// The closest to a locale: `pt-BR`, else `pt`, else the default.
    fn closest(&self, locale: Option<&Locale>) -> Option<(&str, Option<&Locale>)> {
        let mut chain = locale.into_iter().flat_map(Locale::chain);
        let found = chain.find_map(|locale| self.locales.get_key_value(&locale));
        let found = found.map(|(locale, text)| (text.as_str(), Some(locale)));
        found.or_else(|| Some((self.default.as_deref()?, None)))
    }
}

/// A sentence, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy<'p> {
    /// The sentence.
    pub text: &'p str,
    /// Where it stands.
    pub place: CopyPlace<'p>,
}

/// Where a sentence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyPlace<'p> {
    /// `[refusals.<topic>]`, in this language or else the default.
    Topic(Topic, Option<&'p Locale>),
    /// `[messages]`
    Message(General),
}

/// What a user reads who is refused for this reason, in the language that comes closest.
///
/// The reason's own sentence goes before the general one in every language.
pub fn text<'p>(policy: &'p Policy, reason: RefusalReason, locale: Option<&str>) -> &'p str {
    copy(policy, reason, locale).text
}

/// As [`text`], with the place of the sentence.
pub fn copy<'p>(policy: &'p Policy, reason: RefusalReason, locale: Option<&str>) -> Copy<'p> {
    let locale = locale.and_then(Locale::new);
    let said = |topic: Topic| {
        let (text, locale) = policy.refusals.get(&topic)?.closest(locale.as_ref())?;
        let place = CopyPlace::Topic(topic, locale);
        Some(Copy { text, place })
    };
    let topic = Topic::of(reason);
    let general = topic.general();
    said(topic)
        .or_else(|| said(Topic::General(general)))
        .unwrap_or_else(|| Copy {
            text: last_word(&policy.messages, general),
            place: CopyPlace::Message(general),
        })
}

impl fmt::Display for CopyPlace<'_> {
    /// The key in the policy's file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(topic, locale) => {
                let locale = locale.map_or("default", Locale::as_str);
                write!(f, "refusals.{}.{locale}", topic.as_str())
            }
            Self::Message(general) => write!(f, "messages.{}", Topic::General(*general).as_str()),
        }
    }
}

/// The general sentence for those to whose locale nothing comes closer.
fn last_word(messages: &Messages, general: General) -> &str {
    match general {
        General::SignUpRefused => &messages.sign_up_refused,
        General::InviteMissing => &messages.invite_missing,
        General::InviteRefused => &messages.invite_refused,
        General::SignInRefused => &messages.sign_in_refused,
        General::TryAgain => &messages.try_again,
    }
}

#[cfg(test)]
mod tests;
