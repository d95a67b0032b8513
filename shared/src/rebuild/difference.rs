use serde_json::{Map, Value};

/// What the short names in a user item's `marks` stand for.
const MARKS: [(&str, &str); 10] = [
    ("c", "confirmed_at"),
    ("a", "first_seen_at"),
    ("n", "noticed_at"),
    ("p", "attributes_at"),
    ("x", "attributes"),
    ("r", "roles"),
    ("o", "organizations"),
    ("t", "account_types"),
    ("s", "standing"),
    ("d", "refusals"),
];

/// One place at which an item is not what the log says.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Where: `profile.role`, `marks.roles.domain`, `claims.welcome_mail`.
    pub path: String,
    /// What the item has there. May be personal.
    pub stored: Option<Value>,
    /// What the log says. May be personal.
    pub folded: Option<Value>,
}

/// What of an item says nothing of who somebody is. Whatever is not listed may.
const IMPERSONAL: [&str; 12] = [
    "role",
    "roleSource",
    "roleAssignedAt",
    "accountType",
    "status",
    "organizationId",
    "createdAt",
    "lastLoginAt",
    "lastActivityAt",
    "lastPasswordResetAt",
    "emailVerified",
    "phoneVerified",
];

impl Field {
    /// Whether what it holds may say who somebody is.
    pub fn is_personal(&self) -> bool {
        let mut parts = self.path.split('.');
        let (part, name) = (parts.next(), parts.next().unwrap_or_default());
        let long = |(_, long): &(&str, &'static str)| *long;
        match part {
            Some("claims") => false,
            Some("profile") => !IMPERSONAL.contains(&name),
            Some("marks") => name == "attributes" || !MARKS.iter().map(long).any(|it| it == name),
            Some(_) | None => true,
        }
    }
}

/// Every place at which two folded parts differ, each as near to the value as can be, in order.
pub(super) fn between(stored: &Value, folded: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    compare(&mut Vec::new(), Some(stored), Some(folded), &mut fields);
    fields
}

fn compare(
    path: &mut Vec<String>,
    stored: Option<&Value>,
    folded: Option<&Value>,
    into: &mut Vec<Field>,
) {
    if stored == folded {
        return;
    }
    if let (Some(Value::Object(stored)), Some(Value::Object(folded))) = (stored, folded) {
        for name in names(stored, folded) {
            path.push(name.clone());
            compare(path, stored.get(name), folded.get(name), into);
            path.pop();
        }
        return;
    }
    into.push(Field {
        path: shown(path),
        stored: stored.cloned(),
        folded: folded.cloned(),
    });
}

fn names<'v>(a: &'v Map<String, Value>, b: &'v Map<String, Value>) -> Vec<&'v String> {
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort();
    names.dedup();
    names
}

fn shown(path: &[String]) -> String {
    let name = |(place, name): (usize, &String)| {
        let is_mark = place == 1 && path[0] == "marks";
        let known = MARKS.iter().find(|(short, _)| is_mark && short == name);
        known.map_or_else(|| name.clone(), |(_, long)| (*long).to_owned())
    };
    match path {
        [] => "all".to_owned(),
        path => path
            .iter()
            .enumerate()
            .map(name)
            .collect::<Vec<_>>()
            .join("."),
    }
}
