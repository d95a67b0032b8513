//! `[sign_up]`: who may sign up, and what is kept of it.

use super::{DomainPattern, InviteRule};
use std::collections::{BTreeMap, BTreeSet};

/// Who may sign up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignUp {
    /// If any, only these domains.
    pub allowed_domains: Vec<DomainPattern>,
    /// Never these, whatever else is allowed.
    pub blocked_domains: Vec<DomainPattern>,
    /// Whether these rules also hold for users that administrators create.
    pub apply_to_administrators: bool,
    /// Who needs an invite. Users that administrators create need none, whatever this says.
    pub invite: InviteRule,
    /// Whether domains of services that give addresses away for minutes are refused.
    pub refuse_disposable: bool,
    /// Whether a mail address has to be one by its form.
    pub check_email: bool,
    /// Whether a phone number has to be one that there can be, in the form of E.164.
    pub check_phone: bool,
    /// Attributes that have to be there and not empty.
    pub required_attributes: BTreeSet<String>,
    /// Attributes that have to be true: what the user agrees to.
    pub required_consents: BTreeSet<String>,
    /// `[sign_up.allowed_values]`: the only values that an attribute may have, if it is there.
    pub allowed_values: BTreeMap<String, BTreeSet<String>>,
    /// Who is confirmed without a code.
    pub auto_confirm: AutoConfirm,
    /// Whether the address of an invite that is bound to that very address counts as verified
    /// without a code.
    pub auto_verify_invited: bool,
    /// How many refusals of one sign-in name for one reason are told of within an hour.
    pub refusals_an_hour: u32,
    /// How many refusals of one sign-in name, or of one invite's code, within an hour are suspicious.
    pub suspicious_after: u32,
    /// If any, only these words are kept of what brought the user.
    pub known_sources: BTreeSet<String>,
    /// If any, only these campaigns are kept.
    pub known_campaigns: BTreeSet<String>,
}

/// Who is confirmed without a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoConfirm {
    /// Nobody.
    Never,
    /// Who has an invite.
    Invited,
    /// Everybody whom the rules admit.
    Always,
}

impl SignUp {
    /// Whether anything but the form of what was typed decides who may come. Then nobody may while
    /// it cannot be decided.
    pub fn is_gated(&self) -> bool {
        self.goes_by_domain()
            || !self.required_attributes.is_empty()
            || !self.required_consents.is_empty()
            || !self.allowed_values.is_empty()
    }

    /// Whether the domain of the address decides.
    pub fn goes_by_domain(&self) -> bool {
        let lists = [&self.allowed_domains, &self.blocked_domains];
        self.refuse_disposable || lists.iter().any(|list| !list.is_empty())
    }
    /// Whether somebody may be refused for want of an invite.
    pub fn asks_for_invites(&self) -> bool {
        match self.invite {
            InviteRule::Never | InviteRule::Optional => false,
            InviteRule::ByDomain(_) | InviteRule::Always => true,
        }
    }

    /// Whether codes are looked at.
    pub fn takes_invites(&self) -> bool {
        self.invite != InviteRule::Never
    }
}
