//! How items are named.

use crate::commit::Lane;
use crate::dependency::Dependency;
use crate::policy::Domain;
use crate::tally::Counted;
use usher_events::{EventId, InviteId, OrganizationId, PoolId, Sub, Subject, Time};

pub(super) const PK: &str = "PK";
pub(super) const SK: &str = "SK";
/// Hash key of the due index; only items that are set aside have it.
pub(super) const DUE_SHARD: &str = "due_shard";
/// Range key of the due index: RFC 3339 texts of one length, which sort as instants do.
pub(super) const DUE_AT: &str = "due_at";
/// The index of what is due.
pub(super) const DUE_INDEX: &str = "due";

/// Range key of a user item.
pub(super) const USER: &str = "USER";
/// Range key of a user's key.
pub(super) const KEY: &str = "KEY";
/// Range key of a user's preferences.
pub(super) const PREFERENCES: &str = "PREFS";

/// Range key of a sign-up.
pub(super) const SIGN_UP: &str = "SIGNUP";
/// Range key of an invite.
pub(super) const INVITE: &str = "INVITE";
/// Range key of an organization, and of the claim on its domain.
pub(super) const ORGANIZATION: &str = "ORG";
/// Range key of a breaker.
pub(super) const BREAKER: &str = "BREAKER";
/// Hash key of the list of organizations.
pub(super) const ORGANIZATIONS: &str = "O#";

const INVITE_PREFIX: &str = "I#";
const USER_PREFIX: &str = "U#";
const SIGN_UP_PREFIX: &str = "S#";
const EVENT_PREFIX: &str = "E#";
const SPILL_PREFIX: &str = "P#";
const SHARD_PREFIX: &str = "D#";
/// Of the table's own hash keys; a shard is one of the due index.
const DOMAIN_PREFIX: &str = "D#";
const BREAKER_PREFIX: &str = "B#";
const TALLY_PREFIX: &str = "R#";
const HOUR_PREFIX: &str = "H#";

/// Over how many hash keys what is due in one lane is spread: eight thousand of it a second may be
/// set aside before the index is what limits the table, and a sweep that finds nothing costs eight
/// reads a lane.
pub(super) const SHARDS: u8 = 8;

/// The hash key of all that belongs to one user.
pub(super) fn user(sub: &Sub) -> String {
    format!("{USER_PREFIX}{sub}")
}

/// The hash key of a stream. A sign-up key brings its own prefix.
pub(super) fn stream(subject: &Subject) -> String {
    match subject {
        Subject::User(sub) => user(sub),
        Subject::SignUp(key) => key.as_str().to_owned(),
    }
}

/// The hash key of an invite.
pub(super) fn invite(pool: &PoolId, id: &InviteId) -> String {
    format!("{}#{id}", invites(pool))
}

/// The hash key of the list of a pool's invites.
pub(super) fn invites(pool: &PoolId) -> String {
    format!("{INVITE_PREFIX}{pool}")
}

/// The range key of an invite in its pool's list, which it sorts by age.
pub(super) fn listed(created_at: Time, id: &InviteId) -> String {
    format!("{created_at}#{id}")
}

/// The invite that a range key of the list stands for.
pub(super) fn parse_listed(sk: &str) -> Option<InviteId> {
    let (_, id) = sk.split_once('#')?;
    InviteId::new(id).ok()
}

/// The hash key of an organization.
pub(super) fn organization(id: &OrganizationId) -> String {
    format!("{ORGANIZATIONS}{id}")
}

/// The hash key of a claim on a domain.
pub(super) fn domain(domain: &Domain) -> String {
    format!("{DOMAIN_PREFIX}{domain}")
}

/// The range key of an organization in the list, which it sorts by age.
pub(super) fn listed_organization(founded_at: Time, id: &OrganizationId) -> String {
    format!("{founded_at}#{id}")
}

/// The organization that a range key of the list stands for.
pub(super) fn parse_listed_organization(sk: &str) -> Option<OrganizationId> {
    let (_, id) = sk.split_once('#')?;
    OrganizationId::new(id).ok()
}

/// The hash key of how often a subject was refused. A digest has no mark in it, so no name is an
/// invite.
pub(super) fn tallies(of: &Counted) -> String {
    match of {
        Counted::Name(key) => {
            let key = key.as_str();
            let digest = key.strip_prefix(SIGN_UP_PREFIX).unwrap_or(key);
            format!("{TALLY_PREFIX}{digest}")
        }
        Counted::Invite(pool, id) => format!("{TALLY_PREFIX}{pool}#{id}"),
    }
}

/// The hash key of a dependency's breaker.
pub(super) fn breaker(of: Dependency) -> String {
    format!("{BREAKER_PREFIX}{of}")
}

/// The range key of how often that was in one hour.
pub(super) fn hour(hour: Time) -> String {
    format!("{HOUR_PREFIX}{hour}")
}

/// What every commit's range key begins with.
pub(super) fn event_prefix() -> &'static str {
    EVENT_PREFIX
}

/// The range key of a commit.
pub(super) fn event(id: EventId) -> String {
    format!("{EVENT_PREFIX}{id}")
}

/// The hash key of a spilled event.
pub(super) fn spill(id: EventId) -> String {
    format!("{SPILL_PREFIX}{}", shard_of(id))
}

/// The hash key of one shard of a lane of the due index.
pub(super) fn due_shard(lane: Lane, shard: u8) -> String {
    format!("{SHARD_PREFIX}{}#{shard}", lane.as_str())
}

/// The shard of its lane that an event belongs to. Its id's last byte is random, whichever
/// kind of id it is.
pub(super) fn shard_of(id: EventId) -> u8 {
    id.uuid().as_bytes()[15] % SHARDS
}

/// What a primary key in the due index stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A commit.
    Commit(Subject, EventId),
    /// A spilled event.
    Spill(EventId),
}

/// Whose stream a hash key is; `None` if it is no stream's.
pub(super) fn subject(pk: &str) -> Option<Subject> {
    match pk.strip_prefix(USER_PREFIX) {
        Some(sub) => Some(Subject::User(Sub::new(sub).ok()?)),
        None if pk.starts_with(SIGN_UP_PREFIX) => Subject::try_from(pk.to_owned()).ok(),
        None => None,
    }
}

/// Reads a primary key; `None` if it is neither a commit's nor a spilled event's.
pub(super) fn parse(pk: &str, sk: &str) -> Option<Named> {
    if pk.starts_with(SPILL_PREFIX) {
        return sk.parse().ok().map(Named::Spill);
    }
    let id = sk.strip_prefix(EVENT_PREFIX)?.parse().ok()?;
    Some(Named::Commit(subject(pk)?, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_events::SignUpKey;

    #[test]
    fn a_key_can_be_read_back() {
        let id = EventId::from_uuid(uuid::Uuid::from_u128(9));
        let user = Subject::User(Sub::new("U#odd").unwrap());
        let sign_up = Subject::SignUp(SignUpKey::from_digest("abc").unwrap());
        for subject in [user, sign_up] {
            assert_eq!(
                parse(&stream(&subject), &event(id)),
                Some(Named::Commit(subject, id))
            );
        }
        assert_eq!(parse(&spill(id), &id.to_string()), Some(Named::Spill(id)));
        assert_eq!(parse("O#x", "ORG"), None);
    }

    #[test]
    fn an_invite_in_the_list_can_be_read_back() {
        let id = InviteId::new("a-_#9").unwrap();
        let listed = listed("2026-01-01T00:00:00Z".parse().unwrap(), &id);
        assert_eq!(parse_listed(&listed), Some(id));
        assert_eq!(parse_listed("INVITE"), None);
    }

    #[test]
    fn no_sub_can_name_a_sign_up() {
        let sub = Subject::User(Sub::new("P#1").unwrap());
        assert_eq!(stream(&sub), "U#P#1");
    }
}
