use http::Uri;
use http::uri::Scheme;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use thiserror::Error;

/// Longest address, in characters.
const LONGEST: usize = 500;

/// Where a question is sent: by HTTPS, or on this machine by plain HTTP. Holds nothing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Scheme, host and port.
    origin: String,
    /// The path, with the slash that it begins with.
    path: String,
    is_local: bool,
}

/// Why a text is no address that a question may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// No address at all, or too long a one.
    #[error("must be an address of at most 500 characters, as in https://crm.example.com/role")]
    NotAUrl,
    /// It would let others read along.
    #[error("must begin with https://; http:// is for this machine alone")]
    NotHttps,
    /// Something in it may be a secret.
    #[error(
        "must be an address without user, query or fragment; what is secret belongs where authorization says"
    )]
    MoreThanAPath,
}

impl Url {
    /// Scheme, host and port, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path, from its first slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is plain HTTP to this machine.
    pub fn is_local(&self) -> bool {
        self.is_local
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_uri| UrlError::NotAUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(UrlError::NotAUrl);
        };
        if text.len() > LONGEST || authority.host().is_empty() {
            return Err(UrlError::NotAUrl);
        }
        let is_local = *scheme == Scheme::HTTP && is_this_machine(authority.host());
        if *scheme != Scheme::HTTPS && !is_local {
            return Err(UrlError::NotHttps);
        }
        // The parser drops a fragment without a word.
        if authority.as_str().contains('@') || uri.query().is_some() || text.contains('#') {
            return Err(UrlError::MoreThanAPath);
        }
        Ok(Self {
            origin: format!("{scheme}://{authority}"),
            path: uri.path().to_owned(),
            is_local,
        })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_goes_out_by_https_or_stays_on_this_machine() {
        for (text, origin, path, is_local) in [
            ("https://crm.example", "https://crm.example", "/", false),
            (
                "https://crm.example:8443/a/b",
                "https://crm.example:8443",
                "/a/b",
                false,
            ),
            (
                "HTTPS://crm.example/a/",
                "https://crm.example",
                "/a/",
                false,
            ),
            (
                "http://127.0.0.1:9000/role",
                "http://127.0.0.1:9000",
                "/role",
                true,
            ),
            ("http://localhost/role", "http://localhost", "/role", true),
            ("http://[::1]:1/", "http://[::1]:1", "/", true),
        ] {
            let url: Url = text.parse().unwrap();
            let read = (url.origin(), url.path(), url.is_local());
            assert_eq!(read, (origin, path, is_local), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("https://crm.example/{}", "a".repeat(LONGEST));
        for (text, error) in [
            ("", UrlError::NotAUrl),
            ("crm.example", UrlError::NotAUrl),
            ("/role", UrlError::NotAUrl),
            ("https://", UrlError::NotAUrl),
            ("https:///role", UrlError::NotAUrl),
            ("https://crm.example/a b", UrlError::NotAUrl),
            (&long, UrlError::NotAUrl),
            ("http://crm.example/role", UrlError::NotHttps),
            ("http://127.0.0.1.evil.example/", UrlError::NotHttps),
            ("http://10.0.0.1/role", UrlError::NotHttps),
            ("ftp://127.0.0.1/", UrlError::NotHttps),
            ("https://ada:secret@crm.example/", UrlError::MoreThanAPath),
            (
                "https://crm.example/role?key=secret",
                UrlError::MoreThanAPath,
            ),
            ("https://crm.example/role#part", UrlError::MoreThanAPath),
        ] {
            assert_eq!(text.parse::<Url>(), Err(error), "{text}");
        }
    }
}
