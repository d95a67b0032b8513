use super::*;
use crate::user::tests::{at, commit, person, stream};
use proptest::prelude::*;
use usher_events::{Person, Personal, SignedIn};

/// Streams that arrived in another order than they happened, some of it at one moment.
fn arrived() -> impl Strategy<Value = Vec<Commit>> {
    (stream(), prop::collection::vec(0_i64..6, 8)).prop_map(|(mut stream, arrivals)| {
        for (commit, arrival) in stream.iter_mut().zip(arrivals) {
            commit.recorded_at = at(arrival);
        }
        stream
    })
}

fn keeps() -> impl Strategy<Value = Keeps> {
    prop_oneof![Just(Keeps::Profiles), Just(Keeps::Rights)]
}

/// Everything that the steps say was changed, one after the other.
fn replayed(steps: &[Step<'_>]) -> Map<String, Value> {
    let mut fields = Map::new();
    for change in steps.iter().flat_map(|step| &step.changes) {
        assert_eq!(fields.get(&change.field), change.before.as_ref());
        match &change.after {
            Some(value) => fields.insert(change.field.clone(), value.clone()),
            None => fields.remove(&change.field),
        };
    }
    fields
}

proptest! {
    #[test]
    fn at_any_instant_the_user_is_the_fold_of_what_had_arrived(
        (stream, keeps) in (arrived(), keeps())
    ) {
        for second in -1..7 {
            let then = at(second);
            let by_then: Vec<&Commit> = stream
                .iter()
                .filter(|commit| commit.recorded_at <= then)
                .collect();
            let folded = keeps.of(User::fold(by_then.iter().copied()));
            prop_assert_eq!(as_of(&stream, then, keeps), folded.clone());
            let steps: Vec<Step<'_>> = tell(&stream, keeps).collect();
            let told = steps.iter().rev().find(|step| step.commit.recorded_at <= then);
            let told = told.map_or_else(User::default, |step| step.user.clone());
            prop_assert_eq!(told, folded);
        }
    }

    #[test]
    fn what_the_steps_changed_adds_up_to_the_fold(
        ((stream, shuffled), keeps) in (
            arrived().prop_flat_map(|stream| (Just(stream.clone()), Just(stream).prop_shuffle())),
            keeps(),
        )
    ) {
        let steps: Vec<Step<'_>> = tell(&shuffled, keeps).collect();
        prop_assert_eq!(replayed(&steps), fields(&keeps.of(User::fold(&stream))));
        prop_assert_eq!(steps.len(), stream.len());
        let in_order = |pair: &[Step<'_>]| pair[0].commit.recorded_at <= pair[1].commit.recorded_at;
        prop_assert!(steps.windows(2).all(in_order));
        let ordered: Vec<Step<'_>> = tell(&stream, keeps).collect();
        prop_assert_eq!(ordered, steps, "however it was read");
    }

    #[test]
    fn only_what_is_marked_so_is_personal(person in person()) {
        const CANARY: &str = "canary-8Kq2Zr";
        let canary = |value: Option<Personal>| value.map(|_| Personal::new(CANARY));
        let person = Person {
            email: canary(person.email),
            phone_number: canary(person.phone_number),
            given_name: canary(person.given_name),
            family_name: canary(person.family_name),
            department: canary(person.department),
            locale: canary(person.locale),
            zoneinfo: canary(person.zoneinfo),
            ..person
        };
        let event = SignedIn { client: None, new_device: None, person };
        let stream = [commit(1, 1, crate::commit::Recorded::Lifecycle(event.into()), Vec::new())];
        for change in tell(&stream, Keeps::Profiles).flat_map(|step| step.changes) {
            let shows = format!("{:?} {:?}", change.before, change.after).contains(CANARY);
            prop_assert!(!shows || change.is_personal(), "{}", change.field);
        }
    }
}
