//! Text as the typeface can draw it. Names come from files, and may be in any script.
//!
//! Marks join the letters before them where both together are a letter of their own (`e` and an
//! acute accent, as file names of macOS have it). Whatever the typeface lacks after that becomes
//! its escape, `\u65e5`, as Python and JSON write it: a romanisation would need to know the
//! language, and two names could become one. Line breaks, tabs and control characters, which no
//! SVG may hold, become blanks, and a name of nothing but blanks is put in quotes.

use crate::typeface;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The text as figures draw it. Text that figures can draw comes back unchanged.
///
/// ```
/// assert_eq!(plots::legible("zwölf"), "zwölf");
/// assert_eq!(plots::legible("日本 1"), r"\u65e5\u672c 1");
/// ```
pub fn legible(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.chars().all(is_plain) && (text.is_empty() || !text.trim().is_empty()) {
        return Cow::Borrowed(text);
    }
    let drawn: String = letters(text).collect();
    if drawn.trim().is_empty() {
        return Cow::Owned(format!("“{drawn}”"));
    }
    if drawn == text { Cow::Borrowed(text) } else { Cow::Owned(drawn) }
}

/// What each letter is drawn as, one after the other.
pub(crate) fn letters(text: &str) -> impl Iterator<Item = Cow<'static, str>> {
    text.nfc().map(|letter| match u32::from(letter) {
        _ if letter.is_whitespace() || letter.is_control() => " ".into(),
        _ if typeface::has(letter) => letter.to_string().into(),
        code @ ..=0xffff => format!("\\u{code:04x}").into(),
        code => format!("\\U{code:08x}").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_the_typeface_stay() {
        for text in ["", "eins", "zwölf", "Ελλάδα", "привет", "a − b × c → d …", "x_1.h5"]
        {
            assert!(matches!(legible(text), Cow::Borrowed(drawn) if drawn == text), "{text}");
        }
    }

    #[test]
    fn other_letters_become_escapes() {
        for (text, drawn) in [
            ("日本", r"\u65e5\u672c"),
            ("אחת", r"\u05d0\u05d7\u05ea"),
            ("واحد", r"\u0648\u0627\u062d\u062f"),
            ("एक 1", r"\u090f\u0915 1"),
            ("🙂", r"\U0001f642"),
            ("a\u{200b}b", r"a\u200bb"),
            ("\u{fffe}", r"\ufffe"),
        ] {
            assert_eq!(legible(text), drawn, "{text}");
        }
    }

    #[test]
    fn marks_join_their_letters() {
        assert_eq!(legible("zwo\u{308}lf"), "zwölf");
        assert_eq!(legible("q\u{308}"), r"q\u0308");
    }

    #[test]
    fn nothing_is_drawn_as_nothing() {
        assert_eq!(legible("a\tb\r\nc\u{0}"), "a b  c ");
        for (text, drawn) in [(" ", "“ ”"), ("\t\n", "“  ”"), ("\u{3000}", "“ ”")] {
            assert_eq!(legible(text), drawn, "{text:?}");
        }
    }

    #[test]
    fn what_is_drawn_can_be_drawn() {
        for code in (0..0x11_0000).step_by(7) {
            let Some(letter) = char::from_u32(code) else { continue };
            let drawn = legible(letter.encode_utf8(&mut [0; 4])).into_owned();
            assert!(drawn.chars().all(typeface::has), "{code:x}: {drawn}");
        }
    }
}
