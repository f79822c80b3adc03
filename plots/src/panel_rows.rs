//! Rows of panels in columns, one row per projection: every column shows the same of each.

use crate::canvas::Canvas;
use crate::font::{self, Anchor, TextStyle};
use crate::heading::draw_heading;
use crate::legend::Legend;
use crate::panel::{Panel, Rect, X_GUTTER, X_NUMBERS, XAxis, y_gutter};
use crate::scale::Scale;
use crate::theme::{LABEL, MARGIN, NOTE, Rgb, Size, TITLE};

/// Height of the panels of a figure as wide as one column of the page.
pub(crate) const PANEL_HEIGHT: f64 = 50.0;
/// From a row's name to its frames.
const NAME_HEIGHT: f64 = 13.0;
const ROW_GAP: f64 = 7.0;
const COLUMN_GAP: f64 = 9.0;
const RIGHT_MARGIN: f64 = 10.0;
const TITLE_HEIGHT: f64 = 14.0;
const LEGEND_GAP: f64 = 3.0;

/// What the panels above each other share.
#[derive(Clone, Debug)]
pub(crate) struct Column<'a> {
    /// Above the column.
    pub legend: Legend,
    /// Name of the x axis, under the last row.
    pub x_name: &'a str,
    pub y_name: &'a str,
    /// Width of the panels as a share of the widths in a row.
    pub share: f64,
}

/// One row: its name, a remark, and the (x, y) scales of its panels from left to right.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub name: String,
    pub note: String,
    pub scales: Vec<(Scale, Scale)>,
}

/// The whole figure but for the data.
#[derive(Clone, Debug)]
pub(crate) struct PanelRows<'a> {
    /// Width of the figure in points.
    pub width: f64,
    /// Height of a panel in points.
    pub panel_height: f64,
    pub title: &'a str,
    /// Beside the title.
    pub remark: &'a str,
    /// From left to right, at least one.
    pub columns: Vec<Column<'a>>,
    pub rows: Vec<Row>,
}

impl PanelRows<'_> {
    fn has_heading(&self) -> bool {
        !(self.title.is_empty() && self.remark.is_empty())
    }

    fn title_height(&self) -> f64 {
        if self.has_heading() { TITLE_HEIGHT } else { 0.0 }
    }

    /// Where each column lies, without heights.
    fn places(&self) -> Vec<Place> {
        let gutter = |column: usize| {
            let gutters =
                self.rows.iter().map(|row| y_gutter(row.scales[column].1, self.panel_height));
            gutters.fold(0.0, f64::max)
        };
        let gutters: Vec<f64> = (0..self.columns.len()).map(gutter).collect();
        let gaps = COLUMN_GAP * self.columns.len().saturating_sub(1) as f64;
        let room = self.width - MARGIN - gutters.iter().sum::<f64>() - gaps - RIGHT_MARGIN;
        let mut edge = MARGIN;
        let place = |(column, gutter): (&Column<'_>, f64)| {
            let place = Place { left: edge + gutter, width: room * column.share, gutter };
            edge = place.left + place.width + COLUMN_GAP;
            place
        };
        self.columns.iter().zip(gutters).map(place).collect()
    }

    fn legends_height(&self, places: &[Place]) -> f64 {
        let height = |(column, place): (&Column<'_>, &Place)| column.legend.height(place.whole());
        self.columns.iter().zip(places).map(height).fold(0.0, f64::max)
    }

    pub fn size(&self) -> Size {
        let rows = self.rows.len() as f64;
        let between = NAME_HEIGHT + self.panel_height + X_NUMBERS + ROW_GAP;
        let legends = self.legends_height(&self.places());
        let height = MARGIN + self.title_height() + legends + LEGEND_GAP + rows * between
            - ROW_GAP
            - X_NUMBERS
            + X_GUTTER
            + MARGIN;
        Size { width: self.width, height }
    }

    /// Draws everything around the data and calls `content` for the inside of each panel (row,
    /// column), before its axes.
    pub fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        mut content: impl FnMut(&mut Canvas<'_>, usize, usize, &Panel),
    ) {
        let places = self.places();
        let mut top = MARGIN;
        if self.has_heading() {
            let width = self.width - 2.0 * MARGIN;
            draw_heading(canvas, (self.title, self.remark), top + TITLE, width);
            top += TITLE_HEIGHT;
        }
        for (column, place) in self.columns.iter().zip(&places) {
            column.legend.draw(canvas, place.left - place.gutter, top, place.whole());
        }
        top += self.legends_height(&places) + LEGEND_GAP;

        for (index, row) in self.rows.iter().enumerate() {
            self.name_row(canvas, row, &places, top);
            let last = index + 1 == self.rows.len();
            for (c, (column, place)) in self.columns.iter().zip(&places).enumerate() {
                let frame = Rect {
                    left: place.left,
                    top: top + NAME_HEIGHT,
                    width: place.width,
                    height: self.panel_height,
                };
                let panel = Panel { frame, x: row.scales[c].0, y: row.scales[c].1 };
                content(canvas, index, c, &panel);
                let x_axis = if last { XAxis::Named(column.x_name) } else { XAxis::Numbered };
                panel.axes(canvas, x_axis, column.y_name, place.gutter);
            }
            top += NAME_HEIGHT + self.panel_height + X_NUMBERS + ROW_GAP;
        }
    }

    /// The name above the first panel, the remark above the last one: between them the names of y
    /// axes reach up.
    fn name_row(&self, canvas: &mut Canvas<'_>, row: &Row, places: &[Place], top: f64) {
        let baseline = top + LABEL;
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return };
        let name = font::shorten(&row.name, LABEL, true, first.whole());
        canvas.text((MARGIN, baseline), &name, TextStyle::new(LABEL, Rgb::INK).bold());
        let note = font::shorten(&row.note, NOTE, false, last.width);
        let style = TextStyle::new(NOTE, Rgb::GREY).anchor(Anchor::End);
        canvas.text((self.width - RIGHT_MARGIN, baseline), &note, style);
    }
}

/// Where the panels of a column lie, in points.
#[derive(Clone, Copy, Debug)]
struct Place {
    left: f64,
    width: f64,
    /// Left of the frame: ticks, their labels and the name of the axis.
    gutter: f64,
}

impl Place {
    /// Width of panel and gutter.
    fn whole(&self) -> f64 {
        self.gutter + self.width
    }
}
