//! How an event gets its id: from what makes it one fact, so that a repeat collides with the first.
//!
//! Cognito repeats a trigger that was slow to answer, each time under a new request id. A fact that
//! happens once is named by pool, user and kind; one that recurs is named by a bucket of time as
//! well, and then its time *is* the bucket's start, because the second call of one fact must not
//! differ from the first in anything. A repeat across the edge of a bucket is a second fact.

use crate::{
    ClientId, EventId, Fact, LifecycleEvent, MessageMedium, MessagePurpose, PoolId, RefusalReason,
    SignUpRoute, Sub, Subject, Time,
};
use std::time::Duration;
use uuid::Uuid;

/// The namespace of all derived ids. Never to be changed: it is in every id there is.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_5a2e_93c4_5b7a_8e0f_2c61_d47b_90a3);

/// Wide enough for Cognito's repeats of one call, which come within fifteen seconds; a person signs
/// in to one client less often than that.
const SIGN_IN_BUCKET: Duration = Duration::from_secs(10);
/// A reset needs a code from a mail; nobody does two in a minute.
const RESET_BUCKET: Duration = Duration::from_secs(60);
/// A sign-up costs no password, so anybody can repeat it; one a minute and name is enough to count.
const REQUEST_BUCKET: Duration = Duration::from_secs(60);
/// A token is made for one user many times a minute at most, and each shows the same change until it
/// is recorded.
const CHANGE_BUCKET: Duration = Duration::from_secs(60);
/// Cognito repeats a call to a sender for minutes; a person asks for a code less often than this.
const MESSAGE_BUCKET: Duration = Duration::from_secs(60);
/// A refusal costs no password either, and says nothing new for an hour.
const REFUSAL_BUCKET: Duration = Duration::from_secs(3600);

/// The id of a fact that happens once in a user's life.
pub fn once(pool: &PoolId, sub: &Sub, event: &LifecycleEvent) -> EventId {
    derive(&["once", pool.as_str(), sub.as_str(), event.name()])
}

/// The id and time of a sign-in.
///
/// `digest` is a keyed digest of the attributes carried: within one bucket, a sign-in that shows
/// changed attributes is another fact.
pub fn sign_in(
    pool: &PoolId,
    sub: &Sub,
    client: Option<&ClientId>,
    digest: &str,
    now: Time,
) -> (EventId, Time) {
    let time = now.bucket_start(SIGN_IN_BUCKET);
    let client = client.map_or("", ClientId::as_str);
    (
        derive(&[
            "signed_in",
            pool.as_str(),
            sub.as_str(),
            client,
            digest,
            &time.to_string(),
        ]),
        time,
    )
}

/// The id and time of a password reset.
pub fn password_reset(pool: &PoolId, sub: &Sub, now: Time) -> (EventId, Time) {
    let time = now.bucket_start(RESET_BUCKET);
    (
        derive(&[
            "password_reset",
            pool.as_str(),
            sub.as_str(),
            &time.to_string(),
        ]),
        time,
    )
}

/// The id and time of an admitted request to sign up.
pub fn sign_up_request(
    pool: &PoolId,
    subject: &Subject,
    route: SignUpRoute,
    now: Time,
) -> (EventId, Time) {
    let time = now.bucket_start(REQUEST_BUCKET);
    (
        derive(&[
            "sign_up_requested",
            pool.as_str(),
            subject.as_str(),
            route.as_str(),
            &time.to_string(),
        ]),
        time,
    )
}

/// The id and time of changed attributes; `digest` is a keyed digest of them.
pub fn attributes_changed(pool: &PoolId, sub: &Sub, digest: &str, now: Time) -> (EventId, Time) {
    let time = now.bucket_start(CHANGE_BUCKET);
    (
        derive(&[
            "attributes_changed",
            pool.as_str(),
            sub.as_str(),
            digest,
            &time.to_string(),
        ]),
        time,
    )
}

/// The id and time of a message that Cognito asked for.
pub fn message_requested(
    pool: &PoolId,
    subject: &Subject,
    medium: MessageMedium,
    purpose: MessagePurpose,
    now: Time,
) -> (EventId, Time) {
    let time = now.bucket_start(MESSAGE_BUCKET);
    (
        derive(&[
            "message_requested",
            pool.as_str(),
            subject.as_str(),
            medium.as_str(),
            purpose.as_str(),
            &time.to_string(),
        ]),
        time,
    )
}

/// The id and time of the refusal of a sign-in or a token.
pub fn sign_in_refusal(
    pool: &PoolId,
    sub: &Sub,
    reason: RefusalReason,
    now: Time,
) -> (EventId, Time) {
    let time = refusal_hour(now);
    (
        derive(&[
            "sign_in_refused",
            pool.as_str(),
            sub.as_str(),
            reason.as_str(),
            &time.to_string(),
        ]),
        time,
    )
}

/// The id and time of the refusal of a sign-up; `attempt` tells those of one hour apart, and whoever
/// counts it bounds it.
pub fn sign_up_refusal(
    pool: &PoolId,
    subject: &Subject,
    reason: RefusalReason,
    attempt: u32,
    now: Time,
) -> (EventId, Time) {
    let time = refusal_hour(now);
    (
        derive(&[
            "sign_up_refused",
            pool.as_str(),
            subject.as_str(),
            reason.as_str(),
            &attempt.to_string(),
            &time.to_string(),
        ]),
        time,
    )
}

/// The hour within which a refusal of one subject for one reason is one fact.
pub fn refusal_hour(now: Time) -> Time {
    now.bucket_start(REFUSAL_BUCKET)
}

/// The id of a decided event: named by its cause, its type and what it says.
pub fn decided(cause: EventId, name: &'static str, data: &str) -> EventId {
    derive(&["decided", &cause.to_string(), name, data])
}

/// Names by their parts, each with its length before it, so that no two lists of parts are one name.
fn derive(parts: &[&str]) -> EventId {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    EventId::from_uuid(Uuid::new_v5(&NAMESPACE, &name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> PoolId {
        PoolId::new("eu-west-1_A").unwrap()
    }
    fn sub() -> Sub {
        Sub::new("3f0c").unwrap()
    }
    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_repeat_within_the_bucket_is_the_same_fact_with_the_same_time() {
        let first = sign_in(&pool(), &sub(), None, "d", at("2026-01-01T00:00:01Z"));
        let repeat = sign_in(&pool(), &sub(), None, "d", at("2026-01-01T00:00:09.9Z"));
        assert_eq!(first, repeat);
        assert_eq!(first.1, at("2026-01-01T00:00:00Z"));
        assert_ne!(
            first,
            sign_in(&pool(), &sub(), None, "d", at("2026-01-01T00:00:10Z"))
        );
    }

    #[test]
    fn changed_attributes_or_another_client_make_another_sign_in() {
        let now = at("2026-01-01T00:00:01Z");
        let client = ClientId::new("web").unwrap();
        let plain = sign_in(&pool(), &sub(), None, "d", now);
        assert_ne!(plain, sign_in(&pool(), &sub(), None, "e", now));
        assert_ne!(plain, sign_in(&pool(), &sub(), Some(&client), "d", now));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(derive(&["ab", "c"]), derive(&["a", "bc"]));
    }

    /// The log holds ids of every version of this program; a derivation never changes.
    #[test]
    fn derived_ids_are_what_they_have_always_been() {
        assert_eq!(
            password_reset(&pool(), &sub(), at("2026-01-01T00:00:01Z"))
                .0
                .to_string(),
            "f0f607a8-e0d0-545f-8a65-5d5843765c82"
        );
    }
}
