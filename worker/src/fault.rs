//! Faults that a test plants. Without the feature `fault-injection` there is nothing here to plant.
//!
//! `USHER_FAULT=kill:appended` kills this process at the place `appended`; `stop:` stops it until
//! somebody continues it, `panic:` panics, and `tell:` does nothing. `*` is any place. `#<number>`
//! after the place plants it where that is passed for the so-manieth time, and not for the first;
//! `@<subject>` at the end plants it for one subject alone. Each strikes once. Where something is
//! planted, standard error says of every place that is passed `passed <place> <subject>`, and
//! `struck <place> <subject>` where it strikes.

#[cfg(feature = "fault-injection")]
pub(crate) fn point(place: &'static str, subject: &str) {
    planted::point(place, subject);
}

/// Does nothing.
#[cfg(not(feature = "fault-injection"))]
pub(crate) fn point(_place: &'static str, _subject: &str) {}

/// Every place, roughly in the order in which a message passes them.
#[cfg(feature = "fault-injection")]
pub const PLACES: [&str; 17] = [
    "due_moved",
    "spill_sent",
    "received",
    "counted",
    "redeemed",
    "stamped",
    "founding",
    "founded",
    "looked_up",
    "appended",
    "claimed",
    "prepared",
    "mail_begun",
    "mail_sent",
    "closed",
    "published",
    "deleting",
];

#[cfg(feature = "fault-injection")]
mod planted {
    use std::io::{Write, stderr};
    use std::process::Command;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Planted {
        act: String,
        place: String,
        /// At which passing of the place, from 1.
        number: u32,
        subject: Option<String>,
        passed: AtomicU32,
    }

    static PLANTED: OnceLock<Option<Planted>> = OnceLock::new();

    fn read() -> Option<Planted> {
        let text = usher_shared::config::planted_fault()?;
        let (act, rest) = text.split_once(':')?;
        let (place, subject) = match rest.split_once('@') {
            Some((place, subject)) => (place, Some(subject.to_owned())),
            None => (rest, None),
        };
        let (place, number) = match place.split_once('#') {
            Some((place, number)) => (place, number.parse().ok()?),
            None => (place, 1),
        };
        Some(Planted {
            act: act.to_owned(),
            place: place.to_owned(),
            number,
            subject,
            passed: AtomicU32::new(0),
        })
    }

    #[expect(clippy::panic, reason = "planting panics is what this is for")]
    pub(super) fn point(place: &'static str, subject: &str) {
        let Some(planted) = PLANTED.get_or_init(read) else {
            return;
        };
        tell("passed", place, subject);
        let here = [place, "*"].contains(&planted.place.as_str())
            && planted.subject.as_deref().is_none_or(|one| one == subject);
        if !here || planted.passed.fetch_add(1, Ordering::SeqCst) + 1 != planted.number {
            return;
        }
        tell("struck", place, subject);
        match planted.act.as_str() {
            "kill" => signal("-KILL"),
            "stop" => signal("-STOP"),
            "tell" => {}
            _ => panic!("planted at {place}"),
        }
    }

    /// Whoever reads it has no use for half a line, so that it is one write.
    fn tell(what: &str, place: &str, subject: &str) {
        let line = format!("{what} {place} {subject}\n");
        // A test that needs it finds it missing.
        let _ = stderr().write_all(line.as_bytes());
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

#[cfg(test)]
#[cfg(feature = "fault-injection")]
mod tests {
    use super::PLACES;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// Every text that follows these words in the sources below a directory.
    fn after(words: &str, directory: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                after(words, &path, found);
            } else {
                let source = fs::read_to_string(&path).unwrap();
                let texts = source.split(words).skip(1);
                found.extend(texts.map(|text| text.split('"').nth(1).unwrap().to_owned()));
            }
        }
    }

    #[test]
    fn every_place_is_in_the_list_and_the_list_names_no_other() {
        let mut found = BTreeSet::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        // Put together, or else these would be one more of them.
        after(&["fault::", "point("].concat(), &sources, &mut found);
        assert_eq!(found, PLACES.map(str::to_owned).into());
    }
}
