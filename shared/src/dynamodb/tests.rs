//! What items cost.

use super::fault::Item;
use super::{record, users};
use crate::chance;
use crate::commit::{Commit, Deferral, EffectKind, Ledger, Recorded};
use crate::seal::{UserKey, seal};
use crate::testkit::item_size::{item_size, write_units};
use crate::testkit::percentile::{self, client, person};
use crate::user::{User, UserItem};
use std::collections::BTreeMap;
use usher_events::{
    AccountType, ConfirmationRoute, DecidedEvent, Envelope, EventId, LifecycleEvent,
    OrganizationId, OrganizationJoined, OrganizationSource, PasswordReset, RefusalReason, Role,
    RoleAssigned, RoleSource, SignInRefused, SignUpConfirmed, SignedIn, Sub, Subject, Time,
};
use uuid::Uuid;

fn at(seconds: i64) -> Time {
    Time::from_unix_millis(1_780_000_000_123 + seconds * 1000).unwrap()
}

fn id(number: u8) -> EventId {
    EventId::from_uuid(Uuid::from_bytes([number; 16]))
}

fn commit(number: u8, event: LifecycleEvent, decided: Vec<DecidedEvent>) -> Commit {
    Commit {
        envelope: Envelope {
            id: id(number),
            source: percentile::pool(),
            subject: Subject::User(Sub::new(percentile::SUB).unwrap()),
            time: at(i64::from(number)),
            correlation_id: percentile::correlation(),
            causation_id: None,
            event: Recorded::Lifecycle(event),
        },
        decided,
        ledger: Ledger::default(),
        lease: None,
        recorded_at: at(i64::from(number) + 1),
    }
}

fn confirmed() -> Commit {
    let event = SignUpConfirmed {
        route: ConfirmationRoute::ExternalProvider,
        client: client(),
        context: percentile::context(),
        sign_up: None,
        person: person(),
    };
    let role = |source, role| RoleAssigned {
        source,
        role: Role::new(role).ok(),
    };
    let joined = OrganizationJoined {
        source: OrganizationSource::Domain,
        organization: OrganizationId::new(percentile::ORGANIZATION).unwrap(),
        account_type: AccountType::new(percentile::ACCOUNT_TYPE).ok(),
    };
    let decided = vec![
        role(RoleSource::Default, "member").into(),
        role(RoleSource::Domain, percentile::ROLE).into(),
        joined.into(),
    ];
    let ledger = Ledger::owing([EffectKind::WelcomeMail]);
    Commit {
        ledger,
        ..commit(1, event.into(), decided)
    }
}

fn signed_in() -> Commit {
    let event = SignedIn {
        client: client(),
        new_device: Some(false),
        person: person(),
    };
    commit(2, event.into(), Vec::new())
}

fn stored(commit: &Commit) -> Item {
    let key = UserKey::new(chance::bytes());
    let sealed = seal(commit, Some(&key), chance::bytes()).unwrap();
    record::to_item("test", &sealed).unwrap()
}

#[track_caller]
fn costs_one_unit(what: &str, item: &Item) {
    let size = item_size(item);
    assert_eq!(write_units(size), 1, "{what} has {size} bytes");
}

#[test]
fn a_sign_in_is_recorded_for_one_unit() {
    costs_one_unit("a sign-in", &stored(&signed_in()));
    let mut failing = signed_in();
    let fault = crate::disposition::FaultKind::Unavailable;
    let entry = Deferral::default().after(fault.into(), None, at(0), at(0), 0.5);
    failing.ledger.set(EffectKind::Publication, entry);
    costs_one_unit("a sign-in whose publication failed", &stored(&failing));
}

/// The whole of a sign-in is two units: its commit and this item.
#[test]
fn a_user_is_written_for_one_unit() {
    let reset = PasswordReset {
        client: client(),
        person: person(),
    };
    let refused = SignInRefused::new(RefusalReason::StoreUnavailable);
    for event in [LifecycleEvent::from(reset), refused.into()] {
        let stream = [confirmed(), signed_in(), commit(3, event, Vec::new())];
        let item = UserItem {
            sub: stream[0].sub().unwrap().clone(),
            user: User::fold(&stream),
            claims: BTreeMap::from([(EffectKind::WelcomeMail, id(1))]),
            version: 1_000,
        };
        costs_one_unit("a user item", &users::to_item(&item).unwrap());
    }
}

#[test]
fn a_registration_is_recorded_for_two_units_at_most() {
    let size = item_size(&stored(&confirmed()));
    assert!(write_units(size) <= 2, "a registration has {size} bytes");
}

#[test]
fn what_is_stored_of_a_commit_names_nobody() {
    let text = format!("{:?}", stored(&confirmed()));
    for part in ["maximiliane", "Mustermann", "+43", "Buenos", "Research"] {
        assert!(!text.contains(part), "{part}");
    }
}
