use crate::template::Broken;
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use std::fmt;
use std::ops::RangeInclusive;

/// The parts of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The text message.
    Sms,
    /// The mail's subject.
    Subject,
    /// The mail.
    Email,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Sms, Self::Subject, Self::Email];

    /// The key in the policy, and the name in log fields.
    pub fn key(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Subject => "subject",
            Self::Email => "email",
        }
    }

    /// How long Cognito lets it be, with what it puts in, in UTF-16 units (developer guide, *Custom
    /// message Lambda trigger*; API reference, *MessageTemplateType*).
    pub fn lengths(self) -> RangeInclusive<usize> {
        match self {
            Self::Sms => 6..=140,
            Self::Subject => 1..=140,
            Self::Email => 6..=20_000,
        }
    }
}

/// Why a text cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It could not be rendered.
    Broken(Broken),
    /// It does not hold this name's placeholder; Cognito then sends the pool's own without a word.
    Missing(&'static str),
    /// It holds this name's placeholder more than once.
    Repeated(&'static str),
    /// It holds a character that Cognito does not take.
    Character(char),
    /// It is too short or too long.
    Length {
        /// What Cognito takes.
        lengths: RangeInclusive<usize>,
        /// How long it is with what Cognito puts in.
        length: usize,
    },
}

impl Unfit {
    /// The name in log fields.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Broken(_) => "not_rendered",
            Self::Missing(_) => "placeholder_missing",
            Self::Repeated(_) => "placeholder_repeated",
            Self::Character(_) => "character",
            Self::Length { .. } => "length",
        }
    }
}

impl fmt::Display for Unfit {
    /// What a policy's owner reads. Never for logs of calls: it may show a character of a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(broken) => write!(f, "is a template that cannot be used; {broken}"),
            Self::Missing(word) => write!(
                f,
                "must hold {{{{ {word} }}}} whatever the values; without it the pool's own is sent"
            ),
            Self::Repeated(word) => write!(f, "must hold {{{{ {word} }}}} only once"),
            Self::Character(c) => write!(
                f,
                "holds U+{:04X}, which Cognito does not take; it takes letters, marks, numbers, \
                 symbols, punctuation, plain spaces and line breaks",
                u32::from(*c)
            ),
            Self::Length { lengths, length } => write!(
                f,
                "must be {} to {} characters with its longest values, and is {length}",
                lengths.start(),
                lengths.end()
            ),
        }
    }
}

/// A placeholder that must be there.
#[derive(Debug)]
pub(super) struct Demand {
    pub(super) word: &'static str,
    /// As it stands in the text.
    pub(super) placeholder: String,
    /// How long what Cognito puts in its place may be, in UTF-16 units.
    pub(super) stands_for: usize,
}

/// Holds a text to everything that Cognito demands of it.
pub(super) fn fit(part: Part, text: &str, demands: &[Demand]) -> Result<(), Unfit> {
    let mut length = units(text);
    for demand in demands {
        match text.matches(&demand.placeholder).count() {
            0 => return Err(Unfit::Missing(demand.word)),
            1 => {}
            _ => return Err(Unfit::Repeated(demand.word)),
        }
        length += demand.stands_for.saturating_sub(units(&demand.placeholder));
    }
    if let Some(c) = text.chars().find(|c| !is_taken(*c)) {
        return Err(Unfit::Character(c));
    }
    let lengths = part.lengths();
    if lengths.contains(&length) {
        Ok(())
    } else {
        Err(Unfit::Length { lengths, length })
    }
}

/// A text's length as Cognito, which is written in a language of UTF-16, counts it.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Cognito's class `[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]`, whose `\s` is ASCII's (API reference,
/// *VerificationMessageTemplateType*).
pub(super) fn is_taken(c: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let taken = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::Symbol)
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation);
    taken.contains(category) || matches!(c, ' ' | '\t'..='\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> Demand {
        Demand {
            word: "code",
            placeholder: "{####}".to_owned(),
            stands_for: 8,
        }
    }

    #[test]
    fn characters_are_taken_by_their_class() {
        for c in "aÄ漢ش\u{301}\u{fe0f}1²½€+<*!{#}\u{2019}。😀 \t\r\n".chars() {
            assert!(is_taken(c), "{c:?}");
        }
        for c in
            "\0\u{7}\u{a0}\u{ad}\u{200b}\u{200d}\u{202e}\u{2028}\u{3000}\u{feff}\u{e000}\u{378}"
                .chars()
        {
            assert!(!is_taken(c), "{c:?}");
        }
    }

    #[test]
    fn lengths_count_what_cognito_puts_in() {
        let text = |length: usize| format!("{{####}}{}", "x".repeat(length - 8));
        assert_eq!(fit(Part::Sms, &text(140), &[code()]), Ok(()));
        let lengths = Part::Sms.lengths();
        let too_long = Unfit::Length {
            lengths,
            length: 141,
        };
        assert_eq!(fit(Part::Sms, &text(141), &[code()]), Err(too_long));
        assert_eq!(fit(Part::Email, &text(20_000), &[code()]), Ok(()));
        assert!(fit(Part::Email, &text(20_001), &[code()]).is_err());
        assert!(fit(Part::Subject, "", &[]).is_err());
        assert_eq!(fit(Part::Subject, &"😀".repeat(70), &[]), Ok(()));
        assert!(fit(Part::Subject, &"😀".repeat(71), &[]).is_err());
    }

    #[test]
    fn a_placeholder_is_there_once() {
        let fit = |text| fit(Part::Sms, text, &[code()]);
        assert_eq!(fit("your code"), Err(Unfit::Missing("code")));
        assert_eq!(fit("{####} {####}"), Err(Unfit::Repeated("code")));
        assert_eq!(fit("code {####}"), Ok(()));
        assert_eq!(fit("code\u{a0}{####}"), Err(Unfit::Character('\u{a0}')));
    }
}
