use super::*;

/// Hours with nothing wrong, and then some.
fn hours(more: &str) -> String {
    let open = "open = [{ days = ['mon-fri'], from = '08:00', to = '18:00' }]\n";
    format!("[sign_in.hours]\nzone = 'UTC'\n{open}{more}")
}

/// Each addition to good hours has this one problem, in a line below those of the hours themselves.
fn check_more(cases: &[(&str, &str)]) {
    for (more, problem) in cases {
        assert_eq!(wrong_with(&hours(more)), [*problem], "{more}");
    }
}

fn is_open(text: &str, role: &str, now: &str) -> bool {
    let hours = policy_of(text).sign_in.hours.unwrap();
    hours.is_open(&Role::new(role).unwrap(), now.parse().unwrap())
}

#[test]
fn without_a_table_there_are_no_hours() {
    assert_eq!(policy_of("").sign_in.hours, None);
    assert_eq!(
        policy_of("[sign_in]\nrefuse_pending = true\n")
            .sign_in
            .hours,
        None
    );
}

#[test]
fn hours_need_a_zone_and_a_window() {
    let open = "open = [{ days = ['mon'], from = '08:00', to = '18:00' }]\n";
    assert_eq!(
        wrong_with("[sign_in.hours]\nexempt_roles = ['admin']\n"),
        [
            "line 1: sign_in.hours.open: is missing; without a window nobody may sign in",
            "line 1: sign_in.hours.zone: is missing; name one of the IANA database, as in Europe/Berlin or UTC",
        ]
    );
    check_problems(&[
        (
            "[sign_in.hours]\nzone = 'UTC'\nopen = []\n",
            "line 3: sign_in.hours.open: holds no window; without one nobody may sign in",
        ),
        (
            "[sign_in.hours]\nzone = 'UTC'\nopen = '08:00-18:00'\n",
            "line 3: sign_in.hours.open: must be an array of tables, as in [[sign_in.hours.open]], and is a string",
        ),
        (
            &format!("[sign_in.hours]\nzone = 'Europe/Berln'\n{open}"),
            "line 2: sign_in.hours.zone: \"Europe/Berln\" is no zone of the IANA database; did you mean \"Europe/Berlin\"?",
        ),
        (
            &format!("[sign_in.hours]\nzone = 'middle of nowhere'\n{open}"),
            "line 2: sign_in.hours.zone: \"middle of nowhere\" is no zone of the IANA database; name one as in Europe/Berlin or UTC",
        ),
    ]);
}

#[test]
fn a_window_names_days_and_two_times() {
    let window =
        |text: &str| format!("[sign_in.hours]\nzone = 'UTC'\n[[sign_in.hours.open]]\n{text}\n");
    for (text, problem) in [
        (
            "from = '08:00'\nto = '18:00'",
            "line 3: sign_in.hours.open.days: is missing; name weekdays, as in [\"mon-fri\"]",
        ),
        (
            "days = ['mon']\nto = '18:00'",
            "line 3: sign_in.hours.open.from: is missing; write a time of day, as in 08:00",
        ),
        (
            "days = ['mon']\nfrom = '08:00'",
            "line 3: sign_in.hours.open.to: is missing; write a time of day, as in 18:30",
        ),
        (
            "days = ['monday']\nfrom = '08:00'\nto = '18:00'",
            "line 4: sign_in.hours.open.days: \"monday\" is no weekday; there are mon, tue, wed, thu, fri, sat and sun, and ranges such as mon-fri",
        ),
        (
            "days = ['mon-wed', 'tue']\nfrom = '08:00'\nto = '18:00'",
            "line 4: sign_in.hours.open.days: tue is listed twice",
        ),
        (
            "days = 'mon-fri'\nfrom = '08:00'\nto = '18:00'",
            "line 4: sign_in.hours.open.days: must be a list of texts, and is a string",
        ),
        (
            "days = []\nfrom = '08:00'\nto = '18:00'",
            "line 4: sign_in.hours.open.days: names no day",
        ),
        (
            "days = ['mon']\nfrom = '8 am'\nto = '18:00'",
            "line 5: sign_in.hours.open.from: \"8 am\" is no time of day; write one as 08:30, and the end of a day as 24:00",
        ),
        (
            "days = ['mon']\nfrom = '08:00'\nto = 18:00:00",
            "line 6: sign_in.hours.open.to: must be a text in quotes, and is a datetime",
        ),
        (
            "days = ['mon']\nfrom = '08:00'\nto = '08:00'",
            "line 6: sign_in.hours.open.to: is the same as from; a whole day is from 00:00 to 24:00",
        ),
        (
            "days = ['mon']\nfrom = '24:00'\nto = '08:00'",
            "line 5: sign_in.hours.open.from: is the end of the day; begin at 00:00 of the next",
        ),
        (
            "days = ['mon']\nfrom = '08:00'\nto = '18:00'\nzone = 'UTC'",
            "line 7: sign_in.hours.open.zone: unknown key; did you mean sign_in.hours.zone?",
        ),
        (
            "days = ['mon', 'tue']\nfrom = '08:00'\nto = '18:00'\n[[sign_in.hours.open]]\ndays = ['tue']\nfrom = '08:00'\nto = '18:00'",
            "line 7: sign_in.hours.open: tue has this window already",
        ),
    ] {
        assert_eq!(wrong_with(&window(text)), [problem], "{text}");
    }
}

#[test]
fn holidays_and_exceptions_are_dates_named_once() {
    let exception = |text: &str| format!("exceptions = [{{ {text} }}]");
    check_more(&[
        (
            "holidays = ['25.12.2026']",
            "line 4: sign_in.hours.holidays: \"25.12.2026\" is no date; write one as 2026-12-24, and a day of every year as 12-24",
        ),
        (
            "holidays = ['2026-02-29']",
            "line 4: sign_in.hours.holidays: \"2026-02-29\" is no date; write one as 2026-12-24, and a day of every year as 12-24",
        ),
        (
            "holidays = [2026-12-25]",
            "line 4: sign_in.hours.holidays: must be a text in quotes, and is a datetime",
        ),
        (
            "holidays = ['12-25', '2026-12-24',\n '12-25']",
            "line 5: sign_in.hours.holidays: 12-25 is listed twice",
        ),
        (
            &exception("from = '08:00', to = '12:00'"),
            "line 4: sign_in.hours.exceptions.dates: is missing; name dates, as in [\"2026-12-24\"]",
        ),
        (
            &exception("dates = [], from = '08:00', to = '12:00'"),
            "line 4: sign_in.hours.exceptions.dates: names no day",
        ),
        (
            &exception("dates = ['12-24'], from = '12:00', to = '12:00'"),
            "line 4: sign_in.hours.exceptions.to: is the same as from; a whole day is from 00:00 to 24:00",
        ),
        (
            "holidays = ['12-24']\nexceptions = [{ dates = ['12-24'], from = '08:00', to = '12:00' }]",
            "line 5: sign_in.hours.exceptions.dates: 12-24 is a holiday and cannot have hours",
        ),
        (
            "[[sign_in.hours.exceptions]]\ndates = ['12-24']\nfrom = '08:00'\nto = '12:00'\n[[sign_in.hours.exceptions]]\ndates = ['12-24']\nfrom = '08:00'\nto = '12:00'",
            "line 8: sign_in.hours.exceptions: 12-24 has this window already",
        ),
    ]);
}

#[test]
fn roles_of_hours_are_declared_and_have_something_of_their_own() {
    check_more(&[
        (
            "exempt_roles = ['admn']",
            "line 4: sign_in.hours.exempt_roles: \"admn\" is not declared in [roles.permissions]; did you mean \"admin\"?",
        ),
        (
            "exempt_roles = ['admin', 'admin']",
            "line 4: sign_in.hours.exempt_roles: admin is listed twice",
        ),
        (
            "exempt_roles = ['guest', 'user', 'manager', 'admin']",
            "line 4: sign_in.hours.exempt_roles: exempts every role there is; leave the hours away instead",
        ),
        (
            "[sign_in.hours.roles.king]\nzone = 'UTC'",
            "line 4: sign_in.hours.roles.king: \"king\" is not declared in [roles.permissions]",
        ),
        (
            "[sign_in.hours.roles.manager]",
            "line 4: sign_in.hours.roles.manager: says nothing that is not everybody's; set zone, open, holidays or exceptions",
        ),
        (
            "exempt_roles = ['admin']\n[sign_in.hours.roles.admin]\nzone = 'UTC'",
            "line 5: sign_in.hours.roles.admin: is exempt by sign_in.hours.exempt_roles; its own hours have no meaning",
        ),
        (
            "[sign_in.hours.roles.admin]\nzone = 'Nowhere/At_All'",
            "line 5: sign_in.hours.roles.admin.zone: \"Nowhere/At_All\" is no zone of the IANA database; name one as in Europe/Berlin or UTC",
        ),
    ]);
}

#[test]
fn settings_of_sign_in_that_contradict_each_other_are_told() {
    check_more(&[
        (
            "exempt_roles = ['user']\napply_while_store_is_down = true",
            "line 5: sign_in.hours.apply_while_store_is_down: has no meaning while the default role user is exempt",
        ),
        (
            "apply_while_store_is_down = true\n[sign_in]\nwhen_store_is_down = 'refuse'",
            "line 4: sign_in.hours.apply_while_store_is_down: has no meaning while sign_in.when_store_is_down is \"refuse\"",
        ),
    ]);
    check_problems(&[(
        "[sign_in]\nrefuse_pending = true\n[profile]\ncreate = false\n",
        "line 2: sign_in.refuse_pending: refuses everybody while profile.create is false; no sign of life is kept then",
    )]);
    check_good(&[&hours(
        "apply_while_store_is_down = true\napply_to_refresh = true",
    )]);
}

#[test]
fn a_role_has_everybodys_hours_but_for_what_its_table_says() {
    // 2026-11-23 is a Monday and 2026-12-24 a Thursday.
    let text = hours(
        r#"
holidays = ["12-24"]
[[sign_in.hours.exceptions]]
dates = ["2026-11-23"]
from = "10:00"
to = "12:00"
[sign_in.hours.roles.guest]
zone = "Asia/Tokyo"
[sign_in.hours.roles.manager]
holidays = ["11-24"]
[sign_in.hours.roles.admin]
[[sign_in.hours.roles.admin.open]]
days = ["mon-sun"]
from = "00:00"
to = "24:00"
[[sign_in.hours.roles.admin.exceptions]]
dates = ["12-24"]
from = "09:00"
to = "10:00"
"#,
    );
    for (role, now, expected) in [
        ("user", "2026-11-23T08:30:00Z", false),
        ("user", "2026-11-23T11:00:00Z", true),
        ("user", "2026-11-24T08:30:00Z", true),
        ("user", "2026-12-24T11:00:00Z", false),
        // Ten in the morning of Monday, and half past eight of Tuesday, in Tokyo.
        ("guest", "2026-11-23T01:00:00Z", true),
        ("guest", "2026-11-23T23:30:00Z", true),
        ("guest", "2026-11-24T10:00:00Z", false),
        // Its own holidays in place of everybody's, and everybody's exceptions.
        ("manager", "2026-12-24T11:00:00Z", true),
        ("manager", "2026-11-24T11:00:00Z", false),
        ("manager", "2026-11-23T08:30:00Z", false),
        // Its own window on everybody's holiday, and none of everybody's exceptions.
        ("admin", "2026-12-24T09:30:00Z", true),
        ("admin", "2026-12-24T11:00:00Z", false),
        ("admin", "2026-11-23T08:30:00Z", true),
    ] {
        assert_eq!(is_open(&text, role, now), expected, "{role} {now}");
    }
}

#[test]
fn an_organization_is_active_unless_the_policy_says_otherwise() {
    for (line, active) in [
        ("", true),
        ("active = true\n", true),
        ("active = false\n", false),
    ] {
        let policy = policy_of(&format!("[organizations.acme]\nname = 'Acme'\n{line}"));
        assert_eq!(policy.organizations.values().next().unwrap().active, active);
    }
}
