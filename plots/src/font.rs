//! Lines of text: how wide they are, as much of them as fits, and their pixels.

use crate::legible::{legible, letters};
use crate::theme::Rgb;
use crate::typeface::face;
use ab_glyph::{Font, FontRef, PxScale, point};

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

/// Units of the design grid in one em.
fn units_per_em(font: &FontRef<'static>) -> f32 {
    font.units_per_em().expect("the committed font file states its grid")
}

/// Width of a line of text in the unit of `size` (the em).
pub(crate) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let font = face(bold);
    let units: f32 = legible(text).chars().map(|c| font.h_advance_unscaled(font.glyph_id(c))).sum();
    f64::from(units / units_per_em(font)) * size
}

/// The text as it is drawn, or as much of its beginning as fits `width` with an ellipsis. No letter
/// that is drawn as an escape is cut.
pub(crate) fn shorten(text: &str, size: f64, bold: bool, width: f64) -> String {
    if text_width(text, size, bold) <= width {
        return legible(text).into_owned();
    }
    let room = width - text_width("…", size, bold);
    if room < 0.0 {
        return String::new();
    }
    let (mut kept, mut used) = (String::new(), 0.0);
    for letter in letters(text) {
        used += text_width(&format!(".{letter}"), size, bold) - text_width(".", size, bold);
        if used > room {
            break;
        }
        kept.push_str(&letter);
    }
    format!("{}…", kept.trim_end())
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
    use crate::typeface::has;

    #[test]
    fn widths_are_those_of_arial() {
        // Arial's advance widths: digits 1139/2048 em, capital M 1706/2048 em.
        assert!((text_width("0123456789", 2048.0, false) - 11390.0).abs() < 0.5);
        assert!((text_width("M", 2048.0, false) - 1706.0).abs() < 0.5);
        assert!(text_width("synapse", 7.0, true) > text_width("synapse", 7.0, false));
    }

    #[test]
    fn every_sign_the_figures_use_has_a_glyph() {
        for c in "−×±°σΔ·…–|%()→⁰¹²³⁴⁵⁶⁷⁸⁹⁻äöüß“”".chars()
        {
            assert!(has(c), "{c}");
        }
    }

    #[test]
    fn shortened_text_fits() {
        assert_eq!(shorten("input", 7.0, false, 50.0), "input");
        let short = shorten("a very long name of a projection", 7.0, false, 50.0);
        assert!(short.ends_with('…') && text_width(&short, 7.0, false) <= 50.0, "{short}");
        assert_eq!(shorten("anything", 7.0, false, 1.0), "");
        let long = "name".repeat(100_000);
        let short = shorten(&long, 7.0, false, 50.0);
        assert!(short.starts_with("namename") && short.ends_with('…'), "{short}");
    }

    #[test]
    fn escapes_are_whole_or_not_there() {
        for width in 10..80 {
            let short = shorten("日本語日本語", 7.0, false, f64::from(width));
            assert!(text_width(&short, 7.0, false) <= f64::from(width), "{short}");
            let kept = short.strip_suffix('…').unwrap();
            assert!("\\u65e5\\u672c\\u8a9e\\u65e5\\u672c\\u8a9e".starts_with(kept), "{short}");
            assert_eq!(kept.len() % 6, 0, "{short}");
        }
    }
}
