//! Promises about organizations that users found.

use super::{Stored, at, crowd, id, sub};
use crate::organization::{Organization, id_of};
use crate::policy::{self, Domain};
use crate::port::{Fault, Written};
use crate::retry::{Schedule, retry};
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{AccountType, Plan};

/// Enough tries for a network that fails every second call.
const TRIES: Schedule = Schedule {
    first_wait: Duration::from_millis(2),
    max_wait: Duration::from_millis(20),
    attempts: 30,
};

fn domain(text: &str) -> Domain {
    Domain::new(text).unwrap()
}

/// The organization that this user would found with this event.
fn founding(of: &str, founder: &str, event: u128, seconds: i64) -> Organization {
    let terms = policy::Organization {
        name: format!("By {founder}"),
        account_type: AccountType::new("business").ok(),
        active: true,
        plan: Plan::new("pro").ok(),
    };
    Organization::new(domain(of), terms, sub(founder), id(event), at(seconds))
}

/// Nothing there is an answer.
pub async fn an_organization_that_was_never_founded_is_none(store: impl Stored) {
    let acme = founding("acme.example", "ada", 1, 0);
    assert_eq!(store.organization(&acme.id).await, Ok(None));
    let mut later = acme;
    later.version = 2;
    let written = store.write_organization(&later).await;
    assert_eq!(written, Ok(Written::Overtaken));
    assert_eq!(store.organizations(None, 10).await, Ok((Vec::new(), None)));
}

/// Everything of it comes back, and under its domain's id alone.
pub async fn an_organization_is_read_back_as_founded(store: impl Stored) {
    let mut bare = founding("bare.example", "bob", 2, 5);
    bare.terms.account_type = None;
    bare.terms.plan = None;
    bare.terms.active = false;
    for founded in [founding("acme.example", "ada", 1, 0), bare] {
        assert_eq!(store.found(&founded).await, Ok(founded.clone()));
        let read = store.organization(&id_of(&founded.domain)).await;
        assert_eq!(read, Ok(Some(founded)));
    }
    let below = id_of(&domain("mail.acme.example"));
    assert_eq!(store.organization(&below).await, Ok(None));
}

/// Whoever comes later, with the same event or another, finds what is there.
pub async fn a_domain_has_the_organization_that_was_founded_first(store: impl Stored) {
    let first = founding("acme.example", "ada", 1, 0);
    assert_eq!(store.found(&first).await, Ok(first.clone()));
    for later in [
        founding("acme.example", "ada", 1, 60),
        founding("acme.example", "ada", 2, 60),
        founding("acme.example", "bob", 3, 0),
    ] {
        assert_eq!(store.found(&later).await, Ok(first.clone()));
    }
    let other = founding("globe.example", "bob", 3, 0);
    assert_eq!(store.found(&other).await, Ok(other));
}

/// What an operator has changed since is what later founders get.
pub async fn an_organization_is_written_under_its_version_alone(store: impl Stored) {
    let first = founding("acme.example", "ada", 1, 0);
    store.found(&first).await.unwrap();
    let mut third = first.clone();
    third.version = 3;
    let overtaken = Ok(Written::Overtaken);
    assert_eq!(store.write_organization(&third).await, overtaken);
    let mut second = first;
    second.version = 2;
    second.terms.active = false;
    second.terms.plan = None;
    second.terms.name = "Acme".to_owned();
    assert_eq!(store.write_organization(&second).await, Ok(Written::Now));
    assert_eq!(store.write_organization(&second).await, overtaken);
    let later = founding("acme.example", "bob", 3, 0);
    assert_eq!(store.found(&later).await, Ok(second));
}

/// Page after page, oldest first, each once.
pub async fn organizations_are_listed_by_age(store: impl Stored) {
    for number in [5_u8, 2, 7, 1, 3] {
        let of = format!("c{number}.example");
        let new = founding(&of, "ada", number.into(), number.into());
        store.found(&new).await.unwrap();
        store.found(&new).await.unwrap();
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.organizations(after.as_deref(), 2).await.unwrap();
        assert!(page.0.len() <= 2);
        found.extend(page.0.into_iter().map(|one| one.domain.to_string()));
        after = page.1;
        if after.is_none() {
            break;
        }
    }
    let expected = [1, 2, 3, 5, 7].map(|number| format!("c{number}.example"));
    assert_eq!(found, expected);
}

/// However they meet, and whatever the network makes of it: one is the founder, and all know who.
pub async fn of_twenty_who_found_at_once_one_is_the_founder_and_all_get_the_same(
    store: impl Stored,
) {
    let elected = crowd(|number| {
        let store = store.clone();
        async move {
            let event = number as u128;
            // Half of them try twice at once, as a message that comes again does.
            let founder = format!("n{}", number % 10);
            let new = founding("acme.example", &founder, event, 0);
            let deadline = Instant::now() + Duration::from_secs(120);
            let found = || store.found(&new);
            retry(&TRIES, deadline, Fault::disposition, found).await
        }
    })
    .await;
    let first = elected[0].clone().unwrap();
    assert!(elected.iter().all(|one| one.as_ref() == Ok(&first)));
    let mut read = None;
    while read.is_none() {
        read = store.organization(&first.id).await.ok();
    }
    assert_eq!(read.flatten(), Some(first));
}
