use super::*;
use crate::digest::Secret;
use proptest::prelude::*;

fn token(sub: &str, seconds: i64) -> Token {
    Token {
        pool: PoolId::new("eu-west-1_AbCdEfGhI").unwrap(),
        sub: Sub::new(sub).unwrap(),
        mail: MailKind::Welcome,
        issued_at: Time::from_unix_seconds(seconds).unwrap(),
    }
}

fn ada() -> Token {
    token("8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e", 1_767_323_045)
}

fn key(byte: u8) -> Key {
    Key::new([byte; 32])
}

#[test]
fn a_token_has_the_bytes_that_are_documented() {
    let text = ada().sign(&key(7));
    let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
    let mut said = vec![1, 1, 0, 0, 0, 0, 0x69, 0x57, 0x35, 0xa5, 0, 19];
    said.extend(b"eu-west-1_AbCdEfGhI");
    said.extend([0, 36]);
    said.extend(b"8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e");
    assert_eq!(bytes[..bytes.len() - 32], said);
    assert_eq!(bytes.len(), said.len() + 32);
    let sealed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), &said);
    assert_eq!(&bytes[said.len()..], sealed.as_ref());
}

#[test]
fn the_key_is_the_secrets_own_for_this_and_nothing_else() {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let expected = hmac::sign(&secret, b"usher/unsubscribe/1");
    let key = Secret::new(&[7; 32]).unsubscribe_key();
    assert_eq!(key.expose_base64(), STANDARD.encode(expected.as_ref()));
    assert_ne!(
        key.expose_base64(),
        Secret::new(&[8; 32]).unsubscribe_key().expose_base64()
    );
    assert_eq!(format!("{key:?}"), "Key([secret])");
    let again = Key::from_base64(&key.expose_base64()).unwrap();
    assert_eq!(Token::verify(&ada().sign(&key), &[again]), Ok(ada()));
    for bad in ["", "AAAA", "no base 64!"] {
        assert!(Key::from_base64(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_token_of_an_older_key_is_good_while_that_key_is_kept() {
    let text = ada().sign(&key(1));
    assert_eq!(Token::verify(&text, &[key(2), key(1)]), Ok(ada()));
    assert_eq!(Token::verify(&text, &[key(2)]), Err(Refused::Forged));
    assert_eq!(Token::verify(&text, &[]), Err(Refused::Forged));
}

#[test]
fn what_is_no_token_is_told_from_one_that_nobody_signed() {
    let whole = ada().sign(&key(1));
    for text in ["", "a", "%", "AAAA", &whole[..40], &"A".repeat(5000)] {
        let refused = Token::verify(text, &[key(1)]);
        assert_eq!(refused, Err(Refused::NoToken), "{text}");
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(&whole).unwrap();
    bytes[0] = 9;
    let newer = URL_SAFE_NO_PAD.encode(bytes);
    let refused = Token::verify(&newer, &[key(1)]);
    assert_eq!(refused, Err(Refused::UnknownVersion(9)));
}

#[test]
fn a_token_ends_only_for_who_asks_how_old_it_is() {
    let token = ada();
    let day = Duration::from_secs(24 * 3600);
    let year_later = token.issued_at.plus(365 * day);
    assert_eq!(
        Token::verify(&token.sign(&key(1)), &[key(1)]),
        Ok(token.clone())
    );
    assert!(token.is_older_than(364 * day, year_later));
    assert!(!token.is_older_than(365 * day, year_later));
}

proptest! {
    #[test]
    fn whatever_it_says_reads_back_and_goes_into_an_address_as_it_is(
        sub in "[!-~]{1,256}",
        mail in prop::sample::select(MailKind::ALL.to_vec()),
        seconds in 0_i64..4_000_000_000,
        byte in any::<u8>(),
    ) {
        let token = Token { mail, ..token(&sub, seconds) };
        let text = token.sign(&key(byte));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        prop_assert!(text.chars().all(plain));
        prop_assert_eq!(Token::verify(&text, &[key(byte)]), Ok(token));
    }

    #[test]
    fn a_token_with_any_bit_changed_is_refused(place in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = URL_SAFE_NO_PAD.decode(ada().sign(&key(3))).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1_u8 << bit;
        prop_assert!(Token::verify(&URL_SAFE_NO_PAD.encode(bytes), &[key(3)]).is_err());
    }

    #[test]
    fn a_token_with_any_letter_changed_is_refused(
        place in any::<prop::sample::Index>(),
        other in "[ -~]",
    ) {
        let text = ada().sign(&key(3));
        let place = place.index(text.len());
        let changed = format!("{}{other}{}", &text[..place], &text[place + 1..]);
        prop_assume!(changed != text && changed.trim() != text);
        prop_assert!(Token::verify(&changed, &[key(3)]).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,300}") {
        prop_assert!(Token::verify(&text, &[key(3)]).is_err());
    }
}
