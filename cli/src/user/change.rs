//! Doing one act: read, append, fold at once.

use super::pool::{InPool, Unfinished, follow};
use super::{Acting, TRIES, deadline, print_json};
use crate::place::Opened;
use anyhow::{Context, bail};
use serde::Serialize;
use std::process::ExitCode;
use tokio::time::Instant;
use usher_events::{Fact, OperatorEvent, PoolId, Role, RoleSource, Sub, Subject, Time};
use usher_shared::chance;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::Commit;
use usher_shared::dynamodb::Table;
use usher_shared::operator::{self, Act};
use usher_shared::policy::Policy;
use usher_shared::port::{Fault, Store, Written};
use usher_shared::retry::retry;
use usher_shared::seal;
use usher_shared::user::{Status, User, UserItem};

/// How often a lost race is run again before it is left to the sweep.
const RACES: usize = 10;

/// A user as the table has it, with every operator's act that is recorded, folded or not.
struct Read {
    item: Option<UserItem>,
    acts: Vec<Commit>,
    pool: Option<PoolId>,
}

impl Read {
    fn user(&self) -> User {
        let folded = self.item.as_ref().map(|item| item.user.clone());
        self.acts
            .iter()
            .fold(folded.unwrap_or_default(), User::apply)
    }
}

/// What is to be done, and how.
struct Asked<'a> {
    /// Says what the act owes.
    policy: &'a Policy,
    event: OperatorEvent,
    dry_run: bool,
}

/// What an act comes to.
struct Done {
    before: User,
    after: User,
    /// The instant from which it holds; `None` if the user was like that already.
    at: Option<Time>,
    /// Whether no other act was recorded as later meanwhile.
    counts: bool,
    /// Whether a notice is owed.
    notice: bool,
    /// Why the user item does not show it yet.
    unfolded: Option<anyhow::Error>,
}

/// The JSON form of what an act comes to.
#[derive(Serialize)]
struct Told<'a> {
    sub: &'a Sub,
    event: &'static str,
    changed: bool,
    dry_run: bool,
    /// Whether the user is to have a notice of it.
    notice: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_source: Option<RoleSource>,
    /// The pool in which it is done as well, and what came of it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<&'a PoolId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_pool: Option<&'static str>,
}

/// What an act comes to in the pool.
enum Pool<'o> {
    /// It is none of the pool's business, or no pool is configured.
    LeftAlone,
    /// It is to be done there.
    Planned(&'o PoolId),
    /// It is done there.
    Done(&'o PoolId, InPool),
    /// Not all of it is.
    Unfinished(&'o PoolId, Unfinished),
}

impl<'o> Pool<'o> {
    fn id(&self) -> Option<&'o PoolId> {
        match self {
            Self::LeftAlone => None,
            Self::Planned(id) | Self::Done(id, _) | Self::Unfinished(id, _) => Some(id),
        }
    }

    fn as_str(&self) -> Option<&'static str> {
        match self {
            Self::LeftAlone => None,
            Self::Planned(_) => Some("planned"),
            Self::Done(_, done) => Some(done.as_str()),
            Self::Unfinished(..) => Some("unfinished"),
        }
    }
}

/// What is said to a person of one kind of act.
pub struct Words {
    /// Of an act that is done, and what it means.
    pub done: String,
    /// Of one that would be done, and what it would mean.
    pub planned: String,
    /// Of a user who is like that already.
    pub already: &'static str,
}

impl Acting {
    /// Does an act, or says what it would come to.
    pub async fn act(
        &self,
        opened: &Opened,
        policy: &Policy,
        event: OperatorEvent,
        dry_run: bool,
        words: &Words,
    ) -> anyhow::Result<ExitCode> {
        let name = event.name();
        let concerns_pool = concerns_pool(&event);
        let configured = self.about.pool_of(opened).filter(|_| concerns_pool);
        let expected = configured.map(|(_, pool)| pool);
        let table = &opened.table;
        let asked = Asked {
            policy,
            event,
            dry_run,
        };
        let done = self.carry_out(table, asked, expected).await?;
        let pool = match configured {
            Some((_, id)) if dry_run => Pool::Planned(id),
            // What another operator did later is that one's to do in the pool.
            Some((pools, id)) if done.counts => {
                let (sub, service) = (&self.sub, pools.service.as_ref());
                let suspended = done.after.is_suspended();
                match follow(service, id, sub, suspended, deadline()).await {
                    Ok(in_pool) => Pool::Done(id, in_pool),
                    Err(unfinished) => Pool::Unfinished(id, unfinished),
                }
            }
            Some(_) | None => Pool::LeftAlone,
        };
        let role = done.after.role();
        let sub = &self.sub;
        if self.about.json {
            print_json(&Told {
                sub,
                event: name,
                changed: done.at.is_some() && !dry_run,
                dry_run,
                notice: done.notice,
                at: done.at,
                status: Status::of(&done.after).as_str(),
                role: role.map(|(role, _)| role),
                role_source: role.map(|(_, source)| source),
                pool: pool.id(),
                in_pool: pool.as_str(),
            })?;
        } else {
            match done.at {
                None if matches!(pool, Pool::LeftAlone) => {
                    anstream::println!("{sub} {}; nothing is changed.", words.already);
                }
                None => anstream::println!("{sub} {}; nothing is recorded anew.", words.already),
                Some(_) if dry_run => anstream::println!(
                    "{sub}, now {}, {}",
                    Status::of(&done.before).as_str(),
                    words.planned
                ),
                Some(at) => anstream::println!("{sub} {} (as of {at})", words.done),
            }
            if done.notice {
                anstream::println!("{}", notice_of(dry_run));
            }
            match &pool {
                Pool::Planned(id) => anstream::println!("The same would be done in {id}."),
                Pool::Done(id, done) => anstream::println!("In {id} the user {}.", done.sentence()),
                Pool::LeftAlone if concerns_pool && opened.pools.is_some() => anstream::println!(
                    "No pool is configured, so nothing is done in one; USHER_POOL or --pool names it."
                ),
                Pool::LeftAlone | Pool::Unfinished(..) => {}
            }
        }
        if let Pool::Unfinished(id, unfinished) = &pool {
            anstream::eprintln!(
                "It is recorded, and the triggers go by it. In {id} {unfinished}. The same command \
                 again does what is left."
            );
            return Ok(ExitCode::from(1));
        }
        if let Some(error) = done.unfolded {
            return Err(error.context("it is recorded, and the worker finishes it within minutes"));
        }
        if !done.counts {
            anstream::eprintln!(
                "Another operator's act was recorded as later, and counts instead."
            );
            return Ok(ExitCode::from(1));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn carry_out(
        &self,
        table: &Table,
        asked: Asked<'_>,
        expected: Option<&PoolId>,
    ) -> anyhow::Result<Done> {
        let Asked {
            policy,
            event,
            dry_run,
        } = asked;
        let sub = &self.sub;
        let deadline = deadline();
        let read = read(table, sub, deadline).await?;
        let named = self.about.pool.as_ref().or(expected);
        let pool = match (named, &read.pool) {
            (Some(named), Some(own)) if named != own => bail!("{sub} is a user of {own}"),
            (_, Some(own)) => own.clone(),
            (Some(named), None) if self.unseen => named.clone(),
            (Some(_) | None, None) => bail!(
                "nothing is recorded of {sub}; if it is a user all the same, say --unseen and --pool"
            ),
        };
        let before = read.user();
        let act = Act {
            id: chance::event_id(),
            pool,
            sub: sub.clone(),
            event: event.clone(),
        };
        let Some(commit) = act.commit(policy, &before, WallClock.now()) else {
            // Somebody's act may be recorded and not folded.
            if !dry_run {
                fold(table, sub, read.item, &read.acts, deadline).await?;
            }
            return Ok(Done {
                after: before.clone(),
                before,
                at: None,
                counts: true,
                notice: false,
                unfolded: None,
            });
        };
        let at = Some(commit.envelope.time);
        let notice = commit.ledger.open_once().next().is_some();
        if dry_run {
            return Ok(Done {
                after: before.clone().apply(&commit),
                before,
                at,
                counts: true,
                notice,
                unfolded: None,
            });
        }
        let sealed = seal::seal(&commit, None, chance::bytes())?;
        let append = || table.append(&sealed);
        // Either answer is right: nobody else has this id.
        let appended = retry(&TRIES, deadline, Fault::disposition, append).await;
        appended.context(
            "it may not be recorded; the same command again does it, or says that it is done",
        )?;
        let id = commit.envelope.id;
        let mut acts = read.acts;
        acts.push(commit);
        // What is recorded counts, folded or not: the pool is told either way.
        let folded = fold(table, sub, read.item, &acts, deadline).await;
        let (after, unfolded) = match folded {
            Ok(item) => (item.user, None),
            Err(error) => (acts.iter().fold(before.clone(), User::apply), Some(error)),
        };
        Ok(Done {
            counts: operator::counts(&after, &event, id),
            notice,
            before,
            after,
            at,
            unfolded,
        })
    }
}

fn notice_of(dry_run: bool) -> &'static str {
    match dry_run {
        true => "A notice would go to the user's address, if it is verified; --quiet sends none.",
        false => "A notice goes to the user's address, if it is verified.",
    }
}

/// Whether an act is also done in the pool: who may sign in is; of roles the next refresh tells.
fn concerns_pool(event: &OperatorEvent) -> bool {
    match event {
        OperatorEvent::UserSuspended(_) | OperatorEvent::UserReinstated(_) => true,
        OperatorEvent::RoleSet(_)
        | OperatorEvent::MembershipSet(_)
        | OperatorEvent::AccountTypeSet(_)
        | OperatorEvent::PersonRevealed(_)
        | OperatorEvent::LetterEdited(_) => false,
    }
}

/// Reads item and log, consistently: an act of a command that died may be in the log alone.
async fn read(table: &Table, sub: &Sub, deadline: Instant) -> anyhow::Result<Read> {
    let load = || table.load(sub);
    let loaded = retry(&TRIES, deadline, Fault::disposition, load).await?;
    let subject = Subject::User(sub.clone());
    let stream = || table.stream(&subject);
    let stream = retry(&TRIES, deadline, Fault::disposition, stream).await?;
    Ok(Read {
        item: loaded.user,
        acts: operator::commits(&stream).context("a newer usher has worked on this user")?,
        pool: stream.first().map(|sealed| sealed.envelope.source.clone()),
    })
}

/// Folds acts into the user item as the worker does, and gives the item as it is then.
async fn fold(
    table: &Table,
    sub: &Sub,
    known: Option<UserItem>,
    acts: &[Commit],
    deadline: Instant,
) -> anyhow::Result<UserItem> {
    let mut current = known;
    for _ in 0..RACES {
        let before = current.take().unwrap_or_else(|| UserItem::new(sub.clone()));
        let mut after = before.clone();
        after.user = acts.iter().fold(after.user, User::apply);
        if after == before {
            return Ok(after);
        }
        after.version = before.version + 1;
        let write = || table.write_user(&after);
        match retry(&TRIES, deadline, Fault::disposition, write).await? {
            Written::Now => return Ok(after),
            Written::Overtaken => {
                let load = || table.load(sub);
                current = retry(&TRIES, deadline, Fault::disposition, load)
                    .await?
                    .user;
            }
        }
    }
    bail!("the user is being written by too many others at once")
}
