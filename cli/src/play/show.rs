//! A play, for people.

use super::report::{Act, Afterwards, Asked, Did, Report};
use anstream::{eprintln, println};
use anstyle::{AnsiColor, Style};
use serde_json::Value;
use std::time::Duration;
use usher_events::{Fact, wire};
use usher_trigger::Decision;
use usher_worker::story::{Fate, Outcome};

const GOOD: Style = AnsiColor::Green.on_default();
const NO: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Prints one scene and what became of it.
pub fn act(number: usize, act: &Act) {
    let who = match &act.did {
        Did::Asked(asked) => &asked.source,
        Did::Operated(deed) => deed.command(),
    };
    let at = act.at.map(|at| format!("  {at}")).unwrap_or_default();
    println!(
        "{TITLE}{number}. {}{TITLE:#}  {FAINT}{who}{at}{FAINT:#}",
        act.name
    );
    if let Some(asked) = act.answered() {
        answer(asked, act.took);
    }
    for outcome in &act.outcomes {
        show_outcome(outcome);
    }
    if let Some(asked) = act.answered()
        && let Some(expected) = asked.expected
        && expected != asked.decision.as_str()
    {
        println!("   {BAD}this should have been {expected}{BAD:#}");
    }
    println!();
}

fn answer(asked: &Asked, took: Duration) {
    let style = match asked.decision {
        Decision::Passed | Decision::Answered | Decision::Unknown => GOOD,
        Decision::Refused(_) => NO,
        Decision::Broken => BAD,
    };
    let reason = match asked.decision {
        Decision::Refused(reason) => format!(" ({})", reason.as_str()),
        Decision::Passed | Decision::Answered | Decision::Unknown | Decision::Broken => {
            String::new()
        }
    };
    println!(
        "   decision   {style}{}{style:#}{reason} in {:.1} ms",
        asked.decision.as_str(),
        took.as_secs_f64() * 1_000.0
    );
    if let Some(text) = &asked.refusal {
        println!("   says       {text}");
    }
    for (part, text) in asked.message.iter().filter_map(Value::as_object).flatten() {
        println!(
            "   sends      {FAINT}{part}{FAINT:#} {}",
            text.as_str().unwrap_or_default()
        );
    }
    match &asked.published {
        Some((kind, id, route)) => println!(
            "   published  {kind} {FAINT}{id}{FAINT:#} to the {}",
            route.as_str()
        ),
        None => println!("   published  {FAINT}nothing{FAINT:#}"),
    }
}

fn show_outcome(outcome: &Outcome) {
    match outcome {
        Outcome::Recorded(story) => {
            let how = if story.appended {
                "appended to the log"
            } else {
                "was in the log already"
            };
            println!("   recorded   {}{} {how}", wire::TYPE_PREFIX, story.event);
            for decided in &story.decided {
                println!(
                    "   decided    {} {FAINT}{}{FAINT:#}",
                    wire::type_of(decided),
                    decided.to_data()
                );
            }
            for (kind, fate) in &story.effects {
                let (style, fate) = match fate {
                    Fate::Performed(receipt) => {
                        let receipt = receipt.as_ref().map(|receipt| format!(" as {receipt}"));
                        (GOOD, format!("performed{}", receipt.unwrap_or_default()))
                    }
                    Fate::Anothers => (GOOD, "another event's".to_owned()),
                    Fate::Deferred(why) => (NO, format!("set aside until later: {why}")),
                    Fate::Failed(why) => (BAD, format!("given up: {why}")),
                };
                println!("   effect     {} {style}{fate}{style:#}", kind.as_str());
            }
        }
        Outcome::NothingToResume => println!("   resumed    {FAINT}nothing was left{FAINT:#}"),
        Outcome::SetAside(cause) => {
            println!("   {BAD}set aside in the dead letters: {cause}{BAD:#}");
        }
        Outcome::Again(again) => println!("   {BAD}has to come again: {}{BAD:#}", again.as_str()),
    }
}

/// Prints what there is when the play is over.
pub fn afterwards(report: &Report) {
    let Some(after) = &report.afterwards else {
        return;
    };
    if let Some(sub) = &after.sub {
        println!("{TITLE}The user{TITLE:#} {sub}");
        table(&serde_json::to_value(&after.profile).unwrap_or_default());
        println!("{TITLE}The preferences{TITLE:#}");
        table(&serde_json::to_value(&after.preferences).unwrap_or_default());
    }
    if let Some(claims) = report.claims() {
        println!("{TITLE}The claims of the token{TITLE:#}");
        table(claims);
    }
    places(after);
    println!("Decided by {}.", report.policy);
    if report.went_well() {
        println!("{GOOD}Everything went as it should.{GOOD:#}");
    } else {
        eprintln!("{BAD}Not everything went as it should; see above.{BAD:#}");
    }
}

fn places(after: &Afterwards) {
    println!("{TITLE}Where things lie{TITLE:#}");
    for mail in &after.mails {
        println!("   mail       {}", mail.display());
    }
    if after.mails.is_empty() {
        println!("   mail       {FAINT}none was sent{FAINT:#}");
    }
    println!("   bus        {}", after.bus.display());
    println!();
}

fn table(value: &Value) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned);
        println!("   {key:<22} {value}");
    }
    println!();
}
