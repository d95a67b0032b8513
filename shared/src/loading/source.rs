use std::fmt;
use std::path::PathBuf;

/// Where the policy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// A file.
    File(PathBuf),
    /// `ssm:NAME`: one parameter, by name or ARN.
    Parameter(String),
    /// `ssm:/PATH/*`: the parameters directly under a path, put together in the order of their names
    /// as if they were one file. A parameter holds 4 KB, or 8 KB of the advanced kind.
    Under(String),
}

impl PolicySource {
    /// What begins a parameter's name; anything else is a file.
    const SSM: &str = "ssm:";

    /// Reads `USHER_POLICY`. `None` for a text that begins as a parameter and names none.
    pub fn named(text: &str) -> Option<Self> {
        let Some(name) = text.strip_prefix(Self::SSM) else {
            return Some(Self::File(PathBuf::from(text)));
        };
        let plain = |character: char| !character.is_whitespace() && !character.is_control();
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(plain) && !name.contains('*');
        match name.strip_suffix("/*") {
            Some(path) if path.starts_with('/') && is_name(path) => {
                Some(Self::Under(path.to_owned()))
            }
            Some(_) => None,
            None => is_name(name).then(|| Self::Parameter(name.to_owned())),
        }
    }
}

impl fmt::Display for PolicySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Parameter(name) => write!(f, "{}{name}", Self::SSM),
            Self::Under(path) => write!(f, "{}{path}/*", Self::SSM),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_file_a_parameter_or_the_parameters_under_a_path() {
        for (text, source) in [
            (
                "etc/usher.toml",
                PolicySource::File("etc/usher.toml".into()),
            ),
            ("ssm:policy", PolicySource::Parameter("policy".into())),
            (
                "ssm:/usher/policy",
                PolicySource::Parameter("/usher/policy".into()),
            ),
            (
                "ssm:arn:aws:ssm:eu-west-1:1:parameter/usher",
                PolicySource::Parameter("arn:aws:ssm:eu-west-1:1:parameter/usher".into()),
            ),
            (
                "ssm:/usher/policy/*",
                PolicySource::Under("/usher/policy".into()),
            ),
        ] {
            assert_eq!(PolicySource::named(text), Some(source.clone()));
            assert_eq!(source.to_string(), text);
        }
    }

    #[test]
    fn what_begins_as_a_parameter_and_names_none_is_no_file_either() {
        for text in [
            "ssm:",
            "ssm:/*",
            "ssm:*",
            "ssm:/a*",
            "ssm:policy/*",
            "ssm:/a b",
            "ssm:/a/*/*",
        ] {
            assert_eq!(PolicySource::named(text), None, "{text}");
        }
    }
}
