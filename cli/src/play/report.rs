//! What became of what was played, as data: shown to people by `show`, to scripts as JSON.

use super::sample::Scene;
use serde_json::{Value, json, value::RawValue};
use std::path::PathBuf;
use std::time::Duration;
use usher_events::{DecidedEvent, Fact, Sub, wire};
use usher_shared::preferences::Preferences;
use usher_shared::user::Profile;
use usher_trigger::publish::Route;
use usher_trigger::{Decision, Handled};
use usher_worker::story::{Fate, Outcome};

/// One event and what became of it.
pub struct Act {
    pub name: String,
    pub source: String,
    pub decision: Decision,
    pub expected: Option<&'static str>,
    pub refusal: Option<String>,
    pub took: Duration,
    pub published: Option<(String, String, Route)>,
    pub outcomes: Vec<Outcome>,
    pub claims: Option<Value>,
    pub sub: Option<Sub>,
}

/// What there is when the play is over.
#[derive(Default)]
pub struct Afterwards {
    pub sub: Option<Sub>,
    pub profile: Option<Profile>,
    pub preferences: Option<Preferences>,
    pub mails: Vec<PathBuf>,
    pub bus: PathBuf,
}

/// The whole play.
#[derive(Default)]
pub struct Report {
    pub policy: String,
    pub acts: Vec<Act>,
    pub afterwards: Option<Afterwards>,
}

impl Act {
    pub fn new(scene: &Scene, handled: Handled, took: Duration, outcomes: Vec<Outcome>) -> Self {
        let event: Value = serde_json::from_str(&scene.event).unwrap_or_default();
        let sub = event["request"]["userAttributes"]["sub"].as_str();
        Self {
            name: scene.name.clone(),
            source: event["triggerSource"]
                .as_str()
                .unwrap_or("(none)")
                .chars()
                .filter(|c| !c.is_control())
                .collect(),
            decision: handled.decision,
            expected: scene.expected,
            refusal: handled
                .answer
                .as_ref()
                .err()
                .map(|refusal| refusal.text().to_owned()),
            claims: handled
                .answer
                .as_ref()
                .ok()
                .and_then(|answer| claims(answer)),
            took,
            published: handled.published.map(|(envelope, route)| {
                (
                    wire::type_of(&envelope.event),
                    envelope.id.to_string(),
                    route,
                )
            }),
            outcomes,
            sub: sub.and_then(|sub| Sub::new(sub).ok()),
        }
    }

    /// Whether it was handled to the end, and decided as expected where something was.
    pub fn went_well(&self) -> bool {
        let handled = self.decision != Decision::Broken;
        let published = self
            .published
            .as_ref()
            .is_none_or(|(_, _, route)| *route != Route::Unpublished);
        let expected = self
            .expected
            .is_none_or(|expected| expected == self.decision.as_str());
        handled && published && expected && self.outcomes.iter().all(recorded_well)
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "trigger_source": self.source,
            "decision": self.decision.as_str(),
            "reason": match self.decision { Decision::Refused(reason) => Some(reason.as_str()), _ => None },
            "refusal": self.refusal,
            "duration_us": u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
            "published": self.published.as_ref().map(|(kind, id, route)| json!({ "type": kind, "id": id, "route": route })),
            "outcomes": self.outcomes.iter().map(outcome_json).collect::<Vec<_>>(),
            "went_well": self.went_well(),
        })
    }
}

impl Report {
    /// Whether everything went as it should.
    pub fn went_well(&self) -> bool {
        self.acts.iter().all(Act::went_well)
    }

    /// The claims of the last token that was given.
    pub fn claims(&self) -> Option<&Value> {
        self.acts.iter().rev().find_map(|act| act.claims.as_ref())
    }

    pub fn to_json(&self) -> Value {
        let after = self.afterwards.as_ref();
        json!({
            "policy": self.policy,
            "events": self.acts.iter().map(Act::to_json).collect::<Vec<_>>(),
            "user": after.and_then(|after| after.sub.as_ref()).map(Sub::as_str),
            "profile": after.map(|after| json!(after.profile)),
            "preferences": after.map(|after| json!(after.preferences)),
            "claims": self.claims(),
            "mails": after.map(|after| json!(after.mails)),
            "bus": after.map(|after| json!(after.bus)),
            "went_well": self.went_well(),
        })
    }
}

/// The claims that an answer adds, of whichever shape it is.
fn claims(answer: &RawValue) -> Option<Value> {
    let answer: Value = serde_json::from_str(answer.get()).ok()?;
    let response = answer.get("response")?;
    let details = ["claimsAndScopeOverrideDetails", "claimsOverrideDetails"];
    details
        .iter()
        .find_map(|key| response.get(key))
        .filter(|details| !details.is_null())
        .cloned()
}

fn recorded_well(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Recorded(story) => story.effects.iter().all(|(_, fate)| match fate {
            Fate::Performed(_) | Fate::Anothers => true,
            Fate::Deferred(_) | Fate::Failed(_) => false,
        }),
        Outcome::NothingToResume => true,
        Outcome::SetAside(_) | Outcome::Again(_) => false,
    }
}

fn outcome_json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Recorded(story) => json!({
            "outcome": "recorded",
            "event": wire::TYPE_PREFIX.to_owned() + story.event,
            "id": story.id.to_string(),
            "appended": story.appended,
            "decided": story.decided.iter().map(decided_json).collect::<Vec<_>>(),
            "effects": story.effects.iter()
                .map(|(kind, fate)| json!({ "effect": kind.as_str(), "fate": fate }))
                .collect::<Vec<_>>(),
        }),
        Outcome::NothingToResume => json!({ "outcome": "nothing_to_resume" }),
        Outcome::SetAside(cause) => json!({ "outcome": "set_aside", "cause": cause }),
        Outcome::Again(again) => json!({ "outcome": "again", "cause": again.as_str() }),
    }
}

fn decided_json(decided: &DecidedEvent) -> Value {
    json!({ "type": wire::type_of(decided), "data": decided.to_data() })
}
