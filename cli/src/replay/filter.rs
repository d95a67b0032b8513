//! Which letters are meant. Pure.

use super::letter::{self, Letter, NO_CAUSE};
use crate::since::Since;
use crate::user;
use serde::{Deserialize, Serialize};
use usher_events::{PoolId, Sub, Time};

/// Chooses letters. What is not said is no matter.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which")]
pub struct Choice {
    /// Only this letter, by the queue's id of it; may be given more than once
    #[arg(long, value_name = "ID")]
    pub letter: Vec<String>,
    /// Only events of this type, such as signed_in, or `resume`; may be given more than once
    #[arg(long = "type", value_name = "NAME", value_parser = type_name)]
    pub types: Vec<String>,
    /// Only what is about one user, by the `sub` attribute
    #[arg(long, value_name = "SUB", value_parser = user::sub)]
    pub user: Option<Sub>,
    /// Only what is about one user pool
    #[arg(long, value_name = "ID", value_parser = user::pool_id)]
    pub pool: Option<PoolId>,
    /// Only this cause, such as bad_data or timed_out, or `none`; may be given more than once
    #[arg(long, value_name = "KIND")]
    pub cause: Vec<String>,
    /// Only what was set aside since: a length as 24h or 7d, or an instant
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// Only what was set aside before: a length as 24h or 7d, or an instant
    #[arg(long, value_name = "TIME")]
    pub until: Option<Since>,
    /// Only what was delivered at least so often; of what the queue moved by itself, looking counts too
    #[arg(long, value_name = "NUMBER")]
    pub receives: Option<u32>,
    /// Only what holds this text, as it is written there
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// The same, its lengths of time counted from an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    pub letter: Vec<String>,
    pub types: Vec<String>,
    pub user: Option<Sub>,
    pub pool: Option<PoolId>,
    pub cause: Vec<String>,
    pub since: Option<Time>,
    pub until: Option<Time>,
    pub receives: Option<u32>,
    pub text: Option<String>,
}

impl Choice {
    /// Whether nothing is said, so that all are meant.
    pub fn is_all(&self) -> bool {
        self.clone().from(Time::from_unix_millis(0)) == Filter::default()
            && self.since.is_none()
            && self.until.is_none()
    }

    /// What is meant at this instant.
    pub fn at(self, now: Time) -> Filter {
        self.from(Some(now))
    }

    fn from(self, now: Option<Time>) -> Filter {
        let before = |since: Option<Since>| Some(since?.before(now?));
        Filter {
            since: before(self.since),
            until: before(self.until),
            letter: self.letter,
            types: self.types,
            user: self.user,
            pool: self.pool,
            cause: self.cause,
            receives: self.receives,
            text: self.text,
        }
    }
}

impl Filter {
    /// Whether a letter is meant.
    pub fn wants(&self, letter: &Letter) -> bool {
        let about = &letter.about;
        let among = |wanted: &[String], it: Option<&str>| {
            wanted.is_empty() || it.is_some_and(|it| wanted.iter().any(|wanted| wanted == it))
        };
        let cause = match letter.cause_kind() {
            NO_CAUSE => "none",
            kind => kind,
        };
        let sub = about.subject.as_ref().and_then(|subject| subject.sub());
        let at = letter.at();
        among(&self.letter, Some(&letter.id))
            && among(&self.types, about.kind.as_deref())
            && among(&self.cause, Some(cause))
            && self.user.as_ref().is_none_or(|wanted| sub == Some(wanted))
            && (self.pool.as_ref()).is_none_or(|wanted| about.pool.as_ref() == Some(wanted))
            && (self.since).is_none_or(|since| at.is_some_and(|at| since <= at))
            && (self.until).is_none_or(|until| at.is_some_and(|at| at < until))
            && self.receives.is_none_or(|least| letter.receives >= least)
            && (self.text.as_ref()).is_none_or(|text| letter.body.contains(text))
    }
}

/// Reads a type's name, with or without its prefix. It need not be known here: the letter may be of a
/// newer version.
fn type_name(text: &str) -> Result<String, String> {
    letter::name(text).ok_or_else(|| "is no name of a type, such as signed_in".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_shared::port::{Cause, DeadLetter, Received};

    fn at(seconds: i64) -> Time {
        Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
    }

    fn letter(cause: Option<&str>) -> Letter {
        let body = r#"{"type":"usher.signed_in","subject":"3f0c2a1e-7b44-4c1d-9f5e-2d8a6b90c1f7","source":"eu-west-1_A","x":"y"}"#;
        DeadLetter {
            message: Received {
                id: "a".to_owned(),
                receipt: "r".to_owned(),
                body: body.to_owned(),
                receive_count: 3,
                first_received: None,
            },
            sent: Some(at(0)),
            cause: cause.map(|kind| Cause {
                kind: kind.to_owned(),
                text: String::new(),
                operation: None,
                message_id: "m".to_owned(),
                first_received: None,
                set_aside: at(100),
                receive_count: 40,
            }),
        }
        .into()
    }

    #[test]
    fn a_letter_is_meant_only_if_all_that_is_said_holds() {
        let timed_out = letter(Some("timed_out"));
        let wants = |change: fn(&mut Filter)| {
            let mut filter = Filter::default();
            change(&mut filter);
            filter.wants(&timed_out)
        };
        assert!(wants(|_| {}));
        assert!(wants(|f| f.letter = vec!["b".into(), "a".into()]));
        assert!(!wants(|f| f.letter = vec!["b".into()]));
        assert!(wants(|f| f.types = vec!["signed_in".into()]));
        assert!(!wants(|f| f.types = vec!["resume".into()]));
        assert!(wants(
            |f| f.user = Sub::new("3f0c2a1e-7b44-4c1d-9f5e-2d8a6b90c1f7").ok()
        ));
        assert!(!wants(
            |f| f.user = Sub::new("4f0c2a1e-7b44-4c1d-9f5e-2d8a6b90c1f7").ok()
        ));
        assert!(!wants(|f| f.pool = PoolId::new("eu-west-1_B").ok()));
        assert!(wants(|f| f.cause = vec!["timed_out".into()]));
        assert!(!wants(|f| f.cause = vec!["none".into()]));
        assert!(wants(|f| f.since = Some(at(100))));
        assert!(!wants(|f| f.since = Some(at(101))));
        assert!(!wants(|f| f.until = Some(at(100))));
        assert!(wants(|f| f.receives = Some(40)));
        assert!(!wants(|f| f.receives = Some(41)));
        assert!(wants(|f| f.text = Some(r#""x":"y""#.into())));
        assert!(!wants(|f| f.text = Some("z".into())));
        assert!(!wants(|f| {
            f.types = vec!["signed_in".into()];
            f.text = Some("z".into());
        }));
    }

    #[test]
    fn a_letter_that_the_queue_moved_has_no_cause_and_the_age_of_its_message() {
        let moved = letter(None);
        let none = Filter {
            cause: vec!["none".into()],
            until: Some(at(1)),
            receives: Some(3),
            ..Filter::default()
        };
        assert!(none.wants(&moved));
        assert!(!none.wants(&letter(Some("forged"))));
    }

    #[test]
    fn whether_anything_is_said_is_known() {
        assert!(Choice::default().is_all());
        let since = Some("1h".parse().unwrap());
        for said in [
            Choice {
                since,
                ..Choice::default()
            },
            Choice {
                until: since,
                ..Choice::default()
            },
            Choice {
                receives: Some(1),
                ..Choice::default()
            },
        ] {
            assert!(!said.is_all());
        }
    }
}
