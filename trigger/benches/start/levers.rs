//! What each decision about the start saves or costs: the trigger as it ships beside the trigger
//! without it.

use crate::STARTS;
use crate::report::{load, middle, size};
use crate::run::{answer, event, processor_time, spawn};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use usher_shared::testkit::runtime_api::RuntimeApi;
use usher_shared::testkit::stand_in::{Identity, StandIn, port};

/// The first event of every start here: its answer takes one read of the table.
const FIRST: &str = "PreAuthentication_Authentication";

/// A Region for which the trigger reads the system's roots, because it is of another partition.
const ELSEWHERE: (&str, &str) = ("REGION", "us-gov-west-1");

/// How the trigger reaches AWS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connections {
    /// Without TLS, by connections that it opens at its start.
    Plain,
    /// Over TLS, by connections that it opens at its start.
    AtStart,
    /// Over TLS; nobody listens until it is ready, so that the first call has to connect.
    AtFirstCall,
}

struct Lever<'a> {
    name: String,
    binary: &'a Path,
    connections: Connections,
    besides: Vec<(&'a str, &'a str)>,
    starts: Vec<First>,
}

/// What one start showed.
struct First {
    /// From the process's start until it asked for its first event.
    ready: Duration,
    /// From the event's coming, then, until the answer.
    invocation: Duration,
    /// The processor time that the process had used by then.
    worked: Duration,
}

/// Measures and prints. `faster` is the trigger at `opt-level` 3, if that was asked for.
pub async fn print(shipped: &Path, faster: Option<&Path>, aws: &StandIn) {
    let identity = Identity::new();
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("root.pem");
    fs::write(&root, identity.root()).expect("cargo makes this folder for us");
    let trust = (
        "SSL_CERT_FILE",
        root.to_str().expect("cargo's paths are text"),
    );
    let lever = |name: &str, connections, besides: &[_]| Lever {
        name: name.to_owned(),
        binary: shipped,
        connections,
        besides: besides.to_vec(),
        starts: Vec::new(),
    };
    let mut levers = vec![
        lever("as it ships", Connections::Plain, &[]),
        lever("with the system's roots", Connections::Plain, &[ELSEWHERE]),
        lever("TLS, connected at start", Connections::AtStart, &[trust]),
        lever(
            "TLS, connected by the call",
            Connections::AtFirstCall,
            &[trust],
        ),
    ];
    levers.extend(faster.map(|binary| Lever {
        name: format!("at opt-level 3: {} MiB", size(binary)),
        binary,
        ..lever("", Connections::Plain, &[])
    }));
    for _ in 0..STARTS {
        for lever in &mut levers {
            let first = lever.start(aws, &identity).await;
            lever.starts.push(first);
        }
    }
    println!("\nload of the machine afterwards: {}\n", load());
    println!("| levers | spawn to ready, ms | first read of the table, ms | processor time, ms |");
    println!("|---|--:|--:|--:|");
    for Lever { name, starts, .. } in &levers {
        let ready = middle(starts, |start| start.ready);
        let invocation = middle(starts, |start| start.invocation);
        let worked = middle(starts, |start| start.worked);
        println!("| {name} | {ready} | {invocation} | {worked} |");
    }
}

impl Lever<'_> {
    async fn start(&self, aws: &StandIn, identity: &Identity) -> First {
        let event = event(FIRST);
        let api = RuntimeApi::start().await;
        let mut closed = Some(port());
        let over_tls = closed.as_ref().and_then(|port| port.local_addr().ok());
        let over_tls = over_tls.map(|address| format!("https://{address}"));
        let endpoint = match self.connections {
            Connections::Plain => aws.endpoint(),
            Connections::AtStart | Connections::AtFirstCall => over_tls.expect("it has a port"),
        };
        let mut open = |when| {
            let port = closed.take_if(|_| self.connections == when);
            port.map(|port| aws.over_tls(port, identity))
        };
        let _from_the_start = open(Connections::AtStart);
        aws.take_calls();
        let start = Instant::now();
        let mut function = spawn(&api, self.binary, &endpoint, &self.besides);
        api.ready().await;
        let ready = start.elapsed();
        let _from_now_on = open(Connections::AtFirstCall);
        assert_eq!(
            aws.take_calls().contains_key("GetItem"),
            self.connections != Connections::AtFirstCall,
            "{}: whether the table was reached at start",
            self.name
        );
        let start = Instant::now();
        answer(&api, &event).await;
        let invocation = start.elapsed();
        let worked = processor_time(function.process().id());
        assert_eq!(aws.take_calls().get("GetItem"), Some(&1), "{}", self.name);
        First {
            ready,
            invocation,
            worked,
        }
    }
}
