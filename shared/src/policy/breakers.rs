use crate::breaker::Limits;
use crate::dependency::Dependency;
use std::time::Duration;

/// `[breaker]`: when a service is no longer called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// How long a worker goes by what it has read of the others' breakers.
    pub cache: Duration,
    /// `[breaker.mail]`
    pub mail: Limits,
    /// `[breaker.bus]`
    pub bus: Limits,
    /// `[breaker.lookup]`
    pub lookup: Limits,
}

impl BreakerRules {
    /// Those of one service.
    pub fn of(&self, dependency: Dependency) -> &Limits {
        match dependency {
            Dependency::Mail => &self.mail,
            Dependency::Bus => &self.bus,
            Dependency::Lookup => &self.lookup,
        }
    }
}
