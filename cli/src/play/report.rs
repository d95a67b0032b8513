//! What became of what was played, as data: shown to people by `show`, to scripts as JSON.

use super::sample::{Deed, Scene};
use serde_json::{Map, Value, json, value::RawValue};
use std::path::PathBuf;
use std::time::Duration;
use usher_events::{DecidedEvent, Fact, PoolId, Sub, Time, wire};
use usher_shared::preferences::Preferences;
use usher_shared::user::Profile;
use usher_trigger::publish::Route;
use usher_trigger::{Decision, Handled};
use usher_worker::story::{Fate, Outcome};

/// One scene and what became of it.
pub struct Act {
    pub name: String,
    pub at: Option<Time>,
    pub took: Duration,
    pub did: Did,
    pub outcomes: Vec<Outcome>,
    /// The pool and the user whom it is about.
    pub who: Option<(PoolId, Sub)>,
}

/// Who acted, and what was said.
pub enum Did {
    /// The pool asked the trigger.
    Asked(Box<Asked>),
    /// An operator did something.
    Operated(Deed),
}

/// What the trigger answered and published.
pub struct Asked {
    pub source: String,
    pub decision: Decision,
    pub expected: Option<&'static str>,
    pub refusal: Option<String>,
    pub published: Option<(String, String, Route)>,
    pub claims: Option<Value>,
    /// The texts that the pool sends instead of its own.
    pub message: Option<Value>,
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
    /// What became of a question of the pool's.
    pub fn asked(scene: &Scene, event: &str, handled: Handled, took: Duration) -> Self {
        let event: Value = serde_json::from_str(event).unwrap_or_default();
        let pool = event["userPoolId"]
            .as_str()
            .and_then(|id| PoolId::new(id).ok());
        let sub = event["request"]["userAttributes"]["sub"].as_str();
        let source = event["triggerSource"].as_str().unwrap_or("(none)");
        let answer = handled.answer.as_ref().ok();
        let asked = Asked {
            source: source.chars().filter(|c| !c.is_control()).collect(),
            decision: handled.decision,
            expected: scene.expected,
            refusal: handled
                .answer
                .as_ref()
                .err()
                .map(|refusal| refusal.text().to_owned()),
            claims: answer.and_then(|answer| claims(answer)),
            message: answer.and_then(|answer| message(answer)),
            published: handled.published.map(|(envelope, route)| {
                (
                    wire::type_of(&envelope.event),
                    envelope.id.to_string(),
                    route,
                )
            }),
        };
        Self {
            name: scene.name.clone(),
            at: scene.at,
            took,
            did: Did::Asked(Box::new(asked)),
            outcomes: Vec::new(),
            who: pool.zip(sub.and_then(|sub| Sub::new(sub).ok())),
        }
    }

    /// What an operator did.
    pub fn done(scene: &Scene, deed: Deed, took: Duration) -> Self {
        Self {
            name: scene.name.clone(),
            at: scene.at,
            took,
            did: Did::Operated(deed),
            outcomes: Vec::new(),
            who: None,
        }
    }

    /// What the trigger answered, if it was asked.
    pub fn answered(&self) -> Option<&Asked> {
        match &self.did {
            Did::Asked(asked) => Some(asked),
            Did::Operated(_) => None,
        }
    }

    /// Whether it was handled to the end, and decided as expected where something was.
    pub fn went_well(&self) -> bool {
        self.answered().is_none_or(Asked::went_well) && self.outcomes.iter().all(recorded_well)
    }

    fn to_json(&self) -> Value {
        let mut told = json!({
            "name": self.name,
            "at": self.at,
            "duration_us": u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
            "outcomes": self.outcomes.iter().map(outcome_json).collect::<Vec<_>>(),
            "went_well": self.went_well(),
        });
        let more = match &self.did {
            Did::Asked(asked) => asked.to_json(),
            Did::Operated(deed) => json!({ "operator": deed.command() }),
        };
        if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
            told.extend(more);
        }
        told
    }
}

impl Asked {
    fn went_well(&self) -> bool {
        let handled = self.decision != Decision::Broken;
        let published = self
            .published
            .as_ref()
            .is_none_or(|(_, _, route)| *route != Route::Unpublished);
        let expected = self
            .expected
            .is_none_or(|expected| expected == self.decision.as_str());
        handled && published && expected
    }

    fn to_json(&self) -> Value {
        json!({
            "trigger_source": self.source,
            "decision": self.decision.as_str(),
            "reason": match self.decision { Decision::Refused(reason) => Some(reason.as_str()), _ => None },
            "refusal": self.refusal,
            "published": self.published.as_ref().map(|(kind, id, route)| json!({ "type": kind, "id": id, "route": route })),
            "message": self.message,
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
        let mut answers = self.acts.iter().rev().filter_map(Act::answered);
        answers.find_map(|answer| answer.claims.as_ref())
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

/// What an answer says that was not there before it.
fn response(answer: &RawValue) -> Option<Value> {
    let mut answer: Value = serde_json::from_str(answer.get()).ok()?;
    Some(answer.get_mut("response")?.take())
}

/// The texts that an answer sends, without those that it leaves to the pool.
fn message(answer: &RawValue) -> Option<Value> {
    let response = response(answer)?;
    let texts = ["smsMessage", "emailSubject", "emailMessage"];
    let said = texts.iter().filter_map(|key| {
        let text = response.get(key)?.as_str()?;
        Some(((*key).to_owned(), text.into()))
    });
    let said: Map<String, Value> = said.collect();
    (!said.is_empty()).then_some(Value::Object(said))
}

/// The claims that an answer adds, of whichever shape it is.
fn claims(answer: &RawValue) -> Option<Value> {
    let response = response(answer)?;
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
