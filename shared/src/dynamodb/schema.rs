use super::Table;
use crate::port::Fault;

impl Table {
    /// Makes the table unless there is one, as the deployment's template does: for one machine and
    /// for tests.
    pub async fn create(&self) -> Result<(), Fault> {
        todo!()
    }
}
