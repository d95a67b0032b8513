//! Secrets in Secrets Manager.

use crate::aws::Clients;
use crate::aws::json::{Client, Service, Version};
use crate::port::{Fault, Secrets, Stored};
use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

const GET: &str = "secretsmanager.get_secret_value";
const ABSENT: &str = "ResourceNotFoundException";

const SERVICE: Service = Service {
    name: "secretsmanager",
    host: "secretsmanager",
    version: Version::V1_1,
    id: "Secrets Manager",
    target: "secretsmanager",
};

/// Secrets Manager in an account and Region.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Get<'a> {
    secret_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Got {
    name: String,
    secret_string: Option<SecretString>,
    version_id: String,
}

impl SecretsManager {
    /// Secrets Manager in these clients' account and Region; nothing is called yet.
    pub fn new(clients: &Clients) -> Self {
        Self {
            client: Client::new(clients, SERVICE),
        }
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn secret(&self, id: &str) -> Result<Option<Stored>, Fault> {
        let input = Get { secret_id: id };
        let got: Option<Got> = self
            .client
            .call(GET, "GetSecretValue", &input, ABSENT)
            .await?;
        Ok(got.and_then(|got| {
            Some(Stored {
                name: got.name,
                text: got.secret_string?,
                version: got.version_id,
            })
        }))
    }
}

#[cfg(test)]
mod tests;
