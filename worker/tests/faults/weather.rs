//! What the networks in front of the servers do to calls: microburst's rules, drawn from the seed.

use crate::http;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use usher_shared::testkit::draw::Draw;

/// Microburst in front of DynamoDB, and in front of SQS, EventBridge and SES.
pub struct Weather {
    pub dynamodb: String,
    pub aws: String,
}

/// What is done to mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// The mail service refuses some before it has them: what was not heard was not sent.
    Refused,
    /// It takes some, and its answer is lost.
    AnswersLost,
}

impl Weather {
    /// Every kind of fault on every service, each as often as drawn.
    pub async fn storm(&self, draw: &mut Draw, post: Post) {
        let mut often = |least: usize| (least + draw.below(5)) as f64 / 100.0;
        let mut rules = faults(
            "dynamodb",
            ("ProvisionedThroughputExceededException", 400),
            &mut often,
        );
        rules.push(json!({"service": "dynamodb", "probability": often(1),
            "error": {"code": "TransactionConflictException", "status": 400}}));
        self.set(&self.dynamodb, &rules).await;

        let mut rules = faults("sqs", ("RequestThrottled", 403), &mut often);
        rules.extend(faults("events", ("ThrottlingException", 400), &mut often));
        rules.extend(match post {
            Post::Refused => [
                error("ses", "TooManyRequestsException", 429, often(10)),
                error("ses", "InternalServiceErrorException", 500, often(5)),
            ],
            Post::AnswersLost => [
                error("ses", "TooManyRequestsException", 429, often(5)),
                lost("ses", 0.4),
            ],
        });
        self.set(&self.aws, &rules).await;
    }

    /// Mail service and bus are down: every call fails, in one way or another.
    pub async fn outage(&self) {
        let down = |service: &str| {
            [
                json!({"service": service, "probability": 0.3, "reset": true}),
                error(service, "ServiceUnavailable", 503, 1.0),
            ]
        };
        let rules = [down("ses"), down("events")].concat();
        self.set(&self.aws, &rules).await;
    }

    /// Everything goes through.
    pub async fn clear(&self) {
        self.set(&self.dynamodb, &[]).await;
        self.set(&self.aws, &[]).await;
    }

    async fn set(&self, origin: &str, rules: &[Value]) {
        let body = Value::from(rules).to_string();
        http::call("POST", origin, "/_microburst/rules", &body).await;
    }

    /// How often each fault was met, by service and kind: `("ses", "response:abort")`.
    pub async fn met(&self) -> BTreeMap<(String, String), u64> {
        let mut met = BTreeMap::new();
        for origin in [&self.dynamodb, &self.aws] {
            let text = http::call("GET", origin, "/_microburst/metrics", "").await;
            for line in text.lines() {
                let Some(rest) = line.strip_prefix("microburst_faults_total{") else {
                    continue;
                };
                let (labels, times) = rest.rsplit_once("} ").unwrap();
                let label = |name: &str| {
                    let (_, rest) = labels.split_once(&format!("{name}=\"")).unwrap();
                    rest.split_once('"').unwrap().0.to_owned()
                };
                // A latency says how long it was.
                let action = label("action");
                let action = action
                    .strip_prefix("latency:")
                    .map_or(action.clone(), |_| "latency".to_owned());
                *met.entry((label("service"), action)).or_default() +=
                    times.parse::<u64>().unwrap();
            }
        }
        met
    }
}

/// Throttling, a broken service, a lost connection, a slow answer, and answers that are lost whole or
/// in part after the call was carried out.
fn faults(
    service: &str,
    throttled: (&str, u16),
    often: &mut impl FnMut(usize) -> f64,
) -> Vec<Value> {
    vec![
        error(service, throttled.0, throttled.1, often(2)),
        error(service, "InternalServerError", 500, often(1)),
        json!({"service": service, "probability": often(1), "reset": true}),
        lost(service, often(2)),
        json!({"service": service, "probability": often(1), "response": {"truncate_frac": 0.5}}),
        json!({"service": service, "probability": often(3), "latency": {"min": 20, "max": 300}}),
    ]
}

fn error(service: &str, code: &str, status: u16, probability: f64) -> Value {
    json!({"service": service, "probability": probability,
        "error": {"code": code, "status": status}})
}

fn lost(service: &str, probability: f64) -> Value {
    json!({"service": service, "probability": probability, "response": {"abort_frac": 0}})
}
