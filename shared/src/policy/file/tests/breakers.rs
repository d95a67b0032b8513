use super::*;
use crate::breaker::Limits;
use crate::dependency::Dependency;
use std::time::Duration;

#[test]
fn breakers_have_the_defaults_of_the_piece_and_a_probe_that_outlasts_a_call() {
    let rules = policy_of("").breakers;
    assert_eq!(rules.cache, Duration::from_secs(5));
    for dependency in Dependency::ALL {
        let probe = rules.of(dependency).probe;
        let expected = Limits {
            probe,
            ..Limits::default()
        };
        assert_eq!(*rules.of(dependency), expected);
    }
    let seconds = |limits: &Limits| limits.probe.as_secs();
    assert!(seconds(&rules.mail) > 10 && seconds(&rules.bus) > 14);
    let asking = "[lookup]\nurl = 'https://crm.example'\nroles = ['user']\ntimeout_ms = 4000\n";
    assert_eq!(seconds(&policy_of(asking).breakers.lookup), 10);
}

#[test]
fn what_is_said_of_all_holds_for_each_that_says_nothing_else() {
    let text = "[breaker]\nfailures_in_a_row = 3\nwindow_s = 10\n[breaker.bus]\nwindow_s = 20\n";
    let rules = policy_of(text).breakers;
    for (dependency, window) in [
        (Dependency::Mail, 10),
        (Dependency::Bus, 20),
        (Dependency::Lookup, 10),
    ] {
        let limits = rules.of(dependency);
        let seconds = limits.window.as_secs();
        assert_eq!(
            (limits.failures_in_a_row, seconds),
            (3, window),
            "{dependency}"
        );
    }
}

#[test]
fn breakers_numbers_have_units_and_bounds_for_all_and_for_each() {
    for (line, problem) in [
        (
            "failures_in_a_row = 0",
            "must be 1 to 1000 failures, and is 0",
        ),
        (
            "failure_percent = 101",
            "must be 1 to 100 percent, and is 101",
        ),
        ("min_calls = 0", "must be 1 to 10000 calls, and is 0"),
        ("window_s = 4000", "must be 1 to 3600 s, and is 4000"),
        ("cool_down_s = 0", "must be 1 to 3600 s, and is 0"),
        (
            "max_cool_down_s = 29",
            "must not be less than cool_down_s, which is 30",
        ),
    ] {
        let key = line.split(' ').next().unwrap();
        let of_mail = format!("line 2: breaker.mail.{key}: {problem}");
        check_problems(&[(
            format!("[breaker.mail]\n{line}\n").as_str(),
            of_mail.as_str(),
        )]);
        let of_all = format!("line 2: breaker.{key}: {problem}");
        let found = wrong_with(&format!("[breaker]\n{line}\n"));
        assert!(found.contains(&of_all), "{found:?}");
    }
}

#[test]
fn an_opening_is_heard_of_before_it_is_over() {
    let late = "must be at most half of the shortest cool_down_s, which is";
    let why = "a worker would hear of an opening when it is over";
    for (text, line, shortest) in [
        ("[breaker]\ncache_s = 16\n", 2, 30),
        (
            "[breaker]\ncache_s = 5\n[breaker.bus]\ncool_down_s = 9\n",
            2,
            9,
        ),
        ("[breaker]\n[breaker.mail]\ncool_down_s = 1\n", 1, 1),
    ] {
        let problem = format!("line {line}: breaker.cache_s: {late} {shortest}; {why}");
        check_problems(&[(text, problem.as_str())]);
    }
    let long = "line 2: breaker.cache_s: must be 1 to 60 s, and is 61";
    check_problems(&[("[breaker]\ncache_s = 61\n", long)]);
}
