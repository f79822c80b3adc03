//! Messages that leave the name of a setting open: a program names the field of a type, a
//! configuration a key, a command an option.

use std::fmt;

/// A setting that a sentence names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// [`Layout::channels`](crate::Layout::channels)
    Channels,
    /// [`Layout::classes`](crate::Layout::classes)
    Classes,
    /// [`Layout::time_unit`](crate::Layout::time_unit)
    TimeUnit,
    /// [`Binning::max_steps`](crate::Binning::max_steps)
    MaxSteps,
}

/// The setting as a program calls it.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Channels => "Layout::channels",
            Self::Classes => "Layout::classes",
            Self::TimeUnit => "Layout::time_unit",
            Self::MaxSteps => "Binning::max_steps",
        })
    }
}

/// Text with settings in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sentence(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Setting(Setting),
}

impl Sentence {
    /// The sentence with more text at its end.
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// The sentence with a setting at its end.
    pub(crate) fn setting(mut self, setting: Setting) -> Self {
        self.0.push(Part::Setting(setting));
        self
    }

    /// The sentence with another at its end.
    pub(crate) fn followed_by(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The sentence in which `name` words every setting.
    pub fn called(self, name: impl Fn(Setting) -> String) -> Self {
        let text = |part| match part {
            Part::Text(text) => text,
            Part::Setting(setting) => name(setting),
        };
        Self(vec![Part::Text(self.0.into_iter().map(text).collect())])
    }
}

impl From<String> for Sentence {
    fn from(text: String) -> Self {
        Self(vec![Part::Text(text)])
    }
}

impl From<&str> for Sentence {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Setting(setting) => setting.fmt(f),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_called_as_whoever_shows_the_sentence_calls_them() {
        let sentence = Sentence::from("lower ").setting(Setting::MaxSteps).text(" to 3");
        assert_eq!(sentence.to_string(), "lower Binning::max_steps to 3");
        let called = sentence.called(|setting| format!("--{setting:?}"));
        assert_eq!(called.to_string(), "lower --MaxSteps to 3");
    }
}
