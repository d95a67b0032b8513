use super::*;
use proptest::prelude::*;

fn domain(text: &str) -> Domain {
    Domain::new(text).unwrap_or_else(|error| panic!("{text:?} {error}"))
}

fn pattern(text: &str) -> DomainPattern {
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?} {error}"))
}

#[test]
fn one_domain_has_one_form() {
    for (text, form) in [
        ("example.com", "example.com"),
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("example。com", "example.com"),
        ("ｅｘａｍｐｌｅ.com", "example.com"),
        ("localhost", "localhost"),
        ("a-b.c3.example", "a-b.c3.example"),
    ] {
        assert_eq!(domain(text).as_str(), form, "{text}");
        assert_eq!(domain(text).to_string(), form);
    }
}

#[test]
fn what_is_no_domain_is_refused() {
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = vec!["a".repeat(60); 5].join(".");
    for text in [
        "",
        ".",
        "..",
        "a..example",
        ".example",
        "example..",
        "a b.example",
        "a_b.example",
        "*.example",
        "-a.example",
        "a-.example",
        "ada@example.com",
        "[127.0.0.1]",
        "a/b",
        "a:1",
        "exa\nmple.com",
        "xn--.example",
        "xn--a\u{ad}.example",
        &long_label,
        &long_name,
    ] {
        assert_eq!(Domain::new(text), Err(DomainError::NotADomain), "{text:?}");
    }
}

#[test]
fn an_address_has_the_domain_behind_its_at_sign() {
    for (email, form) in [
        ("ada@example.com", Some("example.com")),
        (" Ada@Example.COM. ", Some("example.com")),
        ("ada+news@bücher.example", Some("xn--bcher-kva.example")),
        ("müller@example.com", Some("example.com")),
        ("o'neill.x_y-z@example.com", Some("example.com")),
        ("ada", None),
        ("", None),
        ("@example.com", None),
        ("ada@", None),
        ("ada@exa mple.com", None),
        ("ada@[127.0.0.1]", None),
    ] {
        assert_eq!(
            Domain::of_email(email).as_ref().map(Domain::as_str),
            form,
            "{email:?}"
        );
    }
}

#[test]
fn an_address_that_servers_read_differently_has_no_domain() {
    for email in [
        "eve@evil.example,ada@acme.example",
        "eve@evil.example ada@acme.example",
        "\"eve@evil.example\"@acme.example",
        "eve@evil.example@acme.example",
        "eve@evil.example(@acme.example",
        "eve@evil.example>@acme.example",
        "Ada <ada@acme.example>",
        "@evil.example:ada@acme.example",
        "=?utf-8?q?eve=40evil.example?=@acme.example",
        "eve@evil.example\r\n@acme.example",
        "eve\0@acme.example",
        "eve\\@evil.example@acme.example",
    ] {
        assert_eq!(Domain::of_email(email), None, "{email:?}");
    }
}

#[test]
fn an_exact_pattern_is_that_domain_alone_and_a_star_is_everything_below() {
    for (text, name, matches) in [
        ("example.com", "example.com", true),
        ("example.com", "a.example.com", false),
        ("example.com", "notexample.com", false),
        ("*.example.com", "a.example.com", true),
        ("*.example.com", "a.b.example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", "notexample.com", false),
        ("*.example.com", "example.com.evil.example", false),
        ("*.Bücher.example", "a.xn--bcher-kva.example", true),
    ] {
        assert_eq!(
            pattern(text).matches(&domain(name)),
            matches,
            "{text} {name}"
        );
    }
}

#[test]
fn a_star_stands_only_in_front() {
    for text in [
        "*",
        "*example.com",
        "a.*.example.com",
        "*.*.example.com",
        "example.*",
    ] {
        assert_eq!(
            text.parse::<DomainPattern>(),
            Err(DomainError::MisplacedStar),
            "{text}"
        );
    }
    for text in ["*.", "", "*.a b"] {
        assert_eq!(
            text.parse::<DomainPattern>(),
            Err(DomainError::NotADomain),
            "{text}"
        );
    }
}

#[test]
fn the_narrower_of_two_patterns_is_the_more_specific() {
    let rising = ["*.example", "*.b.example", "*.a.b.example", "c.a.b.example"];
    for pair in rising.windows(2) {
        assert!(
            pattern(pair[0]).specificity() < pattern(pair[1]).specificity(),
            "{pair:?}"
        );
        assert!(pattern(pair[0]).covers(&pattern(pair[1])), "{pair:?}");
        assert!(!pattern(pair[1]).covers(&pattern(pair[0])), "{pair:?}");
    }
}

fn name() -> impl Strategy<Value = String> {
    "[ab]{1,2}(\\.[ab]{1,2}){0,3}"
}

fn any_pattern() -> impl Strategy<Value = DomainPattern> {
    (name(), any::<bool>()).prop_map(|(name, star)| match star {
        true => DomainPattern::Below(domain(&name)),
        false => DomainPattern::Exact(domain(&name)),
    })
}

proptest! {
    #[test]
    fn taking_a_domain_in_its_form_again_changes_nothing(text in "[a-zA-Zäöß0-9.-]{0,20}") {
        if let Ok(domain) = Domain::new(&text) {
            prop_assert_eq!(Domain::new(domain.as_str()), Ok(domain.clone()));
            prop_assert!(domain.as_str().is_ascii() && !domain.as_str().ends_with('.'));
        }
    }

    #[test]
    fn a_pattern_is_read_as_it_is_shown(pattern in any_pattern()) {
        prop_assert_eq!(pattern.to_string().parse(), Ok(pattern));
    }

    #[test]
    fn who_covers_a_pattern_matches_all_that_it_matches(
        wide in any_pattern(), narrow in any_pattern(), name in name()
    ) {
        let name = domain(&name);
        if wide.covers(&narrow) && narrow.matches(&name) {
            prop_assert!(wide.matches(&name));
            prop_assert!(wide.specificity() <= narrow.specificity());
        }
        prop_assert_eq!(wide.covers(&DomainPattern::Exact(name.clone())), wide.matches(&name));
    }
}
