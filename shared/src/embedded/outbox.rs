use crate::chance;
use crate::clock::Clock;
use crate::disposition::FaultKind;
use crate::port::{Fault, Mail, MailError, Mailer};
use async_trait::async_trait;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use usher_events::Time;

const SEND: &str = "outbox.send";

/// Shows a mail's tags, in the header in which SES takes them from a mail that is whole (developer
/// guide, *Specify your configuration set when you send email*).
const TAGS: &str = "X-SES-MESSAGE-TAGS";

/// A mailer that writes each mail into a file of its own, to be opened with any mail program.
///
/// A file is named by time and message id, never by anything that a user wrote, and is there whole
/// or not at all.
#[derive(Clone)]
pub struct Outbox {
    directory: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Outbox {
    /// The outbox in this directory, which is made at the first mail.
    pub fn new(directory: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self {
            directory: directory.into(),
            clock,
        }
    }

    /// Where it writes.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let now = self.clock.now();
        let id = chance::event_id().to_string();
        let text = render(mail, &id, now).ok_or(MailError::BadAddress)?;
        let stamp: String = now
            .to_string()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .collect();
        let (directory, name) = (self.directory.clone(), format!("{stamp}-{id}.eml"));
        let written = tokio::task::spawn_blocking(move || keep(&directory, &name, &text)).await;
        match written {
            Ok(Ok(())) => Ok(id),
            Ok(Err(_)) | Err(_) => Err(Fault::new(SEND, FaultKind::Unavailable).into()),
        }
    }
}

/// Renders a mail; `None` if an address in it is none, as the mail service would find.
fn render(mail: &Mail, id: &str, now: Time) -> Option<Vec<u8>> {
    let mut message = MessageBuilder::new()
        .message_id(format!("{id}@usher.localhost"))
        .date(now.unix_seconds())
        .from(address(&mail.from)?)
        .to(address(mail.to.expose())?)
        .subject(mail.subject.as_str())
        .text_body(mail.text.as_str())
        .html_body(mail.html.as_str());
    if let Some(reply_to) = &mail.reply_to {
        message = message.reply_to(address(reply_to)?);
    }
    if let Some(headers) = mail.list_headers() {
        for (name, value) in headers {
            message = message.header(name, Raw::new(value));
        }
    }
    if !mail.tags.is_empty() {
        let tags = mail.tags.iter();
        let tags = tags.map(|tag| format!("{}={}", tag.name, tag.value));
        let tags = tags.collect::<Vec<_>>().join(", ");
        message = message.header(TAGS, Raw::new(tags));
    }
    message.write_to_vec().ok()
}

/// Reads `Name <address>` or an address alone. A control character could begin another header.
fn address(text: &str) -> Option<Address<'_>> {
    let (name, address) = match text.rsplit_once('<') {
        Some((name, rest)) => (Some(name.trim()), rest.trim().strip_suffix('>')?),
        None => (None, text.trim()),
    };
    let (local, domain) = address.rsplit_once('@')?;
    let plain = !text.chars().any(char::is_control) && !address.contains(char::is_whitespace);
    (plain && !local.is_empty() && !domain.is_empty())
        .then(|| Address::new_address(name.filter(|name| !name.is_empty()), address))
}

fn keep(directory: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let unfinished = directory.join(format!(".{name}.part"));
    let mut file = File::create(&unfinished)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&unfinished, directory.join(name))?;
    // The name is as much a part of the mail as its text.
    File::open(directory)?.sync_all()
}
