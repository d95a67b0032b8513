use super::find::{Who, find};
use super::pool::look;
use super::record::{InPool, Record};
use super::story::Past;
use super::{About, TRIES, deadline, print_json};
use anyhow::{Context, anyhow};
use serde::Serialize;
use std::process::ExitCode;
use usher_events::{PersonRevealed, PoolId, RoleSource, Sub, Subject, Time};
use usher_shared::chance;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::Commit;
use usher_shared::dynamodb::Table;
use usher_shared::operator::Act;
use usher_shared::policy::Policy;
use usher_shared::port::{Fault, Loaded, Log, PoolUser, Store};
use usher_shared::retry::retry;
use usher_shared::seal::{self, UserKey};
use usher_shared::timeline::Keeps;
use usher_shared::user::{Status, User};

/// Shows what is known of a user, and how it came to be so
///
/// It is the fold as it is now: status, role and who gave it, organization, kind of account, and
/// times. With --timeline it is the story behind it, from the log: each event, what the policy decided
/// from it, what that changed, and what became of the mails and publications that it owed; with --as-of
/// only what had arrived by then. What says who the user is stays hidden, unless it is asked for with
/// --reveal, and that is itself recorded. With --aws, and a pool that USHER_POOL or --pool names, it
/// also says whether the user is enabled there. The JSON form says what each source has said as well;
/// `usher policy explain --user` reads it.
///
/// The user is named by sub, or found by e-mail or user name. With --aws the pool is asked who that is.
/// Without, and with --in-table, the whole table is read for an e-mail, as it is recorded now; user names
/// are in the pool alone. Several users may have one e-mail: then they are listed, and one of their subs
/// has to be given.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher user show 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e\n  \
    usher user show 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e --json | jq .role\n  \
    usher user show ada@acme.example --aws\n  \
    usher user show 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e --timeline --as-of 2026-03-01T12:00:00Z\n\n\
    Exit status: 0 the user is shown, 1 there is none, or not one alone, or something failed."
)]
pub struct Show {
    /// The user, by sub, e-mail or user name
    #[arg(value_name = "USER")]
    who: Who,
    #[command(flatten)]
    about: About,
    /// Looks for an e-mail in the table, which is read whole, and not in the pool: for a user who is
    /// gone from there
    #[arg(long)]
    in_table: bool,
    /// Shows personal values as well, which is recorded
    #[arg(long)]
    reveal: bool,
    /// Shows each event, what was decided from it, and what became of what it owed
    #[arg(long)]
    timeline: bool,
    /// Shows the user as everything tells that was recorded by this instant
    #[arg(long, value_name = "TIME", value_parser = instant)]
    as_of: Option<Time>,
}

/// How many commits are read at a time.
const PIECE: u32 = 200;

/// What is shown of a user.
struct Seen {
    user: User,
    story: Option<Past>,
}

/// The JSON form of a story.
#[derive(Serialize)]
struct Story<'a> {
    user: &'a Record,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Time>,
    timeline: &'a Past,
}

impl Show {
    /// Shows the user.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, policy) = self.about.open().await?;
        let asked = self.about.pool_of(&opened);
        let sub = match find(&self.who, &opened, asked, self.in_table).await {
            Ok(sub) => sub,
            Err(error) => {
                opened.close().await;
                return Err(error);
            }
        };
        let seen = self.look(&opened.table, &policy, &sub).await;
        // Who is enabled in the pool now says nothing of another day.
        let in_pool = match asked.filter(|_| self.as_of.is_none()) {
            Some((pools, id)) => Some((
                id.clone(),
                look(pools.service.as_ref(), id, &sub, deadline()).await,
            )),
            None => None,
        };
        opened.close().await;
        let Some(Seen { user, story }) = seen? else {
            let by = self.as_of.map(|at| format!(" by {at}")).unwrap_or_default();
            anstream::eprintln!("Nothing is known of {sub}{by}.");
            return Ok(ExitCode::from(1));
        };
        let mut shown = Record::of(&sub, &user, self.reveal);
        let mut unasked = None;
        match in_pool {
            Some((pool, Ok(user))) => shown.in_pool = Some(InPool::of(pool, user)),
            Some((pool, Err(fault))) => unasked = Some((pool, fault)),
            None => {}
        }
        match (&story, self.about.json) {
            (None, true) => print_json(&shown)?,
            (Some(timeline), true) => print_json(&Story {
                user: &shown,
                as_of: self.as_of,
                timeline,
            })?,
            (story, false) => {
                for (name, value) in shown.lines() {
                    anstream::println!("{name:<17}{value}");
                }
                for told in story.iter().flat_map(Past::told) {
                    anstream::println!("\n{}", told.text());
                }
            }
        }
        if let Some((pool, fault)) = unasked {
            anstream::eprintln!("{pool} cannot be asked ({fault}).");
            return Ok(ExitCode::from(1));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Reads what is to be shown, and records first that it is, where it says who the user is.
    async fn look(
        &self,
        table: &Table,
        policy: &Policy,
        sub: &Sub,
    ) -> anyhow::Result<Option<Seen>> {
        let deadline = deadline();
        let load = || table.load(sub);
        let Loaded { user, key } = retry(&TRIES, deadline, Fault::disposition, load).await?;
        let seen = if self.timeline || self.as_of.is_some() {
            let keeps = match policy.profile.create {
                true => Keeps::Profiles,
                false => Keeps::Rights,
            };
            let past = Past {
                commits: self.commits(table, sub, key.as_ref()).await?,
                keeps,
                reveal: self.reveal,
            };
            past.user().map(|user| Seen {
                user,
                story: self.timeline.then_some(past),
            })
        } else {
            user.map(|item| Seen {
                user: item.user,
                story: None,
            })
        };
        if seen.is_some() && self.reveal {
            self.record(table, policy, sub).await?;
        }
        Ok(seen)
    }

    /// Reads what is to be told: a piece at a time, because a commit takes more memory as it is stored.
    async fn commits(
        &self,
        table: &Table,
        sub: &Sub,
        key: Option<&UserKey>,
    ) -> anyhow::Result<Vec<Commit>> {
        const UNREADABLE: &str = "the log of this user cannot be read whole";
        let (subject, mut commits, mut next) = (Subject::User(sub.clone()), Vec::new(), None);
        loop {
            let read = || table.read_stream(&subject, next.as_ref(), PIECE);
            let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            for sealed in page.commits {
                let sealed = sealed.map_err(|name| anyhow!("{name} cannot be read"));
                let sealed = sealed.context(UNREADABLE)?;
                if self.as_of.is_none_or(|at| sealed.recorded_at <= at) {
                    commits.push(seal::open(&sealed, key).context(UNREADABLE)?);
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(commits);
            }
        }
    }

    /// Records that personal values are shown. Nothing is shown of which that cannot be recorded.
    async fn record(&self, table: &Table, policy: &Policy, sub: &Sub) -> anyhow::Result<()> {
        let deadline = deadline();
        let subject = Subject::User(sub.clone());
        // The pool stands in each commit, so that one is enough.
        let read = || table.read_stream(&subject, None, 1);
        let page = retry(&TRIES, deadline, Fault::disposition, read).await?;
        let Some(Ok(first)) = page.commits.first() else {
            anyhow::bail!("nothing is recorded of {sub}, so that --reveal cannot be either");
        };
        let act = Act {
            id: chance::event_id(),
            pool: first.envelope.source.clone(),
            sub: sub.clone(),
            event: PersonRevealed {
                history: self.timeline || self.as_of.is_some(),
            }
            .into(),
        };
        let Some(commit) = act.commit(policy, &User::default(), WallClock.now()) else {
            unreachable!("each time that somebody looks is an event of its own");
        };
        let sealed = seal::seal(&commit, None, chance::bytes())?;
        let append = || table.append(&sealed);
        let appended = retry(&TRIES, deadline, Fault::disposition, append).await;
        appended.context("what cannot be recorded is not revealed")?;
        Ok(())
    }
}

/// Reads an instant.
fn instant(text: &str) -> Result<Time, String> {
    text.parse()
        .map_err(|_error| "is not an instant such as 2026-03-01T12:00:00Z".to_owned())
}

impl InPool {
    fn of(pool: PoolId, user: Option<PoolUser>) -> Self {
        Self {
            pool,
            found: user.is_some(),
            enabled: user.as_ref().map(|user| user.is_enabled),
            status: user.map(|user| user.status),
        }
    }

    fn line(&self) -> String {
        let state = match self.enabled {
            Some(true) => "enabled",
            Some(false) => "disabled",
            None => "not known",
        };
        let status = self.status.iter().map(|status| format!(", {status}"));
        format!("{state} in {}{}", self.pool, status.collect::<String>())
    }
}

impl Record {
    /// The lines of a text; what is not known has none.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let since = |at: Option<Time>| at.map_or(String::new(), |at| format!(", since {at}"));
        let time = |at: Option<Time>| at.map(|at| at.to_string());
        let verified = |value: &Option<String>, verified: bool| {
            let word = if verified { "verified" } else { "not verified" };
            value.as_ref().map(|value| format!("{value}, {word}"))
        };
        let role = self.role.as_ref().map(|role| {
            let by = self.role_source.map_or("nobody", RoleSource::as_str);
            format!("{role}, by {by}{}", since(self.role_assigned_at))
        });
        let status = self.status.map(Status::as_str);
        let status = status.map(|status| format!("{status}{}", since(self.status_set_at)));
        let lines = [
            ("User", self.sub.as_ref().map(ToString::to_string)),
            ("Status", status),
            ("Pool", self.in_pool.as_ref().map(InPool::line)),
            ("Role", role),
            (
                "Organization",
                self.organization.as_ref().map(ToString::to_string),
            ),
            (
                "Account type",
                self.account_type.as_ref().map(ToString::to_string),
            ),
            ("Created", time(self.created_at)),
            ("Last sign-in", time(self.last_login_at)),
            ("Last activity", time(self.last_activity_at)),
            ("Password reset", time(self.last_password_reset_at)),
            ("Address", verified(&self.email, self.email_verified)),
            ("First name", self.first_name.clone()),
            ("Last name", self.last_name.clone()),
            ("Phone", verified(&self.phone_number, self.phone_verified)),
            ("Department", self.department.clone()),
        ];
        let lines = lines.into_iter();
        lines
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}
