use super::said;
use crate::commit::{EffectKind, Entry, Ledger};
use crate::policy::Policy;
use crate::seal::{self, SealedCommit, UserKey};
use crate::user::User;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use usher_events::{EventId, Time};

/// How long the queue brings a message back before it is a dead letter. Whoever finds a commit older
/// than this that nobody folded finds one that nobody is going to.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// A stream, folded anew.
#[derive(Clone, Debug)]
pub struct Fold<'p> {
    policy: &'p Policy,
    now: Time,
    /// What all of it says.
    pub(super) user: User,
    /// What those commits say that a worker must have folded by now.
    pub(super) settled: User,
    /// Which commit has claimed a once-effect, as far as ledgers tell.
    pub(super) claims: BTreeMap<EffectKind, EventId>,
    /// The commits that still owe what needs a claim.
    pub(super) open: BTreeMap<EffectKind, BTreeSet<EventId>>,
    /// Commits that cannot be read, by name.
    pub(super) unreadable: Vec<String>,
    /// How many commits there are.
    pub(super) commits: u64,
    /// Whether a message that the queue still has may bring something that is owed.
    pub(super) awaited: bool,
}

impl<'p> Fold<'p> {
    /// Of nothing yet, at this instant.
    pub fn new(policy: &'p Policy, now: Time) -> Self {
        Self {
            policy,
            now,
            user: User::default(),
            settled: User::default(),
            claims: BTreeMap::new(),
            open: BTreeMap::new(),
            unreadable: Vec::new(),
            commits: 0,
            awaited: false,
        }
    }

    /// Folds one more commit, in any order.
    pub fn add(&mut self, sealed: &SealedCommit, key: Option<&UserKey>) {
        self.commits += 1;
        let id = sealed.envelope.id;
        let commit = match seal::open(sealed, key) {
            Ok(commit) => commit,
            Err(_unreadable) => {
                self.unreadable.push(id.to_string());
                return;
            }
        };
        let said = said(self.policy, &commit);
        // A worker folds a commit while it has its lease, or has died.
        if sealed.recorded_at.plus(self.policy.worker.lease) <= self.now {
            self.settled = std::mem::take(&mut self.settled).join(said.clone());
        }
        self.user = std::mem::take(&mut self.user).join(said);
        self.add_ledger(id, &sealed.ledger, sealed.recorded_at);
    }

    /// Counts one that not even the table's adapter can read.
    pub fn add_unreadable(&mut self, name: String) {
        self.commits += 1;
        self.unreadable.push(name);
    }

    /// How many commits there are.
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// Only who holds a claim performs an effect or gives it up, and whoever leaves it to another
    /// has read that one's claim.
    fn add_ledger(&mut self, id: EventId, ledger: &Ledger, recorded_at: Time) {
        for (kind, entry) in ledger.entries().filter(|(kind, _)| kind.needs_claim()) {
            match entry {
                Entry::Done { .. } | Entry::Failed { .. } => {
                    self.claims.insert(kind, id);
                }
                Entry::Anothers { commit } => {
                    self.claims.entry(kind).or_insert(*commit);
                }
                Entry::Owed | Entry::Deferred { .. } => {
                    self.open.entry(kind).or_default().insert(id);
                    self.awaited |= recorded_at.plus(PATIENCE) > self.now;
                }
            }
        }
    }
}
