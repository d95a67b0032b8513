//! Faults that a test plants. Without the feature `fault-injection` there is nothing here to plant.
//!
//! `USHER_FAULT=kill:appended` kills this process at the place `appended`; `stop:` stops it until
//! somebody continues it, `panic:` panics. `@<subject>` at the end plants it for one subject alone.
//! Each strikes once.

#[cfg(feature = "fault-injection")]
pub(crate) fn point(place: &'static str, subject: &str) {
    planted::point(place, subject);
}

/// Does nothing.
#[cfg(not(feature = "fault-injection"))]
pub(crate) fn point(_place: &'static str, _subject: &str) {}

#[cfg(feature = "fault-injection")]
mod planted {
    use std::process::Command;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Planted {
        act: String,
        place: String,
        subject: Option<String>,
        struck: AtomicBool,
    }

    static PLANTED: OnceLock<Option<Planted>> = OnceLock::new();

    fn read() -> Option<Planted> {
        let text = usher_shared::config::planted_fault()?;
        let (act, rest) = text.split_once(':')?;
        let (place, subject) = match rest.split_once('@') {
            Some((place, subject)) => (place, Some(subject.to_owned())),
            None => (rest, None),
        };
        let struck = AtomicBool::new(false);
        Some(Planted {
            act: act.to_owned(),
            place: place.to_owned(),
            subject,
            struck,
        })
    }

    #[expect(clippy::panic, reason = "planting panics is what this is for")]
    pub(super) fn point(place: &'static str, subject: &str) {
        let Some(planted) = PLANTED.get_or_init(read) else {
            return;
        };
        let here =
            planted.place == place && planted.subject.as_deref().is_none_or(|one| one == subject);
        if !here || planted.struck.swap(true, Ordering::SeqCst) {
            return;
        }
        match planted.act.as_str() {
            "kill" => signal("-KILL"),
            "stop" => signal("-STOP"),
            _ => panic!("planted at {place}"),
        }
    }

    /// Signals this very process, by its id.
    fn signal(name: &str) {
        let id = std::process::id().to_string();
        Command::new("kill")
            .args([name, &id])
            .status()
            .expect("a system that tests run on has kill");
    }
}
