use super::WorkQueue;
use crate::disposition::FaultKind;
use crate::port::{Bus, BusEntry, Fault, Outgoing, Queue};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::value::RawValue;
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use usher_events::Time;

const PUBLISH: &str = "bus.publish";

/// The source that a trigger gives to events that it could not put on the queue.
const FALLBACK_SOURCE: &str = "usher.fallback";

/// A bus that writes what it is told into a file, one JSON object a line.
///
/// Entries of the fallback's source go on to the work queue, as the deployment's rule has it: the
/// bare envelope becomes the message.
#[derive(Clone)]
pub struct FileBus {
    file: PathBuf,
    queue: WorkQueue,
}

/// A line, under the names that EventBridge gives to an event's parts.
#[derive(Serialize)]
struct Line<'a> {
    source: &'a str,
    #[serde(rename = "detail-type")]
    detail_type: &'a str,
    time: Time,
    detail: &'a RawValue,
}

impl FileBus {
    /// The bus that appends to this file.
    pub fn new(file: impl Into<PathBuf>, queue: WorkQueue) -> Self {
        Self {
            file: file.into(),
            queue,
        }
    }

    /// Where it writes.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

#[async_trait]
impl Bus for FileBus {
    async fn publish(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        let lines: Vec<Result<String, Fault>> = entries.iter().map(line).collect();
        let text: String = lines.iter().flatten().map(String::as_str).collect();
        let file = self.file.clone();
        let written = tokio::task::spawn_blocking(move || append(&file, &text)).await;
        if !matches!(written, Ok(Ok(()))) {
            let unavailable = Fault::new(PUBLISH, FaultKind::Unavailable);
            return entries.iter().map(|_| Err(unavailable)).collect();
        }
        let mut results = Vec::with_capacity(entries.len());
        for (entry, line) in entries.iter().zip(lines) {
            results.push(match line {
                Ok(_) if entry.source == FALLBACK_SOURCE => {
                    self.queue
                        .send(&Outgoing {
                            body: entry.detail.clone(),
                            group: None,
                        })
                        .await
                }
                Ok(_) => Ok(()),
                Err(fault) => Err(fault),
            });
        }
        results
    }
}

/// Refuses a detail that is not a JSON object, as EventBridge does.
fn line(entry: &BusEntry) -> Result<String, Fault> {
    let refused = || Fault::new(PUBLISH, FaultKind::Refused);
    // A line break in the detail would end the line; a compact form has none.
    let detail: serde_json::Value =
        serde_json::from_str(&entry.detail).map_err(|_error| refused())?;
    let detail = detail
        .is_object()
        .then(|| detail.to_string())
        .ok_or_else(refused)?;
    let detail = RawValue::from_string(detail).map_err(|_error| refused())?;
    let (source, detail_type) = (entry.source.as_str(), entry.detail_type.as_str());
    let line = Line {
        source,
        detail_type,
        time: entry.time,
        detail: &detail,
    };
    serde_json::to_string(&line)
        .map(|line| line + "\n")
        .map_err(|_error| refused())
}

/// Appends in one write and returns when the disk has it. A line that a crash cut short is ended
/// first, so that it does not spoil the next.
fn append(file: &Path, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .open(file)?;
    // Of a text that somebody is writing the last byte is not the last.
    file.lock()?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let text = if last == *b"\n" {
        text.to_owned()
    } else {
        format!("\n{text}")
    };
    file.write_all(text.as_bytes())?;
    file.sync_data()
}
