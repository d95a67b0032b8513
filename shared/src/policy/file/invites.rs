use super::access::{patterns, values};
use super::section::Section;
use crate::policy::{InviteRule, InviteRules, SignInName};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Cognito's own code for a sign-up lives 24 hours; a use that is held for much longer than a code
/// is only in the way of others.
const RESERVATION_H: RangeInclusive<u32> = 1..=168;

/// Longest key of client metadata, in characters; far below what Cognito takes.
const LONGEST_KEY: usize = 64;

/// Reads who needs an invite from `[sign_up]`.
pub(super) fn rule(section: &Section<'_>) -> InviteRule {
    #[derive(Clone, Copy, PartialEq)]
    enum Word {
        Never,
        Optional,
        ByDomain,
        Always,
    }
    let words = [
        ("never", Word::Never),
        ("optional", Word::Optional),
        ("by_domain", Word::ByDomain),
        ("always", Word::Always),
    ];
    let word = section.choice("invite", &words, Word::Never);
    let domains = patterns(section, section.texts("invite_domains"));
    match word {
        Word::ByDomain if domains.is_empty() => section.report_key(
            "invite_domains",
            "must list a domain where sign_up.invite is by_domain",
        ),
        Word::Never | Word::Optional | Word::Always if !domains.is_empty() => section.report_key(
            "invite_domains",
            "has no meaning unless sign_up.invite is by_domain",
        ),
        Word::Never | Word::Optional | Word::Always | Word::ByDomain => {}
    }
    match word {
        Word::Never => InviteRule::Never,
        Word::Optional => InviteRule::Optional,
        Word::ByDomain => InviteRule::ByDomain(values(domains)),
        Word::Always => InviteRule::Always,
    }
}

/// Reads `[invites]`.
pub(super) fn invites(section: &Section<'_>) -> InviteRules {
    let hours = section.number("reservation_h", RESERVATION_H, "hours", 24);
    let code_key = section.text("code_key").and_then(|found| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let good = (1..=LONGEST_KEY).contains(&found.value.len()) && found.value.chars().all(plain);
        if !good {
            let text = format!("must be 1 to {LONGEST_KEY} letters, digits, ., _ and -");
            section.report(&found.place, text);
        }
        good.then_some(found.value)
    });
    InviteRules {
        reservation: Duration::from_secs(u64::from(hours) * 3600),
        code_key: code_key.unwrap_or_else(|| "invite_code".to_owned()),
    }
}

/// Reads which attribute people sign in with from `[attributes]`.
pub(super) fn sign_in_name(section: &Section<'_>) -> SignInName {
    let words = [
        ("email", SignInName::Email),
        ("phone_number", SignInName::PhoneNumber),
        ("user_name", SignInName::UserName),
    ];
    section.choice("sign_in_name", &words, SignInName::Email)
}
