//! What an organization is called until somebody gives it another name.

use usher_shared::policy::Domain;

/// The word that whoever has the domain chose, with a capital: `Acme` for `mail.acme.co.uk`.
///
/// It is the label before the public suffix, under which anybody can have a name; of a domain that
/// has nothing before it, its first label.
pub(super) fn of(domain: &Domain) -> String {
    let name = domain.as_str();
    let registered = psl::domain_str(name).unwrap_or(name);
    let label = registered.split('.').next().unwrap_or(registered);
    let label = Domain::new(label).map_or(label.to_owned(), |label| label.to_unicode());
    let mut letters = label.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_word_before_the_public_suffix() {
        for (domain, name) in [
            ("acme.example", "Acme"),
            ("acme.com", "Acme"),
            ("ACME.com.", "Acme"),
            ("mail.acme.co.uk", "Acme"),
            ("x.y.acme.com.au", "Acme"),
            ("blue-sky.org", "Blue-sky"),
            ("3m.com", "3m"),
            ("bücher.de", "Bücher"),
            ("пример.рф", "Пример"),
            // Anybody can have a name there, as under a country.
            ("ada.github.io", "Ada"),
            // Nobody has registered anything.
            ("co.uk", "Co"),
            ("localhost", "Localhost"),
        ] {
            assert_eq!(of(&Domain::new(domain).unwrap()), name, "{domain}");
        }
    }
}
