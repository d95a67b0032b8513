use super::local::Local;
use crate::export::filter::{Filter, type_name};
use crate::export::lines::{Keys, Line, lines};
use crate::place::{OpenedFeed, Place};
use crate::since::Since;
use crate::user;
use anyhow::{Context, bail};
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use usher_events::{PoolId, Sub, Subject, Time};
use usher_shared::clock::{self, Clock, WallClock};
use usher_shared::disposition::Disposition;
use usher_shared::dynamodb::Table;
use usher_shared::port::{Fault, Fed, Turn};
use usher_shared::seal::{self, SealedCommit};

/// The exit status where something was left out or may be missing.
const LEFT_OUT: u8 = 3;
/// How long after a failure the log is read again.
const AGAIN: Duration = Duration::from_secs(2);
/// How long a stream keeps what it has shown.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Follows new events as they come, until Ctrl-C
///
/// To a terminal each event is a line to read: when it was recorded, its type and whose it is; what the
/// policy decided from it follows. Elsewhere, and with --json, it is a CloudEvent, one JSON object a
/// line, as `usher export` writes it. What says who a user is is left out, unless it is asked for with
/// --include-person.
///
/// With --aws it reads the table's DynamoDB stream, which has to be switched on (NEW_IMAGE). A stream
/// keeps a day, and no more than two should read it at once, everything else that does included: more
/// are throttled. On this machine it reads the log again and again while `usher local` runs: each second
/// where there is little of it.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher log tail\n  usher log tail --aws --since 10m --type sign_in_refused\n  \
    usher log tail --aws --json | jq 'select(.type == \"usher.user_suspended\")'\n\n\
    Events of one user come in the order in which they were recorded, of several in about that.\n\n\
    Exit status: 0 it was ended by Ctrl-C, or nobody reads on; 3 the same, and a commit that could not\n\
    be read was left out, or something may be missing, which was said; 1 something failed; 2 the\n\
    command was not understood."
)]
pub struct Tail {
    /// Only events of this type, such as signed_in; may be given more than once
    #[arg(long = "type", value_name = "NAME", value_parser = type_name)]
    types: Vec<String>,
    /// Only events of one user, by the `sub` attribute
    #[arg(long, value_name = "SUB", value_parser = user::sub)]
    user: Option<Sub>,
    /// Only events of one user pool
    #[arg(long, value_name = "ID", value_parser = user::pool_id)]
    pool: Option<PoolId>,
    /// Begins with what was recorded since: a length as 10m or 2h, or an instant; on AWS of the last day
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Shows what says who the users are as well, as JSON
    #[arg(long)]
    include_person: bool,
    #[command(flatten)]
    place: Place,
    /// Prints JSON to a terminal, too
    #[arg(long)]
    json: bool,
}

/// Whoever is shown what comes.
struct Shown {
    filter: Filter,
    include_person: bool,
    as_json: bool,
    keys: Keys,
    /// Where the keys are, on AWS.
    table: Option<Table>,
    /// And on this machine.
    local: Local,
    out: BufWriter<std::io::Stdout>,
    left_out: bool,
}

impl Tail {
    /// Follows the log.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let now = WallClock.now();
        let since = self.since.map(|since| since.before(now));
        if self.place.is_aws() && since.is_some_and(|since| age(since, now) > KEPT) {
            bail!("a stream keeps one day; `usher export --since` has what is older");
        }
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let opened = self.place.open_feed(now, since).await;
        let opened = opened.context("nothing can be followed")?;
        let mut shown = Shown {
            filter: Filter {
                types: self.types,
                pool: self.pool,
                user: self.user,
                since: None,
                until: None,
            },
            include_person: self.include_person,
            as_json: self.json || self.include_person || !std::io::stdout().is_terminal(),
            keys: Keys::default(),
            table: opened.table.clone(),
            local: Local::new(self.place.directory()),
            out: BufWriter::new(std::io::stdout()),
            left_out: false,
        };
        anstream::eprintln!("Following {}; Ctrl-C ends it.", opened.name);
        let ended = tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            ended = shown.follow(opened) => ended,
        };
        match ended {
            // Whoever reads it has read enough.
            Err(error) if is_broken_pipe(&error) => {}
            ended => ended?,
        }
        Ok(match shown.left_out {
            false => ExitCode::SUCCESS,
            true => ExitCode::from(LEFT_OUT),
        })
    }
}

impl Shown {
    /// Shows what comes, for ever.
    async fn follow(&mut self, opened: OpenedFeed) -> anyhow::Result<()> {
        let OpenedFeed { name, mut feed, .. } = opened;
        let mut is_cut_off = false;
        loop {
            let Turn { fed, wait } = match feed.next().await {
                Ok(turn) => turn,
                Err(fault) if fault.disposition() == Disposition::Retry => {
                    if !is_cut_off {
                        anstream::eprintln!("{}", self.cut_off(&name, fault));
                    }
                    is_cut_off = true;
                    clock::sleep(AGAIN).await;
                    continue;
                }
                Err(fault) => {
                    return Err(fault).with_context(|| format!("{name} cannot be followed"));
                }
            };
            if is_cut_off {
                anstream::eprintln!("It goes on.");
            }
            is_cut_off = false;
            for one in fed {
                self.show(one, &name).await?;
            }
            self.out.flush()?;
            clock::sleep(wait).await;
        }
    }

    fn cut_off(&self, name: &str, fault: Fault) -> String {
        match &self.table {
            Some(_) => format!("{name} cannot be read just now ({fault}); it is tried again."),
            None => format!("Nobody serves {name} just now; it goes on when `usher local` does."),
        }
    }

    async fn show(&mut self, fed: Fed, name: &str) -> anyhow::Result<()> {
        match fed {
            Fed::Commit(commit) => return self.show_commit(&commit).await,
            Fed::Unreadable(commit) => {
                anstream::eprintln!("{commit} cannot be read; it is left out.");
            }
            Fed::Gap => anstream::eprintln!(
                "Something may be missing here: it was forgotten before it was read. `usher export \
                 --since` has it."
            ),
            Fed::Ended => bail!("the stream of {name} was switched off"),
        }
        self.left_out = true;
        Ok(())
    }

    async fn show_commit(&mut self, sealed: &SealedCommit) -> anyhow::Result<()> {
        if !self.filter.wants(sealed) {
            return Ok(());
        }
        let opened = if self.include_person {
            let table = self.table.clone().or_else(|| self.local.table());
            let table = table.context("nobody serves the users' keys just now")?;
            self.keys.open(&table, sealed).await?
        } else {
            seal::open_without_person(sealed)
        };
        let commit = match opened {
            Ok(commit) => commit,
            Err(error) => {
                self.left_out = true;
                anstream::eprintln!("{error}; it is left out.");
                return Ok(());
            }
        };
        for line in lines(&commit, &self.filter, self.include_person) {
            match self.as_json {
                true => writeln!(self.out, "{}", line.json)?,
                false => {
                    let subject = &commit.envelope.subject;
                    writeln!(self.out, "{}", text(commit.recorded_at, &line, subject))?;
                }
            }
        }
        Ok(())
    }
}

/// An event as a line to read.
fn text(at: Time, line: &Line, subject: &Subject) -> String {
    let mark = if line.is_decided { "↳ " } else { "" };
    let name = format!("{mark}{}", line.name);
    format!("{at}  {name:<24}  {subject}")
}

fn age(then: Time, now: Time) -> Duration {
    let age = now.unix_millis().saturating_sub(then.unix_millis());
    Duration::from_millis(u64::try_from(age).unwrap_or(0))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let of = error.downcast_ref::<std::io::Error>();
    of.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_what_and_whose() {
        let at = "2026-03-01T12:00:00Z".parse().unwrap();
        let subject = Subject::User(Sub::new("3f0c").unwrap());
        let line = |name, is_decided| Line {
            name,
            is_decided,
            json: String::new(),
        };
        assert_eq!(
            text(at, &line("sign_up_confirmed", false), &subject),
            "2026-03-01T12:00:00.000Z  sign_up_confirmed         3f0c"
        );
        assert_eq!(
            text(at, &line("role_assigned", true), &subject),
            "2026-03-01T12:00:00.000Z  ↳ role_assigned           3f0c"
        );
    }
}
