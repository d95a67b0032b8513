use crate::policy::trace::{Question, Said, Step};
use crate::policy::{Domain, DomainPattern, InviteRule, Policy};
use usher_events::SignUpRoute;

/// What a sign-up has to do with invites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: a code is not looked at.
    None,
    /// A code that is given has to be good.
    Optional,
    /// There has to be one.
    Needed,
}

/// Whether somebody with this address needs an invite to sign up by this route.
///
/// Where the policy goes by domain, an address whose domain cannot be told needs one, and so does no
/// address at all: it may be given afterwards.
pub fn invite(policy: &Policy, route: SignUpRoute, email: Option<&str>) -> Need {
    match route {
        SignUpRoute::Administrator => return Need::None,
        SignUpRoute::SelfService | SignUpRoute::ExternalProvider => {}
    }
    match &policy.sign_up.invite {
        InviteRule::Never => Need::None,
        InviteRule::Optional => Need::Optional,
        InviteRule::Always => Need::Needed,
        InviteRule::ByDomain(patterns) => by_domain(patterns, email),
    }
}

/// Why [`invite`] says so.
pub fn explain_invite(policy: &Policy, route: SignUpRoute, need: Need) -> Step {
    let rule = &policy.sign_up.invite;
    let (said, why) = match (route, rule, need) {
        (SignUpRoute::Administrator, _, _) => (Said::Off, "administrators' users need no invite"),
        (_, InviteRule::Never, _) => (Said::Off, "is \"never\": codes are not looked at"),
        (_, InviteRule::Always, _) => (Said::gives("needed"), "is \"always\""),
        (_, InviteRule::Optional, _) => {
            let why = "is \"optional\": a code that is given has to be good";
            (Said::gives("optional"), why)
        }
        (_, InviteRule::ByDomain(_), Need::Needed) => {
            let why = "is \"by_domain\", and sign_up.invite_domains has this address's domain, or \
                       there is none to tell";
            (Said::gives("needed"), why)
        }
        (_, InviteRule::ByDomain(_), Need::Optional | Need::None) => {
            let why = "is \"by_domain\", and sign_up.invite_domains has not this address's domain";
            (Said::gives("optional"), why)
        }
    };
    Step::new(Question::Invite, "sign_up.invite", said, why)
}

fn by_domain(patterns: &[DomainPattern], email: Option<&str>) -> Need {
    let domain = email.and_then(Domain::of_email);
    let elsewhere =
        domain.is_some_and(|domain| !patterns.iter().any(|pattern| pattern.matches(&domain)));
    if elsewhere {
        Need::Optional
    } else {
        Need::Needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn under(rule: InviteRule) -> Policy {
        let mut policy = Policy::default();
        policy.sign_up.invite = rule;
        policy
    }

    #[test]
    fn the_policy_says_who_needs_an_invite() {
        let ada = Some("ada@a.example");
        let by_domain = InviteRule::ByDomain(vec!["*.b.example".parse().unwrap()]);
        for (rule, email, expected) in [
            (InviteRule::Never, ada, Need::None),
            (InviteRule::Optional, ada, Need::Optional),
            (InviteRule::Always, ada, Need::Needed),
            (InviteRule::Always, None, Need::Needed),
            (by_domain.clone(), ada, Need::Optional),
            (by_domain.clone(), Some("ada@b.example"), Need::Optional),
            (by_domain.clone(), Some("ada@X.B.example."), Need::Needed),
            (by_domain.clone(), Some("\"ada@a.example\"@x"), Need::Needed),
            (by_domain.clone(), Some(""), Need::Needed),
            (by_domain, None, Need::Needed),
        ] {
            let policy = under(rule);
            for route in [SignUpRoute::SelfService, SignUpRoute::ExternalProvider] {
                assert_eq!(
                    invite(&policy, route, email),
                    expected,
                    "{policy:?} {email:?}"
                );
            }
            let exempt = invite(&policy, SignUpRoute::Administrator, email);
            assert_eq!(exempt, Need::None);
        }
    }
}
