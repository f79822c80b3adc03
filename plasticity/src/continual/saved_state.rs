//! The state of a protection: numbers by name.

use std::collections::BTreeMap;

/// What was restored, or a sentence that says what does not fit.
pub(crate) type Restored<T> = Result<T, String>;

/// What a checkpoint keeps of a protection, while it is written or read.
#[derive(Debug, Default)]
pub(crate) struct SavedState(BTreeMap<String, Vec<f32>>);

impl SavedState {
    /// What a checkpoint kept.
    pub fn new(map: BTreeMap<String, Vec<f32>>) -> Self {
        Self(map)
    }

    /// Adds numbers.
    pub fn put(&mut self, name: String, values: Vec<f32>) {
        self.0.insert(name, values);
    }

    /// Everything.
    pub fn into_map(self) -> BTreeMap<String, Vec<f32>> {
        self.0
    }

    /// Takes out numbers.
    ///
    /// # Errors
    /// A sentence, where there are none of this name.
    pub fn take(&mut self, name: &str) -> Restored<Vec<f32>> {
        self.0.remove(name).ok_or_else(|| format!("the protection has no state {name}"))
    }

    /// Takes out `expected` numbers.
    ///
    /// # Errors
    /// A sentence, where there are others.
    pub fn take_exactly(&mut self, name: &str, expected: usize) -> Restored<Vec<f32>> {
        let values = self.take(name)?;
        if values.len() == expected {
            return Ok(values);
        }
        let length = values.len();
        Err(format!("the protection's state {name} has length {length}, but must have {expected}"))
    }

    /// Takes out whole numbers.
    ///
    /// # Errors
    /// A sentence, where there are none of this name, or others.
    pub fn counts(&mut self, name: &str) -> Restored<Vec<usize>> {
        let whole = |value: f32| {
            (value >= 0.0 && value < (1 << 24) as f32 && value.fract() == 0.0)
                .then_some(value as usize)
        };
        let values = self.take(name)?;
        let counts = values.iter().map(|&value| whole(value)).collect::<Option<Vec<_>>>();
        counts.ok_or_else(|| format!("the protection's state {name} holds no whole numbers"))
    }

    /// Checks that everything was taken out.
    ///
    /// # Errors
    /// A sentence that names what was not.
    pub fn check_empty(&self) -> Restored<()> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("this protection has no state {name}")),
        }
    }
}
