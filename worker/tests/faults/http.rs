//! Calls of the servers' own interfaces, which no SDK knows.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Calls a server of this machine and gives what it says. HTTP 1.0, so that the answer ends where the
/// connection does.
pub async fn call(method: &str, origin: &str, path: &str, body: &str) -> String {
    let address = origin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, said) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200"), "{method} {path}: {head}");
    said.to_owned()
}

/// The same where the answer is JSON.
pub async fn json(method: &str, origin: &str, path: &str, body: &str) -> Value {
    serde_json::from_str(&call(method, origin, path, body).await).unwrap()
}
