//! The embedded typeface: Arimo, drawn to the widths of Arial and Helvetica, so that an SVG shown
//! with any of them keeps its layout.

use crate::theme::Rgb;
use ab_glyph::{Font, FontRef, PxScale, point};
use std::sync::LazyLock;

/// Which part of a line of text stands at the given point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    #[default]
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// How a line of text is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// The em in points.
    pub size: f64,
    /// Colour, opaque.
    pub color: Rgb,
    /// Bold face instead of regular.
    pub bold: bool,
    /// What stands at the point.
    pub anchor: Anchor,
    /// Reads from bottom to top instead of left to right.
    pub vertical: bool,
}

impl TextStyle {
    /// Regular text from left to right, beginning at its point.
    pub fn new(size: f64, color: Rgb) -> Self {
        Self { size, color, bold: false, anchor: Anchor::Start, vertical: false }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(crate) fn vertical(self) -> Self {
        Self { vertical: true, ..self }
    }
}

/// Families an SVG asks for, all of the same widths.
pub(crate) const FAMILIES: &str = "Arimo, Arial, Liberation Sans, Helvetica, sans-serif";

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("../fonts/Arimo-Regular.ttf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("../fonts/Arimo-Bold.ttf")));

fn embedded(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the committed font file is a valid TrueType font")
}

fn face(bold: bool) -> &'static FontRef<'static> {
    if bold { &BOLD } else { &REGULAR }
}

/// Units of the design grid in one em.
fn units_per_em(font: &FontRef<'static>) -> f32 {
    font.units_per_em().expect("the committed font file states its grid")
}

/// Width of a line of text in the unit of `size` (the em).
pub(crate) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let font = face(bold);
    let units: f32 = text.chars().map(|c| font.h_advance_unscaled(font.glyph_id(c))).sum();
    f64::from(units / units_per_em(font)) * size
}

/// The text itself, or as much of its beginning as fits `width` with an ellipsis.
pub(crate) fn shorten(text: &str, size: f64, bold: bool, width: f64) -> String {
    if text_width(text, size, bold) <= width {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shorter = format!("{}…", kept.iter().collect::<String>().trim_end());
        if text_width(&shorter, size, bold) <= width {
            return shorter;
        }
    }
    String::new()
}

/// Rasterises a line of text whose baseline starts at the origin: calls `pixel(x, y, coverage)`
/// with y growing downwards.
pub(crate) fn rasterise(text: &str, size: f64, bold: bool, mut pixel: impl FnMut(i32, i32, f32)) {
    let font = face(bold);
    let per_unit = size as f32 / units_per_em(font);
    // ab_glyph measures its scale from ascender to descender, type sizes count in ems.
    let scale = PxScale::from(per_unit * font.height_unscaled());
    let mut x = 0.0;
    for c in text.chars() {
        let id = font.glyph_id(c);
        if let Some(outline) = font.outline_glyph(id.with_scale_and_position(scale, point(x, 0.0)))
        {
            let bounds = outline.px_bounds();
            let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
            outline.draw(|dx, dy, coverage| {
                if coverage > 0.0 {
                    pixel(left + dx as i32, top + dy as i32, coverage.min(1.0));
                }
            });
        }
        x += per_unit * font.h_advance_unscaled(id);
    }
}

/// Black or white, whichever reads better on a background.
pub(crate) fn ink_on(background: Rgb) -> Rgb {
    if background.luma() < 0.55 { Rgb::WHITE } else { Rgb::INK }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_arial() {
        // Arial's advance widths: digits 1139/2048 em, capital M 1706/2048 em.
        assert!((text_width("0123456789", 2048.0, false) - 11390.0).abs() < 0.5);
        assert!((text_width("M", 2048.0, false) - 1706.0).abs() < 0.5);
        assert!(text_width("synapse", 7.0, true) > text_width("synapse", 7.0, false));
    }

    #[test]
    fn every_sign_the_figures_use_has_a_glyph() {
        for bold in [false, true] {
            for c in "−×±σΔ·…–|%()→⁰¹²³⁴⁵⁶⁷⁸⁹⁻äöüß“”".chars()
            {
                assert_ne!(face(bold).glyph_id(c).0, 0, "{c}");
            }
        }
    }

    #[test]
    fn shortened_text_fits() {
        assert_eq!(shorten("input", 7.0, false, 50.0), "input");
        let short = shorten("a very long name of a projection", 7.0, false, 50.0);
        assert!(short.ends_with('…') && text_width(&short, 7.0, false) <= 50.0, "{short}");
        assert_eq!(shorten("anything", 7.0, false, 1.0), "");
    }
}
