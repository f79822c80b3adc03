//! How all figures look: sizes in points, type sizes, strokes, and a palette that survives colour
//! blindness and grey print.

/// Points per millimetre.
const POINTS_PER_MM: f64 = 72.0 / 25.4;

/// Resolution of PNG files, pixels per inch.
pub(crate) const PNG_DPI: f64 = 300.0;

/// One pixel of a PNG, in points. Strokes are multiples of it so that even thin lines come out
/// crisp and alike.
pub(crate) const PIXEL: f64 = 72.0 / PNG_DPI;

/// Width of a figure that fills one column of a two-column page.
pub(crate) const SINGLE_COLUMN_MM: f64 = 89.0;
/// Width of a figure between one column and two.
pub(crate) const MIDDLE_COLUMN_MM: f64 = 120.0;
/// Width of a figure that fills the page.
pub(crate) const DOUBLE_COLUMN_MM: f64 = 183.0;

/// Type sizes in points; large enough to stay legible when four figures share a column.
pub(crate) const TITLE: f64 = 8.0;
pub(crate) const LABEL: f64 = 7.5;
pub(crate) const TICK: f64 = 7.0;
pub(crate) const NOTE: f64 = 6.5;

/// Height of capitals as a share of the type size, for centring a line of text on a tick.
pub(crate) const CAP_HEIGHT: f64 = 0.716;

/// Strokes in points.
pub(crate) const HAIRLINE: f64 = 2.0 * PIXEL;
pub(crate) const THIN: f64 = 3.0 * PIXEL;
pub(crate) const NORMAL: f64 = 4.0 * PIXEL;
pub(crate) const STRONG: f64 = 5.0 * PIXEL;

/// Length of a tick, outside the frame.
pub(crate) const TICK_LENGTH: f64 = 2.6;

/// Blank edge around a figure.
pub(crate) const MARGIN: f64 = 5.0;

/// Extent of a figure in points (1/72 inch).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Width in points.
    pub width: f64,
    /// Height in points.
    pub height: f64,
}

impl Size {
    /// Pixels of the PNG at 300 per inch: (width, height).
    pub fn pixels(self) -> (u32, u32) {
        let pixels = |points: f64| (points / PIXEL).round() as u32;
        (pixels(self.width), pixels(self.height))
    }
}

/// Millimetres to points.
pub(crate) fn mm(length: f64) -> f64 {
    length * POINTS_PER_MM
}

/// An sRGB colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// The palette of Okabe and Ito (2008), told apart under every common form of colour blindness, and
/// greys.
impl Rgb {
    /// White.
    pub const WHITE: Rgb = Rgb(255, 255, 255);
    /// Orange.
    pub const ORANGE: Rgb = Rgb(230, 159, 0);
    /// Sky blue.
    pub const SKY: Rgb = Rgb(86, 180, 233);
    /// Bluish green.
    pub const GREEN: Rgb = Rgb(0, 158, 115);
    /// Blue.
    pub const BLUE: Rgb = Rgb(0, 114, 178);
    /// Vermillion.
    pub const VERMILLION: Rgb = Rgb(213, 94, 0);
    /// Reddish purple.
    pub const PURPLE: Rgb = Rgb(204, 121, 167);
    /// Text and axes.
    pub const INK: Rgb = Rgb(38, 38, 38);
    /// Secondary text.
    pub const GREY: Rgb = Rgb(110, 110, 110);
    /// Data in the background.
    pub const LIGHT_GREY: Rgb = Rgb(190, 190, 190);

    /// The colour mixed with white: 0 leaves it, 1 is white. Opaque, so that overlaps do not darken
    /// and every viewer agrees.
    pub fn lighten(self, share: f64) -> Rgb {
        self.mix(Rgb::WHITE, share)
    }

    fn mix(self, other: Rgb, share: f64) -> Rgb {
        let share = share.clamp(0.0, 1.0);
        let channel =
            |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Rgb(channel(self.0, other.0), channel(self.1, other.1), channel(self.2, other.2))
    }

    /// Perceived brightness between 0 and 1 (Rec. 709 weights on the encoded values).
    pub(crate) fn luma(self) -> f64 {
        (0.2126 * f64::from(self.0) + 0.7152 * f64::from(self.1) + 0.0722 * f64::from(self.2))
            / 255.0
    }
}

/// Colours of [`density`] at equal distances: one hue whose brightness falls throughout, so grey
/// print keeps the order.
const DENSITY: [Rgb; 6] = [
    Rgb(255, 255, 255),
    Rgb(214, 230, 242),
    Rgb(150, 197, 224),
    Rgb(74, 148, 198),
    Rgb(14, 94, 159),
    Rgb(8, 44, 100),
];

/// The colour of a share between 0 (white) and 1 (dark blue); values outside are clamped, NaN is
/// white.
pub(crate) fn density(share: f64) -> Rgb {
    if share.is_nan() { Rgb::WHITE } else { between(&DENSITY, share) }
}

/// Colours of [`in_order`] at equal distances: those of matplotlib's map "plasma" (van der Walt and
/// Smith 2015) without its palest end, so that thin lines show on white. Hue and brightness both
/// change throughout, so grey print keeps the order.
const ORDER: [Rgb; 6] = [
    Rgb(13, 8, 135),
    Rgb(95, 1, 166),
    Rgb(165, 31, 153),
    Rgb(212, 82, 112),
    Rgb(240, 127, 79),
    Rgb(252, 174, 50),
];

/// The colour of one of `count` things in order, from dark blue for the first to orange for the
/// last.
pub(crate) fn in_order(index: usize, count: usize) -> Rgb {
    between(&ORDER, index as f64 / count.saturating_sub(1).max(1) as f64)
}

/// The colour at a share of the way along a list, clamped to it.
fn between(colors: &[Rgb], share: f64) -> Rgb {
    let position = share.clamp(0.0, 1.0) * (colors.len() - 1) as f64;
    let below = (position as usize).min(colors.len() - 2);
    colors[below].mix(colors[below + 1], position - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn density_runs_from_white_to_dark_without_turning_back() {
        assert_eq!(density(0.0), Rgb::WHITE);
        assert_eq!(density(f64::NAN), Rgb::WHITE);
        assert_eq!(density(7.0), DENSITY[5]);
        let lumas: Vec<f64> = (0..=50).map(|i| density(f64::from(i) / 50.0).luma()).collect();
        assert!(lumas.windows(2).all(|pair| pair[1] < pair[0]), "{lumas:?}");
    }

    #[test]
    fn things_in_order_grow_brighter_and_stay_visible_on_white() {
        let lumas: Vec<f64> = (0..50).map(|index| in_order(index, 50).luma()).collect();
        assert!(lumas.windows(2).all(|pair| pair[1] > pair[0]), "{lumas:?}");
        assert!(lumas[49] < 0.75);
        assert_eq!((in_order(0, 1), in_order(9, 10)), (ORDER[0], ORDER[5]));
    }

    #[test]
    fn a_single_column_is_1051_pixels_wide() {
        assert_eq!(Size { width: mm(SINGLE_COLUMN_MM), height: 72.0 }.pixels(), (1051, 300));
    }
}
