//! `usher user --aws`: what is recorded is done in the user pool as well, where one is configured.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use common::{json, usher};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::process::Output;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use usher_shared::dynamodb::Table;
use usher_shared::embedded::Database;

const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";
const POOL: &str = "us-east-1_Sample01";
/// The name of a user of an outside provider; it says who the user is.
const NAME: &str = "acmelogin_ada@acme.example";
const ADDRESS: &str = "ada@acme.example";
const EVE: &str = "1c22d0ab-0f0e-4b8e-9a3f-5d2b8a1c7e90";

/// A user pool with one user, or none, that refuses the operation that it is told to.
#[derive(Default)]
struct Pool {
    is_empty: bool,
    /// Whether somebody else has Ada's address, too.
    has_namesake: bool,
    is_disabled: bool,
    refuses: Option<&'static str>,
    calls: Vec<String>,
}

impl Pool {
    fn answer(&mut self, operation: &str, body: &Value) -> Result<Value, &'static str> {
        self.calls.push(operation.to_owned());
        assert_eq!(body["UserPoolId"], POOL);
        if self.refuses == Some(operation) {
            return Err("NotAuthorizedException");
        }
        match operation {
            "ListUsers" if self.is_empty => Ok(json!({ "Users": [] })),
            "ListUsers" => {
                let filter = body["Filter"].as_str().unwrap();
                let (by, value) = filter.split_once(" = ").unwrap();
                let is_meant = match by {
                    "sub" => value == format!("\"{ADA}\""),
                    "username" => value == format!("\"{NAME}\""),
                    "preferred_username" => false,
                    "email" => value == format!("\"{ADDRESS}\""),
                    other => panic!("nobody is found by {other}"),
                };
                let user = |sub: &str, name: &str| {
                    json!({
                        "Username": name, "Enabled": !self.is_disabled,
                        "UserStatus": "EXTERNAL_PROVIDER", "UserCreateDate": 1.7e9,
                        "Attributes": [{ "Name": "sub", "Value": sub },
                            { "Name": "email", "Value": ADDRESS }],
                    })
                };
                let mut users = Vec::from_iter(is_meant.then(|| user(ADA, NAME)));
                if by == "email" && is_meant && self.has_namesake {
                    users.push(user(EVE, "eve"));
                }
                Ok(json!({ "Users": users }))
            }
            "AdminDisableUser" | "AdminEnableUser" | "AdminUserGlobalSignOut" => {
                assert_eq!(body["Username"], NAME);
                match operation {
                    "AdminDisableUser" => self.is_disabled = true,
                    "AdminEnableUser" => self.is_disabled = false,
                    _ => {}
                }
                Ok(json!({}))
            }
            other => panic!("{other} is none of the command's business"),
        }
    }
}

async fn serve(
    State(pool): State<Arc<Mutex<Pool>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target
        .strip_prefix("AWSCognitoIdentityProviderService.")
        .unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let answer = pool.lock().unwrap().answer(operation, &body);
    let (status, answer) = match answer {
        Ok(answer) => (StatusCode::OK, answer),
        Err(code) => (StatusCode::BAD_REQUEST, json!({ "__type": code })),
    };
    let response = Response::builder().status(status);
    response.body(Body::from(answer.to_string())).unwrap()
}

/// A deployment: a table, and a user pool.
struct Deployment {
    _runtime: Runtime,
    database: Database,
    pool: Arc<Mutex<Pool>>,
    pool_url: String,
    directory: TempDir,
}

impl Deployment {
    /// One that knows Ada.
    fn with_ada() -> Self {
        let runtime = Runtime::new().unwrap();
        let pool = Arc::<Mutex<Pool>>::default();
        let (database, pool_url) = runtime.block_on(async {
            let database = Database::memory().await.unwrap();
            let table = Table::new(&database.clients(), "usher");
            table.create().await.unwrap();
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
            let listener = listener.await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let app = Router::new().fallback(serve).with_state(pool.clone());
            tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
            (database, url)
        });
        let deployment = Self {
            _runtime: runtime,
            database,
            pool,
            pool_url,
            directory: TempDir::new().unwrap(),
        };
        let made = deployment.user(None, &["role", ADA, "guest", "--unseen", "--pool", POOL]);
        assert!(made.status.success(), "{}", text(&made));
        assert_eq!(
            deployment.take_calls(),
            Vec::<String>::new(),
            "a role is none of the pool's"
        );
        deployment
    }

    fn user(&self, pool: Option<&str>, arguments: &[&str]) -> Output {
        let mut command = usher(self.directory.path());
        command.args(["user"]).args(arguments).arg("--aws");
        command.env_remove("AWS_PROFILE").env_remove("USHER_POOL");
        if let Some(pool) = pool {
            command.env("USHER_POOL", pool);
        }
        let settings = [
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.database.endpoint()),
            ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", &self.pool_url),
            ("REGION", "us-east-1"),
            ("USHER_TABLE", "usher"),
            (
                "USHER_SECRET",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
        ];
        command.envs(settings).output().unwrap()
    }

    fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.pool.lock().unwrap().calls)
    }

    fn refusing(&self, operation: Option<&'static str>) {
        self.pool.lock().unwrap().refuses = operation;
    }

    fn status(&self) -> Value {
        json(&self.user(None, &["show", ADA, "--json"]))["status"].clone()
    }
}

fn text(output: &Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

const SUSPEND: [&str; 4] = ["suspend", ADA, "--confirm", "--json"];
const REINSTATE: [&str; 3] = ["reinstate", ADA, "--json"];

#[test]
fn who_is_suspended_is_disabled_in_the_pool_and_signed_out_and_comes_back() {
    let deployment = Deployment::with_ada();
    let planned = json(&deployment.user(Some(POOL), &["suspend", ADA, "--json"]));
    assert_eq!(
        (&planned["pool"], &planned["in_pool"]),
        (&json!(POOL), &json!("planned"))
    );
    assert_eq!(
        deployment.take_calls(),
        Vec::<String>::new(),
        "a plan asks nobody"
    );

    let done = json(&deployment.user(Some(POOL), &SUSPEND));
    assert_eq!(
        (&done["status"], &done["in_pool"]),
        (&json!("suspended"), &json!("disabled"))
    );
    let expected = ["ListUsers", "AdminDisableUser", "AdminUserGlobalSignOut"];
    assert_eq!(deployment.take_calls(), expected);
    let shown = json(&deployment.user(Some(POOL), &["show", ADA, "--json"]));
    let in_pool = json!({
        "pool": POOL, "found": true, "enabled": false, "status": "EXTERNAL_PROVIDER"
    });
    assert_eq!(shown["in_pool"], in_pool);
    let shown = text(&deployment.user(Some(POOL), &["show", ADA]));
    assert!(
        shown.contains(&format!("disabled in {POOL}, EXTERNAL_PROVIDER")),
        "{shown}"
    );
    deployment.take_calls();

    let done = json(&deployment.user(Some(POOL), &REINSTATE));
    assert_eq!(
        (&done["status"], &done["in_pool"]),
        (&json!("pending"), &json!("enabled"))
    );
    assert_eq!(deployment.take_calls(), ["ListUsers", "AdminEnableUser"]);
}

#[test]
fn what_the_pool_did_not_do_is_named_and_the_same_command_again_does_it() {
    let deployment = Deployment::with_ada();
    for (fails, left) in [
        (
            "ListUsers",
            "nothing is done; what is left is to look for the user",
        ),
        (
            "AdminDisableUser",
            "nothing is done; what is left is to disable the user",
        ),
        (
            "AdminUserGlobalSignOut",
            "the user is disabled; what is left is to end the sessions",
        ),
    ] {
        deployment.refusing(Some(fails));
        let output = deployment.user(Some(POOL), &SUSPEND);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(left) && said.contains("The same command"),
            "{said}"
        );
        assert!(!said.contains("acme.example"), "{said}");
        assert_eq!(json(&output)["in_pool"], "unfinished");
        assert_eq!(
            deployment.status(),
            "suspended",
            "it is recorded all the same"
        );
        deployment.refusing(None);
        let again = json(&deployment.user(Some(POOL), &SUSPEND));
        assert_eq!(
            (&again["changed"], &again["in_pool"]),
            (&json!(false), &json!("disabled"))
        );
        json(&deployment.user(Some(POOL), &REINSTATE));
    }
    deployment.refusing(Some("AdminEnableUser"));
    json(&deployment.user(None, &SUSPEND));
    let output = deployment.user(Some(POOL), &REINSTATE);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("to enable the user"),
        "{}",
        text(&output)
    );
    deployment.refusing(None);
    let again = json(&deployment.user(Some(POOL), &REINSTATE));
    assert_eq!(
        (&again["changed"], &again["in_pool"]),
        (&json!(false), &json!("enabled"))
    );
}

#[test]
fn without_a_pool_none_is_asked_and_the_operator_is_told() {
    let deployment = Deployment::with_ada();
    let said = text(&deployment.user(None, &["suspend", ADA, "--confirm"]));
    assert!(said.contains("USHER_POOL or --pool"), "{said}");
    assert_eq!(deployment.take_calls(), Vec::<String>::new());
    let named = deployment.user(
        None,
        &["suspend", ADA, "--confirm", "--json", "--pool", POOL],
    );
    assert_eq!(
        json(&named)["in_pool"],
        "disabled",
        "one that is named is as one configured"
    );
}

#[test]
fn a_user_of_another_pool_is_not_touched() {
    let deployment = Deployment::with_ada();
    let output = deployment.user(Some("us-east-1_Other"), &SUSPEND);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains(&format!("is a user of {POOL}")),
        "{}",
        text(&output)
    );
    assert_eq!(deployment.take_calls(), Vec::<String>::new());
    assert_eq!(deployment.status(), "pending");
    let bad = deployment.user(Some("no pool"), &SUSPEND);
    assert!(text(&bad).contains("USHER_POOL must be"), "{}", text(&bad));
}

#[test]
fn who_is_gone_from_the_pool_is_suspended_all_the_same() {
    let deployment = Deployment::with_ada();
    deployment.pool.lock().unwrap().is_empty = true;
    let output = deployment.user(Some(POOL), &SUSPEND);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(json(&output)["in_pool"], "absent");
    let shown = json(&deployment.user(Some(POOL), &["show", ADA, "--json"]));
    assert_eq!(shown["in_pool"], json!({ "pool": POOL, "found": false }));
}

#[test]
fn a_user_is_shown_although_the_pool_cannot_be_asked() {
    let deployment = Deployment::with_ada();
    deployment.refusing(Some("ListUsers"));
    let output = deployment.user(Some(POOL), &["show", ADA]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(
        said.contains("guest") && said.contains("cannot be asked"),
        "{said}"
    );
}

#[test]
fn a_user_is_found_by_what_people_know_the_user_by() {
    let deployment = Deployment::with_ada();
    for known in [ADDRESS, NAME, " ada@acme.example"] {
        let shown = deployment.user(Some(POOL), &["show", known, "--json"]);
        assert_eq!(json(&shown)["sub"], ADA, "{known}: {}", text(&shown));
    }
    deployment.take_calls();
    let by_sub = json(&deployment.user(Some(POOL), &["show", ADA, "--json"]));
    assert_eq!(by_sub["sub"], ADA);
    assert_eq!(deployment.take_calls(), ["ListUsers"], "a sub is no name");
}

#[test]
fn where_several_have_one_address_the_operator_chooses_and_nobody_is_quoted() {
    let deployment = Deployment::with_ada();
    deployment.pool.lock().unwrap().has_namesake = true;
    let output = deployment.user(Some(POOL), &["show", ADDRESS]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for named in [ADA, EVE, "EXTERNAL_PROVIDER, enabled"] {
        assert!(said.contains(named), "{said}");
    }
    assert!(!said.contains("acme.example"), "{said}");
}

#[test]
fn who_is_not_found_is_told_where_else_to_look() {
    let deployment = Deployment::with_ada();
    for (pool, who, remedy) in [
        (Some(POOL), "eve@acme.example", "--in-table"),
        (Some(POOL), "eve\" or sub ^= \"", "--in-table"),
        (None, "eve@acme.example", "USHER_POOL or --pool"),
        (None, "eve", "USHER_POOL or --pool"),
    ] {
        let output = deployment.user(pool, &["show", who]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(remedy) && !said.contains("eve"), "{said}");
    }
    deployment.take_calls();
    let in_table = deployment.user(Some(POOL), &["show", ADDRESS, "--in-table"]);
    assert!(
        text(&in_table).contains("no user item"),
        "{}",
        text(&in_table)
    );
    assert_eq!(deployment.take_calls(), Vec::<String>::new());
    deployment.refusing(Some("ListUsers"));
    let said = text(&deployment.user(Some(POOL), &["show", ADDRESS]));
    assert!(
        said.contains("cannot be asked") && !said.contains("ada"),
        "{said}"
    );
}
