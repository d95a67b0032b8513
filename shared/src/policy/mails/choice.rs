use super::MailKind;
use crate::policy::locale::Locale;
use std::cmp::Reverse;
use usher_events::AccountType;

/// What brought a user whose sign-up says nothing of it.
pub const ORGANIC: &str = "organic";

/// What brought a user whom no confirmation announces: nothing that a client could have said.
pub const FIRST_SEEN: &str = "first_seen";

/// The texts of one mail, as templates, and for whom they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailTemplate {
    /// For whom.
    pub readers: Readers,
    /// One line.
    pub subject: String,
    /// The part for readers of plain text.
    pub text: String,
    /// The part for readers of HTML; values are escaped in it.
    pub html: String,
}

/// For whom a template is: whatever is `None` is for everybody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Readers {
    /// Which mail.
    pub mail: MailKind,
    /// The reader's language, or one that it belongs to.
    pub locale: Option<Locale>,
    /// The reader's kind of account.
    pub account_type: Option<AccountType>,
    /// What brought the reader; of welcomes alone.
    pub source: Option<String>,
}

/// Who reads a mail. Language and source are the reader's own writing: they choose among the owner's
/// templates and do nothing else.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Which mail.
    pub mail: MailKind,
    /// The language, as the user has it.
    pub locale: Option<&'a str>,
    /// The kind of account.
    pub account_type: &'a str,
    /// What brought the user.
    pub source: Option<&'a str>,
}

/// The place, among the owner's templates, of the one that this reader gets; `None` is ours.
///
/// Of those that are for the reader the closest language counts (`pt-BR`, then `pt`, then no
/// language), then the kind of account before none, then the source before none.
pub fn choose<'t>(
    templates: impl IntoIterator<Item = &'t Readers>,
    reader: &Reader<'_>,
) -> Option<usize> {
    let locale = reader.locale.and_then(Locale::new);
    let chain: Vec<Locale> = locale.iter().flat_map(Locale::chain).collect();
    let fits = |readers: &Readers| {
        let distance = match &readers.locale {
            Some(locale) => chain.iter().position(|one| one == locale)?,
            None => chain.len(),
        };
        let of_account = readers.account_type.as_ref();
        let of_source = readers.source.as_deref();
        let is_for = readers.mail == reader.mail
            && of_account.is_none_or(|kind| kind.as_str() == reader.account_type)
            && of_source.is_none_or(|source| Some(source) == reader.source);
        let closeness = (Reverse(distance), of_account.is_some(), of_source.is_some());
        is_for.then_some(closeness)
    };
    let fitting = templates.into_iter().enumerate();
    let fitting = fitting.filter_map(|(place, readers)| Some((fits(readers)?, place)));
    fitting.max().map(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A welcome's readers by what is named, each part `-` where nothing is.
    fn readers(said: &str) -> Readers {
        let mut parts = said.split(' ').map(|part| (part != "-").then_some(part));
        let mut part = || parts.next().unwrap();
        Readers {
            mail: MailKind::Welcome,
            locale: part().and_then(Locale::new),
            account_type: part().map(|kind| AccountType::new(kind).unwrap()),
            source: part().map(str::to_owned),
        }
    }

    fn chosen(all: &[&str], (locale, account_type, source): (&str, &str, &str)) -> String {
        let templates: Vec<_> = all.iter().map(|said| readers(said)).collect();
        let reader = Reader {
            mail: MailKind::Welcome,
            locale: Some(locale),
            account_type,
            source: Some(source),
        };
        let place = choose(&templates, &reader);
        place.map_or("ours".to_owned(), |place| all[place].to_owned())
    }

    const ALL: [&str; 7] = [
        "- - -",
        "- business -",
        "- - invite",
        "pt - -",
        "pt-BR - -",
        "pt business -",
        "pt business invite",
    ];

    #[test]
    fn the_closest_language_counts_first_then_the_kind_of_account_then_the_source() {
        for (reader, expected) in [
            (("fr", "standard", "organic"), "- - -"),
            (("", "business", "organic"), "- business -"),
            (("no tag", "standard", "invite"), "- - invite"),
            (("de", "business", "invite"), "- business -"),
            (("pt", "standard", "organic"), "pt - -"),
            (("pt_PT.UTF-8", "business", "organic"), "pt business -"),
            (("PT", "business", "invite"), "pt business invite"),
            (("pt-BR", "business", "invite"), "pt-BR - -"),
        ] {
            assert_eq!(chosen(&ALL, reader), expected, "{reader:?}");
        }
        assert_eq!(
            chosen(&["de - -", "- business -"], ("fr", "standard", "organic")),
            "ours"
        );
        assert_eq!(chosen(&[], ("de", "standard", "organic")), "ours");
    }

    #[test]
    fn one_mail_s_template_is_no_others() {
        let templates = [readers("- - -")];
        for mail in [MailKind::PasswordChanged, MailKind::Suspension] {
            let reader = Reader {
                mail,
                locale: None,
                account_type: "standard",
                source: None,
            };
            assert_eq!(choose(&templates, &reader), None);
        }
    }

    proptest! {
        /// The order in the file says nothing.
        #[test]
        fn whichever_stands_first_the_same_is_chosen(
            order in Just(ALL.to_vec()).prop_shuffle(),
            locale in prop::sample::select(vec!["", "de", "pt", "pt-BR", "pt-PT"]),
            account_type in prop::sample::select(vec!["standard", "business"]),
            source in prop::sample::select(vec!["organic", "invite"]),
        ) {
            let reader = (locale, account_type, source);
            prop_assert_eq!(chosen(&order, reader), chosen(&ALL, reader));
        }
    }
}
