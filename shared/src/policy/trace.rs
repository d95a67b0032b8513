//! What was asked of the policy for one call, in order, and what came of it.
//!
//! A Lambda keeps no trace; then none of this is made.

use super::opinion::{Opinion, Says};
use serde_json::Value;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use usher_events::RefusalReason;

/// A question to the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Whether a way in is open that usher does not serve itself.
    WayIn,
    /// Whether somebody may sign up.
    SignUp,
    /// Whether an invite is needed, and good.
    Invite,
    /// What an admitted sign-up is spared.
    Automatic,
    /// Which role a user has.
    Role,
    /// Which organization a user belongs to.
    Organization,
    /// What kind of account a user has.
    AccountType,
    /// Whether a user may sign in.
    SignIn,
    /// Whether a user may have a token.
    Token,
    /// What the ID token says.
    IdToken,
    /// What the access token says.
    AccessToken,
    /// What becomes of the groups.
    Groups,
    /// What a message with a code says.
    Message,
    /// What a refused user reads.
    Sentence,
    /// What a token shows of its user that is not recorded.
    Notice,
    /// What the worker owes.
    Owed,
}

impl Question {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WayIn => "way_in",
            Self::SignUp => "sign_up",
            Self::Invite => "invite",
            Self::Automatic => "automatic",
            Self::Role => "role",
            Self::Organization => "organization",
            Self::AccountType => "account_type",
            Self::SignIn => "sign_in",
            Self::Token => "token",
            Self::IdToken => "id_token",
            Self::AccessToken => "access_token",
            Self::Groups => "groups",
            Self::Message => "message",
            Self::Sentence => "sentence",
            Self::Notice => "notice",
            Self::Owed => "owed",
        }
    }
}

/// What one rule came to.
#[derive(Clone, PartialEq, Eq)]
pub enum Said {
    /// It does not hold here.
    Off,
    /// It has nothing against it.
    Passes,
    /// It settles it: yes.
    Admits,
    /// It settles it: no.
    Refuses(RefusalReason),
    /// It would give something, and gives nothing.
    Nothing,
    /// It gives this.
    Gives(Value),
    /// It takes out what has this name.
    Suppresses,
    /// It is left out for want of room.
    LeftOut,
}

impl Said {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Passes => "passes",
            Self::Admits => "admits",
            Self::Refuses(_) => "refuses",
            Self::Nothing => "nothing",
            Self::Gives(_) => "gives",
            Self::Suppresses => "suppresses",
            Self::LeftOut => "left_out",
        }
    }

    /// A text that is given.
    pub fn gives(text: &str) -> Self {
        Self::Gives(Value::from(text))
    }
}

impl fmt::Debug for Said {
    /// Shows the word alone: what is given may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One rule that was asked. It may say something personal, and so its `Debug` does not show why.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    /// What was to be settled.
    pub question: Question,
    /// Who or what is spoken of, where a question has several answers: a source, a claim, a part.
    pub name: Option<String>,
    /// What sets the rule in the policy's file; `None` where it is nothing of the policy.
    pub key: Option<String>,
    /// What it came to.
    pub said: Said,
    /// Why, in a sentence without a full stop.
    pub why: String,
}

impl Step {
    /// A rule under a key.
    pub fn new(
        question: Question,
        key: impl fmt::Display,
        said: Said,
        why: impl fmt::Display,
    ) -> Self {
        Self {
            question,
            name: None,
            key: Some(key.to_string()).filter(|key| !key.is_empty()),
            said,
            why: why.to_string(),
        }
    }

    /// The same, of something that has a name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        let name = Some(name.into());
        Self { name, ..self }
    }

    /// What one rule of a list said.
    pub fn of(question: Question, opinion: &Opinion<'_>) -> Self {
        let said = match opinion.says {
            Says::Off => Said::Off,
            Says::Passes => Said::Passes,
            Says::Admits => Said::Admits,
            Says::Refuses(reason) => Said::Refuses(reason),
        };
        Self::new(question, opinion.key, said, opinion.why)
    }

    /// What the rules of a list said.
    pub fn all(question: Question, opinions: &[Opinion<'_>]) -> Vec<Self> {
        let steps = opinions.iter();
        steps.map(|opinion| Self::of(question, opinion)).collect()
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("question", &self.question)
            .field("key", &self.key)
            .field("said", &self.said)
            .finish_non_exhaustive()
    }
}

/// Keeps the steps of one call, for whoever asked why.
#[derive(Default)]
pub struct Trace(Mutex<Vec<Step>>);

/// Keeps steps, if anybody asked why; they are made only then.
pub fn note(trace: Option<&Trace>, steps: impl FnOnce() -> Vec<Step>) {
    if let Some(trace) = trace {
        trace.note(steps());
    }
}

impl Trace {
    /// Adds steps behind those that are there.
    pub fn note(&self, steps: Vec<Step>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(steps);
    }

    /// Every step, in order.
    pub fn steps(&self) -> Vec<Step> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone()
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace([personal])")
    }
}
