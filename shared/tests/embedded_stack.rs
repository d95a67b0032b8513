//! The stack of one machine: several processes on one directory, mails, bus and secret.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use usher_events::{Personal, Time};
use usher_shared::clock::WallClock;
use usher_shared::disposition::FaultKind;
use usher_shared::embedded::{EmbeddedError, QueueLimits, Stack};
use usher_shared::port::{Bus, BusEntry, Inbox, Mail, MailError, Mailer, Outgoing, Queue, Tag};
use usher_shared::testkit;

async fn open(directory: &Path) -> Result<Stack, EmbeddedError> {
    Stack::open(directory, Arc::new(WallClock), QueueLimits::default()).await
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

fn mail() -> Mail {
    Mail {
        to: Personal::new("Zoë <zoe@example.com>"),
        from: "Usher <hello@example.com>".to_owned(),
        reply_to: Some("help@example.com".to_owned()),
        subject: "Willkommen, Zoë".to_owned(),
        text: "Hallo Zoë".to_owned(),
        html: "<p>Hallo Zoë</p>".to_owned(),
        unsubscribe_url: None,
        tags: [("mail", "welcome"), ("team", "growth-1")]
            .map(|(name, value)| Tag {
                name: name.to_owned(),
                value: value.to_owned(),
            })
            .into(),
        configuration_set: None,
    }
}

fn entry(source: &str, detail: &str) -> BusEntry {
    BusEntry {
        source: source.to_owned(),
        detail_type: "usher.signed_in".to_owned(),
        detail: detail.to_owned(),
        time: "2026-01-02T03:04:05Z".parse::<Time>().unwrap(),
    }
}

#[tokio::test]
async fn what_one_process_sends_another_receives() {
    let directory = TempDir::new().unwrap();
    let first = open(directory.path()).await.unwrap();
    let second = open(directory.path()).await.unwrap();
    assert!(first.database.is_ours() && !second.database.is_ours());
    assert_eq!(first.database.endpoint(), second.database.endpoint());
    second
        .queue
        .send(&Outgoing {
            body: "a".to_owned(),
            group: None,
        })
        .await
        .unwrap();
    let received = first
        .queue
        .receive(10, Duration::from_secs(2))
        .await
        .unwrap();
    assert_eq!(received[0].body, "a");
    let user = usher_events::PoolId::new("eu-west-1_A").unwrap();
    assert_eq!(
        first.secret.sign_up_key(&user, "ada"),
        second.secret.sign_up_key(&user, "ada")
    );
}

#[tokio::test]
async fn what_was_kept_is_there_at_the_next_opening() {
    let directory = TempDir::new().unwrap();
    let stack = open(directory.path()).await.unwrap();
    let pool = usher_events::PoolId::new("eu-west-1_A").unwrap();
    let key = stack.secret.sign_up_key(&pool, "ada");
    stack
        .queue
        .send(&Outgoing {
            body: "a".to_owned(),
            group: None,
        })
        .await
        .unwrap();
    stack.close().await;
    let stack = open(directory.path()).await.unwrap();
    assert!(stack.database.is_ours(), "the file was free");
    assert_eq!(stack.queue.list().await.unwrap()[0].body, "a");
    assert_eq!(stack.secret.sign_up_key(&pool, "ada"), key);
}

#[tokio::test]
async fn an_endpoint_that_a_killed_process_left_misleads_nobody() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("endpoint"), "http://127.0.0.1:1").unwrap();
    let stack = open(directory.path()).await.unwrap();
    assert!(stack.database.is_ours());
    let written = std::fs::read_to_string(directory.path().join("endpoint")).unwrap();
    assert_eq!(written, stack.database.endpoint());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_but_its_owner_reads_what_is_personal() {
    use std::os::unix::fs::PermissionsExt;
    let parent = TempDir::new().unwrap();
    let directory = parent.path().join(".usher");
    let _stack = open(&directory).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("secret")), 0o600);
}

#[tokio::test]
async fn a_secret_that_is_none_is_not_replaced() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("secret"), "c2hvcnQ=").unwrap();
    let error = open(directory.path())
        .await
        .err()
        .expect("the secret is too short");
    assert!(matches!(error, EmbeddedError::BadSecret { .. }), "{error}");
    assert!(!error.to_string().contains("c2hvcnQ"));
}

#[tokio::test]
async fn a_mail_is_a_file_that_any_mail_program_opens() {
    let stack = testkit::stack().await;
    let id = stack.stack.outbox.send(&mail()).await.unwrap();
    let files = files(stack.stack.outbox.directory());
    let name = files[0].file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(
        (files.len(), name),
        (1, format!("20260102T030405000Z-{id}.eml"))
    );
    let text = std::fs::read_to_string(&files[0]).unwrap();
    for header in [
        format!("Message-ID: <{id}@usher.localhost>\r\n"),
        "From: \"Usher\" <hello@example.com>\r\n".to_owned(),
        "Reply-To: <help@example.com>\r\n".to_owned(),
        "<zoe@example.com>\r\n".to_owned(),
        "Date: Fri, 2 Jan 2026 03:04:05 +0000\r\n".to_owned(),
        "X-SES-MESSAGE-TAGS: mail=welcome, team=growth-1\r\n".to_owned(),
        "multipart/alternative".to_owned(),
    ] {
        assert!(text.contains(&header), "{header:?} in\n{text}");
    }
}

#[tokio::test]
async fn what_is_no_address_is_rejected_and_leaves_no_file() {
    let stack = testkit::stack().await;
    for to in [
        "",
        "ada",
        "@example.com",
        "ada@",
        "a b@c.d",
        "ada@example.com\r\nBcc: x@y.z",
        "Ada <ada@x",
    ] {
        let mail = Mail {
            to: Personal::new(to),
            ..mail()
        };
        assert_eq!(
            stack.stack.outbox.send(&mail).await,
            Err(MailError::BadAddress),
            "{to:?}"
        );
    }
    assert!(!stack.stack.outbox.directory().exists());
}

#[tokio::test]
async fn a_mail_that_can_be_unsubscribed_from_by_one_click_says_so_and_no_other_does() {
    let stack = testkit::stack().await;
    let outbox = &stack.stack.outbox;
    let token = "A".repeat(180);
    let url = format!("https://app.example/unsubscribe?token={token}");
    let with = Mail {
        unsubscribe_url: Some(url.clone()),
        ..mail()
    };
    outbox.send(&with).await.unwrap();
    let text = std::fs::read_to_string(&files(outbox.directory())[0]).unwrap();
    let unfolded = text.replace("\r\n ", " ").replace("\r\n\t", " ");
    let unfolded = unfolded.split_whitespace().collect::<Vec<_>>().join(" ");
    for header in [
        format!("List-Unsubscribe: <{url}>"),
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click".to_owned(),
    ] {
        assert!(unfolded.contains(&header), "{header} in {text}");
    }
    let without = testkit::stack().await;
    let outbox = &without.stack.outbox;
    outbox.send(&mail()).await.unwrap();
    let text = std::fs::read_to_string(&files(outbox.directory())[0]).unwrap();
    assert!(!text.contains("List-Unsubscribe"), "{text}");
}

#[tokio::test]
async fn no_header_can_be_smuggled_in() {
    let stack = testkit::stack().await;
    let subject = "Hello\r\nBcc: spy@example.com".to_owned();
    stack
        .stack
        .outbox
        .send(&Mail { subject, ..mail() })
        .await
        .unwrap();
    let text = std::fs::read_to_string(&files(stack.stack.outbox.directory())[0]).unwrap();
    assert!(!text.contains("\nBcc:"), "{text}");
}

#[tokio::test]
async fn the_bus_is_a_file_of_lines() {
    let stack = testkit::stack().await;
    let bus = &stack.stack.bus;
    let entries = [
        entry("usher", "{\n  \"a\": \"Zoë\" }"),
        entry("usher", "{}"),
    ];
    assert_eq!(bus.publish(&entries).await, [Ok(()), Ok(())]);
    assert_eq!(bus.publish(&[]).await, []);
    let text = std::fs::read_to_string(bus.file()).unwrap();
    let first = r#"{"source":"usher","detail-type":"usher.signed_in","time":"2026-01-02T03:04:05.000Z","detail":{"a":"Zoë"}}"#;
    assert_eq!(text.lines().next(), Some(first));
    assert_eq!(text.lines().count(), 2);
    assert_eq!(stack.stack.queue.list().await.unwrap(), []);
}

#[tokio::test]
async fn a_detail_that_is_no_object_is_refused_alone() {
    let stack = testkit::stack().await;
    let entries = [
        entry("usher", "[]"),
        entry("usher", "{"),
        entry("usher", "{}"),
    ];
    let results = stack.stack.bus.publish(&entries).await;
    let kinds: Vec<_> = results
        .into_iter()
        .map(|result| result.map_err(|f| f.kind))
        .collect();
    assert_eq!(
        kinds,
        [Err(FaultKind::Refused), Err(FaultKind::Refused), Ok(())]
    );
}

#[tokio::test]
async fn the_fallbacks_entries_go_to_the_queue_as_they_are() {
    let stack = testkit::stack().await;
    let envelope = r#"{"specversion":"1.0","data":{"b":1,"a":2}}"#;
    let results = stack
        .stack
        .bus
        .publish(&[entry("usher.fallback", envelope)])
        .await;
    assert_eq!(results, [Ok(())]);
    let received = stack.stack.queue.receive(10, Duration::ZERO).await.unwrap();
    assert_eq!(received[0].body, envelope);
}

#[tokio::test]
async fn a_line_that_a_crash_cut_short_spoils_no_other() {
    let stack = testkit::stack().await;
    std::fs::write(stack.stack.bus.file(), r#"{"source":"ush"#).unwrap();
    assert_eq!(
        stack.stack.bus.publish(&[entry("usher", "{}")]).await,
        [Ok(())]
    );
    let text = std::fs::read_to_string(stack.stack.bus.file()).unwrap();
    let last = text.lines().last().unwrap();
    assert!(
        serde_json::from_str::<serde_json::Value>(last).is_ok(),
        "{text}"
    );
}
