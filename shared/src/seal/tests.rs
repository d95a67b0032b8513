use super::*;
use crate::commit::{EffectKind, Lease, Ledger};
use serde_json::json;
use usher_events::{
    ConfirmationRoute, LifecycleEvent, OperatorEvent, Person, Personal, PoolId, Role, RoleAssigned,
    RoleSource, SignUpConfirmed, SignUpContext, SignUpKey, SignUpRefused, SignUpRoute, Sub,
    UserReinstated,
};
use uuid::Uuid;

/// In every personal value, and nowhere else.
const CANARY: &str = "canary";

const NONCE: [u8; NONCE_LEN] = [9; NONCE_LEN];

fn key() -> UserKey {
    UserKey::new([7; 32])
}

fn user(sub: &str) -> Subject {
    Subject::User(Sub::new(sub).unwrap())
}

fn of(subject: Subject, event: Recorded) -> Commit {
    let role = RoleAssigned {
        source: RoleSource::Default,
        role: Role::new("member").ok(),
    };
    Commit {
        envelope: Envelope {
            id: EventId::from_uuid(Uuid::from_u128(7)),
            source: PoolId::new("eu-west-1_A").unwrap(),
            subject,
            time: Time::from_unix_seconds(1).unwrap(),
            correlation_id: None,
            causation_id: None,
            event,
        },
        decided: vec![role.into()],
        ledger: Ledger::owing([EffectKind::WelcomeMail]),
        lease: Some(Lease {
            owner: "w".to_owned(),
            until: Time::from_unix_seconds(9).unwrap(),
        }),
        recorded_at: Time::from_unix_seconds(2).unwrap(),
    }
}

fn confirmed() -> Commit {
    let value = |what: &str| Some(Personal::new(format!("{CANARY} {what}")));
    let person = Person {
        email: value("email"),
        email_verified: true,
        phone_number: value("phone"),
        given_name: value("given"),
        family_name: value("family"),
        locale: value("locale"),
        zoneinfo: value("zone"),
        department: value("department"),
        providers: vec![CANARY.to_owned()],
        ..Person::default()
    };
    let event = SignUpConfirmed {
        route: ConfirmationRoute::SignUp,
        client: None,
        context: SignUpContext::default(),
        sign_up: None,
        person,
    };
    of(
        user("3f0c"),
        Recorded::Lifecycle(LifecycleEvent::from(event)),
    )
}

fn sealed() -> SealedCommit {
    seal(&confirmed(), Some(&key()), NONCE).unwrap()
}

#[test]
fn what_is_sealed_opens_to_the_same() {
    assert_eq!(open(&sealed(), Some(&key())), Ok(confirmed()));
}

#[test]
fn nothing_personal_shows_in_what_is_stored() {
    let sealed = sealed();
    let stored = json!([
        sealed.envelope.event,
        sealed.decided,
        sealed.ledger,
        sealed.lease
    ]);
    for text in [
        format!("{sealed:?}"),
        stored.to_string(),
        format!("{:?}", key()),
    ] {
        assert!(!text.contains(CANARY), "{text}");
    }
    let bytes = sealed.sealed_person.unwrap();
    assert!(
        !bytes
            .windows(CANARY.len())
            .any(|part| part == CANARY.as_bytes())
    );
    assert!(!format!("{:?}", confirmed()).contains(&format!("{CANARY} ")));
}

#[test]
fn without_its_users_key_it_does_not_open() {
    let id = confirmed().envelope.id;
    let other = UserKey::new([8; 32]);
    assert_eq!(
        open(&sealed(), Some(&other)),
        Err(SealError::WrongKey { id })
    );
    assert_eq!(open(&sealed(), None), Err(SealError::KeyMissing { id }));
    assert_eq!(
        seal(&confirmed(), None, NONCE),
        Err(SealError::KeyMissing { id })
    );
}

#[test]
fn moved_to_another_place_it_does_not_open() {
    let mut other_user = sealed();
    other_user.envelope.subject = user("3f0d");
    let mut other_commit = sealed();
    other_commit.envelope.id = EventId::from_uuid(Uuid::from_u128(8));
    for moved in [other_user, other_commit] {
        let id = moved.envelope.id;
        assert_eq!(open(&moved, Some(&key())), Err(SealError::WrongKey { id }));
    }
}

#[test]
fn changed_in_any_byte_it_does_not_open() {
    let id = confirmed().envelope.id;
    let bytes = sealed().sealed_person.unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let changed = SealedCommit {
            sealed_person: Some(changed),
            ..sealed()
        };
        assert_eq!(
            open(&changed, Some(&key())),
            Err(SealError::WrongKey { id }),
            "byte {at}"
        );
    }
    for length in 0..bytes.len() {
        let cut = SealedCommit {
            sealed_person: Some(bytes[..length].to_vec()),
            ..sealed()
        };
        assert_eq!(
            open(&cut, Some(&key())),
            Err(SealError::WrongKey { id }),
            "{length} bytes"
        );
    }
}

#[test]
fn what_names_nobody_needs_no_key() {
    let sign_up = Subject::SignUp(SignUpKey::from_digest("abc").unwrap());
    let refused = SignUpRefused::new(
        SignUpRoute::SelfService,
        usher_events::RefusalReason::DomainBlocked,
        1,
    );
    let refused = of(sign_up, Recorded::Lifecycle(refused.into()));
    let reinstated = OperatorEvent::from(UserReinstated {});
    let reinstated = of(user("3f0c"), Recorded::Operator(reinstated));
    for commit in [refused, reinstated] {
        let sealed = seal(&commit, None, NONCE).unwrap();
        assert_eq!(sealed.sealed_person, None);
        assert_eq!(open(&sealed, None), Ok(commit));
    }
}

#[test]
fn a_type_or_version_of_tomorrow_is_unknown_and_not_wrong() {
    let id = confirmed().envelope.id;
    let mut newer = sealed();
    newer.envelope.event.version = 99;
    let mut other = sealed();
    other.decided[0].name = "user_teleported".to_owned();
    let mut reshaped = sealed();
    reshaped.envelope.event.data["surprise"] = json!(1);
    for unknown in [newer, other, reshaped] {
        assert_eq!(open(&unknown, Some(&key())), Err(SealError::Unknown { id }));
    }
}
