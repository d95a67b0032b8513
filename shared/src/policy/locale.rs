//! Which language a text is wanted in.

/// Longest tag that is read, in bytes; the longest ones in use are half as long.
const LONGEST: usize = 64;

/// A language tag in the one form in which it is compared: lower case, with hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locale(String);

impl Locale {
    /// Reads a tag as anybody may write one: `pt-BR`, `pt_BR`, `pt_BR.UTF-8`. `None` where it is
    /// none. It is the user's text: it chooses among texts, and is shown nowhere.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let tag = text.split(['.', '@']).next().unwrap_or_default();
        let tag = tag.to_ascii_lowercase().replace('_', "-");
        let mut subtags = tag.split('-');
        let language = subtags.next().unwrap_or_default();
        let is_language =
            (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
        let is_subtag = |subtag: &str| {
            let plain = subtag.bytes().all(|b| b.is_ascii_alphanumeric());
            (1..=8).contains(&subtag.len()) && plain
        };
        let good = tag.len() <= LONGEST && is_language && subtags.all(is_subtag);
        good.then_some(Self(tag))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This locale and those that it falls back to, the closest first: `zh-hant-tw`, `zh-hant`,
    /// `zh`.
    pub fn chain(&self) -> impl Iterator<Item = Self> {
        let shorter = |locale: &Self| {
            let (parent, _) = locale.0.rsplit_once('-')?;
            Some(Self(parent.to_owned()))
        };
        std::iter::successors(Some(self.clone()), shorter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_however_it_is_written() {
        for (text, tag) in [
            ("de", "de"),
            ("pt-BR", "pt-br"),
            ("PT_br", "pt-br"),
            (" en_US.UTF-8 ", "en-us"),
            ("de_DE@euro", "de-de"),
            ("zh-Hant-TW", "zh-hant-tw"),
            ("gsw-u-sd-chzh", "gsw-u-sd-chzh"),
        ] {
            let read = Locale::new(text);
            assert_eq!(read.as_ref().map(Locale::as_str), Some(tag), "{text}");
        }
    }

    #[test]
    fn what_is_no_tag_is_no_locale() {
        let long = format!("de{}", "-abcdefgh".repeat(8));
        for text in [
            "",
            "C",
            "german",
            "d1",
            "de-",
            "-de",
            "de--at",
            "de at",
            "дe",
            "de-österr",
            ".utf-8",
            "de-abcdefghi",
            &long,
        ] {
            assert_eq!(Locale::new(text), None, "{text}");
        }
    }

    #[test]
    fn a_locale_falls_back_to_what_it_is_a_kind_of() {
        let chain = |text: &str| -> Vec<String> {
            Locale::new(text)
                .unwrap()
                .chain()
                .map(|locale| locale.0)
                .collect()
        };
        assert_eq!(chain("zh-Hant-TW"), ["zh-hant-tw", "zh-hant", "zh"]);
        assert_eq!(chain("pt_BR"), ["pt-br", "pt"]);
        assert_eq!(chain("de"), ["de"]);
    }
}
