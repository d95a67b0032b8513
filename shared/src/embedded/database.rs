use super::EmbeddedError;
use crate::aws::{Clients, Timeouts};
use std::fs::{File, OpenOptions, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// How long [`Database::close`] waits for requests that are under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// A DynamoDB of one's own, on SQLite, served to this machine alone.
///
/// What it has acknowledged survives the end of the process, however that comes: SQLite writes
/// ahead (`journal_mode = WAL`) and, as dynoxide leaves `synchronous` at its default of `FULL`,
/// flushes the log to the disk before it answers. So it survives a loss of power, too.
#[derive(Clone, Debug)]
pub struct Database {
    endpoint: Arc<str>,
    server: Option<Arc<Server>>,
}

/// The thread that serves. It ends when the last handle is dropped.
#[derive(Debug)]
struct Server {
    stop: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody to tell means that the thread has ended already.
        let _ = self.stop.send(true);
    }
}

impl Database {
    /// Opens or makes the database in this file, and serves it until the last clone is dropped.
    ///
    /// [`EmbeddedError::InUse`] while another process, or another handle of this one, has it open.
    pub async fn open(file: &Path) -> Result<Self, EmbeddedError> {
        let path = file.with_extension("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let lock = lock.map_err(|source| EmbeddedError::file(&path, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(EmbeddedError::InUse { path: file.into() });
            }
            Err(TryLockError::Error(source)) => return Err(EmbeddedError::file(&path, source)),
        }
        Self::serve(Some(file.to_owned()), Some(lock)).await
    }

    /// Serves a database that is forgotten when the last clone is dropped.
    pub async fn memory() -> Result<Self, EmbeddedError> {
        Self::serve(None, None).await
    }

    /// Uses the database that another process serves.
    pub fn at(endpoint: impl Into<Arc<str>>) -> Self {
        Self {
            endpoint: endpoint.into(),
            server: None,
        }
    }

    /// Where it is served: `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Clients for it.
    pub fn clients(&self) -> Clients {
        Clients::local(&self.endpoint, Timeouts::WORKER)
    }

    /// Whether this handle, or one it was cloned from, serves the database itself.
    pub fn is_ours(&self) -> bool {
        self.server.is_some()
    }

    /// Stops serving, for every clone, and waits until the file is free.
    pub async fn close(self) {
        if let Some(server) = self.server {
            let _ = server.stop.send(true);
            let mut stopped = server.stopped.clone();
            // A request that hangs keeps the file until the process ends; nothing is lost by that.
            let _ = tokio::time::timeout(PATIENCE, stopped.wait_for(|stopped| *stopped)).await;
        }
    }

    /// Serves from a thread and a runtime of its own: SQLite's calls block, and whoever calls it
    /// may run on a single thread.
    async fn serve(file: Option<PathBuf>, lock: Option<File>) -> Result<Self, EmbeddedError> {
        let (stop, mut told) = watch::channel(false);
        let (ended, stopped) = watch::channel(false);
        let (ready, opened) = oneshot::channel();
        let serving = move || {
            let _lock = lock;
            match open(file.as_deref()) {
                Ok((runtime, listener, database)) => {
                    let endpoint = listener.local_addr().map(|at| format!("http://{at}"));
                    let stopping = async move {
                        // A dropped handle is as good as a stopped one.
                        let _ = told.wait_for(|stop| *stop).await;
                    };
                    runtime.block_on(async move {
                        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                            return;
                        };
                        if ready
                            .send(endpoint.map_err(|error| error.to_string()))
                            .is_ok()
                        {
                            // It ends when told to; how is of no use to anybody any more.
                            let _ =
                                dynoxide::server::serve_with_shutdown(listener, database, stopping)
                                    .await;
                        }
                    });
                    runtime.shutdown_timeout(PATIENCE);
                }
                Err(problem) => {
                    let _ = ready.send(Err(problem));
                }
            }
            let _ = ended.send(true);
        };
        let thread = std::thread::Builder::new().name("usher-database".to_owned());
        thread
            .spawn(serving)
            .map_err(|error| EmbeddedError::database(&error))?;
        match opened.await {
            Ok(Ok(endpoint)) => Ok(Self {
                endpoint: endpoint.into(),
                server: Some(Arc::new(Server { stop, stopped })),
            }),
            Ok(Err(problem)) => Err(EmbeddedError::Database { problem }),
            Err(_) => Err(EmbeddedError::Database {
                problem: "it ended at once".to_owned(),
            }),
        }
    }
}

type Opened = (tokio::runtime::Runtime, TcpListener, dynoxide::Database);

fn open(file: Option<&Path>) -> Result<Opened, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| text(&error))?;
    listener
        .set_nonblocking(true)
        .map_err(|error| text(&error))?;
    let database = match file {
        Some(file) => dynoxide::Database::new(file.to_str().ok_or("its path is not text")?),
        None => dynoxide::Database::memory(),
    };
    Ok((
        runtime.map_err(|error| text(&error))?,
        listener,
        database.map_err(|error| text(&error))?,
    ))
}
