//! Any text, given to the loader as a policy; and what loads, put to use.

use crate::log::CANARY;
use crate::places::{Places, now};
use crate::{facts, trigger, worlds};
use serde_json::value::RawValue;
use std::io;
use std::path::Path;
use std::sync::LazyLock;
use usher_shared::policy::Policy;
use usher_shared::policy::file::{self, Problem};
use usher_shared::policy::refusal::{self, Topic};
use usher_worker::mails::Templates;

/// Events that between them ask a policy everything.
static EVENTS: LazyLock<Vec<Box<RawValue>>> = LazyLock::new(|| {
    let texts = [
        include_str!("../../trigger/fixtures/PreSignUp_SignUp.json"),
        include_str!("../../trigger/fixtures/PreSignUp_ExternalProvider.json"),
        include_str!("../../trigger/fixtures/PostConfirmation_ConfirmSignUp.json"),
        include_str!("../../trigger/fixtures/PreAuthentication_Authentication.json"),
        include_str!("../../trigger/fixtures/TokenGeneration_HostedAuth.json"),
        include_str!("../../trigger/fixtures/TokenGeneration_NewPasswordChallenge.json"),
        include_str!("../../trigger/fixtures/TokenGeneration_ClientCredentials.json"),
        include_str!("../../trigger/fixtures/CustomMessage_SignUp.json"),
        include_str!("../../trigger/fixtures/CustomMessage_AdminCreateUser.json"),
        include_str!("../../trigger/fixtures/CustomMessage_ForgotPassword.json"),
        include_str!("../../trigger/fixtures/CustomEmailSender_SignUp.json"),
        include_str!("../../trigger/fixtures/DefineAuthChallenge_Authentication.json"),
    ];
    let events = texts.map(|text| serde_json::from_str(text).unwrap());
    events.into()
});

/// Gives bytes to the loader, and panics if a promise is broken. `false` where they are no text, of
/// which the loader never hears.
pub fn holds(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let (policy, warnings) = file::check(text, Path::new(""), &template);
    let again = file::parse(text, Path::new(""), &template);
    assert_eq!(again.is_ok(), policy.is_ok());
    let lines: Vec<&str> = text.split('\n').collect();
    for warning in &warnings {
        check_problem(&lines, warning);
    }
    match policy {
        Ok(policy) => check_policy(text, &policy),
        Err(problems) => {
            assert_eq!(Err(&problems), again.as_ref().map(|_| ()));
            assert!(!problems.as_slice().is_empty());
            for problem in problems.as_slice() {
                check_problem(&lines, problem);
            }
            let shown = problems.to_string();
            assert_eq!(shown.lines().count(), problems.as_slice().len(), "{shown}");
        }
    }
    true
}

/// The files beside a policy: any name that ends as a template's does.
fn template(path: &Path) -> io::Result<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match name.rsplit('.').next() {
        Some("html") => Ok("<p>{{ code }}</p><p>{{ username }}</p>".to_owned()),
        Some("txt") => Ok("Welcome {{ first_name }} to {{ app_name }}".to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// A problem is at a place of the file, names its key wherever the file is TOML, and is one line.
fn check_problem(lines: &[&str], problem: &Problem) {
    let line = lines.get(problem.line - 1);
    let line = line.unwrap_or_else(|| panic!("{problem:?}"));
    assert!(
        (1..=line.len() + 1).contains(&problem.column),
        "{problem:?}"
    );
    assert!(!problem.text.is_empty(), "{problem:?}");
    // A secret that stands where only its name should is shown to nobody.
    let is_secret = problem.key == "lookup.authorization";
    assert!(!is_secret || !problem.text.contains(CANARY), "{problem:?}");
    assert_eq!(problem.to_string().lines().count(), 1, "{problem:?}");
    assert!(!problem.text.ends_with('.'), "{problem:?}");
}

/// A policy that loads is used like any other.
fn check_policy(text: &str, policy: &Policy) {
    let administrators = format!("{:?}", policy.roles.administrators);
    assert!(!administrators.contains('@'), "an address is shown");
    for (topic, sentence) in &policy.refusals {
        assert!(Topic::ALL.contains(topic));
        for said in sentence.default.iter().chain(sentence.locales.values()) {
            crate::answer::check_refusal(policy, said);
        }
    }
    let templates = Templates::new(policy).ok();
    for event in EVENTS.iter() {
        let (trigger, places) = worlds::trigger(policy, Places::new());
        let handled = trigger::handle(&trigger, event);
        trigger::check(policy, event, &handled, &places);
        if let (Some((fact, _)), Some(templates)) = (&handled.published, &templates) {
            let commit = facts::check(fact, policy, now());
            facts::check_mail(policy, templates, &commit);
        }
        if let Some(reason) = handled.reason() {
            let said = refusal::text(policy, reason, Some("en"));
            assert!(!said.is_empty(), "{text}");
        }
    }
}
