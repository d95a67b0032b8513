use usher_events::{MessageMedium, MessagePurpose, SignUpRoute};
use usher_shared::policy::MessageSource;

/// Which trigger called, of those that Cognito has. Every other goes back unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `PreSignUp_*`
    PreSignUp(SignUpRoute),
    /// `PostConfirmation_ConfirmSignUp`
    ConfirmSignUp,
    /// `PostConfirmation_ConfirmForgotPassword`
    ConfirmForgotPassword,
    /// `PreAuthentication_Authentication`
    PreAuthentication,
    /// `PostAuthentication_Authentication`
    PostAuthentication,
    /// `TokenGeneration_*`
    TokenGeneration(TokenSource),
    /// `CustomMessage_*`
    CustomMessage(MessageSource),
    /// `CustomEmailSender_*` and `CustomSMSSender_*`
    CustomSender(MessageMedium, MessagePurpose),
    /// `DefineAuthChallenge_Authentication` and what follows it.
    Challenge(ChallengeStep),
    /// `UserMigration_*`
    UserMigration(MigrationSource),
    /// `InboundFederation_ExternalProvider`
    InboundFederation,
}

/// Where a sign-in by challenges of the owner's own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeStep {
    /// What comes next is asked.
    Define,
    /// A challenge is to be made.
    Create,
    /// An answer is to be judged.
    Verify,
}

/// What an unknown user, who may be one of another directory, wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationSource {
    /// Signing in, with a password that the event carries.
    Authentication,
    /// Setting a new password.
    ForgotPassword,
}

/// What the tokens are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// Managed login, and every sign-in with an outside provider.
    HostedAuth,
    /// A sign-in through the API; also a refresh with rotation.
    Authentication,
    /// The first password of a user whom an administrator created.
    NewPasswordChallenge,
    /// The end of a device's authentication.
    AuthenticateDevice,
    /// A refresh.
    RefreshTokens,
    /// A machine's own token; there is no user.
    ClientCredentials,
}

impl Source {
    /// Every source that Cognito has, under its name for it.
    #[rustfmt::skip]
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("PreSignUp_SignUp", Self::PreSignUp(SignUpRoute::SelfService)),
        ("PreSignUp_AdminCreateUser", Self::PreSignUp(SignUpRoute::Administrator)),
        ("PreSignUp_ExternalProvider", Self::PreSignUp(SignUpRoute::ExternalProvider)),
        ("PostConfirmation_ConfirmSignUp", Self::ConfirmSignUp),
        ("PostConfirmation_ConfirmForgotPassword", Self::ConfirmForgotPassword),
        ("PreAuthentication_Authentication", Self::PreAuthentication),
        ("PostAuthentication_Authentication", Self::PostAuthentication),
        ("TokenGeneration_HostedAuth", Self::TokenGeneration(TokenSource::HostedAuth)),
        ("TokenGeneration_Authentication", Self::TokenGeneration(TokenSource::Authentication)),
        ("TokenGeneration_NewPasswordChallenge", Self::TokenGeneration(TokenSource::NewPasswordChallenge)),
        ("TokenGeneration_AuthenticateDevice", Self::TokenGeneration(TokenSource::AuthenticateDevice)),
        ("TokenGeneration_RefreshTokens", Self::TokenGeneration(TokenSource::RefreshTokens)),
        ("TokenGeneration_ClientCredentials", Self::TokenGeneration(TokenSource::ClientCredentials)),
        ("CustomMessage_SignUp", Self::CustomMessage(MessageSource::SignUp)),
        ("CustomMessage_AdminCreateUser", Self::CustomMessage(MessageSource::AdminCreateUser)),
        ("CustomMessage_ResendCode", Self::CustomMessage(MessageSource::ResendCode)),
        ("CustomMessage_ForgotPassword", Self::CustomMessage(MessageSource::ForgotPassword)),
        ("CustomMessage_UpdateUserAttribute", Self::CustomMessage(MessageSource::UpdateUserAttribute)),
        ("CustomMessage_VerifyUserAttribute", Self::CustomMessage(MessageSource::VerifyUserAttribute)),
        ("CustomMessage_Authentication", Self::CustomMessage(MessageSource::Authentication)),
        ("CustomEmailSender_SignUp", email(MessagePurpose::SignUp)),
        ("CustomEmailSender_AdminCreateUser", email(MessagePurpose::AdminCreateUser)),
        ("CustomEmailSender_ResendCode", email(MessagePurpose::ResendCode)),
        ("CustomEmailSender_ForgotPassword", email(MessagePurpose::ForgotPassword)),
        ("CustomEmailSender_UpdateUserAttribute", email(MessagePurpose::UpdateUserAttribute)),
        ("CustomEmailSender_VerifyUserAttribute", email(MessagePurpose::VerifyUserAttribute)),
        ("CustomEmailSender_Authentication", email(MessagePurpose::Authentication)),
        ("CustomEmailSender_AccountTakeOverNotification", email(MessagePurpose::AccountTakeOverNotification)),
        ("CustomSMSSender_SignUp", sms(MessagePurpose::SignUp)),
        ("CustomSMSSender_AdminCreateUser", sms(MessagePurpose::AdminCreateUser)),
        ("CustomSMSSender_ResendCode", sms(MessagePurpose::ResendCode)),
        ("CustomSMSSender_ForgotPassword", sms(MessagePurpose::ForgotPassword)),
        ("CustomSMSSender_UpdateUserAttribute", sms(MessagePurpose::UpdateUserAttribute)),
        ("CustomSMSSender_VerifyUserAttribute", sms(MessagePurpose::VerifyUserAttribute)),
        ("CustomSMSSender_Authentication", sms(MessagePurpose::Authentication)),
        ("DefineAuthChallenge_Authentication", Self::Challenge(ChallengeStep::Define)),
        ("CreateAuthChallenge_Authentication", Self::Challenge(ChallengeStep::Create)),
        ("VerifyAuthChallengeResponse_Authentication", Self::Challenge(ChallengeStep::Verify)),
        ("UserMigration_Authentication", Self::UserMigration(MigrationSource::Authentication)),
        ("UserMigration_ForgotPassword", Self::UserMigration(MigrationSource::ForgotPassword)),
        ("InboundFederation_ExternalProvider", Self::InboundFederation),
    ];

    /// Names that the developer guide uses in places for one of [`Self::ALL`].
    const SLIPS: [(&'static str, &'static str); 2] = [
        ("VerifyAuthChallenge_", "VerifyAuthChallengeResponse_"),
        ("CustomSmsSender_", "CustomSMSSender_"),
    ];

    /// Reads Cognito's name; `None` for one that nobody has heard of.
    pub fn read(name: &str) -> Option<Self> {
        let slip = Self::SLIPS.iter().find_map(|(slip, meant)| {
            let rest = name.strip_prefix(slip)?;
            Some(format!("{meant}{rest}"))
        });
        let name = slip.as_deref().unwrap_or(name);
        let mut all = Self::ALL.iter();
        all.find(|(known, _)| *known == name)
            .map(|(_, source)| *source)
    }

    /// Cognito's name.
    pub fn as_str(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, source)| *source == self);
        known.map_or("unknown", |(name, _)| name)
    }

    /// Whether what is told of this call is named by the deployment's secret, which is worth waiting
    /// for then.
    pub fn needs_secret(self) -> bool {
        match self {
            Self::PreSignUp(_)
            | Self::ConfirmSignUp
            | Self::PostAuthentication
            | Self::CustomMessage(MessageSource::ResendCode)
            | Self::CustomSender(..) => true,
            Self::ConfirmForgotPassword
            | Self::PreAuthentication
            | Self::TokenGeneration(_)
            | Self::CustomMessage(
                MessageSource::SignUp
                | MessageSource::AdminCreateUser
                | MessageSource::ForgotPassword
                | MessageSource::UpdateUserAttribute
                | MessageSource::VerifyUserAttribute
                | MessageSource::Authentication,
            )
            | Self::Challenge(_)
            | Self::UserMigration(_)
            | Self::InboundFederation => false,
        }
    }
}

const fn email(purpose: MessagePurpose) -> Source {
    Source::CustomSender(MessageMedium::Email, purpose)
}

const fn sms(purpose: MessagePurpose) -> Source {
    Source::CustomSender(MessageMedium::Sms, purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_as_a_source_that_says_the_name() {
        for (name, source) in Source::ALL {
            assert_eq!(
                (Source::read(name), source.as_str()),
                (Some(*source), *name)
            );
        }
        for unknown in [
            "",
            "CustomMessage_Tomorrow",
            "PreSignUp_Tomorrow",
            "presignup_signup",
            "CustomSMSSender_AccountTakeOverNotification",
        ] {
            assert_eq!(Source::read(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn the_readme_lists_every_source_and_no_other() {
        let readme = include_str!("../../../README.md");
        let chapter = readme.split("\n## Triggers\n").nth(1);
        let chapter = chapter.and_then(|rest| rest.split("\n## ").next());
        let rows = chapter.expect("the README has that chapter").lines();
        let listed = rows.filter_map(|row| row.strip_prefix("| `")?.split_once(" | "));
        let listed: Vec<String> = listed
            .flat_map(|(source, _)| {
                let mut words = source.split('`').step_by(2);
                let trigger = words.next().unwrap_or_default().to_owned();
                words
                    .map(move |word| trigger.clone() + word)
                    .collect::<Vec<_>>()
            })
            .collect();
        let known: Vec<&str> = Source::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, known);
    }

    #[test]
    fn a_name_that_the_guide_misspells_is_the_source_that_it_means() {
        for (slip, meant) in [
            (
                "VerifyAuthChallenge_Authentication",
                "VerifyAuthChallengeResponse_Authentication",
            ),
            ("CustomSmsSender_SignUp", "CustomSMSSender_SignUp"),
        ] {
            assert!(Source::read(meant).is_some(), "{meant}");
            assert_eq!(Source::read(slip), Source::read(meant), "{slip}");
        }
        assert_eq!(Source::read("CustomSmsSender_"), None);
    }
}
