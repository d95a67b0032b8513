//! Bringing together what a table holds of one user.

use usher_events::{Sub, Subject, Time};
use usher_shared::port::{Found, Position, What};
use usher_shared::seal::{SealedCommit, UserKey};
use usher_shared::user::StoredUser;

/// The most commits of one user that are held. Who has more is read alone, piece by piece.
const MOST: usize = 200;

/// What a table holds of one user.
#[derive(Debug)]
pub struct Gathered {
    /// Which.
    pub sub: Sub,
    /// The stream; not all of it if the user is read alone.
    pub commits: Vec<SealedCommit>,
    /// The key.
    pub key: Option<UserKey>,
    /// The user item.
    pub user: Option<StoredUser>,
    /// Whether the user has to be read alone: there is too much, or something cannot be read.
    pub alone: bool,
    /// When the latest commit was recorded, of those that can be read.
    pub newest: Option<Time>,
    /// Whether a commit cannot be read.
    pub broken: bool,
    /// Where the last of it stands.
    pub last: Position,
}

impl Gathered {
    /// Whether something may have been recorded since.
    pub fn may_be_since(&self, since: Time) -> bool {
        self.broken || self.newest >= Some(since)
    }
}

/// Takes what is read of a segment, in order, and gives each user once all of them was read.
#[derive(Debug, Default)]
pub struct Gatherer {
    current: Option<Gathered>,
}

impl Gatherer {
    /// Takes one item, and gives the user before, if they end with it.
    pub fn take(&mut self, found: Found) -> Option<Gathered> {
        let Subject::User(sub) = found.subject else {
            return None;
        };
        let is_same = self.current.as_ref().is_some_and(|it| it.sub == sub);
        let before = if is_same { None } else { self.current.take() };
        let current = self.current.get_or_insert_with(|| Gathered {
            sub,
            commits: Vec::new(),
            key: None,
            user: None,
            alone: false,
            newest: None,
            broken: false,
            last: found.at.clone(),
        });
        current.last = found.at;
        if let What::Commit(commit) = &found.what {
            current.newest = current.newest.max(Some(commit.recorded_at));
        }
        match found.what {
            What::Commit(_) if current.alone => {}
            What::Commit(_) if current.commits.len() >= MOST => {
                current.alone = true;
                current.commits = Vec::new();
            }
            What::Commit(commit) => current.commits.push(*commit),
            What::Unreadable(_) => (current.alone, current.broken) = (true, true),
            What::Key(key) => current.key = key,
            What::User(user) => current.user = Some(*user),
        }
        before
    }

    /// The last user of a segment.
    pub fn end(&mut self) -> Option<Gathered> {
        self.current.take()
    }
}
