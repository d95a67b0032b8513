//! What something costs.

use usher_shared::testkit::meter::{Call, Service, Units};

/// The calls that something takes.
pub struct Cost {
    /// What.
    pub what: &'static str,
    /// How many events that is.
    pub events: usize,
    pub calls: Vec<Call>,
}

impl Cost {
    /// By DynamoDB's rules.
    pub fn units(&self) -> Units {
        self.calls.iter().map(|call| call.computed).sum()
    }

    pub fn calls_of(&self, service: Service) -> usize {
        let calls = self.calls.iter();
        calls.filter(|call| call.service == service).count()
    }

    /// The calls of the table of which the server has reported something.
    pub fn reported(&self) -> impl Iterator<Item = (&Call, Units)> {
        let calls = self.calls.iter();
        calls.filter_map(|call| Some((call, call.reported?)))
    }
}
