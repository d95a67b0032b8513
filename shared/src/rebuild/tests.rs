use super::*;
use crate::commit::{EffectKind, Entry, Ledger};
use crate::seal::{self, SealedCommit, UserKey};
use crate::user::tests::stream;
use crate::user::{StoredUser, UserItem};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use usher_events::{EventId, Sub, Time};

const WELCOME: EffectKind = EffectKind::WelcomeMail;

fn key() -> UserKey {
    UserKey::new([7; 32])
}

fn sub() -> Sub {
    Sub::new("3f0c").unwrap()
}

fn policies() -> [Policy; 2] {
    [true, false].map(|create| {
        let mut policy = Policy::default();
        policy.profile.create = create;
        policy
    })
}

/// Long after whatever was recorded in these tests.
fn later() -> Time {
    Time::from_unix_seconds(1_790_000_000).unwrap()
}

/// A little after it.
fn at_once() -> Time {
    Time::from_unix_seconds(1_780_000_005).unwrap()
}

fn sealed(commits: &[Commit]) -> Vec<SealedCommit> {
    let seal =
        |(number, commit): (u8, &Commit)| seal::seal(commit, Some(&key()), [number; 12]).unwrap();
    (0..).zip(commits).map(seal).collect()
}

fn folded<'p>(policy: &'p Policy, commits: &[Commit], now: Time) -> Fold<'p> {
    let mut fold = Fold::new(policy, now);
    for commit in sealed(commits) {
        fold.add(&commit, Some(&key()));
    }
    fold
}

fn stored(user: &User, version: u64) -> StoredUser {
    StoredUser {
        sub: sub(),
        version: Some(version),
        claims: Some(BTreeMap::new()),
        folded: StoredUser::folded(user),
    }
}

fn user_of(policy: &Policy, commits: &[Commit]) -> User {
    let each = commits.iter().map(|commit| said(policy, commit));
    each.fold(User::default(), User::join)
}

fn difference(verdict: Verdict) -> Difference {
    match verdict {
        Verdict::Differs(difference) => *difference,
        other => panic!("{other:?}"),
    }
}

fn paths(difference: &Difference) -> Vec<&str> {
    let fields = difference.fields.iter();
    fields.map(|field| field.path.as_str()).collect()
}

proptest! {
    /// Whatever the history, and wherever the worker is in it.
    #[test]
    fn an_item_that_holds_the_log_is_equal_and_one_that_is_behind_is_in_flight_or_mended(
        commits in stream(), known in 0_usize..8
    ) {
        for policy in policies() {
            let whole = user_of(&policy, &commits);
            let known = known.min(commits.len());
            let behind = user_of(&policy, &commits[..known]);
            let item = (known > 0).then(|| stored(&behind, 3));
            let old = folded(&policy, &commits, later());
            let verdict = judge(&old, &sub(), item.as_ref());
            if behind == whole && (item.is_some() || whole == User::default()) {
                prop_assert_eq!(verdict, Verdict::Equal);
                continue;
            }
            let mended = difference(verdict).mended.unwrap().item;
            prop_assert_eq!(mended.version, if item.is_some() { 4 } else { 1 });
            let mended = StoredUser { version: Some(4), ..stored(&mended.user, 4) };
            prop_assert_eq!(judge(&old, &sub(), Some(&mended)), Verdict::Equal);
            let young = folded(&policy, &commits, at_once());
            prop_assert_eq!(judge(&young, &sub(), item.as_ref()), Verdict::InFlight);
        }
    }

    /// The order in which pieces of a stream come says nothing.
    #[test]
    fn a_fold_is_the_same_in_any_order(commits in stream()) {
        let policy = Policy::default();
        let forth = folded(&policy, &commits, later());
        let back: Vec<Commit> = commits.iter().rev().cloned().collect();
        let back = folded(&policy, &back, later());
        prop_assert_eq!(forth.user, back.user);
        prop_assert_eq!(forth.claims, back.claims);
    }

    /// Also what no user could be is found, and named.
    #[test]
    fn whatever_is_changed_by_hand_is_found_and_named(
        commits in stream(), part in 0_usize..2, name in "[canps]|role|z[a-z]{1,2}", value in "[a-z]{0,3}"
    ) {
        let policy = Policy::default();
        let whole = user_of(&policy, &commits);
        let mut item = stored(&whole, 1);
        let part = ["profile", "marks"][part];
        let before = item.folded[part].get(&name).cloned();
        item.folded[part][&name] = json!({ "by_hand": value });
        let fold = folded(&policy, &commits, at_once());
        if fold.commits() == 0 {
            return Ok(());
        }
        let found = difference(judge(&fold, &sub(), Some(&item)));
        prop_assert_eq!(found.kind, Kind::Differs);
        prop_assert_eq!(found.fields.len(), 1);
        prop_assert_eq!(&found.fields[0].folded, &before);
        prop_assert!(found.fields[0].path.starts_with(part));
        prop_assert_eq!(found.mended.unwrap().item.user, whole);
    }
}

/// One commit with this entry for the welcome mail.
fn owing(number: u128, entry: Entry) -> Commit {
    let mut commit = sample(number);
    commit.ledger = Ledger::default();
    commit.ledger.set(WELCOME, entry);
    commit
}

fn sample(number: u128) -> Commit {
    use usher_events::{ConfirmationRoute, Envelope, LifecycleEvent, Subject};
    let person = usher_events::Person {
        email: Some(usher_events::Personal::new("ada@acme.example")),
        ..usher_events::Person::default()
    };
    let event = usher_events::SignUpConfirmed {
        route: ConfirmationRoute::SignUp,
        client: None,
        context: usher_events::SignUpContext::default(),
        sign_up: None,
        person,
    };
    let time = Time::from_unix_seconds(1_780_000_000).unwrap();
    Commit {
        envelope: Envelope {
            id: id(number),
            source: usher_events::PoolId::new("eu-west-1_A").unwrap(),
            subject: Subject::User(sub()),
            time,
            correlation_id: None,
            causation_id: None,
            event: crate::commit::Recorded::Lifecycle(LifecycleEvent::from(event)),
        },
        decided: Vec::new(),
        ledger: Ledger::default(),
        lease: None,
        recorded_at: time,
    }
}

fn id(number: u128) -> EventId {
    EventId::from_uuid(uuid::Uuid::from_u128(number))
}

fn done() -> Entry {
    let at = at_once();
    Entry::Done { at, receipt: None }
}

fn anothers(number: u128) -> Entry {
    Entry::Anothers { commit: id(number) }
}

fn lost(commits: &[Commit], now: Time) -> Verdict {
    let policy = Policy::default();
    judge(&folded(&policy, commits, now), &sub(), None)
}

#[test]
fn a_lost_item_gets_the_claims_that_ledgers_tell_and_gives_up_what_may_have_been_under_way() {
    let later_on = || Entry::later(later());
    for (what, commits, claim, given_up) in [
        ("done", vec![owing(1, done())], 1, None),
        (
            "done, others owe",
            vec![owing(1, Entry::Owed), owing(2, done())],
            2,
            None,
        ),
        (
            "left to another",
            vec![owing(1, anothers(9)), owing(2, Entry::Owed)],
            9,
            None,
        ),
        ("set aside", vec![owing(1, later_on())], 1, Some(1)),
        (
            "two owe",
            vec![owing(2, later_on()), owing(1, Entry::Owed)],
            1,
            Some(1),
        ),
        (
            "holder owes",
            vec![owing(1, later_on()), owing(2, anothers(1))],
            1,
            Some(1),
        ),
        (
            "given up",
            vec![owing(3, Entry::given_up(at_once(), "refused"))],
            3,
            None,
        ),
    ] {
        let found = difference(lost(&commits, later()));
        assert_eq!(found.kind, Kind::Missing, "{what}");
        let mended = found.mended.unwrap();
        assert_eq!(mended.item.version, 1, "{what}");
        let claims = BTreeMap::from([(WELCOME, id(claim))]);
        assert_eq!(mended.item.claims, claims, "{what}");
        let given_up = given_up.map(|number| (WELCOME, id(number)));
        assert_eq!(mended.given_up, Vec::from_iter(given_up), "{what}");
    }
}

#[test]
fn an_item_that_is_not_there_yet_is_in_flight_while_the_queue_may_bring_its_commit_back() {
    let owed = [owing(1, Entry::Owed)];
    let begun = Time::from_unix_seconds(1_780_000_000).unwrap();
    for (after, owed_is_in_flight) in [(30, true), (3600, true), (6 * 3600, false)] {
        let now = begun.plus(Duration::from_secs(after));
        let is_in_flight = lost(&owed, now) == Verdict::InFlight;
        assert_eq!(is_in_flight, owed_is_in_flight, "after {after} s");
    }
    let hour = begun.plus(Duration::from_secs(3600));
    assert_ne!(lost(&[sample(1)], hour), Verdict::InFlight);
}

#[test]
fn claims_are_carried_over_and_one_that_was_lost_is_a_difference() {
    let policy = Policy::default();
    let commits = [owing(1, done())];
    let fold = folded(&policy, &commits, later());
    let user = user_of(&policy, &commits);
    let mut item = stored(&user, 5);
    let found = difference(judge(&fold, &sub(), Some(&item)));
    assert_eq!(paths(&found), ["claims.welcome_mail"]);
    let claims = BTreeMap::from([(WELCOME, id(1))]);
    assert_eq!(found.mended.unwrap().item.claims, claims);
    let others = BTreeMap::from([(WELCOME, id(8))]);
    item.claims = Some(others.clone());
    assert_eq!(judge(&fold, &sub(), Some(&item)), Verdict::Equal);
    item.folded["profile"]["role"] = json!("admin");
    let found = difference(judge(&fold, &sub(), Some(&item)));
    assert_eq!(paths(&found), ["profile.role"]);
    let expected = UserItem {
        sub: sub(),
        user,
        claims: others,
        version: 6,
    };
    assert_eq!(found.mended.unwrap().item, expected);
}

#[test]
fn what_cannot_be_mended_is_named_and_left_alone() {
    let policy = Policy::default();
    let commits = [sample(1)];
    let user = user_of(&policy, &commits);
    let item = stored(&User::default(), 1);
    let mut unreadable = folded(&policy, &commits, later());
    unreadable.add_unreadable("E#junk".to_owned());
    let found = difference(judge(&unreadable, &sub(), Some(&item)));
    assert_eq!((found.kind, found.mended), (Kind::Unreadable, None));
    assert_eq!(found.unreadable, ["E#junk"]);

    let mut keyless = Fold::new(&policy, later());
    keyless.add(&sealed(&commits)[0], None);
    let found = difference(judge(&keyless, &sub(), None));
    assert_eq!((found.kind, found.mended), (Kind::Unreadable, None));
    assert_eq!(found.unreadable, [id(1).to_string()]);

    let no_log = Fold::new(&policy, later());
    let found = difference(judge(&no_log, &sub(), Some(&stored(&user, 1))));
    assert_eq!((found.kind, found.mended), (Kind::NoLog, None));

    let fold = folded(&policy, &commits, later());
    let item = StoredUser {
        version: None,
        ..item
    };
    let found = difference(judge(&fold, &sub(), Some(&item)));
    assert_eq!((found.kind, found.mended), (Kind::NoVersion, None));
}

#[test]
fn what_is_no_user_at_all_is_mended() {
    let policy = Policy::default();
    let commits = [sample(1)];
    let fold = folded(&policy, &commits, at_once());
    for folded in [Value::Null, json!({ "profile": "?" }), json!([])] {
        let item = StoredUser {
            claims: None,
            folded,
            ..stored(&User::default(), 2)
        };
        let found = difference(judge(&fold, &sub(), Some(&item)));
        assert!(paths(&found).contains(&"claims"));
        let mended = found.mended.unwrap().item;
        assert_eq!(
            (mended.version, mended.user),
            (3, user_of(&policy, &commits))
        );
    }
}

#[test]
fn every_mark_has_a_name_that_says_something() {
    let policy = Policy::default();
    let fold = folded(&policy, &[sample(1)], later());
    let mut item = stored(&User::default(), 1);
    item.folded = json!({ "profile": {}, "marks": {} });
    let found = difference(judge(&fold, &sub(), Some(&item)));
    let paths = paths(&found);
    assert!(
        paths.contains(&"marks.confirmed_at") && paths.contains(&"profile.email"),
        "{paths:?}"
    );
    assert!(
        paths
            .iter()
            .all(|path| path.split('.').all(|part| part.len() > 1))
    );
}

#[test]
fn what_says_who_somebody_is_or_may_is_known_as_personal() {
    for (path, expected) in [
        ("profile.email", true),
        ("profile.department", true),
        ("profile.by_hand", true),
        ("profile", true),
        ("marks", true),
        ("marks.attributes.locale", true),
        ("marks.zz", true),
        ("by_hand", true),
        ("profile.role", false),
        ("marks.roles.domain", false),
        ("marks.attributes_at", false),
        ("claims.welcome_mail", false),
    ] {
        let field = Field {
            path: path.to_owned(),
            stored: None,
            folded: None,
        };
        assert_eq!(field.is_personal(), expected, "{path}");
    }
}
