//! `usher local`: serves both functions as Lambda would, and runs the worker beside them.

mod invoke;

use crate::machine::{self, Machine};
use crate::policy_file;
use anyhow::Context;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use usher_shared::clock::WallClock;
use usher_shared::port::Inbox;
use usher_shared::{config, telemetry};
use usher_worker::poll;

/// Serves Lambda's Invoke API on this machine for the functions `trigger` and `worker`
///
/// Any client of that API can call them: an SDK with its endpoint set, or a local user-pool server
/// whose triggers go to it. The worker runs beside them. Table, queue, mails and bus are kept in a
/// directory; what was acknowledged is still there after a crash.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher local\n  usher local --fresh --port 9400 --policy usher.toml\n\n\
    Exit status: 0 it was ended and drained, 1 it could not start or broke."
)]
pub struct Local {
    /// The port of the Invoke API; 0 takes any that is free
    #[arg(long, default_value_t = 9400)]
    port: u16,
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where the state is kept
    #[arg(long, value_name = "DIR", default_value = ".usher")]
    dir: PathBuf,
    /// Starts over: removes the state that is there
    #[arg(long)]
    fresh: bool,
    /// Prints one JSON object when ready, instead of text
    #[arg(long)]
    json: bool,
}

impl Local {
    /// Serves until it is told to end.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::init(&config::log_filter(), telemetry::Format::Pretty)?;
        let (policy, policy_name) = policy_file::read(self.policy.as_deref())?;
        if self.fresh {
            machine::start_over(&self.dir).await?;
        } else if self.dir.exists() {
            machine::refuse_if_served(&self.dir).await?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))
            .await
            .with_context(|| {
                format!(
                    "port {} cannot be used; name another with --port, or 0 for any",
                    self.port
                )
            })?;
        let address = listener.local_addr()?;
        let Machine {
            trigger,
            worker,
            stack,
        } = Machine::open(&self.dir, policy, Arc::new(WallClock)).await?;
        let trigger = Arc::new(trigger);

        let (end, ended) = watch::channel(false);
        let stopped = |mut ended: watch::Receiver<bool>| async move {
            // An error means that the sender is gone, which is an end as well.
            let _ = ended.wait_for(|end| *end).await;
        };
        let inbox: Arc<dyn Inbox> = Arc::new(stack.queue.clone());
        let polling = tokio::spawn(poll::run(worker.clone(), inbox, stopped(ended.clone())));
        let serving = axum::serve(listener, invoke::router(trigger, worker))
            .with_graceful_shutdown(stopped(ended));
        let serving = tokio::spawn(serving.into_future());
        // Before anybody knows that it is there to be ended.
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        self.say_ready(
            &format!("http://{address}"),
            stack.database.endpoint(),
            &policy_name,
        );
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        if !self.json {
            anstream::println!("Ending: finishing what is under way …");
        }
        end.send(true).ok();
        serving.await.context("the Invoke API broke")??;
        polling.await.context("the worker broke")?;
        Ok(ExitCode::SUCCESS)
    }

    fn say_ready(&self, invoke: &str, dynamodb: &str, policy: &str) {
        let dir = self.dir.display();
        if self.json {
            let ready = serde_json::json!({ "ready": true, "invoke": invoke, "dynamodb": dynamodb, "dir": self.dir, "policy": policy });
            anstream::println!("{ready}");
            return;
        }
        anstream::println!(
            "usher is ready, deciding by {policy}.\n\n\
             Lambda's Invoke API   {invoke}   (functions: trigger, worker)\n\
             DynamoDB              {dynamodb}   (table: usher)\n\
             State                 {dir}   (mails in {dir}/mail, the bus in {dir}/bus.ndjson)\n\n\
             Try it from another terminal:\n\n  \
             curl -s {invoke}/2015-03-31/functions/trigger/invocations -d @cli/samples/03-confirmation.json\n  \
             ls {dir}/mail\n\n\
             Or let a user-pool server on this machine call its triggers there: give it {invoke} as its\n\
             Lambda endpoint and `trigger` as the function of every trigger.\n\n\
             Ctrl-C ends it; what was acknowledged is kept, and --fresh starts over."
        );
    }
}
