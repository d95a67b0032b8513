//! `usher replay`: what stayed behind in the dead letters is listed, judged, mended and brought back.

mod at;
mod edit;
mod export;
mod filter;
mod from_log;
mod held;
mod journal;
mod judge;
mod letter;
mod list;
mod mark;
mod pass;
mod plan;
mod purge;
mod report;
mod run;
mod show;
mod standing;
mod tally;

use crate::pace::Pace;
use crate::place::Replayable;
use anyhow::{Context, bail};
use at::{At, STAYS, looked};
use clap::Subcommand;
use edit::Edit;
use filter::Choice;
use from_log::FromLog;
use journal::{Journal, Scope};
use judge::Judge;
use plan::{Header, Plan, Writing};
use report::{End, Report};
use run::{Ran, Run};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::process::ExitCode;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::EffectKind;
use usher_shared::digest::{name_of, sha_256};

/// The exit status of a command that contradicts itself; clap's own.
const NOT_UNDERSTOOD: u8 = 2;

/// Brings dead letters back to the work queue
///
/// Each letter is read and lifted to the current version of its event. What a worker can do is sent to the
/// work queue and then deleted; what the log has, with everything that it owes closed and its user folded,
/// is only deleted; what cannot be read stays. Nothing is changed unless --confirm is given: without, it
/// says what would become of the letters, by cause. The letters are hidden from other readers while it
/// looks at them, and shown again at the end.
///
/// An edit is a JSON Patch (RFC 6902) on every letter that is chosen, or another text for one of them. What
/// a letter said before and after is recorded in the log before it is sent, sealed with its user's key.
///
/// A letter is sent first and deleted after. A run that ends at any point loses none, and the same command
/// goes on where it was; what is then sent twice the worker knows by its id.
///
/// With --from-log it looks at no letters, but at the effects that the log says were given up: mails and
/// publications. They are chosen by kind, by cause and by when they were given up, shown by kind and cause,
/// and with --confirm owed again, due at once and with their whole age before them; the sweep sends them to
/// workers. What others got on with meanwhile is left, so nothing is sent twice, and after an interruption
/// the same command goes on with what is still given up.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  usher replay\n  \
    usher replay list --cause bad_data\n  \
    usher replay --aws --cause timed_out --plan monday.plan\n  \
    usher replay --aws --plan monday.plan --rate 50 --confirm\n  \
    usher replay --cause bad_data --type signed_in --edit patch.json --confirm\n  \
    usher replay --from-log --effect welcome_mail --cause rejected --since 7d --rate 5 --confirm\n  \
    usher replay export --out letters.ndjson && usher replay purge --exported letters.ndjson --confirm\n\n\
    With --aws, USHER_DEAD_LETTER_URL, USHER_QUEUE_URL and USHER_TABLE name the deployment's queues and\n\
    table; AWS_ENDPOINT_URL names another server than AWS. With --from-log, USHER_TABLE is enough.\n\n\
    Of what --from-log owes again, a mail that timed out may have gone when it was tried; a welcome goes\n\
    only if no other event of its user has claimed it; and a notice of a suspension or a publication\n\
    is given up again if the policy no longer wants it. What the mail service accepted is done.\n\n\
    Exit status: 0 all that was chosen is done, or would be; 3 some of it stays, and is counted by why;\n\
    1 something failed or was interrupted; 2 the command was not understood."
)]
pub struct Replay {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Owes again what the log says was given up, instead of looking at letters
    #[arg(long, conflicts_with_all = [
        "edit", "body", "plan", "stop_after", "state", "fresh", "hold", "letter", "receives", "text",
    ])]
    from_log: bool,
    /// Changes each letter that is chosen by this JSON Patch (RFC 6902), and records that
    #[arg(long, value_name = "FILE", conflicts_with = "body")]
    edit: Option<PathBuf>,
    /// Replaces the text of the one letter that --letter names by this file's, and records that
    #[arg(long, value_name = "FILE", requires = "letter")]
    body: Option<PathBuf>,
    /// Writes what would become of each letter there, for review; with --confirm, does what it says
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Sends and deletes
    #[arg(long)]
    confirm: bool,
    /// At most so many letters a second, or effects with --from-log [default: as fast as it goes]
    #[arg(long, value_name = "LETTERS")]
    rate: Option<NonZeroU32>,
    /// Stops after so many that could not be sent, or came back while it ran
    #[arg(
        long,
        value_name = "LETTERS",
        default_value = "10",
        requires = "confirm"
    )]
    stop_after: NonZeroU64,
    /// Where to remember how far it is [default: a file in the directory of --dir]
    #[arg(long, value_name = "FILE", requires = "confirm")]
    state: Option<PathBuf>,
    /// Begins anew, whatever was interrupted
    #[arg(long, requires = "confirm")]
    fresh: bool,
    #[command(flatten)]
    at: At,
    /// Prints one JSON object instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    choice: Choice,
    /// With --from-log, only this kind of effect, such as welcome_mail; may be given more than once
    #[arg(
        long, value_name = "NAME", requires = "from_log", value_parser = from_log::effect,
        help_heading = "Which"
    )]
    effect: Vec<EffectKind>,
}

/// Other things that can be done with dead letters.
#[derive(Subcommand)]
enum Verb {
    List(Box<list::List>),
    Show(Box<show::Show>),
    Export(Box<export::Export>),
    Purge(Box<purge::Purge>),
}

impl Replay {
    /// Does what is asked.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Some(Verb::List(list)) => list.run().await,
            Some(Verb::Show(show)) => show.run().await,
            Some(Verb::Export(export)) => export.run().await,
            Some(Verb::Purge(purge)) => purge.run().await,
            None if self.from_log => Box::pin(self.owe_again().run()).await,
            None => Box::pin(self.replay()).await,
        }
    }

    fn owe_again(self) -> FromLog {
        let (choice, at) = (self.choice, self.at);
        FromLog {
            effects: self.effect,
            causes: choice.cause,
            types: choice.types,
            user: choice.user,
            pool: choice.pool,
            since: choice.since,
            until: choice.until,
            rate: self.rate,
            policy: at.policy,
            place: at.place,
            confirm: self.confirm,
            json: self.json,
        }
    }

    async fn replay(self) -> anyhow::Result<ExitCode> {
        if let Some(misused) = self.misused() {
            anstream::eprintln!("usher: {misused}");
            return Ok(ExitCode::from(NOT_UNDERSTOOD));
        }
        let (policy, _) = crate::policy_file::read(self.at.policy.as_deref())?;
        let edit = self.edit()?;
        let plan = self.planned()?;
        let opened = self.at.place.open_to_replay(&policy).await;
        let opened = opened.context("nothing can be replayed")?;
        let (json, confirmed, written) = (self.json, self.confirm, self.plan.clone());
        let done = self.go(&opened, edit, plan).await;
        opened.close().await;
        let (ran, resumed) = done?;
        let report = Report {
            tally: &ran.tally,
            confirmed,
            resumed,
            end: ran.end,
            unresolved: ran.unresolved,
            plan: written.as_deref(),
        };
        if json {
            anstream::println!("{}", report.json());
        } else {
            for line in report.text() {
                anstream::println!("{line}");
            }
        }
        if let Some(error) = ran.error {
            return Err(error);
        }
        Ok(match ran.end {
            End::Interrupted | End::Broken => ExitCode::from(1),
            End::Failures | End::Hidden { .. } | End::Unseen { .. } => ExitCode::from(STAYS),
            End::Whole if ran.tally.stay() > 0 => ExitCode::from(STAYS),
            End::Whole => ExitCode::SUCCESS,
        })
    }

    async fn go(
        self,
        opened: &Replayable,
        edit: Option<Edit>,
        plan: Option<Plan>,
    ) -> anyhow::Result<(Ran, bool)> {
        let queue = &opened.letters.name;
        if let Some(plan) = &plan
            && plan.header.queue != *queue
        {
            let about = &plan.header.queue;
            bail!("the plan is about {about}, and this is {queue}");
        }
        // Whoever has the queue has the notes as well.
        let (mut pass, bar) = self.at.pass(&opened.letters).await?;
        let journal = self.journal(queue, edit.as_ref(), plan.as_ref())?;
        if journal.resumed {
            pass.be_patient();
        }
        let (filter, edit, writing) = match (&plan, &self.plan) {
            (Some(plan), _) => (plan.header.filter.clone(), plan.header.edit.clone(), None),
            (None, path) => {
                let filter = self.choice.at(journal.began());
                let header = Header::new(WallClock.now(), queue, &filter, edit.as_ref());
                let writing = path.as_ref().map(|path| Writing::begin(path, &header));
                (filter, edit, writing.transpose()?)
            }
        };
        let resumed = journal.resumed;
        let run = Run {
            pass,
            judge: Judge {
                store: &opened.table,
                filter,
                edit,
                plan,
            },
            queue: opened.queue.as_ref(),
            writing,
            confirmed: self.confirm,
            pace: Pace::new(self.rate.filter(|_| self.confirm)),
            stop_after: self.confirm.then_some(self.stop_after),
            journal,
            bar: bar.clone(),
        };
        let ran = run.all().await;
        bar.finish_and_clear();
        Ok((ran, resumed))
    }

    /// The notes of an earlier run of the same, or new ones.
    fn journal(
        &self,
        queue: &str,
        edit: Option<&Edit>,
        plan: Option<&Plan>,
    ) -> anyhow::Result<Journal> {
        let file = self.confirm.then(|| {
            let name = format!("replay-{}.json", name_of(queue));
            let named = self.state.clone();
            named.unwrap_or_else(|| self.at.place.directory().join(name))
        });
        let plan = plan.map(|plan| (&plan.header, plan.digest()));
        let asked = format!("{:?} {edit:?} {plan:?}", self.choice);
        let scope = Scope {
            queue: queue.to_owned(),
            asked: sha_256(&asked),
        };
        Journal::open(file, scope, WallClock.now(), self.fresh)
    }

    /// What contradicts itself, as far as clap does not know it.
    fn misused(&self) -> Option<&'static str> {
        if self.body.is_some() && self.choice.letter.len() != 1 {
            return Some("--body replaces the text of one letter; name it with --letter, once");
        }
        if self.edit.is_some() && self.choice.is_all() {
            return Some(
                "--edit changes each letter that is chosen; choose with --letter, --cause, --type or \
                 another of those",
            );
        }
        let is_edit = self.edit.is_some() || self.body.is_some();
        let more = is_edit || !self.choice.is_all();
        (self.plan.is_some() && self.confirm && more).then_some(
            "a plan says which letters and what to do; give --plan and --confirm alone, or make \
             another plan",
        )
    }

    fn edit(&self) -> anyhow::Result<Option<Edit>> {
        if let Some(file) = &self.body {
            return Edit::read_text(file).map(Some);
        }
        self.edit.as_deref().map(Edit::read_patch).transpose()
    }

    /// The plan that is to be done, if one is.
    fn planned(&self) -> anyhow::Result<Option<Plan>> {
        let plan = self.plan.as_deref().filter(|_| self.confirm);
        plan.map(Plan::read).transpose()
    }
}
