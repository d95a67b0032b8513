use super::Guard;
use async_trait::async_trait;
use std::sync::Arc;
use usher_shared::digest;
use usher_shared::policy::lookup::Endpoint;
use usher_shared::port::{Answer, Fault, Lookup, Question};

/// A lookup behind its breaker.
pub(super) struct Guarded {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) guard: Arc<Guard>,
}

#[async_trait]
impl Lookup for Guarded {
    async fn ask(&self, endpoint: &Endpoint, question: &Question) -> Result<Answer, Fault> {
        // Two workers may be under two policies for a while.
        let target = digest::name_of(&endpoint.url.to_string());
        self.guard.shared().aim(&target);
        let Some(pass) = self.guard.admit().await else {
            return Err(self.guard.held());
        };
        let answer = self.lookup.ask(endpoint, question).await;
        let fault = answer.as_ref().err().map(|fault| fault.kind);
        pass.report(fault).await;
        answer
    }
}
