//! Domains where everybody can have an address, so that having one says nothing of an organization.
//!
//! A short list, kept by hand: the services that count their mailboxes in millions, as of 2026. A
//! service that is missing here costs its first user a wrong organization, and the owner of the
//! policy one line in `founding.free_mail`; a domain too many costs its people an organization that a
//! rule can give them. Throw-away addresses are another matter: who may sign up decides that.

use super::Domain;

/// Services with a domain in nearly every country: whatever comes behind this first label.
const BRANDS: [&str; 11] = [
    "aol",
    "freenet",
    "gmail",
    "gmx",
    "googlemail",
    "hotmail",
    "outlook",
    "rocketmail",
    "tutanota",
    "yahoo",
    "yandex",
];

/// Whole domains, in the order of bytes.
const DOMAINS: &[&str] = &[
    "126.com",
    "139.com",
    "163.com",
    "a1.net",
    "abv.bg",
    "aim.com",
    "alice.it",
    "aon.at",
    "arcor.de",
    "att.net",
    "bbox.fr",
    "bellsouth.net",
    "bigpond.com",
    "bigpond.net.au",
    "bk.ru",
    "bluewin.ch",
    "blueyonder.co.uk",
    "bol.com.br",
    "btinternet.com",
    "cegetel.net",
    "centrum.cz",
    "charter.net",
    "chello.at",
    "citromail.hu",
    "club-internet.fr",
    "comcast.net",
    "cox.net",
    "daum.net",
    "docomo.ne.jp",
    "drei.at",
    "duck.com",
    "earthlink.net",
    "email.cz",
    "ezweb.ne.jp",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "freemail.hu",
    "hanmail.net",
    "hey.com",
    "hispeed.ch",
    "home.nl",
    "hushmail.com",
    "icloud.com",
    "ig.com.br",
    "iinet.net.au",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "internode.on.net",
    "juno.com",
    "kakao.com",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.at",
    "live.be",
    "live.ca",
    "live.cl",
    "live.cn",
    "live.co.uk",
    "live.co.za",
    "live.com",
    "live.com.ar",
    "live.com.au",
    "live.com.mx",
    "live.com.pt",
    "live.de",
    "live.dk",
    "live.fi",
    "live.fr",
    "live.ie",
    "live.in",
    "live.it",
    "live.jp",
    "live.nl",
    "live.no",
    "live.se",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "nate.com",
    "naver.com",
    "neuf.fr",
    "ntlworld.com",
    "numericable.fr",
    "o2.pl",
    "onet.pl",
    "online.de",
    "op.pl",
    "optonline.net",
    "optusnet.com.au",
    "orange.fr",
    "planet.nl",
    "pm.me",
    "posteo.de",
    "privatemail.com",
    "privaterelay.appleid.com",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "pt.lu",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rogers.com",
    "runbox.com",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "simplelogin.com",
    "sina.com",
    "sky.com",
    "skynet.be",
    "softbank.ne.jp",
    "startmail.com",
    "sunrise.ch",
    "sympatico.ca",
    "t-online.de",
    "talktalk.net",
    "telenet.be",
    "telia.com",
    "terra.com.br",
    "tim.it",
    "tiscali.it",
    "tuta.com",
    "tuta.io",
    "tutamail.com",
    "ukr.net",
    "uol.com.br",
    "users.noreply.github.com",
    "verizon.net",
    "vip.qq.com",
    "virgilio.it",
    "virginmedia.com",
    "vodafone.it",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "xtra.co.nz",
    "ya.ru",
    "yeah.net",
    "ymail.com",
    "ziggo.nl",
    "zoho.com",
    "zoho.eu",
    "zohomail.com",
];

/// Whether everybody can have an address there.
pub fn is_known(domain: &Domain) -> bool {
    let name = domain.as_str();
    let first = name.split('.').next().unwrap_or(name);
    BRANDS.contains(&first) || DOMAINS.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_known_text(text: &str) -> bool {
        is_known(&Domain::new(text).unwrap())
    }

    #[test]
    fn well_known_services_are_known_in_every_country_and_spelling() {
        for domain in [
            "gmail.com",
            "GMail.com.",
            "googlemail.com",
            "yahoo.co.uk",
            "hotmail.fr",
            "outlook.com",
            "icloud.com",
            "web.de",
            "proton.me",
            "privaterelay.appleid.com",
        ] {
            assert!(is_known_text(domain), "{domain}");
        }
    }

    #[test]
    fn a_company_is_not_taken_for_one_whatever_its_name_resembles() {
        for domain in [
            "acme.example",
            "my-gmail.com",
            "gmailer.com",
            "live.acme.com",
            "acme.web.de",
        ] {
            assert!(!is_known_text(domain), "{domain}");
        }
    }

    #[test]
    fn the_list_can_be_searched_and_holds_domains() {
        assert!(DOMAINS.is_sorted());
        for name in DOMAINS {
            let domain = Domain::new(name).unwrap();
            assert_eq!(domain.as_str(), *name);
        }
    }
}
