//! What one rule says of one case, under which key of the policy, and why.
//!
//! A question to the policy is a list of rules, asked in order until one settles it. Deciding and
//! explaining are the same walk over the same list, so that they cannot disagree; a decision makes
//! no text of it.

use super::why::Why;
use std::fmt;
use usher_events::RefusalReason;

/// What one rule says of one case. Borrowed from policy and case, and cheap to make.
#[derive(Clone, Copy, Debug)]
pub struct Opinion<'c> {
    /// What sets the rule.
    pub key: Key<'c>,
    /// What it comes to.
    pub says: Says,
    /// Why.
    pub why: Why<'c>,
}

/// What a rule comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It does not hold here: nothing is set, or it is not asked of this case.
    Off,
    /// It has nothing against it.
    Passes,
    /// It is settled: yes, whatever the rules behind it would say.
    Admits,
    /// It is settled: no.
    Refuses(RefusalReason),
}

/// What sets a rule, as the policy's file names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'c> {
    /// A key: `sign_up.blocked_domains`.
    Plain(&'static str),
    /// A key with a name that the owner chose: `organizations.<name>.active`.
    Named(&'static str, &'c str, &'static str),
    /// One of an array of tables, counted from 0: `domains[0]`.
    Nth(&'static str, usize),
    /// Nothing of the policy: what is recorded of the user.
    Record,
}

/// What one source gives a user.
#[derive(Clone, Copy, Debug)]
pub struct Told<'c, T> {
    /// What sets it.
    pub key: Key<'c>,
    /// What it gives.
    pub gives: Option<T>,
    /// Why it does, or does not.
    pub why: Why<'c>,
}

impl<'c, T> Told<'c, T> {
    pub(super) fn gives(key: Key<'c>, gives: T, why: Why<'c>) -> Self {
        let gives = Some(gives);
        Self { key, gives, why }
    }

    pub(super) fn nothing(key: Key<'c>, why: Why<'c>) -> Self {
        let gives = None;
        Self { key, gives, why }
    }
}

impl<'c> Opinion<'c> {
    pub(super) fn off(key: Key<'c>, why: &'static str) -> Self {
        let (says, why) = (Says::Off, Why::Fixed(why));
        Self { key, says, why }
    }

    pub(super) fn passes(key: Key<'c>, why: Why<'c>) -> Self {
        let says = Says::Passes;
        Self { key, says, why }
    }

    pub(super) fn refuses(key: Key<'c>, reason: RefusalReason, why: Why<'c>) -> Self {
        let says = Says::Refuses(reason);
        Self { key, says, why }
    }

    /// What the whole question comes to, if this settles it.
    fn settles(&self) -> Option<Result<(), RefusalReason>> {
        match self.says {
            Says::Off | Says::Passes => None,
            Says::Admits => Some(Ok(())),
            Says::Refuses(reason) => Some(Err(reason)),
        }
    }
}

/// Asks rules in order until one settles the question: yes, if none does.
pub(super) fn settle<'c>(
    opinions: impl IntoIterator<Item = Opinion<'c>>,
) -> Result<(), RefusalReason> {
    let mut opinions = opinions.into_iter();
    let settled = opinions.find_map(|opinion| opinion.settles());
    settled.unwrap_or(Ok(()))
}

/// What was asked until the question was settled, and what each rule said.
pub(super) fn asked<'c>(opinions: impl IntoIterator<Item = Opinion<'c>>) -> Vec<Opinion<'c>> {
    let mut asked = Vec::new();
    for opinion in opinions {
        asked.push(opinion);
        if opinion.settles().is_some() {
            break;
        }
    }
    asked
}

impl fmt::Display for Key<'_> {
    /// As `policy check` writes it; nothing for what is no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(key) => f.write_str(key),
            Self::Named(table, name, "") => write!(f, "{table}.{name}"),
            Self::Named(table, name, key) => write!(f, "{table}.{name}.{key}"),
            Self::Nth(table, nth) => write!(f, "{table}[{nth}]"),
            Self::Record => Ok(()),
        }
    }
}
