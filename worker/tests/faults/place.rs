//! A table, queues, a bus and a mail service of one test's own, on real servers, seen without faults.

use crate::http;
use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use tempfile::TempDir;
use usher_events::Time;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::chance;
use usher_shared::commit::Lane;
use usher_shared::dynamodb::Table;
use usher_shared::port::{Due, Outgoing, Queue, Store};
use usher_shared::sqs::WorkQueue;

/// Shorter than production's, so that a message whose delivery was lost comes again within a test, and
/// short enough that some are delivered to one worker while the other is still at work on them.
const VISIBILITY_S: u32 = 15;
/// The queue's receive limit and the policy's: faults must not use it up.
const RECEIVE_LIMIT: u32 = 1000;

pub struct Place {
    pub table: Table,
    pub queue: String,
    pub dead_letters: String,
    pub bus: String,
    /// Holds the policy, and the logs of the workers.
    pub directory: TempDir,
    aws: String,
    dynamodb: aws_sdk_dynamodb::Client,
    sqs: Sqs,
    captured: String,
    work: WorkQueue,
}

/// Where the servers are.
pub struct Servers {
    pub dynamodb: String,
    pub aws: String,
}

impl Place {
    pub async fn new(servers: &Servers, policy: &str) -> Self {
        let name = chance::owner();
        let dynamodb = Clients::local(&servers.dynamodb, Timeouts::WORKER);
        let table = Table::new(&dynamodb, format!("usher-{name}"));
        table.create().await.unwrap();
        let aws = Clients::local(&servers.aws, Timeouts::WORKER);
        let sqs = Sqs::new(aws.sdk());
        let dead_letters = make_queue(&sqs, &format!("dead-{name}"), []).await;
        let redrive = json!({
            "deadLetterTargetArn": arn(&sqs, &dead_letters).await,
            "maxReceiveCount": RECEIVE_LIMIT,
        });
        let attributes = [
            (Attribute::VisibilityTimeout, VISIBILITY_S.to_string()),
            (Attribute::RedrivePolicy, redrive.to_string()),
        ];
        let queue = make_queue(&sqs, &format!("work-{name}"), attributes).await;
        let captured = make_queue(&sqs, &format!("captured-{name}"), []).await;
        let bus = format!("bus-{name}");
        make_bus(&aws, &bus, &arn(&sqs, &captured).await).await;
        let sender = aws_sdk_sesv2::Client::new(aws.sdk());
        let sender = sender.create_email_identity().email_identity("app.example");
        // The other tests of this server have the same sender.
        let _ = sender.send().await;

        let directory = TempDir::new().unwrap();
        let policy = format!("{policy}\n[worker]\nlease_s = 30\nreceive_limit = {RECEIVE_LIMIT}\n");
        fs::write(directory.path().join("usher.toml"), policy).unwrap();
        Self {
            work: WorkQueue::new(&aws, queue.as_str()),
            aws: servers.aws.clone(),
            dynamodb: aws_sdk_dynamodb::Client::new(dynamodb.sdk()),
            table,
            queue,
            dead_letters,
            bus,
            directory,
            sqs,
            captured,
        }
    }

    /// A client of the table, for what no store does.
    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        &self.dynamodb
    }

    pub async fn send(&self, body: String) {
        let group = None;
        self.work.send(&Outgoing { body, group }).await.unwrap();
    }

    /// What is due in every lane, oldest first.
    pub async fn due(&self, now: Time) -> Vec<Due> {
        let mut all = Vec::new();
        for lane in Lane::ALL {
            all.extend(self.table.due(lane, now, 10_000).await.unwrap());
        }
        all.sort_by_key(Due::at);
        all
    }

    /// How many messages the work queue shows, and how many it hides or delays.
    pub async fn backlog(&self) -> (usize, usize) {
        self.count(&self.queue).await
    }

    /// How many messages were set aside.
    pub async fn dead(&self) -> usize {
        let (shown, hidden) = self.count(&self.dead_letters).await;
        shown + hidden
    }

    async fn count(&self, queue: &str) -> (usize, usize) {
        let names = [
            Attribute::ApproximateNumberOfMessages,
            Attribute::ApproximateNumberOfMessagesNotVisible,
            Attribute::ApproximateNumberOfMessagesDelayed,
        ];
        let request = self.sqs.get_queue_attributes().queue_url(queue);
        let request = request.set_attribute_names(Some(names.clone().into()));
        let told = request.send().await.unwrap().attributes.unwrap();
        let number = |name| told.get(&name).map_or(0, |text| text.parse().unwrap());
        let [shown, hidden, delayed] = names.map(number);
        (shown, hidden + delayed)
    }

    /// The ids of all that the bus carried, taken off the queue that captures it.
    pub async fn carried(&self) -> BTreeSet<String> {
        let mut carried = BTreeSet::new();
        loop {
            let request = self.sqs.receive_message().queue_url(&self.captured);
            let request = request.max_number_of_messages(10).visibility_timeout(600);
            let messages = request.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return carried;
            }
            for message in messages {
                let entry: Value = serde_json::from_str(&message.body.unwrap()).unwrap();
                carried.insert(entry["detail"]["id"].as_str().unwrap().to_owned());
            }
        }
    }

    /// The mails to addresses with this beginning that the mail service has accepted: its own id of
    /// each, and the address.
    pub async fn mails(&self, prefix: &str) -> BTreeMap<String, String> {
        let inbox = http::json("GET", &self.aws, "/_ministack/ses/messages", "").await;
        let accounts = inbox["messages"].as_object().unwrap().values();
        let mut mails = BTreeMap::new();
        for mail in accounts.flat_map(|mails| mails.as_array().unwrap()) {
            let [to] = mail["To"].as_array().unwrap().as_slice() else {
                panic!("a mail has one recipient");
            };
            let to = to.as_str().unwrap();
            if to.starts_with(prefix) {
                let id = mail["MessageId"].as_str().unwrap();
                mails.insert(id.to_owned(), to.to_owned());
            }
        }
        mails
    }
}

async fn make_queue(
    sqs: &Sqs,
    name: &str,
    attributes: impl IntoIterator<Item = (Attribute, String)>,
) -> String {
    let attributes = attributes.into_iter().collect();
    let request = sqs.create_queue().queue_name(name);
    let made = request.set_attributes(Some(attributes)).send().await;
    made.unwrap().queue_url.unwrap()
}

async fn arn(sqs: &Sqs, queue: &str) -> String {
    let request = sqs.get_queue_attributes().queue_url(queue);
    let told = request.attribute_names(Attribute::QueueArn).send().await;
    let mut told = told.unwrap().attributes.unwrap();
    told.remove(&Attribute::QueueArn).unwrap()
}

/// A bus all of whose entries go to a queue as well.
async fn make_bus(aws: &Clients, bus: &str, queue: &str) {
    let events = aws_sdk_eventbridge::Client::new(aws.sdk());
    events.create_event_bus().name(bus).send().await.unwrap();
    let rule = events.put_rule().name("captured").event_bus_name(bus);
    let rule = rule.event_pattern(json!({"source": ["usher"]}).to_string());
    rule.send().await.unwrap();
    let target = Target::builder().id("captured").arn(queue).build().unwrap();
    let targets = events.put_targets().rule("captured").event_bus_name(bus);
    let put = targets.targets(target).send().await.unwrap();
    assert_eq!(put.failed_entry_count, 0);
}
