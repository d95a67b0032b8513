use super::super::section::Section;
use crate::policy::claims::{Bearer, Edits, Grant};
use crate::policy::{Organization, Policy, TokenVersion, UserRead};
use crate::user::User;
use std::collections::BTreeSet;
use usher_events::{AccountType, OrganizationId, Role, RoleSource, Time};

/// Changes that Cognito takes in one answer (Cognito developer guide, *Quotas*).
const CHANGES: usize = 5000;

/// Stands for an organization that somebody founds; as long as the id of one.
const FOUNDED: &str = "that-one-of-its-own-founds";

/// The longest label of a domain, in bytes; what is founded is called by one.
const LONGEST_LABEL: usize = 63;

/// What is wrong with so many changes.
pub(in super::super) fn too_many(changes: usize) -> Option<String> {
    let text = format!("makes {changes} changes to claims and scopes; Cognito takes {CHANGES}");
    (changes > CHANGES).then_some(text)
}

/// Reports claims that some user's token would have no room for, as far as the policy itself can
/// tell: with the heaviest role and the heaviest organization that it declares, and of the user
/// nothing that only the pool knows.
pub(super) fn check(section: &Section<'_>, policy: &Policy) {
    let someone = User {
        confirmed_at: Time::from_unix_seconds(i64::from(u32::MAX)),
        last_login_at: Time::from_unix_seconds(i64::from(u32::MAX)),
        ..User::default()
    };
    let edits = |token: Shown, grant: &Grant| {
        let bearer = Bearer {
            policy,
            grant,
            user: UserRead::Found(&someone),
            person: None,
        };
        match token {
            Shown::IdAsText => Edits::of_id_token(&bearer, true),
            Shown::Id => Edits::of_id_token(&bearer, false),
            Shown::Access => Edits::of_access_token(&bearer),
        }
    };
    // Nothing is left out of what is weighed here, so that it can be compared.
    let roomy = |token, grant: &Grant| {
        let edits = edits(token, grant);
        let left_out: usize = edits.left_out.iter().map(|left_out| left_out.bytes).sum();
        edits.weight() + left_out
    };
    let founded = founded(policy);
    let declared = policy.organizations.iter();
    let organizations: Vec<_> = declared
        .chain(founded.iter().map(|(id, terms)| (id, terms)))
        .collect();
    for token in shown(policy) {
        // What a role says and what an organization says weigh nothing on each other.
        let roles = policy.roles.permissions.keys();
        let role = roles.max_by_key(|role| roomy(*token, &grant(policy, Some(role), None)));
        let organizations = organizations.iter();
        let organization =
            organizations.max_by_key(|of| roomy(*token, &grant(policy, None, Some(**of))));
        let grant = grant(policy, role, organization.copied());
        let edits = edits(*token, &grant);
        if let Some(first) = edits.left_out.first() {
            let of = match &grant.organization {
                Some(organization) => {
                    format!("role {} and organization {organization}", grant.role)
                }
                None => format!("role {}", grant.role),
            };
            let text = format!(
                "must be {} or more for the {} token of {of}, or {} ({} bytes) would be left out",
                roomy(*token, &grant),
                token.as_str(),
                first.name,
                first.bytes,
            );
            section.report_key("max_bytes", text);
        }
    }
    let most = |token| {
        let roles = policy.roles.permissions.keys();
        let changes = roles.map(|role| edits(token, &grant(policy, Some(role), None)).changes());
        changes.max().unwrap_or(0)
    };
    if let Some(text) = too_many(most(Shown::Id) + most(Shown::Access)) {
        section.report_key("suppress", text);
    }
}

/// A token in one of its forms.
#[derive(Clone, Copy)]
enum Shown {
    IdAsText,
    Id,
    Access,
}

impl Shown {
    fn as_str(self) -> &'static str {
        match self {
            Self::IdAsText | Self::Id => "ID",
            Self::Access => "access",
        }
    }
}

/// The tokens that this policy can be asked for.
fn shown(policy: &Policy) -> &'static [Shown] {
    match policy.tokens.version {
        None => &[Shown::Id, Shown::IdAsText, Shown::Access],
        Some(TokenVersion::V1) => &[Shown::IdAsText],
        Some(TokenVersion::V2 | TokenVersion::V3) => &[Shown::Id, Shown::Access],
    }
}

/// What organizations may be that users found: with the longest name that a domain makes, and any of
/// the plans, because operators change them.
fn founded(policy: &Policy) -> Vec<(OrganizationId, Organization)> {
    let id = OrganizationId::new(FOUNDED).expect("the constant is a plain word");
    let plans = policy.plans.keys().cloned().map(Some).chain([None]);
    let of = |plan| Organization {
        name: "n".repeat(LONGEST_LABEL),
        account_type: policy.founding.account_type.clone(),
        active: true,
        plan,
    };
    let plans = plans.filter(|_| policy.has_founders());
    plans.map(|plan| (id.clone(), of(plan))).collect()
}

fn grant(
    policy: &Policy,
    role: Option<&Role>,
    organization: Option<(&OrganizationId, &Organization)>,
) -> Grant {
    let role = role.unwrap_or(&policy.roles.default);
    let longest = RoleSource::ALL.into_iter();
    let terms = organization.map(|(_, terms)| terms.clone());
    let account_type = terms.as_ref().and_then(|terms| terms.account_type.clone());
    let standard = || AccountType::new("standard").expect("the name of this kind is a plain word");
    Grant {
        role: role.clone(),
        role_source: longest
            .max_by_key(|source| source.as_str().len())
            .unwrap_or(RoleSource::Default),
        permissions: policy
            .roles
            .permissions
            .get(role)
            .map_or_else(BTreeSet::new, Clone::clone),
        organization: organization.map(|(id, _)| id.clone()),
        terms,
        is_least: false,
        account_type: account_type.unwrap_or_else(standard),
    }
}
