//! The log as it grows, by the stream of the table's changes.

mod image;
mod shards;
mod wire;

use super::Table;
use super::fault::fault;
use crate::aws::Clients;
use crate::aws::json::{Client, Said, Service, Version};
use crate::disposition::FaultKind;
use crate::port::{Fault, Fed, Feed, Turn};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::StreamViewType;
use shards::{Listed, Place, Shards};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::Time;
use wire::{Describe, Described, Iterate, Iterator, Read, Records};

const DESCRIBE_TABLE: &str = "dynamodb.describe_table";
const DESCRIBE: &str = "dynamodb_streams.describe_stream";
const ITERATE: &str = "dynamodb_streams.get_shard_iterator";
const READ: &str = "dynamodb_streams.get_records";

const EXPIRED: &str = "ExpiredIteratorException";
const TRIMMED: &str = "TrimmedDataAccessException";
const GONE: &str = "ResourceNotFoundException";
/// What Streams calls too many calls.
const BUSY: &str = "LimitExceededException";

/// Between rounds over the shards in which something came. A shard takes five reads a second, and has
/// another reader perhaps.
const SOON: Duration = Duration::from_millis(400);
/// Between rounds in which nothing came.
const IDLE: Duration = Duration::from_secs(1);
/// How long a list of shards is good. A shard that ends is followed by others at once; this is for what
/// the service had not yet listed then.
const RELIST: Duration = Duration::from_secs(10);

const SERVICE: Service = Service {
    name: "dynamodb",
    host: "streams.dynamodb",
    version: Version::V1_0,
    id: "DynamoDB Streams",
    target: "DynamoDBStreams_20120810",
};

/// The commits that are appended to a table.
#[derive(Debug)]
pub struct TableFeed {
    client: Client,
    /// The stream's ARN.
    stream: String,
    shards: Shards,
    /// The shards that are still to be read in this round.
    round: VecDeque<String>,
    /// Whether something was read in it.
    came: bool,
    /// When the shards are to be listed again.
    relist: Instant,
    /// What was recorded before is left out where a shard is read from its beginning.
    from: Time,
}

impl TableFeed {
    /// Follows a table from now on, or from an earlier instant of recording; a stream forgets what is
    /// older than a day. `None` where the table has no stream that shows new items.
    pub async fn open(
        clients: &Clients,
        table: &Table,
        now: Time,
        since: Option<Time>,
    ) -> Result<Option<Self>, Fault> {
        let Some(stream) = table.change_stream().await? else {
            return Ok(None);
        };
        let client = Client::new(clients, SERVICE);
        let Some(listed) = list(&client, &stream).await? else {
            return Ok(None);
        };
        let mut feed = Self {
            client,
            stream,
            shards: Shards::new(listed.shards, since.is_some()),
            round: VecDeque::new(),
            came: false,
            relist: Instant::now() + RELIST,
            from: since.unwrap_or(now),
        };
        // Now, so that what comes from here on is among what is read.
        for id in feed.shards.readable() {
            feed.iterate(&id).await?;
        }
        Ok(Some(feed))
    }

    /// Begins a round; `false` if the stream was switched off and has nothing more.
    async fn begin(&mut self) -> Result<bool, Fault> {
        if self.shards.has_news() || Instant::now() >= self.relist {
            let Some(listed) = list(&self.client, &self.stream).await? else {
                return Ok(false);
            };
            self.shards.update(listed.shards);
            self.relist = Instant::now() + RELIST;
            if !listed.is_on && self.shards.readable().is_empty() {
                return Ok(false);
            }
        }
        self.round = self.shards.readable().into();
        self.came = false;
        Ok(true)
    }

    /// Has an iterator for a shard made; `false` if what it would begin with is forgotten.
    async fn iterate(&mut self, id: &str) -> Result<bool, Fault> {
        let Some(shard) = self.shards.get(id) else {
            return Ok(true);
        };
        let (kind, number) = match &shard.place {
            Place::Latest => ("LATEST", None),
            Place::Horizon => ("TRIM_HORIZON", None),
            Place::After(number) => ("AFTER_SEQUENCE_NUMBER", Some(number.clone())),
        };
        let input = Iterate {
            stream_arn: &self.stream,
            shard_id: id,
            shard_iterator_type: kind,
            sequence_number: number,
        };
        let known = [TRIMMED, GONE, BUSY];
        let said = self.client.ask(ITERATE, "GetShardIterator", &input, &known);
        let made: Iterator = match said.await? {
            Said::Done(made) => made,
            Said::Refused(BUSY) => return Err(Fault::new(ITERATE, FaultKind::Throttled)),
            Said::Refused(GONE) => {
                self.shards.end(id);
                return Ok(false);
            }
            Said::Refused(_) => {
                shard.place = Place::Horizon;
                return Ok(false);
            }
        };
        shard.iterator = Some(made.shard_iterator);
        Ok(true)
    }

    /// Reads on in a shard, and remembers how far it is.
    async fn read(&mut self, id: &str) -> Result<Vec<Fed>, Fault> {
        if self.shards.get(id).is_some_and(|it| it.iterator.is_none()) && !self.iterate(id).await? {
            return Ok(vec![Fed::Gap]);
        }
        let Some(shard) = self.shards.get(id) else {
            return Ok(Vec::new());
        };
        let input = Read {
            shard_iterator: shard.iterator.as_deref().unwrap_or_default(),
        };
        let known = [EXPIRED, TRIMMED, GONE, BUSY];
        let said = self.client.ask(READ, "GetRecords", &input, &known);
        let answer: Records = match said.await? {
            Said::Done(answer) => answer,
            Said::Refused(BUSY) => return Err(Fault::new(READ, FaultKind::Throttled)),
            Said::Refused(EXPIRED) => {
                shard.expire();
                return Ok(Vec::new());
            }
            Said::Refused(GONE) => {
                self.shards.end(id);
                return Ok(vec![Fed::Gap]);
            }
            Said::Refused(_) => {
                shard.iterator = None;
                shard.place = Place::Horizon;
                return Ok(vec![Fed::Gap]);
            }
        };
        self.came |= !answer.records.is_empty();
        let mut fed = Vec::new();
        for change in answer.records {
            fed.extend(change.appended().filter(|fed| match fed {
                Fed::Commit(commit) => !shard.only_since || commit.recorded_at >= self.from,
                Fed::Unreadable(_) | Fed::Gap | Fed::Ended => true,
            }));
            shard.place = Place::After(change.dynamodb.sequence_number);
        }
        shard.iterator = answer.next_shard_iterator;
        if shard.iterator.is_none() {
            self.shards.end(id);
        }
        Ok(fed)
    }
}

#[async_trait]
impl Feed for TableFeed {
    async fn next(&mut self) -> Result<Turn, Fault> {
        if self.round.is_empty() && !self.begin().await? {
            let fed = vec![Fed::Ended];
            return Ok(Turn { fed, wait: IDLE });
        }
        let mut fed = Vec::new();
        if let Some(id) = self.round.front().cloned() {
            fed = self.read(&id).await?;
            self.round.pop_front();
        }
        let wait = match (self.round.is_empty(), self.came) {
            (false, _) => Duration::ZERO,
            (true, true) => SOON,
            (true, false) => IDLE,
        };
        Ok(Turn { fed, wait })
    }
}

impl Table {
    /// The stream of the table's changes, if it is on and shows new items.
    async fn change_stream(&self) -> Result<Option<String>, Fault> {
        let request = self.client.describe_table().table_name(self.name());
        let answer = request.send().await;
        let answer = answer.map_err(|error| fault(DESCRIBE_TABLE, &error))?;
        let table = answer.table;
        let shows_new = table
            .as_ref()
            .and_then(|table| table.stream_specification.as_ref())
            .is_some_and(|stream| {
                let view = stream.stream_view_type.as_ref();
                let shows = [StreamViewType::NewImage, StreamViewType::NewAndOldImages];
                stream.stream_enabled && view.is_some_and(|view| shows.contains(view))
            });
        let stream = table.and_then(|table| table.latest_stream_arn);
        Ok(stream.filter(|_| shows_new))
    }
}

/// A stream as it is listed.
struct Listing {
    /// Whether it takes anything any more.
    is_on: bool,
    shards: Vec<Listed>,
}

/// The shards of a stream; `None` if there is no such stream any more.
async fn list(client: &Client, stream: &str) -> Result<Option<Listing>, Fault> {
    let (mut shards, mut after) = (Vec::new(), None);
    loop {
        let input = Describe {
            stream_arn: stream,
            exclusive_start_shard_id: after,
        };
        let said = client.ask(DESCRIBE, "DescribeStream", &input, &[GONE, BUSY]);
        let described: Described = match said.await? {
            Said::Done(described) => described,
            Said::Refused(GONE) => return Ok(None),
            Said::Refused(_) => return Err(Fault::new(DESCRIBE, FaultKind::Throttled)),
        };
        let stream = described.stream_description;
        shards.extend(stream.shards.into_iter().map(|shard| Listed {
            id: shard.shard_id,
            parent: shard.parent_shard_id,
        }));
        after = stream.last_evaluated_shard_id;
        if after.is_none() {
            return Ok(Some(Listing {
                is_on: stream.stream_status.starts_with("ENABL"),
                shards,
            }));
        }
    }
}

#[cfg(test)]
mod tests;
