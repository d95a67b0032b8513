use super::reader::Found;
use super::roles::declared_role;
use super::section::Section;
use super::suggest::nearest;
use crate::policy::Roles;
use crate::policy::hours::{Calendar, Day, Hours, WallTime, Weekdays, Window, Zone, weekday_name};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use usher_events::Role;

/// What one table says; what it leaves out is `None`.
#[derive(Clone, Default)]
struct Said {
    zone: Option<Zone>,
    week: Option<[Vec<Window>; 7]>,
    holidays: Option<BTreeSet<Day>>,
    exceptions: Option<BTreeMap<Day, Vec<Window>>>,
}

/// The hours, if there is a table of them.
pub(super) fn hours(section: &Section<'_>, roles: &Roles) -> Option<Hours> {
    let said = said(section);
    if section.is_there() && !section.has("zone") {
        let text = "is missing; name one of the IANA database, as in Europe/Berlin or UTC";
        section.report_key("zone", text);
    }
    if section.is_there() && !section.has("open") {
        section.report_key("open", "is missing; without a window nobody may sign in");
    }
    let exempt_roles = exempt_roles(section, roles);
    let of_roles = section.named("roles", "<role>", |name, section| {
        of_role(name, section, roles, &exempt_roles, &said)
    });
    let apply_to_refresh = section.flag("apply_to_refresh", false);
    let apply_while_store_is_down = section.flag("apply_while_store_is_down", false);
    if apply_while_store_is_down && exempt_roles.contains(&roles.default) {
        let text = format!(
            "has no meaning while the default role {} is exempt",
            roles.default
        );
        section.report_key("apply_while_store_is_down", text);
    }
    Some(Hours {
        everybody: calendar(said, Said::default())?,
        roles: of_roles.into_iter().flatten().collect(),
        exempt_roles,
        apply_to_refresh,
        apply_while_store_is_down,
    })
}

fn exempt_roles(section: &Section<'_>, roles: &Roles) -> BTreeSet<Role> {
    let mut exempt = BTreeSet::new();
    for found in section.texts("exempt_roles") {
        let Some(role) = declared_role(section, &found, &roles.permissions) else {
            continue;
        };
        if !exempt.insert(role) {
            section.report(&found.place, format!("{} is listed twice", found.value));
        }
    }
    if !exempt.is_empty() && roles.permissions.keys().all(|role| exempt.contains(role)) {
        let text = "exempts every role there is; leave the hours away instead";
        section.report_key("exempt_roles", text);
    }
    exempt
}

fn of_role(
    name: &Found<String>,
    section: &Section<'_>,
    roles: &Roles,
    exempt: &BTreeSet<Role>,
    everybodys: &Said,
) -> Option<(Role, Calendar)> {
    let keys = ["zone", "open", "holidays", "exceptions"];
    if !keys.iter().any(|key| section.has(key)) {
        let text = "says nothing that is not everybody's; set zone, open, holidays or exceptions";
        section.report(&name.place, text);
    }
    let own = said(section);
    let role = declared_role(section, name, &roles.permissions)?;
    if exempt.contains(&role) {
        let text = "is exempt by sign_in.hours.exempt_roles; its own hours have no meaning";
        section.report(&name.place, text);
    }
    Some((role, calendar(own, everybodys.clone())?))
}

/// What a table says, with what it leaves out taken from another. Its own dates go before the
/// other's.
fn calendar(own: Said, other: Said) -> Option<Calendar> {
    let closed = |holidays: BTreeSet<Day>| holidays.into_iter().map(|day| (day, Vec::new()));
    let holidays = other.holidays.filter(|_| own.holidays.is_none());
    let exceptions = other.exceptions.filter(|_| own.exceptions.is_none());
    let mut dates: BTreeMap<Day, Vec<Window>> = BTreeMap::new();
    for (holidays, exceptions) in [(holidays, exceptions), (own.holidays, own.exceptions)] {
        dates.extend(holidays.into_iter().flat_map(closed));
        dates.extend(exceptions.into_iter().flatten());
    }
    Some(Calendar {
        zone: own.zone.or(other.zone)?,
        week: own.week.or(other.week)?,
        dates,
    })
}

fn said(section: &Section<'_>) -> Said {
    let holidays = section.has("holidays");
    let listed = days(section, section.texts("holidays"));
    Said {
        zone: section.text("zone").and_then(|found| zone(section, &found)),
        week: week(section),
        exceptions: exceptions(section, &listed),
        holidays: holidays.then_some(listed),
    }
}

fn zone(section: &Section<'_>, found: &Found<String>) -> Option<Zone> {
    let zone = Zone::named(&found.value);
    if zone.is_none() {
        let names = Zone::names();
        let near = nearest(&found.value, names.iter().map(String::as_str));
        let hint = match near {
            Some(name) => format!("did you mean {name:?}?"),
            None => "name one as in Europe/Berlin or UTC".to_owned(),
        };
        let text = format!("{:?} is no zone of the IANA database; {hint}", found.value);
        section.report(&found.place, text);
    }
    zone
}

/// `[[…open]]`, by weekday.
fn week(section: &Section<'_>) -> Option<[Vec<Window>; 7]> {
    let read = |section: &Section<'_>| {
        if !section.has("days") {
            section.report_key("days", "is missing; name weekdays, as in [\"mon-fri\"]");
        }
        let mut days = Vec::new();
        if section.is_empty_list("days") {
            section.report_key("days", "names no day");
        }
        for found in section.texts("days") {
            let Some(named) = written::<Weekdays>(section, &found) else {
                continue;
            };
            for day in named.days() {
                if days.contains(day) {
                    let text = format!("{} is listed twice", weekday_name(*day));
                    section.report(&found.place, text);
                } else {
                    days.push(*day);
                }
            }
        }
        let window = window(section)?;
        Some((days, window))
    };
    let mut week: [Vec<Window>; 7] = Default::default();
    let tables = section.tables("open", |section| (read(section), section.place().clone()));
    if section.is_empty_list("open") {
        section.report_key("open", "holds no window; without one nobody may sign in");
    }
    for (read, place) in tables {
        let Some((days, window)) = read else { continue };
        for day in days {
            let windows = &mut week[usize::from(day.to_monday_zero_offset().unsigned_abs())];
            if windows.contains(&window) {
                let text = format!("{} has this window already", weekday_name(day));
                section.report(&place, text);
            }
            windows.push(window);
        }
    }
    section.has("open").then_some(week)
}

/// `[[…exceptions]]`, by date.
fn exceptions(
    section: &Section<'_>,
    holidays: &BTreeSet<Day>,
) -> Option<BTreeMap<Day, Vec<Window>>> {
    let read = |section: &Section<'_>| {
        if !section.has("dates") {
            section.report_key("dates", "is missing; name dates, as in [\"2026-12-24\"]");
        }
        if section.is_empty_list("dates") {
            section.report_key("dates", "names no day");
        }
        let days = days(section, section.texts("dates"));
        for day in days.intersection(holidays) {
            section.report_key("dates", format!("{day} is a holiday and cannot have hours"));
        }
        let window = window(section)?;
        Some((days, window))
    };
    let mut by_day: BTreeMap<Day, Vec<Window>> = BTreeMap::new();
    let tables = section.tables("exceptions", |section| {
        (read(section), section.place().clone())
    });
    for (read, place) in tables {
        let Some((days, window)) = read else { continue };
        for day in days {
            let windows = by_day.entry(day).or_default();
            if windows.contains(&window) {
                section.report(&place, format!("{day} has this window already"));
            }
            windows.push(window);
        }
    }
    section.has("exceptions").then_some(by_day)
}

/// `from` and `to`.
fn window(section: &Section<'_>) -> Option<Window> {
    let from = section.needed("from", "; write a time of day, as in 08:00");
    let to = section.needed("to", "; write a time of day, as in 18:30");
    let from = from.map(|found| written::<WallTime>(section, &found));
    let to = to.and_then(|found| Some((written::<WallTime>(section, &found)?, found.place)));
    let (from, (to, place)) = from.flatten().zip(to)?;
    let window = Window::new(from, to);
    if window.is_none() && from == to {
        section.report(
            &place,
            "is the same as from; a whole day is from 00:00 to 24:00",
        );
    } else if window.is_none() {
        section.report_key("from", "is the end of the day; begin at 00:00 of the next");
    }
    window
}

/// Dates, each named once.
fn days(section: &Section<'_>, texts: Vec<Found<String>>) -> BTreeSet<Day> {
    let mut days = BTreeSet::new();
    for found in texts {
        let Some(day) = written::<Day>(section, &found) else {
            continue;
        };
        if !days.insert(day) {
            section.report(&found.place, format!("{day} is listed twice"));
        }
    }
    days
}

fn written<T: FromStr<Err: Display>>(section: &Section<'_>, found: &Found<String>) -> Option<T> {
    found
        .value
        .parse()
        .map_err(|error| section.report(&found.place, format!("{:?} {error}", found.value)))
        .ok()
}
