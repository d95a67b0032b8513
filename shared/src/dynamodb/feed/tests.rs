use super::*;
use crate::aws::Timeouts;
use crate::commit::Ledger;
use crate::dynamodb::fault::Item;
use crate::dynamodb::{keys, record};
use crate::seal::{SealedCommit, StoredEvent};
use crate::testkit::http::{self, Behavior, Call, Outcome};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use usher_events::{Envelope, EventId, PoolId, Sub, Subject};
use uuid::Uuid;

fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
}

fn commit(number: u64) -> SealedCommit {
    SealedCommit {
        envelope: Envelope {
            id: EventId::from_uuid(Uuid::from_u64_pair(0, number)),
            source: PoolId::new("eu-west-1_A").unwrap(),
            subject: Subject::User(Sub::new("3f0c").unwrap()),
            time: at(0),
            correlation_id: None,
            causation_id: None,
            event: StoredEvent {
                name: "signed_in".to_owned(),
                version: 1,
                data: json!({ "n": number, "list": [true, null, "x"] }),
            },
        },
        sealed_person: Some(vec![0, 1, 255]),
        decided: Vec::new(),
        ledger: Ledger::default(),
        lease: None,
        recorded_at: at(i64::try_from(number).unwrap()),
    }
}

fn image(item: &Item) -> Value {
    let image = item.iter();
    image
        .map(|(name, value)| (name.clone(), in_json(value)))
        .collect()
}

fn in_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(text) => json!({ "N": text }),
        AttributeValue::B(blob) => json!({ "B": BASE64_STANDARD.encode(blob) }),
        AttributeValue::Bool(is) => json!({ "BOOL": is }),
        AttributeValue::Null(is) => json!({ "NULL": is }),
        AttributeValue::M(map) => json!({ "M": image(map) }),
        AttributeValue::L(list) => {
            json!({ "L": list.iter().map(in_json).collect::<Vec<_>>() })
        }
        other => panic!("no commit holds {other:?}"),
    }
}

/// A stream as DynamoDB keeps one, as far as we ask it.
struct Stream {
    shards: Vec<Shard>,
    /// The number of the latest record.
    last: u64,
    /// Iterators of an earlier one are good no longer.
    generation: usize,
    is_busy: bool,
    is_on: bool,
}

#[derive(Default)]
struct Shard {
    parent: Option<usize>,
    records: Vec<(u64, Value)>,
    is_closed: bool,
    /// Whether what was in it is forgotten.
    is_trimmed: bool,
}

impl Stream {
    fn new() -> Self {
        Self {
            shards: vec![Shard::default()],
            last: 0,
            generation: 0,
            is_busy: false,
            is_on: true,
        }
    }

    fn open(&self, pick: usize) -> usize {
        let open: Vec<usize> = (0..self.shards.len())
            .filter(|number| !self.shards[*number].is_closed)
            .collect();
        open[pick % open.len()]
    }

    fn record(&mut self, pick: usize, kind: &str, item: &Item) {
        self.last += 1;
        let image = image(item);
        let record = json!({ "eventName": kind, "dynamodb": {
            "Keys": { "PK": image["PK"], "SK": image["SK"] }, "NewImage": image,
            "SequenceNumber": self.last.to_string(),
        }});
        let shard = self.open(pick);
        self.shards[shard].records.push((self.last, record));
    }

    fn append(&mut self, pick: usize, commit: &SealedCommit) {
        let item = record::to_item("test", commit).unwrap();
        self.record(pick, "INSERT", &item);
    }

    fn split(&mut self, pick: usize) {
        let parent = self.open(pick);
        self.shards[parent].is_closed = true;
        for _ in 0..2 {
            self.shards.push(Shard {
                parent: Some(parent),
                ..Shard::default()
            });
        }
    }

    fn answer(&mut self, call: &Call) -> Result<Value, &'static str> {
        let asked: Value = serde_json::from_str(&call.body).unwrap();
        let number = |text: &Value| text.as_str().unwrap().parse::<usize>().unwrap();
        if call.operation != "DescribeTable" && std::mem::take(&mut self.is_busy) {
            return Err(BUSY);
        }
        match call.operation.as_str() {
            "DescribeTable" => Ok(json!({ "Table": {
                "LatestStreamArn": "arn:stream", "StreamSpecification": {
                    "StreamEnabled": self.is_on, "StreamViewType": "NEW_IMAGE" } } })),
            "DescribeStream" => {
                assert_eq!(asked["StreamArn"], "arn:stream");
                // Two to a page.
                let begin = match &asked["ExclusiveStartShardId"] {
                    Value::Null => 0,
                    after => number(after) + 1,
                };
                let end = self.shards.len().min(begin + 2);
                let shards = (begin..end).map(|number| {
                    let parent = self.shards[number].parent.map(|parent| parent.to_string());
                    json!({ "ShardId": number.to_string(), "ParentShardId": parent })
                });
                let more = (end < self.shards.len()).then(|| (end - 1).to_string());
                let status = if self.is_on { "ENABLED" } else { "DISABLED" };
                Ok(json!({ "StreamDescription": { "StreamStatus": status,
                    "Shards": shards.collect::<Vec<_>>(), "LastEvaluatedShardId": more } }))
            }
            "GetShardIterator" => {
                let shard = number(&asked["ShardId"]);
                let records = &self.shards[shard].records;
                let after = match asked["ShardIteratorType"].as_str().unwrap() {
                    "LATEST" => records.last().map_or(0, |(number, _)| *number),
                    "TRIM_HORIZON" => 0,
                    "AFTER_SEQUENCE_NUMBER" if self.shards[shard].is_trimmed => {
                        return Err(TRIMMED);
                    }
                    "AFTER_SEQUENCE_NUMBER" => {
                        asked["SequenceNumber"].as_str().unwrap().parse().unwrap()
                    }
                    other => panic!("{other}"),
                };
                let generation = self.generation;
                Ok(json!({ "ShardIterator": format!("{generation}/{shard}/{after}") }))
            }
            "GetRecords" => {
                let iterator = asked["ShardIterator"].as_str().unwrap();
                let parts: Vec<u64> = iterator.split('/').map(|it| it.parse().unwrap()).collect();
                let (shard, after) = (usize::try_from(parts[1]).unwrap(), parts[2]);
                if parts[0] != self.generation as u64 {
                    return Err(EXPIRED);
                }
                let shard_of = &self.shards[shard];
                // Two at a time.
                let left = shard_of
                    .records
                    .iter()
                    .filter(|(number, _)| *number > after);
                let read: Vec<_> = left.take(2).collect();
                let end = read.last().map_or(after, |(number, _)| *number);
                let is_over =
                    shard_of.is_closed && shard_of.records.iter().all(|(number, _)| *number <= end);
                let generation = self.generation;
                let next = (!is_over).then(|| format!("{generation}/{shard}/{end}"));
                let records: Vec<_> = read.into_iter().map(|(_, record)| record.clone()).collect();
                Ok(json!({ "Records": records, "NextShardIterator": next }))
            }
            other => panic!("{other} is none of a feed's business"),
        }
    }
}

type Shared = Arc<Mutex<Stream>>;

async fn follow(stream: &Shared, since: Option<Time>) -> Option<TableFeed> {
    let of = Arc::clone(stream);
    let clients = http::scripted("http://127.0.0.1:1", Timeouts::WORKER, move |call| {
        Outcome::Ends(match of.lock().unwrap().answer(call) {
            Ok(answer) => Behavior::Answers(Box::leak(answer.to_string().into_boxed_str())),
            Err(code) => Behavior::Refuses(code),
        })
    });
    let table = Table::new(&clients, "usher");
    TableFeed::open(&clients, &table, at(0), since)
        .await
        .unwrap()
}

/// All that comes until nothing does.
async fn drain(feed: &mut TableFeed, fed: &mut Vec<Fed>) {
    let mut idle = 0;
    while idle < 3 {
        if let Ok(turn) = feed.next().await {
            // In the middle of a round nothing is known.
            idle = match turn.wait {
                IDLE => idle + 1,
                SOON => 0,
                _ => idle,
            };
            fed.extend(turn.fed);
        }
    }
}

fn numbers(fed: &[Fed]) -> Vec<u64> {
    let numbers = fed.iter().map(|fed| match fed {
        Fed::Commit(commit) => {
            let number = commit.envelope.id.uuid().as_u64_pair().1;
            assert_eq!(**commit, self::commit(number));
            number
        }
        other => panic!("{other:?}"),
    });
    numbers.collect()
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Append(usize),
    Split(usize),
    Expire,
    Busy,
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..8_usize).prop_map(Step::Append),
        1 => (0..8_usize).prop_map(Step::Split),
        1 => Just(Step::Expire),
        1 => Just(Step::Busy),
        4 => Just(Step::Look),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_commit_comes_once_whatever_becomes_of_shards_and_iterators(
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stream = Shared::new(Mutex::new(Stream::new()));
            let mut before = commit(1_000_000);
            before.recorded_at = at(-1);
            stream.lock().unwrap().append(0, &before);
            let mut feed = follow(&stream, None).await.unwrap();
            let (mut appended, mut fed) = (0, Vec::new());
            for step in steps {
                match step {
                    Step::Append(pick) => {
                        appended += 1;
                        stream.lock().unwrap().append(pick, &commit(appended));
                    }
                    Step::Split(pick) => stream.lock().unwrap().split(pick),
                    Step::Expire => stream.lock().unwrap().generation += 1,
                    Step::Busy => stream.lock().unwrap().is_busy = true,
                    Step::Look => {
                        if let Ok(turn) = feed.next().await {
                            fed.extend(turn.fed);
                        }
                    }
                }
            }
            drain(&mut feed, &mut fed).await;
            let mut fed = numbers(&fed);
            fed.sort_unstable();
            assert_eq!(fed, (1..=appended).collect::<Vec<_>>());
        });
    }
}

#[tokio::test]
async fn what_is_written_into_a_commit_later_is_no_news_and_no_other_item_is() {
    let stream = Shared::new(Mutex::new(Stream::new()));
    let mut feed = follow(&stream, None).await.unwrap();
    {
        let mut stream = stream.lock().unwrap();
        stream.append(0, &commit(1));
        let item = record::to_item("test", &commit(1)).unwrap();
        stream.record(0, "MODIFY", &item);
        stream.record(0, "REMOVE", &item);
        let mut user = item.clone();
        user.insert(
            keys::SK.to_owned(),
            AttributeValue::S(keys::USER.to_owned()),
        );
        stream.record(0, "INSERT", &user);
        let mut odd = item;
        odd.remove("recorded_at");
        stream.record(0, "INSERT", &odd);
    }
    let mut fed = Vec::new();
    drain(&mut feed, &mut fed).await;
    assert_eq!(numbers(&fed[..1]), [1]);
    let name = keys::event(commit(1).envelope.id);
    assert_eq!(fed[1..], [Fed::Unreadable(name)]);
}

#[tokio::test]
async fn who_asks_for_what_came_before_has_it_from_there_on() {
    let stream = Shared::new(Mutex::new(Stream::new()));
    for number in 1..=5 {
        stream.lock().unwrap().append(0, &commit(number));
        stream.lock().unwrap().split(0);
    }
    let mut feed = follow(&stream, Some(at(3))).await.unwrap();
    stream.lock().unwrap().append(0, &commit(6));
    let mut fed = Vec::new();
    drain(&mut feed, &mut fed).await;
    assert_eq!(numbers(&fed), [3, 4, 5, 6]);
}

#[tokio::test]
async fn what_was_forgotten_before_it_was_read_is_a_gap() {
    let stream = Shared::new(Mutex::new(Stream::new()));
    let mut feed = follow(&stream, None).await.unwrap();
    stream.lock().unwrap().append(0, &commit(1));
    let mut fed = Vec::new();
    drain(&mut feed, &mut fed).await;
    {
        let mut stream = stream.lock().unwrap();
        stream.generation += 1;
        stream.shards[0].records.clear();
        stream.shards[0].is_trimmed = true;
        stream.append(0, &commit(2));
    }
    drain(&mut feed, &mut fed).await;
    assert_eq!(fed.remove(1), Fed::Gap);
    assert_eq!(numbers(&fed), [1, 2]);
}

#[tokio::test]
async fn a_stream_that_is_switched_off_is_read_to_its_end() {
    let stream = Shared::new(Mutex::new(Stream::new()));
    let mut feed = follow(&stream, None).await.unwrap();
    {
        let mut stream = stream.lock().unwrap();
        stream.append(0, &commit(1));
        stream.is_on = false;
        stream.shards[0].is_closed = true;
    }
    let mut fed = Vec::new();
    while fed.last() != Some(&Fed::Ended) {
        fed.extend(feed.next().await.unwrap().fed);
    }
    assert_eq!(numbers(&fed[..fed.len() - 1]), [1]);
    assert!(
        follow(&stream, None).await.is_none(),
        "there is none to follow"
    );
}
