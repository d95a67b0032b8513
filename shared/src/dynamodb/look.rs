//! Whether the table is there and may be read, before anything else is asked of it.

use super::Table;
use crate::aws::{Named, Unseen, unseen};

const DESCRIBE: &str = "dynamodb.describe_table";

/// A table that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many items it holds, as of some hours ago; `None` where nobody counts them.
    pub items: Option<u64>,
}

impl Table {
    /// Looks whether the table is there.
    pub async fn look(&self) -> Result<Seen, Unseen> {
        let request = self.client.describe_table().table_name(self.name());
        let error = match request.send().await {
            Ok(answer) => {
                let items = answer.table.and_then(|table| table.item_count);
                let items = items.and_then(|items| u64::try_from(items).ok());
                return Ok(Seen { items });
            }
            Err(error) => error,
        };
        let region = self.client.config().region();
        let of = Named {
            kind: "table",
            name: self.name().to_owned(),
            variable: "USHER_TABLE",
            region: region.map_or_else(|| "no region".to_owned(), ToString::to_string),
        };
        // Reading it may be allowed to whoever may not describe it.
        unseen(of, DESCRIBE, &error).map_or(Ok(Seen { items: None }), Err)
    }
}
