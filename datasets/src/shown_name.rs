//! Names as people see them.

use std::borrow::Cow;

/// A name as it is shown in a sentence, a table or a figure: in quotes where it is blank, on one
/// line always.
pub fn shown_name(name: &str) -> Cow<'_, str> {
    let is_blank = name.chars().all(|letter| letter.is_whitespace() || is_unseen(letter));
    if !is_blank && !name.contains(is_unseen) {
        return Cow::Borrowed(name);
    }
    let shown: String = name
        .chars()
        .flat_map(|letter| {
            let escaped = is_unseen(letter).then(|| letter.escape_default());
            escaped.into_iter().flatten().chain((!is_unseen(letter)).then_some(letter))
        })
        .collect();
    Cow::Owned(if is_blank { format!("\"{shown}\"") } else { shown })
}

/// Whether a letter moves the cursor, or has no width.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_names_are_seen_and_have_one_line() {
        for (name, shown) in [
            ("fünf", "fünf"),
            ("two words", "two words"),
            ("a\nb", "a\\nb"),
            ("", "\"\""),
            (" \t", "\" \\t\""),
            ("x\u{7f}", "x\\u{7f}"),
            ("\u{200b}", "\"\\u{200b}\""),
            ("a\u{feff}b", "a\\u{feff}b"),
        ] {
            assert_eq!(shown_name(name), shown);
        }
    }
}
