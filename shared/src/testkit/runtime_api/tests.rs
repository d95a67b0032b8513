use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;

/// One request over a connection of its own, as text.
fn call(address: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A function that answers one event, in a thread, because it blocks.
fn function(address: String, outcome: &'static str) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let next = call(&address, "GET", "invocation/next", "");
        let id = next.to_lowercase().lines().find_map(|line| {
            line.strip_prefix("lambda-runtime-aws-request-id: ")
                .map(|id| id.trim().to_owned())
        });
        let path = format!("invocation/{}/{outcome}", id.unwrap());
        assert!(call(&address, "POST", &path, r#"{"said":1}"#).starts_with("HTTP/1.1 202"));
        next
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_to_the_function_and_its_answer_comes_back() {
    let api = RuntimeApi::start().await;
    let said = r#"{"said":1}"#.to_owned();
    for (outcome, expected) in [
        ("response", Answer::Response(said.clone())),
        ("error", Answer::Error(said)),
    ] {
        let thread = function(api.address(), outcome);
        api.ready().await;
        assert_eq!(api.invoke(r#"{"event":1}"#).await, Some(expected));
        let next = thread.join().unwrap();
        assert!(next.ends_with(r#"{"event":1}"#), "{next}");
        assert!(
            next.to_lowercase().contains("lambda-runtime-deadline-ms: "),
            "{next}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_cannot_begin_says_so() {
    let api = RuntimeApi::start().await;
    let address = api.address();
    let report = move || call(&address, "POST", "init/error", "no table");
    tokio::task::spawn_blocking(report).await.unwrap();
    assert_eq!(api.broken().as_deref(), Some("no table"));
    let nobody = api.invoke_within("{}", Duration::from_millis(50)).await;
    assert_eq!(nobody, None, "nobody asks for events");
}
