//! How many events a second the whole worker records, beside the writes alone.
//!
//! Both run over the embedded stack with its table in memory: the worker receives from the queue,
//! works and deletes; the floor receives and deletes the same messages and makes, through the plain
//! SDK, as many writes of the same items, tells the bus the same lines and hands over the same mails,
//! without reading, deciding, sealing, folding or leasing anything. They take turns, so that whatever
//! else the machine does falls on both. The server of the table runs in this process as well, and its
//! processor time is part of both figures.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that meets the unexpected has failed, and says so by panicking"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use common::{Item, POLICY, World, at, confirmed, password_reset, person, policy, signed_in};
use futures::{StreamExt, stream};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use usher_events::{LifecycleEvent, Personal, wire};
use usher_shared::port::{Bus, BusEntry, Inbox, Mail, Mailer, Outgoing, Queue, Received};
use usher_worker::poll;

/// How many users there are. Each confirms, signs in three times and sets a new password.
const USERS: usize = 300;
/// How often each of the two runs. Odd, so that the median is one of them.
const ROUNDS: usize = 5;
/// The share of the floor's rate that the worker has to reach.
const SHARE: f64 = 0.6;
/// The most messages that one receive gives; SQS's limit.
const BATCH: u32 = 10;

/// How one run went.
#[derive(Clone, Copy)]
struct Run {
    /// Events a second.
    rate: f64,
    /// Processor time of one event.
    cpu: Duration,
}

/// What the worker wrote, and what the floor therefore writes.
struct Written {
    /// One list of items for each event.
    puts: Vec<Vec<Item>>,
    lines: Vec<String>,
    mails: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let events = events();
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (run, written) = worker(&events).await;
        ours.push(run);
        floor.push(raw(&events, &written).await);
        if ours.len() == ROUNDS {
            let puts: usize = written.puts.iter().map(Vec::len).sum();
            println!(
                "{} events of {USERS} users, {puts} writes, {} entries for the bus, {} mails; {ROUNDS} rounds\n",
                events.len(),
                written.lines.len(),
                written.mails
            );
        }
    }
    let (ours, floor) = (median(ours), median(floor));
    println!("| | events a second | processor time of an event, µs |");
    println!("|---|--:|--:|");
    for (name, run) in [("worker", ours), ("its writes alone", floor)] {
        println!("| {name} | {:.0} | {} |", run.rate, run.cpu.as_micros());
    }
    let share = ours.rate / floor.rate;
    println!("\nthe worker reaches {share:.2} of the rate of its writes; {SHARE} is the least");
    ExitCode::from(u8::from(share < SHARE))
}

/// The events in the order in which users would cause them, users mixed.
fn events() -> Vec<String> {
    let of_user = |user: usize| {
        let name = format!("8f14e45f-ceea-467f-a9af-{user:012}");
        let mut person = person(&format!("user{user}@acme.example"));
        person.phone_number = Some(Personal::new("+436601234567"));
        let signed_in = |hour: u64| signed_in(&name, person.clone(), at(hour * 3600));
        let events: [usher_events::Envelope<LifecycleEvent>; 5] = [
            confirmed(&name, person.clone()),
            signed_in(1),
            signed_in(2),
            password_reset(&name, person.clone(), at(3 * 3600)),
            signed_in(4),
        ];
        events.map(|event| wire::encode(&event))
    };
    let users: Vec<[String; 5]> = (0..USERS).map(of_user).collect();
    (0..5)
        .flat_map(|step| users.iter().map(move |events| events[step].clone()))
        .collect()
}

async fn world(events: &[String]) -> World {
    let world = World::under(policy(POLICY)).await;
    for body in events {
        let message = Outgoing {
            body: body.clone(),
            group: None,
        };
        world.here.stack.queue.send(&message).await.unwrap();
    }
    world
}

async fn receive(world: &World) -> Vec<Received> {
    let queue = &world.here.stack.queue;
    queue.receive(BATCH, Duration::ZERO).await.unwrap()
}

/// Lets the worker work on every event, and says what it wrote.
async fn worker(events: &[String]) -> (Run, Written) {
    let world = world(events).await;
    let worker = world.worker();
    let watch = Watch::start();
    let mut done = 0;
    loop {
        let received = receive(&world).await;
        if received.is_empty() {
            break;
        }
        let outcomes = poll::take(&worker, &world.here.stack.queue, &received).await;
        done += outcomes.iter().filter(|outcome| outcome.is_done()).count();
    }
    let run = watch.stop(events.len());
    assert_eq!(done, events.len(), "the worker finishes every event");
    (run, written(&world, events.len()).await)
}

/// What is in the table now, as the writes that put it there: a user item was written as often as
/// its version says, everything else once.
async fn written(world: &World, events: usize) -> Written {
    let mut puts: Vec<Vec<Item>> = vec![Vec::new(); events];
    let mut place = 0;
    for item in world.items().await {
        let version = item.get("version").and_then(|version| version.as_n().ok());
        let is_user = item.get("SK") == Some(&AttributeValue::S("USER".to_owned()));
        let times = match version {
            Some(version) if is_user => version.parse().unwrap(),
            _ => 1,
        };
        for _ in 0..times {
            puts[place % events].push(item.clone());
            place += 1;
        }
    }
    let lines = world.told().iter().map(ToString::to_string).collect();
    Written {
        puts,
        lines,
        mails: world.mails().len(),
    }
}

/// The same writes without the worker.
async fn raw(events: &[String], written: &Written) -> Run {
    let world = world(events).await;
    let (client, table) = (world.client(), world.here.stack.store.name().to_owned());
    let stack = &world.here.stack;
    let mail = Mail {
        to: Personal::new("user@acme.example"),
        from: "Example <welcome@app.example>".to_owned(),
        reply_to: None,
        subject: "Welcome to Example".to_owned(),
        text: "Welcome. ".repeat(60),
        html: "<p>Welcome.</p>".repeat(60),
        unsubscribe_url: None,
        tags: Vec::new(),
        configuration_set: None,
    };
    let at_once = world.policy.worker.concurrency;
    let watch = Watch::start();
    let (mut done, mut told, mut mailed) = (0, 0, 0);
    loop {
        let received = receive(&world).await;
        if received.is_empty() {
            break;
        }
        let puts = &written.puts[done..done + received.len()];
        done += received.len();
        // As many at once as the worker works on users at once.
        let puts: Vec<_> = puts
            .iter()
            .map(|items| put(&client, &table, items))
            .collect();
        let () = stream::iter(puts).buffer_unordered(at_once).collect().await;
        let until = |all: usize| all * done / events.len();
        let entries: Vec<BusEntry> = written.lines[told..until(written.lines.len())]
            .iter()
            .map(|line| BusEntry {
                source: "usher".to_owned(),
                detail_type: "usher.signed_in".to_owned(),
                detail: line.clone(),
                time: at(0),
            })
            .collect();
        told += entries.len();
        assert!(stack.bus.publish(&entries).await.iter().all(Result::is_ok));
        while mailed < until(written.mails) {
            stack.outbox.send(&mail).await.unwrap();
            mailed += 1;
        }
        let receipts: Vec<&str> = received.iter().map(|one| one.receipt.as_str()).collect();
        let deleted = stack.queue.delete_many(&receipts).await;
        assert!(deleted.iter().all(Result::is_ok));
    }
    watch.stop(done)
}

async fn put(client: &Client, table: &str, items: &[Item]) {
    for item in items {
        let put = client.put_item().table_name(table);
        put.set_item(Some(item.clone())).send().await.unwrap();
    }
}

/// Wall clock and processor time from a beginning.
struct Watch {
    began: Instant,
    worked: Duration,
}

impl Watch {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            worked: worked(),
        }
    }

    fn stop(self, events: usize) -> Run {
        let events = u32::try_from(events).unwrap();
        Run {
            rate: f64::from(events) / self.began.elapsed().as_secs_f64(),
            cpu: (worked() - self.worked) / events,
        }
    }
}

/// Processor time of this process until now, in ticks of a hundredth of a second.
fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}

fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    runs[runs.len() / 2]
}
