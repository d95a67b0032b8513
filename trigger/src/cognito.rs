//! Cognito's wire contract, read leniently: everything may be missing, null, or a text where a
//! boolean was meant, and fields may come that nobody has heard of.

mod raw;
mod request;
mod source;

pub use raw::RawObject;
pub use request::Request;
pub use source::{ChallengeStep, MigrationSource, Source, TokenSource};

use serde_json::value::RawValue;
use std::fmt;
use usher_events::PoolId;

/// One call of Cognito's: the raw event, and what we could read of it.
pub struct Call<'a> {
    raw: RawObject<'a>,
    /// Which trigger it is.
    pub source: Source,
    /// The pool.
    pub pool: PoolId,
    /// The name under which the pool knows the user; before there is a user, the name asked for.
    pub user_name: String,
    /// The app client, where there is one.
    pub client_id: Option<String>,
    /// The event's own idea of its version.
    pub version: Option<String>,
    /// `request`
    pub request: Request,
}

impl<'a> Call<'a> {
    /// Reads an event. `None` if it is nothing that anybody has heard of: then it goes back as it came.
    pub fn read(event: &'a RawValue) -> Option<Self> {
        let raw = RawObject::read(event)?;
        let source = Source::read(&raw.text("triggerSource")?)?;
        let pool = PoolId::new(raw.text("userPoolId")?).ok()?;
        let caller = raw.get("callerContext").and_then(RawObject::read);
        let client_id = caller.and_then(|caller| caller.text("clientId"));
        Some(Self {
            source,
            pool,
            user_name: raw.text("userName").unwrap_or_default(),
            client_id: client_id.filter(|id| !id.is_empty() && id != "CLIENT_ID_NOT_APPLICABLE"),
            version: raw.text("version"),
            request: raw.get("request").map(Request::read).unwrap_or_default(),
            raw,
        })
    }

    /// The event with one member of its `response` set, and nothing else changed.
    pub fn with_response(&self, key: &str, value: &RawValue) -> Box<RawValue> {
        self.with_responses(&[(key, value)])
    }

    /// The event with these members of its `response` set, and nothing else changed.
    pub fn with_responses(&self, members: &[(&str, &RawValue)]) -> Box<RawValue> {
        let mut response = self
            .raw
            .get("response")
            .and_then(RawObject::read)
            .unwrap_or_default()
            .to_raw();
        for (key, value) in members {
            let object = RawObject::read(&response).unwrap_or_default();
            response = object.with(key, value);
        }
        self.raw.with("response", &response)
    }

    /// Whether `response` came with this member. Cognito marks the place of an answer with null, and
    /// that counts.
    pub fn has_place_for(&self, key: &str) -> bool {
        let response = self.raw.get("response").and_then(RawObject::read);
        response.is_some_and(|response| response.get(key).is_some())
    }
}

impl fmt::Debug for Call<'_> {
    /// Shows which trigger of which pool it is. Everything else may be personal, the user name too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("source", &self.source)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
