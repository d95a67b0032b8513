//! What the command's tests share: running it, and speaking to what it serves.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "helpers of tests; each test uses some"
)]

pub mod peak;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long an outcome may take. A worker that is killed while it has a message leaves it hidden for
/// a minute and a half.
const PATIENCE: Duration = Duration::from_secs(180);

/// The command, in a directory that holds nothing, with none of this process's settings.
pub fn usher(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command
        .current_dir(directory)
        .env_remove("USHER_LOG")
        .env("NO_COLOR", "1");
    for switch in [
        "ENABLE_WELCOME_EMAIL",
        "ENABLE_PROFILE_CREATION",
        "ENV",
        "REGION",
    ] {
        command.env_remove(switch);
    }
    command
}

/// Runs the command to its end.
pub fn run(directory: &Path, arguments: &[&str]) -> Output {
    usher(directory).args(arguments).output().unwrap()
}

/// Standard output as JSON.
pub fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// One of the samples that come with usher.
pub fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// `usher local`, ended at the latest with its test.
pub struct Local {
    child: Child,
    stdout: BufReader<ChildStdout>,
    port: u16,
    pub ready: Value,
}

impl Local {
    /// Starts it on any free port and waits until it says that it is ready.
    pub fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut command = usher(directory);
        command
            .args(["local", "--port", "0", "--json"])
            .args(arguments);
        Self::spawn(&mut command)
    }

    /// Starts it with this log filter, and the log in a file.
    pub fn start_logging(directory: &Path, filter: &str, log: &Path) -> Self {
        let mut command = usher(directory);
        command
            .args(["local", "--port", "0", "--json"])
            .env("USHER_LOG", filter);
        Self::spawn(command.stderr(std::fs::File::create(log).unwrap()))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let port = ready["invoke"]
            .as_str()
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        Self {
            child,
            stdout,
            port,
            ready,
        }
    }

    /// Calls a function with these headers.
    pub fn invoke(&self, function: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        write!(
            stream,
            "POST /2015-03-31/functions/{function}/invocations HTTP/1.1\r\nhost: localhost\r\n\
             connection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        Answer::read(&text)
    }

    /// Ends it without a word.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, as Ctrl-C does, and gives its exit status.
    pub fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        status.code()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // Already ended is as good as ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_lowercase(), value.trim().to_owned())
        };
        Self {
            status,
            headers: lines.map(header).collect(),
            body: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// The mails in an outbox, once there are `count`; panics if that takes longer than [`PATIENCE`].
pub fn mails(outbox: &Path, count: usize) -> Vec<PathBuf> {
    let end = Instant::now() + PATIENCE;
    loop {
        let mails: Vec<PathBuf> = std::fs::read_dir(outbox)
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        let mails: Vec<PathBuf> = mails
            .into_iter()
            .filter(|mail| mail.extension().is_some_and(|e| e == "eml"))
            .collect();
        if mails.len() >= count {
            return mails;
        }
        assert!(
            Instant::now() < end,
            "{} of {count} mails in {}",
            mails.len(),
            outbox.display()
        );
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// What the bus was told, once it was told this; panics if that takes longer than [`PATIENCE`].
pub fn told(bus: &Path, what: &str) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(bus).unwrap_or_default();
        if text.contains(what) {
            return text;
        }
        assert!(Instant::now() < end, "the bus was told only:\n{text}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
