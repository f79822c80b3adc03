//! The line above a figure: on the left the run that the numbers belong to, on the right the epoch.

use crate::canvas::Canvas;
use crate::font::{self, Anchor, TextStyle};
use crate::theme::{MARGIN, NOTE, Rgb, TITLE};

/// Least distance between title and remark.
const GAP: f64 = 8.0;

/// Draws a title and a remark on one baseline, within `width` from the left margin on. Where both
/// do not fit, the title is shortened.
pub(crate) fn draw_heading(
    canvas: &mut Canvas<'_>,
    (title, remark): (&str, &str),
    baseline: f64,
    width: f64,
) {
    let remark = font::shorten(remark, NOTE, false, width);
    let taken = if remark.is_empty() { 0.0 } else { font::text_width(&remark, NOTE, false) + GAP };
    let title = font::shorten(title, TITLE, true, width - taken);
    canvas.text((MARGIN, baseline), &title, TextStyle::new(TITLE, Rgb::INK).bold());
    canvas.text(
        (MARGIN + width, baseline),
        &remark,
        TextStyle::new(NOTE, Rgb::GREY).anchor(Anchor::End),
    );
}
