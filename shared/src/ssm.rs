//! Parameters in SSM's parameter store.

use crate::aws::Clients;
use crate::aws::json::{Client, Service, Version};
use crate::disposition::FaultKind;
use crate::port::{Fault, Parameters, Stored};
use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

const GET: &str = "ssm.get_parameter";
const GET_BY_PATH: &str = "ssm.get_parameters_by_path";
const ABSENT: &str = "ParameterNotFound";

/// Most parameters that one page has.
const MOST: u8 = 10;
/// Most pages that are read of one path: a policy in a hundred parts is a mistake, and so is an
/// answer that always names a next page.
const PAGES: usize = 10;

const SERVICE: Service = Service {
    name: "ssm",
    host: "ssm",
    version: Version::V1_1,
    id: "SSM",
    target: "AmazonSSM",
};

/// The parameter store of an account and Region.
#[derive(Clone, Debug)]
pub struct ParameterStore {
    client: Client,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Get<'a> {
    name: &'a str,
    with_decryption: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetByPath<'a> {
    path: &'a str,
    recursive: bool,
    with_decryption: bool,
    max_results: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Got {
    parameter: Parameter,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    parameters: Vec<Parameter>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    value: SecretString,
    version: i64,
}

impl ParameterStore {
    /// The store of these clients' account and Region; nothing is called yet.
    pub fn new(clients: &Clients) -> Self {
        Self {
            client: Client::new(clients, SERVICE),
        }
    }
}

#[async_trait]
impl Parameters for ParameterStore {
    async fn parameter(&self, name: &str) -> Result<Option<Stored>, Fault> {
        let input = Get {
            name,
            with_decryption: true,
        };
        let got: Option<Got> = self
            .client
            .call(GET, "GetParameter", &input, ABSENT)
            .await?;
        Ok(got.map(|got| got.parameter.into()))
    }

    async fn under(&self, path: &str) -> Result<Vec<Stored>, Fault> {
        let mut found: Vec<Stored> = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let input = GetByPath {
                path,
                recursive: false,
                with_decryption: true,
                max_results: MOST,
                next_token: token.as_deref(),
            };
            let page: Option<Page> = self
                .client
                .call(GET_BY_PATH, "GetParametersByPath", &input, ABSENT)
                .await?;
            let Some(page) = page else {
                return Ok(Vec::new());
            };
            found.extend(page.parameters.into_iter().map(Stored::from));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                found.sort_by(|one, other| one.name.cmp(&other.name));
                return Ok(found);
            }
        }
        Err(Fault::new(GET_BY_PATH, FaultKind::Corrupt))
    }
}

impl From<Parameter> for Stored {
    fn from(parameter: Parameter) -> Self {
        Self {
            name: parameter.name,
            text: parameter.value,
            version: parameter.version.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
