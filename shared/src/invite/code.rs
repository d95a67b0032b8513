use std::fmt;

/// Crockford's base 32: no letter that a reader could take for a digit or for another letter.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters in a code: 16 of 5 bits are 80 bits. Guessing a thousand codes a second, somebody
/// would meet one of a million open invites after some thirty thousand years.
const LENGTH: usize = 16;

/// Characters in each group of the written form.
const GROUP: usize = 4;

/// A code that lets somebody in. Whoever has it may use it, so it never shows itself: what is
/// stored is [`crate::digest::Secret::invite_id`], and the code itself is shown once, when it is
/// made.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Makes a code of ten random bytes: 80 bits.
    pub fn draw(random: &[u8; 10]) -> Self {
        Self(base_32(random))
    }

    /// Reads what somebody typed or pasted. Case, spaces and dashes of any kind do not matter, and
    /// an O is a zero, an I or L a one. `None` if it cannot be a code.
    pub fn read(typed: &str) -> Option<Self> {
        let mut text = String::with_capacity(LENGTH);
        for typed in typed.chars() {
            let read = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c if c.is_whitespace() || is_dash(c) => continue,
                c if c.is_ascii() && ALPHABET.contains(&(c as u8)) => c,
                _ => return None,
            };
            if text.len() == LENGTH {
                return None;
            }
            text.push(read);
        }
        (text.len() == LENGTH).then_some(Self(text))
    }

    /// The characters, without dashes: what is digested.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The form for people: `ABCD-EFGH-JKMN-PQRS`. Every call is a place where the code goes
    /// somewhere.
    pub fn expose(&self) -> String {
        let mut written = String::with_capacity(LENGTH + LENGTH / GROUP);
        for (place, c) in self.0.chars().enumerate() {
            if place > 0 && place % GROUP == 0 {
                written.push('-');
            }
            written.push(c);
        }
        written
    }
}

/// Writes bytes in the alphabet of codes, with zero bits at the end where the last character has
/// room for them.
pub(crate) fn base_32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut held) = (0_u16, 0_u8);
    for byte in bytes {
        bits = (bits << 8) | u16::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[usize::from((bits >> held) & 31)]));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(char::from(ALPHABET[usize::from((bits << (5 - held)) & 31)]));
    }
    text
}

/// What word processors and phones make of a hyphen.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[code]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_type_is_read_as_the_code_that_was_meant() {
        let code = Code::read("0123-4567-89AB-CDEF").unwrap();
        for typed in [
            "0123456789abcdef",
            " o123 4567 89ab cdef\n",
            "O\u{2013}123\u{2014}4567_89AB-CDEF",
            "oI23-4567-89aB-cdeF",
            "0L23-4567-89AB-CDEF",
            "0123\u{a0}4567\u{2212}89AB-CDEF",
        ] {
            assert_eq!(Code::read(typed), Some(code.clone()), "{typed}");
        }
        assert_eq!(code.expose(), "0123-4567-89AB-CDEF");
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        for typed in [
            "",
            "WELCOME2024",
            "0123-4567-89AB-CDE",
            "0123-4567-89AB-CDEFG",
            "0123-4567-89AB-CDEU",
            "0123-4567-89AB-CDE\u{c9}",
            "0123-4567-89AB-CD\u{fffd}F",
        ] {
            assert_eq!(Code::read(typed), None, "{typed}");
        }
        assert_eq!(Code::read(&"0".repeat(100_000)), None);
    }

    #[test]
    fn a_code_never_prints_itself() {
        let code = Code::draw(&[0; 10]);
        assert_eq!(format!("{code:?} {:?}", Some(&code)), "[code] Some([code])");
    }

    proptest! {
        #[test]
        fn a_drawn_code_is_read_back_and_holds_every_bit(random: [u8; 10], other: [u8; 10]) {
            let code = Code::draw(&random);
            prop_assert_eq!(Code::read(&code.expose()), Some(code.clone()));
            prop_assert_eq!(code.expose().len(), 19);
            prop_assert_eq!(random == other, Code::draw(&other) == code);
        }

        #[test]
        fn reading_never_panics(typed: String) {
            let _ = Code::read(&typed);
        }
    }
}
