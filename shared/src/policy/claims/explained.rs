//! Why a token says what it says. What it says is taken from the decision, never decided again.

use super::known::Known;
use super::source::Bearer;
use super::{ClaimName, Edits, on_record};
use crate::policy::opinion::{Key, Told};
use crate::policy::scope::Scope;
use crate::policy::trace::{Question, Said, Step};
use crate::policy::{Claim, Findings, Groups, Policy, Says, UserRead};
use crate::user::Profile;
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeSet;
use usher_events::{ClientId, Person, Role};

/// How [`super::grant`] comes about: each source in turn, up to the one that counts.
pub fn explain_grant(
    policy: &Policy,
    user: UserRead<'_>,
    person: Option<&Person>,
    findings: &Findings,
) -> Vec<Step> {
    let default = |why| {
        let said = Said::gives(policy.roles.default.as_str());
        Step::new(Question::Role, "roles.default", said, why).named("default")
    };
    let Some(on_record) = on_record(policy, user, person) else {
        return vec![default(
            "the table did not answer, and nobody can tell what was taken away",
        )];
    };
    let mut steps = Vec::new();
    if let (UserRead::Found(_), Cow::Owned(_)) = (user, &on_record) {
        let why = "what was recorded of another verified address is not heard any more";
        steps.push(Step::new(Question::Role, "", Said::Off, why).named("record"));
    }
    let known = Known::new(policy, &on_record, person, findings);
    let mut has_role = false;
    for (source, told) in known.roles() {
        let step = told_step(Question::Role, &told, |role: &&Role| role.as_str());
        steps.push(step.named(source.as_str()));
        has_role = told.gives.is_some();
        if has_role {
            break;
        }
    }
    if !has_role {
        steps.push(default("no source gives a role"));
    }
    let mut membership = None;
    for (source, told) in known.memberships() {
        let id = |membership: &crate::user::Membership| membership.organization.to_string();
        let step = told_step(Question::Organization, &told, id);
        steps.push(step.named(source.as_str()));
        membership = told.gives;
        if membership.is_some() {
            break;
        }
    }
    let told = known.account_type(membership.as_ref());
    let mut step = told_step(Question::AccountType, &told, |kind| kind.as_str());
    if told.gives.is_none() {
        step.said = Said::gives(Profile::DEFAULT_ACCOUNT_TYPE);
    }
    steps.push(step);
    steps
}

fn told_step<T, S: Into<String>>(
    question: Question,
    told: &Told<'_, T>,
    text: impl Fn(&T) -> S,
) -> Step {
    let said = match &told.gives {
        Some(value) => Said::gives(&text(value).into()),
        None => Said::Nothing,
    };
    Step::new(question, told.key, said, told.why)
}

/// Why [`super::groups`] gives these, or none.
pub fn explain_groups(
    policy: &Policy,
    current: Option<&[String]>,
    groups: Option<&[String]>,
) -> Step {
    let (said, why) = match (policy.tokens.groups, groups, current) {
        (_, Some(groups), _) => (
            Said::Gives(json!(groups)),
            "is \"add_role\", and the pool's groups do not name the role",
        ),
        (Groups::Keep, None, _) => (Said::Off, "is \"keep\""),
        (Groups::AddRole, None, None) => (
            Said::Off,
            "is \"add_role\", and the event does not say which groups there are",
        ),
        (Groups::AddRole, None, Some(_)) => (Said::Off, "the pool's groups name the role already"),
    };
    Step::new(Question::Groups, "tokens.groups", said, why)
}

impl Edits {
    /// Why the ID token says this.
    pub fn explain_id_token(&self, bearer: &Bearer<'_>) -> Vec<Step> {
        let tokens = &bearer.policy.tokens;
        let telling = Telling {
            edits: self,
            question: Question::IdToken,
            policy: bearer.policy,
        };
        telling
            .suppressed("tokens.suppress", &tokens.suppress)
            .chain(telling.claims("tokens.id", &tokens.id))
            .collect()
    }

    /// Why the access token says this.
    pub fn explain_access_token(&self, bearer: &Bearer<'_>) -> Vec<Step> {
        let tokens = &bearer.policy.tokens;
        let telling = Telling {
            edits: self,
            question: Question::AccessToken,
            policy: bearer.policy,
        };
        let mut steps: Vec<Step> = telling
            .suppressed("tokens.suppress", &tokens.suppress)
            .chain(telling.claims("tokens.access", &tokens.access))
            .collect();
        for rule in super::edits::scope_rules(bearer) {
            steps.extend(telling.scopes(rule.key, rule.add, rule.suppress));
        }
        steps
    }

    /// Why a machine's access token says this.
    pub fn explain_machine(&self, policy: &Policy, client: Option<&ClientId>) -> Vec<Step> {
        let telling = Telling {
            edits: self,
            question: Question::AccessToken,
            policy,
        };
        let tokens = &policy.tokens;
        let everybody = &tokens.scopes.everybody.suppress;
        let mut steps: Vec<Step> = telling
            .suppressed("tokens.suppress", &tokens.suppress)
            .collect();
        steps.extend(telling.scopes(Key::Plain("tokens.scopes"), None, Some(everybody)));
        let machine = client.and_then(|client| Some((client, policy.machines.get(client)?)));
        let Some((client, machine)) = machine else {
            let why = "the policy does not name this machine's client, or the event does not";
            steps.push(Step::new(Question::AccessToken, "machines", Said::Off, why));
            return steps;
        };
        let of = |key| Key::Named("machines", client.as_str(), key);
        steps.extend(telling.suppressed(&of("suppress").to_string(), &machine.suppress));
        for (name, _) in &machine.claims {
            let key = format!("{}.{name}", of("claims"));
            steps.push(telling.claim(key, name, || CONSTANT.to_owned()));
        }
        let scopes = &machine.scopes;
        steps.extend(telling.scopes(of("scopes"), Some(&scopes.add), Some(&scopes.suppress)));
        steps
    }

    /// What is taken out of a token of which nobody can tell whose it is.
    pub fn explain_nobody(&self, policy: &Policy) -> Vec<Step> {
        let telling = Telling {
            edits: self,
            question: Question::AccessToken,
            policy,
        };
        let tokens = &policy.tokens;
        let scopes = telling.scopes(
            Key::Plain("tokens.scopes"),
            None,
            Some(&self.scopes.suppress),
        );
        let suppressed = telling.suppressed("tokens.suppress", &tokens.suppress);
        suppressed.chain(scopes).collect()
    }
}

/// One token, of which is told what became of each rule.
#[derive(Clone, Copy)]
struct Telling<'a> {
    edits: &'a Edits,
    question: Question,
    policy: &'a Policy,
}

impl<'a> Telling<'a> {
    fn suppressed(
        self,
        key: &str,
        names: &'a [super::HiddenName],
    ) -> impl Iterator<Item = Step> + use<'a> {
        let key = key.to_owned();
        let step = move |name: &super::HiddenName| {
            Step::new(self.question, &key, Said::Suppresses, "is listed").named(name.as_str())
        };
        names.iter().map(step)
    }

    fn claims(self, table: &'a str, claims: &'a [Claim]) -> impl Iterator<Item = Step> {
        claims.iter().map(move |claim| {
            let key = match claim.short {
                Some(short) => format!("{table}.{short}"),
                None => format!("{table}.claims.{}", claim.name),
            };
            self.claim(key, &claim.name, || match &claim.says {
                Says::Source(source) => format!("from {}", source.as_str()),
                Says::Constant(_) => CONSTANT.to_owned(),
            })
        })
    }

    /// What became of one claim, by the edits that were made.
    fn claim(self, key: String, name: &ClaimName, from: impl Fn() -> String) -> Step {
        let edits = self.edits;
        let told = edits.claims.iter().find(|(told, _)| told == name);
        let mut left_out = edits.left_out.iter();
        let left_out = left_out.find(|left_out| left_out.name == name.as_str());
        let hidden = self
            .policy
            .tokens
            .suppress
            .iter()
            .any(|hidden| hidden == name);
        let (said, why) = match (told, left_out) {
            (Some((_, value)), _) => (Said::Gives(json!(value)), from()),
            (None, Some(left_out)) => {
                let (bytes, most) = (left_out.bytes, self.policy.tokens.max_bytes);
                let why = format!(
                    "weighs {bytes} bytes, and with it the token would weigh more than \
                     tokens.max_bytes, {most}"
                );
                (Said::LeftOut, why)
            }
            (None, None) if hidden => (Said::Suppresses, "is taken out as well".to_owned()),
            (None, None) => {
                let why = format!("{}, of which this user has none", from());
                (Said::Suppresses, why)
            }
        };
        Step::new(self.question, key, said, why).named(name.as_str())
    }

    fn scopes(
        self,
        key: Key<'_>,
        add: Option<&BTreeSet<Scope>>,
        suppress: Option<&BTreeSet<Scope>>,
    ) -> Vec<Step> {
        let edits = &self.edits.scopes;
        let under = |last: &str| match (add, suppress) {
            (Some(_), None) => key.to_string(),
            _ => format!("{key}.{last}"),
        };
        let step = |last: &str, scope: &Scope, said, why: &str| {
            Step::new(self.question, under(last), said, why).named(format!("scope {scope}"))
        };
        let added = add.into_iter().flatten().map(|scope| match () {
            () if edits.add.contains(scope) => {
                step("add", scope, Said::gives(scope.as_str()), "is listed")
            }
            () if edits.suppress.contains(scope) => {
                step("add", scope, Said::Suppresses, "is taken out as well")
            }
            () => {
                let why = "all scopes that were to be added go as one, for want of room";
                step("add", scope, Said::LeftOut, why)
            }
        });
        let taken = suppress.into_iter().flatten();
        let taken = taken.map(|scope| step("suppress", scope, Said::Suppresses, "is listed"));
        added.chain(taken).collect()
    }
}

/// Where a claim comes from that is always the same.
const CONSTANT: &str = "a constant";
