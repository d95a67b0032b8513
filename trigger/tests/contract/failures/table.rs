//! The table itself, as DESIGN has it (*Time budget and what happens when something is down*).
//!
//! | Trigger | Store down or slow | Publish down |
//! |---|---|---|
//! | PreSignUp | refused if an invite is needed, else decided without it | answered, spilled |
//! | PreAuthentication | by policy; admitted by default | answered, spilled |
//! | Token generation | least privilege | answered, spilled |
//! | Post* | answered | answered, spilled |
//! | CustomMessage | answered from the policy, which needs no table | answered |
//! | all others | as the policy says, which needs no table | answered, spilled |

use crate::world::{changed, fixture};
use serde_json::json;
use usher_events::SignUpRoute;
use usher_trigger::cognito::{Source, TokenSource};

/// Sources that have a row of the table in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Users who sign themselves up.
    SignUp,
    /// Users whom administrators create. They need no invite.
    Created,
    SignIn,
    /// Tokens of users, at a sign-in and at a refresh.
    Token,
    /// Tokens of machines, of which the table knows nothing.
    Machine,
    Confirmed,
    Reset,
    SignedIn,
    Message,
    /// Messages that a function of the owner's own sends.
    Sender,
    /// What is another program's business.
    Other,
}

impl Group {
    pub(super) fn of(source: Source) -> Self {
        match source {
            Source::PreSignUp(SignUpRoute::Administrator) => Self::Created,
            Source::PreSignUp(SignUpRoute::SelfService | SignUpRoute::ExternalProvider) => {
                Self::SignUp
            }
            Source::ConfirmSignUp => Self::Confirmed,
            Source::ConfirmForgotPassword => Self::Reset,
            Source::PreAuthentication => Self::SignIn,
            Source::PostAuthentication => Self::SignedIn,
            Source::TokenGeneration(TokenSource::ClientCredentials) => Self::Machine,
            Source::TokenGeneration(
                TokenSource::HostedAuth
                | TokenSource::Authentication
                | TokenSource::NewPasswordChallenge
                | TokenSource::AuthenticateDevice
                | TokenSource::RefreshTokens,
            ) => Self::Token,
            Source::CustomMessage(_) => Self::Message,
            Source::CustomSender(..) => Self::Sender,
            Source::Challenge(_) | Source::UserMigration(_) | Source::InboundFederation => {
                Self::Other
            }
        }
    }
}

/// What Cognito gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The event, byte for byte.
    AsItCame,
    /// This sentence.
    Refused(&'static str),
    /// Claims of this role and of no other, and everything suppressed that always is.
    Role(&'static str),
    /// At this place of the response, a text that begins like this.
    Says(&'static str, &'static str),
}

/// An answer, and the type of the event that is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) answer: Answer,
    pub(super) fact: Option<&'static str>,
}

/// What the table knows of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Nothing,
    /// An operator made a manager of them.
    Manager,
    /// An operator suspended them.
    Suspended,
    /// There is an invite under the code that sign-ups bring.
    Invite,
}

/// One row.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) groups: &'static [Group],
    pub(super) policy: &'static str,
    pub(super) known: Known,
    pub(super) event: fn(&str) -> String,
    pub(super) well: Cell,
    pub(super) without_store: Cell,
}

const fn cell(answer: Answer, fact: Option<&'static str>) -> Cell {
    Cell { answer, fact }
}

const fn passes(fact: Option<&'static str>) -> Cell {
    cell(Answer::AsItCame, fact)
}

const TRY_AGAIN: Answer = Answer::Refused("Please try again in a moment");
const NO_SIGN_IN: Answer = Answer::Refused("Sign-in is not possible with this account");

const INVITES: &str = "[sign_up]\ninvite = \"always\"\n";
const CAUTIOUS: &str = "[sign_in]\nwhen_store_is_down = \"refuse\"\n";
const CLOSED: &str = "[sources]\nchallenges = \"refuse\"\nmigration = \"refuse\"\n\
                      inbound_federation = \"refuse\"\n";
/// The address would bring a role and an organization; the user has the role from an operator too.
const GENEROUS: &str = r#"
[roles.permissions]
user = ["profile:read"]
manager = ["reports:read"]
[organizations.acme]
name = "Acme"
account_type = "enterprise"
[[domains]]
domain = "example.com"
role = "manager"
organization = "acme"
[tokens]
suppress = ["phone_number"]
"#;
const MACHINES: &str = "[machines.3n4b5urk1ft4fl3mg5e62d9ado.claims]\ntenant = \"acme\"\n";
const TEXTS: &str = "[custom_messages.sign_up.en]\nsms = \"Yours: {{ code }}\"\n\
                     [custom_messages.admin_create_user.en]\nsms = \"Yours: {{ code }} for {{ username }}\"\n\
                     [custom_messages.resend_code.en]\nsms = \"Yours: {{ code }}\"\n\
                     [custom_messages.forgot_password.en]\nsms = \"Yours: {{ code }}\"\n\
                     [custom_messages.update_user_attribute.en]\nsms = \"Yours: {{ code }}\"\n\
                     [custom_messages.verify_user_attribute.en]\nsms = \"Yours: {{ code }}\"\n\
                     [custom_messages.authentication.en]\nsms = \"Yours: {{ code }}\"\n";

pub(super) const CASES: &[Case] = &[
    Case {
        name: "nobody needs an invite",
        groups: &[Group::SignUp, Group::Created],
        policy: "[sign_up]\nblocked_domains = [\"blocked.example\"]\n",
        known: Known::Nothing,
        event: fixture,
        well: passes(Some("sign_up_requested")),
        without_store: passes(Some("sign_up_requested")),
    },
    Case {
        name: "a blocked domain",
        groups: &[Group::SignUp],
        policy: "[sign_up]\nblocked_domains = [\"example.com\"]\n",
        known: Known::Nothing,
        event: fixture,
        well: cell(
            Answer::Refused("Sign-up is not possible with these details"),
            Some("sign_up_refused"),
        ),
        without_store: cell(
            Answer::Refused("Sign-up is not possible with these details"),
            Some("sign_up_refused"),
        ),
    },
    Case {
        name: "an invite is needed and given",
        groups: &[Group::SignUp],
        policy: INVITES,
        known: Known::Invite,
        event: with_a_code,
        well: passes(Some("sign_up_requested")),
        without_store: cell(TRY_AGAIN, Some("sign_up_refused")),
    },
    Case {
        name: "others need an invite",
        groups: &[Group::Created],
        policy: INVITES,
        known: Known::Invite,
        event: with_a_code,
        well: passes(Some("sign_up_requested")),
        without_store: passes(Some("sign_up_requested")),
    },
    Case {
        name: "a user in good standing",
        groups: &[Group::SignIn],
        policy: "",
        known: Known::Manager,
        event: fixture,
        well: passes(None),
        without_store: passes(None),
    },
    Case {
        name: "a suspended user, admitted if need be",
        groups: &[Group::SignIn],
        policy: "",
        known: Known::Suspended,
        event: fixture,
        well: cell(NO_SIGN_IN, Some("sign_in_refused")),
        without_store: passes(None),
    },
    Case {
        name: "nobody is admitted unseen",
        groups: &[Group::SignIn],
        policy: CAUTIOUS,
        known: Known::Manager,
        event: fixture,
        well: passes(None),
        without_store: cell(TRY_AGAIN, Some("sign_in_refused")),
    },
    Case {
        name: "a user with an elevated role",
        groups: &[Group::Token],
        policy: GENEROUS,
        known: Known::Manager,
        event: fixture,
        well: cell(Answer::Role("manager"), Some("first_seen")),
        without_store: cell(Answer::Role("user"), None),
    },
    Case {
        name: "a suspended user's token",
        groups: &[Group::Token],
        policy: GENEROUS,
        known: Known::Suspended,
        event: fixture,
        well: cell(NO_SIGN_IN, Some("sign_in_refused")),
        without_store: cell(Answer::Role("user"), None),
    },
    Case {
        name: "a machine",
        groups: &[Group::Machine],
        policy: MACHINES,
        known: Known::Nothing,
        event: fixture,
        well: cell(Answer::Says(MACHINE_CLAIM, "acme"), None),
        without_store: cell(Answer::Says(MACHINE_CLAIM, "acme"), None),
    },
    Case {
        name: "a confirmation",
        groups: &[Group::Confirmed],
        policy: INVITES,
        known: Known::Nothing,
        event: fixture,
        well: passes(Some("sign_up_confirmed")),
        without_store: passes(Some("sign_up_confirmed")),
    },
    Case {
        name: "a new password",
        groups: &[Group::Reset],
        policy: CAUTIOUS,
        known: Known::Suspended,
        event: fixture,
        well: passes(Some("password_reset")),
        without_store: passes(Some("password_reset")),
    },
    Case {
        name: "a sign-in that is done",
        groups: &[Group::SignedIn],
        policy: CAUTIOUS,
        known: Known::Suspended,
        event: fixture,
        well: passes(Some("signed_in")),
        without_store: passes(Some("signed_in")),
    },
    Case {
        name: "the pool's own text",
        groups: &[Group::Message],
        policy: INVITES,
        known: Known::Nothing,
        event: fixture,
        well: passes(None),
        without_store: passes(None),
    },
    Case {
        name: "the policy's text",
        groups: &[Group::Message],
        policy: TEXTS,
        known: Known::Nothing,
        event: fixture,
        well: cell(Answer::Says("/smsMessage", "Yours: {####}"), None),
        without_store: cell(Answer::Says("/smsMessage", "Yours: {####}"), None),
    },
    Case {
        name: "another function's message",
        groups: &[Group::Sender],
        policy: INVITES,
        known: Known::Nothing,
        event: fixture,
        well: passes(Some("message_requested")),
        without_store: passes(Some("message_requested")),
    },
    Case {
        name: "another program's business",
        groups: &[Group::Other],
        policy: CAUTIOUS,
        known: Known::Suspended,
        event: fixture,
        well: passes(None),
        without_store: passes(None),
    },
    Case {
        name: "a way in that is closed",
        groups: &[Group::Other],
        policy: CLOSED,
        known: Known::Nothing,
        event: of_nobody,
        well: cell(NO_SIGN_IN, None),
        without_store: cell(NO_SIGN_IN, None),
    },
];

const MACHINE_CLAIM: &str =
    "/claimsAndScopeOverrideDetails/accessTokenGeneration/claimsToAddOrOverride/tenant";

fn with_a_code(source: &str) -> String {
    let code = json!({ "invite_code": "0000-0000-0000-0000" });
    changed(source, &[("/request/validationData", code)])
}

/// An event that names no user, so that there is nobody to tell of.
fn of_nobody(source: &str) -> String {
    match source {
        "InboundFederation_ExternalProvider" => fixture(source),
        _ => changed(source, &[("/request/userAttributes", json!({}))]),
    }
}
