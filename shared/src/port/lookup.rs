use super::Fault;
use crate::policy::lookup::Endpoint;
use async_trait::async_trait;
use usher_events::{Personal, Role};

/// What another system is told of a person, so that it can say what it knows: as little as finds
/// them there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The address, which counts as verified.
    pub email: Personal,
}

/// What it says of the person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The role that it gives; `None` where it gives none, or does not know the person.
    pub role: Option<Role>,
}

/// Asks another system, such as a CRM.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Asks once, within the time that the endpoint allows. May be repeated, and dropped.
    ///
    /// A fault says nothing of the person: nobody answered, or not in a way that can be read.
    async fn ask(&self, endpoint: &Endpoint, question: &Question) -> Result<Answer, Fault>;
}
