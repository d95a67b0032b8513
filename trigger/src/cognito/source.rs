use usher_events::SignUpRoute;

/// Which trigger called, of those that usher acts on. Every other goes back unchanged.
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
    /// Every source that usher acts on, under Cognito's name for it.
    pub const ALL: [(&'static str, Self); 13] = [
        (
            "PreSignUp_SignUp",
            Self::PreSignUp(SignUpRoute::SelfService),
        ),
        (
            "PreSignUp_AdminCreateUser",
            Self::PreSignUp(SignUpRoute::Administrator),
        ),
        (
            "PreSignUp_ExternalProvider",
            Self::PreSignUp(SignUpRoute::ExternalProvider),
        ),
        ("PostConfirmation_ConfirmSignUp", Self::ConfirmSignUp),
        (
            "PostConfirmation_ConfirmForgotPassword",
            Self::ConfirmForgotPassword,
        ),
        ("PreAuthentication_Authentication", Self::PreAuthentication),
        (
            "PostAuthentication_Authentication",
            Self::PostAuthentication,
        ),
        (
            "TokenGeneration_HostedAuth",
            Self::TokenGeneration(TokenSource::HostedAuth),
        ),
        (
            "TokenGeneration_Authentication",
            Self::TokenGeneration(TokenSource::Authentication),
        ),
        (
            "TokenGeneration_NewPasswordChallenge",
            Self::TokenGeneration(TokenSource::NewPasswordChallenge),
        ),
        (
            "TokenGeneration_AuthenticateDevice",
            Self::TokenGeneration(TokenSource::AuthenticateDevice),
        ),
        (
            "TokenGeneration_RefreshTokens",
            Self::TokenGeneration(TokenSource::RefreshTokens),
        ),
        (
            "TokenGeneration_ClientCredentials",
            Self::TokenGeneration(TokenSource::ClientCredentials),
        ),
    ];

    /// Reads Cognito's name; `None` for one that usher does not act on.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
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
            Self::PreSignUp(_) | Self::ConfirmSignUp | Self::PostAuthentication => true,
            Self::ConfirmForgotPassword | Self::PreAuthentication | Self::TokenGeneration(_) => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_as_a_source_that_says_the_name() {
        for (name, source) in Source::ALL {
            assert_eq!((Source::read(name), source.as_str()), (Some(source), name));
        }
        for unknown in [
            "",
            "CustomMessage_SignUp",
            "PreSignUp_Tomorrow",
            "presignup_signup",
        ] {
            assert_eq!(Source::read(unknown), None, "{unknown}");
        }
    }
}
