//! The envelope on the wire: a CloudEvents 1.0 event in structured JSON.

use crate::{
    CorrelationId, DecidedEvent, Envelope, EventId, Fact, LifecycleEvent, OperatorEvent, PoolId,
    Subject, Time,
    upcast::{STEPS, upcast},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// Stands before each type's name on the wire.
pub const TYPE_PREFIX: &str = "usher.";
/// Stands before each type's name and version in `dataschema`.
const SCHEMA_PREFIX: &str = "urn:usher:event:";

/// Why a text is not an event that may come in. Never quotes the text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Not JSON, or not a CloudEvents envelope of ours. Set the message aside.
    #[error("not an envelope: {problem}")]
    NotAnEnvelope {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An event that only the worker or an operator may record came from outside. Set it aside.
    #[error("{name} is decided here and never taken from outside")]
    Forged {
        /// The type's name.
        name: &'static str,
    },
    /// A type that this program does not know. A newer one may: leave the message in the queue.
    #[error("unknown event type")]
    UnknownType,
    /// A version that this program cannot read. A newer one may: leave the message in the queue.
    #[error("unknown version {version} of {name}")]
    UnknownVersion {
        /// The type's name.
        name: &'static str,
        /// The version that it came in.
        version: u16,
    },
    /// A known type and version, but its values are not of that shape. Set the message aside.
    #[error("the data of {name} version {version} are not of its shape")]
    BadData {
        /// The type's name.
        name: &'static str,
        /// The version that it came in.
        version: u16,
    },
}

#[derive(Serialize, Deserialize)]
struct CloudEvent {
    specversion: String,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    source: String,
    subject: String,
    time: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    datacontenttype: Option<String>,
    dataschema: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlationid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causationid: Option<String>,
    data: Value,
}

/// Writes an envelope as structured JSON.
pub fn encode<E: Fact>(envelope: &Envelope<E>) -> String {
    encode_data(envelope, envelope.event.to_data())
}

/// Writes an envelope without what it says of the person, for receivers that must not have it.
pub fn encode_without_person<E: Fact>(envelope: &Envelope<E>) -> String {
    let mut data = envelope.event.to_data();
    if let Some(data) = data.as_object_mut() {
        data.remove(PERSON_KEY);
    }
    encode_data(envelope, data)
}

/// The key under which every event keeps its personal values, and the only one.
pub const PERSON_KEY: &str = "person";

/// The type's name with its prefix: `usher.signed_in`.
pub fn type_of<E: Fact>(event: &E) -> String {
    format!("{TYPE_PREFIX}{}", event.name())
}

fn encode_data<E: Fact>(envelope: &Envelope<E>, data: Value) -> String {
    let event = &envelope.event;
    let cloud_event = CloudEvent {
        specversion: "1.0".to_owned(),
        id: envelope.id.to_string(),
        kind: type_of(event),
        source: envelope.source.to_string(),
        subject: envelope.subject.to_string(),
        time: envelope.time,
        datacontenttype: Some("application/json".to_owned()),
        dataschema: format!("{SCHEMA_PREFIX}{}:{}", event.name(), event.version()),
        correlationid: envelope.correlation_id.as_ref().map(ToString::to_string),
        causationid: envelope.causation_id.map(|id| id.to_string()),
        data,
    };
    serde_json::to_string(&cloud_event).expect("an envelope has text keys, so it is always JSON")
}

/// The version that this program writes of the named type, whichever set it belongs to.
pub fn current_version(name: &str) -> Option<u16> {
    let sets = [
        LifecycleEvent::TYPES,
        DecidedEvent::TYPES,
        OperatorEvent::TYPES,
    ];
    sets.iter()
        .find_map(|set| known(set, name))
        .map(|(_, version)| version)
}

/// Reads an envelope that came from outside, and lifts its event to the current version.
///
/// Only a [`LifecycleEvent`] comes in this way: a decided or an operator's event is
/// [`DecodeError::Forged`], whoever sent it.
pub fn decode(text: &str) -> Result<Envelope<LifecycleEvent>, DecodeError> {
    let malformed = |problem| DecodeError::NotAnEnvelope { problem };
    let event: CloudEvent = serde_json::from_str(text).map_err(|error| {
        malformed(match error.classify() {
            serde_json::error::Category::Data => "an attribute is missing or of the wrong type",
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof => "not JSON",
        })
    })?;
    if event.specversion != "1.0" {
        return Err(malformed("specversion is not 1.0"));
    }
    let name = event
        .kind
        .strip_prefix(TYPE_PREFIX)
        .ok_or(DecodeError::UnknownType)?;
    let (schema_name, version) = event
        .dataschema
        .strip_prefix(SCHEMA_PREFIX)
        .and_then(|rest| rest.rsplit_once(':'))
        .and_then(|(name, version)| Some((name, version.parse::<u16>().ok()?)))
        .ok_or(malformed("dataschema does not name a type and a version"))?;
    if schema_name != name {
        return Err(malformed("type and dataschema disagree"));
    }
    if let Some(name) = known(DecidedEvent::TYPES, name).or(known(OperatorEvent::TYPES, name)) {
        return Err(DecodeError::Forged { name: name.0 });
    }
    let (name, current) = known(LifecycleEvent::TYPES, name).ok_or(DecodeError::UnknownType)?;
    let unknown_version = DecodeError::UnknownVersion { name, version };
    let data = upcast(STEPS, name, version, current, event.data).ok_or(unknown_version)?;
    let bad_data = DecodeError::BadData { name, version };
    let fact = match LifecycleEvent::from_data(name, data) {
        Some(Ok(fact)) => fact,
        Some(Err(_)) => return Err(bad_data),
        None => return Err(DecodeError::UnknownType),
    };
    let subject =
        Subject::try_from(event.subject).map_err(|_error| malformed("subject is not an id"))?;
    if !fact.fits(&subject) {
        return Err(bad_data);
    }
    let id_of =
        |text: String, problem| text.parse::<EventId>().map_err(|_error| malformed(problem));
    Ok(Envelope {
        id: id_of(event.id, "id is not a UUID")?,
        source: PoolId::new(event.source)
            .map_err(|_error| malformed("source is not a pool's id"))?,
        subject,
        time: event.time,
        correlation_id: event
            .correlationid
            .and_then(|text| CorrelationId::new(text).ok()),
        causation_id: event
            .causationid
            .map(|text| id_of(text, "causationid is not a UUID"))
            .transpose()?,
        event: fact,
    })
}

fn known(types: &'static [(&'static str, u16)], name: &str) -> Option<(&'static str, u16)> {
    types.iter().find(|(known, _)| *known == name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RefusalReason, SignInRefused, Sub};
    use serde_json::json;

    fn envelope() -> Envelope<LifecycleEvent> {
        Envelope {
            id: EventId::from_uuid(uuid::Uuid::from_u128(7)),
            source: PoolId::new("eu-west-1_A").unwrap(),
            subject: Subject::User(Sub::new("3f0c").unwrap()),
            time: "2026-01-02T03:04:05Z".parse().unwrap(),
            correlation_id: None,
            causation_id: None,
            event: SignInRefused::new(RefusalReason::UserSuspended).into(),
        }
    }

    /// Encodes, changes one attribute, decodes.
    fn changed(key: &str, value: Value) -> Result<Envelope<LifecycleEvent>, DecodeError> {
        let mut json: Value = serde_json::from_str(&encode(&envelope())).unwrap();
        json[key] = value;
        decode(&json.to_string())
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        assert_eq!(decode(&encode(&envelope())), Ok(envelope()));
    }

    #[test]
    fn a_decided_or_operators_event_from_outside_is_forged() {
        let names = [DecidedEvent::TYPES, OperatorEvent::TYPES].concat();
        for (name, _) in names {
            let mut json: Value = serde_json::from_str(&encode(&envelope())).unwrap();
            json["type"] = json!(format!("usher.{name}"));
            json["dataschema"] = json!(format!("urn:usher:event:{name}:1"));
            let error = decode(&json.to_string()).unwrap_err();
            assert!(
                matches!(error, DecodeError::Forged { .. }),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn an_unknown_type_or_version_is_an_error_of_its_own() {
        assert_eq!(
            changed("type", json!("other.signed_in")),
            Err(DecodeError::UnknownType)
        );
        let version = DecodeError::UnknownVersion {
            name: "sign_in_refused",
            version: 9,
        };
        assert_eq!(
            changed("dataschema", json!("urn:usher:event:sign_in_refused:9")),
            Err(version)
        );
    }

    #[test]
    fn what_is_not_an_envelope_says_why_and_quotes_nothing() {
        let secret = "ada@example.com";
        for (key, value) in [
            ("specversion", json!(secret)),
            ("id", json!(secret)),
            ("time", json!(secret)),
            ("dataschema", json!(secret)),
            ("subject", json!([secret])),
            ("data", json!({ "reason": secret })),
            (
                "data",
                json!({ "reason": "user_suspended", "severity": "high", "extra": secret }),
            ),
        ] {
            let error = changed(key, value).unwrap_err();
            assert!(!error.to_string().contains(secret), "{key}: {error}");
            assert!(!format!("{error:?}").contains(secret), "{key}: {error:?}");
        }
        assert_eq!(
            decode("{"),
            Err(DecodeError::NotAnEnvelope {
                problem: "not JSON"
            })
        );
    }

    #[test]
    fn an_event_about_the_wrong_kind_of_subject_is_refused() {
        assert!(matches!(
            changed("subject", json!("S#abc")),
            Err(DecodeError::BadData { .. })
        ));
    }
}
