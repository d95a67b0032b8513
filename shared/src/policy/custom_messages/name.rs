use super::fit::units;
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

/// Longest name in a message, in UTF-16 units. Most names are shorter, and an SMS is short too.
pub const LONGEST_NAME: usize = 30;

/// How many marks one letter may carry. Every script does with this; heaps of them hide other lines.
const MARKS: usize = 3;

/// Modifier letters that names are written with. Others look like full stops and colons.
const MODIFIERS: [char; 4] = ['ʻ', 'ʼ', '々', 'ー'];

/// Letters that show nothing.
const INVISIBLE: [char; 4] = ['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}'];

/// What of a name can be said to its bearer without saying more: letters with their marks, in words
/// between single spaces, hyphens and apostrophes, at most [`LONGEST_NAME`].
///
/// Anybody can sign up with somebody else's address and a name of their choice, and have it sent
/// there. So nothing stays of which a mail program or a telephone makes something to follow or to
/// call – no full stop, colon, slash, at sign or digit –, no brace that Cognito would replace, no
/// markup, and no character that Cognito does not take.
pub fn speakable(name: &str) -> String {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let (mut spoken, mut length, mut marks) = (String::new(), 0, 0);
    let mut between = None;
    for c in name.chars() {
        let category = categories.get(c);
        let is_mark = GeneralCategoryGroup::Mark.contains(category);
        if is_mark || is_letter(c, category) {
            let follows_letter = between.is_none() && !spoken.is_empty();
            marks = if is_mark { marks + 1 } else { 0 };
            if is_mark && (!follows_letter || marks > MARKS) {
                continue;
            }
            let join = between.take().filter(|_| !spoken.is_empty());
            let more = c.len_utf16() + join.map_or(0, char::len_utf16);
            if length + more > LONGEST_NAME {
                break;
            }
            spoken.extend(join.into_iter().chain([c]));
            length += more;
        } else if category != GeneralCategory::Format && !INVISIBLE.contains(&c) {
            between = Some(match (between, c) {
                (None, '-' | '\u{2010}' | '\u{2011}') => '-',
                (None, '\'' | '’') => c,
                _ => ' ',
            });
        }
    }
    debug_assert!(units(&spoken) <= LONGEST_NAME);
    spoken
}

fn is_letter(c: char, category: GeneralCategory) -> bool {
    match category {
        GeneralCategory::ModifierLetter => MODIFIERS.contains(&c),
        _ => GeneralCategoryGroup::Letter.contains(category) && !INVISIBLE.contains(&c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_stay_as_people_write_them() {
        for name in [
            "Ada",
            "Anne-Marie",
            "O'Brien",
            "D’Arcy",
            "José Ángel",
            "Jose\u{301}",
            "Łukasz",
            "Дарья",
            "محمد",
            "สมชาย",
            "नरेन्द्र",
            "佐々木",
            "ジョー",
            "Kaʻiulani",
            "𐌰𐌽𐌰",
        ] {
            assert_eq!(speakable(name), name);
        }
    }

    #[test]
    fn what_could_be_followed_called_or_replaced_is_gone() {
        for (name, spoken) in [
            ("", ""),
            ("  Ada \n Lovelace ", "Ada Lovelace"),
            ("John P. Smith, Jr.", "John P Smith Jr"),
            ("https://evil.example/x?y", "https evil example x y"),
            ("www.evil.example", "www evil example"),
            ("ada@evil.example", "ada evil example"),
            ("evil。example", "evil example"),
            ("evil\u{200b}.\u{200b}example", "evil example"),
            ("+49 900 1234567", ""),
            ("{####}", ""),
            ("{##Click Here##}", "Click Here"),
            ("{username}", "username"),
            ("{{ code }}", "code"),
            ("<b>Ada</b>", "b Ada b"),
            ("--'Ada'--", "Ada"),
            ("Ada - Lovelace", "Ada Lovelace"),
            ("\u{202e}adA", "adA"),
            ("\u{301}Ada", "Ada"),
            ("evilꓸcom", "evil com"),
            ("\u{3164}\u{115f}", ""),
            ("👩\u{200d}🚀 Ada", "Ada"),
        ] {
            assert_eq!(speakable(name), spoken, "{name:?}");
        }
        let stacked = format!("A{}", "\u{301}".repeat(20));
        assert_eq!(speakable(&stacked).chars().count(), 1 + MARKS);
    }

    #[test]
    fn a_name_is_cut_at_its_length_and_not_within_a_character() {
        assert_eq!(speakable(&"W".repeat(31)), "W".repeat(30));
        assert_eq!(speakable(&"𐌰".repeat(31)), "𐌰".repeat(15));
        let words = "Abcdefghi ".repeat(9);
        assert_eq!(speakable(&words), "Abcdefghi Abcdefghi Abcdefghi");
    }

    proptest! {
        #[test]
        fn whatever_is_called_a_name_leaves_letters_alone(name in any::<String>()) {
            let spoken = speakable(&name);
            prop_assert!(units(&spoken) <= LONGEST_NAME);
            prop_assert_eq!(speakable(&spoken), spoken.clone());
            for c in spoken.chars() {
                let category = CodePointMapData::<GeneralCategory>::new().get(c);
                let letter = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Mark);
                prop_assert!(letter.contains(category) || " -'’".contains(c), "{c:?}");
            }
        }
    }
}
