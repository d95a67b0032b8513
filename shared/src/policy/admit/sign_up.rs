//! May this sign-up go on, and what does the pool take for granted then?

use crate::policy::opinion::{Key, Opinion, Says, asked, settle};
use crate::policy::person::Doubt;
use crate::policy::trace::{Question, Said, Step};
use crate::policy::why::Why;
use crate::policy::{AutoConfirm, Domain, Policy, SignUp, disposable};
use email_address::EmailAddress;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use usher_events::{RefusalReason, SignUpRoute};

/// Reads one attribute of who wants to sign up; `None` also where it is empty.
type Attribute<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Somebody who wants to sign up.
#[derive(Clone, Copy)]
pub struct Applicant<'a> {
    /// By which way.
    pub route: SignUpRoute,
    /// What the attributes say; most of it is what the user typed.
    pub attribute: Attribute<'a>,
}

impl fmt::Debug for Applicant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Applicant")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// What is asked of who wants to sign up, in order. The first rule that refuses decides.
const RULES: [for<'c> fn(&'c Asking<'c>) -> Opinion<'c>; 9] = [
    administrators,
    blocked_domains,
    allowed_domains,
    disposable_domains,
    form_of_email,
    form_of_phone,
    required_attributes,
    required_consents,
    allowed_values,
];

/// An applicant before the rules.
pub struct Asking<'c> {
    rules: &'c SignUp,
    applicant: Applicant<'c>,
    email: Option<String>,
    /// Looked at only where the policy goes by domain.
    domain: OnceCell<Option<Domain>>,
}

/// Whether the rules let this applicant sign up.
///
/// Users whom administrators create are exempt unless the policy says otherwise. What only a person
/// at a form can give – demanded attributes and consents – is not asked of users of outside
/// providers: they have no form.
pub fn sign_up(policy: &Policy, applicant: Applicant<'_>) -> Result<(), RefusalReason> {
    Asking::new(policy, applicant).decide()
}

impl<'c> Asking<'c> {
    /// An applicant, before anything is asked.
    pub fn new(policy: &'c Policy, applicant: Applicant<'c>) -> Self {
        let email = (applicant.attribute)("email");
        let email = email.map(|email| email.trim().to_owned());
        Self {
            rules: &policy.sign_up,
            applicant,
            email: email.filter(|email| !email.is_empty()),
            domain: OnceCell::new(),
        }
    }

    /// See [`sign_up`].
    pub fn decide(&self) -> Result<(), RefusalReason> {
        settle(RULES.iter().map(|rule| rule(self)))
    }

    /// What was asked to decide it.
    pub fn explain(&self) -> Vec<Opinion<'_>> {
        asked(RULES.iter().map(|rule| rule(self)))
    }

    fn attribute(&self, name: &str) -> Option<String> {
        (self.applicant.attribute)(name)
    }

    fn is_at_a_form(&self) -> bool {
        match self.applicant.route {
            SignUpRoute::Administrator | SignUpRoute::SelfService => true,
            SignUpRoute::ExternalProvider => false,
        }
    }

    /// The domain of the address, or what a rule that goes by domains has to say without one.
    ///
    /// An address whose domain cannot be told is refused wherever the policy goes by domain. No
    /// address at all is refused only where the policy lists who may come: a list of who may not has
    /// nothing to say of it.
    fn domain(&self, key: Key<'static>) -> Result<&Domain, Opinion<'_>> {
        let Some(email) = self.email.as_deref() else {
            return Err(Opinion::passes(key, Why::Doubt(Doubt::Missing)));
        };
        let domain = self.domain.get_or_init(|| Domain::of_email(email)).as_ref();
        domain.ok_or_else(|| {
            let why = Why::Doubt(Doubt::Unreadable);
            Opinion::refuses(key, RefusalReason::EmailInvalid, why)
        })
    }
}

impl fmt::Debug for Asking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking")
            .field("applicant", &self.applicant)
            .finish_non_exhaustive()
    }
}

fn administrators<'c>(asking: &'c Asking<'c>) -> Opinion<'c> {
    let key = Key::Plain("sign_up.apply_to_administrators");
    match asking.applicant.route {
        SignUpRoute::Administrator if asking.rules.apply_to_administrators => {
            let why = "is true, and an administrator creates this user";
            Opinion::passes(key, Why::Fixed(why))
        }
        SignUpRoute::Administrator => Opinion {
            key,
            says: Says::Admits,
            why: Why::Fixed("is false, and an administrator creates this user: nothing is asked"),
        },
        SignUpRoute::SelfService | SignUpRoute::ExternalProvider => {
            Opinion::off(key, "no administrator creates this user")
        }
    }
}

fn blocked_domains<'c>(asking: &'c Asking<'c>) -> Opinion<'c> {
    let key = Key::Plain("sign_up.blocked_domains");
    let list = &asking.rules.blocked_domains;
    if list.is_empty() {
        return Opinion::off(key, "nothing is listed");
    }
    let domain = match asking.domain(key) {
        Ok(domain) => domain,
        Err(opinion) => return opinion,
    };
    match list.iter().find(|pattern| pattern.matches(domain)) {
        Some(by) => Opinion::refuses(key, RefusalReason::DomainBlocked, Why::Listed(domain, by)),
        None => Opinion::passes(key, Why::NotListed(domain)),
    }
}

fn allowed_domains<'c>(asking: &'c Asking<'c>) -> Opinion<'c> {
    let key = Key::Plain("sign_up.allowed_domains");
    let list = &asking.rules.allowed_domains;
    if list.is_empty() {
        return Opinion::off(key, "nothing is listed");
    }
    if asking.email.is_none() {
        let why = Why::Doubt(Doubt::Missing);
        return Opinion::refuses(key, RefusalReason::EmailMissing, why);
    }
    let domain = match asking.domain(key) {
        Ok(domain) => domain,
        Err(opinion) => return opinion,
    };
    match list.iter().find(|pattern| pattern.matches(domain)) {
        Some(by) => Opinion::passes(key, Why::Listed(domain, by)),
        None => {
            let why = Why::NotListed(domain);
            Opinion::refuses(key, RefusalReason::DomainNotAllowed, why)
        }
    }
}

fn disposable_domains<'c>(asking: &'c Asking<'c>) -> Opinion<'c> {
    let key = Key::Plain("sign_up.refuse_disposable");
    if !asking.rules.refuse_disposable {
        return Opinion::off(key, "is false");
    }
    let domain = match asking.domain(key) {
        Ok(domain) => domain,
        Err(opinion) => return opinion,
    };
    let is_disposable = disposable::is_disposable(domain);
    let why = Why::Disposable(domain, is_disposable);
    if is_disposable {
        Opinion::refuses(key, RefusalReason::DomainDisposable, why)
    } else {
        Opinion::passes(key, why)
    }
}

fn form_of_email<'c>(asking: &'c Asking<'c>) -> Opinion<'c> {
    let key = Key::Plain("sign_up.check_email");
    match asking.email.as_deref() {
        _ if !asking.rules.check_email => Opinion::off(key, "is false"),
        None => Opinion::passes(key, Why::Doubt(Doubt::Missing)),
        Some(email) if is_email(email) => {
            Opinion::passes(key, Why::Fixed("the mail address has the form of one"))
        }
        Some(_) => {
            let why = Why::Fixed("the mail address has not the form of one");
            Opinion::refuses(key, RefusalReason::EmailInvalid, why)
        }
    }
}

fn form_of_phone<'c>(asking: &'c Asking<'c>) -> Opinion<'c> {
    let key = Key::Plain("sign_up.check_phone");
    if !asking.rules.check_phone {
        return Opinion::off(key, "is false");
    }
    match asking.attribute("phone_number") {
        None => Opinion::passes(key, Why::Fixed("there is no phone number")),
        Some(phone) if is_phone(&phone) => {
            Opinion::passes(key, Why::Fixed("there can be such a phone number"))
        }
        Some(_) => {
            let why = Why::Fixed("there can be no such phone number");
            Opinion::refuses(key, RefusalReason::PhoneInvalid, why)
        }
    }
}

/// A rule that only a person at a form can follow: every name of a list has to hold.
fn at_a_form<'c>(
    asking: &'c Asking<'c>,
    key: Key<'static>,
    names: &'c BTreeSet<String>,
    holds: impl Fn(&str) -> bool,
    otherwise: impl Fn(&'c str) -> (RefusalReason, Why<'c>),
) -> Opinion<'c> {
    if names.is_empty() {
        return Opinion::off(key, "nothing is listed");
    }
    if !asking.is_at_a_form() {
        return Opinion::off(key, "an outside provider's user has no form to fill in");
    }
    match names.iter().find(|name| !holds(name)) {
        None => Opinion::passes(key, Why::Fixed("all of them are there")),
        Some(name) => {
            let (reason, why) = otherwise(name);
            Opinion::refuses(key, reason, why)
        }
    }
}

fn required_attributes<'c>(asking: &'c Asking<'c>) -> Opinion<'c> {
    let is_there = |name: &str| {
        let value = asking.attribute(name);
        value.is_some_and(|value| !value.trim().is_empty())
    };
    at_a_form(
        asking,
        Key::Plain("sign_up.required_attributes"),
        &asking.rules.required_attributes,
        is_there,
        |name| (RefusalReason::AttributeMissing, Why::AttributeMissing(name)),
    )
}

fn required_consents<'c>(asking: &'c Asking<'c>) -> Opinion<'c> {
    let agreed = |name: &str| {
        let value = asking.attribute(name);
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    };
    at_a_form(
        asking,
        Key::Plain("sign_up.required_consents"),
        &asking.rules.required_consents,
        agreed,
        |name| (RefusalReason::ConsentMissing, Why::NotAgreed(name)),
    )
}

fn allowed_values<'c>(asking: &'c Asking<'c>) -> Opinion<'c> {
    let table = "sign_up.allowed_values";
    let rules = &asking.rules.allowed_values;
    if rules.is_empty() {
        return Opinion::off(Key::Plain(table), "nothing is listed");
    }
    let is_other = |(name, values): &(&String, &BTreeSet<String>)| {
        let value = asking.attribute(name);
        value.is_some_and(|value| !values.contains(&value))
    };
    match rules.iter().find(is_other) {
        None => {
            let why = "every attribute has one of its values, or is not there";
            Opinion::passes(Key::Plain(table), Why::Fixed(why))
        }
        Some((name, values)) => Opinion::refuses(
            Key::Named(table, name, ""),
            RefusalReason::AttributeNotAllowed,
            Why::NotAmong(name, values),
        ),
    }
}

/// Whether this is the form of an address, with a domain that has a dot.
fn is_email(text: &str) -> bool {
    EmailAddress::from_str(text).is_ok_and(|email| email.domain().contains('.'))
}

/// Whether this is a number as E.164 writes it – a plus sign and digits, nothing else – in a country
/// that there is, of a length that it has there.
fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+');
    let plain = digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    plain && phonelib::is_valid_phone_number(text)
}

/// What an admitted sign-up is spared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Automatic {
    /// Confirmed without a code.
    pub confirm: bool,
    /// The mail address is verified without a code.
    pub verify_email: bool,
}

/// What an admitted sign-up is spared, by a policy that says so.
///
/// `invite` is what the invite that was reserved for it is bound to: `None` without an invite,
/// `Some(true)` where it is bound to the very address that signs up. An address is taken for
/// verified on no other ground: where it is an alias, verifying it takes it from whoever had it.
/// Cognito ignores all of it for users whom administrators create, and users of outside providers
/// are confirmed, and verified or not, by the provider's word.
pub fn automatic(policy: &Policy, route: SignUpRoute, invite: Option<bool>) -> Automatic {
    match route {
        SignUpRoute::Administrator | SignUpRoute::ExternalProvider => Automatic::default(),
        SignUpRoute::SelfService => Automatic {
            confirm: match policy.sign_up.auto_confirm {
                AutoConfirm::Never => false,
                AutoConfirm::Invited => invite.is_some(),
                AutoConfirm::Always => true,
            },
            verify_email: policy.sign_up.auto_verify_invited && invite == Some(true),
        },
    }
}

/// Why [`automatic`] comes to this.
pub fn explain_automatic(policy: &Policy, route: SignUpRoute, automatic: Automatic) -> Vec<Step> {
    let rules = &policy.sign_up;
    let is_off = |is_set: bool| match route {
        SignUpRoute::SelfService if is_set => "asks for an invite, which there is not",
        SignUpRoute::SelfService => "is not asked for",
        SignUpRoute::Administrator => "Cognito ignores it for administrators' users",
        SignUpRoute::ExternalProvider => "is the outside provider's to say",
    };
    let step = |key: &str, is_on: bool, name: &str, is_set: bool, on: &'static str| {
        let said = if is_on {
            Said::Gives(true.into())
        } else {
            Said::Off
        };
        let why = if is_on { on } else { is_off(is_set) };
        Step::new(Question::Automatic, key, said, why).named(name)
    };
    vec![
        step(
            "sign_up.auto_confirm",
            automatic.confirm,
            "autoConfirmUser",
            rules.auto_confirm != AutoConfirm::Never,
            "the policy asks for it",
        ),
        step(
            "sign_up.auto_verify_invited",
            automatic.verify_email,
            "autoVerifyEmail",
            rules.auto_verify_invited,
            "the invite is bound to this very address",
        ),
    ]
}

#[cfg(test)]
mod tests;
