use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::fmt::MakeWriter;

/// Listens to everything and keeps nothing.
///
/// Whether anybody listens to a line is remembered for the whole process when the line is first met.
/// While there is one listener alone, the thread that meets it answers for itself: a test that does not
/// listen would make the line silent for the test beside it that does. So there are always two.
static ANYBODY: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// What a subscriber writes: give it a clone as its writer.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Makes this subscriber the one of this thread while the guard is held.
    pub fn listen(subscriber: impl Subscriber + Send + Sync + 'static) -> DefaultGuard {
        LazyLock::force(&ANYBODY);
        let guard = set_default(subscriber);
        tracing::callsite::rebuild_interest_cache();
        guard
    }

    /// All that was written.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).unwrap()
    }

    /// All that was written, a JSON object a line.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        let text = self.text();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// The lines since the last time anybody asked.
    pub fn take(&self) -> Vec<serde_json::Value> {
        let lines = self.lines();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        lines
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
