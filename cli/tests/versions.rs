//! Schema evolution, from the operator's side: commits of an older version are told as the current one
//! by every verb that reads the log, and one that only a newer program can read is named and left.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{json, run};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use tempfile::TempDir;
use usher_events::{
    Envelope, EventId, LifecycleEvent, PoolId, RefusalReason, SignInRefused, Sub, Subject, Time,
    identity,
};
use usher_shared::clock::WallClock;
use usher_shared::commit::{Commit, Ledger, Recorded};
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::port::Store;
use usher_shared::seal::{self, SealedCommit, UserKey};
use usher_shared::user::{User, UserItem};

const USER: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";
const OLD: RefusalReason = RefusalReason::UserSuspended;
const NEW: RefusalReason = RefusalReason::StoreUnavailable;

async fn open(directory: &Path) -> Stack {
    let limits = QueueLimits::default();
    let state = directory.join(".usher");
    let stack = Stack::open(&state, Arc::new(WallClock), limits);
    stack.await.unwrap()
}

fn refused(reason: RefusalReason) -> Commit {
    let (pool, sub) = (
        PoolId::new("eu-west-1_Sample01").unwrap(),
        Sub::new(USER).unwrap(),
    );
    let now: Time = "2026-01-02T03:04:05Z".parse().unwrap();
    let (id, time) = identity::sign_in_refusal(&pool, &sub, reason, now);
    let event = LifecycleEvent::from(SignInRefused::new(reason));
    Commit {
        envelope: Envelope {
            id,
            source: pool,
            subject: Subject::User(sub),
            time,
            correlation_id: None,
            causation_id: None,
            event: Recorded::Lifecycle(event),
        },
        decided: Vec::new(),
        ledger: Ledger::default(),
        lease: None,
        recorded_at: now,
    }
}

/// A log in which a program of version 1 recorded a refusal and folded it; its user item. With
/// `newer`, one of version 3 has recorded another since, and has not folded it yet.
async fn log(directory: &Path, newer: bool) -> UserItem {
    let stack = open(directory).await;
    let (commit, sub) = (refused(OLD), Sub::new(USER).unwrap());
    let key = UserKey::new([7; 32]);
    stack.store.ensure_key(&sub, &key).await.unwrap();
    let old = written_as(&commit, 1, |data| {
        let data = data.as_object_mut().unwrap();
        data.remove("step");
        data.remove("client");
    });
    stack.store.append(&old).await.unwrap();
    let item = UserItem {
        user: User::default().apply(&commit),
        version: 1,
        ..UserItem::new(sub)
    };
    stack.store.write_user(&item).await.unwrap();
    if newer {
        let new = written_as(&refused(NEW), 3, |data| *data = json!({ "tomorrow": true }));
        stack.store.append(&new).await.unwrap();
    }
    stack.close().await;
    item
}

fn written_as(commit: &Commit, version: u16, change: impl FnOnce(&mut Value)) -> SealedCommit {
    let mut sealed = seal::seal(commit, None, [7; 12]).unwrap();
    sealed.envelope.event.version = version;
    change(&mut sealed.envelope.event.data);
    sealed
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn id(reason: RefusalReason) -> EventId {
    refused(reason).envelope.id
}

#[tokio::test]
async fn a_version_1_commit_is_exported_told_and_rebuilt_as_version_2() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let item = log(here, false).await;
    let exported = run(here, &["export"]);
    assert_eq!(exported.status.code(), Some(0), "{exported:?}");
    let exported = lines(&exported);
    assert_eq!(exported.len(), 1);
    assert_eq!(exported[0]["id"], id(OLD).to_string());
    let schema = &exported[0]["dataschema"];
    assert_eq!(*schema, "urn:usher:event:sign_in_refused:2");
    assert_eq!(exported[0]["data"]["step"], "unknown");

    let told = json(&run(here, &["user", "show", USER, "--timeline", "--json"]));
    let told = &told["timeline"][0];
    assert_eq!(
        (&told["event"], &told["version"], &told["data"]["step"]),
        (&json!("sign_in_refused"), &json!(2), &json!("unknown"))
    );

    let verified = run(here, &["rebuild", "--verify", "--json"]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    assert_eq!(lines(&verified)[0]["summary"]["equal"], 1);
    let stack = open(here).await;
    let kept = stack.store.load(&item.sub).await.unwrap().user;
    assert_eq!(kept, Some(item));
    stack.close().await;
}

#[tokio::test]
async fn a_commit_of_a_newer_version_is_named_and_nothing_is_folded_without_it() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let item = log(here, true).await;
    let newer = id(NEW).to_string();

    let exported = run(here, &["export"]);
    assert_eq!(exported.status.code(), Some(3), "{exported:?}");
    assert!(said(&exported).contains(&newer), "{exported:?}");
    let exported = lines(&exported);
    assert_eq!(exported.len(), 1, "the others are there");
    assert_eq!(exported[0]["id"], id(OLD).to_string());

    for how in ["--verify", "--confirm"] {
        let rebuilt = run(here, &["rebuild", how, "--json"]);
        assert_eq!(rebuilt.status.code(), Some(3), "{rebuilt:?}");
        let rebuilt = lines(&rebuilt);
        assert_eq!(rebuilt[0]["kind"], "unreadable", "{how}");
        assert_eq!(rebuilt[0]["unreadable"], json!([newer]), "{how}");
        assert_eq!(rebuilt[1]["summary"]["mended"], 0, "{how}");
    }

    let told = run(here, &["user", "show", USER, "--timeline"]);
    assert_eq!(
        told.status.code(),
        Some(1),
        "a story with a gap is no story"
    );
    assert!(said(&told).contains(&newer), "{told:?}");

    let stack = open(here).await;
    let kept = stack.store.load(&item.sub).await.unwrap().user;
    assert_eq!(kept, Some(item), "the item is as it was");
    let subject = refused(NEW).envelope.subject;
    let kept = stack.store.commit(&subject, id(NEW)).await.unwrap();
    assert_eq!(kept.unwrap().envelope.event.version, 3);
    stack.close().await;
}
