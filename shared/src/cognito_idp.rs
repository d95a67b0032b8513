//! User pools, by four operations of a hundred.

use crate::aws::Clients;
use crate::aws::json::{Client, Service};
use crate::port::{Fault, PoolUser, UserPools};
use async_trait::async_trait;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use usher_events::{Personal, PoolId, Sub};

const LIST: &str = "cognito_idp.list_users";
const DISABLE: &str = "cognito_idp.admin_disable_user";
const ENABLE: &str = "cognito_idp.admin_enable_user";
const SIGN_OUT: &str = "cognito_idp.admin_user_global_sign_out";
const ABSENT: &str = "UserNotFoundException";

/// The attribute that users are looked up by.
const SUB: &str = "sub";

const SERVICE: Service = Service {
    name: "cognito-idp",
    id: "Cognito Identity Provider",
    target: "AWSCognitoIdentityProviderService",
};

/// The user pools of an account and Region.
#[derive(Clone, Debug)]
pub struct CognitoPools {
    client: Client,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List<'a> {
    user_pool_id: &'a str,
    attributes_to_get: [&'static str; 1],
    filter: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(default)]
    users: Vec<User>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct User {
    username: Personal,
    #[serde(default)]
    attributes: Vec<Attribute>,
    enabled: bool,
    user_status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    name: String,
    value: Option<Personal>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Named<'a> {
    user_pool_id: &'a str,
    username: &'a str,
}

impl CognitoPools {
    /// The pools of these clients' account and Region; nothing is called yet.
    pub fn new(clients: &Clients) -> Self {
        Self {
            client: Client::new(clients, SERVICE),
        }
    }

    /// Calls an operation on one user that says nothing in return.
    async fn tell(
        &self,
        (name, operation): (&'static str, &str),
        pool: &PoolId,
        user: &Personal,
    ) -> Result<Option<()>, Fault> {
        let input = Named {
            user_pool_id: pool.as_str(),
            username: user.expose(),
        };
        let done: Option<IgnoredAny> = self.client.call(name, operation, &input, ABSENT).await?;
        Ok(done.map(drop))
    }
}

#[async_trait]
impl UserPools for CognitoPools {
    async fn user(&self, pool: &PoolId, sub: &Sub) -> Result<Option<PoolUser>, Fault> {
        let input = List {
            user_pool_id: pool.as_str(),
            attributes_to_get: [SUB],
            filter: format!("{SUB} = \"{}\"", quoted(sub.as_str())),
        };
        let listed: Option<Listed> = self.client.call(LIST, "ListUsers", &input, ABSENT).await?;
        // A server that does not know the filter names everybody.
        let is_meant = |user: &User| {
            let mut attributes = user.attributes.iter();
            attributes.any(|one| {
                one.name == SUB
                    && one
                        .value
                        .as_ref()
                        .is_some_and(|value| value.expose() == sub.as_str())
            })
        };
        let mut users = listed.into_iter().flat_map(|listed| listed.users);
        Ok(users.find(is_meant).map(|user| PoolUser {
            name: user.username,
            is_enabled: user.enabled,
            status: user.user_status,
        }))
    }

    async fn disable(&self, pool: &PoolId, name: &Personal) -> Result<Option<()>, Fault> {
        self.tell((DISABLE, "AdminDisableUser"), pool, name).await
    }

    async fn enable(&self, pool: &PoolId, name: &Personal) -> Result<Option<()>, Fault> {
        self.tell((ENABLE, "AdminEnableUser"), pool, name).await
    }

    async fn revoke_sessions(&self, pool: &PoolId, name: &Personal) -> Result<Option<()>, Fault> {
        self.tell((SIGN_OUT, "AdminUserGlobalSignOut"), pool, name)
            .await
    }
}

/// A text as a filter has it between quotation marks (API reference, *ListUsers*).
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests;
