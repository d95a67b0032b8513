//! Filling a table for tests of its size. Never part of what is deployed.

use super::fault::{Item, fault};
use super::{Table, record, users};
use crate::disposition::FaultKind;
use crate::port::Fault;
use crate::seal::{SealedCommit, UserKey};
use crate::user::UserItem;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use usher_events::Sub;

const WRITE: &str = "dynamodb.batch_write_item";

/// The most items that DynamoDB writes in one batch.
const BATCH: usize = 25;

/// One item of a stream.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every row is of the large kinds"
)]
pub enum Row {
    /// A commit.
    Commit(SealedCommit),
    /// A user's key.
    Key(Sub, UserKey),
    /// A user item.
    User(UserItem),
}

impl Row {
    fn item(&self) -> Result<Item, Fault> {
        match self {
            Self::Commit(commit) => record::to_item(WRITE, commit),
            Self::Key(sub, key) => users::key_item(sub, key),
            Self::User(user) => users::to_item(user),
        }
    }
}

impl Table {
    /// Puts rows over whatever is there, in as few calls as there can be. They are the same items
    /// that appending and folding write, and no condition is asked of any.
    pub async fn fill(&self, rows: &[Row]) -> Result<(), Fault> {
        for some in rows.chunks(BATCH) {
            let requests = some.iter().map(|row| {
                let put = PutRequest::builder().set_item(Some(row.item()?)).build();
                let put = put.map_err(|_error| Fault::new(WRITE, FaultKind::Refused))?;
                Ok(WriteRequest::builder().put_request(put).build())
            });
            let mut left = requests.collect::<Result<Vec<_>, Fault>>()?;
            while !left.is_empty() {
                let before = left.len();
                let request = self.client.batch_write_item();
                let request = request.request_items(self.name(), left);
                let answer = request.send().await.map_err(|error| fault(WRITE, &error))?;
                let unwritten = answer.unprocessed_items.unwrap_or_default();
                left = unwritten.into_values().flatten().collect();
                // A table without capacity writes nothing.
                if left.len() == before {
                    return Err(Fault::new(WRITE, FaultKind::Throttled));
                }
            }
        }
        Ok(())
    }
}
