use super::Table;
use crate::commit::{EffectKind, Entry, Lease};
use crate::port::{Appended, Fault, TakenLease, Written};
use crate::seal::SealedCommit;
use usher_events::{EventId, Subject, Time};

impl Table {
    pub(super) async fn put_commit(&self, _commit: &SealedCommit) -> Result<Appended, Fault> {
        todo!()
    }
    pub(super) async fn get_commit(
        &self,
        _subject: &Subject,
        _id: EventId,
    ) -> Result<Option<SealedCommit>, Fault> {
        todo!()
    }
    pub(super) async fn query_stream(
        &self,
        _subject: &Subject,
    ) -> Result<Vec<SealedCommit>, Fault> {
        todo!()
    }
    pub(super) async fn update_lease(
        &self,
        _subject: &Subject,
        _id: EventId,
        _now: Time,
        _lease: &Lease,
    ) -> Result<TakenLease, Fault> {
        todo!()
    }
    pub(super) async fn update_entry(
        &self,
        _subject: &Subject,
        _id: EventId,
        _kind: EffectKind,
        _entry: &Entry,
        _due: Option<Time>,
        _owner: Option<&str>,
    ) -> Result<Written, Fault> {
        todo!()
    }
}
