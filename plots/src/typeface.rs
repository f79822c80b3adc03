//! The embedded typeface: Arimo, drawn to the widths of Arial and Helvetica, so that an SVG shown
//! with any of them keeps its layout. It has Latin, Greek and Cyrillic letters.

use ab_glyph::{Font, FontRef};
use std::sync::LazyLock;

/// Families an SVG asks for, all of the same widths.
pub(crate) const FAMILIES: &str = "Arimo, Arial, Liberation Sans, Helvetica, sans-serif";

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("../fonts/Arimo-Regular.ttf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("../fonts/Arimo-Bold.ttf")));

fn embedded(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the committed font file is a valid TrueType font")
}

/// The regular or the bold face.
pub(crate) fn face(bold: bool) -> &'static FontRef<'static> {
    if bold { &BOLD } else { &REGULAR }
}

/// Whether both faces can draw a letter.
pub(crate) fn has(letter: char) -> bool {
    [false, true].into_iter().all(|bold| face(bold).glyph_id(letter).0 != 0)
}
