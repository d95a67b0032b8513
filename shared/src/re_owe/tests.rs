use super::*;
use crate::commit::{DueAt, Lane};
use crate::seal::StoredEvent;
use serde_json::json;
use std::time::Duration;
use usher_events::{Envelope, EventId, Sub, Subject};

const MAIL: EffectKind = EffectKind::WelcomeMail;
const BUS: EffectKind = EffectKind::Publication;

fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
}

fn failed(seconds: i64, fault: &str, last_error: Option<&str>) -> Entry {
    Entry::Failed {
        at: at(seconds),
        fault: fault.to_owned(),
        last_error: last_error.map(str::to_owned),
    }
}

fn commit(entries: &[(EffectKind, Entry)]) -> SealedCommit {
    let mut ledger = Ledger::default();
    for (kind, entry) in entries {
        ledger.set(*kind, entry.clone());
    }
    let id: EventId = "f0f607a8-e0d0-545f-8a65-5d58437f0001".parse().unwrap();
    SealedCommit {
        envelope: Envelope {
            id,
            source: PoolId::new("eu-west-1_Sample01").unwrap(),
            subject: Subject::User(Sub::new("ada").unwrap()),
            time: at(0),
            correlation_id: None,
            causation_id: None,
            event: StoredEvent {
                name: "sign_up_confirmed".to_owned(),
                version: 1,
                data: json!({}),
            },
        },
        sealed_person: None,
        decided: Vec::new(),
        ledger,
        lease: None,
        recorded_at: at(0),
    }
}

/// A mail that was refused at 10 and a publication that was too old at 20, by what is said of them.
fn meant(said: &Meant) -> Vec<EffectKind> {
    let commit = commit(&[
        (MAIL, failed(10, "refused", None)),
        (BUS, failed(20, "too_old", Some("throttled"))),
    ]);
    let plan = said.plan(&commit, at(100));
    let effects = plan.map(|plan| plan.effects).unwrap_or_default();
    effects.into_iter().map(|effect| effect.kind).collect()
}

#[test]
fn of_what_was_given_up_is_meant_what_all_that_is_said_holds_for() {
    let all = Meant::default;
    let causes = |names: &[&str]| Meant {
        causes: names.iter().map(|name| (*name).to_owned()).collect(),
        ..all()
    };
    let between = |since, until| Meant {
        since: Some(at(since)),
        until: Some(at(until)),
        ..all()
    };
    let pool = |id| Meant {
        pool: Some(PoolId::new(id).unwrap()),
        ..all()
    };
    let types = |names: &[&str]| Meant {
        types: names.iter().map(|name| (*name).to_owned()).collect(),
        ..all()
    };
    let effects = |kinds: &[EffectKind]| Meant {
        effects: kinds.to_vec(),
        ..all()
    };
    let none: &[EffectKind] = &[];
    for (said, expected) in [
        (all(), &[MAIL, BUS][..]),
        (effects(&[MAIL]), &[MAIL]),
        (effects(&[BUS, MAIL]), &[MAIL, BUS]),
        (effects(&[EffectKind::SuspensionNotice]), none),
        (causes(&["refused"]), &[MAIL]),
        (causes(&["too_old"]), &[BUS]),
        (causes(&["throttled"]), &[BUS]),
        (causes(&["throttled", "refused"]), &[MAIL, BUS]),
        (causes(&["timed_out"]), none),
        (between(10, 20), &[MAIL]),
        (between(11, 21), &[BUS]),
        (between(10, 21), &[MAIL, BUS]),
        (between(21, 99), none),
        (pool("eu-west-1_Sample01"), &[MAIL, BUS]),
        (pool("eu-west-1_Sample02"), none),
        (types(&["signed_in", "sign_up_confirmed"]), &[MAIL, BUS]),
        (types(&["signed_in"]), none),
        (
            Meant {
                effects: vec![MAIL],
                ..causes(&["too_old"])
            },
            none,
        ),
    ] {
        assert_eq!(meant(&said), expected, "{said:?}");
    }
}

#[test]
fn what_was_not_given_up_stays_as_it_is() {
    let others = [
        Entry::Owed,
        Entry::Done {
            at: at(1),
            receipt: Some("0100018f".to_owned()),
        },
        Entry::Deferred {
            due: at(1),
            attempts: 3,
            fault: "throttled".to_owned(),
            since: None,
        },
        Entry::re_owed(at(1)),
        Entry::Anothers {
            commit: commit(&[]).envelope.id,
        },
    ];
    for other in others {
        let alone = commit(&[(MAIL, other.clone())]);
        assert_eq!(Meant::default().plan(&alone, at(9)), None, "{other:?}");
        let beside = commit(&[(MAIL, other.clone()), (BUS, failed(1, "refused", None))]);
        let plan = Meant::default().plan(&beside, at(9)).unwrap();
        assert_eq!(plan.ledger.get(MAIL), Some(&other));
        assert_eq!(plan.ledger.get(BUS), Some(&Entry::re_owed(at(9))));
    }
    assert_eq!(Meant::default().plan(&commit(&[]), at(9)), None);
}

#[test]
fn what_is_owed_again_is_due_at_once_and_has_its_whole_age_before_it() {
    let old = commit(&[(MAIL, failed(10, "too_old", Some("throttled")))]);
    let now = at(1_000_000);
    let plan = Meant::default().plan(&old, now).unwrap();
    let lane = Lane::Mail;
    assert_eq!(plan.ledger.due(), Some(DueAt { at: now, lane }));
    let deferral = crate::commit::Deferral::default();
    let setback = crate::commit::Setback::tried("throttled");
    let entry = plan.ledger.get(MAIL);
    let last = now.plus(deferral.last_age);
    let before_last = now.plus(deferral.last_age - Duration::from_secs(1));
    for (then, is_open) in [(now, true), (before_last, true), (last, false)] {
        let after = deferral.after(setback, entry, at(0), then, 0.5);
        assert_eq!(after.is_open(), is_open, "at {then}");
    }
}

#[test]
fn what_may_have_been_performed_is_owed_again_only_if_it_is_asked_for_by_that_cause() {
    let lost = commit(&[
        (MAIL, failed(10, USER_ITEM_LOST, None)),
        (BUS, failed(10, "refused", None)),
    ]);
    let effect = given_up(&lost.ledger).next().unwrap();
    let mut said = Meant::default();
    assert_eq!(said.choose(&lost, &effect), Choice::Unsure);
    let plan = said.plan(&lost, at(20)).unwrap();
    assert_eq!(plan.ledger.get(MAIL), lost.ledger.get(MAIL));
    said.until = Some(at(10));
    assert_eq!(said.choose(&lost, &effect), Choice::Other);
    said.until = None;
    said.causes = vec!["refused".to_owned()];
    assert_eq!(said.choose(&lost, &effect), Choice::Other);
    said.causes = vec![USER_ITEM_LOST.to_owned()];
    assert_eq!(said.choose(&lost, &effect), Choice::Meant);
}

#[test]
fn a_cause_names_the_last_error_of_what_was_too_old_and_of_nothing_else() {
    for (entry, expected) in [
        (failed(1, "refused", None), "refused"),
        (failed(1, "refused", Some("throttled")), "refused"),
        (
            failed(1, "too_old", Some("throttled")),
            "too_old, last throttled",
        ),
        (failed(1, "too_old", None), "too_old"),
    ] {
        let commit = commit(&[(MAIL, entry)]);
        let causes: Vec<String> = given_up(&commit.ledger)
            .map(|effect| effect.cause.to_string())
            .collect();
        assert_eq!(causes, [expected]);
    }
}

#[test]
fn a_ledger_that_has_changed_beside_what_is_meant_is_planned_for_again() {
    let given_up = failed(10, "refused", None);
    let before = commit(&[(MAIL, given_up.clone())]);
    let plan = Meant::default().plan(&before, at(20)).unwrap();
    let deferred = Entry::later(at(99));
    let beside = commit(&[(MAIL, given_up), (BUS, deferred.clone())]).ledger;
    let again = plan.again(&beside).unwrap();
    assert_eq!(again.get(MAIL), Some(&Entry::re_owed(at(20))));
    assert_eq!(again.get(BUS), Some(&deferred));
    for entry in [
        failed(11, "refused", None),
        failed(10, "rejected", None),
        Entry::re_owed(at(19)),
        Entry::Owed,
    ] {
        let changed = commit(&[(MAIL, entry.clone())]).ledger;
        assert_eq!(plan.again(&changed), None, "{entry:?}");
    }
    assert_eq!(plan.again(&Ledger::default()), None);
}

#[test]
fn a_plan_knows_its_own_work_and_nobody_elses() {
    let before = commit(&[
        (MAIL, failed(10, "refused", None)),
        (BUS, failed(10, "refused", None)),
    ]);
    let said = Meant {
        effects: vec![MAIL],
        ..Meant::default()
    };
    let plan = said.plan(&before, at(20)).unwrap();
    assert!(plan.is_done(&plan.ledger) && !plan.is_done(&before.ledger));
    let anothers = said.plan(&before, at(21)).unwrap();
    assert!(!plan.is_done(&anothers.ledger));
    let mut moved_on = plan.ledger.clone();
    moved_on.set(BUS, Entry::re_owed(at(30)));
    assert!(plan.is_done(&moved_on), "what is beside it is no matter");
}
