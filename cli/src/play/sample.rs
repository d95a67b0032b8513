//! The sample life that comes with usher.

use crate::policy_file;
use anyhow::Context;
use jiff::ToSpan;
use jiff::civil::{self, Weekday};
use jiff::tz::TimeZone;
use std::path::Path;
use usher_events::Time;
use usher_shared::policy::Policy;

/// What happens in one scene.
pub enum Step {
    /// The pool asks the trigger; the event, as the pool sends it.
    Event(String),
    /// An operator does something.
    Deed(Deed),
}

/// What an operator does in the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Makes an invite, whose code the events after it name `{invite}`.
    Invite,
    /// Suspends the user.
    Suspend,
    /// Lets the user in again.
    Reinstate,
}

impl Deed {
    /// The command that does it.
    pub fn command(self) -> &'static str {
        match self {
            Self::Invite => "usher invite create",
            Self::Suspend => "usher user suspend",
            Self::Reinstate => "usher user reinstate",
        }
    }
}

/// One scene to be played.
pub struct Scene {
    /// What it is, or the file that its event comes from.
    pub name: String,
    /// When it happens; now, where nothing is said.
    pub at: Option<Time>,
    /// What happens.
    pub step: Step,
    /// What the trigger should decide, where that is known.
    pub expected: Option<&'static str>,
}

/// The pool of its events.
pub const POOL: &str = "eu-west-1_Sample01";

/// The policy of the sample.
const POLICY: &str = include_str!("../../samples/usher.toml");

/// The zone of that policy's business hours, in which the hours below are meant.
const ZONE: &str = "Europe/Vienna";

/// A scene as it is written down here.
struct Written {
    day: i32,
    clock: &'static str,
    name: &'static str,
    happens: Happens,
}

/// What happens, and what the trigger should decide.
enum Happens {
    Asked(&'static str, &'static str),
    Done(Deed),
}

/// A scene in one line: day and hour, what happens, and who asks or acts.
macro_rules! scene {
    ($day:literal at $clock:literal: $name:literal, $file:literal is $expected:literal) => {
        scene!(
            $day,
            $clock,
            $name,
            Happens::Asked(
                $expected,
                include_str!(concat!("../../samples/", $file, ".json")),
            )
        )
    };
    ($day:literal at $clock:literal: $name:literal, $deed:ident) => {
        scene!($day, $clock, $name, Happens::Done(Deed::$deed))
    };
    ($day:expr, $clock:expr, $name:expr, $happens:expr) => {
        Written {
            day: $day,
            clock: $clock,
            name: $name,
            happens: $happens,
        }
    };
}

/// The sample life, in order.
const LIFE: [Written; 16] = [
    scene!(0 at "09:00": "a sign-up from a blocked domain", "01-refused-sign-up" is "refused"),
    scene!(0 at "09:05": "a sign-up without an invite", "sign-up-without-invite" is "refused"),
    scene!(0 at "09:10": "an operator makes an invite for managers", Invite),
    scene!(0 at "09:15": "a sign-up with the invite", "sign-up-by-invite" is "passed"),
    scene!(0 at "09:15": "the message with the code", "code-message" is "answered"),
    scene!(0 at "09:16": "the confirmation", "03-confirmation" is "passed"),
    scene!(0 at "09:16": "an attempt to sign in", "04-pre-sign-in" is "passed"),
    scene!(0 at "09:16": "the sign-in", "05-sign-in" is "passed"),
    scene!(0 at "09:16": "a token", "06-token" is "answered"),
    scene!(0 at "22:30": "an attempt to sign in at night", "04-pre-sign-in" is "refused"),
    scene!(1 at "08:00": "an operator suspends the user", Suspend),
    scene!(1 at "08:05": "a refresh while suspended", "refresh" is "refused"),
    scene!(1 at "08:06": "an attempt to sign in while suspended", "04-pre-sign-in" is "refused"),
    scene!(1 at "08:30": "an operator reinstates the user", Reinstate),
    scene!(1 at "08:35": "a refresh", "refresh" is "answered"),
    scene!(1 at "08:40": "a password reset", "07-password-reset" is "passed"),
];

/// The sample life, on the first Monday and Tuesday after an instant. Days to come, because what has
/// a time to live must not be over before the play is.
pub fn life(after: Time) -> anyhow::Result<Vec<Scene>> {
    let zone = TimeZone::get(ZONE).context("the time zone of the sample")?;
    let begin = after.timestamp().to_zoned(zone);
    let monday = begin.nth_weekday(1, Weekday::Monday)?;
    let scene = |written: &Written| {
        let clock: civil::Time = written.clock.parse()?;
        let day = monday.checked_add(written.day.days())?;
        let at = day.with().time(clock).build()?.timestamp();
        let (step, expected) = match written.happens {
            Happens::Asked(expected, event) => (Step::Event(event.to_owned()), Some(expected)),
            Happens::Done(deed) => (Step::Deed(deed), None),
        };
        Ok(Scene {
            name: written.name.to_owned(),
            at: Some(at.into()),
            step,
            expected,
        })
    };
    LIFE.iter().map(scene).collect()
}

/// The policy of the sample, and what it is called.
pub fn policy() -> anyhow::Result<(Policy, String)> {
    let name = "the policy that comes with the sample life";
    let policy = policy_file::from_text(POLICY, Path::new(""), name)?;
    Ok((policy, name.to_owned()))
}
