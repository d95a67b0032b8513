use super::*;
use crate::policy::Policy;
use proptest::prelude::*;

fn person(json: &str) -> Person {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json} {error}"))
}

#[test]
fn every_value_comes_into_its_form() {
    let long = "x".repeat(200);
    for (key, raw, form) in [
        ("email", " Ada@Example.COM ", Some("ada@example.com")),
        ("email", " \t ", None),
        ("given_name", "  Ada ", Some("Ada")),
        ("given_name", "", None),
        ("given_name", "Ada\u{0}\r\nBcc: eve", Some("AdaBcc: eve")),
        ("given_name", "\u{202e}adA", Some("adA")),
        ("given_name", &long, Some(&long[..50])),
        ("family_name", &long, Some(&long[..50])),
        ("locale", " de-AT ", Some("de-AT")),
        ("locale", &long, Some(&long[..64])),
        ("zoneinfo", &long, Some(&long[..64])),
        ("department", &long, Some(&long[..100])),
        ("phone_number", "+43 (664) 123-45", Some("+4366412345")),
        ("phone_number", "0664/12345", Some("066412345")),
        ("phone_number", "(+43) 1+2", Some("+4312")),
        ("phone_number", "43+1", Some("431")),
        ("phone_number", "+", None),
        ("phone_number", "call me", None),
    ] {
        let mut given: Person = serde_json::from_value(serde_json::json!({ key: raw })).unwrap();
        normalize(&mut given);
        let shown = serde_json::to_value(&given).unwrap();
        assert_eq!(
            shown.get(key).and_then(|value| value.as_str()),
            form,
            "{key} {raw:?}"
        );
    }
}

#[test]
fn names_are_cut_between_characters_and_not_within_one() {
    let mut given = Person {
        given_name: Some(Personal::new("é".repeat(49) + " x")),
        ..Person::default()
    };
    normalize(&mut given);
    assert_eq!(given.given_name.unwrap().expose(), "é".repeat(49));
}

#[test]
fn what_is_no_text_is_kept() {
    let before = person(
        r#"{"email_verified":true,"phone_number_verified":true,"marketing_consent":false,
            "onboarding_completed":true,"providers":["Google",""]}"#,
    );
    let mut after = before.clone();
    normalize(&mut after);
    assert_eq!(after, before);
}

fn texts() -> impl Strategy<Value = Option<Personal>> {
    prop_oneof![
        Just(None),
        "\\PC{0,120}".prop_map(|text| Some(Personal::new(text))),
        "[ +0-9\u{0}\r\n\u{202e}\u{2028}İßäA-Z@.]{0,120}"
            .prop_map(|text| Some(Personal::new(text))),
    ]
}

prop_compose! {
    fn people()(
        email in texts(), phone_number in texts(), given_name in texts(), family_name in texts(),
        locale in texts(), zoneinfo in texts(), department in texts()
    ) -> Person {
        Person { email, phone_number, given_name, family_name, locale, zoneinfo, department, ..Person::default() }
    }
}

proptest! {
    #[test]
    fn doing_it_again_changes_nothing(mut once in people()) {
        normalize(&mut once);
        let mut twice = once.clone();
        normalize(&mut twice);
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn nothing_is_left_empty_or_with_controls_or_unbounded(mut person in people()) {
        normalize(&mut person);
        for (value, longest) in [
            (&person.email, usize::MAX), (&person.phone_number, usize::MAX), (&person.given_name, 50),
            (&person.family_name, 50), (&person.locale, 64), (&person.zoneinfo, 64), (&person.department, 100),
        ] {
            let Some(text) = value.as_ref().map(Personal::expose) else { continue };
            prop_assert!(!text.is_empty() && text.trim() == text, "{:?}", text);
            prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
            prop_assert!(text.chars().count() <= longest, "{:?}", text);
        }
    }
}

#[test]
fn a_domain_counts_only_where_everybody_who_vouches_for_it_is_trusted() {
    let mut policy = Policy::default();
    let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    policy.trusted_providers.insert(
        "Acme".to_owned(),
        patterns(&["acme.example", "*.acme.example"]),
    );
    policy
        .trusted_providers
        .insert("Other".to_owned(), patterns(&["other.example"]));
    for (verified, email, providers, counts) in [
        (true, "ada@acme.example", vec![], true),
        (false, "ada@acme.example", vec![], false),
        (true, "ada@acme.example", vec!["Acme"], true),
        (true, "ada@eu.acme.example", vec!["Acme"], true),
        (false, "ada@acme.example", vec!["Acme"], false),
        (true, "ada@other.example", vec!["Acme"], false),
        (true, "ada@acme.example", vec!["Other"], false),
        (true, "ada@acme.example", vec!["Acme", "Other"], false),
        (true, "ada@acme.example", vec!["Acme", "Acme"], true),
        (true, "ada@acme.example", vec!["acme"], false),
        (true, "ada@acme.example", vec!["Unheard"], false),
        (true, "ada@acme.example", vec![""], false),
        (true, "eve@evil.example,ada@acme.example", vec![], false),
        (true, "ada", vec![], false),
    ] {
        let person = Person {
            email: Some(Personal::new(email)),
            email_verified: verified,
            providers: providers.iter().map(ToString::to_string).collect(),
            ..Person::default()
        };
        let domain = verified_domain(&policy, &person);
        assert_eq!(domain.is_some(), counts, "{verified} {email} {providers:?}");
        assert!(domain.is_none_or(|domain| email.ends_with(domain.as_str())));
    }
    assert_eq!(
        verified_domain(
            &policy,
            &Person {
                email_verified: true,
                ..Person::default()
            }
        ),
        None
    );
}

#[test]
fn an_address_is_compared_without_case_and_whatever_the_script_of_its_domain() {
    let address = |text: &str| Address::new(text);
    for (one, other) in [
        ("Ada@Acme.Example", " ada@acme.example "),
        ("ada@bücher.example", "ADA@xn--bcher-kva.example"),
    ] {
        assert_eq!(address(one), address(other));
        assert!(address(one).is_some(), "{one}");
    }
    assert_ne!(address("ada@acme.example"), address("ada+x@acme.example"));
    assert_eq!(address("\"ada\"@acme.example"), None);
    assert_eq!(address("ada"), None);
    assert!(!format!("{:?}", address("ada@acme.example")).contains("ada"));
}

#[test]
fn no_letter_of_another_script_becomes_one_of_ours() {
    let kelvin = "mar\u{212a}@acme.example";
    assert_ne!(Address::new(kelvin), Address::new("mark@acme.example"));
    let mut person = Person {
        email: Some(Personal::new(kelvin)),
        ..Person::default()
    };
    normalize(&mut person);
    let normal = person.email.unwrap();
    assert_ne!(
        Address::new(normal.expose()),
        Address::new("mark@acme.example")
    );
}
