use super::super::reader::Found;
use super::super::roles::{declared_role, is_declared};
use super::super::section::{NamedList, Section};
use crate::policy::scope::Scope;
use crate::policy::{Roles, ScopeEdits, Scopes};
use std::collections::BTreeSet;

pub(super) fn scopes(section: &Section<'_>, roles: &Roles) -> Scopes {
    let everybody = scope_edits(section);
    let of_roles = section.named("roles", "<role>", |name, section| {
        let edits = scope_edits(section);
        contradictions(
            section,
            &edits.add,
            &everybody.suppress,
            "tokens.scopes.suppress",
        );
        Some((declared_role(section, name, &roles.permissions)?, edits))
    });
    let of_permissions = section.named_lists("permissions", "<permission>");
    let read = |(name, members): NamedList| {
        let every = roles.permissions.values().flatten().map(String::as_str);
        is_declared(section, &name, every, "[roles.permissions]");
        let members = added(section, members.unwrap_or_default());
        let suppressed = &everybody.suppress;
        for found in &members {
            if suppressed.contains(&found.value) {
                let text = would_not_show(&found.value, "tokens.scopes.suppress");
                section.report(&found.place, text);
            }
        }
        (name.value, values(members))
    };
    let of_permissions = of_permissions.unwrap_or_default().into_iter().map(read);
    Scopes {
        roles: of_roles.into_iter().flatten().collect(),
        permissions: of_permissions.collect(),
        everybody,
    }
}

/// `add` and `suppress` of a table.
pub(in super::super) fn scope_edits(section: &Section<'_>) -> ScopeEdits {
    let edits = ScopeEdits {
        add: values(added(section, section.texts("add"))),
        suppress: values(read(section, section.texts("suppress"))),
    };
    contradictions(section, &edits.add, &edits.suppress, "suppress");
    edits
}

/// Reports what is added here and taken out there.
pub(in super::super) fn contradictions(
    section: &Section<'_>,
    added: &BTreeSet<Scope>,
    suppressed: &BTreeSet<Scope>,
    there: &str,
) {
    for scope in added.intersection(suppressed) {
        section.report_key("add", would_not_show(scope, there));
    }
}

fn would_not_show(scope: &Scope, there: &str) -> String {
    format!("{scope} is also in {there}, and would not show")
}

/// Scopes that a policy may add.
fn added(section: &Section<'_>, members: Vec<Found<String>>) -> Vec<Found<Scope>> {
    let mut scopes = read(section, members);
    scopes.retain(|found| {
        let is_cognitos = found.value.is_cognitos();
        if is_cognitos {
            let text = format!(
                "{} lets its bearer change the account; only an app client can grant it",
                found.value
            );
            section.report(&found.place, text);
        }
        !is_cognitos
    });
    scopes
}

fn read(section: &Section<'_>, members: Vec<Found<String>>) -> Vec<Found<Scope>> {
    let mut scopes: Vec<Found<Scope>> = Vec::new();
    for found in members {
        match Scope::new(found.value) {
            Ok(scope) if scopes.iter().any(|other| other.value == scope) => {
                section.report(&found.place, format!("{scope} is listed twice"));
            }
            Ok(value) => scopes.push(Found {
                value,
                place: found.place,
            }),
            Err(error) => section.report(&found.place, error.to_string()),
        }
    }
    scopes
}

fn values(scopes: Vec<Found<Scope>>) -> BTreeSet<Scope> {
    scopes.into_iter().map(|found| found.value).collect()
}
