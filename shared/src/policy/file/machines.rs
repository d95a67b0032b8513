use super::roles::id;
use super::section::Section;
use super::tokens::{constant, contradictions, hidden_names, scope_edits, too_many};
use crate::policy::claims::{ClaimName, ClaimValue, Edits};
use crate::policy::{Machine, Policy, TokenVersion};
use usher_events::ClientId;

/// Reads `[machines]` into a policy that is complete but for it.
pub(super) fn machines(document: &Section<'_>, policy: &mut Policy) {
    let read = document.named("machines", "<client id>", |name, section| {
        let machine = machine(section, policy);
        Some((id(section, name, ClientId::new)?, machine, name.clone()))
    });
    let version = match policy.tokens.version {
        None | Some(TokenVersion::V3) => None,
        Some(TokenVersion::V1) => Some("V1_0"),
        Some(TokenVersion::V2) => Some("V2_0"),
    };
    if let Some(version) = version.filter(|_| document.has("machines")) {
        let text = format!("has no meaning with tokens.version {version}; machines need V3_0");
        document.report_key("machines", text);
    }
    for (client, machine, name) in read.into_iter().flatten() {
        policy.machines.insert(client.clone(), machine);
        let edits = Edits::of_machine(policy, Some(&client));
        if let Some(first) = edits.left_out.first() {
            let left_out: usize = edits.left_out.iter().map(|left_out| left_out.bytes).sum();
            let text = format!(
                "needs tokens.max_bytes of {} or more, or {} ({} bytes) would be left out",
                edits.weight() + left_out,
                first.name,
                first.bytes,
            );
            document.report(&name.place, text);
        }
        if let Some(text) = too_many(edits.changes()) {
            document.report(&name.place, text);
        }
    }
}

fn machine(section: &Section<'_>, policy: &Policy) -> Machine {
    let tokens = &policy.tokens;
    let suppress = hidden_names(section, "suppress");
    for found in &suppress {
        if tokens.suppress.contains(&found.value) {
            let text = format!("{} is in tokens.suppress already", found.value);
            section.report(&found.place, text);
        }
    }
    let suppress: Vec<_> = suppress.into_iter().map(|found| found.value).collect();
    let mut claims: Vec<(ClaimName, ClaimValue)> = Vec::new();
    for (found, value) in section.pairs("claims", "<claim>") {
        let hides = |name: &ClaimName| {
            let lists = [
                (&suppress, "suppress"),
                (&tokens.suppress, "tokens.suppress"),
            ];
            let list = lists
                .iter()
                .find(|(list, _)| list.iter().any(|hidden| hidden == name));
            list.map(|(_, list)| format!("{name} is also in {list}, and would not show"))
        };
        let name = ClaimName::new(found.value.as_str()).map_err(|error| error.to_string());
        match name.and_then(|name| hides(&name).map_or(Ok(name), Err)) {
            Ok(name) => {
                claims.extend(constant(section, &found.place, value).map(|value| (name, value)));
            }
            Err(text) => section.report(&found.place, text),
        }
    }
    let scopes = section.section("scopes", |section| {
        let edits = scope_edits(section);
        let everybody = &tokens.scopes.everybody.suppress;
        contradictions(section, &edits.add, everybody, "tokens.scopes.suppress");
        edits
    });
    Machine {
        claims,
        suppress,
        scopes,
    }
}
