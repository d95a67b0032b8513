//! Faults that a test plants. Without the feature `fault-injection` there is nothing here to plant.

/// Panics if a test has planted a panic at this place.
#[cfg(feature = "fault-injection")]
#[expect(clippy::panic, reason = "planting panics is what this is for")]
pub(crate) fn point(place: &'static str) {
    use std::sync::OnceLock;
    static PLANTED: OnceLock<Option<String>> = OnceLock::new();
    if PLANTED
        .get_or_init(usher_shared::config::planted_fault)
        .as_deref()
        == Some(place)
    {
        panic!("planted at {place}");
    }
}

/// Does nothing.
#[cfg(not(feature = "fault-injection"))]
pub(crate) fn point(_place: &'static str) {}
