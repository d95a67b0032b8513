use super::*;
use crate::loading::PolicySource;
use std::collections::BTreeMap;
use std::io;

/// 32 bytes, in Base64.
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Everything that a worker needs, before the changes of one case.
fn variables(changes: &[(&str, Option<&str>)]) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = [
        ("ENV", "prod"),
        ("AWS_REGION", "eu-central-1"),
        ("USHER_TABLE", "users"),
        ("USHER_QUEUE_URL", "https://sqs.example/work"),
        ("USHER_BUS", "lifecycle"),
        ("USHER_SECRET", SECRET),
        ("USHER_POLICY", "etc/usher.toml"),
        ("USHER_DEAD_LETTER_URL", "https://sqs.example/dead"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect();
    for (key, value) in changes {
        match value {
            Some(value) => variables.insert((*key).to_owned(), (*value).to_owned()),
            None => variables.remove(*key),
        };
    }
    variables
}

fn files(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("etc/usher.toml" | "/var/task/usher.toml" | "usher.toml") => {
            Ok("[mail]\nfrom = 'a@b.example'\napp_url = 'https://b.example'\n".to_owned())
        }
        Some("silent.toml") => Ok(String::new()),
        Some("etc/templates.toml") => Ok(
            "[[mail.templates]]\nmail = 'welcome'\nsubject = 'x'\ntext_file = 'a.txt'\nhtml = 'x'\n"
                .to_owned(),
        ),
        Some("etc/a.txt" | "etc/a.html") => Ok("Hello".to_owned()),
        Some("bad.toml") => Ok("[bus]\npublish = 1\n[trigger]\nbudget_ms = 1\n".to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn read(changes: &[(&str, Option<&str>)]) -> Result<Config, ConfigError> {
    let variables = variables(changes);
    Config::from_lookup(&|key| variables.get(key).cloned(), &files)
}

fn good(changes: &[(&str, Option<&str>)]) -> Config {
    read(changes).unwrap_or_else(|error| panic!("{changes:?}: {error}"))
}

fn refused(changes: &[(&str, Option<&str>)]) -> String {
    read(changes).expect_err("this must not start").to_string()
}

#[test]
fn everything_is_read_from_the_variables_and_the_policy_that_they_name() {
    let config = good(&[]);
    assert_eq!(config.environment, Environment::Prod);
    assert_eq!(config.region, "eu-central-1");
    assert_eq!(
        (config.table.as_str(), config.bus.as_str()),
        ("users", "lifecycle")
    );
    assert_eq!(config.queue_url, "https://sqs.example/work");
    assert_eq!(
        config.dead_letter_url().unwrap(),
        "https://sqs.example/dead"
    );
    assert_eq!(config.policy.mail.from, "a@b.example");
    assert!(!config.in_lambda && config.policy.mail.welcome);
}

#[test]
fn what_has_no_default_is_named_where_it_is_missing_or_empty() {
    for (key, text) in [
        (
            "AWS_REGION",
            "REGION is not set; it is the AWS Region to work in",
        ),
        (
            "USHER_TABLE",
            "USHER_TABLE is not set; it is the name of the DynamoDB table",
        ),
        (
            "USHER_QUEUE_URL",
            "USHER_QUEUE_URL is not set; it is the address of the work queue",
        ),
        (
            "USHER_BUS",
            "USHER_BUS is not set; it is the name of the EventBridge bus",
        ),
        (
            "USHER_SECRET",
            "USHER_SECRET is not set; it is 32 random bytes in Base64 that hide user names",
        ),
    ] {
        for value in [None, Some("")] {
            assert_eq!(refused(&[(key, value)]), text);
        }
    }
}

#[test]
fn the_dead_letter_queue_is_missed_only_by_who_needs_it() {
    for value in [None, Some("")] {
        let config = good(&[("USHER_DEAD_LETTER_URL", value)]);
        let error = config.dead_letter_url().unwrap_err().to_string();
        assert_eq!(
            error,
            "USHER_DEAD_LETTER_URL is not set; it is the address of the dead-letter queue"
        );
    }
}

#[test]
fn the_region_of_ones_own_comes_before_that_of_lambda() {
    assert_eq!(good(&[("REGION", Some("eu-west-1"))]).region, "eu-west-1");
    assert_eq!(good(&[("REGION", Some(""))]).region, "eu-central-1");
}

#[test]
fn the_environment_is_one_of_three_and_development_if_nothing_is_said() {
    for (value, environment) in [
        (None, Environment::Dev),
        (Some(""), Environment::Dev),
        (Some("dev"), Environment::Dev),
        (Some("staging"), Environment::Staging),
        (Some("prod"), Environment::Prod),
    ] {
        let config = good(&[("ENV", value)]);
        assert_eq!(config.environment, environment);
        assert_eq!(config.environment.to_string(), environment.as_str());
    }
    assert_eq!(
        refused(&[("ENV", Some("production"))]),
        "ENV must be dev, staging or prod"
    );
}

#[test]
fn a_secret_is_32_bytes_and_shows_nowhere() {
    for bad in [
        "c2hvcnQ=",
        "not base64 at all",
        &SECRET[..43],
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==",
    ] {
        let text = refused(&[("USHER_SECRET", Some(bad))]);
        assert_eq!(
            text,
            "USHER_SECRET must be 32 bytes in Base64 (44 characters), or where they are kept: \
             secretsmanager:NAME, secretsmanager:NAME#KEY or ssm:NAME"
        );
    }
    let config = good(&[("USHER_SECRET", Some(&format!(" {SECRET}\n")))]);
    assert!(!format!("{config:?}").contains(SECRET));
}

#[test]
fn switches_are_true_or_false_and_go_before_the_policy() {
    for (key, of) in [
        (
            "ENABLE_WELCOME_EMAIL",
            (|policy| policy.mail.welcome) as fn(&Policy) -> bool,
        ),
        ("ENABLE_PROFILE_CREATION", |policy| policy.profile.create),
    ] {
        assert!(of(&good(&[]).policy), "{key}");
        assert!(of(&good(&[(key, Some(""))]).policy), "{key}");
        assert!(of(&good(&[(key, Some("true"))]).policy), "{key}");
        assert!(!of(&good(&[(key, Some("false"))]).policy), "{key}");
        for bad in ["yes", "1", "TRUE", " true"] {
            assert_eq!(
                refused(&[(key, Some(bad))]),
                format!("{key} must be true or false")
            );
        }
    }
}

#[test]
fn profiles_are_not_switched_off_where_the_policy_asks_for_signs_of_life() {
    let overrides = |on: bool| Overrides {
        profile_creation: Some(on),
        ..Overrides::default()
    };
    let mut policy = Policy::default();
    policy.sign_in.refuse_pending = true;
    let before = policy.clone();
    let refused = overrides(false).apply(&mut policy).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "ENABLE_PROFILE_CREATION must be true while the policy's sign_in.refuse_pending is on"
    );
    assert_eq!(policy, before);
    overrides(true).apply(&mut policy).unwrap();
}

#[test]
fn the_welcome_mail_is_not_switched_on_without_a_sender() {
    let silent = ("USHER_POLICY", Some("silent.toml"));
    assert!(!good(&[silent]).policy.mail.welcome);
    assert!(
        !good(&[silent, ("ENABLE_WELCOME_EMAIL", Some("false"))])
            .policy
            .mail
            .welcome
    );
    assert_eq!(
        refused(&[silent, ("ENABLE_WELCOME_EMAIL", Some("true"))]),
        "ENABLE_WELCOME_EMAIL must be false while the policy's [mail] lacks from or app_url"
    );
}

#[test]
fn the_policy_lies_beside_the_code_unless_it_is_named() {
    for (changes, from) in [
        (
            vec![
                ("USHER_POLICY", None),
                ("LAMBDA_TASK_ROOT", Some("/var/task")),
            ],
            "a@b.example",
        ),
        (vec![("USHER_POLICY", None)], "a@b.example"),
        (
            vec![
                ("USHER_POLICY", Some("")),
                ("LAMBDA_TASK_ROOT", Some("/var/task")),
            ],
            "a@b.example",
        ),
        (vec![("USHER_POLICY", Some("silent.toml"))], ""),
    ] {
        assert_eq!(good(&changes).policy.mail.from, from, "{changes:?}");
    }
    let config = good(&[("USHER_POLICY", Some("etc/templates.toml"))]);
    assert_eq!(config.policy.mail.templates[0].text, "Hello");
}

#[test]
fn a_policy_that_cannot_be_read_or_is_bad_says_which_and_why() {
    let error = read(&[("USHER_POLICY", Some("gone.toml"))]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy file gone.toml cannot be read"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(
        refused(&[("USHER_POLICY", Some("bad.toml"))]),
        "the policy file bad.toml has problems:\n\
         line 2: bus.publish: must be true or false, and is an integer\n\
         line 4: trigger.budget_ms: must be 200 to 4000 ms, and is 1"
    );
}

#[test]
fn lambda_is_known_by_its_runtime_address() {
    assert!(good(&[("AWS_LAMBDA_RUNTIME_API", Some("127.0.0.1:9001"))]).in_lambda);
}

#[test]
fn roots_are_named_by_the_variables_that_every_program_has_for_them() {
    assert!(!good(&[]).roots_named);
    assert!(!good(&[("SSL_CERT_FILE", Some(""))]).roots_named);
    for key in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        assert!(good(&[(key, Some("/etc/ssl/own"))]).roots_named, "{key}");
    }
}

#[test]
fn a_secret_may_be_named_where_it_is_kept() {
    for name in ["secretsmanager:usher/digest#key", "ssm:/usher/digest"] {
        let config = good(&[("USHER_SECRET", Some(name))]);
        match config.secret {
            SecretSetting::Named(reference) => assert_eq!(reference.to_string(), name),
            SecretSetting::Given(_) => panic!("{name} is not the secret itself"),
        }
    }
}

#[test]
fn a_policy_may_be_a_parameter_and_the_packages_holds_until_it_is_read() {
    let ssm = ("USHER_POLICY", Some("ssm:/usher/policy"));
    for (changes, from) in [
        (
            vec![ssm, ("LAMBDA_TASK_ROOT", Some("/var/task"))],
            "a@b.example",
        ),
        (vec![ssm], "a@b.example"),
        (
            vec![ssm, ("USHER_POLICY_FALLBACK", Some("silent.toml"))],
            "",
        ),
    ] {
        let config = good(&changes);
        let source = PolicySource::Parameter("/usher/policy".to_owned());
        assert_eq!(config.loading.source, source);
        assert_eq!(config.policy.mail.from, from, "{changes:?}");
        assert!(config.loading.packaged.to_string().starts_with("package-"));
    }
    let parts = good(&[("USHER_POLICY", Some("ssm:/usher/policy/*"))]);
    assert_eq!(
        parts.loading.source,
        PolicySource::Under("/usher/policy".to_owned())
    );
    assert_eq!(
        refused(&[ssm, ("USHER_POLICY_FALLBACK", Some("bad.toml"))]),
        refused(&[("USHER_POLICY", Some("bad.toml"))]),
    );
}

#[test]
fn a_policys_place_that_makes_no_sense_is_refused() {
    assert_eq!(
        refused(&[("USHER_POLICY", Some("ssm:"))]),
        "USHER_POLICY must be a path, ssm:NAME, or ssm:/PATH/* for a policy in parts"
    );
    assert_eq!(
        refused(&[("USHER_POLICY_FALLBACK", Some("silent.toml"))]),
        "USHER_POLICY_FALLBACK must be left out where USHER_POLICY is a file"
    );
}

#[test]
fn what_is_kept_for_a_while_is_kept_for_a_sensible_one() {
    let config = good(&[]);
    assert_eq!(config.loading.refresh, Duration::from_mins(1));
    assert_eq!(config.secret_lifetime, Duration::from_mins(15));
    for key in ["USHER_POLICY_REFRESH_S", "USHER_SECRET_LIFETIME_S"] {
        for bad in ["9", "86401", "1m", "-60", "60.5"] {
            let text = format!("{key} must be 10 to 86400 s");
            assert_eq!(refused(&[(key, Some(bad))]), text, "{bad}");
        }
        good(&[(key, Some("10"))]);
        good(&[(key, Some("86400"))]);
    }
}

#[test]
fn a_command_acts_in_no_pool_but_the_one_that_is_named() {
    let read = |pool: Option<&str>| {
        let variables = variables(&[("USHER_POOL", pool)]);
        TableConfig::from_lookup(&|key| variables.get(key).cloned())
    };
    for none in [None, Some("")] {
        assert_eq!(read(none).unwrap().pool, None);
    }
    let named = read(Some("eu-west-1_AbCdEfGhI")).unwrap();
    assert_eq!(named.pool, PoolId::new("eu-west-1_AbCdEfGhI").ok());
    let bad = read(Some("not a pool")).unwrap_err().to_string();
    assert!(bad.starts_with("USHER_POOL must be the id"), "{bad}");
}
