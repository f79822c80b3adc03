//! Names as people see them.

use std::borrow::Cow;

/// A name as it is shown in a sentence, a table or a figure: in quotes where it is blank, on one line
/// always.
pub fn shown_name(name: &str) -> Cow<'_, str> {
    let is_blank = name.trim().is_empty();
    if !is_blank && !name.contains(char::is_control) {
        return Cow::Borrowed(name);
    }
    let shown: String = name
        .chars()
        .flat_map(|letter| {
            let escaped = letter.is_control().then(|| letter.escape_debug());
            escaped.into_iter().flatten().chain((!letter.is_control()).then_some(letter))
        })
        .collect();
    Cow::Owned(if is_blank { format!("\"{shown}\"") } else { shown })
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
        ] {
            assert_eq!(shown_name(name), shown);
        }
    }
}
