//! Everything that is logged, down to the last trace, to be looked through.

use std::cell::RefCell;
use std::io::Write;
use std::sync::OnceLock;
use tracing::Dispatch;
use tracing_subscriber::filter::LevelFilter;

/// What every personal value of the seeds holds, and nothing else does.
pub(crate) const CANARY: &str = "canary";

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Does something, and gives back with it what was logged meanwhile on this thread.
pub(crate) fn of<T>(act: impl FnOnce() -> T) -> (T, String) {
    static DISPATCH: OnceLock<Dispatch> = OnceLock::new();
    let dispatch = DISPATCH.get_or_init(|| {
        let lines = tracing_subscriber::fmt().json().with_ansi(false);
        let lines = lines.without_time().with_max_level(LevelFilter::TRACE);
        Dispatch::new(lines.with_writer(|| Lines).finish())
    });
    LINES.with_borrow_mut(Vec::clear);
    let done = tracing::dispatcher::with_default(dispatch, act);
    let lines = LINES.with_borrow_mut(std::mem::take);
    (done, String::from_utf8(lines).expect("JSON is UTF-8"))
}
