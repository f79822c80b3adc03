//! What all figures share: a size, a way to draw, a way onto the disk.

use crate::canvas::{Canvas, render};
use crate::error::Result;
use crate::format::Format;
use crate::theme::Size;
use std::path::Path;

/// A drawing made from data.
pub trait Figure {
    /// Extent in points; may depend on the data (more projections, more rows).
    fn size(&self) -> Size;

    /// Draws the whole figure on a canvas of [`Figure::size`], whose background is white.
    ///
    /// # Errors
    /// [`crate::Error::Data`] when the fields contradict each other (lengths, indices). Missing,
    /// empty or NaN data is drawn as such.
    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()>;

    /// The bytes of the file in a format.
    ///
    /// # Errors
    /// As [`Figure::draw`], and [`crate::Error::Draw`].
    fn render(&self, format: Format) -> Result<Vec<u8>> {
        render(format, self.size(), |canvas| self.draw(canvas))
    }

    /// Writes the figure to `path`, PNG or SVG by its ending. The file appears whole or not at all.
    ///
    /// # Errors
    /// As [`Figure::render`], [`crate::Error::UnknownFormat`], and [`crate::Error::Disk`] when the
    /// folder is missing or not writable or the disk is full.
    fn save(&self, path: &Path) -> Result<()> {
        let bytes = self.render(Format::of(path)?)?;
        Ok(atomic_file::write(path, &bytes)?)
    }
}
