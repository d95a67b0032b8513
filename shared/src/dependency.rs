//! Services that the worker can do without for a while.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A service that the worker can do without for a while: what it owes there waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependency {
    /// The mail service.
    Mail,
    /// The bus.
    Bus,
    /// The other system that is asked for roles.
    Lookup,
}

impl Dependency {
    /// Every one there is.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Bus, Self::Lookup];

    /// The name in keys, in the policy, in log fields and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Bus => "bus",
            Self::Lookup => "lookup",
        }
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no such dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is none of mail, bus and lookup")]
pub struct UnknownDependency;

impl FromStr for Dependency {
    type Err = UnknownDependency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|one| one.as_str() == text);
        known.ok_or(UnknownDependency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_read_back_from_its_name_and_a_problem_names_all() {
        for one in Dependency::ALL {
            assert_eq!(one.to_string().parse(), Ok(one));
            assert!(UnknownDependency.to_string().contains(one.as_str()));
        }
        assert_eq!("ses".parse::<Dependency>(), Err(UnknownDependency));
    }
}
