//! What an operator does to a user, as a commit that nothing recorded before can outlive.
//!
//! Pure: the user as it was read, the act, its id and the instant are arguments.

use crate::commit::{Commit, EffectKind, Entry, Ledger, Recorded};
use crate::policy::{Policy, react};
use crate::seal::{self, SealError, SealedCommit};
use crate::user::{Register, Standing, User};
use std::time::Duration;
use usher_events::{
    AccountTypeSource, Envelope, EventId, Fact, OperatorEvent, OrganizationSource, PoolId,
    RoleSource, Sub, Subject, Time,
};

/// The fault of an effect that nobody has tried yet.
const NOT_TRIED: &str = "not_tried";

/// The least by which one instant is later than another.
const TICK: Duration = Duration::from_millis(1);

/// What an operator does, before it is known when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Made once for this act; a repeat with the same id is the same act.
    pub id: EventId,
    /// The user's pool.
    pub pool: PoolId,
    /// The user.
    pub sub: Sub,
    /// What is done.
    pub event: OperatorEvent,
}

impl Act {
    /// The commit that does it, or `None` if the user is like that already.
    ///
    /// Its time is `now`, or the instant after the register that it replaces where that is later: a
    /// clock that is behind must not make an act count for nothing. It owes its publication, and what
    /// the policy says, and all of it is due at `now`, so that the sweep folds and publishes it if
    /// nobody else does.
    pub fn commit(self, policy: &Policy, user: &User, now: Time) -> Option<Commit> {
        if is_so(user, &self.event) {
            return None;
        }
        let time = stamp(user, &self.event).map_or(now, |(at, _)| now.max(at.plus(TICK)));
        let mut ledger = Ledger::default();
        let due = Entry::Deferred {
            due: now,
            attempts: 0,
            fault: NOT_TRIED.to_owned(),
            since: None,
        };
        if let Some(kind) = react::owed_by_act(policy, &self.event) {
            ledger.set(kind, due.clone());
        }
        ledger.set(EffectKind::Publication, due);
        Some(Commit {
            envelope: Envelope {
                id: self.id,
                source: self.pool,
                subject: Subject::User(self.sub),
                time,
                correlation_id: None,
                causation_id: None,
                event: Recorded::Operator(self.event),
            },
            decided: Vec::new(),
            ledger,
            lease: None,
            recorded_at: now,
        })
    }
}

/// Operators' commits of a stream. Folded into a user, they show also those that nobody has folded
/// yet, because the command that appended them died a moment ago.
///
/// Errors: one is of a version that is not known here.
pub fn commits<'a>(
    stream: impl IntoIterator<Item = &'a SealedCommit>,
) -> Result<Vec<Commit>, SealError> {
    let by_operator = |sealed: &&SealedCommit| {
        let name = sealed.envelope.event.name.as_str();
        OperatorEvent::TYPES.iter().any(|(known, _)| *known == name)
    };
    // Nothing personal in them says anything of the user, so no key is needed.
    let opened = stream.into_iter().filter(by_operator);
    opened.map(seal::open_without_person).collect()
}

/// Whether this act is what counts of its kind: false if another was recorded as later meanwhile.
pub fn counts(user: &User, event: &OperatorEvent, id: EventId) -> bool {
    stamp(user, event).is_some_and(|(_, by)| by == id)
}

/// The stamp of the register that an event writes.
fn stamp(user: &User, event: &OperatorEvent) -> Option<(Time, EventId)> {
    match event {
        OperatorEvent::UserSuspended(_) | OperatorEvent::UserReinstated(_) => {
            user.standing.as_ref().map(stamp_of)
        }
        OperatorEvent::RoleSet(_) => user.roles.get(&RoleSource::Operator).map(stamp_of),
        OperatorEvent::MembershipSet(_) => user
            .memberships
            .get(&OrganizationSource::Operator)
            .map(stamp_of),
        OperatorEvent::AccountTypeSet(_) => user
            .account_types
            .get(&AccountTypeSource::Operator)
            .map(stamp_of),
        OperatorEvent::PersonRevealed(_) | OperatorEvent::LetterEdited(_) => None,
    }
}

fn stamp_of<T>(register: &Register<T>) -> (Time, EventId) {
    (register.at, register.by)
}

/// Whether operators say already what an event says.
fn is_so(user: &User, event: &OperatorEvent) -> bool {
    match event {
        OperatorEvent::UserSuspended(_) => user.is_suspended(),
        OperatorEvent::UserReinstated(_) => user
            .standing
            .as_ref()
            .is_none_or(|register| register.value == Standing::Good),
        OperatorEvent::RoleSet(event) => {
            let said = user.roles.get(&RoleSource::Operator);
            said.and_then(|register| register.value.as_ref()) == event.role.as_ref()
        }
        OperatorEvent::MembershipSet(event) => {
            let said = user.memberships.get(&OrganizationSource::Operator);
            let said = said.and_then(|register| register.value.as_ref());
            said.map(|membership| (&membership.organization, membership.account_type.as_ref()))
                == event
                    .organization
                    .as_ref()
                    .map(|organization| (organization, event.account_type.as_ref()))
        }
        OperatorEvent::AccountTypeSet(event) => {
            let said = user.account_types.get(&AccountTypeSource::Operator);
            said.and_then(|register| register.value.as_ref()) == event.account_type.as_ref()
        }
        // Each time counts.
        OperatorEvent::PersonRevealed(_) | OperatorEvent::LetterEdited(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::Lane;
    use proptest::prelude::*;
    use usher_events::{
        AccountType, AccountTypeSet, MembershipSet, OrganizationId, Role, RoleSet,
        SuspensionReason, UserReinstated, UserSuspended,
    };
    use uuid::Uuid;

    fn at(seconds: i64) -> Time {
        Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
    }

    fn act(number: u128, event: &OperatorEvent) -> Act {
        Act {
            id: EventId::from_uuid(Uuid::from_u128(number)),
            pool: PoolId::new("eu-west-1_A").unwrap(),
            sub: Sub::new("3f0c").unwrap(),
            event: event.clone(),
        }
    }

    fn suspended() -> OperatorEvent {
        let reason = SuspensionReason::Operator;
        UserSuspended { reason }.into()
    }

    fn reinstated() -> OperatorEvent {
        UserReinstated {}.into()
    }

    fn role(role: Option<&str>) -> OperatorEvent {
        let role = role.map(|role| Role::new(role).unwrap());
        RoleSet { role }.into()
    }

    fn member(organization: Option<&str>, account_type: Option<&str>) -> OperatorEvent {
        MembershipSet {
            organization: organization.map(|id| OrganizationId::new(id).unwrap()),
            account_type: account_type.map(|kind| AccountType::new(kind).unwrap()),
        }
        .into()
    }

    fn account(account_type: Option<&str>) -> OperatorEvent {
        let account_type = account_type.map(|kind| AccountType::new(kind).unwrap());
        AccountTypeSet { account_type }.into()
    }

    fn every() -> Vec<OperatorEvent> {
        vec![
            suspended(),
            reinstated(),
            role(Some("manager")),
            role(Some("guest")),
            role(None),
            member(Some("acme"), None),
            member(Some("acme"), Some("business")),
            member(None, None),
            account(Some("business")),
            account(None),
        ]
    }

    #[test]
    fn an_act_is_due_at_once_and_owes_its_publication_alone() {
        let commit = act(1, &suspended()).commit(&Policy::default(), &User::default(), at(5));
        let commit = commit.unwrap();
        assert_eq!((commit.envelope.time, commit.recorded_at), (at(5), at(5)));
        let due = commit.ledger.due().map(|due| (due.at, due.lane));
        assert_eq!(due, Some((at(5), Lane::Bus)));
        assert_eq!(commit.ledger.open_once().count(), 0);
        assert_eq!((commit.decided, commit.lease), (Vec::new(), None));
    }

    #[test]
    fn a_suspension_owes_its_notice_where_the_policy_at_hand_has_it_and_nothing_else_owes_one() {
        let mut policy = Policy::default();
        for on in [true, false] {
            policy.mail.suspension = on;
            for event in every() {
                let Some(commit) = act(1, &event).commit(&policy, &User::default(), at(5)) else {
                    continue;
                };
                let owed: Vec<_> = commit.ledger.open_once().collect();
                let suspends = matches!(event, OperatorEvent::UserSuspended(_));
                let expected = (on && suspends).then_some(EffectKind::SuspensionNotice);
                assert_eq!(owed, Vec::from_iter(expected), "{event:?}");
                assert_eq!(commit.ledger.due().map(|due| due.at), Some(at(5)));
                assert!(
                    !commit.ledger.owes_now(),
                    "the command itself sends nothing"
                );
            }
        }
    }

    #[test]
    fn an_act_counts_although_the_clock_is_behind_the_one_before() {
        let by_a_clock_ahead =
            act(9, &suspended()).commit(&Policy::default(), &User::default(), at(3600));
        let user = User::default().apply(&by_a_clock_ahead.unwrap());
        // The lesser id as well: only the time can make it count.
        let commit = act(1, &reinstated())
            .commit(&Policy::default(), &user, at(0))
            .unwrap();
        assert_eq!(
            commit.envelope.time,
            at(3600).plus(Duration::from_millis(1))
        );
        assert_eq!(
            commit.ledger.due().map(|due| due.at),
            Some(at(0)),
            "due by the clock there is"
        );
        let after = user.apply(&commit);
        assert!(!after.is_suspended());
        assert!(counts(&after, &reinstated(), commit.envelope.id));
    }

    #[test]
    fn what_is_so_already_is_no_act() {
        let nobody = User::default();
        for event in [reinstated(), role(None), member(None, None), account(None)] {
            assert_eq!(
                act(1, &event).commit(&Policy::default(), &nobody, at(0)),
                None,
                "{event:?}"
            );
        }
        for event in every() {
            let Some(commit) = act(1, &event).commit(&Policy::default(), &nobody, at(0)) else {
                continue;
            };
            let user = User::default().apply(&commit);
            assert_eq!(
                act(2, &event).commit(&Policy::default(), &user, at(9)),
                None,
                "{event:?}"
            );
        }
    }

    #[test]
    fn an_act_that_was_overtaken_is_known_to_count_no_longer() {
        let nobody = User::default();
        let ours = act(1, &role(Some("guest")))
            .commit(&Policy::default(), &nobody, at(0))
            .unwrap();
        let later = act(2, &role(Some("user")))
            .commit(&Policy::default(), &nobody, at(1))
            .unwrap();
        let user = nobody.apply(&ours).apply(&later);
        assert!(!counts(&user, &role(Some("guest")), ours.envelope.id));
        assert!(counts(&user, &role(Some("user")), later.envelope.id));
    }

    #[test]
    fn operators_commits_are_found_in_a_stream_without_a_key() {
        let commit = act(1, &suspended())
            .commit(&Policy::default(), &User::default(), at(0))
            .unwrap();
        let sealed = seal::seal(&commit, None, [0; 12]).unwrap();
        let mut others = sealed.clone();
        others.envelope.event.name = "signed_in".to_owned();
        let mut newer = sealed.clone();
        newer.envelope.event.version = 99;
        assert_eq!(commits([&others, &sealed]), Ok(vec![commit]));
        assert!(commits([&newer]).is_err(), "what it does is not known here");
    }

    proptest! {
        /// Whatever the clocks of operators show, the last act counts.
        #[test]
        fn the_last_act_counts(
            acts in prop::collection::vec((0_usize..10, -10_000_i64..10_000), 1..20)
        ) {
            let (every, policy) = (every(), Policy::default());
            let mut user = User::default();
            for (number, (which, now)) in acts.into_iter().enumerate() {
                let event = &every[which];
                // Ids fall, so that none counts for its id.
                let act = act(1_000 - number as u128, event);
                if let Some(commit) = act.commit(&policy, &user, at(now)) {
                    user = user.apply(&commit);
                    prop_assert!(counts(&user, event, commit.envelope.id));
                }
                prop_assert!(is_so(&user, event));
            }
        }
    }
}
