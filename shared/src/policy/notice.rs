//! What does a token show that nobody has told us?

use super::trace::{Question, Said, Step};
use super::{Policy, UserRead};
use usher_events::{Person, Time};

/// What the making of a token brings to light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A user of whom no event has said that there is such a user: made by an administrator,
    /// migrated, imported, or faster than the announcement.
    FirstSeen,
    /// The attributes are not those that are recorded.
    AttributesChanged {
        /// When the recorded ones were told. What is told as of this instant or before would lose
        /// to them.
        since: Time,
    },
}

/// Why nothing is to be told of a user for whom a token is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// The table did not answer.
    StoreDown,
    /// Nothing of the person is kept.
    NoProfiles,
    /// No event has told of the person.
    NotRecorded,
    /// The event says nothing of the person.
    NotSaid,
    /// It is what is recorded.
    Unchanged,
    /// Nothing has announced the user, and the confirmation of a sign-up with an invite is awaited, or
    /// may be: whoever asks knows that.
    Awaited,
}

/// What is to be told of a user for whom a token is made, if anything; `seen` is normalized.
///
/// Of two things the first counts: it carries the attributes as well. While the store is down nobody
/// can tell what is new. Where no profiles are kept nothing of the person is, and so nothing of it
/// changes. An event that says nothing of the person takes nothing away.
pub fn notice(policy: &Policy, user: UserRead<'_>, seen: &Person) -> Option<Notice> {
    look(policy, user, seen).ok()
}

/// As [`notice`], with the reason where there is nothing.
pub fn look(policy: &Policy, user: UserRead<'_>, seen: &Person) -> Result<Notice, Nothing> {
    let user = match user {
        UserRead::StoreDown => return Err(Nothing::StoreDown),
        UserRead::Absent => return Ok(Notice::FirstSeen),
        UserRead::Found(user) => user,
    };
    if !user.is_announced() {
        return Ok(Notice::FirstSeen);
    }
    if !policy.profile.create {
        return Err(Nothing::NoProfiles);
    }
    let recorded = user.person.as_ref().ok_or(Nothing::NotRecorded)?;
    match () {
        () if *seen == Person::default() => Err(Nothing::NotSaid),
        () if *seen == recorded.value => Err(Nothing::Unchanged),
        () => Ok(Notice::AttributesChanged { since: recorded.at }),
    }
}

/// Why [`notice`] says what it says.
pub fn explain(looked: Result<Notice, Nothing>) -> Step {
    let because = |said, why| Step::new(Question::Notice, "", said, why);
    match looked {
        Ok(Notice::FirstSeen) => {
            let why = "no event has said yet that there is such a user";
            because(Said::gives("first_seen"), why.to_owned())
        }
        Ok(Notice::AttributesChanged { since }) => {
            let why = format!("the attributes are not those that are recorded as of {since}");
            because(Said::gives("attributes_changed"), why)
        }
        Err(nothing) => {
            let why = match nothing {
                Nothing::StoreDown => "the table did not answer",
                Nothing::NoProfiles => "profile.create is false: nothing of the person is kept",
                Nothing::NotRecorded => "the record says nothing of the person",
                Nothing::NotSaid => "the event says nothing of the person",
                Nothing::Unchanged => "the attributes are those that are recorded",
                Nothing::Awaited => {
                    "the confirmation of a sign-up with an invite is awaited, or may be"
                }
            };
            because(Said::Nothing, why.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{Register, User};
    use usher_events::{EventId, Personal, RoleSource};
    use uuid::Uuid;

    fn ada(email: &str) -> Person {
        Person {
            email: Some(Personal::new(email)),
            email_verified: true,
            ..Person::default()
        }
    }

    fn at(seconds: i64) -> Time {
        Time::from_unix_seconds(seconds).unwrap()
    }

    fn known(person: Person) -> User {
        User {
            person: Some(Register::new(
                person,
                at(7),
                EventId::from_uuid(Uuid::nil()),
            )),
            ..User::default()
        }
    }

    fn noticed(user: UserRead<'_>, seen: &Person) -> Option<Notice> {
        notice(&Policy::default(), user, seen)
    }

    #[test]
    fn a_user_is_first_seen_until_an_event_has_said_that_there_is_one() {
        let seen = ada("ada@example.com");
        let first = Some(Notice::FirstSeen);
        assert_eq!(noticed(UserRead::Absent, &seen), first);
        let mut user = known(seen.clone());
        user.last_login_at = Some(at(7));
        assert_eq!(noticed(UserRead::Found(&user), &seen), first);
        for announce in [
            |user: &mut User| user.confirmed_at = Some(at(1)),
            |user: &mut User| user.noticed_at = Some(at(1)),
        ] {
            let mut user = user.clone();
            announce(&mut user);
            assert_eq!(noticed(UserRead::Found(&user), &seen), None);
        }
    }

    #[test]
    fn attributes_that_differ_in_anything_have_changed_and_the_same_have_not() {
        let recorded = ada("ada@example.com");
        let mut user = known(recorded.clone());
        user.confirmed_at = Some(at(1));
        let changed = Some(Notice::AttributesChanged { since: at(7) });
        let unverified = Person {
            email_verified: false,
            ..recorded.clone()
        };
        let without = Person {
            email: None,
            ..recorded.clone()
        };
        let linked = Person {
            providers: vec!["Google".to_owned()],
            ..recorded.clone()
        };
        for seen in [ada("eve@example.com"), unverified, without, linked] {
            assert_eq!(noticed(UserRead::Found(&user), &seen), changed, "{seen:?}");
        }
        assert_eq!(noticed(UserRead::Found(&user), &recorded), None);
    }

    #[test]
    fn an_event_that_says_nothing_of_the_person_takes_nothing_away() {
        let mut user = known(ada("ada@example.com"));
        user.confirmed_at = Some(at(1));
        assert_eq!(noticed(UserRead::Found(&user), &Person::default()), None);
    }

    #[test]
    fn while_the_store_is_down_nothing_is_new() {
        assert_eq!(noticed(UserRead::StoreDown, &ada("ada@example.com")), None);
    }

    #[test]
    fn where_no_profiles_are_kept_a_user_is_new_once_and_nothing_changes() {
        let mut policy = Policy::default();
        policy.profile.create = false;
        let seen = ada("ada@example.com");
        let first = Some(Notice::FirstSeen);
        let mut rights = User::default();
        assert_eq!(notice(&policy, UserRead::Absent, &seen), first);
        assert_eq!(notice(&policy, UserRead::Found(&rights), &seen), first);
        let role = Register::new(None, at(1), EventId::from_uuid(Uuid::nil()));
        rights.roles.insert(RoleSource::Domain, role.clone());
        assert_eq!(notice(&policy, UserRead::Found(&rights), &seen), first);
        // What announces a user gives the default role, and that is kept.
        rights.roles.insert(RoleSource::Default, role);
        assert_eq!(notice(&policy, UserRead::Found(&rights), &seen), None);
    }
}
