//! Where the policy is, and the one that lies in the package.

use super::{ConfigError, Lookup, Overrides, seconds};
use crate::loading::{Loading, PolicySource, Version};
use crate::policy::{Policy, file};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The file's name in the package.
const NAME: &str = "usher.toml";
/// More often, a fleet of functions would be all that its parameter store has to do.
const REFRESH_S: RangeInclusive<u64> = 10..=86_400;

/// Reads the policy that lies in the package, which holds until another is read, and says how that
/// is come by.
pub(super) fn read(
    lookup: Lookup<'_>,
    read: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<(Policy, Loading), ConfigError> {
    let (source, path) = places(lookup)?;
    let refresh = seconds(
        lookup,
        "USHER_POLICY_REFRESH_S",
        REFRESH_S,
        60,
        "10 to 86400 s",
    )?;
    let shown = path.display().to_string();
    let text = read(&path).map_err(|source| ConfigError::PolicyUnreadable {
        path: shown.clone(),
        source,
    })?;
    let base = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut policy =
        file::parse(&text, &base, read).map_err(|problems| ConfigError::PolicyBad {
            path: shown,
            problems: problems.to_string(),
        })?;
    let overrides = Overrides::from_lookup(lookup)?;
    overrides.apply(&mut policy)?;
    let loading = Loading {
        source,
        packaged: Version::of("package", &text),
        base,
        overrides,
        refresh,
    };
    Ok((policy, loading))
}

/// Where the policy is, and which file holds until it is read.
fn places(lookup: Lookup<'_>) -> Result<(PolicySource, PathBuf), ConfigError> {
    let beside_the_code =
        || PathBuf::from(lookup("LAMBDA_TASK_ROOT").unwrap_or_default()).join(NAME);
    let fallback = lookup("USHER_POLICY_FALLBACK").map(PathBuf::from);
    let Some(text) = lookup("USHER_POLICY") else {
        let path = fallback.unwrap_or_else(beside_the_code);
        return Ok((PolicySource::File(path.clone()), path));
    };
    let bad = |key, expected| Err(ConfigError::Bad { key, expected });
    match PolicySource::named(&text) {
        None => bad(
            "USHER_POLICY",
            "a path, ssm:NAME, or ssm:/PATH/* for a policy in parts",
        ),
        Some(PolicySource::File(_)) if fallback.is_some() => bad(
            "USHER_POLICY_FALLBACK",
            "left out where USHER_POLICY is a file",
        ),
        Some(PolicySource::File(path)) => Ok((PolicySource::File(path.clone()), path)),
        Some(source @ (PolicySource::Parameter(_) | PolicySource::Under(_))) => {
            Ok((source, fallback.unwrap_or_else(beside_the_code)))
        }
    }
}
