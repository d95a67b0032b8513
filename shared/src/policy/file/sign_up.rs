use super::access::{patterns, values};
use super::invites;
use super::reader::Found;
use super::section::{NamedList, Section};
use crate::policy::{AutoConfirm, SignUp};
use crate::tally;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use usher_events::SignUpContext;

/// Longest name of an attribute: Cognito gives a custom one 20 characters behind its prefix.
const LONGEST_ATTRIBUTE: usize = 64;

/// What a tally can count.
const REFUSALS_AN_HOUR: RangeInclusive<u32> = 1..=tally::MOST;
/// One refusal is a mistake.
const SUSPICIOUS_AFTER: RangeInclusive<u32> = 2..=tally::MOST;

pub(super) fn sign_up(section: &Section<'_>) -> SignUp {
    let allowed = patterns(section, section.texts("allowed_domains"));
    let blocked = patterns(section, section.texts("blocked_domains"));
    for entry in &allowed {
        if let Some(over) = blocked.iter().find(|over| over.value.covers(&entry.value)) {
            let text = format!("{} is also blocked, by {}", entry.value, over.value);
            section.report(&entry.place, text);
        }
    }
    let (refusals_an_hour, suspicious_after) = counts(section);
    SignUp {
        allowed_domains: values(allowed),
        blocked_domains: values(blocked),
        apply_to_administrators: section.flag("apply_to_administrators", false),
        invite: invites::rule(section),
        refuse_disposable: section.flag("refuse_disposable", false),
        check_email: section.flag("check_email", true),
        check_phone: section.flag("check_phone", false),
        required_attributes: attributes(section, "required_attributes"),
        required_consents: attributes(section, "required_consents"),
        allowed_values: allowed_values(section),
        auto_confirm: auto_confirm(section),
        auto_verify_invited: auto_verify(section),
        refusals_an_hour,
        suspicious_after,
        known_sources: words(section, "known_sources"),
        known_campaigns: words(section, "known_campaigns"),
    }
}

/// How many refusals are told of, and how many are too many.
fn counts(section: &Section<'_>) -> (u32, u32) {
    let unit = "refusals an hour";
    let told = section.number("refusals_an_hour", REFUSALS_AN_HOUR, unit, 10);
    let suspicious = section.number("suspicious_after", SUSPICIOUS_AFTER, unit, 5);
    if suspicious > told {
        section.warn_key(
            "suspicious_after",
            format!(
                "is {suspicious}, and of one name and reason only {told} an hour are counted \
                 (refusals_an_hour): whoever is refused for the same reason again and again never \
                 becomes suspicious"
            ),
        );
    }
    (told, suspicious)
}

fn auto_confirm(section: &Section<'_>) -> AutoConfirm {
    let words = [
        ("never", AutoConfirm::Never),
        ("invited", AutoConfirm::Invited),
        ("always", AutoConfirm::Always),
    ];
    let choice = section.choice("auto_confirm", &words, AutoConfirm::Never);
    if choice != AutoConfirm::Never {
        section.warn_key(
            "auto_confirm",
            "confirms accounts although nobody has shown that the address is theirs; the address \
             stays unverified, so neither roles nor organizations nor mails come of it",
        );
    }
    choice
}

fn auto_verify(section: &Section<'_>) -> bool {
    let flag = section.flag("auto_verify_invited", false);
    if flag {
        section.warn_key(
            "auto_verify_invited",
            "takes the address of an invite that is bound to it for verified without a code: where \
             addresses are aliases, whoever has the invite takes the address over from the account \
             that had it; send such invites to that very address only",
        );
    }
    flag
}

fn attributes(section: &Section<'_>, key: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for found in section.texts(key) {
        if is_attribute(section, &found) && !names.insert(found.value.clone()) {
            section.report(&found.place, format!("{:?} is listed twice", found.value));
        }
    }
    names
}

fn allowed_values(section: &Section<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let lists = section.named_lists("allowed_values", "<attribute>");
    let read = |(name, members): NamedList| {
        let members: BTreeSet<String> = members?.into_iter().map(|found| found.value).collect();
        if members.is_empty() {
            section.report(
                &name.place,
                "must list the values that the attribute may have",
            );
        }
        is_attribute(section, &name).then_some((name.value, members))
    };
    lists.into_iter().flatten().filter_map(read).collect()
}

fn is_attribute(section: &Section<'_>, found: &Found<String>) -> bool {
    let name = &found.value;
    let known = |c: char| c.is_ascii_alphanumeric() || "_:.-".contains(c);
    let good = !name.is_empty() && name.len() <= LONGEST_ATTRIBUTE && name.chars().all(known);
    if !good {
        let text = format!("{name:?} is not the name of an attribute, such as \"custom:terms\"");
        section.report(&found.place, text);
    }
    good
}

fn words(section: &Section<'_>, key: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for found in section.texts(key) {
        if SignUpContext::word(&found.value).as_ref() != Some(&found.value) {
            let text = format!(
                "{:?} is not a word of letters, digits, \".\", \"_\" and \"-\", at most 64",
                found.value
            );
            section.report(&found.place, text);
        } else if !words.insert(found.value.clone()) {
            section.report(&found.place, format!("{:?} is listed twice", found.value));
        }
    }
    words
}
