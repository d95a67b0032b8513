//! Every stored fixture can be read, by this program and by others.

use crate::stored::{ADVICE, Fixture, Set, files, fixtures, schema_path};
use boon::{Compiler, Draft, SchemaIndex, Schemas};
use cloudevents::{AttributesReader, Data, Event, event::SpecVersion};
use serde_json::{Value, json};
use usher_events::{
    DecidedEvent, Fact, LifecycleEvent, OperatorEvent, Time,
    upcast::{STEPS, upcast},
    wire::{self, DecodeError},
};

#[test]
fn a_lifecycle_fixture_decodes_and_encodes_again_to_the_same() {
    for fixture in of(&[Set::Lifecycle]) {
        let envelope = wire::decode(&fixture.text)
            .unwrap_or_else(|error| panic!("{}: {error}{ADVICE}", fixture.path));
        assert_eq!(envelope.event.name(), fixture.name, "{}", fixture.path);
        let again: Value = serde_json::from_str(&wire::encode(&envelope)).unwrap();
        if fixture.version == fixture.current {
            assert_eq!(again, fixture.json(), "{}", fixture.path);
        } else {
            // An old version is lifted: all but its shape stays.
            for key in [
                "id",
                "source",
                "subject",
                "time",
                "type",
                "correlationid",
                "causationid",
            ] {
                assert_eq!(
                    again.get(key),
                    fixture.json().get(key),
                    "{} {key}",
                    fixture.path
                );
            }
        }
    }
}

#[test]
fn a_decided_or_operators_fixture_is_forged_on_the_wire() {
    for fixture in of(&[Set::Decided, Set::Operator]) {
        assert_eq!(
            wire::decode(&fixture.text),
            Err(DecodeError::Forged { name: fixture.name }),
            "{}",
            fixture.path
        );
    }
}

#[test]
fn the_data_of_every_fixture_are_read_by_their_own_set_and_no_other() {
    for fixture in fixtures() {
        let data = upcast(
            STEPS,
            fixture.name,
            fixture.version,
            fixture.current,
            data(&fixture),
        )
        .unwrap_or_else(|| panic!("{} cannot be lifted: a step is missing", fixture.path));
        let read = [
            reads::<LifecycleEvent>(&fixture, &data),
            reads::<DecidedEvent>(&fixture, &data),
            reads::<OperatorEvent>(&fixture, &data),
        ];
        let expected = [Set::Lifecycle, Set::Decided, Set::Operator].map(|set| set == fixture.set);
        assert_eq!(read, expected, "{}", fixture.path);
    }
}

/// Whether the set knows the type; then it must read the data, and write the same again.
fn reads<E: Fact>(fixture: &Fixture, data: &Value) -> bool {
    let Some(event) = E::from_data(fixture.name, data.clone()) else {
        return false;
    };
    let event = event.unwrap_or_else(|error| panic!("{}: {error}{ADVICE}", fixture.path));
    assert_eq!(
        (event.name(), event.version()),
        (fixture.name, fixture.current)
    );
    assert_eq!(event.to_data(), *data, "{}", fixture.path);
    true
}

#[test]
fn every_fixture_is_a_cloud_event_to_another_library() {
    for fixture in fixtures() {
        let json = fixture.json();
        let event: Event = serde_json::from_str(&fixture.text)
            .unwrap_or_else(|error| panic!("{}: {error}", fixture.path));
        let kind = format!("usher.{}", fixture.name);
        let schema = format!("urn:usher:event:{}:{}", fixture.name, fixture.version);
        assert_eq!(event.specversion(), SpecVersion::V10, "{}", fixture.path);
        assert_eq!(event.id(), json["id"], "{}", fixture.path);
        assert_eq!(event.ty(), kind, "{}", fixture.path);
        assert_eq!(*event.source(), json["source"], "{}", fixture.path);
        assert_eq!(
            event.subject(),
            json["subject"].as_str(),
            "{}",
            fixture.path
        );
        assert_eq!(
            event.datacontenttype(),
            Some("application/json"),
            "{}",
            fixture.path
        );
        assert_eq!(
            event.dataschema().map(|url| url.as_str()),
            Some(&*schema),
            "{}",
            fixture.path
        );
        let time: Time = json["time"].as_str().unwrap().parse().unwrap();
        assert_eq!(
            event.time().map(|time| time.timestamp_millis()),
            Some(time.unix_millis()),
            "{}",
            fixture.path
        );
        for (name, value) in event.iter_extensions() {
            assert!(
                ["correlationid", "causationid"].contains(&name),
                "{} {name}",
                fixture.path
            );
            assert_eq!(value.to_string(), json[name], "{} {name}", fixture.path);
        }
        for name in ["correlationid", "causationid"] {
            assert_eq!(
                event.extension(name).is_some(),
                json.get(name).is_some(),
                "{} {name}",
                fixture.path
            );
        }
        assert_eq!(
            event.data(),
            Some(&Data::Json(data(&fixture))),
            "{}",
            fixture.path
        );
    }
}

#[test]
fn what_another_library_writes_of_a_cloud_event_decodes_to_the_same() {
    for fixture in of(&[Set::Lifecycle]) {
        let event: Event = serde_json::from_str(&fixture.text).unwrap();
        let theirs = serde_json::to_string(&event).unwrap();
        assert_eq!(
            wire::decode(&theirs),
            wire::decode(&fixture.text),
            "{}",
            fixture.path
        );
    }
}

#[test]
fn the_data_of_every_fixture_have_the_shape_of_their_schema() {
    for fixture in fixtures() {
        let (schemas, index) = compiled(&fixture);
        if let Err(error) = schemas.validate(&data(&fixture), index) {
            panic!("{}: {error:#}{ADVICE}", fixture.path);
        }
    }
}

#[test]
fn a_schema_refuses_what_its_type_refuses() {
    for fixture in fixtures() {
        let (schemas, index) = compiled(&fixture);
        let mut unknown = data(&fixture);
        unknown["unheard_of"] = json!(true);
        for bad in [unknown, json!("text"), json!(null)] {
            assert!(
                schemas.validate(&bad, index).is_err(),
                "{} {bad}",
                fixture.path
            );
        }
        for required in ["route", "reason", "source", "organization"] {
            // There, naming none takes a membership back.
            if (fixture.name, required) == ("membership_set", "organization") {
                continue;
            }
            let mut less = data(&fixture);
            if less.as_object_mut().unwrap().remove(required).is_some() {
                assert!(
                    schemas.validate(&less, index).is_err(),
                    "{} {required}",
                    fixture.path
                );
            }
        }
    }
}

#[test]
fn a_schema_is_known_by_the_name_that_events_give_it() {
    for fixture in fixtures() {
        let schema = schema(&fixture);
        assert_eq!(
            schema["$id"],
            fixture.json()["dataschema"],
            "{}",
            fixture.path
        );
    }
}

fn of(sets: &[Set]) -> Vec<Fixture> {
    let found: Vec<_> = fixtures()
        .into_iter()
        .filter(|it| sets.contains(&it.set))
        .collect();
    assert!(!found.is_empty(), "no fixtures of {sets:?}{ADVICE}");
    found
}

fn data(fixture: &Fixture) -> Value {
    fixture.json()["data"].clone()
}

fn schema(fixture: &Fixture) -> Value {
    let path = schema_path(fixture.name, fixture.version);
    let bytes = files()
        .get(&path)
        .expect("the compatibility tests say what is missing");
    serde_json::from_slice(bytes).expect("schemas are JSON")
}

fn compiled(fixture: &Fixture) -> (Schemas, SchemaIndex) {
    let mut compiler = Compiler::new();
    compiler.set_default_draft(Draft::V2020_12);
    let id = format!("urn:usher:event:{}:{}", fixture.name, fixture.version);
    compiler
        .add_resource(&id, schema(fixture))
        .expect("the schema is a resource");
    let mut schemas = Schemas::new();
    let index = compiler
        .compile(&id, &mut schemas)
        .expect("the schema compiles");
    (schemas, index)
}
