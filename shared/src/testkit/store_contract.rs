//! What every store promises, as one suite: each promise of each method of
//! [`Store`], [`Log`], [`Breakers`], [`Invites`], [`Organizations`] and [`Tallies`] is a test, and every
//! store passes all of them.

pub mod breakers;
pub mod due;
pub mod invites;
pub mod ledger;
pub mod log;
pub mod organizations;
pub mod pages;
pub mod replaced;
pub mod tallies;
pub mod users;

use crate::commit::{EffectKind, Entry, Ledger};
use crate::port::{Breakers, Invites, Log, Organizations, Store, Tallies};
use crate::seal::{SealedCommit, StoredEvent};
use futures::future::join_all;
use serde_json::{Value, json};
use usher_events::{CorrelationId, Envelope, EventId, PoolId, SignUpKey, Sub, Subject, Time};
use uuid::Uuid;

/// Makes a test of every promise. `$fresh` names an `async fn` that makes an empty store.
#[macro_export]
macro_rules! store_contract {
    ($fresh:ident) => {
        $crate::store_contract! { @tests $fresh, log:
            a_commit_is_read_back_as_it_was_appended,
            an_operators_commit_is_read_back_as_it_was_appended,
            a_commit_that_was_never_appended_is_none,
            of_two_commits_with_one_id_the_first_is_the_fact,
            of_twenty_appends_at_once_one_is_now,
            one_id_in_two_streams_is_two_commits,
            a_stream_is_whole_and_in_order_of_id,
            a_stream_longer_than_a_page_is_whole,
            a_stream_holds_nothing_but_commits,
            a_stream_of_nobody_is_empty,
            a_large_commit_is_kept_whole,
        }
        $crate::store_contract! { @tests $fresh, pages:
            the_whole_log_is_read_once_in_any_number_of_segments,
            reading_goes_on_after_any_item,
            what_is_read_is_what_was_written,
            of_nobody_there_is_nothing_to_read,
            a_stream_is_read_piece_by_piece,
        }
        $crate::store_contract! { @tests $fresh, users:
            a_user_who_was_never_folded_is_none,
            a_user_is_read_back_as_written,
            user_and_key_are_loaded_together_or_alone,
            many_users_are_loaded_each_as_alone_and_in_the_order_asked_for,
            nobody_is_loaded_where_nobody_is_asked_for,
            a_write_under_the_version_before_is_written,
            a_write_under_another_version_changes_nothing,
            of_twenty_first_writes_at_once_one_is_written,
            of_twenty_later_writes_at_once_one_is_written,
            the_first_key_is_the_key,
            twenty_who_make_a_key_at_once_get_the_same,
            preferences_are_created_once,
            preferences_that_the_application_wrote_are_left_alone,
        }
        $crate::store_contract! { @tests $fresh, ledger:
            a_free_lease_is_given_and_kept_by_its_owner,
            a_lease_is_anothers_until_it_has_expired,
            of_twenty_who_take_a_lease_at_once_one_has_it,
            a_commit_that_is_not_there_has_no_lease_to_give,
            an_entry_is_written_by_who_has_the_lease,
            an_entry_is_not_written_by_who_lost_the_lease,
            an_entry_without_an_owner_is_always_written,
            an_entry_of_a_commit_that_is_not_there_is_not_written,
            entries_of_every_kind_and_state_are_read_back,
        }
        $crate::store_contract! { @tests $fresh, replaced:
            a_ledger_is_replaced_with_what_is_due_by_it,
            a_ledger_that_is_no_longer_as_read_is_left,
            of_twenty_who_replace_a_ledger_at_once_one_has_written,
            a_once_effect_is_not_touched_while_somebody_has_the_lease,
            whoever_had_the_lease_writes_no_more_of_what_was_replaced,
            a_lease_matters_to_nothing_but_once_effects,
            a_commit_is_due_by_the_earliest_of_a_replaced_ledger,
            a_ledger_with_nothing_set_aside_is_no_longer_due,
            a_ledger_of_a_commit_that_is_not_there_is_not_replaced,
        }
        $crate::store_contract! { @tests $fresh, due:
            what_is_deferred_is_due_at_its_time_and_not_before,
            what_is_due_is_listed_in_its_lane_alone,
            a_commit_changes_lanes_with_its_earliest_entry,
            what_is_done_is_no_longer_due,
            what_a_writer_did_not_know_of_stays_due,
            a_commit_appended_already_due_is_due,
            what_is_due_is_listed_oldest_first_and_bounded,
            a_due_time_moves_once,
            of_twenty_who_move_a_due_time_at_once_one_has_it,
            what_was_finished_meanwhile_does_not_move,
            a_spilled_event_is_kept_due_and_removed,
            a_spilled_event_moves_like_a_commit,
            a_spilled_event_is_spilled_once,
            a_large_event_is_spilled_whole,
        }
        $crate::store_contract! { @tests $fresh, invites:
            an_invite_that_was_never_made_is_none,
            an_invite_is_read_back_as_written,
            an_invite_is_written_under_its_version_alone,
            of_twenty_who_write_an_invite_at_once_one_has_written,
            invites_are_listed_by_pool_and_age,
            of_a_hundred_sign_ups_at_once_on_five_uses_five_are_admitted,
            of_a_hundred_repeats_by_five_names_at_once_all_are_admitted,
            of_a_hundred_confirmations_at_once_on_five_uses_five_redeem,
            a_sign_up_is_kept_and_overwritten_whole,
            a_sign_up_is_stamped_by_its_own_user_alone,
            a_sign_up_is_extended_for_its_own_attempt_alone,
        }
        $crate::store_contract! { @tests $fresh, organizations:
            an_organization_that_was_never_founded_is_none,
            an_organization_is_read_back_as_founded,
            a_domain_has_the_organization_that_was_founded_first,
            an_organization_is_written_under_its_version_alone,
            organizations_are_listed_by_age,
            of_twenty_who_found_at_once_one_is_the_founder_and_all_get_the_same,
        }
        $crate::store_contract! { @tests $fresh, tallies:
            what_was_never_counted_is_none,
            a_tally_is_read_back_as_written,
            a_tally_is_written_under_its_version_alone,
            of_twenty_who_write_a_tally_at_once_one_has_written,
            of_a_hundred_refusals_at_once_one_is_suspicious,
        }
        $crate::store_contract! { @tests $fresh, breakers:
            a_breaker_that_never_opened_is_none,
            a_breaker_is_read_back_as_written,
            a_breaker_is_written_under_its_version_alone,
            of_twenty_who_write_a_breaker_at_once_one_has_written,
        }
    };
    // Those promises that hold whatever happens between us and the store.
    (disturbed: $fresh:ident) => {
        mod disturbed {
            use super::$fresh;
            $crate::store_contract! { @tests $fresh, invites:
                of_a_hundred_sign_ups_at_once_on_five_uses_five_are_admitted,
                of_a_hundred_repeats_by_five_names_at_once_all_are_admitted,
                of_a_hundred_confirmations_at_once_on_five_uses_five_redeem,
            }
            $crate::store_contract! { @tests $fresh, organizations:
                of_twenty_who_found_at_once_one_is_the_founder_and_all_get_the_same,
            }
            $crate::store_contract! { @tests $fresh, tallies:
                of_a_hundred_refusals_at_once_one_is_suspicious,
            }
        }
    };
    (@tests $fresh:ident, $part:ident: $($promise:ident,)+) => {
        mod $part {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let store = super::$fresh().await;
                    $crate::testkit::store_contract::$part::$promise(store).await;
                }
            )+
        }
    };
}

/// A store that the suite can hand to tasks of its own.
pub trait Stored:
    Store + Log + Breakers + Invites + Organizations + Tallies + Clone + 'static
{
}
impl<S: Store + Log + Breakers + Invites + Organizations + Tallies + Clone + 'static> Stored for S {}

/// How many do the same at once.
const CROWD: usize = 20;

/// What is at hand in every test.
fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
}

fn id(number: u128) -> EventId {
    EventId::from_uuid(Uuid::from_u128(number))
}

fn sub(text: &str) -> Sub {
    Sub::new(text).unwrap()
}

fn user() -> Subject {
    Subject::User(sub("3f0c2a1e-0000-4000-8000-000000000000"))
}

fn sign_up() -> Subject {
    Subject::SignUp(SignUpKey::from_digest("q1wE-_").unwrap())
}

/// A commit that owes a mail, with the numbered id.
fn commit(subject: &Subject, number: u128) -> SealedCommit {
    SealedCommit {
        envelope: Envelope {
            id: id(number),
            source: PoolId::new("eu-west-1_AbCdEfGhI").unwrap(),
            subject: subject.clone(),
            time: at(0),
            correlation_id: Some(CorrelationId::new("c0ffee").unwrap()),
            causation_id: None,
            event: StoredEvent {
                name: "sign_up_confirmed".to_owned(),
                version: 1,
                data: json!({ "route": "sign_up" }),
            },
        },
        sealed_person: Some(vec![0, 1, 2, 254, 255]),
        decided: vec![StoredEvent {
            name: "role_assigned".to_owned(),
            version: 1,
            data: json!({ "source": "default", "role": "member" }),
        }],
        ledger: Ledger::owing([EffectKind::WelcomeMail]),
        lease: None,
        recorded_at: at(1),
    }
}

fn with_data(commit: SealedCommit, data: Value) -> SealedCommit {
    let event = StoredEvent {
        data,
        ..commit.envelope.event.clone()
    };
    SealedCommit {
        envelope: commit.envelope.map(|_| event),
        ..commit
    }
}

fn deferred(due: Time) -> Entry {
    Entry::Deferred {
        due,
        attempts: 1,
        fault: "throttled".to_owned(),
        since: None,
    }
}

/// Lets a crowd do the same at once, each in a task of its own, and gives what each got.
async fn crowd<T, F, Fut>(act: F) -> Vec<T>
where
    T: Send + 'static,
    F: Fn(usize) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..CROWD).map(|number| tokio::spawn(act(number))).collect();
    join_all(tasks)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}
