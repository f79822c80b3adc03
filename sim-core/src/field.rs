//! The path to what an error is about.

use std::fmt;

/// A setting or a quantity. A program reads `Lif::tau_mem_ms`; where the value came from a section
/// of a configuration, the field is the path `network.neuron.tau_mem_ms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    path: String,
    /// What sentences call it, where that is not the path: with the type that has the field, as
    /// long as no section is known.
    shown: Option<String>,
}

impl Field {
    /// The first (0) or the second (1) of the two numbers under `key`: its path is `key[0]`, and
    /// sentences call it `first key`.
    pub fn of_pair(key: &str, index: usize) -> Self {
        let shown = format!("{} {key}", ["first", "second"][index]);
        Self { path: format!("{key}[{index}]"), shown: Some(shown) }
    }

    /// The path, without the type that has the field.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// This field within a section: `section.path`, or the section itself if the path is empty.
    pub fn within(self, section: &str) -> Self {
        let joint = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{section}{joint}{}", self.path), shown: None }
    }
}

/// `Type::field`, or any other name of a quantity.
impl From<&str> for Field {
    fn from(name: &str) -> Self {
        match name.rsplit_once("::") {
            Some((_, path)) => Self { path: path.to_owned(), shown: Some(name.to_owned()) },
            None => Self { path: name.to_owned(), shown: None },
        }
    }
}

impl From<String> for Field {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

impl From<&String> for Field {
    fn from(name: &String) -> Self {
        name.as_str().into()
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown.as_ref().unwrap_or(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_called_by_its_type_or_by_its_section() {
        let field = Field::from("Lif::tau_mem_ms");
        assert_eq!((field.to_string(), field.path()), ("Lif::tau_mem_ms".into(), "tau_mem_ms"));
        let field = field.within("neuron").within("network");
        assert_eq!(field.to_string(), "network.neuron.tau_mem_ms");
        let plain = Field::from("dt_ms");
        assert_eq!(plain.clone().to_string(), "dt_ms");
        assert_eq!(plain.within("data.binning").to_string(), "data.binning.dt_ms");
        let pair = Field::of_pair("weight", 1);
        assert_eq!((pair.to_string(), pair.path()), ("second weight".into(), "weight[1]"));
        assert_eq!(pair.within("random").to_string(), "random.weight[1]");
        assert_eq!(Field::from("").within("training.groups[1]").to_string(), "training.groups[1]");
    }
}
