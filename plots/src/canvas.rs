//! One drawing surface for both formats, in points with y growing downwards.
//!
//! Plotters' back-ends work on whole numbers, far too coarse for thin strokes. An SVG is therefore
//! drawn in units of 1/20 point and its header rewritten to the true size; a PNG is drawn at four
//! times its resolution and averaged down. Two things plotters' bitmap does not do well are done
//! here: text (it drops the glyphs' side bearings) and strokes (sharp corners overshoot), both on
//! top of its pixels and polygons.

use crate::error::{Error, Result};
use crate::font::{self, Anchor, TextStyle};
use crate::format::Format;
use crate::legible::legible;
use crate::png_file;
use crate::stroke::{Point, Stroke};
use crate::theme::{PIXEL, Rgb, Size};
use crate::typeface::FAMILIES;
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle as BackendText,
};
use std::fmt::Write;

/// SVG units per point.
const SVG_UNITS: f64 = 20.0;
/// Drawn pixels per pixel of the PNG, in each direction.
const OVERSAMPLING: u32 = 4;
/// The same for figures of more than [`LARGE`] pixels, which would take hundreds of megabytes
/// otherwise.
const OVERSAMPLING_LARGE: u32 = 2;
const LARGE: u64 = 4_500_000;

enum Surface<'a> {
    /// The back-end, and the drawn pixels per pixel of the PNG.
    Bitmap(BitMapBackend<'a>, u32),
    Svg(SVGBackend<'a>),
}

/// Calls one back-end method on whichever surface there is; the canvas remembers the first failure.
macro_rules! on_surface {
    ($canvas:ident, $backend:ident => $call:expr) => {{
        let failure = match &mut $canvas.surface {
            Surface::Bitmap($backend, _) => $call.err().map(|error| error.to_string()),
            Surface::Svg($backend) => $call.err().map(|error| error.to_string()),
        };
        $canvas.failure = $canvas.failure.take().or(failure);
    }};
}

/// A surface to draw on. Failures of the back-end are remembered and reported when the drawing is
/// finished.
pub struct Canvas<'a> {
    surface: Surface<'a>,
    /// Surface units per point.
    scale: f64,
    /// SVG only: marks, too many for one element each; they lie on top of everything else.
    marks: String,
    failure: Option<String>,
}

impl Canvas<'_> {
    fn units(&self, points: f64) -> i32 {
        (points * self.scale).round() as i32
    }

    fn place(&self, (x, y): Point) -> (i32, i32) {
        (self.units(x), self.units(y))
    }

    /// Drawn pixels per pixel of the PNG; none for an SVG.
    fn oversampling(&self) -> Option<u32> {
        match self.surface {
            Surface::Bitmap(_, factor) => Some(factor),
            Surface::Svg(_) => None,
        }
    }

    /// Fills the rectangle between two opposite corners.
    pub fn rect(&mut self, corner: Point, opposite: Point, color: Rgb) {
        let (a, b) = (self.place(corner), self.place(opposite));
        self.fill_units((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1)), color);
    }

    fn fill_units(&mut self, from: (i32, i32), to: (i32, i32), color: Rgb) {
        if from.0 < to.0 && from.1 < to.1 {
            on_surface!(self, backend => backend.draw_rect(from, to, &rgb(color), true));
        }
    }

    /// Fills a disc.
    pub fn disc(&mut self, center: Point, radius: f64, color: Rgb) {
        let (center, radius) = (self.place(center), self.units(radius).max(1) as u32);
        on_surface!(self, backend => backend.draw_circle(center, radius, &rgb(color), true));
    }

    /// Draws a circle filled with white.
    pub fn ring(&mut self, center: Point, radius: f64, stroke: Stroke) {
        self.disc(center, radius + stroke.width / 2.0, stroke.color);
        self.disc(center, radius - stroke.width / 2.0, Rgb::WHITE);
    }

    /// Draws a line through points; a point that is not finite interrupts it.
    pub fn line(&mut self, points: &[Point], stroke: Stroke) {
        for run in points.split(|(x, y)| !(x.is_finite() && y.is_finite())) {
            stroke.dash.cut(run).iter().for_each(|piece| self.stroke_run(piece, stroke));
        }
    }

    fn stroke_run(&mut self, run: &[Point], stroke: Stroke) {
        if run.len() < 2 {
            return;
        }
        if let Some(factor) = self.oversampling() {
            run.windows(2).for_each(|ends| self.bitmap_segment(ends[0], ends[1], stroke, factor));
            run.windows(3).for_each(|bend| self.bitmap_joint(bend, stroke, factor));
        } else {
            let mut path: Vec<(i32, i32)> = run.iter().map(|&point| self.place(point)).collect();
            path.dedup();
            let style = ShapeStyle {
                color: rgb(stroke.color).to_rgba(),
                filled: false,
                stroke_width: self.units(stroke.width).max(1) as u32,
            };
            on_surface!(self, backend => backend.draw_path(path, &style));
        }
    }

    /// A straight piece of a line in the bitmap. Level and upright pieces cover whole pixels of the
    /// PNG: they are crisp, and equally thick everywhere.
    fn bitmap_segment(&mut self, from: Point, to: Point, stroke: Stroke, factor: u32) {
        let (a, b) = (self.place(from), self.place(to));
        if a == b {
            return;
        }
        if a.0 == b.0 || a.1 == b.1 {
            let ((left, right), (top, bottom)) =
                (self.snapped(from.0, stroke, factor), self.snapped(from.1, stroke, factor));
            let (lower, upper) = if a.0 == b.0 {
                ((left, a.1.min(b.1)), (right, a.1.max(b.1)))
            } else {
                ((a.0.min(b.0), top), (a.0.max(b.0), bottom))
            };
            return self.fill_units(lower, upper, stroke.color);
        }
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let half = stroke.width / 2.0;
        let (nx, ny) = (-(to.1 - from.1) / length * half, (to.0 - from.0) / length * half);
        self.polygon(
            &[
                (from.0 + nx, from.1 + ny),
                (to.0 + nx, to.1 + ny),
                (to.0 - nx, to.1 - ny),
                (from.0 - nx, from.1 - ny),
            ],
            stroke.color,
        );
    }

    /// First and last unit of a stroke around a centre, on the grid of the PNG's pixels.
    fn snapped(&self, center: f64, stroke: Stroke, factor: u32) -> (i32, i32) {
        let pixel = factor as i32;
        let width = ((stroke.width / PIXEL).round() as i32).max(1) * pixel;
        let first = ((center * self.scale - f64::from(width) / 2.0) / f64::from(pixel)).round()
            as i32
            * pixel;
        (first, first + width)
    }

    /// Closes the notch at a bend: a disc, or between level and upright pieces the square where
    /// both cross.
    fn bitmap_joint(&mut self, bend: &[Point], stroke: Stroke, factor: u32) {
        let places = [self.place(bend[0]), self.place(bend[1]), self.place(bend[2])];
        let straight = |a: (i32, i32), b: (i32, i32)| a.0 == b.0 || a.1 == b.1;
        if straight(places[0], places[1]) && straight(places[1], places[2]) {
            let ((left, right), (top, bottom)) =
                (self.snapped(bend[1].0, stroke, factor), self.snapped(bend[1].1, stroke, factor));
            self.fill_units((left, top), (right, bottom), stroke.color);
        } else {
            self.disc(bend[1], stroke.width / 2.0, stroke.color);
        }
    }

    fn polygon(&mut self, corners: &[Point], color: Rgb) {
        let places: Vec<(i32, i32)> = corners.iter().map(|&corner| self.place(corner)).collect();
        on_surface!(self, backend => backend.fill_polygon(places, &rgb(color)));
    }

    /// Fills between a lower and an upper line over the same places; a point that is not finite
    /// interrupts the band.
    pub fn band(&mut self, lower: &[Point], upper: &[Point], color: Rgb) {
        let whole = |(a, b): &(Point, Point)| a.0.is_finite() && a.1.is_finite() && b.1.is_finite();
        let edges: Vec<(Point, Point)> = lower.iter().copied().zip(upper.iter().copied()).collect();
        for run in edges.split(|edge| !whole(edge)) {
            if self.oversampling().is_some() {
                // Slices are convex, and only convex polygons are filled exactly by the back-end.
                run.windows(2).for_each(|ends| {
                    self.polygon(&[ends[0].0, ends[1].0, ends[1].1, ends[0].1], color)
                });
            } else if run.len() > 1 {
                let there = run.iter().map(|edge| edge.0);
                let back = run.iter().rev().map(|edge| edge.1);
                self.polygon(&there.chain(back).collect::<Vec<_>>(), color);
            }
        }
    }

    /// Draws many small upright bars, given by their centres, on top of everything else; in SVG a
    /// few bytes each.
    pub fn marks(
        &mut self,
        centers: impl IntoIterator<Item = Point>,
        width: f64,
        height: f64,
        color: Rgb,
    ) {
        let (half_width, half_height) = (width / 2.0, height / 2.0);
        if self.oversampling().is_some() {
            centers.into_iter().for_each(|(x, y)| {
                self.rect(
                    (x - half_width, y - half_height),
                    (x + half_width, y + half_height),
                    color,
                )
            });
            return;
        }
        let mut path = String::new();
        let mut pen = (0, 0);
        let length = self.units(height).max(1);
        for (x, y) in centers {
            let top = self.place((x, y - half_height));
            write!(path, "m{} {}v{length}", top.0 - pen.0, top.1 - pen.1)
                .expect("writing to a string cannot fail");
            pen = (top.0, top.1 + length);
        }
        if !path.is_empty() {
            let Rgb(red, green, blue) = color;
            let stroke = format_args!(
                "stroke=\"#{red:02X}{green:02X}{blue:02X}\" stroke-width=\"{}\"",
                self.units(width).max(1)
            );
            writeln!(self.marks, "<path fill=\"none\" {stroke} d=\"M0 0{path}\"/>")
                .expect("writing to a string cannot fail");
        }
    }

    /// Writes a line of text whose baseline passes through `at`, with escapes for letters that the
    /// typeface lacks; see [`legible`](crate::legible()).
    pub fn text(&mut self, at: Point, text: &str, style: TextStyle) {
        let text = legible(text);
        match &mut self.surface {
            Surface::Bitmap(..) => self.bitmap_text(at, &text, style),
            Surface::Svg(_) => self.svg_text(at, &text, style),
        }
    }

    fn bitmap_text(&mut self, at: Point, text: &str, style: TextStyle) {
        let shift = match style.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5,
            Anchor::End => 1.0,
        } * font::text_width(text, style.size, style.bold);
        let (x, y) =
            self.place(if style.vertical { (at.0, at.1 + shift) } else { (at.0 - shift, at.1) });
        let color = rgb(style.color);
        let size = style.size * self.scale;
        font::rasterise(text, size, style.bold, |dx, dy, coverage| {
            let place = if style.vertical { (x + dy, y - dx - 1) } else { (x + dx, y + dy) };
            let color = color.mix(f64::from(coverage)).to_backend_color();
            on_surface!(self, backend => backend.draw_pixel(place, color));
        });
    }

    fn svg_text(&mut self, at: Point, text: &str, style: TextStyle) {
        // The back-end lowers text by 0.76 em from its upper edge and divides the size by 1.24;
        // both are undone here, which puts the baseline on the point and the em at its size.
        let lowered = 0.76 * style.size;
        let place = self.place(if style.vertical {
            (at.0 - lowered, at.1)
        } else {
            (at.0, at.1 - lowered)
        });
        let horizontal = match style.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let transform = if style.vertical { FontTransform::Rotate270 } else { FontTransform::None };
        let face = if style.bold { FontStyle::Bold } else { FontStyle::Normal };
        let description = plotters::style::FontDesc::new(
            FontFamily::Name(FAMILIES),
            style.size * self.scale * 1.24,
            face,
        );
        let color = rgb(style.color);
        let backend_style = BackendText::from(description.transform(transform))
            .color(&color)
            .pos(Pos::new(horizontal, VPos::Top));
        on_surface!(self, backend => backend.draw_text(text, &backend_style, place));
    }
}

fn rgb(Rgb(red, green, blue): Rgb) -> RGBColor {
    RGBColor(red, green, blue)
}

/// Draws on a fresh white canvas and encodes the result.
pub(crate) fn render(
    format: Format,
    size: Size,
    draw: impl FnOnce(&mut Canvas<'_>) -> Result<()>,
) -> Result<Vec<u8>> {
    match format {
        Format::Png => render_png(size, draw),
        Format::Svg => render_svg(size, draw),
    }
}

fn render_png(size: Size, draw: impl FnOnce(&mut Canvas<'_>) -> Result<()>) -> Result<Vec<u8>> {
    let (width, height) = size.pixels();
    let factor = if u64::from(width) * u64::from(height) > LARGE {
        OVERSAMPLING_LARGE
    } else {
        OVERSAMPLING
    };
    let large = (width * factor, height * factor);
    let mut pixels = vec![255; large.0 as usize * large.1 as usize * 3];
    let surface = Surface::Bitmap(BitMapBackend::with_buffer(&mut pixels, large), factor);
    let mut canvas =
        Canvas { surface, scale: f64::from(factor) / PIXEL, marks: String::new(), failure: None };
    draw(&mut canvas)?;
    finish(canvas)?;
    png_file::encode(
        &png_file::average_down(&pixels, width as usize, factor as usize),
        width,
        height,
    )
}

fn render_svg(size: Size, draw: impl FnOnce(&mut Canvas<'_>) -> Result<()>) -> Result<Vec<u8>> {
    let mut document = String::new();
    let units = |points: f64| (points * SVG_UNITS).round() as u32;
    let (width, height) = (units(size.width), units(size.height));
    let surface = Surface::Svg(SVGBackend::with_string(&mut document, (width, height)));
    let mut canvas = Canvas { surface, scale: SVG_UNITS, marks: String::new(), failure: None };
    canvas.rect((0.0, 0.0), (size.width, size.height), Rgb::WHITE);
    draw(&mut canvas)?;
    let marks = finish(canvas)?;

    let broken = || Error::draw("the SVG back-end left an unfinished document");
    let body = document
        .split_once(">\n")
        .and_then(|(_, rest)| rest.rsplit_once("</svg>"))
        .ok_or_else(broken)?
        .0;
    let mut framed = String::with_capacity(body.len() + marks.len() + 256);
    write!(
        framed,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.2}pt\" height=\"{:.2}pt\" \
         viewBox=\"0 0 {width} {height}\" \
         stroke-linejoin=\"round\">\n{body}{marks}</svg>\n",
        size.width, size.height
    )
    .expect("writing to a string cannot fail");
    Ok(framed.into_bytes())
}

/// Ends the drawing: closes the back-end, reports the first failure, hands back the SVG marks.
fn finish(mut canvas: Canvas<'_>) -> Result<String> {
    on_surface!(canvas, backend => backend.present());
    match canvas.failure {
        None => Ok(canvas.marks),
        Some(message) => Err(Error::draw(message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_relative_and_on_top() {
        let size = Size { width: 10.0, height: 10.0 };
        let bytes = render(Format::Svg, size, |canvas| {
            canvas.marks([(1.0, 2.0), (3.0, 2.0)], 0.5, 1.0, Rgb::BLUE);
            canvas.rect((0.0, 0.0), (1.0, 1.0), Rgb(0, 0, 0));
            Ok(())
        })
        .unwrap();
        let svg = String::from_utf8(bytes).unwrap();
        assert!(
            svg.ends_with(
                "<path fill=\"none\" stroke=\"#0072B2\" stroke-width=\"10\" d=\"M0 0m20 30v20m40 \
                 -20v20\"/>\n</svg>\n"
            ),
            "{svg}"
        );
    }
}
