use super::*;
use crate::digest::Secret;
use crate::invite::{Code, Terms};
use usher_events::{PoolId, Role};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn at(hours: u64) -> Time {
    let start: Time = "2026-01-02T03:04:00Z".parse().unwrap();
    start.plus(Duration::from_secs(hours * 3600))
}

fn sub(text: &str) -> Sub {
    Sub::new(text).unwrap()
}

fn held(bound: bool) -> (Held, Applicant) {
    let (secret, pool) = (Secret::new(&[7; 32]), PoolId::new("p").unwrap());
    let ada = Applicant {
        sign_in: secret.sign_in_key(&pool, "email", "ada"),
        sign_up: secret.sign_up_key(&pool, "ada"),
        address: Some(secret.address_key(&pool, "ada")),
    };
    let terms = Terms {
        uses: 1,
        expires_at: None,
        bound_to: ada.address.clone().filter(|_| bound),
        grants: Grants {
            role: Some(Role::new("manager").unwrap()),
            ..Grants::default()
        },
        label: None,
    };
    let id = secret.invite_id(&pool, &Code::draw(&[0; 10]));
    let mut invite = Invite::new(pool, id, terms, at(0));
    let reservation = invite.reserve(&ada, at(0), DAY).unwrap();
    let sign_up = SignUp::new(ada.sign_up.clone(), SignUpContext::default(), at(0));
    let sign_up = sign_up.holding(&invite, &ada, &reservation);
    assert!(sign_up.expires_at > at(24) && !sign_up.is_empty());
    (sign_up.held.unwrap(), ada)
}

#[test]
fn what_is_held_is_granted_to_the_person_for_whom_it_was_reserved() {
    let (held, ada) = held(false);
    let granted = held.grants_now(&sub("ada"), &ada.sign_in, None, at(24));
    assert_eq!(granted, Some(&held.grants));
}

#[test]
fn what_is_held_is_granted_to_nobody_else_and_not_for_ever() {
    let (free, ada) = held(false);
    let redeemed = Held {
        redeemed_by: Some(sub("ada")),
        ..free.clone()
    };
    let (secret, pool) = (Secret::new(&[7; 32]), PoolId::new("p").unwrap());
    let eve = secret.sign_in_key(&pool, "email", "eve");
    let late = at(24).plus(Duration::from_millis(1));
    for (held, sub_, sign_in, now) in [
        (&free, "ada", &ada.sign_in, late),
        (&free, "eve", &eve, at(1)),
        (&redeemed, "eve", &ada.sign_in, at(1)),
        (&redeemed, "ada", &eve, at(1)),
    ] {
        assert_eq!(held.grants_now(&sub(sub_), sign_in, None, now), None);
    }
    assert!(
        redeemed
            .grants_now(&sub("ada"), &ada.sign_in, None, at(1))
            .is_some()
    );
}

#[test]
fn what_is_bound_to_an_address_is_granted_with_that_address_verified() {
    let (held, ada) = held(true);
    let with = |address: Option<&AddressKey>| {
        held.grants_now(&sub("ada"), &ada.sign_in, address, at(1))
            .is_some()
    };
    let (secret, pool) = (Secret::new(&[7; 32]), PoolId::new("p").unwrap());
    assert!(with(ada.address.as_ref()));
    assert!(!with(None));
    assert!(!with(Some(&secret.address_key(&pool, "eve"))));
}

#[test]
fn a_later_code_holds_for_longer_and_the_sign_up_is_kept_as_much_longer() {
    let (held, ada) = held(false);
    let mut sign_up = SignUp::new(ada.sign_up, SignUpContext::default(), at(0));
    assert_eq!(sign_up.clone().extended(at(99)), sign_up);
    sign_up.held = Some(held);
    let later = sign_up.extended(at(99));
    assert_eq!(later.held.unwrap().until, at(99));
    assert_eq!(later.expires_at, at(99).plus(KEPT));
}
