//! User pools, by four operations of a hundred.

use crate::aws::Clients;
use crate::aws::json::{Client, Service, Version};
use crate::disposition::FaultKind;
use crate::port::{Fault, Namesake, PoolUser, UserPools};
use async_trait::async_trait;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use usher_events::{Personal, PoolId, Sub};

const LIST: &str = "cognito_idp.list_users";
const DISABLE: &str = "cognito_idp.admin_disable_user";
const ENABLE: &str = "cognito_idp.admin_enable_user";
const SIGN_OUT: &str = "cognito_idp.admin_user_global_sign_out";
const ABSENT: &str = "UserNotFoundException";

/// The attribute that is the same for ever.
const SUB: &str = "sub";
/// What the pool's own name of a user is called in a filter; it is no attribute.
const USER_NAME: &str = "username";
/// What people know a user by, and the attributes that are asked for then. Of these names, any user may
/// choose the second, and whoever has not verified it the third.
const NAMES: [(&str, &[&str]); 3] = [
    (USER_NAME, &[SUB]),
    ("preferred_username", &[SUB, "preferred_username"]),
    ("email", &[SUB, "email"]),
];
/// The most users of one name that are looked at.
const NAMESAKES: usize = 20;

const SERVICE: Service = Service {
    name: "cognito-idp",
    host: "cognito-idp",
    version: Version::V1_1,
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
    /// None that not every user has who is found: with such a one, Cognito answers with an error.
    attributes_to_get: &'a [&'static str],
    filter: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(default)]
    users: Vec<User>,
    pagination_token: Option<String>,
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

impl User {
    fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let attribute = attributes.find(|one| one.name == name)?;
        attribute.value.as_ref().map(Personal::expose)
    }
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

    /// The users one of whose attributes is this, among others: a server that does not know the filter
    /// names everybody.
    async fn list(
        &self,
        pool: &PoolId,
        attribute: &str,
        value: &str,
        attributes_to_get: &[&'static str],
        is_meant: impl Fn(&User) -> bool + Send,
    ) -> Result<Vec<User>, Fault> {
        let filter = format!("{attribute} = \"{}\"", quoted(value));
        let (mut users, mut token) = (Vec::new(), None);
        loop {
            let input = List {
                user_pool_id: pool.as_str(),
                attributes_to_get,
                filter: &filter,
                pagination_token: token,
            };
            let listed: Option<Listed> =
                self.client.call(LIST, "ListUsers", &input, ABSENT).await?;
            let Some(listed) = listed else {
                return Ok(users);
            };
            users.extend(listed.users.into_iter().filter(|user| is_meant(user)));
            token = listed.pagination_token;
            if token.is_none() || users.len() >= NAMESAKES {
                return Ok(users);
            }
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
        let is_meant = |user: &User| user.attribute(SUB) == Some(sub.as_str());
        let users = self.list(pool, SUB, sub.as_str(), &[SUB], is_meant).await?;
        Ok(users.into_iter().next().map(|user| PoolUser {
            name: user.username,
            is_enabled: user.enabled,
            status: user.user_status,
        }))
    }

    async fn named(&self, pool: &PoolId, name: &Personal) -> Result<Vec<Namesake>, Fault> {
        let name = name.expose();
        let mut found = Vec::<Namesake>::new();
        for (attribute, wanted) in NAMES {
            let is_meant = |user: &User| {
                let value = match attribute {
                    USER_NAME => Some(user.username.expose()),
                    other => user.attribute(other),
                };
                value.is_some_and(|value| value.to_lowercase() == name.to_lowercase())
            };
            for user in self.list(pool, attribute, name, wanted, is_meant).await? {
                let sub = user.attribute(SUB).map(Sub::new);
                let Some(Ok(sub)) = sub else {
                    return Err(Fault::new(LIST, FaultKind::Corrupt));
                };
                if found.iter().all(|known| known.sub != sub) {
                    found.push(Namesake {
                        sub,
                        is_enabled: user.enabled,
                        status: user.user_status,
                    });
                }
            }
        }
        Ok(found)
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
