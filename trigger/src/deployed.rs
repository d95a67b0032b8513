//! The trigger as it is deployed: under whichever policy is in force.

use crate::handle::Trigger;
use std::sync::Arc;
use usher_shared::loading::{Edition, Policies};
use usher_shared::policy::Policy;

/// Gives each invocation a trigger of its own, and sees to policy and secret between invocations.
pub struct Deployed {
    trigger: Trigger,
    policies: Policies<Arc<Policy>>,
}

impl Deployed {
    /// Puts this trigger under these policies; its own is the first of them.
    pub fn new(trigger: Trigger, policies: Policies<Arc<Policy>>) -> Self {
        Self { trigger, policies }
    }

    /// A trigger under the policy that is in force now, and which one that is. It answers one
    /// invocation, and so one policy answers it throughout.
    pub fn trigger(&self) -> (Trigger, Arc<Edition<Arc<Policy>>>) {
        let edition = self.policies.current();
        let trigger = Trigger {
            policy: Arc::clone(&edition.made),
            ..self.trigger.clone()
        };
        (trigger, edition)
    }

    /// Sees, once an answer is made, whether policy or secret are to be read anew, and begins that
    /// without waiting for it.
    pub fn after_an_answer(&self) {
        self.policies.refresh_soon();
        self.trigger.secret.refresh_soon();
    }
}
