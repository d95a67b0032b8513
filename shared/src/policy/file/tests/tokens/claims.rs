use super::*;
use crate::policy::claims::Kind;

/// The claims of the ID token beyond the four that have a key, with what each tells and whether as
/// a text.
fn free(text: &str) -> Vec<(String, String, bool)> {
    let policy = policy_of(&format!("[tokens.id.claims]\n{text}\n"));
    let free = &policy.tokens.id[4..];
    let told = told(free).into_iter();
    told.zip(free)
        .map(|((name, told), claim)| (name.to_owned(), told, claim.as_text))
        .collect()
}

#[test]
fn every_source_can_be_told_under_a_name_of_the_owners_as_what_it_is_or_as_a_text() {
    for (name, source, kind) in Source::ALL {
        assert_eq!(Source::read(name), Some(source));
        assert_eq!((source.as_str(), source.kind()), (name, kind));
        for (value, as_text) in [
            (format!("'{name}'"), false),
            (format!("{{ from = '{name}' }}"), false),
            (
                format!("{{ from = '{name}', as = '{}' }}", kind.as_str()),
                kind == Kind::Text,
            ),
            (format!("{{ from = '{name}', as = 'text' }}"), true),
        ] {
            let expected = [("x".to_owned(), name.to_owned(), as_text)];
            assert_eq!(free(&format!("x = {value}")), expected, "{value}");
        }
    }
}

#[test]
fn a_constant_is_of_the_type_in_which_it_is_written() {
    for (value, json) in [
        ("'prod'", r#""prod""#),
        ("''", r#""""#),
        ("'two words'", r#""two words""#),
        ("1", "1"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0x1_0", "16"),
        ("1_000.5", "1000.5"),
        ("1e3", "1000.0"),
        ("true", "true"),
        ("['a', 1, 0.5, false]", r#"["a",1,0.5,false]"#),
        ("[]", "[]"),
        (
            "{ b = [1, ['x y', { c = true }]], a = 'é' }",
            r#"{"a":"é","b":[1,["x y",{"c":true}]]}"#,
        ),
        ("{}", "{}"),
    ] {
        let expected = [("x".to_owned(), json.to_owned(), false)];
        assert_eq!(free(&format!("x = {{ value = {value} }}")), expected);
    }
    let as_text = free("x = { value = [1, 2], as = 'text' }");
    assert_eq!(as_text, [("x".to_owned(), "[1,2]".to_owned(), true)]);
}

#[test]
fn claims_come_first_by_key_and_then_by_name() {
    let names: Vec<String> = free("b = 'status'\na = 'status'\nC = 'status'\n")
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(names, ["C", "a", "b"]);
}

#[test]
fn what_no_claim_can_say_is_told_with_a_remedy() {
    let sources = "role, role_source, permissions, organization, organization.id, \
                   organization.name, organization.plan, organization.features, account_type, \
                   status, created_at, last_login_at, onboarding_completed, email_verified, \
                   email, phone_number, given_name, family_name, locale, zoneinfo, department";
    let too_long = "x".repeat(257);
    for (claim, key, problem) in [
        (
            "x = 'organization.feature'",
            "",
            "\"organization.feature\" is no source of claims; did you mean \"organization.features\"?",
        ),
        (
            "x = 'password'",
            "",
            &format!("\"password\" is no source of claims; there are {sources}"),
        ),
        (
            "x = { from = 'password' }",
            ".from",
            &format!("\"password\" is no source of claims; there are {sources}"),
        ),
        (
            "x = 1",
            "",
            "must be the name of a source, or a table with from or value, and is an integer",
        ),
        (
            "x = { from = 'role', value = 1 }",
            "",
            "has both from and value; give one of them",
        ),
        (
            "x = {}",
            "",
            "needs from, the name of a source, or value, a constant",
        ),
        (
            "x = { from = 'permissions', as = 'number' }",
            ".as",
            "must be \"list\" or \"text\" for this claim, and is \"number\"",
        ),
        (
            "x = { value = 1, as = 'list' }",
            ".as",
            "must be \"number\" or \"text\" for this claim, and is \"list\"",
        ),
        (
            "x = { from = 'role', as = 'words' }",
            ".as",
            "must be \"text\" or \"number\" or \"boolean\" or \"list\" or \"object\"",
        ),
        (
            "x = { value = 2026-01-02 }",
            ".value",
            "must be in quotes; a token has no dates of its own",
        ),
        ("x = { value = nan }", ".value", "must be a finite number"),
        (
            "x = { value = 9223372036854775808 }",
            ".value",
            "must be a number of at most 64 bits",
        ),
        (
            "x = { value = ['a b'] }",
            ".value",
            "must be a list of texts without spaces, of numbers, or of true and false",
        ),
        (
            "x = { value = [[1]] }",
            ".value",
            "must be a list of texts without spaces, of numbers, or of true and false",
        ),
        (
            "x = { value = { a = \"\\u0007\" } }",
            ".value",
            "must not hold control characters",
        ),
        (
            &format!("x = {{ value = '{too_long}' }}"),
            ".value",
            "must not hold a text of more than 256 characters",
        ),
        (
            "x = { frm = 'role', value = 1 }",
            ".frm",
            "unknown key; did you mean from?",
        ),
    ] {
        for token in ["id", "access"] {
            let text = format!("[tokens.{token}.claims]\n{claim}\n");
            let expected = format!("line 2: tokens.{token}.claims.x{key}: {problem}");
            assert_eq!(wrong_with(&text), [expected]);
        }
    }
}

#[test]
fn a_claim_of_the_owners_has_a_name_that_nothing_else_has() {
    check_problems(&[
        (
            "[tokens.id.claims]\nsub = 'role'\n",
            "line 2: tokens.id.claims.sub: sub is reserved; Cognito lets nobody change it",
        ),
        (
            "[tokens.id.claims]\nrole = 'role_source'\n",
            "line 2: tokens.id.claims.role: role carries another value already",
        ),
        (
            "[tokens]\nsuppress = ['x']\n[tokens.id.claims]\nx = 'role_source'\n",
            "line 4: tokens.id.claims.x: x is also in tokens.suppress, and would not show",
        ),
        (
            "[tokens.access.claims]\n'custom:x' = { value = 1 }\n",
            "line 2: tokens.access.claims.custom:x: custom:x shows an attribute of the user; choose a name that no attribute has",
        ),
        (
            "[tokens.access.claims]\nemail = 'given_name'\n",
            "line 2: tokens.access.claims.email: email shows an attribute of the user; choose a name that no attribute has",
        ),
        (
            "[tokens.id.claims]\nemail = 'email'\n",
            "line 2: tokens.id.claims.email: email shows an attribute of the user; choose a name that no attribute has",
        ),
    ]);
    check_good(&[
        "[tokens.id]\nrole = ''\n[tokens.id.claims]\nrole = 'role_source'\n",
        "[tokens.access.claims]\nemail = 'email'\nemail_verified = 'email_verified'\n",
        "[tokens.id.claims]\n'https://app.example/plan' = 'organization.plan'\n",
    ]);
}

#[test]
fn a_claim_that_says_who_the_user_is_comes_with_a_warning() {
    for (name, source, _) in Source::ALL {
        let expected = source.is_personal().then(|| {
            format!(
                "line 2: tokens.access.claims.x: tells {name} to everybody who sees the token; \
                 leave it out unless they need it"
            )
        });
        let expected: Vec<String> = expected.into_iter().collect();
        let text = format!("[tokens.access.claims]\nx = '{name}'\n");
        assert_eq!(warned_of(&text), expected, "{name}");
    }
}
