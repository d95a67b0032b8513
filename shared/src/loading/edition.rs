use crate::config::Overrides;
use crate::policy::{Policy, file};
use crate::port::Stored;
use ring::digest::{SHA256, digest};
use secrecy::ExposeSecret;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Which policy this is: the version that its keeper gives it, and the beginning of its text's
/// SHA-256. A parameter that was deleted and made anew begins at version 1 again, so neither of the
/// two is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

/// A policy that is valid, as what a room has made of it, and which one it is.
#[derive(Clone, Debug)]
pub struct Edition<T> {
    /// Which one.
    pub version: Version,
    /// What was made of it.
    pub made: T,
}

/// Makes of a policy what a room decides by.
pub type Make<T> = fn(Policy) -> Result<T, Unfit>;

/// A policy without problems, of which nothing can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} cannot be used: {problem}")]
pub struct Unfit {
    /// What cannot be used, by its name in the policy.
    pub key: String,
    /// Why, for whoever starts a process with it.
    pub problem: String,
}

/// The first thing that is wrong with a policy, and how many there are. No values: a policy is
/// nobody's secret, but its log has more readers than it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refused {
    /// Of a policy in parts, which.
    pub(super) part: Option<String>,
    /// Line of that part, from 1.
    pub(super) line: Option<usize>,
    /// The key, with the tables that it is in.
    pub(super) key: String,
    /// How many problems there are.
    pub(super) problems: usize,
}

/// A policy's text, put together.
#[derive(Debug)]
pub(super) struct Text {
    whole: String,
    /// Each part's name, and the lines before it.
    parts: Vec<(String, usize)>,
    pub(super) version: Version,
}

/// From text to what a room decides by.
pub(super) struct Compiler<T> {
    pub(super) base: PathBuf,
    pub(super) overrides: Overrides,
    pub(super) make: Make<T>,
}

impl Version {
    /// The version of a text, by the name that its keeper gives it.
    pub fn of(name: &str, text: &str) -> Self {
        let digest = digest(&SHA256, text.as_bytes());
        let begin: String = digest.as_ref()[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self(format!("{name}-{begin}"))
    }
}

impl Text {
    /// Puts parts together as if they were one file. None at all is an empty text.
    pub(super) fn of(stored: &[Stored]) -> Self {
        let (mut whole, mut parts, mut versions) = (String::new(), Vec::new(), Vec::new());
        for part in stored {
            parts.push((part.name.clone(), whole.matches('\n').count()));
            whole.push_str(part.text.expose_secret());
            if !whole.ends_with('\n') {
                whole.push('\n');
            }
            versions.push(part.version.as_str());
        }
        let version = Version::of(&versions.join("."), &whole);
        Self {
            whole,
            parts,
            version,
        }
    }

    /// The part that a line of the whole is in, where there is more than one, and its line there.
    fn place(&self, line: usize) -> (Option<String>, usize) {
        let part = self.parts.iter().rfind(|(_, before)| *before < line);
        match part {
            Some((name, before)) if self.parts.len() > 1 => (Some(name.clone()), line - before),
            Some(_) | None => (None, line),
        }
    }
}

impl<T> Compiler<T> {
    /// Makes what can be made of a text, or says what the first problem is.
    ///
    /// A text that says nothing at all is refused: as a policy it would admit everybody, and as a
    /// parameter it is a mistake.
    pub(super) fn compile(&self, text: &Text) -> Result<T, Refused> {
        let compile = || {
            let read = |path: &Path| std::fs::read_to_string(path);
            let mut policy = file::parse(&text.whole, &self.base, &read).map_err(|problems| {
                let problems = problems.as_slice();
                let first = problems.first();
                let (part, line) = text.place(first.map_or(1, |first| first.line));
                Refused {
                    part,
                    line: Some(line),
                    key: first.map(|first| first.key.clone()).unwrap_or_default(),
                    problems: problems.len(),
                }
            })?;
            if says_nothing(&text.whole) {
                return Err(Refused::of(""));
            }
            self.overrides
                .apply(&mut policy)
                .map_err(|error| Refused::of(error.key()))?;
            (self.make)(policy).map_err(|unfit| Refused::of(&unfit.key))
        };
        // A policy that breaks us must not take the one in force with it.
        catch_unwind(AssertUnwindSafe(compile)).unwrap_or_else(|_panic| Err(Refused::default()))
    }
}

impl Refused {
    fn of(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            problems: 1,
            ..Self::default()
        }
    }
}

fn says_nothing(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#'))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, text: &str, version: &str) -> Stored {
        Stored {
            name: name.to_owned(),
            text: text.into(),
            version: version.to_owned(),
        }
    }

    fn compiler() -> Compiler<Policy> {
        Compiler {
            base: PathBuf::new(),
            overrides: Overrides::default(),
            make: Ok,
        }
    }

    #[test]
    fn parts_are_one_file_in_which_each_line_has_its_place() {
        let text = Text::of(&[
            part("/p/1", "[bus]\npublish = true", "3"),
            part("/p/2", "[trigger]\nbudget_ms = 1000\n", "1"),
            part("/p/3", "\n[sign_in]\nwhen_store_is_down = 'never'\n", "4"),
        ]);
        let refused = compiler().compile(&text).unwrap_err();
        let expected = Refused {
            part: Some("/p/3".to_owned()),
            line: Some(3),
            key: "sign_in.when_store_is_down".to_owned(),
            problems: 1,
        };
        assert_eq!(refused, expected);
        assert!(text.version.to_string().starts_with("3.1.4-"));
    }

    #[test]
    fn one_parameter_has_no_parts() {
        let text = Text::of(&[part(
            "/p",
            "[bus]\npublish = 1\n[trigger]\nbudget_ms = 1\n",
            "3",
        )]);
        let expected = Refused {
            part: None,
            line: Some(2),
            key: "bus.publish".to_owned(),
            problems: 2,
        };
        assert_eq!(compiler().compile(&text).unwrap_err(), expected);
    }

    #[test]
    fn a_text_that_says_nothing_is_no_policy_to_replace_another() {
        for text in ["", "\n", "# only a comment\n\n  # and another"] {
            let refused = compiler().compile(&Text::of(&[part("/p", text, "1")]));
            assert_eq!(refused.unwrap_err(), Refused::of(""), "{text:?}");
        }
        assert_eq!(
            compiler().compile(&Text::of(&[])).unwrap_err(),
            Refused::of("")
        );
    }

    #[test]
    fn what_the_environment_switches_on_must_be_possible() {
        let overrides = Overrides {
            welcome_mail: Some(true),
            profile_creation: None,
        };
        let compiler = Compiler {
            overrides,
            ..compiler()
        };
        let refused = compiler.compile(&Text::of(&[part("/p", "[bus]\npublish = true", "1")]));
        assert_eq!(refused.unwrap_err(), Refused::of("ENABLE_WELCOME_EMAIL"));
    }

    #[test]
    fn what_panics_or_cannot_be_made_is_refused() {
        let text = Text::of(&[part("/p", "[bus]\npublish = true", "1")]);
        let makes: [(Make<Policy>, Refused); 2] = [
            (|_| panic!("planted"), Refused::default()),
            (
                |_| {
                    Err(Unfit {
                        key: "mail.templates".to_owned(),
                        problem: "planted".to_owned(),
                    })
                },
                Refused::of("mail.templates"),
            ),
        ];
        for (make, expected) in makes {
            let refused = Compiler { make, ..compiler() }.compile(&text).unwrap_err();
            assert_eq!(refused, expected);
        }
    }

    #[test]
    fn a_version_is_its_keepers_and_its_texts() {
        let version = Version::of("7", "a");
        assert_eq!(version.to_string(), "7-ca978112ca1b");
        assert_ne!(version, Version::of("7", "b"));
        assert_ne!(version, Version::of("8", "a"));
    }
}
