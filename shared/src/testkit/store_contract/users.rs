//! Promises about users, their keys and their preferences.

use super::{CROWD, Stored, at, crowd, id, sub};
use crate::commit::EffectKind;
use crate::port::{Loaded, Written};
use crate::preferences::{Defaults, Preferences};
use crate::seal::UserKey;
use crate::user::{Membership, Refusals, Register, Standing, User, UserItem};
use futures::future::join_all;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use usher_events::{
    AccountType, AccountTypeSource, OrganizationId, OrganizationSource, Person, Personal,
    RefusalReason, Role, RoleSource, identity,
};

/// A user of whom everything is known.
pub(super) fn full(version: u64) -> UserItem {
    let person = Person {
        email: Some(Personal::new("zoë@exämple.com")),
        email_verified: true,
        phone_number: Some(Personal::new("+431234567")),
        given_name: Some(Personal::new("")),
        family_name: Some(Personal::new("O'Brien ☃")),
        locale: Some(Personal::new("de-AT")),
        marketing_consent: Some(false),
        providers: vec!["Google".to_owned()],
        ..Person::default()
    };
    let role =
        |role: Option<&str>| Register::new(role.map(|role| Role::new(role).unwrap()), at(1), id(1));
    let membership = Membership {
        organization: OrganizationId::new("acme").unwrap(),
        account_type: Some(AccountType::new("business").unwrap()),
    };
    let user = User {
        first_seen_at: Some(at(0)),
        confirmed_at: Some(at(0)),
        noticed_at: Some(at(1)),
        last_login_at: Some(at(3)),
        last_activity_at: Some(at(4)),
        last_password_reset_at: Some(at(4)),
        person: Some(Register::new(person, at(4), id(4))),
        roles: BTreeMap::from([
            (RoleSource::Default, role(Some("member"))),
            (RoleSource::Domain, role(None)),
        ]),
        memberships: BTreeMap::from([(
            OrganizationSource::Domain,
            Register::new(Some(membership), at(1), id(1)),
        )]),
        account_types: BTreeMap::from([(
            AccountTypeSource::Operator,
            Register::new(Some(AccountType::new("enterprise").unwrap()), at(2), id(2)),
        )]),
        standing: Some(Register::new(Standing::Suspended, at(5), id(5))),
        refusals: Some(Refusals {
            hour: identity::refusal_hour(at(6)),
            reasons: BTreeSet::from([RefusalReason::UserSuspended, RefusalReason::OutsideHours]),
        }),
    };
    let claims = BTreeMap::from([(EffectKind::WelcomeMail, id(1))]);
    UserItem {
        sub: sub("3f0c"),
        user,
        claims,
        version,
    }
}

fn numbered(number: usize, version: u64) -> UserItem {
    let seen = Some(at(i64::try_from(number).unwrap()));
    let user = User {
        last_login_at: seen,
        ..User::default()
    };
    UserItem {
        user,
        version,
        ..UserItem::new(sub("3f0c"))
    }
}

/// Nothing there is an answer, to a glance and to a load.
pub async fn a_user_who_was_never_folded_is_none(store: impl Stored) {
    assert_eq!(store.glance(&sub("3f0c")).await, Ok(None));
    let loaded = store.load(&sub("3f0c")).await.unwrap();
    assert!(loaded.user.is_none() && loaded.key.is_none());
}

/// Everything that a user item can hold comes back.
pub async fn a_user_is_read_back_as_written(store: impl Stored) {
    assert_eq!(store.write_user(&full(1)).await, Ok(Written::Now));
    assert_eq!(store.load(&sub("3f0c")).await.unwrap().user, Some(full(1)));
    assert_eq!(store.glance(&sub("3f0c")).await, Ok(Some(full(1))));
    assert_eq!(store.glance(&sub("3f0d")).await, Ok(None));
    let empty = UserItem {
        version: 2,
        ..UserItem::new(sub("3f0c"))
    };
    assert_eq!(store.write_user(&empty).await, Ok(Written::Now));
    assert_eq!(store.load(&sub("3f0c")).await.unwrap().user, Some(empty));
}

/// One may be there without the other.
pub async fn user_and_key_are_loaded_together_or_alone(store: impl Stored) {
    let key = UserKey::new([7; 32]);
    store.ensure_key(&sub("3f0c"), &key).await.unwrap();
    let Loaded {
        user: none,
        key: alone,
    } = store.load(&sub("3f0c")).await.unwrap();
    assert!(none.is_none() && alone == Some(key.clone()));
    store.write_user(&full(1)).await.unwrap();
    let both = store.load(&sub("3f0c")).await.unwrap();
    assert!(both.user == Some(full(1)) && both.key == Some(key));
}

/// More than one call reads, some of them twice, some never seen; each as it was written a moment ago.
pub async fn many_users_are_loaded_each_as_alone_and_in_the_order_asked_for(store: impl Stored) {
    let number = |number: u8| sub(&format!("3f0c{number}"));
    let item = |one: u8| UserItem {
        sub: number(one),
        ..full(1)
    };
    let key = |one: u8| UserKey::new([one; 32]);
    let has = |one: u8| (!one.is_multiple_of(3), !one.is_multiple_of(2));
    let writes = (0..130).map(|one| {
        let (store, (has_item, has_key)) = (store.clone(), has(one));
        async move {
            if has_item {
                store.write_user(&item(one)).await.unwrap();
            }
            if has_key {
                store.ensure_key(&number(one), &key(one)).await.unwrap();
            }
        }
    });
    join_all(writes).await;
    let mut asked: Vec<u8> = (0..130).rev().collect();
    asked.extend([7, 0, 129, 7]);
    let subs: Vec<_> = asked.iter().map(|one| number(*one)).collect();
    let loaded = store.load_many(&subs).await;
    assert_eq!(loaded.len(), asked.len());
    for (one, loaded) in asked.into_iter().zip(loaded) {
        let (loaded, (has_item, has_key)) = (loaded.unwrap(), has(one));
        assert_eq!(loaded.user, has_item.then(|| item(one)), "{one}");
        assert_eq!(loaded.key, has_key.then(|| key(one)), "{one}");
    }
}

/// An empty batch costs no call, which the service would refuse.
pub async fn nobody_is_loaded_where_nobody_is_asked_for(store: impl Stored) {
    assert_eq!(store.load_many(&[]).await.len(), 0);
}

/// Version after version.
pub async fn a_write_under_the_version_before_is_written(store: impl Stored) {
    for version in 1..=12 {
        assert_eq!(
            store.write_user(&full(version)).await,
            Ok(Written::Now),
            "{version}"
        );
    }
    assert_eq!(store.load(&sub("3f0c")).await.unwrap().user, Some(full(12)));
}

/// Neither a repeat, nor an older version, nor one too new is written.
pub async fn a_write_under_another_version_changes_nothing(store: impl Stored) {
    assert_eq!(
        store.write_user(&numbered(9, 2)).await,
        Ok(Written::Overtaken)
    );
    assert_eq!(store.glance(&sub("3f0c")).await, Ok(None));
    store.write_user(&full(1)).await.unwrap();
    store.write_user(&full(2)).await.unwrap();
    for version in [1, 2, 4, u64::MAX] {
        let overtaken = store.write_user(&numbered(9, version)).await;
        assert_eq!(overtaken, Ok(Written::Overtaken), "{version}");
    }
    assert_eq!(store.load(&sub("3f0c")).await.unwrap().user, Some(full(2)));
}

/// Two workers that fold one user's first events.
pub async fn of_twenty_first_writes_at_once_one_is_written(store: impl Stored) {
    one_of_a_crowd_writes(store, 1).await;
}

/// Two workers that fold one user's later events.
pub async fn of_twenty_later_writes_at_once_one_is_written(store: impl Stored) {
    store.write_user(&full(1)).await.unwrap();
    one_of_a_crowd_writes(store, 2).await;
}

async fn one_of_a_crowd_writes(store: impl Stored, version: u64) {
    let written = crowd(|number| {
        let store = store.clone();
        async move {
            (
                store.write_user(&numbered(number, version)).await.unwrap(),
                number,
            )
        }
    });
    let written = written.await;
    let now: Vec<_> = written
        .iter()
        .filter(|(written, _)| *written == Written::Now)
        .collect();
    assert_eq!((now.len(), written.len()), (1, CROWD));
    let stored = store.load(&sub("3f0c")).await.unwrap().user;
    assert_eq!(stored, Some(numbered(now[0].1, version)));
}

/// A key is made once; whoever comes later gets it.
pub async fn the_first_key_is_the_key(store: impl Stored) {
    let (first, second) = (UserKey::new([1; 32]), UserKey::new([2; 32]));
    assert_eq!(
        store.ensure_key(&sub("3f0c"), &first).await,
        Ok(first.clone())
    );
    assert_eq!(
        store.ensure_key(&sub("3f0c"), &second).await,
        Ok(first.clone())
    );
    assert_eq!(store.ensure_key(&sub("3f0d"), &second).await, Ok(second));
    assert_eq!(store.load(&sub("3f0c")).await.unwrap().key, Some(first));
}

/// Two keys would leave commits that nobody can open.
pub async fn twenty_who_make_a_key_at_once_get_the_same(store: impl Stored) {
    let keys = crowd(|number| {
        let (store, fresh) = (
            store.clone(),
            UserKey::new([u8::try_from(number).unwrap(); 32]),
        );
        async move { store.ensure_key(&sub("3f0c"), &fresh).await.unwrap() }
    });
    let keys = keys.await;
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(
        store.load(&sub("3f0c")).await.unwrap().key,
        Some(keys[0].clone())
    );
}

/// Everything in them comes back, and a second creation changes nothing.
pub async fn preferences_are_created_once(store: impl Stored) {
    assert_eq!(store.preferences(&sub("3f0c")).await, Ok(None));
    let first = Preferences {
        timezone: Some(Personal::new("Europe/Vienna")),
        dashboard_layout: Some(json!({ "columns": [1, 2.5, null], "name": "" })),
        default_view: Some("list".to_owned()),
        ..Preferences::initial(&Defaults::default(), &Person::default(), at(0))
    };
    let second = Preferences::initial(&Defaults::default(), &Person::default(), at(9));
    store
        .ensure_preferences(&sub("3f0c"), &first)
        .await
        .unwrap();
    store
        .ensure_preferences(&sub("3f0c"), &second)
        .await
        .unwrap();
    assert_eq!(store.preferences(&sub("3f0c")).await, Ok(Some(first)));
    assert_eq!(store.preferences(&sub("3f0d")).await, Ok(None));
}

/// A later event of the user does not bring the defaults back.
pub async fn preferences_that_the_application_wrote_are_left_alone(store: impl Stored) {
    let silent = Preferences::initial(&Defaults::default(), &Person::default(), at(0));
    let chosen = Preferences {
        theme: "dark".to_owned(),
        ..silent.clone()
    };
    store
        .ensure_preferences(&sub("3f0c"), &chosen)
        .await
        .unwrap();
    let all = crowd(|_| {
        let (store, silent) = (store.clone(), silent.clone());
        async move { store.ensure_preferences(&sub("3f0c"), &silent).await }
    });
    assert!(all.await.into_iter().all(|created| created == Ok(())));
    assert_eq!(store.preferences(&sub("3f0c")).await, Ok(Some(chosen)));
}
