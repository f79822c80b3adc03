//! Settings that have two keys, in two units: whoever gives one leaves the other out.

use toml::{Table, Value};

/// The key that has a default, and the key that replaces it.
const TWINS: [(&str, &str); 5] = [
    ("max_delay_ms", "max_delay_steps"),
    ("start", "start_ms"),
    ("end", "end_ms"),
    ("peak", "peak_ms"),
    ("rate", "rate_ms"),
];

/// The same setting in the other unit.
pub(crate) fn twin_of(key: &str) -> Option<&'static str> {
    TWINS.iter().find_map(|&(usual, other)| match key {
        _ if key == usual => Some(other),
        _ if key == other => Some(usual),
        _ => None,
    })
}

/// The path of a section with both keys of a setting, and the two keys.
pub(crate) fn first_double(table: &Table) -> Option<(String, [&'static str; 2])> {
    let here = TWINS
        .iter()
        .find(|(usual, other)| table.contains_key(*usual) && table.contains_key(*other))
        .map(|&(usual, other)| (String::new(), [usual, other]));
    here.or_else(|| {
        table.iter().find_map(|(key, value)| {
            let (path, keys) = match value {
                Value::Table(section) => first_double(section)?,
                Value::Array(entries) => {
                    entries.iter().enumerate().find_map(|(index, entry)| {
                        let (path, keys) = first_double(entry.as_table()?)?;
                        let joint = if path.is_empty() { "" } else { "." };
                        Some((format!("[{index}]{joint}{path}"), keys))
                    })?
                }
                _ => return None,
            };
            let joint = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            Some((format!("{key}{joint}{path}"), keys))
        })
    })
}

/// Removes the keys with a default whose twins are given.
pub(crate) fn leave_out_replaced(table: &mut Table) {
    for (usual, other) in TWINS {
        if table.contains_key(other) {
            table.remove(usual);
        }
    }
    for (_, value) in table.iter_mut() {
        match value {
            Value::Table(section) => leave_out_replaced(section),
            Value::Array(entries) => {
                entries.iter_mut().filter_map(Value::as_table_mut).for_each(leave_out_replaced)
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn both_keys_of_a_setting_are_found_at_any_depth() {
        for (text, path, keys) in [
            ("a = { start = 1, start_ms = 2 }", "a", ["start", "start_ms"]),
            ("a.b = { rate = 1, rate_ms = 2 }", "a.b", ["rate", "rate_ms"]),
            ("a = [{}, { c = { peak = 1, peak_ms = 2 } }]", "a[1].c", ["peak", "peak_ms"]),
        ] {
            assert_eq!(first_double(&table(text)), Some((path.into(), keys)), "{text}");
        }
        assert_eq!(first_double(&table("a = { start = 1 }\nb = { start_ms = 2 }")), None);
    }

    #[test]
    fn what_is_replaced_is_left_out() {
        let mut both = table("a = { end = 1, end_ms = 2, share = 3 }\nend = 4");
        leave_out_replaced(&mut both);
        assert_eq!(both, table("a = { end_ms = 2, share = 3 }\nend = 4"));
        assert_eq!(
            (twin_of("end_ms"), twin_of("end"), twin_of("share")),
            (Some("end"), Some("end_ms"), None)
        );
    }
}
