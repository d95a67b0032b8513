//! Whatever an event says of groups, no answer takes one away.

use super::{ADD_ROLE, V1, V2};
use crate::sources::RULES;
use crate::world::{Places, fixture, handle, policy, response, trigger};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use usher_trigger::Trigger;

/// What the fixtures' user is given.
const ROLE: &str = "manager";

static KEEP: LazyLock<Trigger> = LazyLock::new(|| trigger(policy(RULES), &Arc::new(Places::new())));
static ADD: LazyLock<Trigger> = LazyLock::new(|| {
    let policy = policy(&format!("{RULES}{ADD_ROLE}"));
    trigger(policy, &Arc::new(Places::new()))
});

/// What is no list and no object.
fn bare() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z]{0,6}".prop_map(Value::from),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    bare().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-z]{1,6}", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

/// Lists as Cognito writes them, with strangers among them, and what is no list.
fn list() -> impl Strategy<Value = Value> {
    let group = || prop_oneof![3 => "[a-z]{1,6}".prop_map(Value::from), 1 => Just(json!(ROLE))];
    let odd = prop_oneof![3 => group(), 1 => anything()];
    prop_oneof![
        4 => vec(group(), 0..4).prop_map(Value::from),
        2 => vec(odd, 0..4).prop_map(Value::from),
        2 => anything(),
        1 => Just(Value::Null),
    ]
}

/// `groupConfiguration`, or that there is none.
fn configuration() -> impl Strategy<Value = Option<Value>> {
    let members = (
        option::weighted(0.9, list()),
        option::of(list()),
        option::of(anything()),
    );
    let object = members.prop_map(|(groups, roles, preferred)| {
        let members = [
            ("groupsToOverride", groups),
            ("iamRolesToOverride", roles),
            ("preferredRole", preferred),
        ];
        let there = members.into_iter();
        let there = there.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Some(Value::Object(there.collect()))
    });
    let wrapped = list().prop_map(|list| Some(json!([{ "groupsToOverride": list }])));
    prop_oneof![
        8 => object,
        1 => wrapped,
        1 => anything().prop_map(Some),
        1 => Just(Some(Value::Null)),
        1 => Just(None),
    ]
}

fn event(source: &str, configuration: Option<&Value>) -> String {
    let mut event: Value = serde_json::from_str(&fixture(source)).unwrap();
    let request = event["request"].as_object_mut().unwrap();
    request.remove("groupConfiguration");
    let there = configuration.map(|value| ("groupConfiguration".to_owned(), value.clone()));
    request.extend(there);
    event.to_string()
}

/// The group section of the answer, if it has one.
fn answered(trigger: &Trigger, source: &str, configuration: Option<&Value>) -> Option<Value> {
    let builder = &mut tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().build().unwrap();
    let handled = runtime.block_on(handle(trigger, &event(source, configuration)));
    let response = response(&handled);
    let section = response.as_object().unwrap().values().next().unwrap();
    let section = section.as_object().unwrap();
    assert!(!section.is_empty(), "the role is told whatever the groups");
    section.get("groupOverrideDetails").cloned()
}

/// A member of the event's list as a group's name; `None` where it cannot be one.
fn name(member: &Value) -> Option<String> {
    match member {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(member.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What has to be answered under `add_role`: everything that the event says, with the role behind
/// its groups; nothing where a group cannot be read, or the role is there.
fn expected(configuration: Option<&Value>) -> Option<Value> {
    let configuration = configuration?.as_object()?;
    let groups = configuration.get("groupsToOverride")?.as_array()?;
    let mut names: Vec<String> = groups.iter().map(name).collect::<Option<_>>()?;
    if names.iter().any(|name| name == ROLE) {
        return None;
    }
    names.push(ROLE.to_owned());
    let mut details = configuration.clone();
    details.retain(|_, value| !value.is_null());
    details.insert("groupsToOverride".to_owned(), json!(names));
    Some(Value::Object(details))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_takes_a_group_away(
        configuration in configuration(),
        source in select(vec![V1, V2]),
    ) {
        let configuration = configuration.as_ref();
        let details = answered(&ADD, source, configuration);
        if let Some(details) = &details {
            let named = details["groupsToOverride"].as_array().unwrap();
            let had = configuration.unwrap()["groupsToOverride"].as_array().unwrap();
            prop_assert!(!named.is_empty());
            prop_assert_eq!(named.len(), had.len() + 1);
        }
        prop_assert_eq!(details, expected(configuration));
    }

    #[test]
    fn keep_never_writes_the_section(
        configuration in configuration(),
        source in select(vec![V1, V2]),
    ) {
        prop_assert_eq!(answered(&KEEP, source, configuration.as_ref()), None);
    }
}

/// The promise would also hold if no answer ever spoke of groups.
#[test]
fn the_configurations_of_this_test_are_answered_in_both_ways() {
    let mut runner = TestRunner::deterministic();
    let (mut spoken, mut silent) = (0, 0);
    for _ in 0..256 {
        let tree = configuration().new_tree(&mut runner).unwrap();
        match expected(tree.current().as_ref()) {
            Some(_) => spoken += 1,
            None => silent += 1,
        }
    }
    assert!(spoken > 25 && silent > 25, "{spoken} {silent}");
}
