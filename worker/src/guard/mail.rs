use super::Guard;
use async_trait::async_trait;
use std::sync::Arc;
use usher_shared::port::{Mail, MailError, Mailer};

/// A mail service behind its breaker.
pub(super) struct Guarded {
    pub(super) mailer: Arc<dyn Mailer>,
    pub(super) guard: Arc<Guard>,
}

#[async_trait]
impl Mailer for Guarded {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let Some(pass) = self.guard.admit().await else {
            return Err(self.guard.held().into());
        };
        let sent = self.mailer.send(mail).await;
        pass.report(sent.as_ref().err().map(MailError::kind)).await;
        sent
    }
}
