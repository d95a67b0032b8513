use super::Table;
use crate::port::{Fault, Loaded, Written};
use crate::preferences::Preferences;
use crate::seal::UserKey;
use crate::user::UserItem;
use usher_events::Sub;

impl Table {
    pub(super) async fn glance_user(&self, _sub: &Sub) -> Result<Option<UserItem>, Fault> {
        todo!()
    }
    pub(super) async fn load_user(&self, _sub: &Sub) -> Result<Loaded, Fault> {
        todo!()
    }
    pub(super) async fn put_key(&self, _sub: &Sub, _fresh: &UserKey) -> Result<UserKey, Fault> {
        todo!()
    }
    pub(super) async fn put_user(&self, _item: &UserItem) -> Result<Written, Fault> {
        todo!()
    }
    pub(super) async fn put_preferences(
        &self,
        _sub: &Sub,
        _initial: &Preferences,
    ) -> Result<(), Fault> {
        todo!()
    }
    pub(super) async fn get_preferences(&self, _sub: &Sub) -> Result<Option<Preferences>, Fault> {
        todo!()
    }
}
