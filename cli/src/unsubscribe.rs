//! `usher unsubscribe`: says whose token of a mail it is, and gives the key that verifies tokens.

use crate::place::Place;
use crate::policy_file;
use anyhow::{Context, bail};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use usher_shared::unsubscribe::{Key, Refused, Token};

/// Says who asks for no more mails, by the token that a welcome mail carries
///
/// usher sends tokens and verifies them. Whether a user gets mails is in the preferences, which belong
/// to the application: what a good token means is done there.
#[derive(clap::Subcommand)]
pub enum Verb {
    /// Prints whose token it is, and of which mail, if usher has signed it
    #[command(
        after_help = "Examples:\n  usher unsubscribe verify AQEAAAAAaVc1pQAT...\n  \
        usher unsubscribe verify AQEAAAAAaVc1pQAT... --aws --json | jq -r .sub\n\n\
        Exit status: 0 it is good, 1 it is not, 2 the command was not understood."
    )]
    Verify {
        /// The token, as it stands after `token=`
        #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
        token: String,
        /// A file of keys that `usher unsubscribe key` printed before the secret was changed, one a line
        #[arg(long, value_name = "FILE")]
        old_keys: Option<PathBuf>,
        /// Prints one JSON object instead of text
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        about: About,
    },
    /// Prints the key that verifies tokens, in Base64, for the application to keep like a secret
    #[command(after_help = "Example:\n  usher unsubscribe key --aws\n\n\
        Exit status: 0 it is printed, 1 it cannot be had, 2 the command was not understood.")]
    Key {
        /// Prints one JSON object instead of text
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        about: About,
    },
}

/// What both ask for.
#[derive(clap::Args)]
#[group(skip)]
pub struct About {
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

impl About {
    async fn key(&self) -> anyhow::Result<Key> {
        let (policy, _) = policy_file::read(self.policy.as_deref())?;
        let opened = self.place.open(&policy).await?;
        let key = opened.secret.unsubscribe_key();
        opened.close().await;
        Ok(key)
    }
}

/// Runs `usher unsubscribe`.
pub async fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Key { json, about } => {
            let key = about.key().await?.expose_base64();
            match json {
                true => anstream::println!("{}", json!({ "key": key })),
                false => anstream::println!("{key}"),
            }
            Ok(ExitCode::SUCCESS)
        }
        Verb::Verify {
            token,
            old_keys,
            json,
            about,
        } => {
            let mut keys = vec![about.key().await?];
            if let Some(path) = old_keys {
                keys.extend(read_keys(&path)?);
            }
            Ok(show(Token::verify(&token, &keys), json))
        }
    }
}

fn show(verified: Result<Token, Refused>, as_json: bool) -> ExitCode {
    match verified {
        Ok(token) => {
            let (sub, pool, mail) = (&token.sub, &token.pool, token.mail.as_str());
            if as_json {
                let token = json!({ "good": true, "sub": sub, "pool": pool, "mail": mail, "issued_at": token.issued_at });
                anstream::println!("{token}");
            } else {
                anstream::println!("{sub} of {pool}, by the {mail} mail of {}", token.issued_at);
            }
            ExitCode::SUCCESS
        }
        Err(refused) => {
            if as_json {
                let refused = json!({ "good": false, "problem": refused.to_string() });
                anstream::println!("{refused}");
            } else {
                anstream::eprintln!("usher: {refused}; {}", remedy(refused));
            }
            ExitCode::from(1)
        }
    }
}

fn remedy(refused: Refused) -> &'static str {
    match refused {
        Refused::NoToken => "give all that stands after token= in the address",
        Refused::UnknownVersion(_) => "use the usher that sent the mail, or a newer one",
        Refused::Forged => {
            "if the mail is of this deployment, name the key from before a change of its secret with --old-keys"
        }
    }
}

fn read_keys(path: &Path) -> anyhow::Result<Vec<Key>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the file {} cannot be read", path.display()))?;
    let mut keys = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let Some(key) = Key::from_base64(line) else {
            bail!(
                "line {} of {} is no key; a key is 32 bytes in Base64, as usher unsubscribe key prints it",
                number + 1,
                path.display()
            );
        };
        keys.push(key);
    }
    Ok(keys)
}
