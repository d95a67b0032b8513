//! Business hours: may a user of this role sign in now?
//!
//! The clock on the wall decides, in the zone that the policy names. A window is open while that
//! clock shows a time in it: an hour that the clock skips in spring opens nothing, one that it shows
//! twice in autumn is open twice.

mod written;
mod zone;

pub use written::{WallTime, Weekdays, WrittenError, weekday_name};
pub use zone::Zone;

use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use usher_events::{Role, Time};

/// Minutes of a day by the clock on the wall, which shows 00:00 to 23:59 on every day.
const DAY: u16 = 24 * 60;

/// When users may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Holds for everybody whose role has nothing of its own.
    pub everybody: Calendar,
    /// What roles have in place of that.
    pub roles: BTreeMap<Role, Calendar>,
    /// Roles that may sign in at any time.
    pub exempt_roles: BTreeSet<Role>,
    /// Whether a session ends with the hours: without, a refresh is not asked the time.
    pub apply_to_refresh: bool,
    /// Whether the default role's hours hold for everybody while the table does not answer and
    /// nobody's role is known.
    pub apply_while_store_is_down: bool,
}

impl Hours {
    /// Whether users of this role may sign in now.
    pub fn is_open(&self, role: &Role, now: Time) -> bool {
        self.exempt_roles.contains(role) || self.calendar(role).is_open(now)
    }

    fn calendar(&self, role: &Role) -> &Calendar {
        self.roles.get(role).unwrap_or(&self.everybody)
    }

    /// What the clock shows that counts for this role, and whether that is within its hours.
    pub(super) fn shown(&self, role: &Role, now: Time) -> String {
        if self.exempt_roles.contains(role) {
            return format!("{role} may sign in at any time");
        }
        let calendar = self.calendar(role);
        let clock = calendar.zone.clock(now);
        let day = weekday_name(clock.date().weekday());
        let within = if calendar.is_open(now) {
            "within"
        } else {
            "outside"
        };
        let (date, hour, minute) = (clock.date(), clock.hour(), clock.minute());
        format!("it is {day} {date} {hour:02}:{minute:02} there, {within} the hours of {role}")
    }
}

/// The windows of every day of one zone.
///
/// A date of its own has the windows given for it and no others: none of its weekday's, and nothing
/// of what the day before would have left to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Whose clock counts.
    pub zone: Zone,
    /// The windows of each weekday, from Monday; a day without one is closed.
    pub week: [Vec<Window>; 7],
    /// Days that are not as their weekday; none at all are a holiday's windows.
    pub dates: BTreeMap<Day, Vec<Window>>,
}

impl Calendar {
    /// Whether a window is open now.
    pub fn is_open(&self, now: Time) -> bool {
        let clock = self.zone.clock(now);
        let date = clock.date();
        let (hour, minute) = (clock.hour().unsigned_abs(), clock.minute().unsigned_abs());
        let minute = u16::from(hour) * 60 + u16::from(minute);
        let mut windows = self.windows(date).iter();
        windows.any(|window| window.holds(minute)) || self.is_left_open(date, minute)
    }

    /// Whether a window of the day before has not ended yet.
    fn is_left_open(&self, date: Date, minute: u16) -> bool {
        let before = date.yesterday();
        let Some(before) = before.ok().filter(|_| self.own_windows(date).is_none()) else {
            return false;
        };
        let mut windows = self.windows(before).iter();
        windows.any(|window| window.holds(minute + DAY))
    }

    /// The windows that begin on a date.
    fn windows(&self, date: Date) -> &[Window] {
        let day = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        self.own_windows(date).unwrap_or(&self.week[day])
    }

    /// The windows of a date that is not as its weekday; a date of one year goes before a day of
    /// every year.
    fn own_windows(&self, date: Date) -> Option<&[Window]> {
        let each_year = Day::EachYear(date.month(), date.day());
        let found = self.dates.get(&Day::Once(date));
        found
            .or_else(|| self.dates.get(&each_year))
            .map(Vec::as_slice)
    }
}

/// A date, or a day of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Day {
    /// One date.
    Once(Date),
    /// Month and day; the 29th of February is one in leap years only.
    EachYear(i8, i8),
}

/// From one time of a day up to another, which is already outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// First minute, 0 to 1439.
    from: u16,
    /// First minute that is outside; those of the next day are counted on from 1440.
    until: u16,
}

impl Window {
    /// From one time to another; to the next day's where that is not later. `None` where both are
    /// the same, which could mean all day or never, and where it would begin at 24:00.
    pub fn new(from: WallTime, to: WallTime) -> Option<Self> {
        let (from, to) = (from.minutes(), to.minutes());
        let until = if to > from { to } else { to + DAY };
        (from != to && from < DAY).then_some(Self { from, until })
    }

    /// Whether a minute, counted from the midnight at which the window's day begins, is inside.
    fn holds(self, minute: u16) -> bool {
        (self.from..self.until).contains(&minute)
    }
}

#[cfg(test)]
mod tests;
