use super::section::Section;
use crate::policy::{Sources, WayIn};

/// The triggers that usher passes on. Where another program answers one, the pool names that
/// program's function and not this one.
pub(super) fn sources(section: &Section<'_>) -> Sources {
    let way_in = |key: &str| {
        let words = [("pass", WayIn::Pass), ("refuse", WayIn::Refuse)];
        section.choice(key, &words, WayIn::Pass)
    };
    let migration = way_in("migration");
    if migration == WayIn::Refuse {
        section.warn_key(
            "migration",
            "only names that the pool does not know are refused, which tells whoever asks that they are unknown; without the trigger the pool keeps that to itself",
        );
    }
    Sources {
        challenges: way_in("challenges"),
        migration,
        inbound_federation: way_in("inbound_federation"),
    }
}
