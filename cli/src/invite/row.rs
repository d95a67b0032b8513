//! What is asked of one invite: by flags, or by a row of a CSV file.

use super::until::Until;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use usher_events::{AccountType, OrganizationId, PoolId, Role, SignUpContext, Time};
use usher_shared::digest::Secret;
use usher_shared::invite::{Grants, MOST_USES, Terms};
use usher_shared::organization::is_id;
use usher_shared::policy::{Domain, Policy};

/// The columns that a file may have.
const COLUMNS: &str = "address, uses, expires, role, organization, account_type, label";

/// Organizations that somebody founded, with the kind of account that each brings.
pub type Founded = BTreeMap<OrganizationId, Option<AccountType>>;

/// One invite to be made. What a row leaves out the flags say.
#[derive(clap::Args, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[group(skip)]
pub struct Row {
    /// The one mail address that may use it, and only once it is verified
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// How many may use it, 1 to 1000 [default: 1]
    #[arg(long, value_name = "NUMBER")]
    pub uses: Option<u32>,
    /// When it ends: 12h, 7d, 4w, 2026-12-31 or 2026-12-31T18:00:00Z; without, never
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<String>,
    /// The role that it brings
    #[arg(long)]
    pub role: Option<String>,
    /// The organization that it brings: one of the policy, or one that a user founded
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    /// The kind of account that it brings
    #[arg(long, value_name = "KIND")]
    pub account_type: Option<String>,
    /// A word of your own to find it by, at most 64 letters, digits, ., _ and -; never about a person
    #[arg(long, value_name = "WORD")]
    pub label: Option<String>,
}

impl Row {
    /// The row with what it leaves out filled in.
    #[must_use]
    pub fn or(self, flags: &Self) -> Self {
        let or = |own: Option<String>, flag: &Option<String>| {
            own.filter(|text| !text.is_empty()).or_else(|| flag.clone())
        };
        Self {
            address: or(self.address, &flags.address),
            uses: self.uses.or(flags.uses),
            expires: or(self.expires, &flags.expires),
            role: or(self.role, &flags.role),
            organization: or(self.organization, &flags.organization),
            account_type: or(self.account_type, &flags.account_type),
            label: or(self.label, &flags.label),
        }
    }

    /// The terms that it asks for, if policy or table know what they name.
    pub fn terms(
        &self,
        policy: &Policy,
        founded: &Founded,
        secret: &Secret,
        pool: &PoolId,
        now: Time,
    ) -> anyhow::Result<Terms> {
        let uses = self.uses.unwrap_or(1);
        if !(1..=MOST_USES).contains(&uses) {
            bail!("uses must be 1 to {MOST_USES}, and is {uses}");
        }
        let until = self.expires.as_deref().map(str::parse::<Until>).transpose();
        let until = until.map_err(|problem| anyhow::anyhow!("expires {problem}"))?;
        let expires_at = until.map(|until| until.from(now));
        if expires_at.is_some_and(|at| at <= now) {
            bail!("expires lies in the past");
        }
        if let Some(address) = &self.address
            && Domain::of_email(address).is_none()
        {
            bail!("address is no mail address");
        }
        let label = self.label.as_deref().map(|label| {
            SignUpContext::word(label)
                .context("label must be at most 64 letters, digits, ., _ and -, without spaces")
        });
        let bound_to = self.address.as_deref();
        Ok(Terms {
            uses,
            expires_at,
            bound_to: bound_to.map(|address| secret.address_key(pool, address)),
            grants: self.grants(policy, founded)?,
            label: label.transpose()?,
        })
    }

    /// The organization that it names, if the policy does not declare it, and somebody may have
    /// founded it.
    pub fn maybe_founded(&self, policy: &Policy) -> Option<OrganizationId> {
        let id = OrganizationId::new(self.organization.as_deref()?).ok()?;
        let maybe = policy.has_founders() && is_id(&id) && !policy.organizations.contains_key(&id);
        maybe.then_some(id)
    }

    fn grants(&self, policy: &Policy, founded: &Founded) -> anyhow::Result<Grants> {
        let role = self.role.as_deref().map(Role::new).transpose();
        let role = role.context("role is no name")?;
        if let Some(role) = &role
            && !policy.roles.permissions.contains_key(role)
        {
            let known: Vec<&str> = policy.roles.permissions.keys().map(Role::as_str).collect();
            bail!("the policy has no role {role}; it has {}", known.join(", "));
        }
        let organization = self.organization.as_deref().map(OrganizationId::new);
        let organization = organization.transpose().context("organization is no id")?;
        if let Some(id) = &organization
            && !policy.organizations.contains_key(id)
            && !founded.contains_key(id)
        {
            let known = policy.organizations.keys().map(OrganizationId::as_str);
            let known = known.collect::<Vec<_>>().join(", ");
            bail!("the policy has no organization {id}, and nobody has founded it; it has {known}");
        }
        let account_type = self.account_type.as_deref().map(|kind| {
            let known = ["standard", "business", "enterprise"].contains(&kind);
            let kind = known.then(|| AccountType::new(kind).ok()).flatten();
            kind.context("account_type must be standard, business or enterprise")
        });
        // Of a declared one the policy says it whenever it counts; of a founded one the invite does.
        let of_founded = organization.as_ref().and_then(|id| founded.get(id));
        let account_type = account_type.transpose()?;
        Ok(Grants {
            account_type: account_type.or_else(|| of_founded.cloned().flatten()),
            role,
            organization,
        })
    }
}

/// Reads the rows of a CSV file, each with the line that it stands on.
pub fn read(path: &Path) -> anyhow::Result<Vec<(u64, Row)>> {
    let shown = path.display();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .with_context(|| format!("the file {shown} cannot be read"))?;
    let mut rows = Vec::new();
    let headers = reader.headers().cloned();
    let headers = headers.with_context(|| format!("the file {shown} is no CSV"))?;
    for record in reader.records() {
        let record = record.with_context(|| format!("the file {shown} is no CSV"))?;
        let line = record.position().map_or(0, csv::Position::line);
        // The reader's own words may quote a value, and values are addresses.
        let row: Row = record.deserialize(Some(&headers)).map_err(|_error| {
            anyhow::anyhow!(
                "line {line} of {shown}: the columns are {COLUMNS}, and uses is a number"
            )
        })?;
        rows.push((line, row));
    }
    if rows.is_empty() {
        bail!("the file {shown} has no rows; its first line names columns: {COLUMNS}");
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn founded() -> Founded {
        let id = OrganizationId::new("abcdefghijklmnopqrstuvwxyz").unwrap();
        Founded::from([(id, AccountType::new("business").ok())])
    }

    #[test]
    fn a_founded_organization_brings_its_kind_of_account_unless_the_row_names_one() {
        for (said, expected) in [(None, "business"), (Some("enterprise"), "enterprise")] {
            let row = Row {
                organization: founded().keys().next().map(ToString::to_string),
                account_type: said.map(str::to_owned),
                ..Row::default()
            };
            let kind = terms(&row).unwrap().grants.account_type.unwrap();
            assert_eq!(kind.as_str(), expected);
        }
    }

    fn terms(row: &Row) -> anyhow::Result<Terms> {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let pool = PoolId::new("p").unwrap();
        row.terms(
            &Policy::default(),
            &founded(),
            &Secret::new(&[7; 32]),
            &pool,
            now,
        )
    }

    #[test]
    fn a_row_asks_for_what_the_policy_knows_and_nothing_else() {
        let row = |key: &str, value: &str| {
            let value = if key == "uses" {
                serde_json::json!(value.parse::<u32>().unwrap())
            } else {
                serde_json::json!(value)
            };
            serde_json::from_value::<Row>(serde_json::json!({ key: value })).unwrap()
        };
        for (key, value) in [
            ("uses", "1000"),
            ("expires", "7d"),
            ("role", "manager"),
            ("address", "Ada@example.com"),
            ("account_type", "business"),
            ("label", "summer-2026"),
        ] {
            assert!(terms(&row(key, value)).is_ok(), "{key} {value}");
        }
        for (key, value, problem) in [
            ("uses", "0", "1 to 1000"),
            ("uses", "1001", "1 to 1000"),
            ("expires", "soon", "expires must be"),
            ("expires", "2020-01-01", "in the past"),
            (
                "role",
                "emperor",
                "has no role emperor; it has admin, guest",
            ),
            ("organization", "acme", "has no organization acme"),
            ("account_type", "gold", "must be standard"),
            ("address", "ada", "no mail address"),
            ("label", "Ada Lovelace", "without spaces"),
        ] {
            let said = format!("{:#}", terms(&row(key, value)).unwrap_err());
            assert!(said.contains(problem), "{key} {value}: {said}");
        }
    }

    #[test]
    fn what_a_row_leaves_out_the_flags_say() {
        let flags = Row {
            uses: Some(5),
            role: Some("user".to_owned()),
            ..Row::default()
        };
        let row = Row {
            role: Some(String::new()),
            label: Some("x".to_owned()),
            uses: Some(2),
            ..Row::default()
        };
        let filled = row.or(&flags);
        assert_eq!(filled.role.as_deref(), Some("user"));
        assert_eq!((filled.uses, filled.label.as_deref()), (Some(2), Some("x")));
    }
}
