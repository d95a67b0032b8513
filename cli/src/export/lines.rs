//! What a commit comes to, line by line.

use super::filter::Filter;
use crate::patience::{TRIES, deadline};
use usher_events::{Fact, Subject, wire};
use usher_shared::commit::Commit;
use usher_shared::dynamodb::Table;
use usher_shared::port::{Fault, Log};
use usher_shared::retry::retry;
use usher_shared::seal::{self, SealError, SealedCommit, UserKey};

/// An event, as CloudEvents has it.
pub struct Line {
    /// Its type, without prefix.
    pub name: &'static str,
    /// Whether it was decided from another.
    pub is_decided: bool,
    /// The event.
    pub json: String,
}

/// The events of a commit that are wanted.
pub fn lines(commit: &Commit, filter: &Filter, include_person: bool) -> Vec<Line> {
    let event = &commit.envelope;
    let mut lines = vec![Line {
        name: event.event.name(),
        is_decided: false,
        json: match include_person {
            true => wire::encode(event),
            false => wire::encode_without_person(event),
        },
    }];
    lines.extend(commit.decided_envelopes().map(|decided| Line {
        name: decided.event.name(),
        is_decided: true,
        json: wire::encode(&decided),
    }));
    lines.retain(|line| filter.wants_type(line.name));
    lines
}

/// Opens commits with their users' keys. The key of the stream that was looked at last is kept: a table
/// has it behind the commits.
#[derive(Default)]
pub struct Keys(Option<(Subject, Option<UserKey>)>);

impl Keys {
    /// Opens a commit whole.
    pub async fn open(
        &mut self,
        table: &Table,
        sealed: &SealedCommit,
    ) -> anyhow::Result<Result<Commit, SealError>> {
        let key = match &sealed.sealed_person {
            Some(_) => self.key(table, &sealed.envelope.subject).await?,
            None => None,
        };
        Ok(seal::open(sealed, key.as_ref()))
    }

    async fn key(&mut self, table: &Table, subject: &Subject) -> anyhow::Result<Option<UserKey>> {
        if let Some((of, key)) = &self.0
            && of == subject
        {
            return Ok(key.clone());
        }
        let key = match subject {
            Subject::User(sub) => {
                let inspect = || table.inspect(sub);
                retry(&TRIES, deadline(), Fault::disposition, inspect)
                    .await?
                    .key
            }
            Subject::SignUp(_) => None,
        };
        self.0 = Some((subject.clone(), key.clone()));
        Ok(key)
    }
}
