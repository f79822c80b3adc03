//! What all figures share: a size, a way to draw, a way onto the disk.

use crate::canvas::{Canvas, render};
use crate::error::{Error, Result};
use crate::theme::Size;
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

/// A drawing made from data.
pub trait Figure {
    /// Extent in points; may depend on the data (more projections, more rows).
    fn size(&self) -> Size;

    /// Draws the whole figure on a canvas of [`Figure::size`], whose background is white.
    ///
    /// # Errors
    /// [`Error::Data`] when the fields contradict each other (lengths, indices). Missing, empty or
    /// NaN data is drawn as such.
    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()>;

    /// The bytes of the file in a format.
    ///
    /// # Errors
    /// As [`Figure::draw`], and [`Error::Draw`].
    fn render(&self, format: Format) -> Result<Vec<u8>> {
        render(format, self.size(), |canvas| self.draw(canvas))
    }

    /// Writes the figure to `path`, PNG or SVG by its ending. The file appears whole or not at all.
    ///
    /// # Errors
    /// As [`Figure::render`], [`Error::UnknownFormat`], and [`Error::Disk`] when the folder is
    /// missing or not writable or the disk is full.
    fn save(&self, path: &Path) -> Result<()> {
        let bytes = self.render(Format::of(path)?)?;
        Ok(atomic_file::write(path, &bytes)?)
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
