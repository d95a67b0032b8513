use super::Table;
use crate::port::{Due, Fault, Written};
use usher_events::{EventId, Time};

impl Table {
    pub(super) async fn put_spill(
        &self,
        _id: EventId,
        _body: &str,
        _due: Time,
    ) -> Result<(), Fault> {
        todo!()
    }
    pub(super) async fn get_spill(&self, _id: EventId) -> Result<Option<String>, Fault> {
        todo!()
    }
    pub(super) async fn delete_spill(&self, _id: EventId) -> Result<(), Fault> {
        todo!()
    }
    pub(super) async fn query_due(&self, _now: Time, _most: u32) -> Result<Vec<Due>, Fault> {
        todo!()
    }
    pub(super) async fn update_due(&self, _item: &Due, _to: Time) -> Result<Written, Fault> {
        todo!()
    }
}
