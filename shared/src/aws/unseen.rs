//! Why something of a deployment cannot be worked on, in words for whoever runs a command.

use super::fault::fault;
use crate::port::Fault;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::fmt;
use thiserror::Error;

/// Something of a deployment, as its configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What it is: `table`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The variable that says the name.
    pub variable: &'static str,
    /// Where it was sought.
    pub region: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} {}", self.kind, self.name)
    }
}

/// Why it cannot be worked on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unseen {
    /// There is nothing of this name in this account and region.
    #[error(
        "{of} is not in {} of this account; {} and REGION name {} and region, and your credentials the account",
        of.region, of.variable, of.kind
    )]
    Absent {
        /// What was sought.
        of: Named,
    },
    /// There is nobody to be.
    #[error(
        "there are no AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`"
    )]
    NoCredentials,
    /// Whoever asks may not.
    #[error(
        "your AWS credentials may not use {of}; they have expired, are another account's, or lack permissions for it"
    )]
    NotAllowed {
        /// What was sought.
        of: Named,
    },
    /// It cannot be reached, or something else is wrong.
    #[error("{of} cannot be had now ({fault}); is {} the right region?", of.region)]
    Fault {
        /// What was sought.
        of: Named,
        /// What failed.
        fault: Fault,
    },
}

/// Reads what a call says that describes it; `None` where whoever asks may not describe it, and may be
/// allowed to work on it all the same.
pub(crate) fn unseen<E>(
    of: Named,
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Option<Unseen>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    let code = code.map(|code| code.rsplit('.').next().unwrap_or(code));
    Some(match code {
        Some("ResourceNotFoundException" | "NonExistentQueue" | "QueueDoesNotExist") => {
            Unseen::Absent { of }
        }
        Some(
            "ExpiredTokenException"
            | "ExpiredToken"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken",
        ) => Unseen::NotAllowed { of },
        Some("AccessDeniedException" | "AccessDenied") => return None,
        _ if said_no_credentials(error) => Unseen::NoCredentials,
        _ => Unseen::Fault {
            fault: fault(operation, error),
            of,
        },
    })
}

/// The SDK has no type for it that reaches us: whoever signs wraps what the credentials' provider
/// said.
fn said_no_credentials<E: std::error::Error>(error: &E) -> bool {
    let text = DisplayErrorContext(error).to_string();
    text.contains("CredentialsNotLoaded") || text.contains("no providers in chain")
}
