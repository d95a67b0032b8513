//! Whether a user item is what the log says, and what it has to be.
//!
//! Pure: what was read, and the instant, are arguments. A [`Fold`] takes a stream piece by piece and
//! holds no more than a user; [`judge`] compares it with the item as it is stored.

mod difference;
mod fold;
mod verdict;

pub use difference::Field;
pub use fold::Fold;
pub use verdict::{Difference, Kind, Mended, USER_ITEM_LOST, Verdict, judge};

use crate::commit::Commit;
use crate::policy::Policy;
use crate::user::User;

/// What a commit says of its user where this policy holds: without profiles, the rights alone.
pub fn said(policy: &Policy, commit: &Commit) -> User {
    let said = User::of(commit);
    if policy.profile.create {
        said
    } else {
        said.rights()
    }
}

#[cfg(test)]
mod tests;
