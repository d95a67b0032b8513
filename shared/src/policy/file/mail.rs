use super::mail_tags;
use super::mail_templates::{self, Written};
use super::reader::Found;
use super::section::Section;
use super::{Read, texts};
use crate::policy::{Domain, MailRules, OrganizationContent, SignUp};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Component, Path};
use std::time::Duration;

/// Longest `Name <address>`, in characters: what SES takes.
const LONGEST_ADDRESS: usize = 320;
/// Longest name of the application, in characters: it stands in subjects.
const LONGEST_APP_NAME: usize = 100;
/// Below five minutes a queue that is merely busy lets the welcome overtake the confirmation; who is
/// greeted more than a week after the first sign-in takes the mail for a mistake.
const DELAY_MIN: RangeInclusive<u32> = 5..=10_080;
/// Longest address for unsubscribing: with a token of the longest ids it stays below the 995 characters
/// that SES takes for a header.
const LONGEST_UNSUBSCRIBE_URL: usize = 200;

/// The welcome mail is on where there is a sender and an address for its links, unless it is
/// switched off. With only one of the two the file must say which it means.
pub(super) fn mail(
    section: &Section<'_>,
    (content, sign_up): (OrganizationContent, &SignUp),
    base: &Path,
    read: Read<'_>,
) -> (MailRules, Vec<Written>) {
    let sender = section
        .filled("from")
        .and_then(|found| address(section, found));
    let app_url = section
        .filled("app_url")
        .and_then(|found| app_url(section, found));
    let app_name = section.filled("app_name");
    let app_name = app_name.and_then(|found| texts::line(section, found, LONGEST_APP_NAME));
    let configuration_set = section.filled("configuration_set");
    let (templates, written) = mail_templates::templates(section, base, read);
    let welcome = welcome(section);
    let has_sender = section.is_set("from");
    let notice = |key: &str| notice(section, key, has_sender);
    let delay_min = section.number("welcome_first_seen_delay_min", DELAY_MIN, "min", 60);
    let rules = MailRules {
        welcome,
        unsubscribe_url: unsubscribe_url(section, welcome),
        welcome_unverified: welcome_unverified(section),
        welcome_first_seen: welcome_first_seen(section, welcome),
        welcome_first_seen_delay: Duration::from_secs(60 * u64::from(delay_min)),
        password_changed: notice("password_changed"),
        suspension: notice("suspension"),
        reply_to: section
            .filled("reply_to")
            .and_then(|found| address(section, found)),
        configuration_set: configuration_set.and_then(|found| set_name(section, found)),
        app_name: app_name.unwrap_or_else(|| shown_name(sender.as_deref(), app_url.as_deref())),
        from: sender.unwrap_or_default(),
        app_url: app_url.unwrap_or_default(),
        tags: section.section("tags", |section| mail_tags::tags(section, sign_up)),
        templates,
        content,
    };
    (rules, written)
}

fn welcome_unverified(section: &Section<'_>) -> bool {
    let on = section.flag("welcome_unverified", false);
    if on {
        section.warn_key(
            "welcome_unverified",
            "whoever signs up with somebody else's address has a mail sent there",
        );
    }
    on
}

/// `welcome` is whether there is a welcome mail at all.
fn welcome_first_seen(section: &Section<'_>, welcome: bool) -> bool {
    let on = section.flag("welcome_first_seen", false);
    if on && !welcome {
        section.report_key(
            "welcome_first_seen",
            "welcomes nobody while there is no welcome mail; set from and app_url, or leave it out",
        );
    } else if on {
        section.warn_key(
            "welcome_first_seen",
            "everybody who was in the pool before usher is sent a welcome after the next sign-in or refresh",
        );
    }
    on
}

fn welcome(section: &Section<'_>) -> bool {
    let wanted = section.maybe_flag("welcome");
    let missing: Vec<_> = ["from", "app_url"]
        .into_iter()
        .filter(|key| !section.is_set(key))
        .collect();
    let incomplete = match wanted {
        Some(wanted) => wanted,
        None => missing.len() == 1,
    };
    for key in missing.iter().filter(|_| incomplete) {
        section.report_key(
            key,
            "is missing; no mail goes out without it, so set it, or welcome to false",
        );
    }
    wanted.unwrap_or(missing.is_empty())
}

/// A notice needs a sender and nothing else, and is on where there is one.
fn notice(section: &Section<'_>, key: &str, has_sender: bool) -> bool {
    let wanted = section.maybe_flag(key);
    if wanted == Some(true) && !has_sender {
        section.report_key(key, "has no sender; set from, or leave it out");
    }
    wanted.unwrap_or(has_sender)
}

/// Where the welcome's readers stop mails by one click. RFC 8058 demands `https`.
fn unsubscribe_url(section: &Section<'_>, welcome: bool) -> Option<String> {
    const KEY: &str = "unsubscribe_url";
    let Some(found) = section.filled(KEY) else {
        if welcome {
            let text = "is not there, so the welcome mail goes out without List-Unsubscribe, and \
                        mailbox providers may take it for spam";
            section.warn_key(KEY, text);
        }
        return None;
    };
    let problem = match found.value.as_str() {
        url if !url.starts_with("https://") => "must begin with https://",
        url if url.len() > LONGEST_UNSUBSCRIBE_URL => {
            "must be at most 200 characters; a token is added to it"
        }
        _ => return app_url(section, found),
    };
    section.report(&found.place, problem);
    None
}

/// What mails call the application if nobody says: the sender's name, else the host of its address,
/// else the sender's domain.
fn shown_name(sender: Option<&str>, app_url: Option<&str>) -> String {
    let text = sender.unwrap_or_default();
    let name = text.rsplit_once('<').map_or("", |(name, _)| name);
    let name = name.trim().trim_matches('"');
    let address = app_url
        .and_then(|url| url.split_once("://"))
        .map_or("", |(_, rest)| rest);
    let host = address.split('/').next().unwrap_or_default();
    let domain = text.rsplit_once('@').map_or("", |(_, domain)| domain);
    let mut names = [name, host, domain.trim_end_matches('>')].into_iter();
    let name = names.find(|name| !name.is_empty());
    name.unwrap_or_default().to_owned()
}

/// The file of this name, which lies beside the policy or below, because only that is packaged
/// with it.
pub(super) fn file(
    section: &Section<'_>,
    found: &Found<String>,
    base: &Path,
    read: Read<'_>,
) -> Option<String> {
    let path = Path::new(&found.value);
    let below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if found.value.is_empty() || !below {
        section.report(
            &found.place,
            "must be the name of a file beside the policy or below",
        );
        return None;
    }
    let problem = match read(&base.join(path)) {
        Ok(text) if text.trim().is_empty() => "is empty".to_owned(),
        Ok(text) => return Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => "does not exist".to_owned(),
        Err(error) => format!("cannot be read ({})", error.kind()),
    };
    section.report(
        &found.place,
        format!("the file {:?} {problem}", found.value),
    );
    None
}

/// An address, alone or as `Name <address>`.
fn address(section: &Section<'_>, found: Found<String>) -> Option<String> {
    let place = found.place.clone();
    let text = texts::line(section, found, LONGEST_ADDRESS)?;
    let (name, address) = match text
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
    {
        Some((name, address)) => (name.trim(), address),
        None => ("", text.as_str()),
    };
    let quoted = name.len() >= 2 && name.starts_with('"') && name.ends_with('"');
    let inner = if quoted {
        &name[1..name.len() - 1]
    } else {
        name
    };
    let specials = if quoted { "\"\\" } else { "\"(),:;<>@[\\]" };
    let problem = match () {
        () if Domain::of_email(address).is_none() || address.trim() != address => {
            "must be an address, or a name and an address as in Example <hello@example.com>"
        }
        () if inner.contains(|c| specials.contains(c)) => {
            "has a name with characters that need quotes around it, as in \"Example, Inc\" <hello@example.com>"
        }
        () => return Some(text),
    };
    section.report(&place, problem);
    None
}

/// An address for links, without slashes at its end.
fn app_url(section: &Section<'_>, found: Found<String>) -> Option<String> {
    let place = found.place.clone();
    let text = texts::line(section, found, 500)?;
    let url = text.trim_end_matches('/');
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "443"));
    let local = matches!(host, "localhost" | "127.0.0.1");
    let problem = match () {
        () if scheme == "http" && !local => {
            "must begin with https://; http:// is for localhost alone"
        }
        () if scheme != "https" && scheme != "http" => "must begin with https://",
        () if !local && (Domain::new(host).is_err() || !host.contains('.')) => {
            "must name a host, as in https://app.example.com"
        }
        () if port.parse::<u16>().is_err() => "has a port that is no number from 0 to 65535",
        () if rest.contains(|c: char| !c.is_ascii_alphanumeric() && !"-._~/:%".contains(c)) => {
            "must be an address without query, fragment or white space; links are made by adding to it"
        }
        () => return Some(url.to_owned()),
    };
    section.report(&place, problem);
    None
}

fn set_name(section: &Section<'_>, found: Found<String>) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let good = found.value.len() <= 64 && found.value.bytes().all(plain);
    if !good {
        section.report(&found.place, "must be at most 64 letters, digits, _ and -");
    }
    good.then_some(found.value)
}
