use super::*;
use crate::policy::file;
use std::path::Path;

const NO: Option<&str> = None;

fn policy(text: &str) -> Policy {
    let nothing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    file::parse(text, Path::new(""), &nothing).unwrap()
}

/// What is read for each reason and locale.
fn check(policy: &Policy, cases: &[(RefusalReason, Option<&str>, &str)]) {
    for (reason, locale, expected) in cases {
        assert_eq!(
            text(policy, *reason, *locale),
            *expected,
            "{reason:?} {locale:?}"
        );
    }
}

#[test]
fn without_copy_of_its_own_a_reason_has_the_general_sentence_in_every_locale() {
    let policy = policy(
        "[messages]\nsign_up_refused = 'up'\nsign_in_refused = 'in'\ntry_again = 'again'\n\
         invite_missing = 'needed'\ninvite_refused = 'invite'\n",
    );
    for locale in [NO, Some("de"), Some("pt-BR"), Some("nonsense?"), Some("")] {
        for reason in RefusalReason::ALL {
            let expected = match reason {
                RefusalReason::StoreUnavailable => "again",
                RefusalReason::InviteMissing => "needed",
                RefusalReason::InviteUnknown
                | RefusalReason::InviteUsed
                | RefusalReason::InviteExpired
                | RefusalReason::InviteRevoked
                | RefusalReason::InviteForeign => "invite",
                RefusalReason::UserSuspended
                | RefusalReason::UserPending
                | RefusalReason::OrganizationInactive
                | RefusalReason::OutsideHours
                | RefusalReason::SourceRefused => "in",
                _ => "up",
            };
            check(&policy, &[(reason, locale, expected)]);
        }
    }
}

#[test]
fn the_closest_language_counts_then_the_default_then_the_general_sentence() {
    let policy = policy(
        r#"
[messages]
sign_up_refused = "general"
[refusals.domain_blocked]
default = "default"
pt = "Portuguese"
pt-BR = "Brazilian"
zh-Hant = "traditional"
[refusals.email_missing]
de = "German"
[refusals.sign_up_refused]
de = "general German"
fr = "general French"
"#,
    );
    let blocked = RefusalReason::DomainBlocked;
    let missing = RefusalReason::EmailMissing;
    check(
        &policy,
        &[
            (blocked, NO, "default"),
            (blocked, Some("pt-BR"), "Brazilian"),
            (blocked, Some("pt_br.UTF-8"), "Brazilian"),
            (blocked, Some("pt-PT"), "Portuguese"),
            (blocked, Some("pt"), "Portuguese"),
            (blocked, Some("zh-Hant-TW"), "traditional"),
            (blocked, Some("zh"), "default"),
            (blocked, Some("zh-Hans"), "default"),
            // The reason's own sentence says more than a general one in the right language.
            (blocked, Some("de"), "default"),
            (missing, Some("de-AT"), "German"),
            (missing, Some("fr-CA"), "general French"),
            (missing, Some("it"), "general"),
            (missing, NO, "general"),
            (
                RefusalReason::DomainNotAllowed,
                Some("de"),
                "general German",
            ),
        ],
    );
}

#[test]
fn every_reason_has_a_topic_of_its_name_and_nobody_can_tell_invites_apart() {
    let mut named = BTreeMap::new();
    for reason in RefusalReason::ALL {
        named.insert(reason.as_str(), Topic::of(reason).as_str());
    }
    let other = named.iter().filter(|(reason, topic)| reason != topic);
    let other: Vec<(&str, &str)> = other.map(|(reason, topic)| (*reason, *topic)).collect();
    assert_eq!(
        other,
        [
            ("invite_expired", "invite_refused"),
            ("invite_foreign", "invite_refused"),
            ("invite_revoked", "invite_refused"),
            ("invite_unknown", "invite_refused"),
            ("invite_used", "invite_refused"),
            ("store_unavailable", "try_again"),
        ]
    );
}

#[test]
fn every_topic_can_have_copy_of_its_own_and_the_reasons_of_one_topic_share_it() {
    for topic in Topic::ALL {
        let name = topic.as_str();
        let policy = policy(&format!("[refusals.{name}]\nde = 'ours'\n"));
        for reason in RefusalReason::ALL {
            let shown = text(&policy, reason, Some("de"));
            let covered =
                Topic::of(reason) == topic || Topic::General(Topic::of(reason).general()) == topic;
            assert_eq!(shown == "ours", covered, "{name} {reason:?}: {shown}");
        }
    }
}
