//! An organization as it is shown. Of its founder there is the id, and nothing that says who that is.

use serde::Serialize;
use usher_events::{AccountType, EventId, OrganizationId, Plan, Sub, Time};
use usher_shared::organization::Organization;

/// One organization.
#[derive(Debug, Serialize)]
pub struct Shown<'a> {
    pub id: &'a OrganizationId,
    pub domain: &'a str,
    pub name: &'a str,
    pub active: bool,
    pub plan: Option<&'a Plan>,
    pub account_type: Option<&'a AccountType>,
    pub founder: &'a Sub,
    pub founded_by: EventId,
    pub founded_at: Time,
}

impl<'a> Shown<'a> {
    pub fn of(organization: &'a Organization) -> Self {
        let terms = &organization.terms;
        Self {
            id: &organization.id,
            domain: organization.domain.as_str(),
            name: &terms.name,
            active: terms.active,
            plan: terms.plan.as_ref(),
            account_type: terms.account_type.as_ref(),
            founder: &organization.founder,
            founded_by: organization.founded_by,
            founded_at: organization.founded_at,
        }
    }

    pub fn state(&self) -> &'static str {
        match self.active {
            true => "active",
            false => "inactive",
        }
    }

    /// Prints it as text, with the names of the lines in one column.
    pub fn print(&self) {
        let or_none = |text: Option<&str>| text.unwrap_or("none").to_owned();
        for (name, value) in [
            ("Organization", self.id.to_string()),
            ("Name", self.name.to_owned()),
            ("Domain", self.domain.to_owned()),
            ("State", self.state().to_owned()),
            ("Plan", or_none(self.plan.map(Plan::as_str))),
            (
                "Accounts",
                or_none(self.account_type.map(AccountType::as_str)),
            ),
            ("Founder", self.founder.to_string()),
            (
                "Founded",
                format!("{}, by event {}", self.founded_at, self.founded_by),
            ),
        ] {
            anstream::println!("{name:<14}{value}");
        }
    }
}
