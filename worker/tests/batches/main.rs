//! What becomes of each message of a batch, whatever is wrong with it or with the services.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

#[path = "../common/mod.rs"]
mod common;

mod breakers;
mod first_seen;
mod invites;
mod lookup;
mod mail;
mod neighbors;
mod notices;
mod order;
mod organizations;
mod patience;
mod publication;
mod re_owed;
mod resuming;
mod sweeping;
mod switches;
mod turns;
mod unreadable;
mod versions;

use common::fakes::Post;
use common::{World, confirmed, person};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use usher_events::{Envelope, LifecycleEvent, wire};
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::disposition::FaultKind;

const HOME: &str = "ada@home.example";

/// A wait after which whatever was set aside once is due.
const MINUTES: Duration = Duration::from_secs(2 * 60);
/// A wait after which whatever a sweep took is due again.
const HOUR: Duration = Duration::from_secs(62 * 60);

fn welcome(user: &str) -> Envelope<LifecycleEvent> {
    confirmed(user, person(&format!("{user}@home.example")))
}

/// An event's text with one attribute changed.
fn changed(event: &Envelope<LifecycleEvent>, key: &str, value: Value) -> String {
    let mut json: Value = serde_json::from_str(&wire::encode(event)).unwrap();
    json[key] = value;
    json.to_string()
}

/// The ledger's entry of one commit, if there is one.
async fn entry(world: &World, user: &str, kind: EffectKind) -> Option<Entry> {
    let commits = world.commits(user).await;
    let mut entries = commits.iter().filter_map(|commit| commit.ledger.get(kind));
    entries.next().cloned()
}

fn outage(times: usize) -> Arc<Post> {
    Arc::new(Post::out(FaultKind::Unavailable, times))
}
