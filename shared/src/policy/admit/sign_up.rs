//! May this sign-up go on, and what does the pool take for granted then?

use crate::policy::{AutoConfirm, Domain, Policy, SignUp, disposable};
use email_address::EmailAddress;
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

/// Whether the rules let this applicant sign up.
///
/// Users whom administrators create are exempt unless the policy says otherwise. What only a person
/// at a form can give – demanded attributes and consents – is not asked of users of outside
/// providers: they have no form.
pub fn sign_up(policy: &Policy, applicant: Applicant<'_>) -> Result<(), RefusalReason> {
    let rules = &policy.sign_up;
    let at_a_form = match applicant.route {
        SignUpRoute::Administrator if !rules.apply_to_administrators => return Ok(()),
        SignUpRoute::Administrator | SignUpRoute::SelfService => true,
        SignUpRoute::ExternalProvider => false,
    };
    let email = (applicant.attribute)("email");
    let email = email.as_deref().map(str::trim);
    let email = email.filter(|email| !email.is_empty());
    address(rules, email)?;
    if rules.check_phone && (applicant.attribute)("phone_number").is_some_and(|it| !is_phone(&it)) {
        return Err(RefusalReason::PhoneInvalid);
    }
    if at_a_form {
        form(rules, applicant.attribute)?;
    }
    for (name, values) in &rules.allowed_values {
        if (applicant.attribute)(name).is_some_and(|value| !values.contains(&value)) {
            return Err(RefusalReason::AttributeNotAllowed);
        }
    }
    Ok(())
}

/// Whether an address with this domain may sign up.
///
/// An address whose domain cannot be told is refused wherever the policy goes by domain. No address
/// at all is refused only where the policy lists who may come: a list of who may not has nothing to
/// say of it.
fn address(rules: &SignUp, email: Option<&str>) -> Result<(), RefusalReason> {
    let Some(email) = email else {
        return match rules.allowed_domains.is_empty() {
            true => Ok(()),
            false => Err(RefusalReason::EmailMissing),
        };
    };
    if rules.goes_by_domain() {
        let domain = Domain::of_email(email).ok_or(RefusalReason::EmailInvalid)?;
        let listed = |list: &[crate::policy::DomainPattern]| {
            list.iter().any(|pattern| pattern.matches(&domain))
        };
        if listed(&rules.blocked_domains) {
            return Err(RefusalReason::DomainBlocked);
        }
        if !rules.allowed_domains.is_empty() && !listed(&rules.allowed_domains) {
            return Err(RefusalReason::DomainNotAllowed);
        }
        if rules.refuse_disposable && disposable::is_disposable(&domain) {
            return Err(RefusalReason::DomainDisposable);
        }
    }
    if rules.check_email && !is_email(email) {
        return Err(RefusalReason::EmailInvalid);
    }
    Ok(())
}

fn form(rules: &SignUp, attribute: Attribute<'_>) -> Result<(), RefusalReason> {
    let is_there = |name: &String| attribute(name).is_some_and(|value| !value.trim().is_empty());
    if !rules.required_attributes.iter().all(is_there) {
        return Err(RefusalReason::AttributeMissing);
    }
    let agreed = |name: &String| attribute(name).is_some_and(|it| it.eq_ignore_ascii_case("true"));
    if !rules.required_consents.iter().all(agreed) {
        return Err(RefusalReason::ConsentMissing);
    }
    Ok(())
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

#[cfg(test)]
mod tests;
