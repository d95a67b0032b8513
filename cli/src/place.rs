//! Which deployment a verb works on: the one on this machine, or one on AWS.

use crate::log::local::Local;
use crate::log::poll::Polled;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use usher_events::{PoolId, Time};
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::clock::WallClock;
use usher_shared::cognito_idp::CognitoPools;
use usher_shared::config::{DeadLetterConfig, LogConfig, QueueConfig, TableConfig};
use usher_shared::digest::Secret;
use usher_shared::dynamodb::{Table, TableFeed};
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::policy::Policy;
use usher_shared::port::{DeadLetterInbox, Feed, Queue, Store, UserPools};
use usher_shared::secret::Keepers;
use usher_shared::secrets_manager::SecretsManager;
use usher_shared::sqs::{DeadLetterQueue, WorkQueue};
use usher_shared::ssm::ParameterStore;

/// Which deployment.
#[derive(clap::Args)]
#[group(skip)]
pub struct Place {
    /// The state of `usher local` on this machine
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".usher",
        conflicts_with = "aws"
    )]
    dir: PathBuf,
    /// Works on the deployment that USHER_TABLE, USHER_SECRET, USHER_POOL and REGION name, with your
    /// own AWS credentials
    #[arg(long)]
    aws: bool,
}

/// A deployment that can be worked on.
pub struct Opened {
    /// Its table.
    pub table: Table,
    /// Its secret.
    pub secret: Secret,
    /// Its user pools; `None` on this machine, which has none.
    pub pools: Option<Pools>,
    stack: Option<Stack>,
}

/// The user pools of a deployment.
pub struct Pools {
    /// Reaches them.
    pub service: Arc<dyn UserPools>,
    /// The one that USHER_POOL names.
    pub configured: Option<PoolId>,
}

impl Place {
    /// Opens its table and its work queue, for a sweep; on AWS nothing is called yet.
    pub async fn open_to_sweep(&self, policy: &Policy) -> anyhow::Result<Sweepable> {
        if self.aws {
            let config = QueueConfig::from_env().context("--aws needs to know the deployment")?;
            let clients = Clients::for_command(config.region, Timeouts::WORKER).await;
            return Ok(Sweepable {
                store: Arc::new(Table::new(&clients, config.table)),
                queue: Arc::new(WorkQueue::new(&clients, config.queue_url)),
                stack: None,
            });
        }
        let stack = Stack::open(&self.dir, Arc::new(WallClock), limits(policy)).await?;
        Ok(Sweepable {
            store: Arc::new(stack.store.clone()),
            queue: Arc::new(stack.queue.clone()),
            stack: Some(stack),
        })
    }

    /// Opens its table alone, and looks whether it is there.
    pub async fn open_log(&self, policy: &Policy) -> anyhow::Result<OpenedLog> {
        let (table, stack) = if self.aws {
            let (table, _) = log_on_aws().await?;
            (table, None)
        } else {
            let stack = self.open_state(policy).await?;
            (stack.store.clone(), Some(stack))
        };
        let items = match table.look().await {
            Ok(seen) => seen.items,
            Err(unseen) => {
                close(stack).await;
                return Err(unseen.into());
            }
        };
        Ok(OpenedLog {
            table,
            items,
            stack,
        })
    }

    /// Opens what tells of its log as it grows, from now on or from an earlier instant.
    pub async fn open_feed(&self, now: Time, since: Option<Time>) -> anyhow::Result<OpenedFeed> {
        if !self.aws {
            self.check_state()?;
            let feed = Polled::new(Local::new(&self.dir), now, since);
            return Ok(OpenedFeed {
                name: format!("the log in {}", self.dir.display()),
                table: None,
                feed: Box::new(feed),
            });
        }
        let (table, clients) = log_on_aws().await?;
        table.look().await?;
        let name = table.name().to_owned();
        let feed = Box::pin(TableFeed::open(&clients, &table, now, since)).await;
        let feed =
            feed.with_context(|| format!("the stream of the table {name} cannot be read"))?;
        let Some(feed) = feed else {
            bail!(
                "the table {name} has no stream that shows new items; this switches one on, and costs \
                 no write units:\n  aws dynamodb update-table --table-name {name} \
                 --stream-specification StreamEnabled=true,StreamViewType=NEW_IMAGE"
            );
        };
        Ok(OpenedFeed {
            name: format!("the log in the table {name}"),
            table: Some(table),
            feed: Box::new(feed),
        })
    }

    /// Opens its dead letters, and looks whether they are there.
    pub async fn open_dead_letters(&self, policy: &Policy) -> anyhow::Result<OpenedLetters> {
        if self.aws {
            let config = DeadLetterConfig::from_env();
            let config = config.context("--aws needs to know the deployment")?;
            let clients = Clients::for_command(config.region, Timeouts::WORKER).await;
            let letters = DeadLetterQueue::new(&clients, config.dead_letter_url.as_str());
            letters.look().await?;
            return Ok(OpenedLetters {
                inbox: Arc::new(letters),
                name: config.dead_letter_url,
                stack: None,
            });
        }
        let stack = self.open_state(policy).await?;
        Ok(OpenedLetters {
            inbox: Arc::new(stack.dead_letters.clone()),
            name: self.dir.display().to_string(),
            stack: Some(stack),
        })
    }

    /// Opens its dead letters, its work queue and its table, and looks whether they are there.
    pub async fn open_to_replay(&self, policy: &Policy) -> anyhow::Result<Replayable> {
        let letters = self.open_dead_letters(policy).await?;
        if let Some(stack) = &letters.stack {
            return Ok(Replayable {
                queue: Arc::new(stack.queue.clone()),
                table: stack.store.clone(),
                letters,
            });
        }
        let config = QueueConfig::from_env().context("--aws needs to know the deployment")?;
        if config.queue_url == letters.name {
            bail!(
                "USHER_QUEUE_URL and USHER_DEAD_LETTER_URL name one queue; letters would be sent to where \
                 they are"
            );
        }
        let clients = Clients::for_command(config.region, Timeouts::WORKER).await;
        let queue = WorkQueue::new(&clients, config.queue_url);
        queue.look().await?;
        let table = Table::new(&clients, config.table);
        table.look().await?;
        Ok(Replayable {
            queue: Arc::new(queue),
            table,
            letters,
        })
    }

    /// Whether there is something to read on this machine. Opened, it would be made, and hold nothing to find
    /// fault with.
    pub fn check_state(&self) -> anyhow::Result<()> {
        if !self.aws && !self.dir.join(crate::machine::DATABASE).exists() {
            bail!(
                "there is no state in {}; `usher local` makes it, --dir names another, and --aws works \
                 on a deployment",
                self.dir.display()
            );
        }
        Ok(())
    }

    /// Opens what is on this machine, if it is.
    async fn open_state(&self, policy: &Policy) -> anyhow::Result<Stack> {
        self.check_state()?;
        Ok(Stack::open(&self.dir, Arc::new(WallClock), limits(policy)).await?)
    }

    /// Whether it is on AWS.
    pub fn is_aws(&self) -> bool {
        self.aws
    }

    /// Its directory on this machine; where the command keeps notes of its own about one on AWS.
    pub fn directory(&self) -> &Path {
        &self.dir
    }

    /// Opens it; on AWS nothing is called yet, but for the secret where USHER_SECRET names it.
    pub async fn open(&self, policy: &Policy) -> anyhow::Result<Opened> {
        if self.aws {
            return Box::pin(on_aws()).await;
        }
        let stack = Stack::open(&self.dir, Arc::new(WallClock), limits(policy)).await?;
        Ok(Opened {
            table: stack.store.clone(),
            secret: stack.secret.clone(),
            pools: None,
            stack: Some(stack),
        })
    }
}

fn limits(policy: &Policy) -> QueueLimits {
    QueueLimits {
        visibility_timeout: policy.worker.lease,
        receive_limit: policy.worker.receive_limit,
    }
}

async fn log_on_aws() -> anyhow::Result<(Table, Clients)> {
    let config = LogConfig::from_env().context("--aws needs to know the deployment")?;
    let clients = Clients::for_command(config.region, Timeouts::WORKER).await;
    Ok((Table::new(&clients, config.table), clients))
}

async fn on_aws() -> anyhow::Result<Opened> {
    let config = TableConfig::from_env().context("--aws needs to know the deployment")?;
    let clients = Clients::for_command(config.region, Timeouts::WORKER).await;
    let keepers = Keepers {
        parameters: Arc::new(ParameterStore::new(&clients)),
        secrets: Arc::new(SecretsManager::new(&clients)),
    };
    let secret = config.secret.read(&keepers).await;
    Ok(Opened {
        table: Table::new(&clients, config.table),
        secret: secret.context("the secret that USHER_SECRET names cannot be had")?,
        pools: Some(Pools {
            service: Arc::new(CognitoPools::new(&clients)),
            configured: config.pool,
        }),
        stack: None,
    })
}

async fn close(stack: Option<Stack>) {
    if let Some(stack) = stack {
        stack.close().await;
    }
}

/// What tells of a deployment's log as it grows.
pub struct OpenedFeed {
    /// What it is called to a person.
    pub name: String,
    /// The table; `None` on this machine, where it is there while somebody serves it.
    pub table: Option<Table>,
    /// Tells.
    pub feed: Box<dyn Feed>,
}

/// The table of a deployment, for whoever reads its log.
pub struct OpenedLog {
    /// The table.
    pub table: Table,
    /// How many items it has, about; `None` where nobody says.
    pub items: Option<u64>,
    stack: Option<Stack>,
}

impl OpenedLog {
    /// Ends what runs on this machine, and waits until its files are free.
    pub async fn close(self) {
        drop(self.table);
        close(self.stack).await;
    }
}

/// The dead letters of a deployment.
pub struct OpenedLetters {
    /// Their queue.
    pub inbox: Arc<dyn DeadLetterInbox>,
    /// What names it.
    pub name: String,
    stack: Option<Stack>,
}

impl OpenedLetters {
    /// Ends what runs on this machine, and waits until its files are free.
    pub async fn close(self) {
        drop(self.inbox);
        close(self.stack).await;
    }
}

/// What a deployment's dead letters are brought back with.
pub struct Replayable {
    /// They.
    pub letters: OpenedLetters,
    /// The work queue that they go to.
    pub queue: Arc<dyn Queue>,
    /// The table that tells which are done.
    pub table: Table,
}

impl Replayable {
    /// Ends what runs on this machine, and waits until its files are free.
    pub async fn close(self) {
        drop((self.queue, self.table));
        self.letters.close().await;
    }
}

/// The table and the work queue of a deployment.
pub struct Sweepable {
    /// Its table.
    pub store: Arc<dyn Store>,
    /// Its work queue.
    pub queue: Arc<dyn Queue>,
    stack: Option<Stack>,
}

impl Sweepable {
    /// Ends what runs on this machine, and waits until its files are free.
    pub async fn close(self) {
        if let Some(stack) = self.stack {
            drop((self.store, self.queue));
            stack.close().await;
        }
    }
}

impl Opened {
    /// Ends what runs on this machine, and waits until its files are free.
    pub async fn close(self) {
        if let Some(stack) = self.stack {
            drop(self.table);
            stack.close().await;
        }
    }
}
