//! What is explained, as data.

use serde_json::{Map, Value, json};
use usher_events::{Envelope, Fact, LifecycleEvent, RefusalReason, Subject, Time, wire};
use usher_shared::policy::file::Lines;
use usher_shared::policy::react::Reaction;
use usher_shared::policy::trace::{Said, Step};
use usher_shared::user::{Status, User};
use usher_trigger::cognito::Source;
use usher_trigger::explained::Explained;
use usher_trigger::{Decision, Refusal};

/// One event, and what trigger and worker make of it.
pub struct Report {
    /// The policy's file.
    pub policy: String,
    /// Where its keys stand.
    pub lines: Lines,
    /// When it is.
    pub now: Time,
    /// Whether something is recorded of the user.
    pub is_known: bool,
    /// Whether the record hides who the user is.
    pub hidden: bool,
    /// What the trigger decides; `None` for an event of which it has never heard.
    pub explained: Option<Explained>,
    /// What the worker makes of what is published, if anything is.
    pub afterwards: Option<Afterwards>,
}

/// What the worker makes of an event.
pub struct Afterwards {
    /// The event, as it is recorded.
    pub fact: Envelope<LifecycleEvent>,
    /// What was asked of the policy.
    pub steps: Vec<Step>,
    /// What came of it.
    pub reaction: Reaction,
    /// The user as it is then; `None` where there is none yet.
    pub user: Option<User>,
    /// Whether the user is given settings.
    pub gives_settings: bool,
    /// Whether the bus is told.
    pub on_bus: bool,
}

/// What Cognito gets.
pub enum Answer {
    /// The event as it came.
    AsItCame,
    /// The event with this `response`.
    Response(Value),
    /// An error of this text.
    Error(String),
}

impl Report {
    /// What was decided.
    pub fn decision(&self) -> Decision {
        let Some(explained) = &self.explained else {
            return Decision::Unknown;
        };
        match (&explained.verdict.answer, explained.verdict.reason) {
            (Err(_), Some(reason)) => Decision::Refused(reason),
            (Ok(Some(_)), _) => Decision::Answered,
            (Ok(None) | Err(_), _) => Decision::Passed,
        }
    }

    /// The name of the trigger source.
    pub fn source(&self) -> &'static str {
        let source = self.explained.as_ref().map(|explained| explained.source);
        source.map_or("An unknown trigger source", Source::as_str)
    }

    /// What Cognito gets. Of an event that goes back as it came nothing is shown: it may hold secrets.
    pub fn answer(&self) -> Answer {
        let answer = self
            .explained
            .as_ref()
            .map(|explained| &explained.verdict.answer);
        match answer {
            None | Some(Ok(None)) => Answer::AsItCame,
            Some(Ok(Some(event))) => {
                let event: Value = serde_json::from_str(event.get()).unwrap_or_default();
                Answer::Response(event["response"].clone())
            }
            Some(Err(refusal)) => Answer::Error(refusal.text().to_owned()),
        }
    }

    /// The line on which a step's key stands.
    pub fn line(&self, step: &Step) -> Option<usize> {
        self.lines.get(step.key.as_deref()?)
    }

    /// What the trigger asked of the policy.
    pub fn steps(&self) -> &[Step] {
        let explained = self.explained.as_ref();
        explained.map_or(&[], |explained| explained.steps.as_slice())
    }

    /// Everything, for a script.
    pub fn to_json(&self) -> Value {
        let decision = self.decision();
        let reason = match decision {
            Decision::Refused(reason) => Some(reason),
            Decision::Passed | Decision::Answered | Decision::Unknown | Decision::Broken => None,
        };
        let explained = self.explained.as_ref();
        json!({
            "source": explained.map(|explained| explained.source.as_str()),
            "pool": explained.map(|explained| explained.pool.as_str()),
            "at": self.now,
            "policy": self.policy,
            "user_is_known": self.is_known,
            "decision": decision.as_str(),
            "reason": reason.map(RefusalReason::as_str),
            "severity": reason.map(|reason| reason.severity().as_str()),
            "steps": self.steps().iter().map(|step| self.step(step)).collect::<Vec<_>>(),
            "answer": match self.answer() {
                Answer::AsItCame => json!({ "as_it_came": true }),
                Answer::Response(response) => json!({ "response": response }),
                Answer::Error(text) => error(&text),
            },
            "published": self.afterwards.as_ref().map(Afterwards::published),
            "worker": self.afterwards.as_ref().map(|after| self.worker(after)),
        })
    }

    fn step(&self, step: &Step) -> Value {
        let mut told = Map::new();
        let mut tell = |key: &str, value: Value| {
            if !value.is_null() {
                told.insert(key.to_owned(), value);
            }
        };
        tell("question", step.question.as_str().into());
        tell("name", json!(step.name));
        tell("key", json!(step.key));
        tell("line", json!(self.line(step)));
        tell("said", step.said.as_str().into());
        match &step.said {
            Said::Gives(value) => tell("value", value.clone()),
            Said::Refuses(reason) => tell("reason", reason.as_str().into()),
            Said::Off
            | Said::Passes
            | Said::Admits
            | Said::Nothing
            | Said::Suppresses
            | Said::LeftOut => {}
        }
        tell("why", step.why.as_str().into());
        Value::Object(told)
    }

    fn worker(&self, after: &Afterwards) -> Value {
        let decided = after.reaction.decided.iter();
        let decided =
            decided.map(|decided| json!({ "type": decided.name(), "data": decided.to_data() }));
        let owes = after.reaction.owes.iter().map(|kind| kind.as_str());
        let later = after.reaction.owes_later.iter();
        let later = later.map(
            |(kind, after)| json!({ "effect": kind.as_str(), "after_min": after.as_secs() / 60 }),
        );
        json!({
            "steps": after.steps.iter().map(|step| self.step(step)).collect::<Vec<_>>(),
            "decided": decided.collect::<Vec<_>>(),
            "owes": owes.collect::<Vec<_>>(),
            "owes_later": later.collect::<Vec<_>>(),
            "gives_settings": after.gives_settings,
            "tells_the_bus": after.on_bus,
            "user": after.user.as_ref().map(user),
        })
    }
}

impl Afterwards {
    /// What is published, without the digests that stand for names.
    fn published(&self) -> Value {
        let sub = match &self.fact.subject {
            Subject::User(sub) => Some(sub.as_str()),
            Subject::SignUp(_) => None,
        };
        json!({
            "type": wire::type_of(&self.fact.event),
            "sub": sub,
            "time": self.fact.time,
            "data": self.data(),
        })
    }

    /// The event's own values, without digests, which another secret would make others.
    pub fn data(&self) -> Value {
        let mut data = self.fact.event.to_data();
        if let Some(data) = data.as_object_mut() {
            data.shift_remove("sign_up");
            data.shift_remove("invite");
        }
        data
    }
}

/// What Lambda says of a refusal.
pub fn error(text: &str) -> Value {
    json!({ "errorType": Refusal::ERROR_TYPE, "errorMessage": text })
}

fn user(user: &User) -> Value {
    let role = user.role();
    json!({
        "status": Status::of(user).as_str(),
        "role": role.map(|(role, _)| role.as_str()),
        "role_source": role.map(|(_, source)| source.as_str()),
        "organization": user.membership().map(|membership| membership.organization.as_str()),
        "account_type": user.account_type().map(ToString::to_string),
    })
}
