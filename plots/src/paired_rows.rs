//! Rows of two panels, one row per projection: a distribution on the left, its course over training
//! on the right.

use crate::canvas::Canvas;
use crate::font::{self, Anchor, TextStyle};
use crate::heading::draw_heading;
use crate::legend::Legend;
use crate::panel::{Panel, Rect, X_GUTTER, X_NUMBERS, XAxis, y_gutter};
use crate::scale::Scale;
use crate::theme::{LABEL, MARGIN, NOTE, Rgb, SINGLE_COLUMN_MM, Size, TITLE, mm};

const PANEL_HEIGHT: f64 = 50.0;
/// Height from a row's name to its frames.
const NAME_HEIGHT: f64 = 13.0;
const ROW_GAP: f64 = 7.0;
const COLUMN_GAP: f64 = 9.0;
const RIGHT_MARGIN: f64 = 10.0;
const TITLE_HEIGHT: f64 = 14.0;
const LEGEND_GAP: f64 = 3.0;

/// The two halves of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// One row: its name, a remark, and the (x, y) scales of both panels.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub name: String,
    pub note: String,
    pub scales: [(Scale, Scale); 2],
}

/// The whole figure but for the data.
#[derive(Clone, Debug)]
pub(crate) struct PairedRows<'a> {
    pub title: &'a str,
    /// Beside the title.
    pub remark: &'a str,
    /// Above the left and the right column.
    pub legends: [Legend; 2],
    /// Names of the x axes, under the last row.
    pub x_names: [&'a str; 2],
    /// Names of the y axes.
    pub y_names: [&'a str; 2],
    pub rows: Vec<Row>,
}

impl PairedRows<'_> {
    fn has_heading(&self) -> bool {
        !(self.title.is_empty() && self.remark.is_empty())
    }

    fn title_height(&self) -> f64 {
        if self.has_heading() { TITLE_HEIGHT } else { 0.0 }
    }

    fn width() -> f64 {
        mm(SINGLE_COLUMN_MM)
    }

    fn gutters(&self) -> [f64; 2] {
        [0, 1].map(|side| {
            self.rows
                .iter()
                .map(|row| y_gutter(row.scales[side].1, PANEL_HEIGHT))
                .fold(0.0, f64::max)
        })
    }

    /// Width of each panel, which both columns share.
    fn panel_width(&self) -> f64 {
        let [left, right] = self.gutters();
        (Self::width() - MARGIN - left - COLUMN_GAP - right - RIGHT_MARGIN) / 2.0
    }

    fn legends_height(&self) -> f64 {
        let gutters = self.gutters();
        let height = |side: usize| self.legends[side].height(self.panel_width() + gutters[side]);
        height(0).max(height(1))
    }

    pub fn size(&self) -> Size {
        let rows = self.rows.len() as f64;
        let between = NAME_HEIGHT + PANEL_HEIGHT + X_NUMBERS + ROW_GAP;
        let height =
            MARGIN + self.title_height() + self.legends_height() + LEGEND_GAP + rows * between
                - ROW_GAP
                - X_NUMBERS
                + X_GUTTER
                + MARGIN;
        Size { width: Self::width(), height }
    }

    /// Draws everything around the data and calls `content` for the inside of each panel, before
    /// its axes.
    pub fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        mut content: impl FnMut(&mut Canvas<'_>, usize, Side, &Panel),
    ) {
        let gutters = self.gutters();
        let panel_width = self.panel_width();
        let lefts = [MARGIN + gutters[0], Self::width() - RIGHT_MARGIN - panel_width];
        let mut top = MARGIN;
        if self.has_heading() {
            let width = Self::width() - 2.0 * MARGIN;
            draw_heading(canvas, (self.title, self.remark), top + TITLE, width);
            top += TITLE_HEIGHT;
        }
        for side in [0, 1] {
            self.legends[side].draw(
                canvas,
                lefts[side] - gutters[side],
                top,
                panel_width + gutters[side],
            );
        }
        top += self.legends_height() + LEGEND_GAP;

        for (index, row) in self.rows.iter().enumerate() {
            self.name_row(canvas, row, top);
            let last = index + 1 == self.rows.len();
            for side in [Side::Left, Side::Right] {
                let s = side as usize;
                let frame = Rect {
                    left: lefts[s],
                    top: top + NAME_HEIGHT,
                    width: panel_width,
                    height: PANEL_HEIGHT,
                };
                let panel = Panel { frame, x: row.scales[s].0, y: row.scales[s].1 };
                content(canvas, index, side, &panel);
                let x_axis = if last { XAxis::Named(self.x_names[s]) } else { XAxis::Numbered };
                panel.axes(canvas, x_axis, self.y_names[s], gutters[s]);
            }
            top += NAME_HEIGHT + PANEL_HEIGHT + X_NUMBERS + ROW_GAP;
        }
    }

    /// The name above the left panel, the remark above the right one: between them the name of the
    /// right y axis reaches up.
    fn name_row(&self, canvas: &mut Canvas<'_>, row: &Row, top: f64) {
        let baseline = top + LABEL;
        let name = font::shorten(&row.name, LABEL, true, self.gutters()[0] + self.panel_width());
        canvas.text((MARGIN, baseline), &name, TextStyle::new(LABEL, Rgb::INK).bold());
        let note = font::shorten(&row.note, NOTE, false, self.panel_width());
        let style = TextStyle::new(NOTE, Rgb::GREY).anchor(Anchor::End);
        canvas.text((Self::width() - RIGHT_MARGIN, baseline), &note, style);
    }
}
