//! Mail through SES.

use crate::aws::Clients;
use crate::port::{Mail, MailError, Mailer};
use async_trait::async_trait;
use aws_sdk_sesv2::Client;

/// SES, API version 2.
#[derive(Clone, Debug)]
pub struct Ses {
    client: Client,
}

impl Ses {
    /// SES in the clients' Region; nothing is called yet.
    pub fn new(clients: &Clients) -> Self {
        Self {
            client: Client::new(clients.sdk()),
        }
    }
}

#[async_trait]
impl Mailer for Ses {
    async fn send(&self, _mail: &Mail) -> Result<String, MailError> {
        todo!()
    }
}
