//! The sample life that comes with usher.

/// One event to be played.
pub struct Scene {
    /// What it is, or the file that it comes from.
    pub name: String,
    /// The event, as the pool sends it.
    pub event: String,
    /// What the trigger should decide, where that is known.
    pub expected: Option<&'static str>,
}

/// The sample life, in order: what happens, what the trigger should decide, and the event.
const LIFE: [(&str, &str, &str); 7] = [
    (
        "a sign-up from a blocked domain",
        "refused",
        include_str!("../../samples/01-refused-sign-up.json"),
    ),
    (
        "a sign-up",
        "passed",
        include_str!("../../samples/02-sign-up.json"),
    ),
    (
        "its confirmation",
        "passed",
        include_str!("../../samples/03-confirmation.json"),
    ),
    (
        "an attempt to sign in",
        "passed",
        include_str!("../../samples/04-pre-sign-in.json"),
    ),
    (
        "the sign-in",
        "passed",
        include_str!("../../samples/05-sign-in.json"),
    ),
    (
        "a token",
        "answered",
        include_str!("../../samples/06-token.json"),
    ),
    (
        "a password reset",
        "passed",
        include_str!("../../samples/07-password-reset.json"),
    ),
];

/// The sample life.
pub fn life() -> Vec<Scene> {
    let scene = |(name, expected, event): &(&str, &'static str, &str)| Scene {
        name: (*name).to_owned(),
        event: (*event).to_owned(),
        expected: Some(expected),
    };
    LIFE.iter().map(scene).collect()
}
