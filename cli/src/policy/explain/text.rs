//! An explanation for people.

use super::report::{Afterwards, Answer, Report, error};
use anstyle::{AnsiColor, Style};
use serde_json::Value;
use std::fmt::Write;
use usher_events::{Fact, wire};
use usher_shared::policy::trace::{Question, Said, Step};
use usher_shared::user::{Status, User};
use usher_trigger::Decision;

const TITLE: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const FAINT: Style = Style::new().dimmed();

/// How wide the word is for what a rule came to.
const WORD: usize = 11;

impl Report {
    /// Everything, for a person. Rules that do not hold are left out unless they are asked for.
    pub fn to_text(&self, verbose: bool) -> String {
        let mut text = String::new();
        self.write(&mut text, verbose)
            .expect("writing to a string never fails");
        text
    }

    fn write(&self, out: &mut String, verbose: bool) -> std::fmt::Result {
        let decided = match self.decision() {
            Decision::Refused(reason) => {
                let severity = reason.severity().as_str();
                let reason = reason.as_str();
                format!("{BAD}refused{BAD:#}: {reason}, severity {severity}")
            }
            Decision::Answered => format!("{GOOD}answered{GOOD:#}"),
            Decision::Passed => format!("{GOOD}passed{GOOD:#}"),
            Decision::Unknown | Decision::Broken => "goes back unread".to_owned(),
        };
        writeln!(out, "{TITLE}{}{TITLE:#}: {decided}", self.source())?;
        let user = match (self.is_known, self.hidden) {
            (true, false) => "of a user who is recorded",
            (true, true) => "of a user who is recorded; the record hides the attributes",
            (false, _) => "of a user of whom nothing is recorded",
        };
        writeln!(out, "By {}, as of {}, {user}.", self.policy, self.now)?;
        self.write_steps(out, self.steps(), verbose)?;
        self.write_answer(out)?;
        match &self.afterwards {
            Some(after) => self.write_afterwards(out, after, verbose),
            None => writeln!(out, "\n{TITLE}Nothing is published{TITLE:#}"),
        }
    }

    fn write_steps(&self, out: &mut String, steps: &[Step], verbose: bool) -> std::fmt::Result {
        let shown = |step: &&Step| verbose || step.said != Said::Off;
        let mut last = None;
        for step in steps.iter().filter(shown) {
            if last != Some(step.question) {
                writeln!(out, "\n{TITLE}{}{TITLE:#}", heading(step.question))?;
                last = Some(step.question);
            }
            self.write_step(out, step, None)?;
        }
        Ok(())
    }

    fn write_step(
        &self,
        out: &mut String,
        step: &Step,
        question: Option<Question>,
    ) -> std::fmt::Result {
        let style = match &step.said {
            Said::Refuses(_) | Said::LeftOut => BAD,
            Said::Passes | Said::Admits | Said::Gives(_) => GOOD,
            Said::Off | Said::Nothing | Said::Suppresses => FAINT,
        };
        let word = step.said.as_str().replace('_', " ");
        write!(out, "  {style}{word:<WORD$}{style:#}")?;
        let place = match (step.key.as_deref(), self.line(step)) {
            (Some(key), Some(line)) => Some(format!("{key} (line {line})")),
            (Some(key), None) => Some(key.to_owned()),
            (None, _) => None,
        };
        let question = question.map(|question| question.as_str().replace('_', " "));
        let of = [question, step.name.clone(), place].into_iter().flatten();
        let of: Vec<String> = of.collect();
        if !of.is_empty() {
            write!(out, "{}: ", of.join(", "))?;
        }
        match &step.said {
            Said::Gives(value) => write!(out, "{value}, ")?,
            Said::Refuses(reason) => write!(out, "{}, ", reason.as_str())?,
            Said::Off
            | Said::Passes
            | Said::Admits
            | Said::Nothing
            | Said::Suppresses
            | Said::LeftOut => {}
        }
        writeln!(out, "{}", step.why)
    }

    fn write_answer(&self, out: &mut String) -> std::fmt::Result {
        let (title, json) = match self.answer() {
            Answer::AsItCame => ("Cognito gets the event as it came", None),
            Answer::Response(response) => {
                ("Cognito gets the event with this response", Some(response))
            }
            Answer::Error(text) => ("Cognito gets this error", Some(error(&text))),
        };
        writeln!(out, "\n{TITLE}{title}{TITLE:#}")?;
        json.map_or(Ok(()), |json| write_json(out, &json))
    }

    fn write_afterwards(
        &self,
        out: &mut String,
        after: &Afterwards,
        verbose: bool,
    ) -> std::fmt::Result {
        let name = wire::type_of(&after.fact.event);
        let time = after.fact.time;
        writeln!(out, "\n{TITLE}Published: {name}, as of {time}{TITLE:#}")?;
        write_json(out, &after.data())?;
        writeln!(out, "\n{TITLE}Then the worker records it{TITLE:#}")?;
        let shown = |step: &&Step| verbose || step.said != Said::Off;
        for step in after.steps.iter().filter(shown) {
            self.write_step(out, step, Some(step.question))?;
        }
        if after.steps.is_empty() {
            writeln!(out, "  {FAINT}and decides nothing from it{FAINT:#}")?;
        }
        if let Some(user) = &after.user {
            writeln!(out, "  the user is then {}", then(user))?;
        }
        if after.gives_settings {
            writeln!(out, "  the user is given settings, by [preferences]")?;
        }
        let decided = after.reaction.decided.iter().map(Fact::name);
        let told = [after.fact.event.name()].into_iter().chain(decided);
        match after.on_bus {
            true => writeln!(
                out,
                "  the bus is told {}",
                told.collect::<Vec<_>>().join(", ")
            ),
            false => writeln!(out, "  the bus is told nothing: bus.publish is false"),
        }
    }
}

fn heading(question: Question) -> &'static str {
    match question {
        Question::WayIn => "Is this way in open?",
        Question::SignUp => "May somebody sign up like this?",
        Question::Invite => "Is an invite needed, and good?",
        Question::Automatic => "What is the sign-up spared?",
        Question::Role => "Which role has the user?",
        Question::Organization => "Which organization?",
        Question::AccountType => "What kind of account?",
        Question::SignIn => "May this user sign in?",
        Question::Token => "May this user have a token?",
        Question::IdToken => "What does the ID token say?",
        Question::AccessToken => "What does the access token say?",
        Question::Groups => "What becomes of the groups?",
        Question::Message => "What does the message say?",
        Question::Sentence => "What does the user read?",
        Question::Notice => "What is there to tell of it?",
        Question::Owed => "What is owed?",
    }
}

fn then(user: &User) -> String {
    let mut said = vec![Status::of(user).as_str().to_owned()];
    if let Some((role, source)) = user.role() {
        said.push(format!("{role} by {}", source.as_str()));
    }
    if let Some(membership) = user.membership() {
        said.push(format!("of {}", membership.organization));
    }
    said.join(", ")
}

/// JSON, indented, each member in its place.
fn write_json(out: &mut String, value: &Value) -> std::fmt::Result {
    for line in format!("{value:#}").lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
