//! Base64 with the alphabet for URLs and without padding, as in the names of files.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Why a text is not base64, in Telegram's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotBase64 {
    #[error("Wrong string length")]
    Length,
    #[error("Wrong character in the string")]
    Character,
    #[error("Wrong padding in the string")]
    Padding,
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for digit in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * digit)) & 0x3f;
            text.push(char::from(ALPHABET[index as usize]));
        }
    }
    text
}

/// Padding may be there.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotBase64> {
    let text = text.trim_end_matches('=').as_bytes();
    if text.len() % 4 == 1 {
        return Err(NotBase64::Length);
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.chunks(4) {
        let mut bits = 0u32;
        for byte in chunk {
            let index = ALPHABET.iter().position(|known| known == byte);
            // The alphabet has 64 letters.
            bits = bits << 6 | index.ok_or(NotBase64::Character)? as u32;
        }
        bits <<= 6 * (4 - chunk.len());
        let [_, whole @ ..] = bits.to_be_bytes();
        let (kept, rest) = whole.split_at(chunk.len() - 1);
        if rest.iter().any(|byte| *byte != 0) {
            return Err(NotBase64::Padding);
        }
        bytes.extend_from_slice(kept);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_base64() {
        let table = [
            ("A", NotBase64::Length),
            ("AAAAA", NotBase64::Length),
            ("AA+A", NotBase64::Character),
            ("ñA", NotBase64::Character),
            ("AB", NotBase64::Padding),
            ("AAB", NotBase64::Padding),
        ];
        for (text, error) in table {
            assert_eq!(decode(text), Err(error), "{text}");
        }
        assert_eq!(decode("_-8="), Ok(vec![0xff, 0xef]));
        assert_eq!(decode(""), Ok(Vec::new()));
    }

    proptest::proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn what_is_decoded_is_encoded(text in "[A-Za-z0-9_-]{0,12}") {
            if let Ok(bytes) = decode(&text) {
                proptest::prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
