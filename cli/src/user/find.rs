//! Who is meant: a user is named by sub, e-mail or user name. What was typed is quoted nowhere.

use super::{TRIES, deadline};
use crate::bar;
use crate::place::{Opened, Pools};
use anyhow::{Context, bail};
use std::convert::Infallible;
use std::str::FromStr;
use usher_events::{Person, Personal, PoolId, Sub, Subject};
use usher_shared::dynamodb::Table;
use usher_shared::policy::person;
use usher_shared::port::{Fault, Log, Namesake, Segment, Store, What};
use usher_shared::retry::retry;
use usher_shared::user::{Status, StoredUser};
use uuid::Uuid;

/// How many items are read at a time.
const PIECE: u32 = 300;
/// How many users of one e-mail are named. A table that has more is no help to whoever has to choose.
const MOST: usize = 20;

/// Whoever is asked for, as it was typed.
#[derive(Clone, Debug)]
pub struct Who(Personal);

impl FromStr for Who {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Personal::new(text.trim())))
    }
}

/// A user who may be meant: the sub, and what says nothing of the person.
type Candidate = (Sub, String);

/// The sub of whoever is meant. A sub of which something is recorded is meant before any name. On this
/// machine, and where `in_table` says so, an e-mail is looked for in the table, else the pool is asked.
pub async fn find(
    who: &Who,
    opened: &Opened,
    pool: Option<(&Pools, &PoolId)>,
    in_table: bool,
) -> anyhow::Result<Sub> {
    let text = who.0.expose();
    let is_address = text.contains('@');
    // A sub never looks like an address.
    let sub = Sub::new(text).ok().filter(|_| !is_address);
    if let Some(sub) = &sub
        && is_recorded(&opened.table, sub).await?
    {
        return Ok(sub.clone());
    }
    let is_native = Uuid::try_parse(text).is_ok();
    let (candidates, nobody) = match pool.filter(|_| !in_table) {
        Some((pools, id)) => {
            let named = || pools.service.named(id, &who.0);
            let named = retry(&TRIES, deadline(), Fault::disposition, named).await;
            let named = named.with_context(|| format!("{id} cannot be asked who that is"))?;
            let candidates = named.into_iter().map(of_pool).collect::<Vec<_>>();
            (
                candidates,
                format!("{id} knows nobody of that e-mail or user name; --in-table looks for an e-mail in the table, where somebody may be who is gone from the pool"),
            )
        }
        None if is_address && (in_table || opened.pools.is_none()) => (
            in_table_by_address(&opened.table, text).await?,
            "no user item has that e-mail now; where profile.create is false, none has any"
                .to_owned(),
        ),
        None if is_address => bail!(
            "no pool is configured that knows whose e-mail that is; USHER_POOL or --pool names it, and --in-table looks in the table"
        ),
        None => (
            Vec::new(),
            "nothing is recorded of that sub; if it is a user name, the pool alone knows whose: --aws asks the one that USHER_POOL or --pool names"
                .to_owned(),
        ),
    };
    match (candidates.as_slice(), sub) {
        ([(sub, _)], _) => Ok(sub.clone()),
        // It says nothing of a person, and the caller says that nothing is known of it.
        ([], Some(sub)) if is_native => Ok(sub),
        ([], _) => bail!(nobody),
        (several, _) => bail!(choice(several)),
    }
}

fn choice(candidates: &[Candidate]) -> String {
    let lines = candidates
        .iter()
        .map(|(sub, state)| format!("\n  {sub}  {state}"));
    let lines = lines.collect::<String>();
    format!("several users have that e-mail or name; give the sub of one:{lines}")
}

/// Whether there is an item or a commit of this sub.
async fn is_recorded(table: &Table, sub: &Sub) -> anyhow::Result<bool> {
    let load = || table.load(sub);
    let loaded = retry(&TRIES, deadline(), Fault::disposition, load).await?;
    if loaded.user.is_some() {
        return Ok(true);
    }
    let subject = Subject::User(sub.clone());
    let read = || table.read_stream(&subject, None, 1);
    let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
    Ok(!page.commits.is_empty())
}

/// Reads the whole table, piece by piece.
async fn in_table_by_address(table: &Table, text: &str) -> anyhow::Result<Vec<Candidate>> {
    let Some(wanted) = normal(text) else {
        return Ok(Vec::new());
    };
    let Some(segment) = Segment::all(1).next() else {
        unreachable!("the whole is one part");
    };
    let bar = bar::over(None);
    let (mut candidates, mut next) = (Vec::new(), None);
    loop {
        let read = || table.read_on(segment, next.as_ref(), PIECE);
        let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
        bar.inc(page.read.into());
        for found in page.found {
            if let What::User(user) = found.what
                && address(&user) == Some(&wanted)
            {
                candidates.push(of_table(&user));
            }
        }
        next = page.next;
        if next.is_none() || candidates.len() >= MOST {
            bar.finish_and_clear();
            return Ok(candidates);
        }
    }
}

/// An address in the form in which it is recorded.
fn normal(text: &str) -> Option<String> {
    let mut person = Person {
        email: Some(Personal::new(text)),
        ..Person::default()
    };
    person::normalize(&mut person);
    person.email.map(|email| email.expose().to_owned())
}

/// The address in an item, also in one that cannot be read as a user.
fn address(user: &StoredUser) -> Option<&str> {
    user.folded.pointer("/profile/email")?.as_str()
}

fn of_table(user: &StoredUser) -> Candidate {
    let state = user
        .user()
        .map_or("not readable", |user| Status::of(&user).as_str());
    (user.sub.clone(), state.to_owned())
}

fn of_pool(namesake: Namesake) -> Candidate {
    let enabled = match namesake.is_enabled {
        true => "enabled",
        false => "disabled",
    };
    (namesake.sub, format!("{}, {enabled}", namesake.status))
}
