//! The file formats of figures.

use crate::error::{Error, Result};
use std::path::Path;

/// The file formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Pixels, 300 per inch.
    Png,
    /// Vectors, with text kept as text.
    Svg,
}

impl Format {
    /// The format a path asks for by its ending, in any case.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] for any other ending, or none.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "png" => Ok(Self::Png),
            "svg" => Ok(Self::Svg),
            _ => Err(Error::UnknownFormat { path: path.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_chooses_the_format() {
        assert_eq!(Format::of(Path::new("a/b.PNG")).unwrap(), Format::Png);
        assert_eq!(Format::of(Path::new("b.svg")).unwrap(), Format::Svg);
        for path in ["b.pdf", "b", ".png", ""] {
            let message = Format::of(Path::new(path)).unwrap_err().to_string();
            assert_eq!(message, format!("{path}: figures are written as .png or .svg"));
        }
    }
}
