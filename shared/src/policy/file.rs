//! The policy file: read whole, and every problem of it told at once.
//!
//! A file is read by hand from TOML with places, not by `serde`, because the owner of a policy is
//! better served by ten lines that each name a key than by the first thing that did not fit.

mod access;
mod breakers;
mod custom_messages;
mod founding;
mod hours;
mod invites;
mod limits;
mod lookup;
mod machines;
mod mail;
mod mail_tags;
mod mail_templates;
mod plans;
mod position;
mod problem;
mod reader;
mod refusals;
mod roles;
mod section;
mod sign_up;
mod sources;
mod suggest;
mod texts;
mod tokens;
mod values;

pub use problem::{Problem, Problems};

use super::{Policy, Tokens};
use position::Positions;
use reader::{Findings, Reader};
use section::Section;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use toml::de::DeTable;

/// Reads a file that the policy names; a relative path of it is meant from `base`.
type Read<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// Reads the text of a policy file, and through `read` the templates that it names from `base`.
///
/// What the text leaves out has its default; an empty text is [`Policy::default`]. If anything at
/// all is wrong there is no policy, and [`Problems`] names all of it – all of the syntax, that is,
/// while there is something wrong with the syntax.
pub fn parse(text: &str, base: &Path, read: Read<'_>) -> Result<Policy, Problems> {
    check(text, base, read).0
}

/// As [`parse`], and beside it, in the order of the file, what the owner should know of a file with
/// which nothing is wrong.
pub fn check(text: &str, base: &Path, read: Read<'_>) -> (Result<Policy, Problems>, Vec<Problem>) {
    let (policy, findings, _) = read_all(text, base, read);
    let mut warnings = findings.warnings;
    warnings.sort();
    warnings.dedup();
    let policy = Problems::of(findings.problems).map_or(Ok(policy), Err);
    (policy, warnings)
}

/// Where each key of a policy file stands, so that a decision can say what set it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// Reads the text of a policy file, as [`parse`] does. What is wrong with it is not told here.
    pub fn of(text: &str, base: &Path, read: Read<'_>) -> Self {
        let (_, findings, _) = read_all(text, base, read);
        let positions = Positions::of(text);
        let places = findings.places.into_iter();
        let lines = places.map(|(key, at)| (key, positions.find(at).0));
        Self(lines.collect())
    }

    /// The line, from 1, on which a key stands; `None` for one that the file leaves to its default.
    pub fn get(&self, key: &str) -> Option<usize> {
        self.0.get(key).copied()
    }
}

impl Default for Policy {
    /// The policy of an empty file: everybody may sign up, has the role `user`, belongs to no
    /// organization and is sent no mail.
    fn default() -> Self {
        let nothing = |_: &Path| Err(io::ErrorKind::NotFound.into());
        read_all("", Path::new(""), &nothing).0
    }
}

/// A policy, good or not; what was found on the way; and every key that there is, with a name in
/// brackets where the owner chooses one.
fn read_all(text: &str, base: &Path, read: Read<'_>) -> (Policy, Findings, BTreeSet<String>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let reader = Reader::new(text);
    for error in &errors {
        reader.syntax(error);
    }
    let nothing = DeTable::new();
    let table = if errors.is_empty() {
        table.get_ref()
    } else {
        &nothing
    };
    let policy = reader.document(table, |document| policy(document, base, read));
    let (findings, known) = reader.finish();
    (policy, findings, known)
}

/// Roles, plans and organizations come first, because everything else may name only those declared.
fn policy(document: &Section<'_>, base: &Path, read: Read<'_>) -> Policy {
    let roles = document.section("roles", roles::roles);
    let plans = plans::plans(document);
    let (organizations, content) = access::organizations(document, &plans);
    let profile = document.section("profile", texts::profile);
    let lookup = document.section("lookup", |section| {
        lookup::lookup(section, &roles, &profile)
    });
    let sign_up = document.section("sign_up", sign_up::sign_up);
    let (mail, written) = document.section("mail", |section| {
        mail::mail(section, (content, &sign_up), base, read)
    });
    let mut policy = Policy {
        sign_up,
        invites: document.section("invites", invites::invites),
        sign_in: document.section("sign_in", |section| {
            access::sign_in(section, &roles, &profile)
        }),
        sources: document.section("sources", sources::sources),
        domains: access::domains(document, &roles, &organizations),
        founding: document.section("founding", |section| {
            founding::founding(section, &roles, &plans)
        }),
        breakers: document.section("breaker", |section| {
            breakers::breakers(section, lookup.as_ref())
        }),
        lookup,
        trusted_providers: access::trusted_providers(document),
        attributes: document.section("attributes", texts::attributes),
        tokens: Tokens::default(),
        machines: BTreeMap::new(),
        preferences: document.section("preferences", texts::preferences),
        bus: document.section("bus", texts::bus),
        trigger: document.section("trigger", limits::trigger),
        worker: document.section("worker", |section| {
            limits::worker(section, mail.is_any_owed())
        }),
        deferral: document.section("deferral", limits::deferral),
        sweep: document.section("sweep", limits::sweep),
        messages: document.section("messages", refusals::messages),
        refusals: refusals::refusals(document),
        profile,
        custom_messages: document.section("custom_messages", |section| {
            custom_messages::custom_messages(section, &mail.app_name, base, read)
        }),
        mail,
        roles,
        organizations,
        plans,
    };
    // Last, because they tell of all the others and are weighed with them.
    document.section("tokens", |section| tokens::tokens(section, &mut policy));
    machines::machines(document, &mut policy);
    mail_templates::judge(document, &policy, &written);
    policy
}

#[cfg(test)]
mod tests;
