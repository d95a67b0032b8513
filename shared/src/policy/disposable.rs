//! Mail domains of services that give addresses away for minutes.

use super::Domain;

/// Sorted, a domain a line; made at build time from a library's list.
const LIST: &str = include_str!(concat!(env!("OUT_DIR"), "/disposable.txt"));

/// Whether this domain, or one that it lies below, is on the list.
pub(super) fn is_disposable(domain: &Domain) -> bool {
    let mut rest = domain.as_str();
    loop {
        if is_listed(rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, above)) if above.contains('.') => rest = above,
            Some(_) | None => return false,
        }
    }
}

/// Halves the text until one line is left.
fn is_listed(domain: &str) -> bool {
    let (mut from, mut to) = (0, LIST.len());
    while from < to {
        let middle = from + (to - from) / 2;
        let start = LIST[from..middle]
            .rfind('\n')
            .map_or(from, |at| from + at + 1);
        let end = LIST[middle..to].find('\n').map_or(to, |at| middle + at);
        match LIST[start..end].cmp(domain) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_nothing_between_two_lines_is() {
        let mut before = "";
        for line in LIST.lines() {
            assert!(before < line, "{before} {line}");
            before = line;
        }
        for line in LIST.lines().step_by(97) {
            assert!(is_listed(line), "{line}");
            assert!(!is_listed(&format!("{line}-")), "{line}");
        }
        assert!(LIST.lines().count() > 10_000);
        assert!(!is_listed(""));
    }

    #[test]
    fn a_domain_below_a_disposable_one_is_one_and_others_are_not() {
        let disposable = |text| is_disposable(&Domain::new(text).unwrap());
        assert!(disposable("mailinator.com") && disposable("x.y.MAILINATOR.com"));
        for good in ["example.com", "gmail.com", "acme.example", "com"] {
            assert!(!disposable(good), "{good}");
        }
    }
}
