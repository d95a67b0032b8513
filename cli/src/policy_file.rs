//! Finding and reading the policy file that a verb works with.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use usher_shared::config::Overrides;
use usher_shared::policy::file::Lines;
use usher_shared::policy::{Policy, file};

/// The example that comes with usher, used where there is no file.
pub const EXAMPLE: &str = include_str!("../../usher.toml");

/// The file's name, where nobody names another.
const NAME: &str = "usher.toml";

/// A policy that was read, and where.
pub struct Loaded {
    /// The policy, with the overrides of the environment applied, as the Lambdas apply them.
    pub policy: Policy,
    /// Its file, or what stands for one.
    pub shown: String,
    /// Where each of its keys stands.
    pub lines: Lines,
}

/// Reads the named file, else `usher.toml` here, else the example; with the overrides of the
/// environment applied, as the Lambdas apply them.
pub fn read(named: Option<&Path>) -> anyhow::Result<(Policy, String)> {
    let Loaded { policy, shown, .. } = load(named)?;
    Ok((policy, shown))
}

/// As [`read`], with the lines of the file.
pub fn load(named: Option<&Path>) -> anyhow::Result<Loaded> {
    let here = PathBuf::from(NAME);
    let path = named
        .map(Path::to_path_buf)
        .or_else(|| here.exists().then_some(here));
    let (text, base, shown) = match path {
        Some(path) => {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("the policy file {} cannot be read", path.display()))?;
            let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
            (text, base, path.display().to_string())
        }
        None => (
            EXAMPLE.to_owned(),
            PathBuf::new(),
            "the example that comes with usher".to_owned(),
        ),
    };
    let policy = from_text(&text, &base, &shown)?;
    let lines = Lines::of(&text, &base, &|path| std::fs::read_to_string(path));
    Ok(Loaded {
        policy,
        shown,
        lines,
    })
}

/// Reads the text of a policy file that is called `shown`.
pub fn from_text(text: &str, base: &Path, shown: &str) -> anyhow::Result<Policy> {
    let mut policy = match file::parse(text, base, &|path| std::fs::read_to_string(path)) {
        Ok(policy) => policy,
        Err(problems) => {
            bail!("{shown} has problems; mend them or name another file with --policy\n{problems}")
        }
    };
    Overrides::from_env()?.apply(&mut policy)?;
    Ok(policy)
}
