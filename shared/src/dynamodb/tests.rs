//! What items cost.

use super::fault::Item;
use super::{record, users};
use crate::chance;
use crate::commit::{Commit, Deferral, EffectKind, Ledger, Recorded};
use crate::seal::{UserKey, seal};
use crate::testkit::item_size::{item_size, write_units};
use crate::user::{User, UserItem};
use std::collections::BTreeMap;
use usher_events::{
    AccountType, ClientId, ConfirmationRoute, CorrelationId, DecidedEvent, Envelope, EventId,
    LifecycleEvent, OrganizationId, OrganizationJoined, OrganizationSource, PasswordReset, Person,
    Personal, PoolId, RefusalReason, Role, RoleAssigned, RoleSource, SignInRefused,
    SignUpConfirmed, SignUpContext, SignedIn, Sub, Subject, Time,
};
use uuid::Uuid;

fn at(seconds: i64) -> Time {
    Time::from_unix_millis(1_780_000_000_123 + seconds * 1000).unwrap()
}

fn id(number: u8) -> EventId {
    EventId::from_uuid(Uuid::from_bytes([number; 16]))
}

/// Nineteen in twenty people's values are no longer than these.
fn person() -> Person {
    let value = |text: &str| Some(Personal::new(text));
    Person {
        email: value("maximiliane.mustermann@example-corp.com"),
        email_verified: true,
        phone_number: value("+4366412345678"),
        phone_number_verified: true,
        given_name: value("Maximiliane Sophie"),
        family_name: value("Mustermann-Schröder"),
        locale: value("de-AT"),
        zoneinfo: value("America/Argentina/Buenos_Aires"),
        department: value("Research and Development"),
        marketing_consent: Some(false),
        onboarding_completed: Some(true),
        providers: vec!["LoginWithAmazon".to_owned()],
    }
}

fn commit(number: u8, event: LifecycleEvent, decided: Vec<DecidedEvent>) -> Commit {
    Commit {
        envelope: Envelope {
            id: id(number),
            source: PoolId::new("ap-southeast-2_AbCdEfGhI").unwrap(),
            subject: Subject::User(Sub::new("3f0c2a1e-70c1-70ad-0000-0a1b2c3d4e5f").unwrap()),
            time: at(i64::from(number)),
            correlation_id: CorrelationId::new("3f0c2a1e-70c1-70ad-0000-0a1b2c3d4e5f").ok(),
            causation_id: None,
            event: Recorded::Lifecycle(event),
        },
        decided,
        ledger: Ledger::default(),
        lease: None,
        recorded_at: at(i64::from(number) + 1),
    }
}

fn client() -> Option<ClientId> {
    ClientId::new("1example23456789abcdefghij").ok()
}

fn confirmed() -> Commit {
    let event = SignUpConfirmed {
        route: ConfirmationRoute::ExternalProvider,
        client: client(),
        context: SignUpContext {
            source: SignUpContext::word("partner-newsletter"),
            campaign: SignUpContext::word("spring_2026_enterprise"),
            referrer: None,
        },
        sign_up: None,
        person: person(),
    };
    let role = |source, role| RoleAssigned {
        source,
        role: Role::new(role).ok(),
    };
    let joined = OrganizationJoined {
        source: OrganizationSource::Domain,
        organization: OrganizationId::new("subsidiary-example-com").unwrap(),
        account_type: AccountType::new("enterprise").ok(),
    };
    let decided = vec![
        role(RoleSource::Default, "member").into(),
        role(RoleSource::Domain, "administrator").into(),
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
