use super::*;
use crate::aws::Timeouts;
use crate::disposition::FaultKind;
use crate::testkit::http::{self, Behavior, Outcome};
use std::sync::{Arc, Mutex};

type Called = Arc<Mutex<Vec<String>>>;

/// Pools that answer like this, and what was called.
fn pools(behavior: Behavior) -> (CognitoPools, Called) {
    let called = Called::default();
    let calls = called.clone();
    let script = move |call: &http::Call| {
        calls.lock().unwrap().push(call.operation.clone());
        Outcome::Ends(behavior)
    };
    let clients = http::scripted("http://127.0.0.1:1", Timeouts::WORKER, script);
    (CognitoPools::new(&clients), called)
}

fn pool() -> PoolId {
    PoolId::new("eu-west-1_A").unwrap()
}

fn ada() -> Sub {
    Sub::new("3f0c").unwrap()
}

/// A user of an outside provider, whose name is not the sub, and somebody else before.
const LISTED: &str = r#"{"Users":[
    {"Username":"eve","Enabled":true,"UserStatus":"CONFIRMED","UserCreateDate":1.7e9,
        "Attributes":[{"Name":"sub","Value":"3f0d"}]},
    {"Username":"acmelogin_7","Enabled":false,"UserStatus":"EXTERNAL_PROVIDER",
        "UserCreateDate":1.7e9,"Attributes":[{"Name":"sub","Value":"3f0c"}]}]}"#;

#[tokio::test]
async fn a_user_is_found_by_sub_and_known_by_the_pools_own_name() {
    let (pools, called) = pools(Behavior::Answers(LISTED));
    let found = pools.user(&pool(), &ada()).await.unwrap();
    let expected = PoolUser {
        name: Personal::new("acmelogin_7"),
        is_enabled: false,
        status: "EXTERNAL_PROVIDER".to_owned(),
    };
    assert_eq!(found, Some(expected));
    let nobody = Sub::new("3f0e").unwrap();
    assert_eq!(pools.user(&pool(), &nobody).await.unwrap(), None);
    assert_eq!(*called.lock().unwrap(), ["ListUsers", "ListUsers"]);
}

/// What is asked for by each name in turn: a user name, a preferred one, an e-mail in two pages.
fn directory(call: &http::Call) -> &'static str {
    let asked: serde_json::Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(asked["UserPoolId"], "eu-west-1_A");
    let is_second = asked["PaginationToken"] == "more";
    match (asked["Filter"].as_str().unwrap(), is_second) {
        (r#"username = "Ada@acme.example""#, false) => {
            assert_eq!(asked["AttributesToGet"], serde_json::json!(["sub"]));
            r#"{"Users":[{"Username":"ada@acme.example","Enabled":true,"UserStatus":"CONFIRMED",
                "Attributes":[{"Name":"sub","Value":"3f0c"}]}]}"#
        }
        (r#"preferred_username = "Ada@acme.example""#, false) => r#"{"Users":[]}"#,
        (r#"email = "Ada@acme.example""#, false) => {
            assert_eq!(
                asked["AttributesToGet"],
                serde_json::json!(["sub", "email"])
            );
            r#"{"PaginationToken":"more","Users":[
                {"Username":"eve","Enabled":true,"UserStatus":"CONFIRMED","Attributes":[
                    {"Name":"sub","Value":"3f0d"},{"Name":"email","Value":"eve@acme.example"}]},
                {"Username":"ada@acme.example","Enabled":true,"UserStatus":"CONFIRMED","Attributes":[
                    {"Name":"sub","Value":"3f0c"},{"Name":"email","Value":"ada@acme.example"}]}]}"#
        }
        (r#"email = "Ada@acme.example""#, true) => {
            r#"{"Users":[{"Username":"acmelogin_7","Enabled":false,
                "UserStatus":"EXTERNAL_PROVIDER","Attributes":[
                    {"Name":"email","Value":"ada@acme.example"},{"Name":"sub","Value":"3f0e"}]}]}"#
        }
        (other, _) => panic!("{other}"),
    }
}

#[tokio::test]
async fn everybody_of_an_address_or_a_name_is_named_once_and_nobody_else() {
    let script = |call: &http::Call| Outcome::Ends(Behavior::Answers(directory(call)));
    let clients = http::scripted("http://127.0.0.1:1", Timeouts::WORKER, script);
    let pools = CognitoPools::new(&clients);
    let name = Personal::new("Ada@acme.example");
    let found = pools.named(&pool(), &name).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.sub.as_str(), one.is_enabled, one.status.as_str()))
        .collect();
    let expected = [
        ("3f0c", true, "CONFIRMED"),
        ("3f0e", false, "EXTERNAL_PROVIDER"),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn each_act_is_one_call_whether_its_answer_is_empty_or_an_object() {
    for answer in ["", "{}"] {
        let (pools, called) = pools(Behavior::Answers(answer));
        let name = Personal::new("ada");
        assert_eq!(pools.disable(&pool(), &name).await, Ok(Some(())));
        assert_eq!(pools.revoke_sessions(&pool(), &name).await, Ok(Some(())));
        assert_eq!(pools.enable(&pool(), &name).await, Ok(Some(())));
        let expected = [
            "AdminDisableUser",
            "AdminUserGlobalSignOut",
            "AdminEnableUser",
        ];
        assert_eq!(*called.lock().unwrap(), expected);
    }
}

#[tokio::test]
async fn who_is_not_in_the_pool_is_nobody_and_a_pool_that_is_not_there_is_a_fault() {
    let name = Personal::new("ada");
    let (gone, _) = pools(Behavior::Refuses("UserNotFoundException"));
    assert_eq!(gone.disable(&pool(), &name).await, Ok(None));
    let (no_pool, _) = pools(Behavior::Refuses("ResourceNotFoundException"));
    let refused = Fault::new(DISABLE, FaultKind::Refused);
    assert_eq!(no_pool.disable(&pool(), &name).await, Err(refused));
}

#[tokio::test]
async fn what_cognito_says_of_too_many_calls_is_worth_another_try() {
    let (busy, _) = pools(Behavior::Refuses("TooManyRequestsException"));
    let fault = busy.user(&pool(), &ada()).await.unwrap_err();
    assert_eq!(fault, Fault::new(LIST, FaultKind::Throttled));
}

#[test]
fn nobody_gets_out_of_the_quotation_marks_of_a_filter() {
    assert_eq!(quoted(r#"a" or sub ^= "\"#), r#"a\" or sub ^= \"\\"#);
}
