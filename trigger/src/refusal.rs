//! What Cognito is told when the answer is no.

use lambda_runtime::Diagnostic;
use std::fmt;

/// The business said no. The text is product copy from the policy, and the only text of ours that
/// ever reaches a user: Cognito shows it as `<Trigger> failed with error <text>.`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    text: String,
}

impl Refusal {
    /// A refusal in the policy's words.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The name under which Lambda reports a refusal. Not a type's name: Cognito's clients see it.
    pub const ERROR_TYPE: &'static str = "Refused";

    /// The sentence.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Refusal> for Diagnostic {
    fn from(refusal: Refusal) -> Self {
        Self {
            error_type: Refusal::ERROR_TYPE.to_owned(),
            error_message: refusal.text,
        }
    }
}
