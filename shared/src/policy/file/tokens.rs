mod claims;
mod constant;
mod scopes;
mod weight;

pub(super) use claims::hidden_names;
pub(super) use constant::constant;
pub(super) use scopes::{contradictions, scope_edits};
pub(super) use weight::too_many;

use super::section::Section;
use crate::policy::claims::HiddenName;
use crate::policy::{Groups, Policy, TokenVersion, Tokens};
use claims::Token;
use std::ops::RangeInclusive;

/// Less than 256 bytes are gone with a role, an organization and their names; more than 16 KiB no
/// server takes in a header.
const MAX_BYTES: RangeInclusive<u32> = 256..=16_384;
/// What is said of everything that version V1_0 has no place for.
const ID_ALONE: &str = "has no meaning with version V1_0, which reaches ID tokens alone";

/// Reads `[tokens]` into a policy that is complete but for it.
pub(super) fn tokens(section: &Section<'_>, policy: &mut Policy) {
    let versions = [
        ("auto", None),
        ("V1_0", Some(TokenVersion::V1)),
        ("V2_0", Some(TokenVersion::V2)),
        ("V3_0", Some(TokenVersion::V3)),
    ];
    let version = section.choice("version", &versions, None);
    let groups = [("keep", Groups::Keep), ("add_role", Groups::AddRole)];
    let groups = section.choice("groups", &groups, Groups::Keep);
    let max_bytes = u32::try_from(Tokens::MAX_BYTES).expect("the default is within the range");
    let max_bytes = section.number("max_bytes", MAX_BYTES, "bytes", max_bytes);
    let suppress = suppress(section, groups);
    let id = section.section("id", |names| claims::claims(names, Token::Id, &suppress));
    let reaches = |key: &str, table: &Section<'_>| {
        if table.is_there() && version == Some(TokenVersion::V1) {
            section.report_key(key, ID_ALONE);
        }
    };
    let access = section.section("access", |names| {
        reaches("access", names);
        claims::claims(names, Token::Access, &suppress)
    });
    let scopes = section.section("scopes", |scopes| {
        reaches("scopes", scopes);
        scopes::scopes(scopes, &policy.roles)
    });
    policy.tokens = Tokens {
        version,
        id,
        access,
        suppress,
        groups,
        scopes,
        max_bytes: max_bytes as usize,
    };
    weight::check(section, policy);
}

fn suppress(section: &Section<'_>, groups: Groups) -> Vec<HiddenName> {
    let hidden = hidden_names(section, "suppress");
    for found in &hidden {
        if found.value.is_groups() && groups == Groups::AddRole {
            let text = "cognito:groups cannot be suppressed while groups is add_role";
            section.report(&found.place, text);
        }
    }
    hidden.into_iter().map(|found| found.value).collect()
}
