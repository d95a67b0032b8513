//! Whether the table is there and may be read, before anything else is asked of it.

use super::Table;
use super::fault::fault;
use crate::port::Fault;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use thiserror::Error;

const DESCRIBE: &str = "dynamodb.describe_table";

/// A table that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many items it holds, as of some hours ago; `None` where nobody counts them.
    pub items: Option<u64>,
}

/// Why a table cannot be worked on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unseen {
    /// There is no table of this name in this account and region.
    #[error(
        "the table {table} is not in {region} of this account; USHER_TABLE and REGION name table and region, and your credentials the account"
    )]
    NoTable {
        /// Its name.
        table: String,
        /// Where it was sought.
        region: String,
    },
    /// There is nobody to be.
    #[error(
        "there are no AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`"
    )]
    NoCredentials,
    /// Whoever asks may not.
    #[error(
        "your AWS credentials may not use the table {table}; they have expired, are another account's, or lack permissions for it"
    )]
    NotAllowed {
        /// Its name.
        table: String,
    },
    /// It cannot be reached, or something else is wrong.
    #[error("the table {table} cannot be had now ({fault}); is {region} the right region?")]
    Fault {
        /// Its name.
        table: String,
        /// Where it was sought.
        region: String,
        /// What failed.
        fault: Fault,
    },
}

impl Table {
    /// Looks whether the table is there.
    pub async fn look(&self) -> Result<Seen, Unseen> {
        let table = || self.name().to_owned();
        let region = || {
            let region = self.client.config().region();
            region.map_or_else(|| "no region".to_owned(), ToString::to_string)
        };
        let request = self.client.describe_table().table_name(self.name());
        let error = match request.send().await {
            Ok(answer) => {
                let items = answer.table.and_then(|table| table.item_count);
                let items = items.and_then(|items| u64::try_from(items).ok());
                return Ok(Seen { items });
            }
            Err(error) => error,
        };
        let code = error
            .as_service_error()
            .and_then(ProvideErrorMetadata::code);
        Err(match code {
            Some("ResourceNotFoundException") => Unseen::NoTable {
                table: table(),
                region: region(),
            },
            Some(
                "ExpiredTokenException"
                | "UnrecognizedClientException"
                | "InvalidSignatureException"
                | "IncompleteSignature"
                | "MissingAuthenticationToken",
            ) => Unseen::NotAllowed { table: table() },
            // Reading it may be allowed to whoever may not describe it.
            Some("AccessDeniedException") => return Ok(Seen { items: None }),
            _ if said_no_credentials(&error) => Unseen::NoCredentials,
            _ => Unseen::Fault {
                table: table(),
                region: region(),
                fault: fault(DESCRIBE, &error),
            },
        })
    }
}

/// The SDK has no type for it that reaches us: whoever signs wraps what the credentials' provider
/// said.
fn said_no_credentials<E: std::error::Error>(error: &E) -> bool {
    let text = DisplayErrorContext(error).to_string();
    text.contains("CredentialsNotLoaded") || text.contains("no providers in chain")
}
