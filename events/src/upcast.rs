//! Lifts a stored old version of an event to the current one, one version at a time.
//!
//! To change a type's shape: raise its version in its set, add one step here, and let the
//! compatibility test write the new schema and fixture. Old fixtures stay as they are.

use serde_json::Value;

/// One step: from this version of this type to the next.
pub struct Step {
    /// The type's name, without its prefix.
    pub name: &'static str,
    /// The version that the step reads.
    pub from: u16,
    /// Turns values of that version into values of the next. Total: it gives something for
    /// anything, and decoding the current version judges it.
    pub lift: fn(Value) -> Value,
}

/// Every step there is.
pub const STEPS: &[Step] = &[
    // Version 1 did not say what was refused, nor through which client.
    Step {
        name: "sign_in_refused",
        from: 1,
        lift: |mut data| {
            if let Some(data) = data.as_object_mut() {
                data.insert("step".to_owned(), "unknown".into());
            }
            data
        },
    },
];

/// Lifts `data` from version `from` to version `to` of the named type; `None` where a step is
/// missing, which is where the version is unknown.
pub fn upcast(steps: &[Step], name: &str, from: u16, to: u16, data: Value) -> Option<Value> {
    if from == 0 || from > to {
        return None;
    }
    (from..to).try_fold(data, |data, version| {
        steps
            .iter()
            .find(|step| step.name == name && step.from == version)
            .map(|step| (step.lift)(data))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CHAIN: &[Step] = &[
        Step {
            name: "moved",
            from: 1,
            lift: |old| json!({ "to": old["place"] }),
        },
        Step {
            name: "moved",
            from: 2,
            lift: |old| json!({ "to": [old["to"]] }),
        },
    ];

    #[test]
    fn an_old_version_climbs_every_step() {
        assert_eq!(
            upcast(CHAIN, "moved", 1, 3, json!({"place": "x"})),
            Some(json!({"to": ["x"]}))
        );
        assert_eq!(upcast(CHAIN, "moved", 3, 3, json!(1)), Some(json!(1)));
    }

    #[test]
    fn a_version_that_nobody_can_lift_is_unknown() {
        for (name, from, to) in [
            ("moved", 4, 3),
            ("moved", 0, 3),
            ("moved", 1, 4),
            ("other", 1, 2),
        ] {
            assert_eq!(
                upcast(CHAIN, name, from, to, json!(1)),
                None,
                "{name} {from}..{to}"
            );
        }
    }

    #[test]
    fn a_program_one_version_behind_reads_no_newer_one() {
        for step in STEPS {
            let data = (step.lift)(json!({}));
            let before: &[Step] = &[];
            let (name, old, new) = (step.name, step.from, step.from + 1);
            assert_eq!(upcast(before, name, new, old, data), None, "{name} {new}");
        }
    }
}
