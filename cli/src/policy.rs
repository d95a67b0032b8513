//! `usher policy`: says what is wrong with a policy file before a deployment does, and why it decides
//! as it does.

mod explain;

use crate::policy_file;
use anyhow::Context;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use usher_shared::policy::file;

/// Checks policy files, and explains what they decide
#[derive(clap::Subcommand)]
pub enum Verb {
    /// Names line and key of everything that is wrong with a policy file, and warns of what is risky
    #[command(after_help = "Example:\n  usher policy check usher.toml\n\n\
        Exit status: 0 nothing is wrong, 1 something is, 2 the command was not understood.")]
    Check {
        /// The policy file
        file: PathBuf,
        /// Prints one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Prints the commented example: every key, its unit and its default
    #[command(after_help = "Example:\n  usher policy example > usher.toml\n\n\
        Exit status: 0 it is printed.")]
    Example,
    Explain(explain::Explain),
}

/// Runs `usher policy`.
pub async fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Check { file, json } => check(&file, json),
        Verb::Example => {
            anstream::print!("{}", policy_file::EXAMPLE);
            Ok(ExitCode::SUCCESS)
        }
        Verb::Explain(explain) => Box::pin(explain.run()).await,
    }
}

fn check(path: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the policy file {} cannot be read", path.display()))?;
    let base = path.parent().unwrap_or(Path::new(""));
    let (parsed, warnings) = file::check(&text, base, &|path| std::fs::read_to_string(path));
    let good = parsed.is_ok();
    if as_json {
        let problems = parsed
            .as_ref()
            .err()
            .map(|problems| json!(problems.as_slice()))
            .unwrap_or_else(|| json!([]));
        let report =
            json!({ "file": path, "good": good, "problems": problems, "warnings": warnings });
        anstream::println!("{report}");
        return Ok(exit(good));
    }
    for warning in &warnings {
        anstream::eprintln!("{}: warning: {warning}", path.display());
    }
    if let Err(problems) = &parsed {
        anstream::eprintln!(
            "{}: {} problem(s)",
            path.display(),
            problems.as_slice().len()
        );
        for problem in problems.as_slice() {
            anstream::eprintln!("  {problem}");
        }
    } else {
        anstream::println!("{}: nothing is wrong", path.display());
    }
    Ok(exit(good))
}

fn exit(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}
