//! Which events are wanted. Pure.

use usher_events::{PoolId, Sub, Time, wire};
use usher_shared::seal::SealedCommit;

/// Which events are wanted. What is not said is no matter.
pub struct Filter {
    /// Types, without prefix; none is all.
    pub types: Vec<String>,
    pub pool: Option<PoolId>,
    pub user: Option<Sub>,
    /// From this instant of recording on.
    pub since: Option<Time>,
    /// Before this instant.
    pub until: Option<Time>,
}

impl Filter {
    /// Whether something of a commit may be wanted.
    pub fn wants(&self, commit: &SealedCommit) -> bool {
        let at = commit.recorded_at;
        let (pool, user) = (&commit.envelope.source, commit.envelope.subject.sub());
        self.since.is_none_or(|since| since <= at)
            && self.until.is_none_or(|until| at < until)
            && self.pool.as_ref().is_none_or(|wanted| wanted == pool)
            && (self.user.is_none() || self.user.as_ref() == user)
    }

    /// Whether events of this type are wanted.
    pub fn wants_type(&self, name: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|wanted| wanted == name)
    }
}

/// Reads a type's name, with or without its prefix.
pub fn type_name(text: &str) -> Result<String, String> {
    let name = text.strip_prefix(wire::TYPE_PREFIX).unwrap_or(text);
    match wire::current_version(name) {
        Some(_) => Ok(name.to_owned()),
        None => Err("is no type of event; the README lists them".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_its_name_with_or_without_the_prefix() {
        let signed_in = Ok("signed_in".to_owned());
        assert_eq!(type_name("signed_in"), signed_in);
        assert_eq!(type_name("usher.signed_in"), signed_in);
        for text in ["", "usher.", "usher.usher.signed_in", "signed_out"] {
            assert!(type_name(text).is_err(), "{text}");
        }
    }
}
